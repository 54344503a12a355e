"""YAML events to plain values with their lines, inside fixed bounds."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import yaml

from netpol_lab.manifests.line_map import BLANK, MAX_DEPTH, Span
from netpol_lab.manifests.name_rules import quoted
from netpol_lab.manifests.scalars import plain_number, resolve

MAX_ALIASED_NODES = 200_000
"""How much a document may grow by its aliases, counted in nodes: ends the billion laughs."""

MAX_NODES = 2_000_000
"""How many fields, items and values one document may have."""

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_GO_FLOATS = {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}


class BeyondBounds(yaml.MarkedYAMLError):
    """The text is YAML, and more than we want to read. ``problem`` has go-yaml's words where it has any."""


class Composer:
    """Composes the documents of ``text``, whose first line is line ``offset + 1`` of its file.

    ``duplicates`` holds (key, line) of every key that stands twice in a mapping.
    Raises ``yaml.YAMLError`` on the first fault.
    """

    def __init__(self, text: str, offset: int = 0) -> None:
        self.duplicates: list[tuple[str, int]] = []
        self._loader = _Loader(text)
        self._text = text
        self._offset = offset + 1
        self._anchors: dict[str, tuple[Any, Span, int] | None] = {}
        self._aliased = 0
        self._nodes = 0

    def documents(self) -> Iterator[tuple[Any, Span]]:
        """(value, span) of each document."""
        try:
            self._loader.get_event()  # the start of the stream
            while isinstance(self._loader.get_event(), yaml.DocumentStartEvent):
                self._anchors = {}
                yield self._node(self._loader.get_event(), 0)
                self._loader.get_event()  # the end of the document
        finally:
            self._loader.dispose()

    def _node(self, event: Any, depth: int) -> tuple[Any, Span]:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if depth > MAX_DEPTH:
            raise BeyondBounds(None, None, f"exceeded max depth of {MAX_DEPTH}", event.start_mark)
        if self._nodes > MAX_NODES:
            raise BeyondBounds(None, None, f"more than {MAX_NODES} values in one document", event.start_mark)
        anchor = event.anchor
        before = self._nodes + self._aliased
        self._nodes += 1
        if anchor:
            self._anchors[anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            node = self._mapping(event, depth)
        else:
            node = self._sequence(event, depth)
        if anchor:
            self._anchors[anchor] = (*node, self._nodes + self._aliased - before)
        return node

    def _alias(self, event: Any) -> tuple[Any, Span]:
        name, mark = event.anchor, event.start_mark
        if name not in self._anchors:
            raise BeyondBounds(None, None, f"unknown anchor '{name}' referenced", mark)
        anchored = self._anchors[name]
        if anchored is None:
            raise BeyondBounds(None, None, f"anchor '{name}' value contains itself", mark)
        value, span, size = anchored
        self._aliased += size
        if self._aliased > MAX_ALIASED_NODES:
            raise BeyondBounds(None, None, "document contains excessive aliasing", mark)
        line = mark.line + self._offset
        return value, Span(line, line, span.parts)

    def _scalar(self, event: Any) -> tuple[Any, Span]:
        first = event.start_mark.line
        last = event.end_mark.line
        if event.style in ("|", ">"):
            last = self._last_text_line(first, last, event.end_mark.column)
        value = _scalar_value(event)
        word = "" if isinstance(value, str) and value != BLANK else event.value
        return value, Span(first + self._offset, last + self._offset, None, word)

    def _last_text_line(self, first: int, last: int, column: int) -> int:
        """A block text ends before the blank lines that follow it."""
        last = last if column else last - 1
        while last > first and not self._lines[last].strip():
            last -= 1
        return max(first, last)

    @cached_property
    def _lines(self) -> list[str]:
        return self._text.split("\n")

    def _sequence(self, start: Any, depth: int) -> tuple[list[Any], Span]:
        values: list[Any] = []
        spans: list[Span] = []
        while not isinstance(event := self._loader.get_event(), yaml.SequenceEndEvent):
            value, span = self._node(event, depth + 1)
            values.append(value)
            spans.append(span)
        return values, self._collection(start, event, spans, spans)

    def _mapping(self, start: Any, depth: int) -> tuple[dict[str, Any], Span]:
        values: dict[str, Any] = {}
        spans: dict[str, Span] = {}
        merged: list[tuple[Any, Span]] = []
        while not isinstance(event := self._loader.get_event(), yaml.MappingEndEvent):
            merge = isinstance(event, yaml.ScalarEvent) and event.value == "<<" and event.implicit[0]
            key_value, key_span = self._node(event, depth + 1)
            value, span = self._node(self._loader.get_event(), depth + 1)
            if merge:
                merged.append((value, span))
                continue
            key = _key(key_value, event.start_mark)
            if key in values:
                self.duplicates.append((key, key_span.first))
            values[key] = value
            spans[key] = Span(key_span.first, max(key_span.first, span.last), span.parts, span.word)
        whole = self._collection(start, event, spans, list(spans.values()))
        for value, span in merged:
            _merge(value, span, values, spans, start.start_mark)
        return values, whole

    def _collection(self, start: Any, end: Any, parts: Any, spans: list[Span]) -> Span:
        """Block collections end with their last part: the parser's end mark is on the next line with text."""
        first = start.start_mark.line + self._offset
        if start.flow_style:
            return Span(first, end.end_mark.line + self._offset, parts)
        return Span(first, max((span.last for span in spans), default=first), parts)


def _merge(value: Any, span: Span, values: dict[str, Any], spans: dict[str, Span], mark: Any) -> None:
    """The merge key ``<<``: what is written in the mapping itself wins."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            _merge(item, span.parts[index] if isinstance(span.parts, list) else span, values, spans, mark)
        return
    if not isinstance(value, dict):
        raise BeyondBounds(None, None, "map merge requires map or sequence of maps as the value", mark)
    for key, item in value.items():
        if key not in values:
            values[key] = item
            spans[key] = span.parts.get(key, span) if isinstance(span.parts, dict) else span


def _key(value: Any, mark: Any) -> str:
    """A key as JSON has it: text. ``true: x`` and ``80: x`` become the texts true and 80."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise BeyondBounds(None, None, f"invalid map key: {_go(value)}", mark)


def _go(value: Any) -> str:
    """A value as Go's ``%#v`` prints it, not deeper than a template's braces go."""
    if isinstance(value, dict):
        inner = ",".join(f"{_go(key)}:{_go(item)}" for key, item in value.items() if not isinstance(item, dict | list))
        return f"map[interface {{}}]interface {{}}{{{inner}}}"
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(_go(item) for item in value if not isinstance(item, dict | list)) + "}"
    return "interface {}(nil)" if value is None else quoted(value) if isinstance(value, str) else str(value).lower()


def _scalar_value(event: Any) -> Any:
    text, tag = event.value, event.tag
    if tag is None:
        value = resolve(text) if event.implicit[0] else text
    elif tag == _TAG + "binary":
        value = _binary(text, event.start_mark)
    elif tag == _TAG + "float":
        value = resolve(text)
    elif tag in (_TAG + "bool", _TAG + "int", _TAG + "null"):
        value = resolve(text)
        if isinstance(value, str):
            short = tag.replace(_TAG, "!!")
            raise BeyondBounds(None, None, f"cannot decode !!str `{text}` as a {short}", event.start_mark)
    else:
        value = text
    if isinstance(value, float) and (value != value or plain_number(value) is None):
        raise BeyondBounds(None, None, "json: unsupported value: " + _GO_FLOATS.get(str(value), text), event.start_mark)
    return value


def _binary(text: str, mark: Any) -> str:
    try:
        return base64.b64decode(text).decode("utf-8", "replace")
    except binascii.Error:
        raise BeyondBounds(None, None, "!!binary value contains invalid base64 data", mark) from None
