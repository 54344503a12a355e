"""Faults of the text itself, in go-yaml's words for the student and with our own line and hint.

go-yaml is a translation of libyaml, so with libyaml the words are the same. Its line is not: a fault
the parser finds is given one line early, a fault the scanner finds is not, and both count from the
start of the document (``fail`` in go-yaml's ``decode.go``). The line of the Problem is the true one.
"""

from __future__ import annotations

import json
import re
from typing import Any

from netpol_lab.manifests.line_map import BLANK
from netpol_lab.manifests.problem import BLANK_LEFT, Problem

TABS = "YAML is indented with spaces, and a tab stands here"
INDENTATION = "look at the indentation here and above: fields of one object start in one column"
COLUMNS = "this line is indented by {} spaces; the lines above it by {} or {}: fields of one object start in one column"
QUOTES = "a quotation mark is opened here and not closed"
BRACKET = "the bracket that is opened here is not closed"
BRACES = "a value that starts with a brace needs quotes"
RESERVED = "`{}` has a meaning of its own in YAML: put quotes around the value"
COLON_MISSING = "a colon is missing: `{}:`"
DASH = "a space is missing after the dash: `- {}`"
COLON = "two `: ` on one line: the inner field goes on a line of its own, or a value that holds a colon in quotes"
SEPARATOR = "documents are separated by a line of three dashes alone"
NOT_TEXT = "the file is no plain text in UTF-8"
TWICE = "`{}` is written twice in one object; only this one, the last, counts"

_BLANK = re.compile(rf"(?<!\w){BLANK}(?!\w)")

_WITHOUT_LIBYAML = (
    (re.compile(r"found character .* that cannot start any token"), "found character that cannot start any token"),
    (
        re.compile(r"expected <block end>, but found .*sequence.*|expected <block end>, but found '-'"),
        "did not find expected '-' indicator",
    ),
    (re.compile(r"expected <block end>, but found .*"), "did not find expected key"),
    (re.compile(r"mapping values are not allowed here"), "mapping values are not allowed in this context"),
    (re.compile(r"could not find expected ':'"), "could not find expected ':'"),
    (re.compile(r"expected ',' or ']', but got .*"), "did not find expected ',' or ']'"),
    (re.compile(r"expected ',' or '}', but got .*"), "did not find expected ',' or '}'"),
)
"""PyYAML's own words, where it runs without libyaml, and go-yaml's for the same fault."""


def yaml_problem(error: Exception, text: str, offset: int, file: str) -> Problem:
    """The Problem for what the YAML parser raised on ``text``, which starts after ``offset`` lines."""
    from yaml.parser import ParserError
    from yaml.scanner import ScannerError

    mark = getattr(error, "problem_mark", None)
    words = _words(error)
    if mark is None:
        return Problem("yaml", f"yaml: {words}", file, _line_of(error, text, offset), hint=_unreadable(words))
    go_line = mark.line + 1 if isinstance(error, ScannerError) and mark.line else mark.line
    if not mark.line:
        context = getattr(error, "context_mark", None)
        go_line = context.line if context else 0
    if not isinstance(error, ScannerError | ParserError):
        go_line = 0
    where = f"line {go_line}: " if go_line else ""
    line, hint = _place_and_hint(error, words, text.split("\n"))
    words = words if words.startswith("json: ") else f"yaml: {where}{words}"
    return Problem("yaml", words, file, line + offset + 1, hint=hint)


def _words(error: Exception) -> str:
    words = getattr(error, "problem", None) or getattr(error, "reason", None) or "unknown problem parsing YAML content"
    for pattern, translation in _WITHOUT_LIBYAML:
        if pattern.fullmatch(words):
            return translation
    return "control characters are not allowed" if "special characters" in words else str(words)


def _line_of(error: Exception, text: str, offset: int) -> int:
    """Reader errors know a position, not a line."""
    position = getattr(error, "position", getattr(error, "start", 0))
    return text.count("\n", 0, position if isinstance(position, int) else 0) + offset + 1


def _unreadable(words: str) -> str:
    return NOT_TEXT if "control" in words or "UTF" in words or "surrogates" in words else ""


def _place_and_hint(error: Any, words: str, lines: list[str]) -> tuple[int, str]:
    """The line that needs the change (from 0), and what is wrong with it."""
    mark, opened = error.problem_mark, getattr(error, "context_mark", None)
    line = min(mark.line, len(lines) - 1)
    here = lines[line]
    blank = _blank_above(lines, line)
    if blank is not None:
        return blank, BLANK_LEFT
    if "cannot start any token" in words:
        at = here[mark.column : mark.column + 1]
        return mark.line, TABS if at == "\t" else RESERVED.format(at)
    if "unexpected end of stream" in words and opened:
        return opened.line, QUOTES
    if opened and ("',' or ']'" in words or "',' or '}'" in words):
        return opened.line, BRACKET
    if "invalid map key: map" in words:
        return mark.line, BRACES
    if "mapping values are not allowed" in words and here.count(": ") > 1:
        return mark.line, COLON
    if "expected" in words or "mapping values are not allowed" in words:
        return _misfit(lines, line) or (mark.line, _columns(lines, line))
    return mark.line, ""


def _blank_above(lines: list[str], line: int) -> int | None:
    """The blank of an exercise on this line, or on the last one above it that holds anything."""
    above = next((number for number in range(line - 1, -1, -1) if lines[number].strip()), line)
    return next((number for number in (line, above) if _BLANK.search(f" {lines[number]}".partition(" #")[0])), None)


def _misfit(lines: list[str], line: int) -> tuple[int, str] | None:
    """This line or the one above it, when it is a lone word or a dash without its space."""
    above = next((number for number in range(line - 1, -1, -1) if lines[number].strip()), line)
    for number in (above, line):
        text = lines[number].strip()
        if re.fullmatch(r"-[A-Za-z].*", text):
            return number, DASH.format(text[1:])
        if re.fullmatch(r"[A-Za-z][\w./-]*", text):
            return number, COLON_MISSING.format(text)
    return None


def _columns(lines: list[str], line: int) -> str:
    """How far this line is indented, and how far the lines above it are that it could belong to."""
    here = _indent(lines[line])
    above = [_indent(text) for text in lines[:line] if text.strip() and not text.lstrip().startswith("#")]
    narrower = next((indent for indent in reversed(above) if indent < here), None)
    wider = next((indent for indent in reversed(above) if indent > here), None)
    if here in above or narrower is None or wider is None:
        return INDENTATION
    return COLUMNS.format(here, narrower, wider)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def duplicate_key(key: str, line: int, file: str) -> Problem:
    """A key that stands twice in one mapping. kubectl takes the last one and says nothing."""
    return Problem("twice", f'key "{key}" already set in map', file, line, hint=TWICE.format(key))


def bad_separator(rest: str, file: str, line: int) -> Problem:
    """Text behind ``---``."""
    return Problem("yaml", f"invalid Yaml document separator: {rest}", file, line, hint=SEPARATOR)


def too_large(file: str, what: str, limit: int, of: str = "characters") -> Problem:
    """A file longer than we read."""
    text = f"the {what} text has more than {limit // 1_000_000} million {of}"
    hint = "split it, or dump it with `-o json`" if what == "YAML" else "split it"
    return Problem("yaml", text, file, 0, hint=hint)


def not_text(data: bytes, position: int, file: str) -> Problem:
    """Bytes that are no UTF-8."""
    line = data.count(b"\n", 0, position) + 1
    return Problem("yaml", "yaml: invalid leading UTF-8 octet", file, line, hint=NOT_TEXT)


def json_beyond(error: Exception, file: str) -> Problem:
    """JSON that is nested too deeply, or holds a number no program reads."""
    text = "exceeded max depth" if isinstance(error, RecursionError) else "invalid number"
    return Problem("yaml", f"json: {text}", file, 0)


_JSON_WORDS: tuple[tuple[str, str], ...] = (
    ("Expecting value", "looking for beginning of value"),
    ("Expecting property name", "looking for beginning of object key string"),
    ("Illegal trailing comma", "looking for beginning of value"),
    ("Expecting ':'", "after object key"),
    ("Expecting ','", "after object key:value pair"),
    ("Invalid control character", "in string literal"),
    ("Invalid \\escape", "in string escape code"),
    ("Invalid \\uXXXX", "in \\u hexadecimal character escape"),
)


def json_problem(error: json.JSONDecodeError, file: str) -> Problem:
    """A fault of JSON text, in the words of Go's ``encoding/json``."""
    position = error.pos
    if error.msg.startswith("Illegal trailing comma"):  # since Python 3.13; Go names what follows the comma
        position += len(error.doc[error.pos + 1 :]) - len(error.doc[error.pos + 1 :].lstrip()) + 1
    if position >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated"):
        return Problem("yaml", "unexpected EOF", file, error.lineno, hint="the text ends too early")
    where = next((words for start, words in _JSON_WORDS if error.msg.startswith(start)), "")
    message = f"json: offset {position + 1}: invalid character {_character(error.doc[position])} {where}"
    return Problem("yaml", message, file, error.lineno, hint=_json_hint(error, position))


def _character(character: Any) -> str:
    return {"\n": r"'\n'", "\t": r"'\t'", "'": r"'\''", '"': "'\"'"}.get(character, f"'{character}'")


def _json_hint(error: json.JSONDecodeError, position: int) -> str:
    if error.msg.startswith("Expecting ','"):
        return "a comma is missing before this place"
    if error.doc[position] in "}]":
        return "a comma too many before this place"
    return ""
