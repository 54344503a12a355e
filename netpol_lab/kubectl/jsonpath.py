"""``-o jsonpath=…``: evaluate a template on an object, with kubectl's rules.

>>> pods = {"items": [{"name": "a", "ip": "10.0.0.1"}, {"name": "b", "ip": "10.0.0.2"}]}
>>> render(compile("{.items[*].name}"), pods)
'a b'
>>> render(compile('{range .items[*]}{.name}={.ip};{end}'), pods)
'a=10.0.0.1;b=10.0.0.2;'
>>> render(compile('{.items[?(@.name=="b")].ip}'), pods)
'10.0.0.2'
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from netpol_lab.kubectl import jsonpath_parser as grammar
from netpol_lab.kubectl.jsonpath_parser import JsonPathError, TemplateNode
from netpol_lab.kubectl.serialize import to_compact_json

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


_MOST_VALUES = 400_000
"""A template that meets more values (``....``, a range in a range in a range) is given up."""


class _Work:
    """How much one template has done."""

    def __init__(self) -> None:
        self.values = 0

    def seen(self, value: Any) -> Any:
        self.values += 1
        if self.values > _MOST_VALUES:
            raise JsonPathError("too many values")
        return value


compile = grammar.parse
"""Template to nodes. Raises :class:`JsonPathError` for a malformed template."""


def render(nodes: Sequence[TemplateNode], value: Any) -> str:
    """The text kubectl prints for a compiled template. Fields that are missing print nothing.

    Raises :class:`JsonPathError` where the template does not fit the object, such as an index out of bounds.
    """
    return "".join(_render(nodes, value, _Work()))


def find(template: str, value: Any) -> list[Any]:
    """All values that the paths of a template lead to, in order (``jsonpath-as-json``, ``--sort-by``, ``wait``)."""
    paths = (node for node in grammar.parse(template) if isinstance(node, grammar.TemplatePath))
    work = _Work()
    return [found for path in paths for found in _evaluate(path.nodes, [value], work)]


def relaxed(expression: str) -> str:
    """A path as ``--sort-by`` and custom-columns take it, with or without dot and braces, as a template.

    >>> relaxed("metadata.name"), relaxed(".metadata.name"), relaxed("{.metadata.name}")
    ('{.metadata.name}', '{.metadata.name}', '{.metadata.name}')
    """
    path = expression.removeprefix("{").removesuffix("}")
    return "{" + (path if path.startswith((".", "[")) else f".{path}") + "}"


def _render(nodes: Sequence[TemplateNode], value: Any, work: _Work) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, grammar.TemplateText):
            yield node.text
        elif isinstance(node, grammar.TemplateRange):
            for item in _evaluate(node.path, [value], work):
                yield from _render(node.body, item, work)
        elif isinstance(node, grammar.TemplatePath):
            yield " ".join(text_of(found) for found in _evaluate(node.nodes, [value], work))


def text_of(value: Any) -> str:
    """One value as text: strings bare, lists and maps as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, (Mapping, list, tuple)):
        return to_compact_json(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "<nil>" if value is None else str(value)


def _evaluate(nodes: Sequence[TemplateNode], values: list[Any], work: _Work) -> list[Any]:
    """Follow a path from each of ``values``."""
    for node in nodes:
        if isinstance(node, grammar.TemplateText):
            values = [node.text]
        elif isinstance(node, grammar.Constant):
            values = [node.value]
        else:
            values = [work.seen(found) for value in values for found in _step(node, value, work)]
    return values


def _step(node: TemplateNode, value: Any, work: _Work) -> Iterator[Any]:
    if isinstance(node, grammar.Field):
        yield from _field(node, value)
    elif isinstance(node, grammar.Recursive):
        yield from _below(value)
    elif isinstance(node, grammar.Slice):
        yield from _slice(node, value)
    elif isinstance(node, grammar.Union):
        for part in node.parts:
            yield from _evaluate(part, [value], work)
    elif isinstance(node, grammar.Filter):
        yield from (item for item in _children(value) if _holds(node, item, work))


def _children(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [value[key] for key in sorted(value)]
    return list(value) if isinstance(value, (list, tuple)) else []


def _field(node: grammar.Field, value: Any) -> Iterator[Any]:
    if node.name == "*":
        yield from _children(value)
    elif node.name == "":
        yield value
    elif isinstance(value, Mapping) and node.name in value:
        yield value[node.name]


def _below(value: Any) -> Iterator[Any]:
    children = _children(value)
    if children:
        yield value
        for child in children:
            yield from _below(child)


def _slice(node: grammar.Slice, value: Any) -> Iterator[Any]:
    if value is None:
        return
    if not isinstance(value, (list, tuple)):
        if isinstance(value, Mapping) and not node.single:
            yield from _children(value)
            return
        raise JsonPathError(f"{text_of(value)} is not array or slice")
    length = len(value)
    if not node.single:
        if node.step is not None and node.step <= 0:
            raise JsonPathError("step must be > 0")
        yield from value[node.start : node.stop : node.step]
        return
    index = node.start or 0
    index += length if index < 0 else 0
    if not 0 <= index < length:
        raise JsonPathError(f"array index out of bounds: index {index}, length {length}")
    yield value[index]


def _holds(node: grammar.Filter, item: Any, work: _Work) -> bool:
    left = _evaluate(node.left, [item], work)
    if not node.operator:
        return bool(left)
    right = _evaluate(node.right, [item], work)
    if len(left) > 1 or len(right) > 1:
        raise JsonPathError("can only compare one element at a time")
    if not left or not right:
        return False
    return _compare(left[0], node.operator, right[0])


def _compare(left: Any, sign: str, right: Any) -> bool:
    if sign in ("==", "!="):
        # Numbers in the object may be compared with numbers written as text, and the other way round.
        equal = left == right or text_of(left) == text_of(right)
        return equal is (sign == "==")
    both = (int, float) if isinstance(left, (int, float)) else str
    if isinstance(left, bool) or not isinstance(right, both):
        raise JsonPathError("incompatible types for comparison")
    return _COMPARE[sign](left, right)
