"""Objects that were deleted and are still ending: who waits for them, and who finds their name taken.

Time is simulated: it passes while a line waits, and a note says so. A name that is taken is refused as on a real
cluster; whoever types the line again has waited.
"""

from __future__ import annotations

from collections.abc import Collection

from netpol_lab.cluster.ending import NAMESPACE_SECONDS
from netpol_lab.kubectl.failure import Failure, from_server
from netpol_lab.kubectl.resources import ResourceType
from netpol_lab.kubectl.session import Call
from netpol_lab.model.bodies import Key
from netpol_lab.model.objects import Resource
from netpol_lab.model.phrases import some


def wait_until_gone(call: Call, keys: Collection[Key], patience: float) -> list[Key]:
    """Let the time pass that these objects need to end, or as much as there is patience; return those still there."""
    ends, now = call.cluster.snapshot().ending, call.cluster.now
    needed = [(ends[key] - now).total_seconds() if key in ends else patience for key in keys]
    seconds = min(max(needed, default=0), patience)
    call.cluster.advance(seconds)
    left = [key for key in keys if key in call.cluster.objects]
    killed = [
        key[2] for key, each in zip(keys, needed, strict=True) if key not in left and _had_to_be_killed(key, each)
    ]
    if killed:
        call.warn(
            f"note: {seconds:.0f} s of simulated time passed until {some(killed, 3)} went away:"
            " a program that does not end when told to is killed after its grace period"
        )
    return left


def _had_to_be_killed(key: Key, seconds: float) -> bool:
    return seconds > (NAMESPACE_SECONDS if key[0] == "Namespace" else 1)


def timed_out(plural: str, name: str) -> Failure:
    return Failure(f"timed out waiting for the condition on {plural}/{name}")


def check_free(call: Call, kind: ResourceType, resource: Resource, about: str, *, dry: bool) -> None:
    """Raise the server's refusal of a name, or of an object in a namespace, that is still ending.

    The second time nothing is refused: the clock moves on until it is gone; but not in a ``dry`` run.
    """
    name = resource.name
    in_the_way = {
        resource.key: ("AlreadyExists", f'object is being deleted: {kind.qualified} "{name}" already exists'),
        ("Namespace", "", resource.namespace): (
            "Forbidden",
            f'{kind.qualified} "{name}" is forbidden: unable to create new content in namespace {resource.namespace}'
            " because it is being terminated",
        ),
    }
    for key, (reason, words) in in_the_way.items():
        until = call.cluster.snapshot().ending.get(key)
        if until is None or key not in call.cluster.objects:
            continue
        seconds = (until - call.cluster.now).total_seconds()
        if key not in call.session.refused or dry:
            call.session.refused |= set() if dry else {key}
            again = f"{key[2]} takes {seconds:.0f} s more to end; type the line again, and the simulated clock moves on"
            raise from_server(reason, f"{about}{words}", [again])
        wait_until_gone(call, [key], seconds)
    call.session.refused -= in_the_way.keys()
