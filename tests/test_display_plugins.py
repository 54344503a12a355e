"""The card that asks every network plugin the same, and the table of what the API leaves to them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from netpol_lab import Cluster
from netpol_lab.connections import connect
from netpol_lab.display import card
from netpol_lab.display import plugins_table as plugins
from netpol_lab.engine.profiles import FLANNEL, POINTS, PROFILES, UPSTREAM
from netpol_lab.model import datafiles as data

BLOCK = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: from-pods, namespace: production}
spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{ipBlock: {cidr: 10.244.0.0/16}}]}]}
"""


@pytest.fixture
def production() -> Cluster:
    cluster = Cluster()
    cluster.apply(data.path("manifests", "lab-b", "production.yaml").read_text(encoding="utf-8"))
    return cluster


def asked(cluster: Cluster, source: str, host: str, port: int) -> card.Picture:
    states = {profile: replace(cluster.snapshot(), enforcement=profile) for profile in PROFILES.values()}
    end = cluster.endpoint(source)
    return plugins.draw({each: connect(states[each], end, host, port) for each in states}, FLANNEL)


def row(picture: card.Picture, plugin: str) -> str:
    return next(line for line in picture.twin.splitlines() if line[3:].startswith(plugin))


def test_without_policies_every_plugin_agrees(production: Cluster):
    picture = asked(production, "production/web", "db", 5432)
    assert picture.title == "Every plugin lets it through"
    assert "no policy isolates either end" in row(picture, "calico")


def test_a_plugin_that_does_not_enforce_says_what_it_ignores(production: Cluster):
    production.apply(data.path("manifests", "lab-b", "default-deny-all.yaml").read_text(encoding="utf-8"))
    picture = asked(production, "production/web", "db", 5432)
    assert picture.title == "2 of 6 profiles let it through"
    assert "the name does not resolve" in row(picture, "upstream")
    assert "ignores policies for egress and ingress" in row(picture, "flannel (this cluster)")


def test_weave_2_3_stops_at_ingress_what_others_stop_at_egress(production: Cluster):
    production.apply(data.path("manifests", "lab-b", "default-deny-all.yaml").read_text(encoding="utf-8"))
    address = str(production.endpoint("production/db").ip)
    picture = asked(production, "production/web", address, 5432)
    assert "stops at egress of web" in row(picture, "cilium")
    assert "stops at ingress of db" in row(picture, "weave-2.3")


def test_an_ip_block_that_is_not_compared_is_named_as_the_reason(production: Cluster):
    production.apply(BLOCK)
    picture = asked(production, "production/web", "db", 5432)
    assert picture.title == "4 of 6 profiles let it through"
    assert "admitted by rule 1 of from-pods" in row(picture, "calico")
    assert "stops at ingress of db (ipBlock: does not match)" in row(picture, "cilium")
    assert "(ipBlock: no ipBlock at all)" in row(picture, "weave-2.3")


def test_the_signs_have_words_for_those_who_do_not_see_them(production: Cluster):
    production.apply(BLOCK)
    html = asked(production, "production/web", "db", 5432).html
    assert html.count('<span class="npl-hide">allowed</span>') == 4
    assert html.count('<span class="npl-hide">blocked</span>') == 2


def test_the_table_has_every_point_of_every_profile_with_its_source():
    picture = plugins.points(tuple(PROFILES.values()))
    assert picture.quiet.endswith("The profiles flannel and aws-vpc-cni ignore policies altogether.")
    for rule, words in POINTS.items():
        assert words in picture.twin
        for profile in (each for each in PROFILES.values() if each.enforces):
            assert profile.decision(rule).words in " ".join(picture.twin.split())
    assert picture.html.count("<details") == 2  # who says so, and the same as text
    assert not re.search(r"\b[DTE]\b", picture.twin), "the project's letters are written out"
    assert UPSTREAM.decision(9).source.startswith("D: ")


def test_the_same_question_gives_the_same_card(production: Cluster):
    first, second = (asked(production, "production/web", "db", 5432) for _ in range(2))
    assert first.html == second.html and first.text == second.text


@pytest.mark.parametrize(
    ("profile", "agent"),
    [
        ("upstream", "cilium"),
        ("cilium", "cilium"),
        ("calico", "calico-node"),
        ("weave-2.3", "weave-net"),
        ("flannel", "kube-flannel-ds"),
        ("aws-vpc-cni", "aws-node"),
    ],
)
def test_each_node_runs_the_agent_of_its_plugin_and_no_other(profile: str, agent: str):
    cluster = Cluster(profile)
    agents = [resource.name for resource in cluster.list("DaemonSet")]
    assert sorted(agents) == sorted([agent] if agent == "cilium" else [agent, "kube-proxy"])
    running = [pod for pod in cluster.pods if pod.owner == f"DaemonSet/{agent}"]
    assert sorted(str(pod.node) for pod in running) == ["control-plane", "node1", "node2"]
    assert all(pod.host_network and pod.phase == "Running" for pod in running)
    others = [(pod.name, pod.ips) for pod in cluster.pods if not pod.owner.startswith("DaemonSet/")]
    assert others == [(pod.name, pod.ips) for pod in Cluster().pods if not pod.owner.startswith("DaemonSet/")]
