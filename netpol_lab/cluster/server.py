"""What the API server, the scheduler and the kubelet add to an object: names, times, addresses, status.

Everything here is a function of the object and of counters in the state, so the same steps always
give the same names and addresses.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping, MutableMapping
from datetime import datetime
from difflib import get_close_matches
from ipaddress import IPv4Network
from typing import Any

from netpol_lab.manifests.name_rules import network as network_of
from netpol_lab.model.bodies import Body
from netpol_lab.model.networks import NODE_PORTS, SERVICE_NETWORK, WITHOUT_NODES

VERSION = "v1.36.3"
"""The kubectl whose output is imitated, and the API whose rules are followed."""

API_SERVER = ("Service", "default", "kubernetes")
"""The API server's own Service."""
API_SERVER_LOOKS = 10
"""The seconds after which the API server looks again whether its Service is there."""

_COUNTED = frozenset(
    {"NetworkPolicy", "Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job", "CronJob", "Pod", "Ingress"}
)
"""Kinds whose ``metadata.generation`` counts the changes of their spec."""

ERR_IMAGE_PULL = "ErrImagePull"
CRASH_LOOP = "CrashLoopBackOff"
_USUAL_IMAGES = (
    *("nginx", "busybox", "redis", "httpd", "postgres", "mysql", "mariadb", "mongo", "memcached", "alpine", "debian"),
    *("ubuntu", "centos", "fedora", "python", "node", "wordpress", "rabbitmq", "tomcat"),
)
"""Images of Docker Hub's library that people type; only a slip in one of these is told from an image of one's own."""

_NAME_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""The letters Kubernetes uses for generated names: no vowels, so that no words arise."""


def digest(*words: object) -> int:
    """A number that depends on the words alone, the same on every machine."""
    return int.from_bytes(hashlib.sha256("\0".join(map(str, words)).encode()).digest()[:8], "big")


def suffix(length: int, *words: object) -> str:
    """A generated-name suffix, as in ``server-07-6f9c4d8b7-x2k5q``."""
    number, letters = digest(*words), ""
    for _ in range(length):
        number, place = divmod(number, len(_NAME_LETTERS))
        letters += _NAME_LETTERS[place]
    return letters


@functools.lru_cache(maxsize=8)
def timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def fresh(body: Mapping[str, Any]) -> Body:
    """A copy whose metadata, spec and status can be filled in; what lies deeper is shared and must not be changed."""
    new = dict(body)
    for part in ("metadata", "spec", "status"):
        if isinstance(new.get(part), Mapping):
            new[part] = dict(new[part])
    new.setdefault("metadata", {})
    return new


def stamp(body: Mapping[str, Any], created: datetime, version: int) -> Body:
    """A :func:`fresh` copy with the metadata every new object gets; what is there already stays."""
    new = fresh(body)
    metadata = new["metadata"]
    metadata.setdefault("creationTimestamp", timestamp(created))
    if new["kind"] in _COUNTED and "spec" in new:
        metadata.setdefault("generation", 1)
    metadata.setdefault("uid", _uid(new["kind"], metadata.get("namespace", ""), metadata.get("name", ""), version))
    metadata["resourceVersion"] = str(version)
    if metadata.get("labels") == {}:
        del metadata["labels"]
    return new


def _uid(*words: object) -> str:
    text = hashlib.sha256("\0".join(map(str, words)).encode()).hexdigest()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}"


def place_pod(
    body: Body, nodes: Mapping[str, Mapping[str, Any]], counters: MutableMapping[str, int], now: datetime
) -> bool:
    """Schedule a pod, give it an address and start it. A pod that comes with an address keeps it.

    ``body`` is changed in place, see :func:`fresh`. ``nodes`` are the nodes' bodies by name. Returns whether its
    containers were started now.

    Simulated pods run at once: image pulls and probes take no time and never fail.
    """
    spec, status = body.setdefault("spec", {}), body.setdefault("status", {})
    if not spec.get("nodeName") and nodes:
        spec["nodeName"] = _schedule(spec, nodes, counters)
    node = nodes.get(spec.get("nodeName", ""))
    host_ip = _node_ip(node)
    if host_ip:
        status.setdefault("hostIP", host_ip)
    if not status.get("podIP"):
        address = host_ip if spec.get("hostNetwork") else _next_address(node, counters)
        if address:
            status["podIP"], status["podIPs"] = address, [{"ip": address}]
    images = {c.get("name"): str(c.get("image", "")) for c in spec.get("containers") or ()}
    missing = {name for name, image in images.items() if nodes and is_mistyped(image)}
    rows = status.get("containerStatuses") or ()
    if not missing and any(_waits(row) and row.get("image") not in images.values() for row in rows):
        for name in ("phase", "conditions", "containerStatuses"):  # the image was put right
            status.pop(name, None)
    starts = not missing and "phase" not in status
    status.setdefault("phase", "Pending" if missing else "Running")
    status.setdefault("startTime", timestamp(now))
    ready = "True" if status["phase"] == "Running" else "False"
    status.setdefault(
        "conditions",
        [{"type": kind, "status": ready} for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled")],
    )
    status.setdefault(
        "containerStatuses", [_container_status(c, now, c.get("name") in missing) for c in spec.get("containers") or ()]
    )
    status.setdefault("qosClass", "BestEffort")
    return starts


def is_mistyped(image: str) -> bool:
    """Whether an image is none of the usual ones of Docker Hub, and nearly one: a real node cannot pull it.

    >>> is_mistyped("ngnix:1.27"), is_mistyped("nginx:1.27"), is_mistyped("example.com/ngnix"), is_mistyped("shop")
    (True, False, False, False)
    """
    name = image.partition("@")[0].partition(":")[0]
    return "/" not in name and name not in _USUAL_IMAGES and bool(get_close_matches(name, _USUAL_IMAGES, 1, 0.8))


def _waits(row: Mapping[str, Any]) -> bool:
    waiting = (row.get("state") or {}).get("waiting") or {}
    return waiting.get("reason") in (ERR_IMAGE_PULL, CRASH_LOOP)


def _container_status(container: Mapping[str, Any], now: datetime, missing: bool) -> Body:
    if missing:
        image = str(container.get("image", ""))
        words = f'failed to pull image "{image}": pull access denied, repository does not exist'
        state = {"waiting": {"reason": ERR_IMAGE_PULL, "message": words}}
        fixed = {"ready": False, "restartCount": 0, "started": False, "state": state}
        return {"name": container.get("name", ""), "image": image, **fixed}
    running = {"running": {"startedAt": timestamp(now)}}
    fixed = {"ready": True, "restartCount": 0, "started": True, "state": running}
    return {"name": container.get("name", ""), "image": container.get("image", ""), **fixed}


def _schedule(
    spec: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]], counters: MutableMapping[str, int]
) -> str:
    """The workers in turn; a nodeSelector narrows the choice."""
    wanted = (spec.get("nodeSelector") or {}).items()
    fits = [n for n, node in known.items() if wanted <= (node["metadata"].get("labels") or {}).items()]
    workers = [n for n in fits if not is_control_plane(known[n])] or fits or list(known)
    turn = counters["scheduled"] = counters.get("scheduled", 0) + 1
    return workers[(turn - 1) % len(workers)]


def is_ready(body: Mapping[str, Any]) -> bool:
    """Whether a pod or a node is Ready by its status; where that says nothing of it, as in manifests, it is so."""
    conditions = (body.get("status") or {}).get("conditions") or ()
    return all(each.get("status") == "True" for each in conditions if each.get("type") == "Ready")


def is_control_plane(node: Mapping[str, Any]) -> bool:
    return "node-role.kubernetes.io/control-plane" in (node["metadata"].get("labels") or {})


def _node_ip(node: Mapping[str, Any] | None) -> str:
    addresses = ((node or {}).get("status") or {}).get("addresses") or ()
    return next((a["address"] for a in addresses if a.get("type") == "InternalIP" and a.get("address")), "")


def _next_address(node: Mapping[str, Any] | None, counters: MutableMapping[str, int]) -> str:
    """Addresses are never used again: a pod that is made anew has a new one, as on a real cluster."""
    own = network_of(((node or {}).get("spec") or {}).get("podCIDR") or "")
    network = own if isinstance(own, IPv4Network) else WITHOUT_NODES
    counter = f"address {network}"
    taken = counters[counter] = counters.get(counter, 1) + 1
    return str(network[taken]) if taken < network.num_addresses - 1 else ""


def place_service(body: Body, taken: Callable[[str], bool]) -> None:
    """Give a Service its cluster IP (and node ports). Headless and ExternalName Services get none.

    ``body`` is changed in place, see :func:`fresh`. ``taken`` tells whether an address belongs to another Service.
    """
    metadata, spec = body["metadata"], body.setdefault("spec", {})
    kind = spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    if kind == "ExternalName":
        return
    if not spec.get("clusterIP"):
        place = digest("service", metadata.get("namespace"), metadata["name"])
        size = SERVICE_NETWORK.num_addresses
        # the first 256 addresses are kept for Services with a fixed one, as kube-apiserver does
        candidates = (str(SERVICE_NETWORK[256 + (place + step) % (size - 512)]) for step in range(size))
        spec["clusterIP"] = next(address for address in candidates if not taken(address))
    spec.setdefault("clusterIPs", [spec["clusterIP"]])
    version = "IPv6" if ":" in spec["clusterIP"] else "IPv4"
    spec.setdefault("ipFamilies", [version])
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    spec.setdefault("internalTrafficPolicy", "Cluster")
    if kind in ("NodePort", "LoadBalancer"):
        spec["ports"] = [{"nodePort": _node_port(metadata, port), **port} for port in spec.get("ports") or ()]


def _node_port(metadata: Mapping[str, Any], port: Mapping[str, Any]) -> int:
    offset = digest("node port", metadata.get("namespace"), metadata["name"], port.get("port"))
    return NODE_PORTS[offset % len(NODE_PORTS)]
