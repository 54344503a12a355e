"""What a kubectl line will do: the simulator does it to a copy of what was seen of the real cluster.

That says what to wait for after the line, and which connections the line tries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from netpol_lab.cluster.handle import SimulatedCluster
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections import Attempt
from netpol_lab.kubectl import Session, run
from netpol_lab.lab.live.waiting import is_ending
from netpol_lab.model.bodies import Key
from netpol_lab.model.objects import Resource


@dataclass(frozen=True)
class Prediction:
    """What one line leads to: objects that will be there, objects that will be gone, and connections it tries.

    ``network``: the plugin, or the proxy of Services, has something to program.
    """

    there: tuple[Key, ...] = ()
    gone: tuple[Key, ...] = ()
    network: bool = False
    attempts: tuple[Attempt, ...] = ()
    written: tuple[Resource, ...] = ()
    """The objects that it writes, with their lines in the student's files."""


def takes_stdin(words: Sequence[str]) -> bool:
    """Whether a kubectl line reads its objects from standard input.

    >>> takes_stdin(["apply", "-n", "shop", "-f", "-"]), takes_stdin(["exec", "web", "--", "cat", "-"])
    (True, False)
    """
    own = list(words[: words.index("--")]) if "--" in words else list(words)
    after = any(pair in (("-f", "-"), ("--filename", "-")) for pair in pairwise(own))
    return after or any(word in ("-f-", "-f=-", "--filename=-") for word in own)


def effect_of_line(state: Snapshot, words: Sequence[str], stdin: str, cwd: str, namespace: str) -> Prediction:
    """The effect of a line on ``state``; an empty one for a line that the simulator does not understand."""
    copy = SimulatedCluster.at(state)
    session = Session(copy, namespace=namespace)
    try:
        run(session, words, lambda: stdin, cwd)
    except Exception:  # the real kubectl answers the student; here it is only not known what to wait for
        return Prediction()
    before, after = state.objects, copy.snapshot().objects
    changed = [key for key, each in after.items() if key not in before or before[key].body != each.body]
    ending = [key for key in changed if is_ending(after[key].body)]  # `kubectl run --rm` leaves such a pod, too
    gone = [*(key for key in before if key not in after), *ending]
    changed = [key for key in changed if key not in ending]
    network = any(
        key[0] in ("NetworkPolicy", "Service") or (key in before and key[0] in ("Pod", "Namespace"))
        for key in (*changed, *(each for each in gone if each[0] == "NetworkPolicy"))
    )
    return Prediction(
        tuple(key for key in changed if has_own_name(key, copy)),
        tuple(
            key
            for key in gone
            if has_own_name(key, state if key in before else copy) and not _inside_one_gone(key, gone)
        ),
        network,
        tuple(replace(each, said="") for each in session.attempts),
        tuple(after[key] for key in changed if after[key].origin is not None),
    )


def has_own_name(key: Key, view: SimulatedCluster | Snapshot) -> bool:
    """Whether the object is called so on every cluster: what a controller makes has a name of chance."""
    found = view.objects[key]
    return not (found.body.get("metadata") or {}).get("ownerReferences") and key[0] != "EndpointSlice"


def _inside_one_gone(key: Key, gone: Sequence[Key]) -> bool:
    return bool(key[1]) and ("Namespace", "", key[1]) in gone
