"""DockerCoins as the tests see it: every connection the application needs."""

from __future__ import annotations

from netpol_lab.cluster.snapshot import View
from netpol_lab.connections import connect
from netpol_lab.model.objects import OUTSIDE
from netpol_lab.pods.dockercoins import Edge, part_of, pod_edges


def edges(world: View, namespace: str = "default") -> tuple[Edge, ...]:
    """The connections of one namespace: the worker's three, the web UI's one, and the users'.

    A part that does not run has no edges; of several workers the first is asked. Users come from outside, through the
    NodePort of webui on each node.
    """
    found: list[Edge] = []
    for part in ("worker", "webui"):
        pod = next((pod for pod in world.pods if pod.namespace == namespace and part_of(pod) == part), None)
        if pod is not None:
            found += pod_edges(world, pod)
    service = world.service(namespace, "webui")
    for entry in service.ports if service else ():
        if entry.node_port:
            flows = tuple(connect(world, OUTSIDE, str(node.ip), entry.node_port) for node in world.nodes)
            found.append(Edge("users", "webui", entry.node_port, flows))
    return tuple(found)
