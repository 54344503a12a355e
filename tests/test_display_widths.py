"""Names as long as Kubernetes admits: no picture is wider than its place, as a browser lays it out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
import real_jupyterlab
from playwright.sync_api import Page

from netpol_lab import Lab
from netpol_lab.lab import student_files

BROWSER = real_jupyterlab.browser()
pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on PATH")

NAMESPACE, CLIENT, SERVER, SERVICE, VALUE = (letter * 63 for letter in "npqsv")
DNS_NAME = ".".join(["h" * 63, "h" * 63, "h" * 63, "h" * 61])
KEY = DNS_NAME.replace("h", "k") + "/" + "l" * 63
FROM, TO, BEHIND = f"{NAMESPACE}/{CLIENT}", f"{NAMESPACE}/{SERVER}", f"{NAMESPACE}/{SERVICE}"

PEERS = [
    {"podSelector": {"matchExpressions": [{"key": KEY, "operator": "In", "values": ["a" * 63, "b" * 63]}]}},
    {"namespaceSelector": {"matchLabels": {KEY: "c" * 63}}},
    {"ipBlock": {"cidr": "2001:db8:1111:2222:3333:4444:5555:0/112"}},
]


def thing(version: str, kind: str, name: str, spec: dict[str, Any], **labels: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAMESPACE, "labels": {KEY: VALUE, **labels}}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


THINGS = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
    thing("v1", "Pod", CLIENT, {"containers": [{"name": "c", "image": "busybox", "command": ["sleep", "1d"]}]}, a="b"),
    thing("v1", "Pod", SERVER, {"containers": [{"name": "c", "image": "nginx"}]}),
    thing("v1", "Service", SERVICE, {"selector": {KEY: VALUE}, "ports": [{"port": 80}]}),
]
POLICY = thing(
    "networking.k8s.io/v1",
    "NetworkPolicy",
    DNS_NAME,
    {
        "podSelector": {"matchLabels": {KEY: VALUE}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [peer]} for peer in PEERS],
    },
)

VIEWS: dict[str, Callable[[Lab], Any]] = {
    "matrix": lambda lab: lab.matrix(),
    "matrix of a port": lambda lab: lab.matrix(80),
    "both ends": lambda lab: lab.both_ends(),
    "graph": lambda lab: lab.graph([(FROM, TO, 80)]),
    "heat map": lambda lab: lab.heatmap(),
    "policies": lambda lab: lab.policies(),
    "warnings": lambda lab: lab.warnings(),
    "moments": lambda lab: lab.moments(),
    "compare": lambda lab: lab.compare(-2),
    "compare, two graphs": lambda lab: lab.compare("start", side_by_side=True),
    "why of a pod": lambda lab: lab.why(FROM, TO, 80),
    "why of a Service": lambda lab: lab.why(FROM, BEHIND, 80, stop=True),
    "why of a name": lambda lab: lab.why(FROM, DNS_NAME, 80),
    "endpoints": lambda lab: lab.endpoints(BEHIND, FROM),
    "packets": lambda lab: lab.packets(FROM, TO, 80),
    "hold": lambda lab: lab.hold(FROM, TO, 80),
    "steps": lambda lab: lab.steps(TO),
    "reach": lambda lab: lab.reach(FROM),
    "plugins": lambda lab: lab.plugins(FROM, TO, 80),
}

WIDEST = """() => Math.max(...[...document.querySelectorAll('body, body *')]
    .filter(e => e.getClientRects().length && !e.parentElement.closest('.npl-body, pre'))
    .map(e => Math.max(e.getBoundingClientRect().right, e === document.body ? e.scrollWidth : 0)))"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("wide"))
        patch.setattr(student_files, "_home", None)
        patch.setenv("XX", "")
        opened = Lab("07")
        for each in (*THINGS, POLICY):
            assert opened.kubectl("apply -f -", json.dumps(each)).exit_code == 0
        for host in (DNS_NAME, SERVER, f"{SERVICE}.{NAMESPACE}.svc.cluster.local"):
            opened.kubectl(f"exec -n {NAMESPACE} {CLIENT} -- wget -qO- -T1 {host}")
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    assert BROWSER is not None
    with real_jupyterlab.chromium(BROWSER) as opened:
        yield opened


def widest(page: Page, html: str, width: int) -> float:
    """How far to the right anything stands that does not scroll in a place of its own."""
    page.set_viewport_size({"width": width, "height": 900})
    page.set_content(f"<!DOCTYPE html><body style='margin:0'>{html}")
    found: float = page.evaluate(WIDEST)
    return found


@pytest.mark.parametrize("name", VIEWS)
def test_the_longest_names_make_no_picture_wider_than_its_place(lab: Lab, page: Page, name: str) -> None:
    html = VIEWS[name](lab).html
    for width in (1100, 500):
        assert widest(page, html, width) <= width + 1, width


def test_a_name_that_does_not_break_is_found_too_wide(lab: Lab, page: Page) -> None:
    html = VIEWS["why of a name"](lab).html.replace("overflow-wrap", "x")
    assert widest(page, html, 1100) > 1500
