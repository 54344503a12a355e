"""Strict decoding: a plain object against the schema, the way the API server reads a body.

An unknown field or a wrong type is refused, in Go's words. What comes out is a fresh object without
nulls and without empty optional fields: the server's answer leaves them out (``omitempty``), which is
why ``ingress: []`` cannot be seen in ``-o yaml``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from netpol_lab.manifests import hints
from netpol_lab.manifests.field_types import ANY, ListOf, MapOf, Opaque, Scalar, Struct, Type
from netpol_lab.manifests.line_map import MAX_DEPTH, Lines, Path
from netpol_lab.manifests.name_rules import quoted
from netpol_lab.manifests.problem import Report, field_text

_RANGE = {"int32": 2**31, "int64": 2**63, "int32 or string": 2**31}


class _Missing:
    """Stands for a value that is not there, or that was refused."""


_MISSING = _Missing()


def decode(
    obj: Mapping[str, Any], schema: Struct, report: Report, *, open_ended: bool = False, drop_unknown: bool = False
) -> dict[str, Any]:
    """``obj`` as the server understands it; every fault goes into ``report``, in the server's order.

    ``open_ended``: fields the schema does not know are kept, at the top level, as they are. ``drop_unknown``: they are
    left out without a fault, as the server does for a client that does not ask it to be strict.
    """
    decoder = _Decoder(report.lines, drop_unknown)
    known = {key: value for key, value in obj.items() if key in schema.fields} if open_ended else obj
    body = decoder.struct(known, schema, (), (schema,))
    if open_ended:
        for key in (key for key in obj if key not in schema.fields and obj[key] is not None):
            body[str(key)] = decoder.value(obj[key], ANY, (str(key),), (schema,), ())
    # kubectl sends the fields sorted by name, so the server finds the faults in that order.
    for path, message, hint in sorted(decoder.faults, key=lambda fault: _order(fault[0])):
        report.add("decode", path, message, hint=hint)
    return body


def _order(path: Path) -> list[str]:
    """Sorts paths as the server walks: fields by name, items by number."""
    return [f"{step:09}" if isinstance(step, int) else step for step in path]


class _Decoder:
    def __init__(self, lines: Lines | None, drop_unknown: bool) -> None:
        self.lines, self.drop_unknown = lines, drop_unknown
        self.faults: list[tuple[Path, str, str]] = []

    def struct(self, value: Mapping[str, Any], schema: Struct, path: Path, above: tuple[Struct, ...]) -> dict[str, Any]:
        """An object. ``above`` holds the structs around it, the object itself last."""
        result: dict[str, Any] = {}
        for key, item in value.items():
            type_ = schema.fields.get(key)
            if type_ is None and schema.open_ended:
                result[str(key)] = self._copied(item, (*path, str(key)))
                continue
            if type_ is None:
                if not self.drop_unknown:
                    self._unknown_field(key, path, above)
                continue
            decoded = self.value(item, type_, (*path, key), above, (*path, key))
            if decoded is not _MISSING and (decoded not in _EMPTY or _is_kept(key, type_, decoded, schema)):
                result[key] = decoded
        return result

    def value(self, value: Any, type_: Type, path: Path, above: tuple[Struct, ...], field: Path) -> Any:
        """Any value. ``field`` is the innermost struct field it belongs to, for Go's message."""
        if value is None:
            return _MISSING
        if isinstance(type_, Scalar):
            value = _json_value(value)
            if _is_scalar(value, type_):
                return int(value) if isinstance(value, float) else value
        elif isinstance(type_, Struct):
            if isinstance(value, Mapping):
                return self.struct(value, type_, path, (*above, type_))
        elif isinstance(type_, ListOf):
            if isinstance(value, list | tuple):
                return self._list(value, type_, path, above, field)
        elif isinstance(type_, MapOf):
            if isinstance(value, Mapping):
                return self._map(value, type_, path, above, field)
        else:
            return self._copied(value, path)
        self._wrong_type(value, type_, path, above, field)
        return _MISSING

    def _list(
        self, value: Sequence[Any], type_: ListOf, path: Path, above: tuple[Struct, ...], field: Path
    ) -> list[Any]:
        items = []
        for index, item in enumerate(value):
            decoded = self.value(item, type_.item, (*path, index), above, field)
            items.append(_zero(type_.item) if decoded is _MISSING else decoded)
        return items

    def _map(self, value: Mapping[Any, Any], type_: MapOf, path: Path, above: tuple[Struct, ...], field: Path) -> Any:
        items = {}
        for key, item in value.items():
            decoded = self.value(item, type_.item, (*path, str(key)), above, field)
            items[str(key)] = _zero(type_.item) if decoded is _MISSING else decoded
        return items

    def _copied(self, value: Any, path: Path) -> Any:
        """A part we do not look into, copied as plain JSON, inside our bounds."""
        try:
            return _plain(value, MAX_DEPTH - len(path))
        except _NotPlain:
            return self._opaque(value, path, MAX_DEPTH - len(path))

    def _opaque(self, value: Any, path: Path, depth: int) -> Any:
        """As :func:`_plain`, noting where there is something else."""
        value = _json_value(value)
        if isinstance(value, str) or value is None:
            return value
        if isinstance(value, float) and not math.isfinite(value):
            self.faults.append((path, f"json: unsupported value: {value}", ""))
            return None
        if isinstance(value, bool | int | float):
            return value
        if depth <= 0:
            self.faults.append((path, f"exceeded max depth of {MAX_DEPTH}", ""))
            return None
        if isinstance(value, Mapping):
            return {str(key): self._opaque(item, (*path, str(key)), depth - 1) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._opaque(item, (*path, index), depth - 1) for index, item in enumerate(value)]
        self.faults.append((path, f"json: unsupported type: {type(value).__name__}", ""))
        return None

    def _unknown_field(self, key: Any, path: Path, above: tuple[Struct, ...]) -> None:
        at = (*path, str(key))
        hint = hints.unknown_field(str(key), path, above)
        self.faults.append((at, f'unknown field "{field_text(at)}"', hint))

    def _wrong_type(self, value: Any, type_: Type, path: Path, above: tuple[Struct, ...], field: Path) -> None:
        hint = hints.wrong_type(value, type_, path, self.lines.word(path) if self.lines else "")
        self.faults.append((path, _go_message(value, type_, above[-1], field), hint))


class _NotPlain(Exception):
    """Something in a value is not plain JSON, or nested too deeply."""


def _plain(value: Any, depth: int) -> Any:
    """A copy of plain JSON. Two thirds of a dump are such parts, so no path is kept on the way."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int and -(2**63) <= value < 2**64:
        return value
    if kind is float and math.isfinite(value):
        return value
    if depth > 0 and kind is dict:
        return {_plain_key(key): _plain(item, depth - 1) for key, item in value.items()}
    if depth > 0 and kind is list:
        return [_plain(item, depth - 1) for item in value]
    raise _NotPlain


def _plain_key(key: Any) -> str:
    if type(key) is not str:
        raise _NotPlain
    return key


_EMPTY: tuple[Any, ...] = ("", False, 0, [], {})
"""What ``omitempty`` leaves out (compared by value: 0 and False are one)."""


def _is_kept(key: str, type_: Type, value: Any, schema: Struct) -> bool:
    """Whether an empty field stays in the object: pointers, structs and required fields do."""
    if key in schema.always or isinstance(type_, Opaque | Struct):
        return True
    return isinstance(type_, Scalar) and type_.pointer


def _json_value(value: Any) -> Any:
    """A value as JSON has it: a time that a YAML reader made is a text, a whole number beyond 64 bits a float."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        try:
            return float(value)
        except OverflowError:
            return math.inf
    return value


def _is_scalar(value: Any, type_: Scalar) -> bool:
    if isinstance(value, bool):
        return type_.go == "bool"
    if type_.go == "quantity":
        return not _quantity_fault(value)
    if isinstance(value, str):
        return type_.go in ("string", "int32 or string") or (type_.go == "time" and not _time_fault(value))
    if isinstance(value, int | float) and type_.go in _RANGE and (isinstance(value, int) or value.is_integer()):
        limit = _RANGE[type_.go]
        return -limit <= value < limit
    return False


NOT_A_QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
NOT_A_SUFFIX = "unable to parse quantity's suffix"
_QUANTITY = re.compile(r"[+-]?[0-9.]+([eEinumkKMGTP]*[-+]?[0-9]*)")
_SUFFIX = re.compile(r"[numkMGTPE]?|[KMGTPE]i|[eE][-+]?[0-9]+")
_LAYOUT = "2006-01-02T15:04:05Z07:00"
_TIME_PARTS = (
    ("2006", "[0-9]{4}"), ("-", "-"), ("01", "[0-9]{2}"), ("-", "-"), ("02", "[0-9]{2}"), ("T", "T"),
    ("15", "[0-9]{2}"), (":", ":"), ("04", "[0-9]{2}"), (":", ":"), ("05", r"[0-9]{2}(?:[.,][0-9]+)?"),
    ("Z07:00", "Z|[+-][0-9]{2}:[0-9]{2}"),
)  # fmt: skip
"""The parts of a time as Go names them, and what each may be."""


def _quantity_fault(value: Any) -> str:
    """What the server says of an amount of memory or CPU; "" when it is one."""
    match = None if isinstance(value, bool) else _QUANTITY.fullmatch(str(value))
    if match is None:
        return NOT_A_QUANTITY
    return "" if _SUFFIX.fullmatch(match[1]) else NOT_A_SUFFIX


def _time_fault(text: str) -> str:
    """Go's ``time.ParseError`` for a text that is no RFC 3339 time; "" for one that is."""
    rest = text
    for part, pattern in _TIME_PARTS:
        match = re.match(pattern, rest)
        if not match:
            return f'parsing time {quoted(text)} as "{_LAYOUT}": cannot parse {quoted(rest)} as "{part}"'
        rest = rest[match.end() :]
    if rest:
        return f"parsing time {quoted(text)}: extra text: {quoted(rest)}"
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        unit = str(error).partition(" ")[0]
        return f"parsing time {quoted(text)}: {unit} out of range"
    return ""


def _zero(type_: Type) -> Any:
    """What a null in a list or a map becomes."""
    if isinstance(type_, Scalar):
        return {"string": "", "bool": False}.get(type_.go, 0)
    return [] if isinstance(type_, ListOf) else None if isinstance(type_, Opaque) else {}


def _go_message(value: Any, type_: Type, owner: Struct, field: Path) -> str:
    """Go's ``json.UnmarshalTypeError``: names of fields without indexes, and the type it wanted."""
    what = go_value(value)
    if isinstance(type_, Scalar) and type_.go == "quantity":
        return _quantity_fault(value)
    if isinstance(type_, Scalar) and type_.go == "time":
        return _time_fault(value) if what == "string" else f"json: cannot unmarshal {what} into Go value of type string"
    if what == "number" and isinstance(type_, Scalar) and type_.go in _RANGE:
        what = f"number {value}"  # a number, and not one of those that fit
    names = ".".join(step for step in field if isinstance(step, str))
    return f"json: cannot unmarshal {what} into Go struct field {owner.name}.{names} of type {type_.shown}"


def go_value(value: Any) -> str:
    """What Go calls a JSON value of the wrong type."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "array"
