"""A suggested change holds for every replica of the workloads asked about, and still after a rollout."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import product

import pytest
from small_clusters import policy_resource
from test_remedy_exact import others_of, reach
from worlds import World, world

from netpol_lab import Cluster
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.coach.admit import smallest_change
from netpol_lab.coach.change import Change
from netpol_lab.coach.stop import smallest_stop
from netpol_lab.engine.verdict import Verdict
from netpol_lab.kubectl import Session, run
from netpol_lab.manifests import from_object
from netpol_lab.model.objects import NetworkPolicy, Pod
from netpol_lab.model.ports import PortSet

WORLDS = 60
Reach = dict[tuple[str, str], PortSet]


def cluster_of(each: World) -> Cluster:
    """A world whose pods are Deployments with two replicas; a real controller makes the pods."""
    cluster = Cluster()
    for name, labels in each.rules.namespaces.items():
        metadata = {"name": name, "labels": dict(labels)}
        cluster.apply(from_object({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}))
    for pod in each.pods:
        container = {
            "name": "c",
            "image": "nginx",
            "ports": [{"containerPort": port.port, "protocol": port.protocol} for port in dict.fromkeys(pod.ports)],
        }
        mine = {"name": pod.name}
        template = {"metadata": {"labels": {**pod.labels, **mine}}, "spec": {"containers": [container]}}
        spec = {"replicas": 2, "selector": {"matchLabels": mine}, "template": template}
        metadata = {"name": pod.name, "namespace": pod.namespace}
        cluster.apply(from_object({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}))
    for policy in each.rules.policies:
        cluster.apply(from_object(policy))
    return cluster


def replicas(state: Snapshot, pod: Pod) -> list[Pod]:
    return [each for each in state.pods if (each.namespace, each.owner) == (pod.namespace, pod.owner)]


def ways(state: Snapshot, verdict: Verdict) -> Iterator[Verdict]:
    ends = [replicas(state, end) for end in (verdict.source, verdict.destination) if isinstance(end, Pod)]
    pairs = (pair for pair in product(*ends) if pair[0] != pair[1])
    return (state.verdict(*pair, verdict.port, verdict.protocol) for pair in pairs)


def restart(cluster: Cluster, verdict: Verdict) -> None:
    for end in {verdict.source, verdict.destination}:
        assert isinstance(end, Pod)
        line = f"rollout restart deployment {end.owner.partition('/')[2]} -n {end.namespace}"
        assert run(Session(cluster), line.split()).exit_code == 0


def make(cluster: Cluster, change: Change) -> None:
    """As a person would: the commands are typed, the policies are applied."""
    for line in change.command.splitlines():
        if line.startswith("kubectl "):
            assert run(Session(cluster), shlex.split(line)[1:]).exit_code == 0
    for resource in change.resources:
        if isinstance(resource.typed, NetworkPolicy):
            cluster.apply(resource)


def questions(each: World, cluster: Cluster, allowed: bool) -> Verdict | None:
    state = cluster.snapshot()
    pods = [pod for pod in state.pods if pod.namespace in each.rules.namespaces]
    asked = (state.verdict(*pair, port, way) for pair in product(pods, repeat=2) for way, port in each.asked)
    return next((one for one in asked if one.allowed == allowed and one.source != one.destination), None)


def by_workload(state: Snapshot, found: Reach) -> Reach:
    """What opened between workloads; ends that are no pods keep their names."""
    name = {pod.id: f"{pod.namespace}/{pod.owner}" if pod.owner else pod.id for pod in state.pods}
    summed: Reach = {}
    for (source, destination), ports in found.items():
        pair = name.get(source, source), name.get(destination, destination)
        summed[pair] = summed.get(pair, PortSet.NONE) | ports
    return summed


def test_on_random_deployments_a_change_admits_every_replica_and_lasts_and_opens_what_it_says() -> None:
    made = 0
    for seed in range(WORLDS):
        each = world(seed)
        cluster = cluster_of(each)
        verdict = questions(each, cluster, allowed=False)
        if verdict is None:
            continue
        before = cluster.snapshot()
        change = smallest_change(cluster, verdict)
        assert change is not None, f"world {seed}"
        make(cluster, change)
        after = cluster.snapshot()
        assert all(one.allowed for one in ways(after, verdict)), f"world {seed}: {change}"
        restart(cluster, verdict)
        assert all(one.allowed for one in ways(cluster.snapshot(), verdict)), f"world {seed}: {change}"
        assert not any(line.startswith("kubectl label pod") for line in change.command.splitlines())
        old, new = reach(before, others_of(each)), reach(after, others_of(each))
        opened = {pair: new[pair] - old[pair] for pair in old if new[pair] - old[pair]}
        told = {pair: way.ports for way in change.also for pair in product(way.sources, way.destinations)}
        asked = {
            (one.source.id, one.destination.id): PortSet.of(one.protocol, one.port) for one in ways(before, verdict)
        }  # type: ignore[union-attr]
        said = by_workload(
            before, {pair: told.get(pair, PortSet.NONE) | asked.get(pair, PortSet.NONE) for pair in (*told, *asked)}
        )
        for pair, ports in by_workload(before, opened).items():
            if all("/" in end for end in pair):
                assert not ports - said.get(pair, PortSet.NONE), f"world {seed}: {pair} {ports}; {change}"
        assert all(not old[pair] - new[pair] for pair in old), f"world {seed}: {change}"
        made += 1
    assert made > WORLDS / 3


def test_on_random_deployments_a_stop_holds_for_every_replica_and_lasts() -> None:
    made = 0
    for seed in range(WORLDS):
        each = world(seed)
        cluster = cluster_of(each)
        verdict = questions(each, cluster, allowed=True)
        change = smallest_stop(cluster, verdict) if verdict else None
        if verdict is None or change is None:
            continue
        make(cluster, change)
        assert not any(one.allowed for one in ways(cluster.snapshot(), verdict)), f"world {seed}: {change}"
        restart(cluster, verdict)
        assert not any(one.allowed for one in ways(cluster.snapshot(), verdict)), f"world {seed}: {change}"
        made += 1
    assert made > WORLDS / 3


SHOP = """
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, role: %s}}
    spec: {containers: [{name: c, image: nginx}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c, image: nginx}]}
---
apiVersion: v1
kind: Pod
metadata: {name: admin, namespace: shop, labels: {app: admin, role: front}}
spec: {containers: [{name: c, image: nginx}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow, namespace: shop}
spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {%s}}}]}]}
"""


def shop(role: str = "front", wanted: str = "role: front") -> Cluster:
    cluster = Cluster()
    cluster.apply(SHOP % (role, wanted))
    return cluster


def test_a_mistyped_label_of_a_workload_is_put_right_in_its_template() -> None:
    cluster = shop(role="frnot")
    verdict = cluster.verdict("shop/web", "shop/db", 80)
    change = smallest_change(cluster, verdict)
    assert change is not None
    patch = '{"spec":{"template":{"metadata":{"labels":{"role":"front"}}}}}'
    assert change.command == f"kubectl patch deployment web -n shop -p '{patch}'"
    make(cluster, change)
    for _ in range(2):
        assert all(one.allowed for one in ways(cluster.snapshot(), verdict))
        restart(cluster, cluster.verdict("shop/web", "shop/web", 80))


def test_a_label_by_which_a_workload_knows_its_pods_is_never_changed() -> None:
    cluster = shop(wanted="app: wbe")
    cluster.apply(
        from_object(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "other", "namespace": "shop", "labels": {"app": "wbe"}},
                "spec": {"containers": [{"name": "c", "image": "nginx"}]},
            }
        )
    )
    change = smallest_change(cluster, cluster.verdict("shop/web", "shop/db", 80))
    assert change is not None and "kubectl" not in change.command


def test_a_label_put_on_one_replica_by_hand_is_nothing_to_rely_on() -> None:
    cluster = shop(wanted="app: nobody")
    (one, *_) = (pod for pod in cluster.pods if pod.owner == "Deployment/web")
    assert run(Session(cluster), f"label pod {one.name} -n shop special=yes".split()).exit_code == 0
    verdict = cluster.verdict(f"shop/{one.name}", "shop/db", 80)
    change = smallest_change(cluster, verdict)
    assert change is not None and "special" not in change.command
    make(cluster, change)
    restart(cluster, cluster.verdict("shop/web", "shop/web", 80))
    assert cluster.verdict("shop/web", "shop/db", 80).allowed


PEERS = {
    "wrong key for the namespace's name": (
        "namespaceSelector: {matchLabels: {kubernetes.io/name: shop}}",
        "write kubernetes.io/metadata.name: shop in place of kubernetes.io/name: shop in rule 1 of allow",
    ),
    "a label of pods for namespaces": (
        "namespaceSelector: {matchLabels: {role: front}}",
        "write podSelector in place of namespaceSelector in rule 1 of allow",
    ),
    "capitals": (
        "podSelector: {matchLabels: {role: Front}}",
        "write role: front in place of role: Front in rule 1 of allow",
    ),
    "AND written for OR": (
        "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, "
        "podSelector: {matchLabels: {role: front}}",
        "put a dash before podSelector in rule 1 of allow: two items in place of one with both selectors",
    ),
}


@pytest.mark.parametrize("slip", PEERS)
def test_the_change_is_what_the_warning_says_was_meant(slip: str) -> None:
    peer, command = PEERS[slip]
    cluster = Cluster()
    cluster.apply((SHOP % ("front", "x: x")).replace("podSelector: {matchLabels: {x: x}}", peer))
    (warning,) = cluster.warnings()
    assert warning.near and warning.repairs
    verdict = cluster.verdict("shop/web", "shop/db", 80)
    change = smallest_change(cluster, verdict)
    assert change is not None
    assert re.sub(r" \(line \d+\)$", "", change.command) == command
    make(cluster, change)
    assert all(one.allowed for one in ways(cluster.snapshot(), verdict)) and not cluster.warnings()


def test_a_policy_in_the_wrong_namespace_is_written_where_the_pods_are() -> None:
    cluster = Cluster()
    cluster.apply((SHOP % ("front", "role: front")).replace("allow, namespace: shop", "allow, namespace: default"))
    deny = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "spec": {"podSelector": {}},
        "metadata": {"name": "deny", "namespace": "shop"},
    }
    cluster.apply(from_object(deny))
    change = smallest_change(cluster, cluster.verdict("shop/web", "shop/db", 80))
    assert change is not None and change.command.startswith(
        "write namespace: shop in place of namespace: default in allow"
    )
    make(cluster, change)
    assert cluster.verdict("shop/web", "shop/db", 80).allowed


def test_dns_is_opened_by_udp_and_tcp() -> None:
    cluster = shop()
    cluster.apply(policy_resource("shop/deny", podSelector={}, policyTypes=["Egress"]))
    change = smallest_change(cluster, cluster.verdict("shop/web", "kube-system/coredns", 53, "UDP"))
    assert change is not None and change.besides == ""
    assert change.command.endswith("egress to pods with k8s-app=kube-dns in kube-system, UDP 53 and TCP 53")
    make(cluster, change)
    for protocol in ("UDP", "TCP"):
        assert cluster.verdict("shop/web", "kube-system/coredns", 53, protocol).allowed


def test_the_outside_is_no_single_address() -> None:
    cluster = shop()
    cluster.apply(policy_resource("shop/deny", podSelector={}, policyTypes=["Egress"]))
    change = smallest_change(cluster, cluster.verdict("shop/web", "External", 443))
    assert change is not None and change.besides == ""
    assert change.command.endswith("egress to the outside, 0.0.0.0/0 except 10.244.0.0/16 and 172.18.0.0/16, TCP 443")
    make(cluster, change)
    assert cluster.verdict("shop/web", "203.0.113.5", 443).allowed
