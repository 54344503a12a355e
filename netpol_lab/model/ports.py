"""Sets of ports: which ports of which protocols, as ranges.

A :class:`PortSet` is the answer to "on which ports?" everywhere in the library. It is immutable,
it adds up with ``|``, meets with ``&`` and subtracts with ``-``, and it prints the way the
workbook writes ports.

>>> web = PortSet.of("TCP", 80) | PortSet.of("TCP", 8080, 8090)
>>> dns = PortSet.of("UDP", 53)
>>> str(web | dns)
'TCP 80,8080-8090; UDP 53'
>>> str(PortSet.ALL)
'All'
>>> str((web | dns) & PortSet.of("TCP", 8085, 9000))
'TCP 8085-8090'
>>> ("UDP", 53) in web
False
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

PROTOCOLS = ("TCP", "UDP", "SCTP")
"""The protocols a NetworkPolicy can name (API: ``NetworkPolicyPort.protocol``)."""

FIRST_PORT, LAST_PORT = 1, 65535

Range = tuple[str, int, int]


@dataclass(frozen=True)
class PortSet:
    """A set of (protocol, port), kept as sorted, disjoint, maximal ranges.

    ``ranges`` holds ``(protocol, first, last)``, both ends included, in the order TCP, UDP, SCTP.
    Build one with :meth:`of` or :meth:`from_ranges`, or take the constants ``ALL`` and ``NONE``.
    """

    ranges: tuple[Range, ...] = ()

    ALL: ClassVar[PortSet]
    NONE: ClassVar[PortSet]

    @classmethod
    def of(cls, protocol: str, first: int | None = None, last: int | None = None) -> PortSet:
        """One port, one range, or (without a port) all ports of one protocol."""
        if first is None:
            return cls(((protocol, FIRST_PORT, LAST_PORT),))
        return cls(((protocol, first, first if last is None else last),))

    @classmethod
    def from_ranges(cls, ranges: Iterable[Range]) -> PortSet:
        """The union of any ranges, in any order, overlapping or not."""
        merged: list[Range] = []
        for protocol, first, last in sorted(ranges, key=lambda r: (PROTOCOLS.index(r[0]), *r[1:])):
            if merged and merged[-1][0] == protocol and first <= merged[-1][2] + 1:
                protocol, first, end = merged.pop()
                last = max(last, end)
            merged.append((protocol, first, last))
        return cls(tuple(merged))

    @classmethod
    def union(cls, sets: Iterable[PortSet]) -> PortSet:
        """All of them together."""
        return functools.reduce(operator.or_, sets, cls.NONE)

    def __or__(self, other: PortSet) -> PortSet:
        if not self.ranges or self.ranges == other.ranges:
            return other
        return PortSet.from_ranges(self.ranges + other.ranges) if other.ranges else self

    def __and__(self, other: PortSet) -> PortSet:
        if self.is_all:
            return other
        if other.is_all:
            return self
        return PortSet.from_ranges(
            (protocol, max(first, other_first), min(last, other_last))
            for protocol, first, last in self.ranges
            for other_protocol, other_first, other_last in other.ranges
            if protocol == other_protocol and first <= other_last and other_first <= last
        )

    def __sub__(self, other: PortSet) -> PortSet:
        left = list(self.ranges)
        for protocol, first, last in other.ranges:
            left = [piece for whole in left for piece in _cut(whole, protocol, first, last)]
        return PortSet.from_ranges(left)

    def __contains__(self, item: tuple[str, int]) -> bool:
        protocol, port = item
        return any(p == protocol and first <= port <= last for p, first, last in self.ranges)

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __iter__(self) -> Iterator[Range]:
        return iter(self.ranges)

    @cached_property
    def is_all(self) -> bool:
        """True when the set holds every port of every protocol."""
        return self.ranges == _EVERYTHING

    def of_protocol(self, protocol: str) -> tuple[tuple[int, int], ...]:
        """The ranges of one protocol, as ``(first, last)``."""
        return tuple((first, last) for p, first, last in self.ranges if p == protocol)

    def words(self, *, protocol: bool = True) -> str:
        """For people: ``TCP 80, 443``; ``protocol=False`` leaves out the protocol, ``all`` is short.

        >>> PortSet.of("TCP", 80).words(protocol=False)
        '80'
        >>> PortSet.ALL.words()
        'all ports'
        >>> (PortSet.ALL - PortSet.of("TCP", 80)).words()
        'all ports but TCP 80'
        """
        if self.is_all:
            return "all ports" if protocol else "all"
        if not self.ranges:
            return "no port"
        missing = PortSet.ALL - self
        if len(missing.ranges) < len(self.ranges) and {name for name, *_ in self.ranges} == set(PROTOCOLS):
            return f"all {'ports ' if protocol else ''}but {missing.words(protocol=protocol)}"
        parts = []
        for name in PROTOCOLS:
            ranges = self.of_protocol(name)
            if not ranges:
                continue
            numbers = "all" if ranges == ((FIRST_PORT, LAST_PORT),) else ", ".join(map(_range, ranges))
            parts.append(f"{name} {numbers}" if protocol or numbers == "all" else numbers)
        return ("; " if protocol else ", ").join(parts)

    def __str__(self) -> str:
        if self.is_all:
            return "All"
        groups = ((name, self.of_protocol(name)) for name in PROTOCOLS)
        return "; ".join(
            f"{name} {'All' if ranges == ((FIRST_PORT, LAST_PORT),) else ','.join(map(_range, ranges))}"
            for name, ranges in groups
            if ranges
        )


def _range(ends: tuple[int, int]) -> str:
    first, last = ends
    return str(first) if first == last else f"{first}-{last}"


def _cut(whole: Range, protocol: str, first: int, last: int) -> Iterator[Range]:
    """What is left of ``whole`` without ``first``-``last`` of ``protocol``."""
    name, start, end = whole
    if name != protocol or last < start or end < first:
        yield whole
        return
    if start < first:
        yield (name, start, first - 1)
    if last < end:
        yield (name, last + 1, end)


_EVERYTHING = tuple((protocol, FIRST_PORT, LAST_PORT) for protocol in PROTOCOLS)
PortSet.ALL = PortSet(_EVERYTHING)
PortSet.NONE = PortSet()
