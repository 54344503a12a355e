"""Reading the workbook's data files strictly: an unknown or missing field is an error that names its place.

Exercises, quiz questions and the catalogues are written by people. A field that is read loosely would one day be a typo
that nobody sees, such as hints that never appear.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from netpol_lab.model.errors import LabError
from netpol_lab.model.phrases import capital, did_you_mean, nearest

FieldPath = tuple[str | int, ...]
LinesOf = Callable[[FieldPath], int]


class DataError(LabError):
    """A file of the workbook's data is not written as it has to be."""


class Fields:
    """The fields of one mapping. Each is taken once; :meth:`done` complains about what is left.

    ``place`` is where the mapping stands, for messages: ``quiz/01-allow-all.yaml, quiz[0]``. With ``lines``, which tell
    on which line the part at a path begins, it is the file, and messages name the line.

    >>> fields = Fields({"id": "a/1", "titel": "Typo"}, "x.yaml, exercises[0]")
    >>> fields.text("id")
    'a/1'
    >>> fields.text("title", "")
    ''
    >>> fields.done()
    Traceback (most recent call last):
    netpol_lab.model.fields.DataError: x.yaml, exercises[0]: unknown field 'titel', did you mean 'title'?
    """

    def __init__(self, values: Any, place: str, lines: LinesOf | None = None, path: FieldPath = ()) -> None:
        self.place, self._lines, self._path = place, lines, path
        if not isinstance(values, Mapping):
            raise DataError(f"{self.at()}: fields are expected here, not {_kind(values)}.")
        self._left = dict(values)
        self._known: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._left

    def text(self, name: str, default: str | None = None) -> str:
        """A text that is not empty. Without a default the field has to be there."""
        value = self._take(name, default)
        if not isinstance(value, str) or not (value.strip() or value == default):
            raise DataError(f"{self.at(name)}: {_no_text(name, value)}")
        return value.strip()

    def number(self, name: str) -> int | None:
        value = self._pop(name)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise DataError(f"{self.at(name)}: {name} has to be a number, not {_kind(value)}.")
        return value

    def is_false(self, name: str) -> bool:
        """Whether a field is the boolean false, as a bare ``off`` or ``no`` is in YAML. Then it is taken."""
        return self._left.get(name) is False and self._pop(name) is False

    def choice(self, name: str, options: tuple[str, ...], default: str) -> str:
        value = self._take(name, default)
        if value not in options:
            known = [each for each in options if each]
            meant = capital(did_you_mean(nearest(str(value), known), "'"))
            told = f"{name} has to be one of {', '.join(known)}, not {value!r}.{meant and f' {meant}'}"
            raise DataError(f"{self.at(name)}: {told}")
        return str(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; empty when the field is not there."""
        values = self._pop(name) or []
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise DataError(f"{self.at(name)}: {name} has to be a list of texts, not {_kind(values)}.")
        return tuple(value.strip() for value in values)

    def numbers(self, name: str) -> tuple[int, ...]:
        """A list of numbers; empty when the field is not there."""
        values = self._pop(name) or []
        if not isinstance(values, list) or not all(type(value) is int for value in values):
            raise DataError(f"{self.at(name)}: {name} has to be a list of numbers.")
        return tuple(values)

    def labels(self, name: str) -> dict[str, str]:
        values = self._pop(name) or {}
        if not isinstance(values, dict):
            raise DataError(f"{self.at(name)}: {name} has to be a map of texts, not {_kind(values)}.")
        for key, value in values.items():
            if not isinstance(key, str) or not isinstance(value, str):
                odd = value if isinstance(key, str) else key
                raise DataError(f"{self.at(name)}: {_no_text(f'{name}, {key}', odd)}")
        return values

    def each(self, name: str) -> Iterator[Fields]:
        """The mappings of a list; none when the field is not there."""
        values = self._pop(name) or []
        if not isinstance(values, list):
            raise DataError(f"{self.at(name)}: {name} has to be a list, not {_kind(values)}.")
        for index, value in enumerate(values):
            yield self._part(value, f"{name}[{index}]", (name, index))

    def mapping(self, name: str) -> dict[str, Any]:
        value = self._take(name, None)
        if not isinstance(value, dict):
            raise DataError(f"{self.at(name)}: {name} has to hold fields, not {_kind(value)}.")
        return value

    @property
    def left(self) -> tuple[str, ...]:
        """The names that were not read yet, as they stand."""
        return tuple(self._left)

    def text_or_fields(self, name: str) -> str | Fields:
        """A text, or a mapping."""
        return self.inner(name) if isinstance(self._left.get(name), Mapping) else self.text(name)

    def inner(self, name: str) -> Fields:
        return self._part(self.mapping(name), name, (name,))

    @property
    def line(self) -> int:
        """The line on which the mapping begins; 0 where it is not known."""
        return self._lines(self._path) if self._lines else 0

    def _part(self, value: Any, name: str, way: FieldPath) -> Fields:
        return Fields(value, self.place if self._lines else f"{self.place}, {name}", self._lines, (*self._path, *way))

    def at(self, name: str = "") -> str:
        """Where the mapping stands, or one field of it, for a message."""
        if self._lines is None:
            return self.place
        return f"{self.place}, line {self._lines((*self._path, name) if name else self._path)}"

    def done(self) -> None:
        """Raise DataError when a field was not read: it is unknown."""
        if self._left:
            odd = min(map(str, self._left))
            meant = did_you_mean(nearest(odd, sorted(self._known)), "'")
            told = f", {meant}" if meant else f". Known are {', '.join(sorted(self._known))}."
            raise DataError(f"{self.at(odd)}: unknown field {odd!r}{told}")

    def _take(self, name: str, default: Any) -> Any:
        if name not in self._left and default is None:
            meant = nearest(name, (each for each in map(str, self._left) if each not in self._known))
            wrong = f" Is {meant[0]!r} a slip?" if meant else ""
            raise DataError(f"{self.at()}: the field {name} is missing.{wrong}")
        return self._pop(name, default)

    def _pop(self, name: str, default: Any = None) -> Any:
        self._known.add(name)
        return self._left.pop(name, default)


def _no_text(name: str, value: Any) -> str:
    is_plain = not isinstance(value, str | dict | list | None)
    return f"{name} has to be text, not {_kind(value)}.{' Write it in quotes.' if is_plain else ''}"


def _kind(value: Any) -> str:
    if isinstance(value, str) and value.strip():
        return f"the text {value[:40]!r}{'…' * (len(value) > 40)}"
    names = {str: "an empty text", dict: "fields", list: "a list", type(None): "nothing"}
    return names.get(type(value), repr(value))
