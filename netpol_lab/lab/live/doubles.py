"""A pod's double: a pod of the lab's own that policies treat alike, for a pod without a client.

It has the pod's labels, all of them, and its node. No Service sends to it: it has a readiness gate that nobody meets.
No controller adopts or counts it: the pod itself is its controller, and with that pod it goes, whatever becomes of the
lab. An ephemeral container would not do: Kubernetes lets nobody take one out of a pod again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.lab.live.own_kubectl import LiveError, OwnKubectl
from netpol_lab.lab.live.own_objects import OwnObjects, own_pod
from netpol_lab.lab.live.reading import running_pod
from netpol_lab.lab.live.waiting import NEVER_READY, Clock, wait_until
from netpol_lab.model.bodies import Body
from netpol_lab.model.objects import Pod
from netpol_lab.tell.saying import line

MOST = 10
"""Doubles of one probe."""


@dataclass
class Doubles:
    """By the id of a pod: its double, or a sentence about why it has none."""

    pods: dict[str, Pod] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


@contextmanager
def doubles(
    kubectl: OwnKubectl,
    own: OwnObjects,
    state: Snapshot,
    pods: Sequence[Pod],
    tell: Callable[[str], None],
    clock: Clock,
) -> Iterator[Doubles]:
    """Doubles of ``pods`` in a state that was read a moment ago, for as long as it takes; then they are taken away."""
    made: dict[str, Pod] = {}
    found = Doubles()
    try:
        for pod in pods:
            try:
                found.refused[pod.id] = _why_not(state, pod, len(made))
                if not found.refused[pod.id]:
                    made[_name(pod)] = pod
                    own.create(_double(state, pod))
            except LiveError as error:
                found.refused[pod.id] = str(error)
        waiting = [(name, pod) for name, pod in made.items() if not found.refused[pod.id]]
        wait_until(kubectl, [("Pod", pod.namespace, name) for name, pod in waiting], (), tell, clock)
        for name, pod in waiting:
            try:
                found.pods[pod.id] = running_pod(kubectl, pod.namespace, name)
            except LiveError as error:
                found.refused[pod.id] = str(error)
        yield found
    finally:
        for name, pod in made.items():
            try:
                own.delete("pod", pod.namespace, name)
            except LiveError as error:
                tell(f"pod {name} in {pod.namespace} may still be there: {error} lab.reset() takes it away.\n")


def _why_not(state: Snapshot, pod: Pod, made: int) -> str:
    """Why a pod gets no double; "" where it gets one."""
    if pod.host_network:
        return line("probe.double.host network")
    if made >= MOST:
        return line("probe.double.most", most=MOST)
    for service in state.services:
        takes = service.selector is not None and service.selector.items() <= pod.labels.items()
        spec = state.objects["Service", service.namespace, service.name].body["spec"]
        if service.namespace == pod.namespace and takes and spec.get("publishNotReadyAddresses"):
            return line("probe.double.service", service=service.name)
    return ""


def _name(pod: Pod) -> str:
    return f"probe-{hashlib.sha256(pod.id.encode()).hexdigest()[:10]}"


def _double(state: Snapshot, pod: Pod) -> Body:
    metadata = state.objects["Pod", pod.namespace, pod.name].body["metadata"]
    itself = {"apiVersion": "v1", "kind": "Pod", "name": pod.name, "uid": metadata["uid"], "controller": True}
    gates = [{"conditionType": NEVER_READY}]
    double = own_pod(_name(pod), pod.namespace, pod.labels, readinessGates=gates, nodeName=pod.node)
    return {**double, "metadata": {**double["metadata"], "ownerReferences": [itself]}}
