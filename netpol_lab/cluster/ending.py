"""How pods end: by themselves, and deleted, when programs that do not react are killed after the grace period."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from netpol_lab.cluster.listening import SHELLS, command_line, container_body, is_running, simple_commands
from netpol_lab.cluster.server import CRASH_LOOP, fresh, timestamp
from netpol_lab.model.bodies import Body
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
    run = (each for each in pod.containers if is_running(body, each.name))
    if not any(_is_unmoved(command_line(each.image, container_body(body, each))) for each in run):
        return 0
    own = (body.get("spec") or {}).get("terminationGracePeriodSeconds", 30) if grace is None else grace
    return min(max(own, 1), _LONGEST) if isinstance(own, int) else 30


def _is_unmoved(command: tuple[str, ...]) -> bool:
    """A shell hands its place to the program of a script with one command, or to that of ``exec``."""
    simple, text = simple_commands(command), " ".join(command)
    words = simple[-1] if len(simple) == 1 or "exec " in text else command
    return bool(words) and PurePosixPath(words[0]).name in _UNMOVED and "trap " not in text


def end_idle_shells(body: Body, now: datetime) -> None:
    """End the containers of a Pod object that run a shell with nothing to read, such as busybox without a command.

    A real one ends as soon as it starts, with 0: its input is empty. That of a container with ``stdin`` or ``tty`` is
    not. ``body`` is changed in place, see :func:`fresh`.
    """
    containers = body["spec"].get("containers") or ()
    names = [str(each.get("name")) for each in containers if _is_idle_shell(each)]
    if started := [name for name in names if is_running(body, name)]:
        end_containers(body, started, 0, now)


def _is_idle_shell(container: Mapping[str, Any]) -> bool:
    words = command_line(str(container.get("image", "")), container)
    is_shell = len(words) == 1 and PurePosixPath(words[0]).name in SHELLS
    return is_shell and not (container.get("stdin") or container.get("tty"))


def end_containers(body: Body, names: Container[str], exit_code: int, now: datetime) -> None:
    """Write into a Pod object's status that containers have ended, as ``restartPolicy`` has it.

    Kubelet: one that is to run again is started at once, ends again, and waits longer each time. `kubectl get pods`
    shows Completed or Error for a second, and CrashLoopBackOff nearly all of the time: that is what it shows here.
    """
    spec, status, at = body["spec"], body["status"], timestamp(now)
    policy = spec.get("restartPolicy", "Always")
    ended = {"exitCode": exit_code, "reason": "Error" if exit_code else "Completed", "finishedAt": at}
    rows = [dict(row) for row in status.get("containerStatuses") or ()]
    for row in rows:
        if row["name"] not in names:
            continue
        started = ((row.get("state") or {}).get("running") or {}).get("startedAt", at)
        terminated = {"terminated": {**ended, "startedAt": started}}
        row.update(ready=False, started=False, state=terminated)
        if policy == "Always" or (policy == "OnFailure" and exit_code):
            row.update(restartCount=1, state={"waiting": {"reason": CRASH_LOOP}}, lastState=terminated)
    if all("terminated" in (row.get("state") or ()) for row in rows):
        status["phase"] = "Failed" if exit_code else "Succeeded"
    status["containerStatuses"] = rows
    status["conditions"] = [
        {**each, "status": "False"} if each.get("type") in ("Ready", "ContainersReady") else each
        for each in status.get("conditions") or ()
    ]


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
