"""``-o …``: objects as a table, as YAML or JSON, by name, by jsonpath, by custom columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from netpol_lab.kubectl import go_template, jsonpath
from netpol_lab.kubectl.columns import columns_of
from netpol_lab.kubectl.failure import Failure
from netpol_lab.kubectl.file_arguments import read_text_file
from netpol_lab.kubectl.go_template import go_text
from netpol_lab.kubectl.jsonpath_parser import JsonPathError
from netpol_lab.kubectl.resources import ResourceType, metadata, type_of_kind
from netpol_lab.kubectl.serialize import go_syntax, plain, to_json, to_yaml
from netpol_lab.kubectl.session import Call
from netpol_lab.kubectl.tabwriter import table
from netpol_lab.model.bodies import ReadOnlyBody
from netpol_lab.model.numbers import whole

Objects = Sequence[tuple[ResourceType, ReadOnlyBody]]

_TEMPLATES = ("go-template", "go-template-file", "template", "templatefile")
_WITH_TEMPLATE = ("jsonpath", "jsonpath-as-json", "custom-columns", "jsonpath-file", "custom-columns-file", *_TEMPLATES)
_FORMATS = sorted((*_WITH_TEMPLATE, "json", "name", "wide", "yaml"))


def is_table(call: Call) -> bool:
    """Whether the call prints for people: a table, not data for a program."""
    return call.flag("output") in ("", "wide")


def split_format(call: Call, *, table_allowed: bool = True) -> tuple[str, str]:
    """The format of ``-o`` and its template. Raises :class:`Failure` for what kubectl or the workbook lacks."""
    format_, _, template = str(call.flag("output")).partition("=")
    known = format_ in _FORMATS or format_ == ""
    if not known or (format_ == "wide" and not table_allowed):
        allowed = ",".join(name for name in _FORMATS if table_allowed or name != "wide")
        raise Failure(
            f'unable to match a printer suitable for the output format "{format_}", allowed formats are: {allowed}'
        )
    if format_ in _WITH_TEMPLATE and not template:
        if format_.startswith("custom-columns"):
            raise Failure("custom-columns format specified but no custom columns given")
        raise Failure("template format specified but no template given")
    if format_.endswith("file"):
        return format_.removesuffix("file").removesuffix("-"), read_text_file(call, template)
    return format_, template


def as_list(objects: Objects) -> ReadOnlyBody:
    """Several objects as the one List that kubectl makes of them."""
    items = [plain(body) for _, body in objects]
    return {"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}}


def print_data(call: Call, objects: Objects, *, single: bool) -> None:
    """Print in a format for programs. ``single``: one object was asked for by name, so it is not put in a List."""
    format_, template = split_format(call)
    value = objects[0][1] if single and len(objects) == 1 else as_list(objects)
    if format_ == "name":
        for kind, body in objects:
            call.print(kind.named(metadata(body)["name"]))
    elif format_ == "json":
        call.print(to_json(value))
    elif format_ == "yaml":
        call.write(to_yaml(value))
    elif format_ == "custom-columns":
        call.print(custom_columns(template, [body for _, body in objects], headers=not call.flag("no-headers")))
    else:
        call.write(by_path(format_, template, value))


def by_path(format_: str, template: str, value: Any) -> str:
    """The text of a template: ``go-template``, ``jsonpath`` or ``jsonpath-as-json``. Raises :class:`Failure`."""
    if format_ in _TEMPLATES:
        return go_template.render(template, value)
    try:
        if format_ == "jsonpath-as-json":
            return to_json(jsonpath.find(template, value)) + "\n"
        nodes = jsonpath.compile(template)
    except JsonPathError as error:
        raise Failure(f"error parsing jsonpath {template}, {error}") from None
    try:
        return jsonpath.render(nodes, value)
    except JsonPathError as error:
        raise Failure(
            f'error executing jsonpath "{template}": Error executing template: {error}. Printing more information'
            f" for debugging the template:\n\ttemplate was:\n\t\t{template}\n\tobject given to jsonpath engine"
            f" was:\n\t\t{go_syntax(value)}\n\n",
            hints=["nothing was found, so the list is empty"] if value.get("items") == [] else (),
        ) from None


def custom_columns(spec: str, bodies: Sequence[ReadOnlyBody], *, headers: bool = True) -> str:
    """A table of columns written as ``HEADER:path,HEADER:path``. Raises :class:`Failure`."""
    columns = []
    for part in _split_columns(spec):
        header, colon, path = part.partition(":")
        if not colon:
            raise Failure(f"unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>")
        columns.append((header, path))
    rows = [[header for header, _ in columns]] if headers else []
    rows += [[_cell(path, body) for _, path in columns] for body in bodies]
    return table(rows)


def _split_columns(spec: str) -> list[str]:
    """At commas that do not stand in brackets."""
    return re.findall(r"(?:\[[^\]]*\]|[^,\[])+", spec)


def _cell(path: str, body: ReadOnlyBody) -> str:
    try:
        found = jsonpath.find(jsonpath.relaxed(path), body)
    except JsonPathError as error:
        raise Failure(str(error)) from None
    return ",".join(go_text(value) for value in found).replace("\r", "\\r") or "<none>"


def sort_by(objects: Objects, expression: str) -> list[tuple[ResourceType, ReadOnlyBody]]:
    """Objects in the order of one field; those without it come first. Raises :class:`Failure` when none has it."""
    template = jsonpath.relaxed(expression)
    try:
        found = [(jsonpath.find(template, body) or [None])[0] for _, body in objects]
    except JsonPathError as error:
        raise Failure(f"error parsing jsonpath {template}, {error}") from None
    if objects and all(value is None for value in found):
        raise Failure(f'couldn\'t find any field with path "{template}" in the list of objects')
    order = sorted(range(len(found)), key=lambda index: _natural(found[index]))
    return [objects[index] for index in order]


def _natural(value: Any) -> tuple[Any, ...]:
    """A sort key: digits inside texts count as numbers (``web-2`` before ``web-10``)."""
    if value is None:
        return (0,)
    if isinstance(value, (int, float)):
        return (1, value)
    parts = re.split(r"(\d+)", jsonpath.text_of(value))
    return (2, *((0, 0, part) if (number := whole(part)) is None else (1, number, "") for part in parts))


def print_tables(call: Call, objects: Objects, *, with_kind: bool) -> None:
    """One table a kind, in the order the kinds were found; an empty line between tables."""
    kinds = list(dict.fromkeys(kind for kind, _ in objects))
    for number, kind in enumerate(kinds):
        if number:
            call.print("")
        call.print(_table(call, kind, [body for each, body in objects if each == kind], with_kind))


def _table(call: Call, kind: ResourceType, bodies: Sequence[ReadOnlyBody], with_kind: bool) -> str:
    columns, wide = columns_of(kind), call.flag("output") == "wide"
    with_namespace = kind.namespaced and bool(call.flag("all-namespaces"))
    labels, now = call.flag("label-columns"), call.cluster.now
    rows = []
    if not call.flag("no-headers"):
        headers = columns.shown(columns.headers, wide=wide)
        extra = [label.rpartition("/")[2].upper() for label in labels]
        rows.append([*(["NAMESPACE"] if with_namespace else []), *headers, *extra, *_label_header(call)])
    for body in bodies:
        first, *cells = columns.shown(tuple(columns.cells(body, now)), wide=wide)
        carried = metadata(body).get("labels") or {}
        name = kind.named(first) if with_kind else first
        namespace = [str(metadata(body).get("namespace", ""))] if with_namespace else []
        rows.append(
            [*namespace, name, *cells, *(carried.get(label, "") for label in labels), *_all_labels(call, carried)]
        )
    return table([[_one_line(cell) for cell in row] for row in rows])


def _label_header(call: Call) -> list[str]:
    return ["LABELS"] if call.flag("show-labels") else []


def _all_labels(call: Call, labels: Mapping[str, str]) -> list[str]:
    if not call.flag("show-labels"):
        return []
    return [",".join(f"{key}={value}" for key, value in sorted(labels.items())) or "<none>"]


def _one_line(cell: str) -> str:
    """Up to where a line would end (cli-runtime ``printers/tableprinter.go``)."""
    shown, *rest = re.split("[\f\n\r]", cell, maxsplit=1)
    return shown.replace("\t", " ") + ("..." if rest else "")


def print_change(call: Call, kind: ResourceType, body: ReadOnlyBody, word: str) -> None:
    """What a verb did to one object, in the format of ``-o``: ``deployment.apps/web created (dry run)``."""
    format_, template = split_format(call, table_allowed=False)
    if format_ == "":
        ending = {"client": " (dry run)", "server": " (server dry run)"}.get(call.parsed.values.get("dry-run", ""), "")
        call.print(f"{kind.named(metadata(body)['name'])} {word}{ending}")
    elif format_ == "name":
        call.print(kind.named(metadata(body)["name"]))
    elif call.collected is not None:
        call.collected.append(body)
    elif format_ == "yaml":
        separator = "---\n" if call.has_data else ""
        call.write(separator + to_yaml(body))
    elif format_ == "json":
        call.print(to_json(body))
    else:
        call.write(by_path(format_, template, body))


def print_collected(call: Call) -> None:
    """The objects of ``call.collected``: one as it is, several as a List."""
    bodies, call.collected = call.collected or [], None
    if bodies:
        together = {"apiVersion": "v1", "items": bodies, "kind": "List", "metadata": {}}
        print_change(call, type_of_kind("List"), bodies[0] if len(bodies) == 1 else together, "")
