"""How a deleted pod ends: programs that do not react when they are told to are killed after the grace period."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import PurePosixPath

from netpol_lab.cluster.listening import SHELLS, command_line, container_body, simple_commands
from netpol_lab.cluster.server import fresh, timestamp
from netpol_lab.model.objects import Pod, Resource

NAMESPACE_SECONDS = 6
"""How long the cluster takes to see that a namespace is empty; on a real one it took five to twelve seconds."""

_LONGEST = 366 * 24 * 3600
"""Nobody waits longer for a pod here."""

_UNMOVED = {*SHELLS, "sleep", "tail", "cat", "watch", "wget", "curl", "nc", "netcat", "ncat", "ping", "nslookup", "dig"}
_UNMOVED |= {"httpd", "python", "python3", "node", "top", "yes"}
"""Programs without a handler for SIGTERM: the kernel does not deliver it to the first process of a container then."""


def seconds_to_end(resource: Resource, grace: int | None) -> int:
    """How long a pod that is deleted goes on running; 0 for other objects, and where its programs end when told to.

    ``grace`` takes the place of the pod's own ``terminationGracePeriodSeconds``; None leaves that. API (Pod lifecycle):
    the runtime sends SIGTERM to the first process of each container, and SIGKILL when the grace period is over.
    Programs that are not known here are taken for ones that end.
    """
    pod, body = resource.typed, resource.body
    if not isinstance(pod, Pod) or pod.phase != "Running":
        return 0
    if not any(_is_unmoved(command_line(each, container_body(body, each))) for each in pod.containers):
        return 0
    own = (body.get("spec") or {}).get("terminationGracePeriodSeconds", 30) if grace is None else grace
    return min(max(own, 1), _LONGEST) if isinstance(own, int) else 30


def _is_unmoved(command: tuple[str, ...]) -> bool:
    """A shell hands its place to the program of a script with one command, or to that of ``exec``."""
    simple, text = simple_commands(command), " ".join(command)
    words = simple[-1] if len(simple) == 1 or "exec " in text else command
    return bool(words) and PurePosixPath(words[0]).name in _UNMOVED and "trap " not in text


MARKS = ("deletionTimestamp", "deletionGracePeriodSeconds")


def marked(resource: Resource, until: datetime, seconds: float) -> Resource:
    """The object as the API shows it while it ends."""
    body, seen = fresh(resource.body), resource.typed
    body["metadata"]["deletionTimestamp"] = timestamp(until)
    if isinstance(seen, Pod):
        body["metadata"]["deletionGracePeriodSeconds"] = int(seconds)
        seen = replace(seen, ending=True)
    else:
        body["status"] = {**(body.get("status") or {}), "phase": "Terminating"}
    return replace(resource, body=body, typed=seen)
