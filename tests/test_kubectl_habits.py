"""What people type by habit: events, slices, go-templates, kustomizations, copies, and objects made from flags."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from kubectl_lines import Terminal

WORLD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: nginx, image: nginx, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client, labels: {role: client}}
spec: {containers: [{name: box, image: "busybox:1.36", command: [sleep, "3600"]}]}
"""

POLICY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress: [{from: [{podSelector: {matchLabels: {role: client}}}, {podSelector: {}}]}]
"""


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    opened = Terminal(folder=tmp_path)
    opened.out("apply -f -", WORLD)
    return opened


def write(terminal: Terminal, name: str, text: str) -> None:
    path = Path(terminal.folder, name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


# -- what controllers keep -------------------------------------------------------------------------


def test_a_service_has_slices_with_its_pods(terminal: Terminal):
    header, row = terminal.out("get endpointslices -l kubernetes.io/service-name=web").splitlines()
    assert header.split() == ["NAME", "ADDRESSTYPE", "PORTS", "ENDPOINTS", "AGE"]
    name, family, port, ends, _ = row.split()
    assert (name[:4], family, port) == ("web-", "IPv4", "80")
    pods = terminal.out("get pods -l app=web -o jsonpath='{.items[*].status.podIP}'").split()
    assert sorted(ends.split(",")) == sorted(pods)
    slices = json.loads(terminal.out("get endpointslices -o json"))["items"]
    assert slices[0]["metadata"]["name"] == "kubernetes"


def test_a_service_that_selects_nothing_has_the_endpoints_somebody_wrote(terminal: Terminal):
    terminal.out("apply -f -", "{apiVersion: v1, kind: Service, metadata: {name: man}, spec: {ports: [{port: 5432}]}}")
    ends = "subsets: [{addresses: [{ip: 192.0.2.10}], ports: [{port: 5432}]}]"
    terminal.out("apply -f -", f"{{apiVersion: v1, kind: Endpoints, metadata: {{name: man}}, {ends}}}")
    assert "man    192.0.2.10:5432 " in terminal.out("get endpoints man")


def test_events_tell_of_young_pods_and_are_forgotten_after_an_hour(terminal: Terminal):
    said = terminal.out("get events")
    assert said.splitlines()[0].split() == ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    assert "Successfully assigned default/client to node" in said
    assert terminal.out("events").splitlines()[1].split()[1:4] == said.splitlines()[1].split()[1:4]
    terminal.session.cluster.advance(3601)
    assert terminal.type("get events").stderr == "No resources found in default namespace.\n"


def test_a_watch_shows_what_there_is_and_says_that_it_ends(terminal: Terminal):
    result = terminal.type("get pods -w")
    assert result.stdout.startswith("NAME")
    assert result.stderr.startswith("note: a real watch goes on until you stop it")


# -- output ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{.metadata.name}}", "client"),
        ("{{.metadata.nothing}}", "<no value>"),
        ("{{.metadata.labels}}", "map[role:client]"),
        ("{{index .metadata.labels \"role\"}}", "client"),
        ("{{range $key, $value := .metadata.labels}}{{$key}}={{$value}};{{end}}", "role=client;"),
        ("{{range .spec.containers}}{{.name}}{{\"\\t\"}}{{.image}}{{\"\\n\"}}{{end}}", "box\tbusybox:1.36\n"),
        ("{{if .spec.hostNetwork}}host{{else}}pod{{end}}", "pod"),
        ("{{if eq .status.phase \"Running\"}}yes{{end}}", "yes"),
        ("{{with .metadata}}{{.name}}{{end}} {{- \" x\" -}} ", "client x"),
        ("{{len .spec.containers}} {{printf \"%s-%d\" .metadata.name 2}}", "1 client-2"),
        ("{{(index .spec.containers 0).image}}", "busybox:1.36"),
        ("{{/* a comment */}}{{.kind | printf \"%q\"}}", '"Pod"'),
        ("{{range .nothing}}x{{else}}none{{end}}", "none"),
    ],
)  # fmt: skip
def test_a_go_template_is_rendered_as_go_does(terminal: Terminal, template: str, text: str):
    assert terminal.out(f"get pod client -o go-template='{template}'") == text


@pytest.mark.parametrize(
    "template", ['{{define "x"}}', "{{range .items}}", "{{.a | nosuch}}", "{{index 1 2}}", "{{?}}"]
)
def test_what_a_go_template_here_lacks_is_said(terminal: Terminal, template: str):
    assert "is not simulated in this workbook" in terminal.fails(f"get pod client -o go-template='{template}'")


def test_one_object_of_one_file_is_no_list(terminal: Terminal):
    write(terminal, "one.yaml", POLICY)
    terminal.out("apply -f one.yaml")
    assert terminal.out("get -f one.yaml -o yaml").startswith("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n")


# -- files -----------------------------------------------------------------------------------------


def test_a_kustomization_is_built_applied_and_deleted(terminal: Terminal):
    write(terminal, "kz/np.yaml", POLICY)
    write(terminal, "kz/kustomization.yaml", "resources: [np.yaml]\nnamePrefix: x-\ncommonLabels: {team: a}\n")
    built = terminal.out("kustomize kz")
    assert "name: x-deny" in built
    terminal.out("apply -k kz")
    spec = json.loads(terminal.out("get netpol x-deny -o json"))["spec"]
    assert spec["podSelector"] == {"matchLabels": {"app": "web", "team": "a"}}
    assert spec["ingress"][0]["from"][0]["podSelector"]["matchLabels"] == {"role": "client", "team": "a"}
    assert spec["ingress"][0]["from"][1] == {"podSelector": {}}
    said = 'networkpolicy.networking.k8s.io "x-deny" deleted from default namespace\n'
    assert terminal.out("delete -k kz") == said


def test_what_of_a_kustomization_is_not_read_is_said(terminal: Terminal):
    write(terminal, "kz/kustomization.yaml", "resources: []\npatches: [{path: p.yaml}]\n")
    assert terminal.fails("apply -k kz").startswith("error: `patches` of a kustomization is not simulated")
    write(terminal, "other/a.yaml", POLICY)
    assert "unable to find one of 'kustomization.yaml'" in terminal.fails("apply -k other")
    write(terminal, "gone/kustomization.yaml", "resources: [nope.yaml]\n")
    assert "nope.yaml" in terminal.fails("apply -k gone")


def test_what_was_applied_last_is_shown(terminal: Terminal):
    write(terminal, "one.yaml", POLICY)
    terminal.out("apply -f one.yaml")
    assert terminal.out("apply view-last-applied netpol deny").startswith("apiVersion: networking.k8s.io/v1\n")
    assert json.loads(terminal.out("apply view-last-applied -f one.yaml -o json"))["kind"] == "NetworkPolicy"
    terminal.out("create sa robot")
    assert "no last-applied-configuration annotation found" in terminal.fails("apply view-last-applied sa robot")


def test_a_file_is_copied_into_a_pod_and_out_of_it(terminal: Terminal):
    write(terminal, "note.txt", "hello\n")
    terminal.out("cp note.txt client:/tmp/note.txt")
    assert terminal.out("exec client -- cat /tmp/note.txt") == "hello\n"
    terminal.out("exec client -- sh -c 'echo more >> /tmp/note.txt'")
    terminal.type("cp default/client:/tmp/note.txt back.txt")
    assert Path(terminal.folder, "back.txt").read_text(encoding="utf-8") == "hello\nmore\n"
    assert "No such file or directory" in terminal.fails("cp client:/nope x.txt")
    assert "doesn't exist in local filesystem" in terminal.fails("cp nope.txt client:/tmp/")


# -- objects from flags ----------------------------------------------------------------------------


def test_stored_objects_are_made_from_flags(terminal: Terminal):
    write(terminal, "app.conf", "x = 1\n")
    terminal.out("create configmap c --from-literal=a=b --from-file=app.conf")
    assert json.loads(terminal.out("get cm c -o json"))["data"] == {"a": "b", "app.conf": "x = 1\n"}
    terminal.out("create secret generic s --from-literal=password=x")
    assert json.loads(terminal.out("get secret s -o json"))["data"] == {"password": "eA=="}
    assert "kind: ServiceAccount" in terminal.out("create sa robot --dry-run=client -o yaml")
    assert "cannot add key" in terminal.fails("create cm d --from-literal=a=b --from-literal=a=c")


def test_an_image_an_environment_and_a_selector_are_set(terminal: Terminal):
    assert terminal.out("set image deploy/web nginx=nginx:1.28") == "deployment.apps/web image updated\n"
    assert terminal.out("get pods -l app=web -o jsonpath='{.items[0].spec.containers[0].image}'") == "nginx:1.28"
    assert terminal.out("set env deploy/web COLOR=blue") == "deployment.apps/web env updated\n"
    assert terminal.out("exec deploy/web -- printenv COLOR") == "blue\n"
    assert terminal.out("set selector svc web app=other") == "service/web selector updated\n"
    assert "<none>" in terminal.out("get endpoints web")
    assert terminal.fails("set image deploy/web box=x") == 'error: unable to find container named "box"'


# -- logs ------------------------------------------------------------------------------------------


def test_nginx_notes_requests_in_its_log(terminal: Terminal):
    pod = terminal.out("get pods -l app=web -o jsonpath='{.items[0].metadata.name}'")
    address = terminal.out(f"get pod {pod} -o jsonpath='{{.status.podIP}}'")
    terminal.out(f"exec client -- wget -qO- {address}")
    client = terminal.out("get pod client -o jsonpath='{.status.podIP}'")
    line = terminal.out(f"logs {pod}")
    assert line.startswith(f"{client} - - [05/Jan/2026:09:00:")
    assert line.endswith('] "GET / HTTP/1.1" 200 615 "-" "Wget" "-"\n')


def test_the_log_of_a_container_that_is_not_there_is_refused(terminal: Terminal):
    assert terminal.fails("logs client -c nope") == "error: container nope is not valid for pod client"
    assert terminal.fails("logs client nope") == "error: container nope is not valid for pod client"


# -- images ----------------------------------------------------------------------------------------


def test_a_mistyped_image_cannot_be_pulled_until_it_is_put_right(terminal: Terminal):
    terminal.out("run typo --image=ngnix")
    assert terminal.out("get pod typo").splitlines()[1].split()[1:3] == ["0/1", "ErrImagePull"]
    assert "container not found" in terminal.fails("exec typo -- ls")
    assert "trying and failing to pull image" in terminal.fails("logs typo")
    terminal.out("set image pod/typo typo=nginx")
    assert terminal.out("get pod typo").splitlines()[1].split()[1:3] == ["1/1", "Running"]
    terminal.out("create deployment shop --image=bussybox")
    assert terminal.out("get deploy shop").splitlines()[1].split()[1] == "0/1"
    assert "timed out waiting for the condition" in terminal.fails("run v --rm -i --image=busybx -- hostname")
    assert "deployment.apps/web condition met" in terminal.out("wait deploy/web --for=condition=Available")
    assert "timed out" in terminal.fails("wait deploy/shop --for=condition=Available --timeout=1s")
    assert terminal.fails("wait pod -l app=shop --for=condition=Ready --timeout=1s").startswith("error: timed out")


def test_endpoint_slices_are_described_in_kubectls_form():
    terminal = Terminal()
    terminal.out("run web --image=nginx --labels=app=web --port=80 --expose")
    name = terminal.out("get endpointslices -l kubernetes.io/service-name=web -o name").partition("/")[2].strip()
    text = terminal.out(f"describe endpointslice {name}")
    assert (
        "AddressType:  IPv4\nPorts:\n  Name     Port  Protocol\n  ----     ----  --------\n  <unset>  80    TCP\n"
        in text
    )
    assert "    TargetRef:  Pod/web\n    NodeName:   node" in text
    terminal.out("delete pod web")
    assert "Ports: <unset>\nEndpoints: <none>\n" in terminal.out(f"describe endpointslice {name}")


TWO = """
apiVersion: v1
kind: ConfigMap
metadata: {name: one, namespace: default}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: two, namespace: default}
"""


def test_apply_prints_several_objects_as_a_list_and_create_one_after_the_other():
    terminal = Terminal()
    listed = yaml.safe_load(terminal.out("apply -f - -o yaml --dry-run=client", TWO))
    assert (listed["kind"], [item["metadata"]["name"] for item in listed["items"]]) == ("List", ["one", "two"])
    assert terminal.out("apply -f - -o name", TWO) == "configmap/one\nconfigmap/two\n"
    terminal.out("delete configmap one two")
    assert len(list(yaml.safe_load_all(terminal.out("create -f - -o yaml", TWO)))) == 2


def test_pruning_is_refused_in_kubectls_words_where_kubectl_refuses_it_itself():
    terminal = Terminal()
    assert "error: all resources selected for prune without" in terminal.fails("apply --prune -f -", TWO)
    assert terminal.fails("apply --prune -l a=b -f -", TWO) == "error: no objects passed to apply"
    assert "not simulated" in terminal.fails("apply --prune --all -f -", TWO)
