"""A change that was simulated: what to type or write, what it does, and what it does besides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from netpol_lab.cluster.controllers import makes_pods, template_of
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.coach.ways import Way
from netpol_lab.engine.verdict import Verdict
from netpol_lab.model.bodies import Key
from netpol_lab.model.labels import Labels
from netpol_lab.model.networks import DNS_PORT, POD_NETWORK, SYSTEM_NAMESPACE
from netpol_lab.model.objects import GENERATIONS, Direction, Endpoint, External, IPAddress, Node, Pod, Resource
from netpol_lab.model.origin import Origin
from netpol_lab.model.phrases import listed
from netpol_lab.tell.saying import line

ANYWHERE = {4: "0.0.0.0/0", 6: "::/0"}

LAST_ADDRESS = POD_NETWORK[-2]
"""A pod that is made anew gets another address; this one stands for it."""

SHOWN = 3
"""How many other connections a sentence names."""


@dataclass(frozen=True)
class Change:
    """``command`` is what to type or write; ``explanation`` says what it does. Both were checked.

    ``also`` are the other connections that it opens (or closes, where it ``stops`` one), all of them.
    ``resources`` are the objects as the change leaves them, ``deleted`` the keys of those that are gone.
    """

    command: str
    explanation: str
    resources: tuple[Resource, ...] = field(default=(), repr=False, compare=False)
    also: tuple[Way, ...] = field(default=(), repr=False, compare=False)
    stops: bool = False
    deleted: tuple[Key, ...] = field(default=(), repr=False, compare=False)

    @property
    def besides(self) -> str:
        """What the change does besides, as a sentence; "" when that is nothing."""
        if not self.also:
            return ""
        ways = [str(way) for way in self.also[:SHOWN]]
        if len(self.also) > SHOWN:
            ways.append(line("remedy.besides.more", number=len(self.also) - SHOWN))
        return line(f"remedy.besides.{'closes' if self.stops else 'opens'}", ways="; ".join(ways))

    def applied(self, state: Snapshot) -> Snapshot:
        """The state as it would be; pods keep their names where a new template makes them anew."""
        after = state.without(self.deleted).with_objects(self.resources)
        templates = [(each.namespace, f"{each.kind}/{each.name}") for each in self.resources if makes_pods(each)]
        return after.with_objects(_as_templates_say(after, templates))


# -- a connection, for every replica of its ends and after a rollout ---------------------------------


def every_way(state: Snapshot, verdict: Verdict) -> list[Verdict]:
    """The connection between any two replicas of its ends, as they are and as a rollout leaves them.

    The one that was asked about comes first; the ends are found again, their labels may have changed. Of replicas that
    no policy tells apart one stands for all.
    """
    found: dict[tuple[object, ...], Verdict] = {}
    for now in (state, _rolled_out(state, verdict)):
        for source, destination in product(*(_replicas(now, end) for end in (verdict.source, verdict.destination))):
            if source == destination:
                continue  # no policy judges a pod and itself
            key = (now is state, *(_seen(now, *pair) for pair in ((source, destination), (destination, source))))
            if key not in found:
                found[key] = now.verdict(source, destination, verdict.port, verdict.protocol)
    return list(found.values())


def _replicas(state: Snapshot, end: Endpoint) -> list[Endpoint]:
    """An end, and the other pods of its workload."""
    if not isinstance(end, Pod):
        return [end]
    others = [pod for pod in state.pods if _same_workload(pod, end) and pod.id != end.id]
    return [state.pod(end.namespace, end.name) or end, *others]


def _same_workload(pod: Pod, other: Pod) -> bool:
    return bool(pod.owner) and (pod.namespace, pod.owner) == (other.namespace, other.owner)


def _seen(state: Snapshot, end: Endpoint, other: Endpoint) -> object:
    """All that decides about an end that faces another: its class; facing a node, also where it is (D: own node)."""
    if not isinstance(end, Pod):
        return end
    is_node = isinstance(other, Node) or (isinstance(other, Pod) and other.host_network)
    return end.host_network, end.node if is_node else "", state.engine.classes_of(end)


def _rolled_out(state: Snapshot, verdict: Verdict) -> Snapshot:
    """The state after a rollout of both ends: labels are the template's, and addresses are new."""
    ends = (end for end in (verdict.source, verdict.destination) if isinstance(end, Pod) and end.owner)
    renewed = list(_as_templates_say(state, [(end.namespace, end.owner) for end in ends], renew=True))
    return state.with_objects(renewed) if renewed else state


def _as_templates_say(state: Snapshot, owners: list[tuple[str, str]], renew: bool = False) -> Iterator[Resource]:
    for pod in state.pods if owners else ():
        resource, labels = state.get("Pod", pod.namespace, pod.name), template_labels(state, pod)
        if resource is not None and labels is not None and (pod.namespace, pod.owner) in owners:
            ips = _new_addresses(state, pod) if renew else pod.ips
            hashes = {key: value for key, value in pod.labels.items() if key in GENERATIONS}
            yield with_labels(resource, {**labels, **hashes}, ips)


def _new_addresses(state: Snapshot, pod: Pod) -> tuple[IPAddress, ...]:
    """Those of a pod that is made anew: none to rely on, where policies tell parts of the pods' network apart."""
    networks = (each for block in state.engine.addresses.blocks for each in (block.network, *block.except_networks))
    if any(str(each) != str(POD_NETWORK) and each.network_address in POD_NETWORK for each in networks):
        return ()
    return tuple(LAST_ADDRESS if each in POD_NETWORK else each for each in pod.ips)


def template_labels(state: Snapshot, pod: Pod) -> Mapping[str, str] | None:
    """The labels that the pod's workload gives to its pods; None where no workload is known."""
    kind, _, name = pod.owner.partition("/")
    owner = state.get(kind, pod.namespace, name)
    return (template_of(owner.body).get("metadata") or {}).get("labels") or {} if owner else None


def with_labels(resource: Resource, labels: Mapping[str, str], ips: tuple[IPAddress, ...] | None = None) -> Resource:
    """A pod or a namespace with other labels (and other addresses)."""
    body = {**resource.body, "metadata": {**resource.body["metadata"], "labels": dict(labels)}}
    more = {} if ips is None else {"ips": ips}
    typed = replace(resource.typed, labels=Labels(labels), **more)  # type: ignore[arg-type, call-arg, type-var]
    return replace(resource, body=body, typed=typed)


def lasting_labels(state: Snapshot, pod: Pod) -> Labels:
    """The labels people gave to a pod that its replicas have too, and that a rollout does not take away."""
    forms = [each.own_labels for each in _replicas(state, pod) if isinstance(each, Pod)]
    forms += [Labels(given)] if (given := template_labels(state, pod)) is not None else []
    return Labels(item for item in pod.own_labels.items() if all(item in each.items() for each in forms))


def asked_ports(verdict: Verdict) -> tuple[tuple[str, int], ...]:
    """The port that was asked about; of the cluster's DNS both, because long answers come by TCP."""
    other = verdict.destination
    of_cluster = isinstance(other, Pod) and other.namespace == SYSTEM_NAMESPACE
    of_node = isinstance(other, External) and other.address.is_link_local
    if (of_cluster or of_node) and verdict.port == DNS_PORT and verdict.protocol in ("UDP", "TCP"):
        return ("UDP", 53), ("TCP", 53)
    return ((verdict.protocol, verdict.port),)


def ports_text(verdict: Verdict) -> str:
    """``TCP 80``; of the cluster's DNS ``UDP 53 and TCP 53``."""
    return listed(f"{protocol} {port}" for protocol, port in asked_ports(verdict))


def labels_text(labels: Labels) -> str:
    return line("remedy.pods", labels=labels) if labels else line("remedy.pods.all")


def new_policy_text(namespace: str, labels: Labels, way: Direction, rule: str) -> str:
    return line("remedy.new policy", namespace=namespace, pods=labels_text(labels), way=way, rule=rule)


def block_of(endpoint: Endpoint) -> str:
    """The address of an end as a CIDR."""
    return f"{endpoint.ip}/{endpoint.ip.max_prefixlen}" if endpoint.ip else "0.0.0.0/0"


def block_text(block: Mapping[str, Any]) -> str:
    """``0.0.0.0/0 except 10.244.0.0/16``."""
    cidr, holes = str(block["cidr"]), block.get("except")
    return line("remedy.outside.except", block=cidr, holes=listed(holes)) if holes else cidr


def where(origin: Origin | None) -> str:
    """The lines to look at, as the end of what to write; "" when nobody knows."""
    return line("remedy.where", origin=origin) if origin else ""


def free_name(state: Snapshot, namespace: str, wanted: str) -> str:
    """A name that no policy of the namespace has."""
    name, number = wanted, 1
    while state.get("NetworkPolicy", namespace, name):
        number += 1
        name = f"{wanted}-{number}"
    return name
