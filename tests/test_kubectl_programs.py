"""``exec``, ``run`` and ``logs``: programs in pods, their streams, their exit codes, their time."""

from __future__ import annotations

import pytest
from kubectl_lines import Terminal

from netpol_lab import Cluster

WORLD = """
apiVersion: v1
kind: Namespace
metadata: {name: default}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: default, labels: {app: web}}
spec: {containers: [{name: nginx, image: nginx, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec: {clusterIP: 10.96.7.7, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: default, labels: {run: client}}
spec: {containers: [{name: busybox, image: "busybox:1.36", command: [sleep, "3600"]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: two, namespace: default}
spec: {containers: [{name: bar, image: busybox, tty: true}, {name: foo, image: curlimages/curl, tty: true}]}
"""
DENY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: default}
spec: {podSelector: {}, ingress: []}
"""


@pytest.fixture
def terminal() -> Terminal:
    """A web server and clients; names are in DNS, for the workbook's own cluster has it."""
    terminal = Terminal(Cluster())
    terminal.out("apply -f -", WORLD.partition("---")[2])
    return terminal


@pytest.fixture
def denied(terminal: Terminal) -> Terminal:
    terminal.out("apply -f -", DENY)
    return terminal


def test_exec_shows_the_page_and_exits_with_zero(terminal: Terminal):
    result = terminal.type("exec client -- wget -qO- --timeout=2 http://web")
    assert result.stdout.startswith("<!DOCTYPE html>")
    assert (result.stderr, result.exit_code) == ("", 0)


@pytest.mark.parametrize(
    "line", ["exec client -i -- wget -qO- -T 2 web", "exec pod/client -c busybox -- wget -qO- -T 2 web"]
)
def test_a_denied_connection_times_out_with_the_exit_code_of_the_program(denied: Terminal, line: str):
    result = denied.type(line)
    assert (result.stdout, result.exit_code) == ("", 1)
    assert result.stderr == "wget: download timed out\ncommand terminated with exit code 1\n"


def test_curl_has_its_own_exit_code(denied: Terminal):
    result = denied.type("exec two -c foo -- curl -sS -m 3 http://web")
    assert result.exit_code == 28
    assert result.stderr.splitlines() == [
        "curl: (28) Connection timed out after 3001 milliseconds",
        "command terminated with exit code 28",
    ]
    assert denied.type("exec two -c foo -- curl -s --connect-timeout 3 http://web").stderr == (
        "command terminated with exit code 28\n"
    )


def test_the_first_of_several_containers_is_taken_and_named(terminal: Terminal):
    result = terminal.type("exec two -- hostname")
    assert (result.stdout, result.stderr) == ("two\n", 'Defaulted container "bar" out of: bar, foo\n')
    assert (
        terminal.fails("exec two -c x -- ls") == "Error from server (BadRequest): container x is not valid for pod two"
    )


def test_a_deployment_stands_for_its_first_pod(terminal: Terminal):
    terminal.out("create deployment shop --image=busybox --replicas=2 -- sleep 3600")
    first = terminal.out("get pods -l app=shop -o jsonpath={.items[0].metadata.name}")
    assert terminal.out("exec deploy/shop -- hostname").strip() == first


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("exec client", "error: you must specify at least one command for the container"),
        ("exec client --", "error: you must specify at least one command for the container"),
        ("exec nope -- ls", 'Error from server (NotFound): pods "nope" not found'),
        ("exec deploy/nope -- ls", 'Error from server (NotFound): deployments.apps "nope" not found'),
        ("exec -- ls", "error: pod, type/name or --filename must be specified"),
        ("run x", 'error: required flag(s) "image" not set'),
        ("run --image=nginx", "error: NAME is required for run"),
        ("run x --rm --image=nginx", "error: --rm should only be used for attached containers"),
        ("run x --image=nginx --restart=Often", "error: invalid restart policy: Often"),
        ("run web --image=nginx", 'Error from server (AlreadyExists): pods "web" already exists'),
        ("run x --image=nginx -n nowhere", 'Error from server (NotFound): namespaces "nowhere" not found'),
        ("run X_ --image=nginx", 'The Pod "X_" is invalid:'),
        ("run x --image=nginx --dry-run=client -i", "error: --dry-run=client can't be used with attached"),
        ("logs", "error: expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'."),
        ("logs nope", 'Error from server (NotFound): pods "nope" not found'),
    ],
)  # fmt: skip
def test_a_line_that_cannot_run_says_why(terminal: Terminal, line: str, words: str):
    assert terminal.fails(line).startswith(words)


def test_a_program_the_image_lacks_is_reported_by_the_container_runtime(terminal: Terminal):
    result = terminal.type("exec web -- wget web")
    assert result.exit_code == 1
    assert result.stderr.endswith('exec: "wget": executable file not found in $PATH: unknown\n')


def test_a_visitor_comes_asks_and_goes(terminal: Terminal):
    result = terminal.type("run t2 --rm -i --restart=Never --image=busybox -- wget -qO- --timeout=2 http://web")
    assert result.stdout.startswith("<!DOCTYPE html>")
    assert result.stdout.endswith('\npod "t2" deleted from default namespace\n')
    recorded, prompt = result.stderr.splitlines()
    assert recorded.startswith("All commands and output from this session will be recorded in container logs")
    assert (prompt, result.exit_code) == ("If you don't see a command prompt, try pressing enter.", 0)
    assert terminal.session.cluster.pod("default", "t2") is None


def test_a_visitor_that_is_not_restarted_hands_on_its_exit_code(denied: Terminal):
    result = denied.type("run t1 --rm -i --restart=Never --image=busybox -- wget -qO- --timeout=2 http://web")
    assert (result.stdout, result.exit_code) == ('pod "t1" deleted from default namespace\n', 1)
    assert result.stderr.splitlines()[2:] == ["wget: download timed out", "pod default/t1 terminated (Error)"]
    assert denied.type("run t3 --rm -i --restart=Never --image=curlimages/curl -- curl -sS -m3 web").exit_code == 28


def test_without_restart_never_kubectl_exits_with_zero_as_the_labs_line_does(denied: Terminal):
    denied.session.terminal = True
    result = denied.type("run t1 --rm -it --image=busybox:1.36 -- wget -qO- --timeout=5 web")
    ended = "Session ended, resume using 'kubectl attach t1 -c t1 -n default -i -t' command\n"
    assert (result.stdout, result.exit_code) == (ended + 'pod "t1" deleted from default namespace\n', 0)
    assert result.stderr.splitlines()[2:] == ["wget: download timed out"]


def test_without_a_terminal_t_is_refused_and_the_program_runs_all_the_same(terminal: Terminal):
    words = "Unable to use a TTY - input is not a terminal or the right kind of file"
    result = terminal.type("exec -it web -- hostname")
    assert (result.stdout, result.stderr) == ("web\n", words + "\n")
    assert terminal.type("run v --rm -it --image=busybox -- hostname").stderr.startswith(words)


def test_the_name_of_a_visitor_is_taken_until_it_has_ended_and_whoever_tries_again_has_waited(terminal: Terminal):
    terminal.out("run v --rm -i --image=busybox -- sleep 1")
    before = terminal.session.cluster.now
    said = terminal.fails("run v --rm -i --image=busybox -- sleep 1")
    assert said.startswith('Error from server (AlreadyExists): object is being deleted: pods "v" already exists')
    again = terminal.type("run v --rm -i --image=busybox -- sleep 1")
    assert again.stderr.startswith("note: 28 s of simulated time passed until v went away")
    assert (terminal.session.cluster.now - before).total_seconds() > 29
    assert "note:" not in terminal.type("run w --rm -i --image=busybox -- hostname").stderr


def test_a_visitor_carries_the_label_run_and_other_labels_only_when_given(terminal: Terminal):
    terminal.out("run a --image=nginx")
    terminal.out("run b --image=nginx --labels=app=b,tier=x --env=A=1 --port=8080 --command -- sleep 5")
    assert terminal.out("get pod a -o jsonpath={.metadata.labels}") == '{"run":"a"}'
    assert terminal.out("get pod b -o jsonpath={.metadata.labels}") == '{"app":"b","tier":"x"}'
    container = "{.spec.containers[0]"
    assert terminal.out(f"get pod b -o jsonpath={container}.command{'}'}") == '["sleep","5"]'
    assert terminal.out(f"get pod b -o jsonpath={container}.ports[0].containerPort{'}'}") == "8080"


def test_a_command_that_ends_leaves_a_completed_pod_and_its_log(denied: Terminal):
    denied.out("run job --image=busybox --restart=Never -- wget -qO- -T 2 web")
    assert denied.out("get pod job").split()[-4:-1] == ["0/1", "Error", "0"]
    assert denied.out("logs job") == "wget: download timed out\n"
    assert (
        denied.fails("exec job -- ls")
        == "error: cannot exec into a container in a completed pod; current phase is Failed"
    )
    assert denied.out("logs web") == ""


def test_logs_of_many_pods_are_chosen_by_label_and_cut_by_tail(terminal: Terminal):
    for name in ("a", "b"):
        terminal.out(f"run {name} --image=busybox --restart=Never --labels=app=job -- sh -c 'echo 1; echo {name}'")
    assert terminal.out("logs -l app=job") == "1\na\n1\nb\n"
    assert terminal.out("logs a --tail=1") == "a\n"
    assert terminal.fails("logs a --previous").endswith('previous terminated container "a" in pod "a" not found')


def test_standard_input_reaches_the_program_only_with_i(terminal: Terminal):
    assert terminal.out("exec -i client -- sh", "hostname\n") == "client\n"
    assert terminal.out("exec -i client -- cat", "some text\n") == "some text\n"
    assert terminal.type("exec client -- cat", "some text\n").stdout == ""


def test_time_passes_as_the_program_says_and_a_start_takes_a_second(denied: Terminal):
    def takes(line: str) -> float:
        before = denied.session.cluster.now
        denied.type(line)
        return round((denied.session.cluster.now - before).total_seconds())

    assert takes("exec client -- wget -qO- --timeout=5 web") == 6
    assert takes("run t --rm -i --image=busybox -- wget -qO- --timeout=5 web") == 7


def test_every_connection_is_noted_with_what_was_typed_and_said(denied: Terminal):
    denied.type("exec client -- wget -qO- --timeout=2 web")
    (attempt,) = denied.session.attempts
    assert (attempt.flow.outcome, attempt.command) == ("timed out", "wget -qO- --timeout=2 web")
    assert "wget: download timed out" in attempt.said


def test_a_dry_run_writes_the_manifest_of_the_pod(terminal: Terminal):
    text = terminal.out("run t --image=nginx --dry-run=client -o yaml")
    assert "creationTimestamp" not in text
    assert terminal.out("apply -f -", text) == "pod/t created\n"
