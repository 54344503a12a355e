"""Which lines of a file a part of an object was written on."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from netpol_lab.manifests.problem import Path
from netpol_lab.model import Origin

MAX_JSON_WITH_LINES = 1_000_000
"""JSON texts longer than this are dumps made by a program: nobody asks for their line numbers."""


class Span(NamedTuple):
    """First and last line of a part, counted from 1, and the spans of the parts in it.

    The span of a field starts on the line of its key. ``word`` is what stands there, of an unquoted
    word that YAML reads as something else than text.
    """

    first: int
    last: int
    parts: Mapping[str, Span] | Sequence[Span] | None = None
    word: str = ""


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
        span: Span | None = self.root
        for step in path:
            span = _part(span, step) if span else None
        return Origin(self.file, span.first, span.last) if span else None

    def first_line(self, path: Path) -> int:
        """The line on which ``path`` starts."""
        return self.span(path).first

    def word(self, path: Path) -> str:
        """The unquoted word at ``path``, when it was read as a boolean or a number."""
        return self.span(path).word

    def within(self, path: Path) -> Lines:
        """The lines of an object inside this one, such as an item of a List."""
        return Lines(self.file, self.span(path))


def _part(span: Span, step: str | int) -> Span | None:
    if isinstance(span.parts, Mapping):
        return span.parts.get(step) if isinstance(step, str) else None
    if span.parts is not None and isinstance(step, int) and step < len(span.parts):
        return span.parts[step]
    return None


_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+')


def json_span(text: str, start: int = 0) -> Span:
    """The span of the JSON value at ``start`` of ``text``, which is known to be valid JSON.

    >>> span = json_span('{"kind":\\n "Pod"}')
    >>> span.last, span.parts["kind"][:2]
    (2, (1, 2))
    """
    breaks = [match.start() for match in re.finditer("\n", text)]
    tokens = _JSON_TOKEN.finditer(text, start)
    return _json_value(tokens, next(tokens), breaks)


def _json_value(tokens, token, breaks: list[int]) -> Span:  # type: ignore[no-untyped-def]
    import json

    first = last = _line(token.start(), breaks)
    if token[0] not in ("{", "["):
        return Span(first, last)
    fields: dict[str, Span] = {}
    items: list[Span] = []
    for inner in tokens:
        if inner[0] in ("}", "]"):
            last = _line(inner.start(), breaks)
            break
        if inner[0] == ",":
            continue
        if token[0] == "[":
            items.append(_json_value(tokens, inner, breaks))
            continue
        next(tokens)  # the colon
        value = _json_value(tokens, next(tokens), breaks)
        fields[json.loads(inner[0], strict=False)] = value._replace(first=_line(inner.start(), breaks))
    return Span(first, last, fields if token[0] == "{" else items)


def _line(offset: int, breaks: list[int]) -> int:
    return bisect_right(breaks, offset - 1) + 1
