"""``get`` and ``describe``: what is found, and how it is printed."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
import yaml
from kubectl_lines import Terminal

from netpol_lab import Cluster
from netpol_lab.kubectl.columns import selector_text
from netpol_lab.kubectl.output import custom_columns
from netpol_lab.kubectl.serialize import to_json, to_yaml
from netpol_lab.kubectl.tabwriter import align, table

SHOP = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web-2, namespace: shop, labels: {app: web, tier: front}}
spec: {containers: [{name: nginx, image: nginx}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web-10, namespace: shop, labels: {app: web}}
spec: {containers: [{name: nginx, image: nginx}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: redis, image: redis}, {name: log, image: busybox}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""


@pytest.fixture
def shop() -> Terminal:
    terminal = Terminal(Cluster.from_manifests(SHOP))
    terminal.session.namespace = "shop"
    return terminal


def names(text: str) -> list[str]:
    return [line.partition("/")[2] for line in text.splitlines()]


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("app=web", ["web-10", "web-2"]),
        ("app==web,tier=front", ["web-2"]),
        ("app!=web", ["db"]),
        ("'app in (web, db)'", ["db", "web-10", "web-2"]),
        ("'app notin (web)'", ["db"]),
        ("tier", ["web-2"]),
        ("'!tier'", ["db", "web-10"]),
        ("tier!=front", ["db", "web-10"]),
    ],
)
def test_a_label_selector_chooses_as_kubernetes_does(shop: Terminal, selector: str, found: list[str]):
    assert names(shop.out(f"get pods -l {selector} -o name")) == found


def test_a_field_selector_chooses_by_name_phase_and_namespace(shop: Terminal):
    assert names(shop.out("get pods --field-selector metadata.name=db -o name")) == ["db"]
    assert (
        shop.type("get pods --field-selector=status.phase!=Running").stderr == "No resources found in shop namespace.\n"
    )
    assert names(shop.out("get pods -A --field-selector metadata.namespace=shop -o name")) == ["db", "web-10", "web-2"]


def test_a_selector_that_makes_no_sense_is_refused(shop: Terminal):
    assert shop.fails("get pods -l app=(").startswith("error: unable to parse requirement")
    assert "field label not supported: spec.foo" in shop.fails("get pods --field-selector spec.foo=1")


def test_one_object_is_data_itself_and_all_others_are_a_list(shop: Terminal):
    assert json.loads(shop.out("get pod db -o json"))["kind"] == "Pod"
    assert json.loads(shop.out("get pod/db -o json"))["kind"] == "Pod"
    for line in (
        "get pods -l app=db -o json",
        "get pod db web-2 -o json",
        "get pods,svc -o json",
        "get pods -l x=y -o json",
    ):
        assert json.loads(shop.out(line))["kind"] == "List"


def test_json_has_four_spaces_and_sorted_keys_and_yaml_says_the_same(shop: Terminal):
    text = shop.out("get pod db -o json")
    assert text.startswith('{\n    "apiVersion": "v1",\n    "kind": "Pod",\n')
    assert yaml.safe_load(shop.out("get pod db -o yaml")) == json.loads(text)


def test_yaml_quotes_only_what_would_be_misread():
    value = {"a": "true", "b": "8080", "c": "x: y", "d": "two\nlines\n", "e": "", "f": "*", "y": [], "g": {}, "h": None}
    assert to_yaml(value) == (
        'a: "true"\nb: "8080"\nc: \'x: y\'\nd: |\n  two\n  lines\ne: ""\nf: \'*\'\ng: {}\nh: null\n"y": []\n'
    )


def test_json_escapes_what_could_end_a_script():
    assert to_json({"a": "<b> & c"}) == '{\n    "a": "\\u003cb\\u003e \\u0026 c"\n}'


def test_columns_of_your_own_take_paths_and_mark_what_is_missing(shop: Terminal):
    text = shop.out(
        "get pods -o custom-columns=NAME:.metadata.name,TIER:.metadata.labels.tier,IMAGES:.spec.containers[*].image"
    )
    assert text.splitlines()[0] == "NAME     TIER     IMAGES"
    assert text.splitlines()[1] == "db       <none>   redis,busybox"


def test_columns_of_your_own_show_lists_and_maps_as_go_prints_them(shop: Terminal):
    text = shop.out(
        "get pods db -o custom-columns=LABELS:.metadata.labels,PORTS:.spec.containers[*].image --no-headers"
    )
    assert text.split()[0].startswith("map[") and '"' not in text
    assert custom_columns("T:.t", [{"t": ["Ingress", "Egress"]}], headers=False) == "[Ingress Egress]"


def test_sort_by_reads_numbers_in_names_and_times(shop: Terminal):
    assert names(shop.out("get pods --sort-by=.metadata.name -o name")) == ["db", "web-2", "web-10"]
    assert "couldn't find any field with path" in shop.fails("get pods --sort-by=.foo")


def test_label_columns_and_headers(shop: Terminal):
    assert shop.out("get pods -L tier --no-headers").splitlines()[0].split() == ["db", "2/2", "Running", "0", "0s"]
    assert shop.out("get pods -L tier,example.com/x").splitlines()[0].split()[-2:] == ["TIER", "X"]


def test_several_kinds_stand_in_tables_of_their_own(shop: Terminal):
    text = shop.out("get po,svc")
    assert "\n\nNAME          TYPE" in text
    assert shop.out("get all") == text.replace("3s", "4s").replace("0s", "1s")
    assert "pod/db" in shop.out("get pod/db svc/web")


def test_what_is_missing_is_reported_after_what_was_found(shop: Terminal):
    result = shop.type("get pods db nope")
    assert result.stdout.splitlines()[1].startswith("db ")
    assert (result.stderr, result.exit_code) == ('Error from server (NotFound): pods "nope" not found\n', 1)
    assert shop.type("get pods nope --ignore-not-found").exit_code == 0


def test_an_empty_answer_names_the_namespace_only_where_there_is_one(shop: Terminal):
    assert shop.type("get netpol").stderr == "No resources found in shop namespace.\n"
    assert shop.type("get netpol -A").stderr == "No resources found\n"
    assert shop.type("get nodes").stderr == "No resources found\n"
    assert shop.type("get netpol -n typo").stderr == "No resources found in typo namespace.\n"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("get", "You must specify the type of resource to get."),
        ("get pod db -A", "error: a resource cannot be retrieved by name across all namespaces"),
        ("get pod db -l a=b", "error: name cannot be provided when a selector is specified"),
        (
            "get pods -o foo",
            'error: unable to match a printer suitable for the output format "foo", allowed formats are:',
        ),
        ("get pods -o jsonpath", "error: template format specified but no template given"),
        (
            "get pods -o custom-columns=A",
            "error: unexpected custom-columns spec: A, expected <header>:<json-path-expr>",
        ),
        ("get pod/db svc", "error: there is no need to specify a resource type as a separate argument"),
        ("describe", "error: You must provide one or more resources by argument or filename."),
    ],
)
def test_a_line_that_cannot_be_answered_says_why(shop: Terminal, line: str, words: str):
    assert shop.fails(line).startswith(words)


def test_a_mistyped_kind_gets_a_hint(shop: Terminal):
    assert shop.type("get netpols").stderr.splitlines() == [
        'error: the server doesn\'t have a resource type "netpols"',
        'hint: did you mean "netpol"?',
    ]


def test_an_object_of_another_namespace_or_a_mistyped_name_gets_a_hint(shop: Terminal):
    assert shop.type("get pod db -n default").stderr.splitlines() == [
        'Error from server (NotFound): pods "db" not found',
        "hint: pod db is in namespace shop: add -n shop",
    ]
    assert shop.type("exec web2 -- ls").stderr.splitlines()[1] == 'hint: did you mean "web-2"?'


def test_show_kind_writes_the_kind_before_each_name(shop: Terminal):
    assert "pod/db " in shop.out("get pods --show-kind")


def test_endpoints_are_those_of_the_services(shop: Terminal):
    lines = shop.out("get endpoints").splitlines()
    assert lines[1].split()[:2] == [
        "web",
        ",".join(f"{pod.ip}:80" for pod in shop.session.cluster.pods if pod.labels["app"] == "web"),
    ]


def test_a_policy_without_rules_a_range_and_all_ports_of_a_protocol_are_described():
    terminal = Terminal(Cluster.from_manifests(SHOP))
    policy = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: shop}
spec:
  podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [b, a]}, {key: tier, operator: DoesNotExist}]}
  egress:
  - ports: [{protocol: UDP}, {port: 80, endPort: 82}]
    to: [{podSelector: {}}]
"""
    terminal.out("apply -f -", policy)
    text = terminal.out("describe netpol p -n shop")
    assert "  PodSelector:     app notin (a,b),!tier\n" in text
    assert "    To Port: <nil>/UDP\n    To Port Range: 80-82/TCP\n    To:\n      PodSelector: <none>\n" in text
    assert "    <none> (Selected pods are isolated for ingress connectivity)\n" in text


def test_describe_takes_the_start_of_a_name_and_puts_two_lines_between_objects(shop: Terminal):
    text = shop.out("describe pod web")
    assert text.count("Name:") == 2
    assert "\n\n\nName:" in text


def test_a_selector_is_printed_in_the_order_of_its_keys():
    expressions = [{"key": "b", "operator": "In", "values": ["2", "1"]}, {"key": "a", "operator": "DoesNotExist"}]
    assert selector_text({"matchLabels": {"c": "3"}, "matchExpressions": expressions}) == "!a,b in (1,2),c=3"
    assert selector_text({}) == "<none>"


def test_tabs_align_only_lines_that_follow_each_other():
    assert align("a:\tx\nlong title:\ty\nno tab\nb:\tz") == "a:           x\nlong title:  y\nno tab\nb:  z"
    assert table([("NAME", "AGE"), ("x", "1s")]) == "NAME   AGE\nx      1s"


def test_one_call_takes_one_second_of_simulated_time(shop: Terminal):
    before = shop.session.cluster.now
    shop.out("get pods")
    assert (shop.session.cluster.now - before).total_seconds() == 1
    assert before.tzinfo == UTC and before == datetime(2026, 1, 5, 9, tzinfo=UTC)
