"""``apply``, ``create -f``, ``replace``, ``diff``: files go in whole or are refused, object by object."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from kubectl_lines import Terminal

from netpol_lab.model.errors import ManifestError

POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: allow-web
  labels: {team: blue}
spec:
  podSelector:
    matchLabels: {app: web}
  ingress:
  - from:
    - podSelector: {matchLabels: {app: client}}
    ports:
    - port: 80
"""
DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: networkpolicies.projectcalico.org}
spec:
  group: projectcalico.org
  names: {kind: NetworkPolicy, plural: networkpolicies}
  versions: [{name: v3, served: true, storage: true}]
"""
WITH_PROTOCOL = POLICY.replace("port: 80", "port: 80\n      protocol: TCP")
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: nginx, image: "nginx:1.27", ports: [{containerPort: 80}]}
"""


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(folder=tmp_path)


def live(terminal: Terminal, what: str) -> dict:
    return yaml.safe_load(terminal.out(f"get {what} -o yaml"))


def test_applying_twice_changes_nothing_although_kubectl_sees_a_default_as_a_difference(terminal: Terminal):
    assert terminal.out("apply -f -", POLICY).endswith("created\n")
    before = terminal.session.cluster.snapshot()
    assert terminal.out("apply -f -", POLICY).endswith("configured\n")  # the file's port has no protocol
    assert terminal.session.cluster.snapshot().objects == before.objects
    assert terminal.out("apply -f -", WITH_PROTOCOL).endswith("configured\n")  # the note of what was applied
    assert terminal.out("apply -f -", WITH_PROTOCOL).endswith("unchanged\n")
    assert live(terminal, "netpol allow-web")["spec"]["ingress"][0]["ports"] == [{"port": 80, "protocol": "TCP"}]


def test_a_field_that_is_gone_from_the_file_goes_and_what_others_set_stays(terminal: Terminal):
    terminal.out("apply -f -", POLICY)
    terminal.out("label netpol allow-web owner=me")
    changed = POLICY.replace("team: blue", "tier: front").replace("port: 80", "port: 8080")
    assert terminal.out("apply -f -", changed).endswith("configured\n")
    policy = live(terminal, "netpol allow-web")
    assert policy["metadata"]["labels"] == {"owner": "me", "tier": "front"}
    assert policy["spec"]["ingress"][0]["ports"] == [{"port": 8080, "protocol": "TCP"}]


def test_a_file_that_does_not_speak_of_replicas_leaves_them_scaled(terminal: Terminal):
    without = DEPLOYMENT.replace("  replicas: 2\n", "")
    terminal.out("apply -f -", without)
    terminal.out("scale deploy web --replicas=3")
    assert terminal.out("apply -f -", without) == "deployment.apps/web unchanged\n"
    assert len(terminal.out("get pods -o name").split()) == 3
    assert terminal.out("apply -f -", DEPLOYMENT) == "deployment.apps/web configured\n"
    assert len(terminal.out("get pods -o name").split()) == 2


def test_containers_are_merged_by_name_and_policy_rules_replaced_as_a_whole(terminal: Terminal):
    terminal.out("apply -f -", DEPLOYMENT)
    terminal.out("apply -f -", DEPLOYMENT.replace("1.27", "1.28"))
    containers = live(terminal, "deploy web")["spec"]["template"]["spec"]["containers"]
    assert [(each["name"], each["image"]) for each in containers] == [("nginx", "nginx:1.28")]
    two = POLICY + "  - from: [{namespaceSelector: {}}]\n"
    terminal.out("apply -f -", two)
    terminal.out("apply -f -", POLICY)
    assert len(live(terminal, "netpol allow-web")["spec"]["ingress"]) == 1


def test_what_was_applied_is_noted_in_one_line_of_json(terminal: Terminal):
    terminal.out("apply -f -", POLICY)
    note = live(terminal, "netpol allow-web")["metadata"]["annotations"][
        "kubectl.kubernetes.io/last-applied-configuration"
    ]
    assert note == (
        '{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"annotations":{},"labels":{"team":"blue"},'
        '"name":"allow-web","namespace":"default"},"spec":{"ingress":[{"from":[{"podSelector":{"matchLabels":{"app":"client"}}}],'
        '"ports":[{"port":80}]}],"podSelector":{"matchLabels":{"app":"web"}}}}\n'
    )


def test_an_object_made_by_create_is_taken_over_with_a_warning(terminal: Terminal):
    terminal.out("create -f -", POLICY)
    result = terminal.type("apply -f -", POLICY)
    assert result.stdout.endswith("configured\n")
    assert result.stderr.startswith(
        "Warning: resource networkpolicies/allow-web is missing the kubectl.kubernetes.io/last-app"
    )


def test_a_service_keeps_its_address_and_a_pod_its_node(terminal: Terminal):
    service = (
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n"
    )
    terminal.out("apply -f -", service)
    before = live(terminal, "svc web")["spec"]["clusterIP"]
    assert terminal.out("apply -f -", service.replace("80", "81")) == "service/web configured\n"
    assert live(terminal, "svc web")["spec"] | {} == live(terminal, "svc web")["spec"]
    assert live(terminal, "svc web")["spec"]["clusterIP"] == before
    assert [row["port"] for row in live(terminal, "svc web")["spec"]["ports"]] == [81]


def test_a_pods_labels_and_image_can_be_changed_and_nothing_else_of_it(terminal: Terminal):
    about = "{name: web, labels: {app: a}}"
    pod = f"{{apiVersion: v1, kind: Pod, metadata: {about}, spec: {{containers: [{{name: c, image: nginx}}]}}}}"
    terminal.out("apply -f -", pod)
    assert terminal.out("apply -f -", pod.replace("app: a", "app: b")) == "pod/web configured\n"
    assert terminal.out("apply -f -", pod.replace("image: nginx", "image: httpd")) == "pod/web configured\n"
    words = terminal.fails("apply -f -", pod.replace("name: c,", "name: c, ports: [{containerPort: 80}],"))
    assert words.startswith('The Pod "web" is invalid: spec: Forbidden: pod updates may not change fields other than')


def test_the_selector_of_a_deployment_is_immutable(terminal: Terminal):
    terminal.out("apply -f -", DEPLOYMENT)
    words = terminal.fails("apply -f -", DEPLOYMENT.replace("app: web", "app: other"))
    assert words.startswith('The Deployment "web" is invalid: spec.selector: Invalid value:')
    assert words.endswith("field is immutable")


def test_several_files_folders_and_standard_input_are_taken_in_order(terminal: Terminal, tmp_path: Path):
    folder = tmp_path / "all"
    (folder / "deeper").mkdir(parents=True)
    (folder / "b.yaml").write_text(POLICY)
    (folder / "a.yml").write_text(DEPLOYMENT)
    (folder / "notes.txt").write_text("not a manifest")
    (folder / "deeper" / "c.json").write_text('{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "deep"}}')
    assert terminal.out("apply -f all").split() == [
        "deployment.apps/web", "created", "networkpolicy.networking.k8s.io/allow-web", "created",
    ]  # fmt: skip
    assert terminal.out("apply -R -f all").endswith("namespace/deep created\n")
    assert terminal.out("delete -f all/b.yaml -f all/a.yml").count("deleted") == 2


def test_the_good_objects_of_a_file_are_applied_and_the_bad_ones_reported(terminal: Terminal):
    bad = POLICY.replace("allow-web", "bad").replace("from:", "form:")
    result = terminal.type("apply -f -", f"{DEPLOYMENT}---\n{bad}---\n{POLICY}")
    assert result.stdout == "deployment.apps/web created\nnetworkpolicy.networking.k8s.io/allow-web created\n"
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        'Error from server (BadRequest): error when creating "STDIN": NetworkPolicy in version "v1" cannot be handled'
        ' as a NetworkPolicy: strict decoding error: unknown field "spec.ingress[0].form"',
        "hint: STDIN, line 22: did you mean `from`?",
    ]


def test_text_that_is_not_yaml_ends_its_file_there(terminal: Terminal):
    result = terminal.type("apply -f -", f"{POLICY}---\na: 1\nb: c: d\n---\n{DEPLOYMENT}")
    assert result.stdout == "networkpolicy.networking.k8s.io/allow-web created\n"
    assert result.stderr.startswith(
        "error: error parsing STDIN: error converting YAML to JSON: yaml: line 2: mapping values are not allowed"
    )
    assert "\nhint: STDIN, line 16: " in result.stderr


def test_of_a_key_written_twice_the_last_one_counts_and_a_hint_says_so(terminal: Terminal):
    result = terminal.type("apply -f -", POLICY.replace("  ingress:", "  podSelector: {}\n  ingress:"))
    assert (result.stdout, result.exit_code) == ("networkpolicy.networking.k8s.io/allow-web created\n", 0)
    assert live(terminal, "netpol allow-web")["spec"]["podSelector"] == {}
    assert result.stderr == (
        "hint: STDIN, line 9: `podSelector` is written twice in one object; only this one, the last, counts\n"
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("port: 80", "prot: 80"), 'strict decoding error: unknown field "spec.ingress[0].ports[0].prot"'),
        (("app: web", "app: 1"), "cannot convert int64 to string"),
        (("  - from:", "    from:"), "cannot restore slice from map"),
        (("matchLabels: {app: web}", "matchLabels: [web]"), "cannot restore map from slice"),
    ],
)
def test_a_refused_change_leaves_the_object_as_it_was_and_shows_the_patch(
    terminal: Terminal, change: tuple[str, str], words: str
):
    terminal.out("apply -f -", POLICY)
    before = terminal.session.cluster.snapshot().objects
    said = terminal.fails("apply -f -", POLICY.replace(*change))
    assert said.startswith('The request is invalid: patch: Invalid value: "map[metadata:map[annotations:map[')
    assert said.endswith(f'": {words}')
    assert terminal.session.cluster.snapshot().objects == before


def test_unknown_fields_are_left_out_of_a_change_too_when_the_server_is_not_asked_to_be_strict(terminal: Terminal):
    terminal.out("apply -f -", WITH_PROTOCOL)
    odd = WITH_PROTOCOL.replace("spec:", "spec:\n  color: blue")
    assert terminal.out("apply --validate=ignore -f -", odd).endswith("configured\n")
    warned = terminal.type("apply --validate=warn -f -", odd.replace("blue", "red"))
    assert (warned.exit_code, warned.stderr) == (0, 'Warning: unknown field "spec.color"\n')
    assert "color" not in live(terminal, "netpol allow-web")["spec"]


@pytest.mark.parametrize("wrong", ["prot: 80", "port: 99999", "port: true"])
def test_a_dry_run_of_the_client_does_not_ask_the_server(terminal: Terminal, wrong: str):
    bad = POLICY.replace("port: 80", wrong)
    for verb in ("apply", "create"):
        assert terminal.out(f"{verb} --dry-run=client -f -", bad).endswith("allow-web created (dry run)\n")
        assert terminal.type(f"{verb} --dry-run=server -f -", bad).exit_code == 1
    terminal.out("apply -f -", POLICY)
    assert terminal.out("apply --dry-run=client -f -", bad).endswith("configured (dry run)\n")


@pytest.mark.parametrize(
    "version",
    [
        "networking.k8.io/v1",
        "network.k8s.io/v1",
        "networking.k8s/v1",
        "netwroking.k8s.io/v1",
        "networking.k8s.io/v2",
        "networking/v1",
        "networking.kubernetes.io/v1",
        "apps/v1beta1",
        "app/v1",
        "core/v1",
        "k8s.io/v1",
        "networking.k8s.io.v1",
        "V1",
        "v2",
        "v1",
    ],
)
def test_a_mistyped_api_group_is_no_kind_of_this_cluster(terminal: Terminal, version: str):
    wrong = POLICY.replace("networking.k8s.io/v1", version)
    for verb in ("apply", "create", "delete", "get", "replace"):
        said = terminal.fails(f"{verb} -f -", wrong)
        assert f'no matches for kind "NetworkPolicy" in version "{version}"\nensure CRDs are installed first' in said
    with pytest.raises(ManifestError, match="no matches for kind"):
        terminal.session.cluster.apply(wrong)


@pytest.mark.parametrize(
    ("change", "words", "hint"),
    [
        (("port: 80", "port: 99999"), "spec.ingress[0].ports[0].port: Invalid value: 99999", "line 13"),
        (("app: web", "app: true"), "json: cannot unmarshal bool into Go struct field", "line 8"),
        (("name: allow-web", "name: Allow_Web"), "metadata.name: Invalid value", "line 4"),
        (("  name: allow-web\n", ""), "resource name may not be empty", "line 3"),
        (("kind: NetworkPolicy\n", ""), "error validating data: kind not set", "line 1"),
        (("networking.k8s.io/v1", "networking.k8s.io/v2"), 'no matches for kind "NetworkPolicy" in version', "line 1"),
    ],
)
def test_each_fault_has_the_words_of_the_server_and_a_hint_with_the_line(
    terminal: Terminal, change: tuple[str, str], words: str, hint: str
):
    result = terminal.type("apply -f -", POLICY.replace(*change))
    assert (result.stdout, result.exit_code) == ("", 1)
    assert words in result.stderr
    hints = [line for line in result.stderr.splitlines() if line.startswith("hint: ")]
    assert len(hints) == 1
    assert f"STDIN, {hint}" in hints[0]


def test_several_failures_lose_the_word_error_as_in_kubectl(terminal: Terminal):
    result = terminal.type("apply -f nope.yaml -f nada.yaml")
    assert result.stderr == 'the path "nope.yaml" does not exist\nthe path "nada.yaml" does not exist\n'
    assert terminal.fails("apply -f nope.yaml") == 'error: the path "nope.yaml" does not exist'


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("apply", "error: must specify one of -f and -k"),
        ("apply x.yaml", "error: Unexpected args: [x.yaml]\nSee 'kubectl apply -h' for help and examples"),
        ("apply -f -", "error: no objects passed to apply"),
        ("create -f -", "error: no objects passed to create"),
        ("apply -f .", "error: error reading [.]: recognized file extensions are [.json .yaml .yml]"),
        ("apply -f https://example.com/a.yaml", "error: -f with a URL is not simulated in this workbook; save the"),
        ("apply --server-side -f -", "error: kubectl apply --server-side is not simulated"),
        ("apply -f - --dry-run=maybe", 'error: Invalid dry-run value (maybe). Must be "none", "server", or "client".'),
        ("replace -f -", "error: no objects passed to replace"),
    ],
)  # fmt: skip
def test_a_line_without_objects_says_what_is_missing(terminal: Terminal, line: str, words: str):
    assert terminal.fails(line).startswith(words)


def test_a_mistyped_file_gets_a_hint(terminal: Terminal, tmp_path: Path):
    (tmp_path / "default-deny.yaml").write_text(POLICY)
    assert terminal.type("apply -f defualt-deny.yaml").stderr.splitlines() == [
        'error: the path "defualt-deny.yaml" does not exist',
        'hint: did you mean "default-deny.yaml"?',
    ]


def test_a_namespace_must_exist_and_must_not_be_named_twice(terminal: Terminal):
    assert terminal.fails("apply -n nowhere -f -", POLICY) == (
        'Error from server (NotFound): error when creating "STDIN": namespaces "nowhere" not found'
    )
    own = POLICY.replace("  name: allow-web", "  name: allow-web\n  namespace: default")
    assert "does not match the namespace" in terminal.fails("apply -n kube-system -f -", own)
    assert terminal.type("get netpol -A").stdout == ""


def test_a_namespace_and_what_is_in_it_may_stand_in_one_file(terminal: Terminal):
    both = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n" + POLICY.replace(
        "labels:", "namespace: shop\n  labels:"
    )
    assert terminal.out("apply -f -", both).count("created") == 2


def test_a_dry_run_says_what_would_happen_and_changes_nothing(terminal: Terminal):
    assert terminal.out("apply -f - --dry-run=server", POLICY).endswith("created (server dry run)\n")
    assert terminal.out("apply -f - --dry-run=client", POLICY).endswith("created (dry run)\n")
    assert terminal.out("apply -f - --dry-run=client -o name", POLICY) == "networkpolicy.networking.k8s.io/allow-web\n"
    assert terminal.type("get netpol").stdout == ""


def test_a_kind_that_is_only_stored_says_so(terminal: Terminal):
    result = terminal.type("apply -f -", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n")
    assert result.stdout == "configmap/c created\n"
    assert result.stderr == "note: ConfigMap is stored, but this workbook does not simulate it\n"
    assert terminal.out("get cm").splitlines()[1].split()[:2] == ["c", "1"]


def test_a_policy_of_another_api_group_is_no_kubernetes_policy(terminal: Terminal):
    calico = POLICY.replace("networking.k8s.io/v1", "projectcalico.org/v3")
    assert 'no matches for kind "NetworkPolicy" in version "projectcalico.org/v3"' in terminal.fails(
        "apply -f -", calico
    )
    terminal.out("apply -f -", DEFINITION)
    result = terminal.type("apply -f -", calico)
    assert result.stdout == "networkpolicy.projectcalico.org/allow-web created\n"
    assert result.stderr.startswith("note: NetworkPolicy is stored")
    assert terminal.session.cluster.policies == ()


def test_replace_needs_the_object_and_forgets_what_the_file_does_not_say(terminal: Terminal):
    assert terminal.fails("replace -f -", POLICY) == (
        'Error from server (NotFound): error when replacing "STDIN":'
        ' networkpolicies.networking.k8s.io "allow-web" not found'
    )
    terminal.out("create -f -", POLICY)
    terminal.out("label netpol allow-web owner=me")
    assert terminal.out("replace -f -", POLICY) == "networkpolicy.networking.k8s.io/allow-web replaced\n"
    assert live(terminal, "netpol allow-web")["metadata"]["labels"] == {"team": "blue"}


def test_diff_exits_with_one_when_there_is_a_difference_and_changes_nothing(terminal: Terminal):
    terminal.out("apply -f -", POLICY)
    assert terminal.type("diff -f -", POLICY).exit_code == 0
    result = terminal.type("diff -f -", POLICY.replace("port: 80", "port: 81"))
    assert result.exit_code == 1
    assert "\n-    - port: 80\n" in result.stdout
    assert live(terminal, "netpol allow-web")["spec"]["ingress"][0]["ports"][0]["port"] == 80


WISH = POLICY.replace("  ingress:\n", "  action: Deny\n  ingress:\n")


def test_unknown_fields_are_refused_unless_the_server_is_told_not_to_be_strict(terminal: Terminal):
    assert 'strict decoding error: unknown field "spec.action"' in terminal.fails("apply -f -", stdin=WISH)
    for word in ("--validate=strict", "--validate", "--validate=true"):
        assert "unknown field" in terminal.fails(f"apply {word} -f -", stdin=WISH)


@pytest.mark.parametrize("word", ["false", "ignore"])
def test_without_validation_unknown_fields_are_dropped_in_silence_and_the_rest_is_stored(terminal: Terminal, word: str):
    said = terminal.type(f"apply --validate={word} -f -", stdin=WISH)
    assert (said.stdout, said.stderr) == ("networkpolicy.networking.k8s.io/allow-web created\n", "")
    stored = terminal.session.cluster.get("NetworkPolicy", "default", "allow-web")
    assert stored is not None and "action" not in stored.body["spec"] and stored.body["spec"]["ingress"]


def test_with_warnings_unknown_fields_are_named_and_dropped(terminal: Terminal):
    said = terminal.type("apply --validate=warn -f -", stdin=WISH)
    assert said.stdout.endswith(" created\n")
    assert said.stderr == 'Warning: unknown field "spec.action"\n'


def test_a_wrong_type_is_refused_whatever_is_asked(terminal: Terminal):
    wrong = WISH.replace("podSelector:\n    matchLabels: {app: web}", "podSelector: web")
    assert "cannot unmarshal string" in terminal.fails("apply --validate=false -f -", stdin=wrong)


def test_a_way_to_validate_that_does_not_exist_is_answered_with_those_that_do(terminal: Terminal):
    assert terminal.fails("apply --validate=maybe -f -", stdin=POLICY) == (
        'error: invalid - validate option "maybe"; must be one of: strict (or true), warn, ignore (or false)'
    )


def policy_lines(terminal: Terminal) -> tuple[str, int, int]:
    stored = terminal.session.cluster.get("NetworkPolicy", "default", "allow-web")
    assert stored is not None and stored.typed.origin is not None and stored.typed.ingress[0].origin is not None
    return stored.typed.origin.file, stored.typed.origin.first_line, stored.typed.ingress[0].origin.first_line


@pytest.mark.parametrize("verb", ["apply", "replace"])
def test_a_changed_policy_is_known_by_the_lines_of_the_file_that_changed_it(
    terminal: Terminal, tmp_path: Path, verb: str
):
    terminal.folder = str(tmp_path)
    for name, text in (("first.yaml", POLICY), ("second.yaml", "# repaired\n\n" + POLICY.replace("80", "81"))):
        (tmp_path / name).write_text(text)
    terminal.out("apply -f first.yaml")
    assert policy_lines(terminal) == ("first.yaml", 1, 10)
    terminal.out(f"{verb} -f second.yaml")
    assert policy_lines(terminal) == ("second.yaml", 3, 12)


def test_a_policy_that_only_moved_within_its_file_is_unchanged_and_known_by_its_new_lines(
    terminal: Terminal, tmp_path: Path
):
    terminal.folder = str(tmp_path)
    (tmp_path / "web.yaml").write_text(WITH_PROTOCOL)
    terminal.out("apply -f web.yaml")
    (tmp_path / "web.yaml").write_text("# a remark\n" + WITH_PROTOCOL)
    assert terminal.out("apply -f web.yaml").endswith("unchanged\n")
    assert policy_lines(terminal) == ("web.yaml", 2, 11)


def test_a_label_on_a_policy_does_not_pretend_to_know_its_lines(terminal: Terminal):
    terminal.out("apply -f -", stdin=POLICY)
    terminal.out("label netpol allow-web tier=front")
    stored = terminal.session.cluster.get("NetworkPolicy", "default", "allow-web")
    assert stored is not None and stored.typed.origin is None


def test_diff_only_warns_of_a_field_that_the_server_does_not_know(terminal: Terminal):
    terminal.out("apply -f -", WITH_PROTOCOL)
    said = terminal.type("diff -f -", WITH_PROTOCOL.replace("spec:", "spec:\n  color: blue"))
    assert (said.exit_code, said.stdout, said.stderr) == (0, "", 'Warning: unknown field "spec.color"\n')
