"""The types of fields: what a value must be, and Go's names for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Scalar:
    """A string, a boolean or a number. ``go`` is Go's name for the type.

    ``alias`` is the name of a type of its own, such as ``v1.Protocol``.
    ``pointer`` fields keep a zero value (``replicas: 0``); others lose it, as the server's answer does.
    """

    go: str
    pointer: bool = False
    alias: str = ""

    @property
    def shown(self) -> str:
        """The type as Go's messages name it."""
        return self.alias or self.go


@dataclass(frozen=True)
class Opaque:
    """Anything: a part the simulator stores and does not look into."""

    shown: str = "interface {}"


@dataclass(frozen=True)
class ListOf:
    item: Type

    @property
    def shown(self) -> str:
        return f"[]{self.item.shown}"


@dataclass(frozen=True)
class MapOf:
    """A map with text keys. Its items are scalars."""

    item: Type

    @property
    def shown(self) -> str:
        return f"map[string]{self.item.shown}"


@dataclass(frozen=True)
class Struct:
    """An object with known fields. ``always`` fields are in the server's answer even when empty.

    ``open_ended``: it has more fields, which the simulator stores and does not look into.
    """

    shown: str
    fields: Mapping[str, Type]
    always: tuple[str, ...] = ()
    open_ended: bool = False

    @cached_property
    def name(self) -> str:
        """Go's name without the package."""
        return self.shown.rpartition(".")[2]

    __hash__ = object.__hash__


Type = Scalar | Opaque | ListOf | MapOf | Struct

STRING = Scalar("string")
STRING_POINTER = Scalar("string", pointer=True)
BOOL = Scalar("bool")
BOOL_POINTER = Scalar("bool", pointer=True)
INT32 = Scalar("int32")
INT32_POINTER = Scalar("int32", pointer=True)
INT64 = Scalar("int64")
INT64_POINTER = Scalar("int64", pointer=True)
INT_OR_STRING = Scalar("int32 or string", pointer=True, alias="int32")
PROTOCOL = Scalar("string", alias="v1.Protocol")
PROTOCOL_POINTER = Scalar("string", pointer=True, alias="v1.Protocol")
ANY = Opaque()
TIME = Scalar("time")
QUANTITY = Scalar("quantity", pointer=True)
STRINGS = ListOf(STRING)
STRING_MAP = MapOf(STRING)
ANYS = ListOf(ANY)
