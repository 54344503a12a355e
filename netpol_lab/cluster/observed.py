"""A state of a real cluster, from what kubectl printed of it.

Nothing is simulated: no controller makes a pod, no scheduler gives an address. What is not there was not there.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network

from netpol_lab.cluster.server import is_ready
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.engine.profiles import Profile
from netpol_lab.manifests import Problem, from_object
from netpol_lab.manifests.problem import ObjectReference
from netpol_lab.model.objects import IPAddress, IPNetwork, Pod, Resource

LABELS_UNKNOWN = "not among these objects: of its labels only kubernetes.io/metadata.name is known"
NO_ADDRESS_YET = "has no address yet ({phase}): no connection begins or ends there"
NOT_READY = "is not Ready: no Service sends connections to it, unless it says publishNotReadyAddresses"


def observed(resources: Iterable[Resource], profile: Profile) -> tuple[Snapshot, list[Problem]]:
    """The state, and what has to be known about it: namespaces that were not read, pods that do not run yet."""
    found = {each.key: each for each in resources}
    used = dict.fromkeys(each.namespace for each in found.values() if each.namespace)
    missing = [name for name in used if ("Namespace", "", name) not in found]
    for name in missing:
        metadata = {"name": name, "labels": {"kubernetes.io/metadata.name": name}}
        made = from_object({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}, strict=False)
        found[made.key] = made
    notes = [_note("Namespace", "", name, LABELS_UNKNOWN) for name in missing]
    notes += [_note("Pod", each.namespace, each.name, words) for each in found.values() if (words := _unready(each))]
    return Snapshot(found, profile, counters=_addresses_taken(found.values())), notes


def _unready(resource: Resource) -> str:
    """What keeps a pod from taking part; "" for one that does, one that has ended, and all other objects."""
    pod = resource.typed
    if not isinstance(pod, Pod) or pod.phase not in ("Pending", "Running"):
        return ""
    if not pod.ips:
        return NO_ADDRESS_YET.format(phase=pod.phase)
    return "" if is_ready(resource.body) else NOT_READY


def _note(kind: str, namespace: str, name: str, words: str) -> Problem:
    return Problem("missing", words, object=ObjectReference("v1", kind, namespace, name))


def _addresses_taken(resources: Iterable[Resource]) -> dict[str, int]:
    """The counters of a simulated cluster: a pod that is imagined gets no address that a real one has."""
    ranges: list[IPNetwork] = []
    addresses: list[IPAddress] = []
    for each in resources:
        if each.kind == "Node":
            cidr = (each.body.get("spec") or {}).get("podCIDR") or ""
            ranges += [ip_network(cidr, strict=False)] if cidr else []
        elif isinstance(each.typed, Pod):
            addresses += each.typed.ips
    return {
        f"address {network}": max((int(ip) - int(network[0]) for ip in addresses if ip in network), default=1)
        for network in ranges
    }
