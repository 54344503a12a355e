"""The state of a real cluster: lists asked of kubectl, and what could not be read said by name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from netpol_lab.cluster.caveats import OTHER_POLICIES
from netpol_lab.cluster.observed import observed
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.engine.profiles import Profile
from netpol_lab.lab.live.own_kubectl import KubectlSaid, LiveError, NotAllowed, OwnKubectl, missing_rights, trouble
from netpol_lab.manifests import from_object
from netpol_lab.manifests.read import Reader, without_garbage_collection
from netpol_lab.model.objects import Pod

IN_NAMESPACES = (
    "pods",
    "services",
    "endpointslices.discovery.k8s.io",
    "networkpolicies.networking.k8s.io",
    "deployments.apps",
    "replicasets.apps",
    "daemonsets.apps",
    "statefulsets.apps",
    "jobs.batch",
    "cronjobs.batch",
)
KINDS = ("namespaces", "nodes", *IN_NAMESPACES)
"""What decides who reaches whom, as ``kubectl get`` takes it."""

SECONDS_FOR_LISTS = 120


def dump_line(namespace: str = "") -> str:
    """The line whose output ``Cluster.from_kubectl_dump`` reads: of the whole cluster, or of one namespace.

    >>> dump_line("shop").split()[3:]
    ['-n', 'shop', '-o', 'json']
    """
    kinds, where = (IN_NAMESPACES, f"-n {namespace}") if namespace else (KINDS, "-A")
    return f"kubectl get {','.join(kinds)} {where} -o json"


@dataclass(frozen=True)
class Observation:
    """One reading of a cluster: the state, and in sentences what is not in it or not certain."""

    state: Snapshot
    notes: tuple[str, ...]


def other_policy_kinds(kubectl: OwnKubectl) -> list[str]:
    """The policy kinds of others that are installed, as ``kubectl get`` takes them."""
    text = kubectl.read("api-resources", "--no-headers")
    found = []
    for line in text.splitlines():
        row = re.fullmatch(r"(\S+)\s+(?:\S+\s+)?(\S+/\S+)\s+(?:true|false)\s+(\S+)(?:\s.*)?", line.strip())
        if row is None:
            continue
        name, version, kind = row.groups()
        group = version.rpartition("/")[0]
        policy = kind.endswith("NetworkPolicy") and group != "networking.k8s.io" and not kind.startswith("Staged")
        if policy or (group, kind) in OTHER_POLICIES:
            found.append(f"{name}.{group}")
    return found


def read_cluster(kubectl: OwnKubectl, profile: Profile, others: Iterable[str] = (), namespace: str = "") -> Observation:
    """Read what decides who reaches whom.

    ``others`` are the policy kinds of others. Where lists of the whole cluster are refused, those of ``namespace`` are
    read. Raises :class:`LiveError` where nothing of it can be read.
    """
    kinds = [*KINDS, *others]
    items, rights = _lists(kubectl, kinds, "-A")
    if rights and namespace:
        denied = [kind for kind in (*IN_NAMESPACES, *others) if not _has(items, kind)]
        more, still = _lists(kubectl, denied, f"--namespace={namespace}") if denied else ([], [])
        items += more
        rights += still
    if rights and not items:
        raise NotAllowed("Nothing of the cluster can be read.\n" + "\n".join(rights[:3]))
    with without_garbage_collection():
        reader = Reader(own=True, strict=False).read_objects(items)
        state, notes = observed(reader.resources, profile)
    left = [f"Left out, and not judged: {each}" for each in reader.skipped]
    return Observation(state, (*rights, *left, *map(str, notes)))


def running_pod(kubectl: OwnKubectl, namespace: str, name: str) -> Pod:
    """One pod as it is now, with an address. Raises :class:`LiveError` where it does not run."""
    body = json.loads(kubectl.read("get", f"pod/{name}", f"--namespace={namespace}", "-o", "json"))
    pod = from_object(body, strict=False).typed
    if not isinstance(pod, Pod) or pod.ip is None or pod.phase != "Running":
        images = ", ".join(each["image"] for each in body["spec"]["containers"])
        raise LiveError(f"The lab's own pod {name} in {namespace} does not run. Its image is {images}.")
    return pod


def _has(items: list[Any], kind: str) -> bool:
    """Whether a list held an object of a kind; one without objects is asked for again, which does no harm."""
    name = kind.partition(".")[0]
    return any(name in (f"{str(each.get('kind')).lower()}s", _plural(str(each.get("kind")))) for each in items)


def _plural(kind: str) -> str:
    return re.sub("y$", "ie", kind.lower()) + "s"


def _lists(kubectl: OwnKubectl, kinds: list[str], where: str) -> tuple[list[Any], list[str]]:
    """The objects of those kinds, and the rights that were missing. kubectl pages the lists."""
    words = ("get", ",".join(kinds), where, "-o", "json", "--chunk-size=500")

    def take(said: KubectlSaid) -> tuple[list[Any], list[str]]:
        rights = missing_rights(said.stderr)
        if said.exit_code and not rights:
            raise trouble(words, said)
        return _items(said.stdout), rights

    return kubectl.ask(words, take, seconds=SECONDS_FOR_LISTS)


def _items(text: str) -> list[Any]:
    """The objects of a List. Raises :class:`LiveError` for an output that was cut."""
    try:
        with without_garbage_collection():
            value = json.loads(text or '{"items": []}')
    except ValueError:
        raise LiveError("What kubectl printed was cut in the middle. Run this again.", again=True) from None
    items = value.get("items") if isinstance(value, dict) else None
    if not isinstance(items, list):
        raise LiveError("kubectl printed no list of objects. Is it kubectl itself that stands on PATH?")
    found = [_what_counts(each) for each in items if isinstance(each, dict)]
    return sorted(found, key=lambda each: str(each["metadata"].get("creationTimestamp")))


_STATUS = {
    "Namespace": ("phase",),
    "Node": ("addresses",),
    "Pod": ("phase", "hostIP", "podIP", "podIPs"),
    "Service": ("loadBalancer",),
}


def _what_counts(item: dict[str, Any]) -> dict[str, Any]:
    """An object without what changes by itself, such as heartbeats and counts of writes: no moment is made of them."""
    metadata = {k: v for k, v in (item.get("metadata") or {}).items() if k not in ("managedFields", "resourceVersion")}
    kind, status = str(item.get("kind")), item.get("status") or {}
    kept = {name: status[name] for name in _STATUS.get(kind, ()) if name in status}
    if kind == "Pod":
        ready = [each.get("status") for each in status.get("conditions") or () if each.get("type") == "Ready"]
        kept["conditions"] = [{"type": "Ready", "status": value} for value in ready]
    known = {**item, "metadata": metadata}
    known.pop("status", None)
    return {**known, "status": kept} if kept else known
