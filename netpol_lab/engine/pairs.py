"""Every pair of ends on all ports, from the compressed form of :mod:`netpol_lab.engine.reachability`.

That form answers for single ports. Ports that no rule tells apart have one answer, so one port of each such part
stands for all of it, as one address stands for a part of the outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from netpol_lab.engine.compiled import Engine, port_set
from netpol_lab.engine.meter import watched
from netpol_lab.engine.reachability import MOST_ASKED, Reachability
from netpol_lab.model.objects import Endpoint, External
from netpol_lab.model.ports import PortSet

AT_A_TIME = 1_000_000
"""Pairs whose answers are in memory at a time."""


def connections_between(engine: Engine, groups: Sequence[Sequence[Endpoint]]) -> Iterator[tuple[int, int, PortSet]]:
    """(number of one group, of another or the same, ports) for each two groups between which there is a connection.

    The ends of one group are alike to every policy, and none is on the host network. Within a group, two ends of it
    are meant, never an end and itself. Nothing is said about one address outside and another.
    """
    import numpy as np

    parts = told_apart(_port_sets(engine))
    batches = [parts[start : start + MOST_ASKED] for start in range(0, len(parts), MOST_ASKED)]
    answers = [Reachability(engine, [part.ranges[0][:2] for part in batch]) for batch in batches]
    sources, destinations = [group[0] for group in groups], [group[-1] for group in groups]
    outside = np.array([isinstance(end, External) for end in sources], bool)
    known: dict[tuple[int, ...], PortSet] = {}
    step = AT_A_TIME // max(1, len(groups)) + 1
    for start in watched(range(0, len(groups), step), "Comparing pods"):
        found = [answer.pairs(sources[start : start + step], destinations) for answer in answers]
        some = np.logical_or.reduce([each != 0 for each in found]) & ~np.outer(outside[start : start + step], outside)
        rows, columns = np.nonzero(some)
        bits = zip(*(each[rows, columns].tolist() for each in found), strict=True)
        for one, other, passing in zip((rows + start).tolist(), columns.tolist(), bits, strict=True):
            if one == other and len(groups[one]) < 2:
                continue
            if passing not in known:
                known[passing] = PortSet.union(
                    part
                    for batch, mask in zip(batches, passing, strict=True)
                    for place, part in enumerate(batch)
                    if mask >> place & 1
                )
            yield one, other, known[passing]


def told_apart(sets: Iterable[PortSet]) -> list[PortSet]:
    """All ports by which of some sets hold them: parts that every one of the sets is made of.

    >>> [str(part) for part in told_apart([PortSet.of("TCP"), PortSet.of("TCP", 80)])]
    ['TCP 1-79,81-65535', 'TCP 80', 'UDP All; SCTP All']
    """
    edges: dict[str, dict[int, set[int]]] = {}
    for number, ports in enumerate((PortSet.ALL, *sets)):
        for protocol, first, last in ports:
            for edge in (first, last + 1):
                edges.setdefault(protocol, {}).setdefault(edge, set()).add(number)
    found: dict[frozenset[int], list[tuple[str, int, int]]] = {}
    for protocol, changes in edges.items():
        holding: set[int] = set()
        for edge, following in pairwise(sorted(changes)):
            holding ^= changes[edge]
            found.setdefault(frozenset(holding), []).append((protocol, edge, following - 1))
    return [PortSet.from_ranges(ranges) for ranges in found.values()]


def _port_sets(engine: Engine) -> Iterable[PortSet]:
    """What each item of ``ports`` of any rule stands for; a named port, towards each container that has the name."""
    rules = (rule for policy in engine.policies for rule in (*policy.ingress, *policy.egress))
    items = dict.fromkeys(port for rule in rules for port in rule.ports)
    containers = dict.fromkeys(port for number in range(len(engine.classes)) for port in engine.classes[number].ports)
    named = [(each,) for each in containers if any(item.port == each.name for item in items)]
    sets = (port_set(item, towards, engine.profile) for item in items for towards in ((), *named))
    return dict.fromkeys(ports for ports in sets if ports)
