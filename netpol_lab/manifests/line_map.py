"""Which lines of a file a part of an object was written on."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from netpol_lab.model.origin import Origin

MAX_DEPTH = 100
"""Deepest nesting read. The API's own types end far above it."""

BLANK = "____"
"""What stands in the manifest of an exercise where the student is to write something."""

MAX_JSON_WITH_LINES = 1_000_000
"""JSON texts longer than this are dumps made by a program: nobody asks for their line numbers."""


class Span(NamedTuple):
    """First and last line of a part, counted from 1, and the spans of the parts in it.

    The span of a field starts on the line of its key. ``word`` is what stands there, of an unquoted
    word that YAML reads as something else than text, and of a blank that nobody filled in.
    """

    first: int
    last: int
    parts: Mapping[str, Span] | Sequence[Span] | None = None
    word: str = ""


Path = tuple[str | int, ...]
"""The way to a field: names, and numbers for list items."""


@dataclass(frozen=True)
class Lines:
    """The lines of one object of a file: ``origin(path)`` and ``first_line(path)``."""

    file: str
    root: Span

    def span(self, path: Path) -> Span:
        """The span of ``path``, or of the deepest part of it that is written down."""
        span = self.root
        for step in path:
            inner = _part(span, step)
            if inner is None:
                return span
            span = inner
        return span

    def origin(self, path: Path = ()) -> Origin:
        """Where ``path`` is written."""
        span = self.span(path)
        return Origin(self.file, span.first, span.last)

    def written(self, path: Path) -> Origin | None:
        """As :meth:`origin`, and None for a part that is not written down but filled in."""
        span = self._written(path)
        return Origin(self.file, span.first, span.last) if span else None

    def _written(self, path: Path) -> Span | None:
        span: Span | None = self.root
        for step in path:
            span = _part(span, step) if span else None
        return span

    def first_line(self, path: Path) -> int:
        """The line on which ``path`` starts."""
        return self.span(path).first

    def word(self, path: Path) -> str:
        """The unquoted word at ``path``, when it was read as a boolean or a number."""
        return self.span(path).word

    def blank(self, path: Path, deep: bool = False) -> int:
        """The line of the blank that stands at ``path``, or (``deep``) of the first one below it; 0: there is none.

        A field that is not written down may be the one whose name is left blank.
        """
        span = self._written(path)
        if span is None:
            around = self._written(path[:-1])
            named = _part(around, BLANK) if around else None
            return named.first if named else 0
        if path and path[-1] == BLANK:
            return span.first
        return next(_blanks(span), 0) if deep or span.word == BLANK else 0

    def within(self, path: Path) -> Lines:
        """The lines of an object inside this one, such as an item of a List."""
        return Lines(self.file, self.span(path))


def _part(span: Span, step: str | int) -> Span | None:
    if isinstance(span.parts, Mapping):
        return span.parts.get(step) if isinstance(step, str) else None
    if span.parts is not None and isinstance(step, int) and step < len(span.parts):
        return span.parts[step]
    return None


def _blanks(span: Span) -> Iterator[int]:
    """The lines of all blanks in a part, keys and values. A value ends its field: the key may stand a line above."""
    if span.word == BLANK:
        yield span.last
    named = span.parts.items() if isinstance(span.parts, Mapping) else enumerate(span.parts or ())
    for step, part in named:
        if step == BLANK:
            yield part.first
        yield from _blanks(part)


_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+')


class JsonSpans:
    """The spans of JSON text that is known to be valid.

    ``duplicates`` holds (key, line) of every key that stands twice in an object.

    >>> span = JsonSpans('{"kind":\\n "Pod"}').at(0)
    >>> span.last, span.parts["kind"][:2]
    (2, (1, 2))
    """

    def __init__(self, text: str) -> None:
        self.duplicates: list[tuple[str, int]] = []
        self._text = text
        self._breaks = [match.start() for match in re.finditer("\n", text)]

    def at(self, start: int) -> Span:
        """The span of the value at ``start``. Raises RecursionError when it is nested too deeply."""
        tokens = _JSON_TOKEN.finditer(self._text, start)
        return self._value(tokens, next(tokens), 0)

    def _value(self, tokens: Iterator[re.Match[str]], token: re.Match[str], depth: int) -> Span:
        if depth > MAX_DEPTH:
            raise RecursionError
        first = last = self._line(token)
        if token[0] not in ("{", "["):
            return Span(first, last)
        fields: dict[str, Span] = {}
        items: list[Span] = []
        for inner in tokens:
            if inner[0] in ("}", "]"):
                last = self._line(inner)
                break
            if inner[0] == ",":
                continue
            if token[0] == "[":
                items.append(self._value(tokens, inner, depth + 1))
                continue
            next(tokens)  # the colon
            key, line = json.loads(inner[0], strict=False), self._line(inner)
            if key in fields:
                self.duplicates.append((key, line))
            fields[key] = self._value(tokens, next(tokens), depth + 1)._replace(first=line)
        return Span(first, last, fields if token[0] == "{" else items)

    def _line(self, token: re.Match[str]) -> int:
        return bisect_right(self._breaks, token.start()) + 1
