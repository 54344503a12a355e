"""The verbs that change one thing: label, annotate, scale, patch, create, expose, delete, wait, config."""

from __future__ import annotations

import json
import shlex

import pytest
from kubectl_lines import Terminal


@pytest.fixture
def terminal() -> Terminal:
    """A Deployment ``web`` with two pods, and a pod ``client``."""
    terminal = Terminal()
    terminal.out("create deployment web --image=nginx --replicas=2 --port=80")
    terminal.out("run client --image=busybox --labels=role=client -- sleep 3600")
    return terminal


def value(terminal: Terminal, what: str, path: str) -> str:
    return terminal.out(f"get {what} -o jsonpath={shlex.quote(path)}")


def test_labels_are_set_removed_listed_and_kept_from_overwriting(terminal: Terminal):
    assert terminal.out("label pod client tier=front") == "pod/client labeled\n"
    assert terminal.out("label pod client tier=front") == "pod/client not labeled\n"
    assert terminal.fails("label pod client tier=back") == (
        "error: 'tier' already has a value (front), and --overwrite is false"
    )
    assert terminal.out("label --overwrite pod/client tier=back role-") == "pod/client labeled\n"
    assert terminal.out("label pod client --list") == "tier=back\n"
    assert terminal.out("label pod client tier-") == "pod/client unlabeled\n"


def test_a_label_on_a_pod_is_seen_by_policies_at_once(terminal: Terminal):
    terminal.out("label pod client app=web --overwrite")
    assert terminal.session.cluster.pod("default", "client").labels["app"] == "web"
    assert len(terminal.out("get pods -l app=web -o name").split()) == 3


def test_many_objects_are_labeled_by_selector_or_all(terminal: Terminal):
    assert terminal.out("label pods -l app=web x=1").count("labeled") == 2
    assert terminal.out("label pods --all x=2 --overwrite").count("labeled") == 3
    assert terminal.out("label ns default kube-system team=a").count("labeled") == 2


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("label pod client", "error: at least one label update is required"),
        ("label pod client a=b a-", "error: can not both modify and remove a label in the same command"),
        ("label pod client 'a=b c'", 'error: invalid label value: "a=b c": a valid label must be'),
        ("label pod client 'a b=c'", 'The Pod "client" is invalid: metadata.labels: Invalid value: "a b"'),
        ("label pod nope a=b", 'Error from server (NotFound): pods "nope" not found'),
        ("label pods a=b", "error: resource(s) were provided, but no name was specified"),
        ("label endpoints kubernetes a=b", "error: changing Endpoints of a Service is not simulated in this workbook"),
        ("annotate pod client", "error: at least one annotation update is required"),
        ("scale deploy web", 'error: required flag(s) "replicas" not set'),
        ("scale pod client --replicas=2", "Error from server (NotFound): the server could not find"),
        ("scale deploy web --replicas=3 --current-replicas=9", "error: Expected replicas to be 9, was 2"),
        ("patch deploy web", "error: must specify --patch or --patch-file containing the contents of the patch"),
        ("patch deploy web -p '{' ", "error: unable to parse"),
        ("patch deploy web --type=x -p '{}'", 'error: --type must be one of [json merge strategic], not "x"'),
        ("patch deploy web -p '[]'", "Error from server (BadRequest): json: cannot unmarshal array into Go value of"),
        ("patch deploy web -p '{\"metadata\":{\"name\":\"x\"}}'", "Error from server (BadRequest): the kind"),
        ("patch svc kubernetes -p '{\"spec\":{\"type\":\"Foo\"}}'", 'The Service "kubernetes" is invalid: spec.type:'),
        ("create", "error: must specify one of -f and -k"),
        ("create namespace", "error: exactly one NAME is required, got 0"),
        ("create namespace default", 'Error from server (AlreadyExists): namespaces "default" already exists'),
        ("create namespace Big", 'The Namespace "Big" is invalid: metadata.name: Invalid value: "Big":'),
        ("create deployment x", 'error: required flag(s) "image" not set'),
        ("create deployment web --image=nginx", 'error: failed to create deployment: deployments.apps "web"'),
        ("create networkpolicy foo", "error: Unexpected args: [networkpolicy foo]"),
        ("create role x", "error: kubectl create role is not simulated in this workbook"),
        ("create service clusterip x", "error: at least one tcp port specifier must be provided"),
        ("expose deployment nope", 'Error from server (NotFound): deployments.apps "nope" not found'),
        ("expose pod client", "error: couldn't find port via --port flag or introspection"),
        ("expose ns default --port=80", "error: cannot expose a Namespace"),
        ("delete", "error: You must provide one or more resources by argument or filename."),
        ("delete pods", "error: resource(s) were provided, but no name was specified"),
        ("delete pod client --all", "error: name cannot be provided when a selector is specified"),
        ("delete ns kube-system", 'Error from server (Forbidden): namespaces "kube-system" is forbidden: this'),
        ("wait pod client", "error: unrecognized condition: []"),
        ("wait pods -l x=y --for=condition=Ready", "error: no matching resources found"),
        ("wait pod nope --for=condition=Ready", 'Error from server (NotFound): pods "nope" not found'),
        ("rollout undo deploy/web", "error: kubectl rollout undo is not simulated in this workbook"),
        ("config use-context other", 'error: no context exists with the name: "other"'),
        ("config set-credentials me", "error: kubectl config set-credentials is not simulated in this workbook"),
        ("--context=other get pods", 'error: context "other" does not exist'),
        ("explain pods", "error: kubectl explain pods is not simulated in this workbook"),
        ("explain netpol.spec.foo", 'error: field "foo" does not exist'),
        ("edit netpol x", "error: kubectl edit is not simulated in this workbook; change your file and apply it again"),
        ("top pods", "error: kubectl top is not simulated in this workbook"),
    ],
)  # fmt: skip
def test_what_is_refused_says_why_and_changes_nothing(terminal: Terminal, line: str, words: str):
    before = terminal.session.cluster.snapshot().objects
    assert terminal.fails(line).startswith(words)
    assert terminal.session.cluster.snapshot().objects == before


def test_annotations_have_words_of_their_own(terminal: Terminal):
    assert terminal.out("annotate pod client note='a b'") == "pod/client annotated\n"
    assert terminal.fails("annotate pod client note=c") == (
        "error: --overwrite is false but found the following declared annotation(s): 'note' already has a value (a b)"
    )
    assert terminal.out("annotate pod client note-") == "pod/client annotated\n"
    assert value(terminal, "pod client", "{.metadata.annotations}") == ""


def test_scaling_makes_pods_with_addresses_of_their_own_and_takes_them_away(terminal: Terminal):
    assert terminal.out("scale deploy/web --replicas=4") == "deployment.apps/web scaled\n"
    addresses = terminal.out("get pods -l app=web -o jsonpath={.items[*].status.podIP}").split()
    assert len(set(addresses)) == 4
    terminal.out("scale deploy web --replicas=0")
    assert terminal.type("get pods -l app=web").stderr == "No resources found in default namespace.\n"


def test_rollout_restart_makes_the_pods_anew(terminal: Terminal):
    before = set(terminal.out("get pods -l app=web -o name").split())
    assert terminal.out("rollout restart deploy/web") == "deployment.apps/web restarted\n"
    assert not before & set(terminal.out("get pods -l app=web -o name").split())
    assert terminal.out("rollout status deployment web") == 'deployment "web" successfully rolled out\n'


@pytest.mark.parametrize(
    "patch",
    [
        """-p '{"spec": {"replicas": 3}}'""",
        """--type=merge -p '{"spec": {"replicas": 3}}'""",
        """--type=json -p '[{"op": "replace", "path": "/spec/replicas", "value": 3}]'""",
        """-p 'spec: {replicas: 3}'""",
    ],
)
def test_a_patch_of_each_type_changes_a_field(terminal: Terminal, patch: str):
    assert terminal.out(f"patch deployment web {patch}") == "deployment.apps/web patched\n"
    assert terminal.out(f"patch deployment web {patch}").endswith(("patched (no change)\n", "patched\n"))
    assert value(terminal, "deploy web", "{.spec.replicas}") == "3"


def test_a_json_patch_that_does_not_fit_is_refused(terminal: Terminal):
    line = """patch deploy web --type=json -p '[{"op": "remove", "path": "/spec/nothing"}]'"""
    words = "the server rejected our request due to an error in our request"
    assert terminal.fails(line) == f"The request is invalid: {words}"
    assert "hint: the path '/spec/nothing' is not in the object" in terminal.type(line).stderr


def test_expose_selects_what_the_workload_selects(terminal: Terminal):
    assert terminal.out("expose deployment web") == "service/web exposed\n"
    assert value(terminal, "svc web", "{.spec.selector} {.spec.ports[0].port}") == '{"app":"web"} 80'
    terminal.out("expose deployment web --name=w --port=80 --selector=role=client --labels=a=b")
    assert value(terminal, "svc w", "{.spec.selector} {.metadata.labels}") == '{"role":"client"} {"a":"b"}'
    terminal.out("expose pod client --port=8080 --target-port=http --name=c --type=NodePort")
    assert (
        value(terminal, "svc c", "{.spec.selector} {.spec.ports[0].targetPort} {.spec.type}")
        == '{"role":"client"} http NodePort'
    )


def test_a_service_can_be_created_from_flags(terminal: Terminal):
    terminal.out("create service clusterip web --tcp=80:8080")
    assert value(terminal, "svc web", "{.spec.ports[0].port} {.spec.ports[0].targetPort}") == "80 8080"
    terminal.out("create service clusterip nobody --clusterip=None")
    assert value(terminal, "svc nobody", "{.spec.clusterIP}") == "None"


def test_what_create_would_send_can_be_written_down_and_applied(terminal: Terminal):
    text = terminal.out("create deployment api --image=httpd --dry-run=client -o yaml")
    assert text.startswith("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  labels:\n")
    assert terminal.out("apply -f -", text) == "deployment.apps/api created\n"


def test_deleting_takes_what_is_owned_along_and_a_controller_makes_its_pods_anew(terminal: Terminal):
    pods = terminal.out("get pods -l app=web -o name").split()
    assert terminal.out(f"delete {pods[0]}") == f'pod "{pods[0].partition("/")[2]}" deleted from default namespace\n'
    assert len(terminal.out("get pods -l app=web -o name").split()) == 2
    assert terminal.out("delete deploy web") == 'deployment.apps "web" deleted from default namespace\n'
    assert terminal.out("get pods -o name") == "pod/client\n"


def test_everything_of_a_namespace_can_be_deleted_and_the_api_server_makes_its_service_anew(terminal: Terminal):
    text = terminal.out("delete all --all --wait=false")
    assert 'service "kubernetes" deleted from default namespace\n' in text
    assert 'deployment.apps "web" deleted from default namespace\n' in text
    assert "service/" not in terminal.out("get all -o name")
    terminal.session.cluster.advance(10)
    assert terminal.out("get svc -o name") == "service/kubernetes\n"


def test_a_namespace_goes_with_all_that_is_in_it(terminal: Terminal):
    terminal.out("create ns shop")
    terminal.out("run web --image=nginx -n shop")
    assert terminal.out("delete namespace shop") == 'namespace "shop" deleted\n'
    assert terminal.session.cluster.pod("shop", "web") is None


def test_deleting_by_label_with_a_dry_run_and_what_is_not_there(terminal: Terminal):
    said = 'pod "client" deleted from default namespace'
    assert terminal.out("delete pods -l role=client --dry-run=client") == said + " (dry run)\n"
    assert terminal.out("delete pod/client --dry-run=server") == said + " (server dry run)\n"
    assert terminal.out("delete pods -l role=client --now") == said + "\n"
    assert terminal.out("delete pods -l role=client") == "No resources found\n"
    assert terminal.out("delete pod client --ignore-not-found") == ""


def test_a_forced_deletion_warns(terminal: Terminal):
    result = terminal.type("delete pod client --force --grace-period=0")
    assert result.stdout == 'pod "client" force deleted from default namespace\n'
    assert result.stderr.startswith("Warning: Immediate deletion does not wait")


def test_waiting_for_what_holds_takes_no_time_and_for_what_does_not_all_of_it(terminal: Terminal):
    assert terminal.out("wait pods --all --for=condition=Ready --timeout=120s").count("condition met") == 3
    assert terminal.out("wait deploy/web --for=condition=Available") == "deployment.apps/web condition met\n"
    assert terminal.out("wait pod/client --for=jsonpath='{.status.phase}'=Running") == "pod/client condition met\n"
    assert terminal.out("wait pod/nope --for=delete") == ""
    before = terminal.session.cluster.now
    assert terminal.fails("wait pod/client --for=delete --timeout=7s") == (
        "error: timed out waiting for the condition on pods/client"
    )
    assert (terminal.session.cluster.now - before).total_seconds() == 8


def test_the_context_remembers_its_namespace(terminal: Terminal):
    assert terminal.out("config view --minify -o jsonpath={..namespace}") == ""
    assert terminal.out("config set-context --current --namespace=kube-system") == 'Context "netpol-lab" modified.\n'
    assert terminal.out("config view --minify -o jsonpath={..namespace}") == "kube-system"
    assert "coredns" in terminal.out("get pods")
    assert terminal.out("config current-context") == "netpol-lab\n"
    assert terminal.out("config get-contexts").splitlines()[1].split() == ["*", *["netpol-lab"] * 3, "kube-system"]
    assert terminal.out("config use-context netpol-lab") == 'Switched to context "netpol-lab".\n'


def test_the_cluster_tells_about_itself(terminal: Terminal):
    assert terminal.out("version").splitlines()[0] == "Client Version: v1.36.3"
    assert "simulated" in terminal.type("version").stderr
    assert json.loads(terminal.out("version -o json"))["serverVersion"]["gitVersion"] == "v1.36.3"
    assert terminal.out("cluster-info").startswith("Kubernetes control plane is running at https://172.18.0.2:6443")
    assert "networkpolicies             netpol       networking.k8s.io/v1" in terminal.out("api-resources")
    assert terminal.out("auth can-i create networkpolicies") == "yes\n"
    assert "policyTypes\t<[]string>" in terminal.out("explain networkpolicy.spec")
