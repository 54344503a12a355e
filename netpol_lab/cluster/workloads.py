"""Which workload a pod belongs to, under the name people and analysers use: ``namespace/name[Kind]``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from netpol_lab.cluster.controllers import owner_of
from netpol_lab.model.bodies import Key
from netpol_lab.model.objects import Pod, Resource

_DISPLAY = re.compile(r"(?P<name>[^\[\]]+)\[(?P<kind>[^\[\]]+)\]")


def workload_names(pods: Iterable[Pod], objects: Mapping[Key, Resource]) -> dict[str, str]:
    """For each pod's id the workload at the top of its owners; a pod without an owner stands for itself.

    A ReplicaSet leads to its Deployment and a Job to its CronJob, where those are among ``objects``.

    >>> workload_names([Pod("shop", "web-6f9c-x2k5q", owner="Deployment/web"), Pod("shop", "client")], {})
    {'shop/web-6f9c-x2k5q': 'shop/web[Deployment]', 'shop/client': 'shop/client[Pod]'}
    """
    known: dict[Key, str] = {}
    names = {}
    for pod in pods:
        kind, _, name = pod.owner.partition("/") if pod.owner else ("Pod", "", pod.name)
        key = (kind, pod.namespace, name)
        if key not in known:
            known[key] = _display(_top(key, objects))
        names[pod.id] = known[key]
    return names


def _top(key: Key, objects: Mapping[Key, Resource]) -> Key:
    seen = {key}
    while key in objects and (owner := owner_of(objects[key].body)):
        key = (owner[0], key[1], owner[1])
        if key in seen:  # owners that own each other
            break
        seen.add(key)
    return key


def _display(key: Key) -> str:
    kind, namespace, name = key
    return f"{namespace}/{name}[{kind}]"


def matcher(name: str, pods: Iterable[Pod], objects: Mapping[Key, Resource]) -> Callable[[Pod], bool] | None:
    """A test for the pods that ``name``, as ``name[Kind]``, means; None when it has not that form."""
    parts = _DISPLAY.fullmatch(name)
    if parts is None:
        return None
    names = workload_names(pods, objects)
    ending = f"/{parts['name']}[{parts['kind']}]"
    return lambda pod: names[pod.id].endswith(ending)
