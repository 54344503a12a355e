"""``-f``: files, folders and standard input as objects, and the frames kubectl puts around what is wrong with them.

The objects of a file are taken one by one: what is good is used, what is bad is reported. Only text that is not
YAML ends the file there.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from netpol_lab.kubectl import kustomize
from netpol_lab.kubectl.failure import Failure, from_server, not_simulated
from netpol_lab.kubectl.resources import ResourceType, metadata, type_of
from netpol_lab.kubectl.serialize import plain
from netpol_lab.kubectl.session import Call
from netpol_lab.manifests import Lines, Problem, from_object
from netpol_lab.manifests.read import NO_NAME, objects_in
from netpol_lab.manifests.source import documents
from netpol_lab.model.bodies import Body, ReadOnlyBody
from netpol_lab.model.errors import ManifestError
from netpol_lab.model.objects import Resource
from netpol_lab.model.phrases import did_you_mean, nearest, place

SUFFIXES = (".json", ".yaml", ".yml")
STDIN = "STDIN"
_OF_THE_PROGRAM = ("/dev/", "/proc/")
"""``<(…)`` is ``/dev/fd/63`` there; here that name would be another file, or none."""

_STDIN_FILES = ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")

MAX_FILE = 16_000_000
"""Bytes. No manifest is larger, and ``-f /dev/zero`` has an end."""

MAX_FILES = 10_000
"""How many files a folder may hold, with those in its folders: ``-R -f /`` has an end."""


@dataclass(frozen=True)
class Item:
    """One object of a file, as it stands there.

    ``source`` is how kubectl names the file; ``strict`` whether the server is asked to refuse unknown fields;
    ``installed`` what custom kinds the cluster has.
    """

    source: str
    body: Mapping[str, Any]
    lines: Lines | None
    strict: bool = True
    installed: Set[tuple[str, str]] = frozenset()

    @property
    def type(self) -> ResourceType:
        return type_of(self.body)

    @property
    def name(self) -> str:
        return str(metadata(self.body).get("name", ""))

    def decoded(self, body: ReadOnlyBody | None = None, old: ReadOnlyBody | None = None) -> Resource:
        """The object decoded, defaulted and validated; ``body`` where it was changed meanwhile.

        ``old`` is the object in the cluster. Raises :class:`ManifestError`.
        """
        return from_object(
            self.body if body is None else body,
            self.lines,
            self.source,
            default_namespace=None,
            drop_unknown=not self.strict,
            installed=self.installed,
            old=old,
        )

    def resource(self, body: ReadOnlyBody | None = None, doing: str = "creating") -> Resource:
        """As :meth:`decoded`. ``doing`` is what kubectl was about when the server refused. Raises :class:`Failure`."""
        try:
            return self.decoded(body)
        except ManifestError as error:
            raise refused(self, error.problems, doing) from None


def read_items(call: Call) -> tuple[list[Item], list[Failure]]:
    """All objects that ``-f`` names, with the namespace of the call filled in, and what could not be read."""
    items: list[Item] = []
    failures: list[Failure] = []
    for name in call.flag("filename"):
        try:
            for source, text in _sources(call, name):
                for found in _items(call, source, text):
                    (failures if isinstance(found, Failure) else items).append(found)  # type: ignore[arg-type]
        except Failure as failure:
            failures.append(failure)
    for name in call.parsed.values.get("kustomize") or ():
        installed = _installed(call)
        items += [_item(call, Item(name, body, None, installed=installed)) for body in kustomized(call, name)]
    return items, failures


def files_are_named(call: Call) -> bool:
    """Whether ``-f`` or ``-k`` says which objects are meant."""
    return bool(call.parsed.values.get("filename") or call.parsed.values.get("kustomize"))


def kustomized(call: Call, name: str) -> list[Body]:
    """The objects of the kustomization in a folder. Raises :class:`Failure`."""

    def read(file: Path) -> list[Any]:
        problems: list[Problem] = []
        notes: list[Problem] = []
        shown = str(file)
        found = list(documents(read_text_file(call, shown), shown, problems, notes))
        call.hints += hints_of(notes)
        values = [value for each in found for value, _ in objects_in(each.value, each.lines, 0)]
        if problems:
            raise Failure(f"error parsing {shown}: {problems[0].server}", hints=hints_of(problems))
        return [plain(value) for value in values]

    return kustomize.build(Path(call.cwd, name), name, read)


def _sources(call: Call, name: str) -> Iterator[tuple[str, str]]:
    """(how kubectl names it, its text) of each file that one ``-f`` means."""
    if name == "-":
        yield STDIN, call.read_stdin()
        return
    if name.startswith(("http://", "https://")):
        raise not_simulated("-f with a URL", "save the manifest to a file first")
    if not stat.S_ISDIR(_mode(call, name)):
        yield name, read_text_file(call, name)
        return
    files = _files_in(Path(call.cwd, name), name, recursive=bool(call.flag("recursive")))
    if not files:
        raise Failure(f"error reading [{name}]: recognized file extensions are [.json .yaml .yml]")
    for file in files:
        shown = str(Path(name, file.relative_to(Path(call.cwd, name))))
        yield shown, read_text_file(call, shown)


def _mode(call: Call, name: str) -> int:
    """What kind of file there is. Raises :class:`Failure` as kubectl words it."""
    if name.startswith(_OF_THE_PROGRAM):
        return stat.S_IFIFO
    try:
        return Path(call.cwd, name).stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):  # a name with a NUL names nothing
        raise _no_such_path(call, name) from None
    except OSError as error:
        raise Failure(f'the path "{name}" cannot be accessed: stat {name}: {_reason(error)}') from None


def _reason(error: OSError) -> str:
    return (error.strerror or "cannot be read").lower()


def _files_in(folder: Path, name: str, *, recursive: bool) -> list[Path]:
    """The manifests of a folder. Raises :class:`Failure` for one that cannot be read, or holds half a machine."""
    found: list[Path] = []
    seen = 0
    try:
        for place, folders, files in os.walk(folder, onerror=_raise):
            seen += len(folders) + len(files)
            if seen > MAX_FILES:
                raise Failure(f'error reading "{name}": more than {MAX_FILES} files; name the folder of your manifests')
            found += [Path(place, file) for file in files]
            if not recursive:
                break
    except OSError as error:
        raise Failure(f'error reading "{name}": open {name}: {_reason(error)}') from None
    return sorted(file for file in found if file.suffix in SUFFIXES and file.is_file())


def _raise(error: OSError) -> NoReturn:
    raise error


def read_text_file(call: Call, name: str) -> str:
    """The text of a file. Raises :class:`Failure` as kubectl words it.

    Only a regular file is read here, and only so much of it. A pipe or a device belongs to the program that was
    started: it alone has it open, and it alone may wait for it.
    """
    if name in _STDIN_FILES:
        return call.read_stdin()
    try:
        if stat.S_ISREG(_mode(call, name)):
            with Path(call.cwd, name).open("rb") as file:
                data = file.read(MAX_FILE + 1)
        else:
            data = call.read_special(name)
    except FileNotFoundError:
        raise _no_such_path(call, name) from None
    except OSError as error:
        raise Failure(f"open {name}: {_reason(error)}") from None
    if len(data) > MAX_FILE:
        raise Failure(f"open {name}: larger than {MAX_FILE // 10**6} MB, which is too large for a manifest")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Failure(
            f"error parsing {name}: error converting YAML to JSON: yaml: invalid leading UTF-8 octet"
        ) from None


def _no_such_path(call: Call, name: str) -> Failure:
    """kubectl's words; as a hint, the file of that folder with nearly the same name."""
    try:
        known = os.listdir(Path(call.cwd, name).parent)
    except (OSError, ValueError):
        known = []
    hint = did_you_mean(nearest(Path(name).name, sorted(known)) if len(known) <= MAX_FILES else (), '"')
    return Failure(f'the path "{name}" does not exist', hints=[hint] if hint else ())


def _items(call: Call, source: str, text: str) -> Iterator[Item | Failure]:
    problems: list[Problem] = []
    notes: list[Problem] = []
    found = list(documents(text, source, problems, notes))
    # kubectl stops reading at the first document that is not YAML.
    fault = min((problem.line for problem in problems), default=None)
    installed = _installed(call)
    call.hints += hints_of(notes)
    for document in found:
        if fault is not None and (document.lines is None or document.lines.root.last >= fault):
            break
        for value, lines in objects_in(document.value, document.lines, 0):
            try:
                yield _item(call, Item(source, value, lines, installed=installed))
            except Failure as failure:
                yield failure
    for problem in problems[:1]:
        yield Failure(f"error parsing {source}: {problem.server}", hints=hints_of([problem]))


def _installed(call: Call) -> Set[tuple[str, str]]:
    """The kinds that came to the cluster later, as (apiVersion, kind): by a definition, or with its own manifests."""
    found = {(resource.api_version, resource.kind) for resource in call.cluster.objects.values()}
    for definition in call.cluster.list("CustomResourceDefinition"):
        spec: Any = definition.body.get("spec")
        names = spec.get("names") if isinstance(spec, Mapping) else None
        if isinstance(names, Mapping) and isinstance(spec.get("versions"), list):
            versions = [each.get("name") for each in spec["versions"] if isinstance(each, Mapping)]
            found |= {(f"{spec.get('group')}/{version}", str(names.get("kind"))) for version in versions}
    return found


def _item(call: Call, as_written: Item) -> Item:
    """One object; refused here is what kubectl refuses before it asks the server."""
    value, validation = as_written.body, _validation(call)
    try:
        as_written.decoded()
    except ManifestError as error:
        if any(_is_early(problem) for problem in error.problems):
            raise refused(as_written, error.problems, "creating") from None
        for problem in error.problems if validation == "warn" else ():
            if is_unknown_field(problem):
                call.warn(f"Warning: {problem.message}")
    return replace(as_written, body=_in_namespace(call, value), strict=validation == "strict")


def patched_item(call: Call, new: ReadOnlyBody, old: ReadOnlyBody) -> Item:
    """An object as a patch leaves it. The server warns of fields it does not know and leaves them out."""
    item = Item("", new, None, installed={(str(new.get("apiVersion")), str(new.get("kind")))})
    try:
        item.decoded(old=old)
    except ManifestError as error:
        for problem in filter(is_unknown_field, error.problems):
            call.warn(f"Warning: {problem.message}")
    return replace(item, strict=False)


def _validation(call: Call) -> str:
    """What ``--validate`` asks for: strict, warn or ignore. Raises :class:`Failure` in kubectl's words."""
    word = call.parsed.values.get("validate") or "strict"
    meaning = {"true": "strict", "false": "ignore"}.get(word, word)
    if meaning not in ("strict", "warn", "ignore"):
        choices = "strict (or true), warn, ignore (or false)"
        raise Failure(f'invalid - validate option "{word}"; must be one of: {choices}')
    return meaning


def _is_early(problem: Problem) -> bool:
    unread = problem.kind in ("mapping", "yaml") or not problem.object.kind or problem.field in ("apiVersion", "kind")
    return unread or in_metadata(problem)


def in_metadata(problem: Problem) -> bool:
    """Whether kubectl itself cannot read the object: it looks at nothing but the metadata."""
    return problem.kind == "decode" and problem.field.startswith("metadata") and not is_unknown_field(problem)


def is_unknown_field(problem: Problem) -> bool:
    return problem.message.startswith("unknown field")


def _in_namespace(call: Call, value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object with the call's namespace, where it has none. Raises :class:`Failure` when the two differ."""
    about = value.get("metadata")
    if not isinstance(value.get("kind"), str) or not isinstance(about, Mapping | None):
        return value
    about = dict(about or {})
    if not type_of(value).namespaced:
        about.pop("namespace", None)
        return {**value, "metadata": about}
    own = about.get("namespace")
    if own and isinstance(own, str) and call.namespace_is_given and own != call.namespace:
        raise Failure(
            f'the namespace from the provided object "{own}" does not match the namespace "{call.namespace}".'
            f" You must pass '--namespace={own}' to perform this operation."
        )
    return {**value, "metadata": {**about, "namespace": own or call.namespace}}


def refused(item: Item, problems: Sequence[Problem], doing: str) -> Failure:
    """kubectl's report of what it or the server found wrong with one object, our hints below it."""
    first, hints = problems[0], hints_of(problems)
    unset = [
        problem.message for problem in problems if problem.kind == "missing" and problem.message.endswith("not set")
    ]
    if unset:
        what = unset[0] if len(unset) == 1 else f"[{', '.join(unset)}]"
        ignore = "if you choose to ignore these errors, turn validation off with --validate=false"
        return Failure(f'error validating "{item.source}": error validating data: {what}; {ignore}', hints=hints)
    if first.kind == "yaml" or not first.object.kind:
        return Failure(f"error parsing {item.source}: {first.server}", hints=hints)
    if first.kind == "mapping":
        reference = first.object
        where = f'name: "{reference.name}" namespace: "{reference.namespace}" from "{item.source}"'
        return Failure(
            f"resource mapping not found for {where}: {first.message}\nensure CRDs are installed first", hints=hints
        )
    undecoded = [problem.message for problem in problems if in_metadata(problem)]
    if undecoded:
        message = _OF_METADATA.sub("field metadataOnlyObject.metadata of", undecoded[0])
        return Failure(f'unable to decode "{item.source}": {message}', hints=hints)
    if first.kind == "missing":
        return Failure(f"{retrieving(item)}: {first.message}", hints=hints)
    if first.kind == "decode":
        version, kind = item.type.version, item.type.kind
        frame = f'{kind} in version "{version}" cannot be handled as a {kind}'
        about = f'error when {doing} "{item.source}": ' if item.source else ""
        return from_server("BadRequest", f"{about}{frame}: {decoding(problems)}", hints)
    return invalid(item.type.kind, item.name, [problem.server for problem in problems], hints)


def check_name(item: Item) -> None:
    """Raise kubectl's refusal to look for an object by a name that no object can have."""
    name, wrong = item.name, [sign for sign in "/%" if sign in item.name]
    if not name:
        try:
            item.decoded()
        except ManifestError as error:
            named = metadata(item.body).get("generateName")
            missing = next((problem.message for problem in error.problems if problem.kind == "missing"), NO_NAME)
            frame = "" if named else f"{retrieving(item)}: "
            raise Failure(f"{frame}{missing}", hints=hints_of(error.problems)) from None
    if wrong:
        faults = " ".join(f"may not contain '{sign}'" for sign in wrong)
        raise Failure(f'{retrieving(item)}: invalid resource name "{name}": [{faults}]')


def retrieving(item: Item) -> str:
    namespace = metadata(item.body).get("namespace", "")
    return (
        f"error when retrieving current configuration of:\nResource: {item.type.in_full}\n"
        f'Name: "{item.name}", Namespace: "{namespace}"\nfrom server for: "{item.source}"'
    )


_OF_METADATA = re.compile(r"field \w+\.metadata of")


def decoding(problems: Sequence[Problem]) -> str:
    """A wrong type ends the server's reading; unknown fields are gathered."""
    wrong = [problem.message for problem in problems if not is_unknown_field(problem)]
    return wrong[0] if wrong else "strict decoding error: " + ", ".join(problem.message for problem in problems)


def invalid(kind: str, name: str, messages: Sequence[str], hints: Sequence[str] = ()) -> Failure:
    """The frame of a 422: one message on the same line, several as a list."""
    different = list(dict.fromkeys(messages))
    listed = different[0] if len(different) == 1 else "".join(f"\n* {message}" for message in different)
    return Failure(f'The {kind} "{name}" is invalid: {listed}', prefix="", hints=hints)


def hints_of(problems: Sequence[Problem]) -> list[str]:
    """File, line and the probable intention of each problem; our addition to kubectl's text."""
    hints = []
    for problem in sorted(problems, key=lambda problem: problem.line):
        where = place(problem.file, f"line {problem.line}" if problem.line else "")
        text = problem.hint or (f"look at `{problem.field}`" if problem.field else "")
        if where and (text or problem.line):
            hints.append(f"{where}: {text}" if text else where)
    return list(dict.fromkeys(hints))  # the server may have two messages about one place


def written(item: Item) -> dict[str, Any]:
    """A copy of the object as the file has it, free to be changed."""
    copied = plain(item.body)
    assert isinstance(copied, dict)
    return copied
