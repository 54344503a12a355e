"""What was deleted and still has to end: pods whose programs do not end when told to, and their namespaces."""

from __future__ import annotations

import pytest
from kubectl_lines import Terminal

from netpol_lab import Cluster
from netpol_lab.cluster.ending import seconds_to_end
from netpol_lab.cluster.listening import is_running
from netpol_lab.manifests import from_object


@pytest.fixture
def terminal() -> Terminal:
    terminal = Terminal()
    terminal.out("run client --image=busybox -- sleep 3600")
    terminal.out("run web --image=nginx")
    terminal.out("expose pod web --port=80")
    return terminal


def seconds(terminal: Terminal, line: str) -> float:
    before = terminal.session.cluster.now
    terminal.out(line)
    return (terminal.session.cluster.now - before).total_seconds()


def ending_in(command: list[str] | None, image: str = "busybox", **spec: object) -> int:
    container = {"name": "c", "image": image, **({"command": command} if command else {})}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default"}}
    return seconds_to_end(from_object({**pod, "spec": {"containers": [container], **spec}}), None)


def test_programs_end_when_told_to_or_are_killed_after_the_grace_period():
    assert ending_in(["sleep", "60"]) == 30
    assert ending_in(None) == 30  # busybox runs a shell
    assert ending_in(None, "nginx") == 0
    assert ending_in(["sleep", "60"], terminationGracePeriodSeconds=5) == 5
    assert ending_in(["sleep", "60"], terminationGracePeriodSeconds=0) == 1
    assert ending_in(["sh", "-c", "while true; do sleep 1; done"]) == 30
    assert ending_in(["sh", "-c", "trap exit TERM; while true; do sleep 1; done"]) == 0
    assert ending_in(["sh", "-c", "nginx -g 'daemon off;'"]) == 0
    assert ending_in(["sh", "-c", "setup; exec nginx"]) == 0
    assert ending_in(["/app/server"], "example.com/shop:1") == 0


def test_a_shell_with_nothing_to_read_ends_again_and_again_as_on_a_real_cluster(terminal: Terminal):
    terminal.out("run idle --image=busybox:1.36 --port=80")
    terminal.out("run once --image=busybox:1.36 --restart=Never")
    terminal.out("create deployment shells --image=alpine")
    rows = {row.split()[0]: row.split() for row in terminal.out("get pods").splitlines()}
    assert rows["idle"][1:4] == ["0/1", "CrashLoopBackOff", "1"]
    assert rows["once"][1:4] == ["0/1", "Completed", "0"]
    assert rows["client"][1:4] == ["1/1", "Running", "0"]
    assert terminal.out("get deployment shells").split("\n")[1].split()[1] == "0/1"
    refused = terminal.type("exec idle -- wget -qO- web")
    assert refused.exit_code == 1
    assert refused.stderr.startswith('error: unable to upgrade connection: container not found ("idle")\n')
    address = terminal.out("get pod idle -o jsonpath={.status.podIP}")
    assert "Connection refused" in terminal.fails(f"exec client -- wget -qO- {address}")


def test_a_command_that_ends_leaves_its_output_in_the_log_of_a_pod_that_is_started_again(terminal: Terminal):
    terminal.out("run once --image=busybox:1.36 -- echo hi")
    assert terminal.out("get pod once").split("\n")[1].split()[1:4] == ["0/1", "CrashLoopBackOff", "1"]
    assert terminal.out("logs once") == "hi\n"


def test_a_shell_that_has_something_to_read_or_to_do_goes_on():
    cluster = Cluster()
    for more in ("stdin: true", "tty: true", "command: [sh, -c, sleep 1d]"):
        spec = f"{{containers: [{{name: c, image: busybox, {more}}}]}}"
        cluster.apply(f"{{apiVersion: v1, kind: Pod, metadata: {{name: c}}, spec: {spec}}}")
        assert is_running(cluster.get("Pod", "default", "c").body, "c"), more
        cluster.delete("Pod", "default", "c")


def test_a_deletion_waits_until_the_pod_is_gone_and_says_how_long_that_took(terminal: Terminal):
    assert seconds(terminal, "delete pod web") <= 1
    before = terminal.session.cluster.now
    result = terminal.type("delete pod client")
    assert result.stdout == 'pod "client" deleted from default namespace\n'
    assert result.stderr.startswith("note: 30 s of simulated time passed until client went away: a program that")
    assert (terminal.session.cluster.now - before).total_seconds() >= 30
    assert terminal.session.cluster.pod("default", "client") is None


@pytest.mark.parametrize(
    ("flags", "least", "most"), [("--now", 1, 2), ("--grace-period=4", 4, 5), ("--grace-period=0", 1, 2)]
)
def test_flags_say_how_long_a_program_gets(terminal: Terminal, flags: str, least: int, most: int):
    assert least <= seconds(terminal, f"delete pod client {flags}") <= most
    assert terminal.session.cluster.pod("default", "client") is None


def test_flags_that_contradict_each_other_are_refused_as_kubectl_does(terminal: Terminal):
    assert terminal.fails("delete pod client --now --grace-period=3") == (
        "error: --now and --grace-period cannot be specified together"
    )
    assert terminal.fails("delete pod client --force --grace-period=3") == (
        "error: --force and --grace-period greater than 0 cannot be specified together"
    )
    assert "not simulated" in terminal.fails("delete pod client --cascade=orphan")


def test_a_pod_that_is_not_waited_for_is_terminating_until_its_time_is_over(terminal: Terminal):
    terminal.out("delete pod client --wait=false")
    assert "client   1/1     Terminating" in terminal.out("get pods")
    assert terminal.out("get pod client -o jsonpath={.metadata.deletionGracePeriodSeconds}") == "30"
    assert "Status:                    Terminating (lasts <invalid>)\n" in terminal.out("describe pod client")
    assert terminal.type("exec client -- wget -qO- -T 3 http://web").exit_code == 0
    assert terminal.fails("wait --for=delete pod/client --timeout=5s").startswith("error: timed out waiting")
    assert terminal.out("wait --for=delete pod/client") == "pod/client condition met\n"
    assert "client" not in terminal.out("get pods")


def test_pictures_leave_a_pod_out_that_is_ending(terminal: Terminal):
    cluster = terminal.session.cluster
    terminal.out("delete pod client --wait=false")
    assert [pod.name for pod in cluster.policed_pods if pod.namespace == "default"] == ["web"]
    assert cluster.verdict("client", "web").answer == "allowed"


def test_a_service_passes_over_a_pod_that_is_ending_unless_there_is_no_other():
    terminal = Terminal()
    terminal.out("create deployment api --image=busybox --replicas=2 -- httpd -f -p 80")
    terminal.out("expose deployment api --port=80")
    service = terminal.session.cluster.service("default", "api")
    first, _ = terminal.session.cluster.pods_of(service)
    terminal.out(f"delete pod {first.name} --wait=false")
    there = terminal.session.cluster.pods_of(service)
    assert len(there) == 2
    assert first.name not in [pod.name for pod in there]  # the ReplicaSet made another at once
    assert "2/2" in terminal.out("get deployment api")
    terminal.out("delete deployment api")
    assert len(terminal.session.cluster.pods_of(service)) == 3


def test_a_stateful_set_waits_for_the_name():
    cluster = Cluster()
    cluster.apply("""
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: default}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: c, image: busybox, command: [sleep, "9"]}]}
""")
    cluster.delete("Pod", "default", "db-0", grace=None)
    assert [(pod.name, pod.ending) for pod in cluster.pods if pod.namespace == "default"] == [("db-0", True)]
    cluster.advance(30)
    assert [(pod.name, pod.ending) for pod in cluster.pods if pod.namespace == "default"] == [("db-0", False)]


def test_a_namespace_ends_after_its_pods_and_takes_nothing_new_meanwhile():
    terminal = Terminal()
    terminal.out("create namespace shop")
    terminal.out("run client -n shop --image=busybox -- sleep 3600")
    terminal.out("delete namespace shop --wait=false")
    assert "shop   Terminating" in terminal.out("get namespace shop")
    assert terminal.fails("run web -n shop --image=nginx").startswith(
        'Error from server (Forbidden): pods "web" is forbidden: unable to create new content in namespace shop'
        " because it is being terminated"
    )
    assert terminal.out("create namespace shop --dry-run=client") == "namespace/shop created (dry run)\n"
    assert terminal.type("create namespace shop").stdout == "namespace/shop created\n"  # who tries again has waited
    assert terminal.session.cluster.pod("shop", "client") is None
    assert 5 <= seconds(terminal, "delete namespace shop") <= 8


def test_applying_what_is_being_deleted_warns(terminal: Terminal):
    pod = terminal.out("run late --image=busybox --dry-run=client -o yaml --command -- sleep 60")
    terminal.out("apply -f -", pod)
    terminal.out("delete pod late --wait=false")
    result = terminal.type("apply -f -", pod)
    assert result.stdout == "pod/late unchanged\n"
    assert result.stderr == "Warning: Detected changes to resource late which is currently being deleted.\n"


def test_a_manifest_applied_by_python_takes_the_place_of_what_is_ending():
    cluster = Cluster()
    manifest = """
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: default}
spec: {containers: [{name: c, image: busybox, command: [sleep, "9"]}]}
"""
    cluster.apply(manifest)
    cluster.delete("Pod", "default", "client", grace=None)
    assert cluster.apply(manifest) == {"Pod client": "created"}
    cluster.advance(60)
    assert cluster.pod("default", "client") is not None
