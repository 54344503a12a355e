"""Lessons 08 and 09 cover what Lab C tells of DockerCoins and Lab D of plugins, and show what they say."""

from __future__ import annotations

import re
from pathlib import Path

import jupytext
import pytest
from coins import edges

from netpol_lab import Cluster
from netpol_lab.connections import connect
from netpol_lab.display import plugins_table as plugins
from netpol_lab.engine.profiles import PROFILES
from netpol_lab.lessons.exercises import load
from netpol_lab.manifests import read_text
from netpol_lab.model import datafiles as data
from netpol_lab.model.errors import ManifestError
from netpol_lab.model.objects import OUTSIDE
from netpol_lab.pods.dockercoins import hash_rate

SOURCE = Path(__file__).resolve().parent.parent / "notebooks" / "source"


def cells(lesson: str, kind: str = "code") -> str:
    found = jupytext.reads((SOURCE / f"{lesson}.md").read_text(encoding="utf-8"), fmt="md:myst").cells
    return "\n".join(cell.source for cell in found if cell.cell_type == kind)


def applied(*files: str, profile: str = "upstream") -> Cluster:
    cluster = Cluster(profile)
    for file in files:
        for resource in read_text(data.path("manifests", *file.split("/")).read_text(encoding="utf-8")):
            cluster.apply(resource)
    return cluster


COINS = "lab-c/dockercoins.yaml"


def test_the_two_official_policies_leave_the_application_and_its_users_alone():
    cluster = applied(COINS, "lab-c/netpol-dockercoins.yaml")
    assert all(edge.works for edge in edges(cluster))
    assert hash_rate(cluster) > 3


@pytest.mark.parametrize("service", ["rng", "hasher"])
def test_the_two_official_policies_close_the_cluster_ips_to_everybody_else(service: str):
    cluster = applied(COINS, "lab-c/netpol-dockercoins.yaml")
    found = cluster.service("default", service)
    assert found is not None
    for source in (OUTSIDE, cluster.endpoint("control-plane"), cluster.endpoint("kube-system/coredns")):
        assert connect(cluster, source, str(found.cluster_ip), 80).outcome == "timed out"


OPENED = [f"lab-c/{name}.yaml" for name in ("dns-out", "worker-out", "rng-from-worker", "hasher-from-worker")]
TROUBLE = ["rng: dns timed out", "rng: timed out", "rng: timed out", "hasher: timed out", "redis: timed out"]


def test_each_policy_moves_the_trouble_to_the_next_edge_until_the_exercise_ends_it():
    cluster = applied(COINS, "lab-c/deny-all.yaml")
    seen = []
    for file in [*OPENED, ""]:
        first = next(edge for edge in edges(cluster) if edge.trouble)
        assert first.trouble is not None and hash_rate(cluster) == 0
        seen.append(f"{first.destination}: {first.trouble.outcome}")
        if file:
            for resource in read_text(data.path("manifests", *file.split("/")).read_text(encoding="utf-8")):
                cluster.apply(resource)
    assert seen == TROUBLE
    cluster.apply(data.path("manifests", "lab-c", "webui-public.yaml").read_text(encoding="utf-8"))
    cluster.apply(load("08-dockercoins/1").solution.manifest)
    assert all(edge.works for edge in edges(cluster)) and hash_rate(cluster) > 3


def test_the_levels_serve_the_second_copy_and_a_fence_around_kube_system_stops_it():
    cluster = applied("lab-c/dockercoins-security.yaml", "lab-c/security-private.yaml")
    cluster.apply(load("08-dockercoins/2").solution.manifest)
    assert hash_rate(cluster, "dockercoins") > 3
    assert all(edge.works for edge in edges(cluster, "dockercoins"))
    cluster.apply(data.path("manifests", "lab-c", "fence-kube-system.yaml").read_text(encoding="utf-8"))
    assert hash_rate(cluster, "dockercoins") == 0
    api = connect(cluster, OUTSIDE, "172.18.0.2", 6443)
    assert api.connected, "policies do not apply to the API server"


def test_the_plugin_table_of_lab_d_is_in_the_lesson_and_agrees_with_the_profiles():
    text = cells("09-plugins-and-limits", "markdown")
    for plugin in ("Calico", "Cilium", "Weave Net", "Flannel", "AWS VPC CNI"):
        assert re.search(rf"^\| {plugin} \|", text, re.MULTILINE), plugin
    assert not PROFILES["flannel"].enforces and not PROFILES["aws-vpc-cni"].enforces
    assert PROFILES["weave-2.3"].enforces == {"ingress"}
    assert PROFILES["calico"].enforces == PROFILES["cilium"].enforces == {"ingress", "egress"}


def passes(profile: str, pair: str) -> bool:
    """Whether the canary's forbidden request gets through: ``in`` or ``out``."""
    cluster = applied("plugins/canary.yaml", profile=profile)
    cluster.apply(load("09-plugins-and-limits/1").solution.manifest)
    return connect(cluster, cluster.endpoint(f"canary/{pair}-client"), f"{pair}-server", 80).connected


@pytest.mark.parametrize(
    ("profile", "through"),
    [
        ("upstream", ""),
        ("calico", ""),
        ("cilium", ""),
        ("weave-2.3", "out"),
        ("flannel", "in out"),
        ("aws-vpc-cni", "in out"),
    ],
)
def test_the_canary_tells_the_plugins_apart(profile: str, through: str):
    assert " ".join(pair for pair in ("in", "out") if passes(profile, pair)) == through


def test_the_way_to_the_api_server_holds_for_all_plugins_but_cilium():
    for profile in PROFILES:
        cluster = applied("plugins/operator.yaml", profile=profile)
        cluster.apply(load("09-plugins-and-limits/2").solution.manifest)
        flow = connect(cluster, cluster.endpoint("operators/operator"), "kubernetes.default", 443)
        assert flow.connected == (profile != "cilium"), profile


def test_only_the_agent_on_the_same_node_gets_into_a_closed_pod():
    cluster = applied("plugins/canary.yaml", "plugins/agents.yaml", "plugins/close-in-server.yaml")
    target = cluster.endpoint("canary/in-server")
    assert cluster.verdict("canary/agent-near", target).allowed
    assert not cluster.verdict("canary/agent-far", target).allowed


def test_every_disagreement_the_project_knows_is_in_the_appendix():
    text = cells("90-appendix", "markdown")
    for case in (
        "`NotIn`",
        "`egress: []`",
        "`ingress: []`",
        "`protocol: UDP`",
        "named port",
        "`podSelector`",
        "share no port",
    ):
        assert re.search(rf"^\|[^|]*{re.escape(case)}", text, re.MULTILINE), case
    for word in ("a pod and itself", "makes no sense", "host network, ipBlock and pod addresses, ICMP"):
        assert word in text


def test_what_no_policy_can_express_is_refused_field_by_field():
    text = data.path("manifests", "plugins", "wishes.yaml").read_text(encoding="utf-8")
    with pytest.raises(ManifestError, match="order") as caught:
        read_text(text)
    for field in ("action", "log", "paths", "dnsName", "tls"):
        assert field in str(caught.value)


def test_the_points_of_the_card_are_those_the_lesson_counts():
    assert plugins.points(tuple(PROFILES.values())).title.startswith("7 points")
    assert "six more such points" in cells("09-plugins-and-limits", "markdown")
