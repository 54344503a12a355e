"""What was probably meant: the sentences that stand beside the server's refusal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netpol_lab.manifests.field_types import ListOf, MapOf, Scalar, Struct, Type
from netpol_lab.manifests.line_map import Path
from netpol_lab.manifests.problem import field_text
from netpol_lab.model.phrases import did_you_mean, nearest

BELONGS_INSIDE = "`{field}` belongs inside `{inside}:`, one step further to the right"
BELONGS_OUTSIDE = "`{field}` belongs to {outside}: it is indented too far"
BELONGS_ELSEWHERE = "`{field}` is a field of `{owner}`"
QUOTE_IT = "YAML reads {word} as a {what}; quote the value: {quoted}"
UNQUOTE_IT = "a number is wanted: take the quotes away"
NUMBER_WANTED = "a number is wanted here"
DASH_TOO_MANY = "a dash too many? `{}` is one object, not a list"
DASH_MISSING = "`{}` is a list: is a dash missing? Each item starts with `- `"
FIELDS_WANTED = "`{}` takes fields of its own, not one word"
TEXT_WANTED = "`{}` takes one text, nothing below it"
LABELS_IN_SELECTOR = "labels go inside `matchLabels:`"
SERVICE_SELECTOR = "the selector of a Service holds the labels themselves, without `matchLabels:`"
_EXAMPLES = {
    "time": "a time looks like 2026-01-31T09:00:00Z",
    "quantity": "an amount looks like 100m, 0.5, 128Mi or 1Gi",
}
TOO_LARGE = "the number is too large"


def unknown_field(name: str, path: Path, above: tuple[Struct, ...]) -> str:
    """What an unknown field ``name`` of the object at ``path`` probably should be.

    First a field that is only in the wrong column (it exists inside a sibling, or further out), then
    a field of nearly the same name.
    """
    here = above[-1]
    same = next((field for field in here.fields if field.lower() == name.lower()), None)
    if same:
        return did_you_mean([same], "`")
    inside = next((field for field, type_ in here.fields.items() if name in _fields(type_)), None)
    outside = _around(name, path, above)
    close = _close(name, here)
    if outside:
        return BELONGS_OUTSIDE.format(field=name, outside=outside)
    if inside and not close:
        return BELONGS_INSIDE.format(field=name, inside=inside)
    if close:
        return did_you_mean(close, "`")
    if here.name == "LabelSelector":
        return LABELS_IN_SELECTOR
    elsewhere = _owner_of(name, above[0])
    return BELONGS_ELSEWHERE.format(field=name, owner=elsewhere) if elsewhere else ""


def _fields(type_: Type) -> Mapping[str, Type]:
    """The fields of a struct, or of the items of a list of structs."""
    inner = type_.item if isinstance(type_, ListOf) else type_
    return inner.fields if isinstance(inner, Struct) else {}


def _around(name: str, path: Path, above: tuple[Struct, ...]) -> str:
    """The nearest object around this one that has the field."""
    depth = len(path)
    for struct in reversed(above[:-1]):
        depth -= 1
        while depth > 0 and isinstance(path[depth], int):
            depth -= 1
        if name in struct.fields:
            return f"`{field_text(path[:depth])}`" if depth else "the top level"
    return ""


def _close(name: str, struct: Struct) -> list[str]:
    """A field that ends like the name, or one that is like it."""
    endings = [field for field in struct.fields if field.lower().endswith(name.lower())]
    return endings or nearest(name, struct.fields)


def _owner_of(name: str, root: Struct) -> str:
    """Any field of the kind whose object has such a field, breadth first."""
    level = list(root.fields.items())
    for _ in range(8):
        below: list[tuple[str, Type]] = []
        for field, type_ in level:
            fields = _fields(type_)
            if name in fields:
                return field
            below += fields.items()
        level = below
    return ""


def wrong_type(value: Any, type_: Type, path: Path, word: str = "") -> str:
    """What to do about a value of the wrong type; ``word`` is how it stands in the file, if that is known."""
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    if path == ("spec", "selector", "matchLabels"):
        return SERVICE_SELECTOR
    if isinstance(type_, Scalar):
        return _wrong_scalar(value, type_, name, word)
    if isinstance(type_, ListOf):
        return DASH_MISSING.format(name)
    if isinstance(value, list) and isinstance(type_, Struct | MapOf):
        return DASH_TOO_MANY.format(name)
    return FIELDS_WANTED.format(name)


def _wrong_scalar(value: Any, type_: Scalar, name: str, word: str) -> str:
    if not isinstance(value, bool | int | float | str):
        return TEXT_WANTED.format(name)
    if type_.go in _EXAMPLES:
        return _EXAMPLES[type_.go]
    if type_.go == "string":
        word = word or str(value).lower()
        what = "boolean (true or false)" if isinstance(value, bool) else "number"
        return QUOTE_IT.format(word=word, what=what, quoted=f'"{word}"')
    if isinstance(value, str):
        if type_.go == "bool":
            return "write true or false, without quotes"
        return UNQUOTE_IT if value.isdecimal() else NUMBER_WANTED
    return TOO_LARGE if isinstance(value, int) and not isinstance(value, bool) and type_.go != "bool" else NUMBER_WANTED
