"""Waiting for what the next cell needs: Ready, gone, rolled out. The simulator is instantaneous, a cluster is not."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from netpol_lab.lab.live.own_kubectl import LiveError, OwnKubectl
from netpol_lab.model.bodies import Key, ReadOnlyBody

LIMIT = 120
"""Seconds until the lab stops waiting and says so."""

PAUSE = 1.0
TELL_EVERY = 5.0

NEVER_READY = "netpol-lab/never-ready"
"""A readiness gate that nobody meets: with it a pod of the lab's own runs, and no Service sends to it."""

_WILL_NOT_START = {
    "ErrImagePull": "its image cannot be pulled",
    "ImagePullBackOff": "its image cannot be pulled",
    "InvalidImageName": "the name of its image is none",
    "CrashLoopBackOff": "its program ends again and again",
    "CreateContainerConfigError": "something that it is configured with is missing",
    "CreateContainerError": "its container cannot be made",
    "RunContainerError": "its program cannot be started",
}
_RESOURCES = {
    "Deployment": "deployment.apps",
    "StatefulSet": "statefulset.apps",
    "DaemonSet": "daemonset.apps",
    "ReplicaSet": "replicaset.apps",
}
Say = Callable[[str], None]


@dataclass(frozen=True)
class Clock:
    """The time that passes while the lab waits: the machine's own is never asked what day it is."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


MACHINE = Clock()


def wait_until(kubectl: OwnKubectl, there: Iterable[Key], gone: Iterable[Key], say: Say, clock: Clock) -> bool:
    """Wait until the objects of ``there`` can be used and those of ``gone`` are gone. False where it was given up.

    ``say`` gets the progress. Never raises for an object that does not get there.
    """
    started, told = clock.now(), -TELL_EVERY
    waits = {key: _usable for key in there if key[0] in ("Namespace", "Pod", *_RESOURCES)}
    waits |= {key: _is_gone for key in gone if key[0] in ("Namespace", "Pod", *_RESOURCES)}
    open_: dict[Key, str] = {}
    while waits:
        try:
            found = look_up(kubectl, waits)
        except LiveError as error:
            say(f"The lab does not wait any longer: {error}\n")
            return False
        open_ = {key: words for key, check in waits.items() if (words := check(key, found.get(key)))}
        for key in [each for each, words in open_.items() if words.startswith("!")]:
            say(f"{_name(key)}: {open_.pop(key)[1:]}. The lab does not wait for it.\n")
        waits = {key: waits[key] for key in open_}
        if not waits:
            break
        spent = clock.now() - started
        if spent >= LIMIT:
            say(f"After {LIMIT} s the lab stops waiting: {_listed(open_)}. {_reason(open_, found)}\n")
            return False
        if spent - told >= TELL_EVERY:
            say(f"waiting for the cluster ({spent:.0f} s): {_listed(open_)}\n")
            told = spent
        clock.sleep(PAUSE)
    return True


def look_up(kubectl: OwnKubectl, keys: Iterable[Key]) -> dict[Key, Mapping[str, Any]]:
    """The objects of those names that are there; one question per namespace."""
    by_namespace: dict[str, list[Key]] = {}
    for key in keys:
        by_namespace.setdefault(key[1], []).append(key)
    found: dict[Key, Mapping[str, Any]] = {}
    for namespace, inside in by_namespace.items():
        names = [f"{_RESOURCES.get(kind, kind.lower())}/{name}" for kind, _, name in inside]
        where = [f"--namespace={namespace}"] if namespace else []
        text = kubectl.read("get", *names, *where, "--ignore-not-found", "-o", "json")
        for body in _bodies(text):
            found[body["kind"], namespace, body["metadata"]["name"]] = body
    return found


def _bodies(text: str) -> Iterator[Any]:
    if not text.strip():
        return
    try:
        value = json.loads(text)
    except ValueError:
        raise LiveError("What kubectl printed was cut in the middle.", again=True) from None
    yield from value["items"] if str(value.get("kind", "")).endswith("List") else [value]


def is_ending(body: ReadOnlyBody) -> bool:
    """Whether an object was deleted and is still there, for a grace period or a finalizer."""
    return bool((body.get("metadata") or {}).get("deletionTimestamp"))


def _usable(key: Key, body: ReadOnlyBody | None) -> str:
    """Why an object cannot be used yet; "" when it can, and with ``!`` before it where it never will."""
    if body is None:
        return "is not there yet"
    if is_ending(body):
        return "is ending"
    status = body.get("status") or {}
    if key[0] == "Pod":
        gates = [each.get("conditionType") for each in (body.get("spec") or {}).get("readinessGates") or ()]
        return _pod_usable(status, "ContainersReady" if NEVER_READY in gates else "Ready")
    return "" if key[0] == "Namespace" else _rolled_out(body, status)


def _pod_usable(status: ReadOnlyBody, wanted: str) -> str:
    if status.get("phase") in ("Succeeded", "Failed"):
        return ""
    for row in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        why = ((row.get("state") or {}).get("waiting") or {}).get("reason", "")
        if why in _WILL_NOT_START:
            return f"!{_WILL_NOT_START[why]} ({why})"
    conditions = status.get("conditions") or ()
    for each in conditions:
        if each.get("type") == "PodScheduled" and each.get("reason") == "Unschedulable":
            return "has no node that can take it"
    return "" if any(c.get("type") == wanted and c.get("status") == "True" for c in conditions) else "is not Ready"


def _rolled_out(body: ReadOnlyBody, status: ReadOnlyBody) -> str:
    metadata, spec = body["metadata"], body.get("spec") or {}
    if status.get("observedGeneration", metadata.get("generation", 0)) < metadata.get("generation", 0):
        return "is not rolled out"
    if body["kind"] == "DaemonSet":
        wanted = status.get("desiredNumberScheduled", 0)
        have = [status.get("updatedNumberScheduled", wanted), status.get("numberReady", 0)]
    else:
        wanted = spec.get("replicas", 1)
        ready = status.get("availableReplicas" if body["kind"] == "Deployment" else "readyReplicas") or 0
        have = [ready, status.get("replicas") or 0]
        if body["kind"] == "Deployment":
            have.append(status.get("updatedReplicas") or 0)
    return "" if all(count == wanted for count in have) else f"is not rolled out ({min(have)} of {wanted})"


def _is_gone(key: Key, body: ReadOnlyBody | None) -> str:
    if body is None:
        return ""
    return "is ending" if is_ending(body) else "is still there"


def _name(key: Key) -> str:
    return f"{key[0].lower()} {key[2]}" + (f" in {key[1]}" if key[1] else "")


def _listed(open_: Mapping[Key, str]) -> str:
    shown = [f"{_name(key)} {words}" for key, words in list(open_.items())[:3]]
    return ", ".join(shown) + (f" and {len(open_) - 3} more" if len(open_) > 3 else "")


def _reason(open_: Iterable[Key], found: Mapping[Key, ReadOnlyBody]) -> str:
    """What the cluster itself says about the first object that holds it up."""
    for key in open_:
        body = found.get(key) or {}
        finalizers = [
            str(each) for part in ("metadata", "spec") for each in (body.get(part) or {}).get("finalizers") or ()
        ]
        conditions = (body.get("status") or {}).get("conditions") or ()
        said = [str(each["message"]) for each in conditions if each.get("message")][:2]
        held = [f"it is held by the finalizers {', '.join(finalizers)}"] if finalizers and is_ending(body) else []
        if held or said:
            return f"The cluster says of {_name(key)}: {'; '.join([*held, *said])}."
    return "`kubectl describe` may say why."
