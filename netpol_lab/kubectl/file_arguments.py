"""``-f``: files, folders and standard input as objects, and the frames kubectl puts around what is wrong with them.

The objects of a file are taken one by one: what is good is used, what is bad is reported. Only text that is not
YAML ends the file there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from netpol_lab.kubectl.failure import Failure, from_server, not_simulated
from netpol_lab.kubectl.resources import ResourceType, metadata, type_of
from netpol_lab.kubectl.serialize import plain
from netpol_lab.kubectl.session import Call
from netpol_lab.manifests import Lines, Problem, from_object
from netpol_lab.manifests.read import objects_in
from netpol_lab.manifests.source import documents
from netpol_lab.model.errors import ManifestError
from netpol_lab.model.objects import Resource

SUFFIXES = (".json", ".yaml", ".yml")
STDIN = "STDIN"


@dataclass(frozen=True)
class Item:
    """One object of a file, as it stands there.

    ``source`` is how kubectl names the file; ``strict`` whether the server is asked to refuse unknown fields.
    """

    source: str
    body: Mapping[str, Any]
    lines: Lines | None
    strict: bool = True

    @property
    def type(self) -> ResourceType:
        return type_of(self.body)

    @property
    def name(self) -> str:
        return str(metadata(self.body).get("name", ""))

    def resource(self, body: Mapping[str, Any] | None = None, doing: str = "creating") -> Resource:
        """The object decoded, defaulted and validated; ``body`` where it was changed meanwhile.

        ``doing`` is what kubectl was about when the server refused. Raises :class:`Failure`.
        """
        try:
            wanted = self.body if body is None else body
            return from_object(wanted, self.lines, self.source, default_namespace=None, drop_unknown=not self.strict)
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
    return items, failures


def _sources(call: Call, name: str) -> Iterator[tuple[str, str]]:
    """(how kubectl names it, its text) of each file that one ``-f`` means."""
    if name == "-":
        yield STDIN, call.read_stdin()
        return
    if name.startswith(("http://", "https://")):
        raise not_simulated("-f with a URL", "save the manifest to a file first")
    path = Path(call.cwd, name)
    if not path.exists():
        raise _no_such_path(call, name)
    if not path.is_dir():
        yield name, read_text_file(call, name)
        return
    files = _files_in(path, recursive=bool(call.flag("recursive")))
    if not files:
        raise Failure(f"error reading [{name}]: recognized file extensions are [.json .yaml .yml]")
    for file in files:
        shown = str(Path(name, file.relative_to(path)))
        yield shown, read_text_file(call, shown)


def _files_in(folder: Path, *, recursive: bool) -> list[Path]:
    found = folder.rglob("*") if recursive else folder.iterdir()
    return sorted(file for file in found if file.suffix in SUFFIXES and file.is_file())


def read_text_file(call: Call, name: str) -> str:
    """The text of a file. Raises :class:`Failure` as kubectl words it."""
    try:
        return Path(call.cwd, name).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise _no_such_path(call, name) from None
    except UnicodeDecodeError:
        raise Failure(
            f"error parsing {name}: error converting YAML to JSON: yaml: invalid leading UTF-8 octet"
        ) from None
    except OSError as error:
        raise Failure(f"open {name}: {(error.strerror or 'cannot be read').lower()}") from None


def _no_such_path(call: Call, name: str) -> Failure:
    """kubectl's words; as a hint, the file of that folder with nearly the same name."""
    folder = Path(call.cwd, name).parent
    known = [file.name for file in folder.iterdir()] if folder.is_dir() else []
    close = get_close_matches(Path(name).name, sorted(known), 1)
    return Failure(f'the path "{name}" does not exist', hints=[f'did you mean "{close[0]}"?'] if close else ())


def _items(call: Call, source: str, text: str) -> Iterator[Item | Failure]:
    problems: list[Problem] = []
    found = list(documents(text, source, problems))
    # kubectl stops reading at the first document that is not YAML.
    fault = min((problem.line for problem in problems), default=None)
    for document in found:
        if fault is not None and (document.lines is None or document.lines.root.last >= fault):
            break
        for value, lines in objects_in(document.value, document.lines, 0):
            try:
                yield _item(call, source, value, lines)
            except Failure as failure:
                yield failure
    for problem in problems[:1]:
        yield Failure(f"error parsing {source}: {problem.server}", hints=_hints([problem]))


def _item(call: Call, source: str, value: Any, lines: Lines | None) -> Item:
    """One object; refused here is what kubectl refuses before it asks the server."""
    as_written = Item(source, value, lines)
    validation = _validation(call)
    try:
        from_object(value, lines, source, default_namespace=None)
    except ManifestError as error:
        if any(_is_early(problem) for problem in error.problems):
            raise refused(as_written, error.problems, "creating") from None
        for problem in error.problems if validation == "warn" else ():
            if problem.message.startswith("unknown field"):
                call.warn(f"Warning: {problem.message}")
    return Item(source, _in_namespace(call, value), lines, strict=validation == "strict")


def _validation(call: Call) -> str:
    """What ``--validate`` asks for: strict, warn or ignore. Raises :class:`Failure` in kubectl's words."""
    word = call.parsed.values.get("validate") or "strict"
    meaning = {"true": "strict", "false": "ignore"}.get(word, word)
    if meaning not in ("strict", "warn", "ignore"):
        choices = "strict (or true), warn, ignore (or false)"
        raise Failure(f'invalid - validate option "{word}"; must be one of: {choices}')
    return meaning


def _is_early(problem: Problem) -> bool:
    return problem.kind in ("mapping", "yaml") or not problem.object.kind or problem.field in ("apiVersion", "kind")


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
    first, hints = problems[0], _hints(problems)
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
    if first.kind == "missing":
        return Failure(f"{_retrieving(item)}: {first.message}", hints=hints)
    if first.kind == "decode":
        version, kind = item.type.version, item.type.kind
        frame = f'{kind} in version "{version}" cannot be handled as a {kind}'
        about = f'error when {doing} "{item.source}": ' if item.source else ""
        return from_server("BadRequest", f"{about}{frame}: {_decoding(problems)}", hints)
    return invalid(item.type.kind, item.name, [problem.server for problem in problems], hints)


def _retrieving(item: Item) -> str:
    namespace = metadata(item.body).get("namespace", "")
    return (
        f"error when retrieving current configuration of:\nResource: {item.type.in_full}\n"
        f'Name: "{item.name}", Namespace: "{namespace}"\nfrom server for: "{item.source}"'
    )


def _decoding(problems: Sequence[Problem]) -> str:
    """A wrong type ends the server's reading; unknown fields are gathered."""
    wrong = [
        problem.message for problem in problems if not problem.message.startswith(("unknown field", "duplicate field"))
    ]
    return wrong[0] if wrong else "strict decoding error: " + ", ".join(problem.message for problem in problems)


def invalid(kind: str, name: str, messages: Sequence[str], hints: Sequence[str] = ()) -> Failure:
    """The frame of a 422: one message on the same line, several as a list."""
    different = list(dict.fromkeys(messages))
    listed = different[0] if len(different) == 1 else "".join(f"\n* {message}" for message in different)
    return Failure(f'The {kind} "{name}" is invalid: {listed}', prefix="", hints=hints)


def _hints(problems: Sequence[Problem]) -> list[str]:
    """File, line and the probable intention of each problem; our addition to kubectl's text."""
    hints = []
    for problem in sorted(problems, key=lambda problem: problem.line):
        where = ", ".join(filter(None, (problem.file, f"line {problem.line}" if problem.line else "")))
        text = problem.hint or (f"look at `{problem.field}`" if problem.field else "")
        if where and (text or problem.line):
            hints.append(f"{where}: {text}" if text else where)
    return list(dict.fromkeys(hints))  # the server may have two messages about one place


def written(item: Item) -> dict[str, Any]:
    """A copy of the object as the file has it, free to be changed."""
    copied = plain(item.body)
    assert isinstance(copied, dict)
    return copied
