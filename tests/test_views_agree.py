"""Matrix, frames, verdict and why say the same of random clusters of every kind, and none without its caveat.

``NETPOL_LAB_WORLDS`` says how many clusters, as for ``test_engine_worlds``; a fiftieth of them unless told.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from random import Random

import pytest
from worlds import state_of, world

from netpol_lab import Cluster
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections import connect_to
from netpol_lab.connections.scene import Scene, SceneNode, build
from netpol_lab.engine.compiled import have_a_family
from netpol_lab.manifests import from_object
from netpol_lab.model.objects import External, Node, Pod, Resource
from netpol_lab.model.ports import PortSet

WORLDS = int(os.environ.get("NETPOL_LAB_WORLDS", "200"))
PARTS = 20

ADDRESSES = {
    "dual stack": ("10.244.1.{}", "fd00:244::1:{}"),
    "dual stack, IPv6 first": ("fd00:244::1:{}", "10.244.1.{}"),
    "IPv6 only": ("fd00:244::1:{}",),
    "mixed": (),
}
SET_ASIDE = (
    ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", ""),
    ("cilium.io/v2", "CiliumNetworkPolicy", "red"),
    ("crd.projectcalico.org/v1", "GlobalNetworkPolicy", ""),
    ("argoproj.io/v1alpha1", "Rollout", "red"),
)


def odd_world(seed: int) -> tuple[Snapshot, list[Resource], tuple[str, int]]:
    """A state with addresses of some kind, pods that ended, and objects that are not judged: those, and a port."""
    random = Random(seed)
    made = world(seed)
    state, kind = state_of(made), random.choice(sorted(ADDRESSES))
    pods = [_pod(random, number, pod, kind) for number, pod in enumerate(state.pods, 2)]
    aside = [_set_aside(*each) for each in SET_ASIDE if random.random() < 0.25]
    changed = [replace(state.objects["Pod", pod.namespace, pod.name], typed=pod) for pod in pods]
    return state.with_objects([*changed, *aside]), aside, made.asked[seed % len(made.asked)]


def _pod(random: Random, number: int, pod: Pod, kind: str) -> Pod:
    if random.random() < 0.1:
        return replace(pod, phase=random.choice(("Succeeded", "Failed")), ips=())
    if random.random() < 0.05:
        return replace(pod, ending=True)
    if pod.host_network or not ADDRESSES[kind]:
        return pod
    return replace(pod, ips=tuple(ip_address(text.format(number)) for text in ADDRESSES[kind]))


def _set_aside(api_version: str, kind: str, namespace: str) -> Resource:
    metadata = {"name": "aside", **({"namespace": namespace} if namespace else {})}
    template = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    return from_object({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": {"template": template}})


def pairs(scene: Scene) -> Iterator[tuple[int, SceneNode, int, SceneNode]]:
    for row, source in enumerate(scene.nodes):
        for column, target in enumerate(scene.nodes):
            if row != column and not (source.is_external and target.is_external):
                yield row, source, column, target


@pytest.mark.parametrize("part", range(PARTS))
def test_every_view_gives_every_pair_the_same_answer(part: int) -> None:
    for seed in range(part, WORLDS, PARTS):
        state, _, asked = odd_world(seed)
        check(state, asked, seed)


def check(state: Snapshot, asked: tuple[str, int], seed: int) -> None:
    cluster = Cluster()
    cluster.restore(state)
    protocol, port = asked
    scene = build(state, fold=False)
    texts, answers = cluster.matrix().to_numpy(), cluster.matrix(port, protocol).to_numpy()
    rows = {(row.source, row.destination): row.ports for row in cluster.connections().itertuples()}
    for row, source, column, target in pairs(scene):
        where = (seed, source.id, target.id, asked)
        ends = (source.endpoint, target.endpoint)
        verdict = state.verdict(*ends, port, protocol)
        meet = have_a_family(*ends)
        assert meet != any(each.kind == "address family" for each in verdict.caveats), where
        outside = source.is_external or target.is_external
        ports = state.engine.connection(*ends) if meet or not outside else PortSet.NONE
        assert texts[row, column] == str(ports), where
        assert answers[row, column] == (asked in ports), where
        assert row_of(rows, source, target) == str(ports), where
        if not meet and outside:
            continue
        assert verdict.allowed == (asked in ports), where
        flow = connect_to(state, *ends, port, protocol)
        if target.is_external and isinstance(flow.destination, Pod):
            continue  # without nodes nothing tells which addresses are outside, and a pod may have this one
        assert flow.verdict is not None and flow.verdict.allowed == verdict.allowed, where
        assert flow.connected <= verdict.allowed, where
    check_diff(cluster, state, seed)


def row_of(rows: dict[tuple[str, str], str], source: SceneNode, target: SceneNode) -> str:
    """The ports of the row that holds a pair; "" where there is none."""
    if not (source.is_external or target.is_external):
        return rows.get((source.id, target.id), "")
    pod, part = (target, source) if source.is_external else (source, target)
    found = []
    for (start, end), ports in rows.items():
        own, span = (end, start) if source.is_external else (start, end)
        first, dash, last = span.partition("-")
        if own == pod.id and dash and "/" not in span and _holds(pod.endpoint, part.endpoint, first, last):
            found.append(ports)
    assert len(found) <= 1
    return found[0] if found else ""


def _holds(pod: object, part: object, first: str, last: str) -> bool:
    """Whether a range holds the address of the outside by which a pod meets it."""
    assert isinstance(pod, Pod) and isinstance(part, External)
    low, high = ip_address(first), ip_address(last)
    families = {address.version for address in pod.ips} or {part.address.version}
    address = next((each for each in part.ips if each.version in families), None)
    return address is not None and address.version == low.version and int(low) <= int(address) <= int(high)


def check_diff(cluster: Cluster, state: Snapshot, seed: int) -> None:
    """Between no policies and these, a row is in the difference where the two frames differ, and nowhere else."""
    free = Cluster()
    free.restore(state.without(key for key in state.objects if key[0] == "NetworkPolicy"))
    before, after = (
        {(row.source, row.destination): row.ports for row in each.connections().itertuples()}
        for each in (free, cluster)
    )
    changed = {pair for pair in {*before, *after} if before.get(pair) != after.get(pair)}
    found = {(row.source, row.destination) for row in free.diff(cluster).itertuples()}
    assert found == changed, seed


def test_no_answer_comes_without_a_caveat_where_something_was_set_aside() -> None:
    for seed in range(min(WORLDS, 500)):
        state, aside, (protocol, port) = odd_world(seed)
        cluster = Cluster()
        cluster.restore(state)
        keys = {each.about for each in cluster.caveats if each.about}
        assert keys == {each.key for each in aside}, seed
        frames = [cluster.matrix(port, protocol), cluster.connections(), cluster.unselected(), cluster.diff(cluster)]
        for frame in frames:
            assert bool(frame.attrs["caveats"]) == bool(cluster.caveats), seed
        assert build(state).caveats == cluster.caveats
        for _, source, _, target in pairs(build(state, fold=False)):
            said = {each.about for each in state.verdict(source.endpoint, target.endpoint, port, protocol).caveats}
            spaces = {source.namespace, target.namespace}
            for each in aside:
                if each.kind != "Rollout" and (not each.namespace or each.namespace in spaces):
                    assert each.key in said, (seed, source.id, target.id)


def test_the_worlds_have_every_kind_of_address_and_pods_that_ended() -> None:
    states = [odd_world(seed)[0] for seed in range(60)]
    stacks = {tuple(address.version for address in pod.ips) for state in states for pod in state.policed_pods}
    assert {(4,), (6,), (4, 6), (6, 4), ()} <= stacks
    assert {pod.phase for state in states for pod in state.pods} == {"Running", "Succeeded", "Failed"}
    assert any(pod.host_network for state in states for pod in state.pods)
    parts = [len([n for n in build(state, fold=False).nodes if n.is_external]) for state in states]
    assert min(parts) == 1 and max(parts) > 1


# -- addresses of two families ------------------------------------------------------------------------

DUAL = """
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: x}
spec: {containers: [{name: c, image: nginx}]}
status: {phase: Running, podIP: %s, podIPs: [%s]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: t, namespace: x}
spec: {podSelector: {}, policyTypes: [Egress], egress: %s}
"""
V4, V6 = "10.42.0.5", "fd00:42::5"
TO_V6 = '[{to: [{ipBlock: {cidr: "::/0"}}]}]'


def stacked(*addresses: str, egress: str = TO_V6) -> Cluster:
    listed = ", ".join(f'{{ip: "{address}"}}' for address in addresses)
    return Cluster.from_manifests(DUAL % (f'"{addresses[0]}"', listed, egress))


def test_with_two_families_the_outside_of_each_is_in_every_view() -> None:
    cluster = stacked(V4, V6)
    nodes = [node.name for node in build(cluster, fold=False).nodes]
    assert nodes == ["a", "External", "::/0"]
    matrix = cluster.matrix(443)
    assert not matrix.loc[("x", "a"), ("", "External")] and matrix.loc[("x", "a"), ("", "::/0")]
    shut = stacked(V4, V6, egress="[]")
    assert list(cluster.diff(shut)["change"]) == ["removed"]


def test_where_no_policy_tells_the_families_apart_one_outside_stands_for_both() -> None:
    cluster = stacked(V4, V6, egress="[]")
    assert [node.name for node in build(cluster).nodes] == ["a", "External"]


@pytest.mark.parametrize("egress", [TO_V6, "[]", "[{}]", '[{to: [{ipBlock: {cidr: "0.0.0.0/0"}}]}]'])
def test_a_cluster_of_ipv6_alone_gives_one_answer_about_the_outside(egress: str) -> None:
    cluster = stacked(V6, egress=egress)
    allowed = bool(cluster.verdict("x/a", "External", 443))
    assert cluster.matrix(443).loc[("x", "a"), ("", "External")] == allowed == (egress in (TO_V6, "[{}]"))
    assert allowed == any("-" in row and "/" not in row for row in cluster.connections()["destination"])
    flow = connect_to(cluster, cluster.endpoint("x/a"), cluster.endpoint("External"), 443)
    assert flow.verdict is not None and flow.verdict.allowed == allowed and flow.address is not None
    assert flow.address.version == 6


def test_ends_without_an_address_of_one_family_are_judged_and_said_never_to_meet() -> None:
    cluster = stacked(V4)
    verdict = cluster.verdict("x/a", "2001:db8::1", 443)
    assert [each.kind for each in verdict.caveats] == ["address family"]
    assert isinstance(verdict.destination, External) and not isinstance(verdict.destination, Node)
    assert all("::" not in row for row in cluster.connections()["destination"])
