"""A cluster whose pods ask a cache on their node for names: NodeLocal DNSCache, at an address of the host network.

Source: kubernetes/kubernetes, cluster/addons/dns/nodelocaldns/README.md: a selector may not be enough, since the cache
runs on the host network; an ipBlock is what it shows.
"""

from __future__ import annotations

import pytest

from netpol_lab import Cluster
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.coach.admit import smallest_change
from netpol_lab.connections import Flow, connect
from netpol_lab.connections.resolving import Resolver
from netpol_lab.display import why
from netpol_lab.model import datafiles as data

FILES = ("production", "default-deny-all", "allow-dns", "node-local-dns")


def manifest(name: str) -> str:
    return data.path("manifests", "lab-b", f"{name}.yaml").read_text(encoding="utf-8")


@pytest.fixture
def cluster() -> Cluster:
    found = Cluster()
    for name in FILES:
        found.apply(manifest(name))
    return found


def asks(state: Snapshot) -> Flow:
    return connect(state, state.endpoint("production/web"), "api", 8080)


def test_pods_ask_the_address_of_the_cache_and_no_selector_reaches_it(cluster: Cluster) -> None:
    state = cluster.snapshot()
    assert Resolver(state, state.endpoint("production/web")).nameserver == "169.254.20.10"
    flow = asks(state)
    assert flow.outcome == "dns timed out"
    text = why.draw(flow).text
    assert "the question web -> 169.254.20.10 UDP 53 is blocked at egress of web" in text
    assert "selectors match pods only" in text and "kube-dns is" not in text


def test_a_block_with_the_address_of_the_cache_lets_the_question_pass(cluster: Cluster) -> None:
    cluster.apply(manifest("allow-node-local-dns"))
    flow = asks(cluster.snapshot())
    assert flow.outcome == "timed out" and flow.steps[0].fact == "resolved"
    assert not [each for each in cluster.warnings() if each.id == "no-dns"]


def test_the_advice_and_the_remedy_name_the_block_with_both_protocols(cluster: Cluster) -> None:
    found = next(each for each in cluster.warnings() if each.id == "no-dns")
    assert "ipBlock 169.254.20.10/32" in found.near
    dns = asks(cluster.snapshot()).dns
    assert dns is not None
    change = smallest_change(cluster.snapshot(), dns)
    assert change is not None and "egress to 169.254.20.10, UDP 53 and TCP 53" in change.command


def test_without_the_cache_nothing_answers_there_and_pods_ask_kube_dns(cluster: Cluster) -> None:
    cluster.delete("DaemonSet", "kube-system", "node-local-dns")
    state = cluster.snapshot()
    assert Resolver(state, state.endpoint("production/web")).nameserver == "10.96.0.10"
    assert connect(state, state.endpoint("dev/tools"), "169.254.20.10", 53, "UDP").outcome == "timed out"


def test_a_cache_without_an_address_is_no_cache(cluster: Cluster) -> None:
    for place, instead in (('"-localip", ', ""), ("169.254.20.10", "nonsense")):
        cluster.apply(manifest("node-local-dns").replace(place, instead))
        assert cluster.node_local_dns is None
