"""Every pair of ends on all ports, from the compressed form of :mod:`netpol_lab.engine.reachability`.

That form answers for single ports. Ports that no rule tells apart have one answer, so one port of each such part
stands for all of it, as one address stands for a part of the outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from netpol_lab.engine.compiled import Ends, Engine, port_set
from netpol_lab.engine.meter import watched
from netpol_lab.engine.reachability import MOST_ASKED, Reachability
from netpol_lab.model.objects import ON_THE_WAY, Endpoint, External
from netpol_lab.model.ports import PortSet

if TYPE_CHECKING:
    from netpol_lab.engine.reachability import Array

AT_A_TIME = 1_000_000
"""Pairs whose answers are in memory at a time."""

T = TypeVar("T")


@dataclass(frozen=True)
class Numbered(Generic[T]):
    """A table in which few different values occur very often: their numbers, and what each number stands for."""

    numbers: Array
    values: list[T]


class AllPorts:
    """The answers of an engine on all ports. ``blocks`` as for :meth:`Engine.admitted`."""

    def __init__(self, engine: Engine, blocks: bool = True) -> None:
        parts = told_apart(_port_sets(engine))
        self._batches = [parts[start : start + MOST_ASKED] for start in range(0, len(parts), MOST_ASKED)]
        asked = ([part.ranges[0][:2] for part in batch] for batch in self._batches)
        self._answers = [Reachability(engine, batch, blocks=blocks) for batch in asked]
        self._known: dict[tuple[int, ...], PortSet] = {}

    def pairs(self, sources: Sequence[Endpoint], destinations: Sequence[Endpoint], ends: Ends = "both") -> list[Array]:
        """The parts of all ports that are admitted, as bits in one table or several; see :meth:`Reachability.pairs`."""
        return [answer.pairs(sources, destinations, ends) for answer in self._answers]

    def ports(self, bits: tuple[int, ...]) -> PortSet:
        """What the bits of one pair stand for, one number of each table."""
        if bits not in self._known:
            self._known[bits] = PortSet.union(
                part
                for batch, mask in zip(self._batches, bits, strict=True)
                for place, part in enumerate(batch)
                if mask >> place & 1
            )
        return self._known[bits]

    def table(self, sources: Sequence[Endpoint], destinations: Sequence[Endpoint], ends: Ends) -> Numbered[PortSet]:
        """The ports admitted from each source, in rows, to each destination, in columns."""
        found = reduce(_joined, map(_numbered, self.pairs(sources, destinations, ends)))
        return Numbered(found.numbers, [self.ports(bits) for bits in found.values])


def admitted_between(
    engine: Engine, sources: Sequence[Endpoint], destinations: Sequence[Endpoint]
) -> Numbered[tuple[PortSet, ...]]:
    """What the egress of each source and the ingress of each destination admit, as :meth:`Engine.admitted` has it.

    Where plugins may differ (:attr:`Engine.leaves_open`) then both once more, as :meth:`Engine.certain` has it.
    """
    import numpy as np

    with_blocks = AllPorts(engine)
    tables = [with_blocks.table(sources, destinations, way) for way in ON_THE_WAY]
    if engine.leaves_open:
        without = AllPorts(engine, blocks=False)
        outward, inward = (
            np.array([engine.is_certain_of(end) for end in far], bool) for far in (destinations, sources)
        )
        for way, here, certain in zip(ON_THE_WAY, tables[:], (outward[None, :], inward[:, None]), strict=True):
            other = without.table(sources, destinations, way)
            numbers = np.where(certain, here.numbers, other.numbers + len(here.values))
            tables.append(Numbered(numbers, here.values + other.values))
    return beside(*tables)


def _numbered(bits: Array) -> Numbered[tuple[Any, ...]]:
    """The different numbers in a table, numbered anew from 0."""
    import pandas

    numbers, different = pandas.factorize(bits.ravel())
    return Numbered(numbers.astype("int32").reshape(bits.shape), [(each,) for each in different.tolist()])


def beside(*tables: Numbered[Any]) -> Numbered[tuple[Any, ...]]:
    """Some tables of the same pairs as one, of the values of all."""
    return reduce(_joined, (Numbered(table.numbers, [(each,) for each in table.values]) for table in tables))


def _joined(one: Numbered[tuple[Any, ...]], other: Numbered[tuple[Any, ...]]) -> Numbered[tuple[Any, ...]]:
    size = len(other.values)
    both = _numbered(one.numbers.astype("int64") * size + other.numbers)
    values = [(*one.values[number // size], *other.values[number % size]) for (number,) in both.values]
    return Numbered(both.numbers, values)


def connections_between(engine: Engine, groups: Sequence[Sequence[Endpoint]]) -> Iterator[tuple[int, int, PortSet]]:
    """(number of one group, of another or the same, ports) for each two groups between which there is a connection.

    The ends of one group are alike to every policy, and none is on the host network. Within a group, two ends of it
    are meant, never an end and itself. Nothing is said about one address outside and another.
    """
    import numpy as np

    answers = AllPorts(engine)
    sources, destinations = [group[0] for group in groups], [group[-1] for group in groups]
    outside = np.array([isinstance(end, External) for end in sources], bool)
    step = AT_A_TIME // max(1, len(groups)) + 1
    for start in watched(range(0, len(groups), step), "Comparing pods"):
        found = answers.pairs(sources[start : start + step], destinations)
        some = np.logical_or.reduce([each != 0 for each in found]) & ~np.outer(outside[start : start + step], outside)
        rows, columns = np.nonzero(some)
        bits = zip(*(each[rows, columns].tolist() for each in found), strict=True)
        for one, other, passing in zip((rows + start).tolist(), columns.tolist(), bits, strict=True):
            if one == other and len(groups[one]) < 2:
                continue
            yield one, other, answers.ports(passing)


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
