"""Jsonpath templates give what kubectl's own engine gives."""

from __future__ import annotations

import pytest
from kubectl_lines import Terminal

from netpol_lab.kubectl.jsonpath import compile, find, relaxed, render
from netpol_lab.kubectl.jsonpath_parser import JsonPathError

PODS = {
    "kind": "List",
    "items": [
        {
            "metadata": {"name": "web", "labels": {"app": "web", "kubernetes.io/os": "linux"}},
            "spec": {"containers": [{"name": "a", "image": "nginx"}, {"name": "b", "image": "busybox"}]},
            "status": {"phase": "Running", "podIP": "10.0.0.1", "restarts": 0, "ready": True},
        },
        {
            "metadata": {"name": "job", "labels": {"app": "job"}},
            "spec": {"containers": [{"name": "c", "image": "alpine"}]},
            "status": {"phase": "Succeeded", "podIP": "10.0.0.2", "restarts": 3, "ready": False},
        },
    ],
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{.kind}", "List"),
        ("{$.kind}", "List"),
        ("{@.kind}", "List"),
        ("kind is {.kind}!", "kind is List!"),
        (".kind", ".kind"),
        ("{.items[0].metadata.name}", "web"),
        ("{.items[-1].metadata.name}", "job"),
        ("{.items[*].metadata.name}", "web job"),
        ("{.items..name}", "web a b job c"),
        ("{..podIP}", "10.0.0.1 10.0.0.2"),
        ("{.items[0:1].metadata.name}", "web"),
        ("{.items[1:].metadata.name}", "job"),
        ("{.items[::2].metadata.name}", "web"),
        ("{.items[0,1].metadata.name}", "web job"),
        ("{.items[*]['metadata.name', 'status.phase']}", "web Running job Succeeded"),
        ("{.items[0].metadata.labels.kubernetes\\.io/os}", "linux"),
        ("{.items[0].metadata.labels['kubernetes\\.io/os']}", "linux"),
        ("{.items[0].metadata.labels.*}", "web linux"),
        ('{.items[?(@.status.phase=="Running")].metadata.name}', "web"),
        ("{.items[?(@.status.phase!='Running')].metadata.name}", "job"),
        ("{.items[?(@.status.restarts>0)].metadata.name}", "job"),
        ("{.items[?(@.status.ready==true)].metadata.name}", "web"),
        ("{.items[?(@.metadata.labels.kubernetes\\.io/os)].metadata.name}", "web"),
        ('{range .items[*]}{.metadata.name}{"\\t"}{.status.podIP}{"\\n"}{end}', "web\t10.0.0.1\njob\t10.0.0.2\n"),
        ("{range .items[*]}[{range .spec.containers[*]}{.name},{end}]{end}", "[a,b,][c,]"),
        ("{.items[0].metadata.labels}", '{"app":"web","kubernetes.io/os":"linux"}'),
        ("{.items[0].status.restarts} {.items[0].status.ready}", "0 true"),
        ("{.nothing.here}", ""),
        ("{.items[*].nothing}", ""),
        ("{'single'} {\"double\"}", "single double"),
    ],
)
def test_a_template_prints_what_kubectl_prints(template: str, text: str):
    assert render(compile(template), PODS) == text


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{.items[5].metadata.name}", "array index out of bounds: index 5, length 2"),
        ("{.kind[0]}", "List is not array or slice"),
        ("{.items", "unclosed action"),
        ("{.items[0}", "unclosed action"),
        ("{.items[a]}", "invalid array index a"),
        ("{foo}", "unrecognized identifier foo"),
        ("{end}", "not in range, nothing to end"),
    ],
)
def test_a_template_that_does_not_work_is_refused(template: str, words: str):
    with pytest.raises(JsonPathError, match=words.replace("(", r"\(")):
        render(compile(template), PODS)


def test_sort_by_and_columns_take_a_path_in_any_dress():
    assert {relaxed(text) for text in ("a.b", ".a.b", "{.a.b}", "{a.b}")} == {"{.a.b}"}
    assert find("{.items[*].status.restarts}", PODS) == [0, 3]


def test_the_first_of_no_objects_is_an_error_with_the_reason_above_it():
    result = Terminal().type("get pods -l app=nobody -o jsonpath={.items[0].metadata.name}")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "Error executing template: array index out of bounds: index 0, length 0." in result.stderr
    assert result.stderr.startswith("hint: nothing was found, so the list is empty\n")
