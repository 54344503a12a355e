"""The doors of the package: :func:`read_text`, :func:`read_path`, :func:`read_objects`, :func:`from_object`.

Behind the first three is a :class:`Reader`.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Container, Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path as FilePath
from typing import Any

from netpol_lab.manifests import decode, defaults, foreign, kinds, leniency, strict
from netpol_lab.manifests.line_map import Lines, Path
from netpol_lab.manifests.problem import MAX_PROBLEMS, ObjectReference, Problem, Report
from netpol_lab.manifests.schema import KINDS, OTHER, STORED
from netpol_lab.manifests.source import MAX_JSON_CHARACTERS, documents
from netpol_lab.manifests.syntax import not_text, too_large
from netpol_lab.manifests.validation import cidrs_by_path
from netpol_lab.manifests.validation_core import validate
from netpol_lab.model.bodies import ReadOnlyBody
from netpol_lab.model.errors import ManifestError, NotFound
from netpol_lab.model.objects import Resource

SUFFIXES = (".json", ".yaml", ".yml")
"""What kubectl takes from a directory."""

NOT_AN_OBJECT = "json: cannot unmarshal {} into Go value of type unstructured.detector"
NO_NAME = "resource name may not be empty"
GENERATE_NAME = "from {}: cannot use generate name with apply"
LEFT_OUT = "left out, for its problems leave in doubt what it means"
HINT_START = "a manifest starts with `apiVersion:` and `kind:`"
HINT_NAME = "write `name:` below `metadata:`"


def read_text(text: str, file: str = "") -> list[Resource]:
    """All objects of a YAML or JSON text, in order.

    ``file`` is how messages call it. Namespaced objects that name no namespace are in ``default``.
    Raises :class:`ManifestError` with every problem found; then no object is returned.

    >>> [str(resource.key) for resource in read_text("apiVersion: v1\\nkind: Namespace\\nmetadata: {name: demo}")]
    ["('Namespace', '', 'demo')"]
    """
    return Reader().read_text(text, file).found()


def read_path(path: str | os.PathLike[str], *, recursive: bool = False) -> list[Resource]:
    """All objects of a file, or of the manifests in a directory, as ``kubectl -f`` takes them.

    ``recursive`` is ``kubectl -R``: with those of the directories inside.

    Raises :class:`NotFound` when there is no such path or no manifest in it, :class:`ManifestError` as
    :func:`read_text`, with the problems of all files together.
    """
    return Reader().read_path(path, recursive=recursive).found()


def read_objects(objects: Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> list[Resource]:
    """All objects of what is parsed already: one API object, a List of them, or several of either.

    ``objects`` are not changed and not kept. Raises :class:`ManifestError` with the problems of all of them.
    """
    return Reader().read_objects(objects).found()


class Reader:
    """Gathers the objects of texts, files and folders, and what is wrong with them.

    ``own``: a folder is read as people keep it, and what is no manifest is passed over and listed in ``skipped``.
    ``strict`` False: what the API server would refuse and a reader can still understand is taken, and ``problems``
    lists it. ``notes``: what is legal and probably wrong, a key that is written twice.
    """

    def __init__(self, *, own: bool = False, strict: bool = True) -> None:
        self.own, self.strict = own, strict
        self.resources: list[Resource] = []
        self.problems: list[Problem] = []
        self.notes: list[Problem] = []
        self.skipped: list[Problem] = []

    def found(self) -> list[Resource]:
        """The objects. Raises :class:`ManifestError` where a strict reader met a problem."""
        if self.strict and self.problems:
            raise ManifestError(tuple(self.problems))
        return self.resources

    def read_text(self, text: str, file: str = "") -> Reader:
        self._read(text, file)
        return self

    def read_path(self, path: str | os.PathLike[str], *, recursive: bool = False) -> Reader:
        whole = FilePath(path)
        for file in _files(whole, recursive):
            text = _file_text(file, self.problems)
            if text is not None:
                self._read(text, str(file), whole if self.own and whole != file else None)
        if self.skipped and not self.resources and not self.problems:
            raise NotFound(f"no manifest in {_shown(whole)}: {'; '.join(map(str, self.skipped[:3]))}")
        return self

    def read_objects(self, objects: Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> Reader:
        several = [objects] if isinstance(objects, Mapping) else objects
        with without_garbage_collection():
            for value, _ in (found for each in several for found in objects_in(each, None, 0)):
                self._take(value, None, "")
        return self

    def _read(self, text: str, file: str, folder: FilePath | None = None) -> None:
        """All objects of a text; ``folder`` is the one that was asked for, where it may hold what is no manifest."""
        problems: list[Problem] = []
        with without_garbage_collection():
            for document in documents(text, file, problems, self.notes):
                for value, lines in objects_in(document.value, document.lines, 0):
                    why = foreign.why_no_manifest(value) if folder else ""
                    if why:
                        self.skipped.append(Problem("skipped", why, file, lines.first_line(()) if lines else 0))
                    else:
                        self._take(value, lines, file)
                if len(self.problems) > MAX_PROBLEMS:
                    return
        why = foreign.why_no_manifest_text(text, FilePath(file), folder) if folder and problems else ""
        if why:
            self.skipped.append(Problem("skipped", why, file, problems[0].line))
        else:
            self.problems += problems

    def _take(self, value: Any, lines: Lines | None, file: str) -> None:
        problems: list[Problem] = []
        resource = _resource(value, lines, file, problems, lenient=not self.strict)
        self.problems += problems
        if resource is not None:
            self.resources.append(resource)
        elif not self.strict:
            told = problems[0]
            self.skipped.append(Problem("skipped", LEFT_OUT, file, told.line, object=told.object))


def from_object(
    obj: Mapping[str, Any],
    origins: Lines | None = None,
    file: str = "",
    *,
    default_namespace: str | None = "default",
    drop_unknown: bool = False,
    installed: Container[tuple[str, str]] | None = None,
    old: ReadOnlyBody | None = None,
    strict: bool = True,
) -> Resource:
    """One API object, already parsed, to a Resource: decoded strictly, defaulted, validated, typed.

    ``obj`` is not changed and not kept. ``origins`` tells the lines of its parts, where there are any.
    ``default_namespace`` is filled in where a namespaced object names none (what ``kubectl -n`` does); None leaves it
    out. ``drop_unknown`` leaves out fields the API does not know, as the server does for a client that does not ask it
    to be strict. ``installed``: see :func:`kinds.mapping_fault`. ``old`` is the object whose place this one takes: what
    stood there already is not judged by rules that came later. ``strict``: see :class:`Reader`.
    Raises :class:`ManifestError`.
    """
    problems: list[Problem] = []
    resource = _resource(obj, origins, file, problems, default_namespace, drop_unknown, installed, old, not strict)
    if resource is None:
        raise ManifestError(tuple(problems))
    return resource


def _files(path: FilePath, recursive: bool) -> list[FilePath]:
    try:
        if path.is_dir():
            inside = path.rglob("*") if recursive else path.iterdir()
            found = sorted(file for file in inside if file.suffix in SUFFIXES and file.is_file())
            if not found:
                raise NotFound(f"error reading [{path}]: recognized file extensions are [{' '.join(SUFFIXES)}]")
            return found
        exists = path.exists()
    except (OSError, ValueError):  # a name that no file can have, or a folder that may not be read
        exists = False
    if not exists:
        raise NotFound(f"the path {_shown(path)} does not exist")
    return [path]


def _shown(path: FilePath) -> str:
    """A path inside a message: in quotes, and not longer than a screen."""
    text = str(path)
    return f'"{text}"' if len(text) <= 200 else f'"{text[:200]}..."'


def _file_text(file: FilePath, problems: list[Problem]) -> str | None:
    try:
        if file.stat().st_size > 4 * MAX_JSON_CHARACTERS:
            problems.append(too_large(str(file), "JSON", MAX_JSON_CHARACTERS))
            return None
        data = file.read_bytes()
    except OSError as error:
        problems.append(Problem("yaml", f"cannot be read: {error.strerror}", str(file)))
        return None
    try:
        return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        problems.append(not_text(data, error.start, str(file)))
        return None


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Where very many objects are made and stay: looking for cycles among them would take as long as making them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def objects_in(value: Any, lines: Lines | None, depth: int) -> Iterator[tuple[Any, Lines | None]]:
    """The object itself, or the items of a List, a PodList and so on, each with its lines.

    ``depth`` counts Lists inside Lists; start with 0.
    """
    kind = str(value.get("kind")) if isinstance(value, Mapping) else ""
    items = value.get("items") if kind.endswith("List") else None
    if not isinstance(items, list) or depth > 3:
        yield value, lines
        return
    for index, item in enumerate(items):
        if kind != "List" and isinstance(item, Mapping) and "kind" not in item:
            # The API's own lists do not repeat what their items are.
            item = {"apiVersion": value.get("apiVersion"), "kind": kind.removesuffix("List"), **item}
        yield from objects_in(item, lines.within(("items", index)) if lines else None, depth + 1)


def _resource(
    obj: Any,
    lines: Lines | None,
    file: str,
    problems: list[Problem],
    namespace: str | None = "default",
    drop_unknown: bool = False,
    installed: Container[tuple[str, str]] | None = None,
    old: ReadOnlyBody | None = None,
    lenient: bool = False,
) -> Resource | None:
    """One object through all steps; each step is only taken when the one before found nothing.

    ``lenient``: or nothing that keeps a reader from understanding the object.
    """
    report = Report(file, lines, _reference(obj), problems=[])
    body = _decoded(obj, report, drop_unknown, installed, lenient)
    # Other groups have kinds of the same names, such as Calico's NetworkPolicy: those are stored as they are.
    ours = (report.object.api_version, report.object.kind) in KINDS
    if body is not None and (not report or (lenient and leniency.is_clear(report))):
        _set_namespace(body, namespace)
        if ours:
            defaults.fill_in(body)
            report.settled = _settled(body, installed, old)
        validate(body, report, ours=ours or (report.object.api_version, report.object.kind) in STORED)
        if ours and report:
            leniency.name_containers(body)
    problems += report
    if body is None or (report and not (lenient and leniency.is_clear(report))):
        return None
    metadata = body["metadata"]
    return Resource(
        api_version=body["apiVersion"],
        kind=body["kind"],
        namespace=metadata.get("namespace", ""),
        name=metadata["name"],
        body=body,
        typed=decode.typed(body, lines) if ours else None,
        origin=lines.origin() if lines else None,
    )


def _settled(body: ReadOnlyBody, installed: Container[tuple[str, str]] | None, old: ReadOnlyBody | None) -> Set[str]:
    """The CIDRs that were there before. What has a uid and is not sent to a server has been in a cluster already."""
    before = body if installed is None and body["metadata"].get("uid") else old
    if not before or body["kind"] != "NetworkPolicy":
        return frozenset()
    return {text for _, text in cidrs_by_path(before.get("spec") or {})}


def _decoded(
    obj: Any, report: Report, drop_unknown: bool, installed: Container[tuple[str, str]] | None, lenient: bool
) -> dict[str, Any] | None:
    """The object as the server understands it, once kubectl knows what and which it is."""
    if not isinstance(obj, Mapping):
        report.add("decode", (), NOT_AN_OBJECT.format(strict.go_value(obj)), hint=HINT_START)
        return None
    for field in ("apiVersion", "kind"):
        value = obj.get(field)
        if not isinstance(value, str) or (not value and not (field == "apiVersion" and obj.get("kind"))):
            report.add("missing", (field,), f"{field} not set", hint=HINT_START)
    if report:
        return None
    fault = kinds.mapping_fault(report.object, installed)
    if fault:
        report.add("mapping", (), fault[0], hint=fault[1], at=_mapping_line(report.object))
        return None
    which = (report.object.api_version, report.object.kind)
    known = KINDS.get(which) or STORED.get(which)
    if installed is None and report.object.kind == "NetworkPolicy":
        obj = {key: value for key, value in obj.items() if key != "status"}  # dumps of clusters before 1.28 have one
    body = strict.decode(obj, known or OTHER, report, open_ended=known is None, drop_unknown=drop_unknown)
    if not report or lenient:
        _check_name(body, report)
    body.setdefault("metadata", {})
    return body


def _mapping_line(reference: ObjectReference) -> Path:
    """The line to look at: the kind when the version exists, else the version."""
    return ("kind",) if reference.api_version in kinds.BUILT_IN else ("apiVersion",)


def _check_name(body: Mapping[str, Any], report: Report) -> None:
    metadata = body.get("metadata", {})
    if metadata.get("name"):
        return
    if metadata.get("generateName"):
        report.add(
            "missing", ("metadata", "generateName"), GENERATE_NAME.format(metadata["generateName"]), hint=HINT_NAME
        )
        return
    report.add("missing", ("metadata", "name"), NO_NAME, hint=HINT_NAME)


def _set_namespace(body: dict[str, Any], namespace: str | None) -> None:
    """kubectl gives namespaced objects the current namespace, and takes one off others."""
    if not kinds.in_namespace(body["kind"]):
        body["metadata"].pop("namespace", None)
    elif namespace and "namespace" not in body["metadata"]:
        body["metadata"]["namespace"] = namespace


def _reference(obj: Any) -> ObjectReference:
    """What the object calls itself, as far as that can be read."""
    if not isinstance(obj, Mapping):
        return ObjectReference()
    metadata = obj.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    found = (obj.get("apiVersion"), obj.get("kind"), metadata.get("namespace"), metadata.get("name"))
    return ObjectReference(*(part if isinstance(part, str) else "" for part in found))
