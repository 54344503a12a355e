"""Endpoint classes: what a policy can tell apart, and the sets of them that selectors and ipBlocks pick.

Endpoints with the same namespace, labels, ports and ipBlocks form one class. Classes are numbered, those of one
namespace side by side, so a set inside one namespace is a handful of bits however large the cluster is.

The letters name the source of a rule: **D** the NetworkPolicy page of the Kubernetes documentation,
**T** ``networking/v1/types.go``, **S** ``labels/selector.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from netpol_lab.model.labels import Labels, LabelSelector, Requirement
from netpol_lab.model.objects import ContainerPort, Namespace

Bits = int
"""A set of numbers: bit ``i`` stands for ``i``."""

FEW = 8
"""A namespaceSelector that picks at most this many namespaces is kept as one run for each of them."""


@dataclass(frozen=True)
class EndpointClass:
    """What a policy can see of an endpoint. ``namespace`` is "" for anything that is not a pod."""

    namespace: str
    labels: Labels
    ports: tuple[ContainerPort, ...]
    blocks: frozenset[int]


class Run(NamedTuple):
    """A set of classes: those among the ``length`` classes from number ``start`` on whose bit is set."""

    start: int
    length: int
    bits: Bits

    def holds(self, number: int) -> bool:
        return number >= self.start and bool(self.bits >> (number - self.start) & 1)

    def members(self) -> Iterator[int]:
        return (self.start + number for number in numbers_of(self.bits))


class LabelIndex:
    """Which of some labeled things, numbered from 0, a selector matches; no thing is looked at twice."""

    def __init__(self, labels: Iterable[Mapping[str, str]]) -> None:
        self._holders: dict[str, dict[str, list[int]]] = {}
        self.size = 0
        for each in labels:
            for key, value in each.items():
                self._holders.setdefault(key, {}).setdefault(value, []).append(self.size)
            self.size += 1
        self._selected: dict[LabelSelector, Bits] = {}

    def selected(self, selector: LabelSelector) -> Bits:
        """T: "The requirements are ANDed"; an empty selector matches everything."""
        if selector not in self._selected:
            bits = (1 << self.size) - 1
            for requirement in selector.requirements:
                bits &= self._meeting(requirement)
            self._selected[selector] = bits
        return self._selected[selector]

    def _meeting(self, requirement: Requirement) -> Bits:
        """S: In and Exists need the key; NotIn and DoesNotExist also match things that lack it."""
        values = self._holders.get(requirement.key, {})
        operator = requirement.operator
        wanted: Iterable[str] = values if operator in ("Exists", "DoesNotExist") else requirement.values
        holders = bits_of((number for value in wanted for number in values.get(value, ())), self.size)
        return (1 << self.size) - 1 & ~holders if operator in ("NotIn", "DoesNotExist") else holders


class Classes:
    """All classes of one state, numbered; pods first, by namespace, then what is outside.

    ``seen`` are the classes in any order, some perhaps more than once. ``namespaces`` are the objects whose labels
    namespaceSelectors look at; a namespace that was not declared has none.
    """

    def __init__(self, seen: Iterable[EndpointClass], namespaces: Mapping[str, Namespace]) -> None:
        grouped: dict[str, dict[EndpointClass, None]] = {}
        for each in seen:
            grouped.setdefault(each.namespace, {})[each] = None
        outside = grouped.pop("", {})
        self._ranges: dict[str, range] = {}
        self._all: list[EndpointClass] = []
        for name, members in (*grouped.items(), ("", outside)):
            self._ranges[name] = range(len(self._all), len(self._all) + len(members))
            self._all += members
        self._numbers = {each: number for number, each in enumerate(self._all)}
        self._namespaces = namespaces
        self._inside: dict[str, LabelIndex] = {}
        self._spread: dict[Bits, Bits] = {}
        self._across: dict[tuple[LabelSelector, LabelSelector], tuple[Run, ...]] = {}
        self._blocks: dict[int, Run] = {}

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, number: int) -> EndpointClass:
        return self._all[number]

    def number(self, endpoint_class: EndpointClass) -> int:
        """The number of a class; raises KeyError for one that no endpoint of this state has."""
        return self._numbers[endpoint_class]

    def namespace(self, name: str) -> Namespace:
        """The namespace object; one without labels if a pod stands in a namespace that was not declared."""
        return self._namespaces.get(name, Namespace(name))

    @cached_property
    def namespaces(self) -> Sequence[str]:
        """The namespaces that have pods, in order of their classes."""
        return [name for name in self._ranges if name]

    @property
    def pods(self) -> int:
        """How many classes are of pods: those with the lowest numbers."""
        return self._ranges[""].start

    @cached_property
    def everything(self) -> Run:
        """Every class, those outside the cluster included."""
        return Run(0, len(self), (1 << len(self)) - 1)

    def selected(self, namespace: str, selector: LabelSelector) -> Run:
        """The pods of one namespace that a podSelector picks."""
        where = self._ranges.get(namespace, range(0))
        if namespace not in self._inside:
            self._inside[namespace] = LabelIndex(self._all[number].labels for number in where)
        return Run(where.start, len(where), self._inside[namespace].selected(selector))

    def selected_in(self, namespaces: LabelSelector, pods: LabelSelector) -> tuple[Run, ...]:
        """The pods a podSelector picks in the namespaces that a namespaceSelector picks (D: by label only)."""
        key = (namespaces, pods)
        if key not in self._across:
            self._across[key] = self._selected_in(self._by_namespace_label.selected(namespaces), pods)
        return self._across[key]

    def _selected_in(self, namespaces: Bits, pods: LabelSelector) -> tuple[Run, ...]:
        if namespaces.bit_count() <= FEW:
            names = self.namespaces
            return tuple(self.selected(names[number], pods) for number in numbers_of(namespaces))
        if namespaces not in self._spread:
            self._spread[namespaces] = self._classes_in(namespaces)
        return (Run(0, self.pods, self._spread[namespaces] & self._everywhere.selected(pods)),)

    def in_block(self, block: int) -> Run:
        """The classes, pods or not, whose addresses an ipBlock holds; no longer than from the first to the last."""
        if block not in self._blocks:
            found = self._by_block.get(block, [])
            start, end = (found[0], found[-1] + 1) if found else (0, 0)
            self._blocks[block] = Run(start, end - start, bits_of((number - start for number in found), end - start))
        return self._blocks[block]

    @cached_property
    def _by_namespace_label(self) -> LabelIndex:
        return LabelIndex(self.namespace(name).labels for name in self.namespaces)

    @cached_property
    def _everywhere(self) -> LabelIndex:
        return LabelIndex(each.labels for each in self._all[: self.pods])

    @cached_property
    def _by_block(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for number, each in enumerate(self._all):
            for block in each.blocks:
                found.setdefault(block, []).append(number)
        return found

    def _classes_in(self, namespaces: Bits) -> Bits:
        """From namespaces to their classes: each digit, highest first, becomes a stretch of that digit."""
        digits = f"{namespaces:0{len(self.namespaces)}b}"
        lengths = [len(self._ranges[name]) for name in reversed(self.namespaces)]
        return int("".join(digit * length for digit, length in zip(digits, lengths, strict=True)) or "0", 2)


def bits_of(numbers: Iterable[int], size: int) -> Bits:
    """A set as bits; ``size`` is more than the largest number.

    >>> bin(bits_of([0, 3], 4))
    '0b1001'
    """
    marks = bytearray(size // 8 + 1)
    for number in numbers:
        marks[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(marks, "little")


def numbers_of(bits: Bits) -> Iterator[int]:
    """The members of a set of bits, in order.

    >>> list(numbers_of(0b1001))
    [0, 3]
    """
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low
