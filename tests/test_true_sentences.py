"""Sentences that were wrong once, each tied to the rule that says otherwise, and what the tool recommends.

A sentence may stand nowhere: not in the library, its data, the lessons or the README.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netpol_lab.cluster.handle import SimulatedCluster
from netpol_lab.coach.admit import smallest_change
from netpol_lab.lessons.exercises import load
from netpol_lab.model import datafiles as data
from netpol_lab.tell import catalogue
from netpol_lab.tell.saying import SENTENCES, line

ROOT = Path(__file__).resolve().parent.parent
TEXTS = [
    *sorted((ROOT / "notebooks" / "source").glob("*.md")),
    *sorted((ROOT / "data").glob("*.yaml")),
    *sorted((ROOT / "data" / "quiz").glob("*.yaml")),
    *sorted((ROOT / "data" / "exercises").glob("*.yaml")),
    ROOT / "README.md",
]

CORRECTED = {
    "what a plugin does with a packet that no rule admits is its own business": (
        r"polic(y|ies) never refuses?|a refusal proves (that|you)|refused? (always )?(proves|means) that (you|it) "
        r"arrived",
        4,
        "dropped or refused",
    ),
    "an ipBlock speaks of addresses": (r"labels and nothing else|nothing but labels", 15, "ipBlock"),
    "other kinds of policy keep packets out too": (r"only a NetworkPolicy (can )?keeps?", 29, "ClusterNetworkPolicy"),
    "the API leaves the order of a Service's translation open": (
        r"[Nn]o policy ever sees the (address|port) of a Service",
        20,
        "does not say that this comes before",
    ),
    "port-forward dials inside the pod's network": (
        r"port-forward[^.]{0,60}(because|since|as)[^.]{0,40}own node",
        26,
        "dials inside the pod's own network",
    ),
    "AdminNetworkPolicy has another name now": (r"(use|with|called) AdminNetworkPolicy", 29, "formerly"),
}


@pytest.mark.parametrize("name", CORRECTED)
def test_a_corrected_sentence_comes_back_nowhere_and_its_rule_says_so(name: str) -> None:
    wrong, number, says = CORRECTED[name]
    texts = {path.name: path.read_text(encoding="utf-8") for path in TEXTS} | SENTENCES
    found = [where for where, text in texts.items() if re.search(wrong, re.sub(r"\s+", " ", text))]
    assert found == []
    rule = catalogue.rule(number)
    assert says in f"{rule.text} {rule.plugins}"


SAID = [
    ("05-egress-and-dns", "*NodeLocal DNSCache* answers on the host network of each node"),
    ("05-egress-and-dns", "some clouds answer at `169.254.169.254`"),
    ("06-flows-and-services", "kubectl get endpointslices"),
    ("09-plugins-and-limits", "| Weave Net | in part | history, and no longer developed"),
    ("09-plugins-and-limits", "unless an engine beside it enforces them"),
]


@pytest.mark.parametrize(("lesson", "words"), SAID)
def test_what_was_left_out_once_is_said_where_it_belongs(lesson: str, words: str) -> None:
    assert words in (ROOT / "notebooks" / "source" / f"{lesson}.md").read_text(encoding="utf-8")


def test_an_answer_leaves_no_hole_for_addresses_that_no_packet_has_there() -> None:
    assert "except" in load("05-egress-and-dns/2").solution.manifest
    assert "10.96." not in load("05-egress-and-dns/2").solution.manifest


def test_why_says_of_a_refusal_that_plugins_may_refuse_too() -> None:
    assert "a few refuse" in line("quiet.refused")


def applied(cluster: SimulatedCluster, *names: str) -> SimulatedCluster:
    for name in names:
        text = data.path("manifests", *name.split("/")).read_text(encoding="utf-8")
        cluster.apply(data.fill(f"# {name}\n{text}", "07"))
    return cluster


def test_what_is_recommended_for_dns_is_what_the_course_teaches() -> None:
    state = applied(SimulatedCluster(), "lab-b/production.yaml", "lab-b/default-deny-all.yaml").snapshot()
    dns = next(pod for pod in state.pods if pod.labels.get("k8s-app") == "kube-dns")
    for protocol in ("UDP", "TCP"):
        change = smallest_change(state, state.verdict(state.endpoint("production/web"), dns, 53, protocol))
        assert change is not None and "UDP 53 and TCP 53" in change.command


@pytest.mark.parametrize(
    ("exercise", "files", "stranger", "server"),
    [
        ("", ("start/pictures.yaml",), "pictures/stranger", "pictures/server"),
        ("03-allow-specific/2", (), "student-07/unauthorized-07", "student-07/server-07"),
        ("03-allow-specific/2", (), "student-07/monitor-07", "student-07/server-07"),
        ("06-flows-and-services/1", (), "default/testkurl", "default/testweb"),
    ],
)
def test_nobody_is_told_to_pass_for_somebody_else(
    exercise: str, files: tuple[str, ...], stranger: str, server: str
) -> None:
    found = load(exercise or "02-default-deny/1")
    cluster = applied(found.start_cluster(), *files)
    state = found.with_visitors(cluster.snapshot())
    verdict = state.verdict(state.endpoint(stranger), state.endpoint(server), 80)
    assert not verdict.allowed
    change = smallest_change(state, verdict)
    assert change is not None and "kubectl label" not in change.command
