"""The grammar of kubectl's jsonpath templates (``k8s.io/client-go/util/jsonpath``), text to nodes.

A template is text with actions in braces. An action is a path (``.items[*].metadata.name``), a quoted text, or
``range`` … ``end``. Nodes are plain frozen dataclasses; :mod:`~netpol_lab.kubectl.jsonpath` evaluates them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


class JsonPathError(ValueError):
    """A template that cannot be read, or cannot be used on an object; the text is kubectl's."""


@dataclass(frozen=True)
class TemplateText:
    text: str


@dataclass(frozen=True)
class Field:
    """``.name``; ``*`` stands for all."""

    name: str


@dataclass(frozen=True)
class Recursive:
    """``..``"""


@dataclass(frozen=True)
class Slice:
    """``[start:stop:step]``; ``[2]`` has ``single``."""

    start: int | None
    stop: int | None
    step: int | None
    single: bool


@dataclass(frozen=True)
class Filter:
    """``[?(left operator right)]``; without an operator: whether ``left`` exists."""

    left: tuple[TemplateNode, ...]
    operator: str
    right: tuple[TemplateNode, ...]


@dataclass(frozen=True)
class Union:
    """``[a,b]``"""

    parts: tuple[tuple[TemplateNode, ...], ...]


@dataclass(frozen=True)
class Constant:
    """A literal inside a filter."""

    value: str | int | float | bool


@dataclass(frozen=True)
class TemplatePath:
    """One action."""

    nodes: tuple[TemplateNode, ...]


@dataclass(frozen=True)
class TemplateRange:
    path: tuple[TemplateNode, ...]
    body: tuple[TemplateNode, ...]


TemplateNode = TemplateText | Field | Recursive | Slice | Filter | Union | Constant | TemplatePath | TemplateRange

MOST_CHARACTERS = 5_000
"""No template or selector that a person types is longer, and reading one takes time that grows with its square."""

_FIELD_END = set(" .,[]$@{}\n\r")
_SLICE = re.compile(r"(-?\d*)(:-?\d*)?(:-?\d*)?", re.ASCII)
_FILTER = re.compile(r"([^!<>=]+?)\s*([!<>=]+)\s*(.+)", re.DOTALL)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_QUOTED = re.compile(r"""(["'])((?:\\.|(?!\1).)*)\1""", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def parse(template: str) -> tuple[TemplateNode, ...]:
    """Read a template. Raises :class:`JsonPathError` with kubectl's words.

    >>> parse("{.items[*].metadata.name}")[0].nodes[1]
    Slice(start=None, stop=None, step=None, single=False)
    """
    if len(template) > MOST_CHARACTERS:
        raise JsonPathError("template too long")
    flat = _actions(template)
    nodes, rest = _nest(flat, inside_range=False)
    if rest:
        raise JsonPathError("not in range, nothing to end")
    return nodes


def _actions(template: str) -> list[TemplateNode | str]:
    """Text and actions in order; ``end`` stands for itself, ``range`` is a Range without a body."""
    found: list[TemplateNode | str] = []
    at = 0
    while at < len(template):
        opening = template.find("{", at)
        if opening != at:
            stop = opening if opening >= 0 else len(template)
            found.append(TemplateText(template[at:stop]))
            at = stop
            continue
        closing = _closing(template, at + 1, "}", "unclosed action")
        found.append(_action(template[at + 1 : closing].strip()))
        at = closing + 1
    return found


def _nest(
    flat: Sequence[TemplateNode | str], inside_range: bool
) -> tuple[tuple[TemplateNode, ...], Sequence[TemplateNode | str]]:
    """Put what stands between ``range`` and ``end`` into the Range; return the nodes and what follows."""
    nodes: list[TemplateNode] = []
    while flat:
        head, flat = flat[0], flat[1:]
        if isinstance(head, str):
            if not inside_range:
                raise JsonPathError("not in range, nothing to end")
            return tuple(nodes), flat
        if isinstance(head, TemplateRange):
            body, flat = _nest(flat, inside_range=True)
            head = TemplateRange(head.path, body)
        nodes.append(head)
    # kubectl does not ask for the last {end}.
    return tuple(nodes), flat


def _closing(text: str, at: int, bracket: str, complaint: str) -> int:
    """Where ``bracket`` closes, outside quotes and inner square brackets. ``complaint`` if it never does."""
    depth = 0
    while at < len(text):
        quoted = _QUOTED.match(text, at)
        if quoted:
            at = quoted.end()
            continue
        if depth == 0 and text[at] == bracket:
            return at
        depth += (text[at] == "[") - (text[at] == "]")
        at += 2 if text[at] == "\\" else 1
    raise JsonPathError(complaint)


def _action(text: str) -> TemplateNode | str:
    if text == "end":
        return "end"
    if re.match(r"range\b", text):
        return TemplateRange(_path(text[len("range") :].strip()), ())
    return TemplatePath(_path(text))


def _path(text: str) -> tuple[TemplateNode, ...]:
    nodes: list[TemplateNode] = []
    at = 0
    while at < len(text):
        char = text[at]
        quoted = _QUOTED.match(text, at)
        number = _NUMBER.match(text, at)
        if quoted:
            nodes.append(TemplateText(unquote(quoted[2])))
            at = quoted.end()
        elif char in " @$":
            at += 1
        elif text.startswith("..", at):
            nodes.append(Recursive())
            # "..name" is a field of everything below; "..[" an index of everything below
            at += 1 if text[at + 2 : at + 3] not in ("[", "") else 2
        elif char == "[":
            closing = _closing(text, at + 1, "]", "unterminated array")
            nodes.append(_brackets(text[at + 1 : closing]))
            at = closing + 1
        elif char == ".":
            end = _field_end(text, at + 1)
            nodes.append(Field(text[at + 1 : end].replace("\\", "")))
            at = end
        elif number:
            nodes.append(Constant(float(number[0]) if number[1] else int(number[0])))
            at = number.end()
        else:
            at = _identifier(text, at, nodes)
    return tuple(nodes)


def _identifier(text: str, at: int, nodes: list[TemplateNode]) -> int:
    word = re.compile(r"\w+").match(text, at)
    if word is None:
        raise JsonPathError(f"unrecognized character in action: U+{ord(text[at]):04X} {text[at]!r}")
    if word[0] not in ("true", "false"):
        raise JsonPathError(f"unrecognized identifier {word[0]}")
    nodes.append(Constant(word[0] == "true"))
    return word.end()


def _field_end(text: str, at: int) -> int:
    while at < len(text) and text[at] not in _FIELD_END:
        at += 2 if text[at] == "\\" else 1
    return min(at, len(text))


def _brackets(text: str) -> TemplateNode:
    """What stands in ``[…]``: a filter, ``*``, a union, a quoted key, an index or a slice."""
    if text.startswith("?("):
        return _filter(text[2:].removesuffix(")"))
    if text == "*":
        return Slice(None, None, None, single=False)
    parts = _split_commas(text)
    if len(parts) > 1:
        return Union(tuple((_brackets(part.strip()),) for part in parts))
    key = re.fullmatch(r"'([^']*)'", text)
    if key:
        # As in kubectl, a dot in the key needs a backslash here too.
        nodes = _path("." + key[1])
        return nodes[0] if len(nodes) == 1 else Union((nodes,))
    match = _SLICE.fullmatch(text)
    if match is None or not text:
        raise JsonPathError(f"invalid array index {text}")
    start, stop, step = (int(part.lstrip(":")) if part and part.lstrip(":") else None for part in match.groups())
    return Slice(start, stop, step, single=match[2] is None and match[3] is None)


def _split_commas(text: str) -> list[str]:
    return [] if not text else re.findall(r"(?:'[^']*'|[^,'])+", text)


def _filter(text: str) -> Filter:
    match = _FILTER.fullmatch(text.strip())
    if match is None:
        return Filter(_path(text.strip()), "", ())
    if match[2] not in ("==", "!=", "<", "<=", ">", ">="):
        raise JsonPathError(f"unrecognized filter operator {match[2]}")
    return Filter(_path(match[1]), match[2], _path(match[3]))


def unquote(text: str) -> str:
    """The text of a quoted literal: backslash escapes are read.

    >>> unquote(r"a\\tb")
    'a\\tb'
    """
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text)
