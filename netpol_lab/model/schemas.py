"""What a mapping of a data file may hold, declared once: the reader takes it by the declaration, authors read it.

A :class:`Schema` is a list of fields and what is made of them. The page for authors prints the schemas.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from netpol_lab.model.errors import LabError
from netpol_lab.model.fields import DataError, Fields

T = TypeVar("T")


@dataclass(frozen=True)
class SchemaField:
    """One field: its name, what it is for, and how it is taken.

    ``kind`` and ``default`` are words for the page; the default is "" for a field that has to be there. ``schema`` is
    what a list, or the field itself, is made of. ``into`` is the name of its value, where that is not the field's.
    """

    name: str
    says: str
    kind: str
    default: str
    take: Callable[[Fields], Any] = field(repr=False)
    schema: Schema[Any] | None = None
    into: str = ""


@dataclass(frozen=True)
class Schema(Generic[T]):
    """The fields of one mapping, and what is made of their values.

    >>> pair = Schema("A pair", lambda a, b: (a, b), (text("a", "The first."), number("b", "The second.")))
    >>> pair.read(Fields({"a": "x", "b": 1}, "pair.yaml"))
    ('x', 1)
    >>> pair.read(Fields({"a": "x", "c": 1}, "pair.yaml"))
    Traceback (most recent call last):
    netpol_lab.model.fields.DataError: pair.yaml: unknown field 'c'. Known are a, b.
    """

    title: str
    build: Callable[..., T] = field(repr=False)
    fields: tuple[SchemaField, ...]
    example: str = ""
    """One mapping in YAML that it reads, for the page."""

    @property
    def anchor(self) -> str:
        """Its heading on the page, as a link names it."""
        return self.title.lower().replace(" ", "-")

    def read(self, fields: Fields) -> T:
        """Take every field, and make of them what is meant. Raises :class:`DataError` with the place of the fault."""
        values = {each.into or each.name: each.take(fields) for each in self.fields}
        fields.done()
        try:
            return self.build(**values)
        except LabError as error:
            raise DataError(f"{fields.at()}: {error}") from None


def text(name: str, says: str, default: str | None = None, into: str = "") -> SchemaField:
    told = "" if default is None else f"`{default}`" if default else "none"
    return SchemaField(name, says, "text", told, lambda fields: fields.text(name, default), into=into)


def number(name: str, says: str, default: str = "none") -> SchemaField:
    """A number; None where it is left out. ``default`` says what that means."""
    return SchemaField(name, says, "number", default, lambda fields: fields.number(name))


def choice(name: str, says: str, options: tuple[str, ...], default: str) -> SchemaField:
    told = ", ".join(f"`{each}`" for each in options if each)
    shown = f"`{default}`" if default else "none"
    return SchemaField(name, says, told, shown, lambda fields: fields.choice(name, options, default))


def texts(name: str, says: str) -> SchemaField:
    return SchemaField(name, says, "list of texts", "none", lambda fields: fields.texts(name))


def labels(name: str, says: str) -> SchemaField:
    return SchemaField(name, says, "map of texts", "none", lambda fields: fields.labels(name))


def labels_or_none(name: str, says: str, into: str) -> SchemaField:
    """A map of texts, which may be empty; None where it is left out."""
    return SchemaField(
        name, says, "map of texts", "none", lambda fields: fields.labels(name) if name in fields else None, into=into
    )


def each(name: str, says: str, schema: Schema[Any]) -> SchemaField:
    """A list of mappings, each of one schema."""
    kind = f"list of [{schema.title}](#{schema.anchor})"
    return SchemaField(name, says, kind, "none", lambda fields: tuple(map(schema.read, fields.each(name))), schema)


def inner(name: str, says: str, schema: Schema[Any]) -> SchemaField:
    """A mapping of another schema, which has to be there."""
    return SchemaField(
        name, says, f"[{schema.title}](#{schema.anchor})", "", lambda fields: schema.read(fields.inner(name)), schema
    )
