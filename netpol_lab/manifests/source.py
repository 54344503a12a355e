"""YAML or JSON text to plain objects that know their lines.

The YAML side reads the parser's events, never builds Python objects of foreign types, and stops at a
depth, a size and a number of aliases that no honest manifest reaches. Texts of errors are those of
go-yaml, which kubectl uses; its line numbers count from the start of the document in a stream.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from netpol_lab.manifests import syntax
from netpol_lab.manifests.line_map import MAX_JSON_WITH_LINES, JsonSpans, Lines
from netpol_lab.manifests.problem import MAX_PROBLEMS, Problem

MAX_YAML_CHARACTERS = 16_000_000
MAX_JSON_CHARACTERS = 100_000_000
MAX_JSON_PARTS = 20_000_000
"""How many commas and brackets a JSON text may have: memory grows with them, not with its length."""


@dataclass(frozen=True)
class Document:
    """One document of a stream: its plain value, and its lines (None for very long JSON)."""

    value: Any
    lines: Lines | None


def documents(text: str, file: str, problems: list[Problem], notes: list[Problem]) -> Iterator[Document]:
    """All documents of ``text``; what cannot be read is noted in ``problems``, what is odd in ``notes``.

    Like kubectl: a text that starts with ``{`` is JSON (several objects may follow one another), and
    is tried as YAML when it is not. Empty documents are left out.
    """
    text = text.removeprefix("\ufeff")
    if text.lstrip().startswith("{"):
        found, fault = _json_documents(text, file, notes)
        if fault is None:
            yield from found
            return
        if len(text) > MAX_YAML_CHARACTERS or not _reads_as_yaml(text):
            problems.append(fault)
            return
    if len(text) > MAX_YAML_CHARACTERS:
        problems.append(syntax.too_large(file, "YAML", MAX_YAML_CHARACTERS))
        return
    for chunk, line in _chunks(text, file, problems):
        yield from _yaml_documents(chunk, line, file, problems, notes)
        if len(problems) > MAX_PROBLEMS:
            return


def _json_documents(text: str, file: str, notes: list[Problem]) -> tuple[list[Document], Problem | None]:
    """The JSON objects of ``text``, or the problem of the first one that is none."""
    if len(text) > MAX_JSON_CHARACTERS:
        return [], syntax.too_large(file, "JSON", MAX_JSON_CHARACTERS)
    if sum(map(text.count, ",[{")) > MAX_JSON_PARTS:
        return [], syntax.too_large(file, "JSON", MAX_JSON_PARTS, "commas and brackets")
    found: list[Document] = []
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    spans = JsonSpans(text) if len(text) <= MAX_JSON_WITH_LINES else None
    position = _skip_space(text, 0)
    while position < len(text):
        try:
            value, end = decoder.raw_decode(text, position)
            if _SURROGATE.search(text, position, end):
                value = _without_lone_surrogates(value)
            lines = Lines(file, spans.at(position)) if spans else None
        except json.JSONDecodeError as error:
            return [], syntax.json_problem(error, file)
        except (ValueError, RecursionError) as error:
            return [], syntax.json_beyond(error, file)
        found.append(Document(value, lines))
        position = _skip_space(text, end)
    notes += [syntax.duplicate_key(key, at, file) for key, at in (spans.duplicates if spans else ())[:MAX_PROBLEMS]]
    return found, None


_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_SPACE = re.compile(r"[ \t\r\n]*")


def _skip_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _without_lone_surrogates(value: Any) -> Any:
    """Half a character pair is no text; like Go, put the replacement character in its place."""
    text = json.dumps(value, ensure_ascii=False)
    return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


_SEPARATOR = re.compile(r"^---(.*)(?:\n|\Z)", re.MULTILINE)


def _chunks(text: str, file: str, problems: list[Problem]) -> Iterator[tuple[str, int]]:
    """The documents of a stream and how many lines stand before each, split at ``---`` as kubectl does."""
    start = line = 0
    for match in _SEPARATOR.finditer(text):
        yield text[start : match.start()], line
        line += text.count("\n", start, match.start())
        rest = match[1].strip()
        if rest and not rest.startswith("#"):
            problems.append(syntax.bad_separator(rest, file, line + 1))
            return
        start = match.end()
        line += text.count("\n", match.start(), start)
    yield text[start:], line


def _reads_as_yaml(text: str) -> bool:
    problems: list[Problem] = []
    for chunk, line in _chunks(text, "", problems):
        for _ in _yaml_documents(chunk, line, "", problems, []):
            pass
    return not problems


def _yaml_documents(
    text: str, line: int, file: str, problems: list[Problem], notes: list[Problem]
) -> Iterator[Document]:
    """The documents of one chunk that starts after ``line`` lines of the file."""
    if not text.strip():
        return
    import yaml

    from netpol_lab.manifests.composer import Composer

    try:
        composer = Composer(text, line)
        for value, span in composer.documents():
            if value is not None:
                yield Document(value, Lines(file, span))
        notes += [syntax.duplicate_key(key, at, file) for key, at in composer.duplicates[:MAX_PROBLEMS]]
    except (yaml.YAMLError, UnicodeError) as error:
        problems.append(syntax.yaml_problem(error, text, line, file))
