"""The words of the small shell: quotes and expansions, operators, redirections and here-documents."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal


class NotInThisShell(Exception):
    """Fine in a real shell; ``str`` names the feature."""


class ShellSyntaxError(Exception):
    """Wrong in any shell; ``str`` is the message after ``syntax error: ``."""


@dataclass(frozen=True)
class Part:
    """A piece of a word: text, ``$name`` or ``$(script)``. Unquoted expansions are split into words."""

    kind: Literal["text", "variable", "command"]
    value: str
    quoted: bool = False


@dataclass(frozen=True)
class Word:
    parts: tuple[Part, ...]

    @property
    def bare(self) -> str:
        """The word as an unquoted literal; "" when it is anything else."""
        return (
            self.parts[0].value if len(self.parts) == 1 and self.parts[0] == Part("text", self.parts[0].value) else ""
        )


@dataclass(frozen=True)
class Operator:
    text: str


@dataclass(frozen=True)
class Redirection:
    """``2>&1``: ``stream`` "2", ``operator`` ">&", ``target`` the word "1". Of a here-document it is the text."""

    stream: str
    operator: str
    target: Word | None = None


Token = Word | Operator | Redirection

_OPERATORS = re.compile(r"&&|\|\||;;|;|\||&|\(|\)|\n")
_REDIRECTION = re.compile(r"(\d?)(>>|>&|&>|<<<|<&|>|<)")
_HERE_DOCUMENT = re.compile(r"<<(-?)(?!<)[ \t]*")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def tokens(script: str) -> list[Token]:
    """Split a script into words, operators and redirections."""
    found: list[Token] = []
    documents: list[tuple[int, Word, bool]] = []  # begun in this line: where, what ends it, whether tabs are left out
    at = 0
    while at < len(script):
        if script[at] in " \t\r" or script.startswith("\\\n", at):
            at += 1 if script[at] != "\\" else 2
        elif script[at] == "#":
            end = script.find("\n", at)
            at = len(script) if end < 0 else end
        elif match := _HERE_DOCUMENT.match(script, at):
            delimiter, at = _word(script, match.end())
            documents.append((len(found), delimiter, match[1] == "-"))
            found.append(Redirection("", "<<"))
        elif match := _REDIRECTION.match(script, at):
            if match[2] == "<&":
                raise NotInThisShell("<&")
            found.append(Redirection(match[1], match[2]))
            at = match.end()
        elif match := _OPERATORS.match(script, at):
            found.append(Operator(match[0]))
            at = match.end()
            if match[0] == "\n":
                at = _read_documents(script, at, found, documents)
        else:
            word, at = _word(script, at)
            found.append(word)
    _read_documents(script, at, found, documents)
    return found


def _read_documents(script: str, at: int, found: list[Token], documents: list[tuple[int, Word, bool]]) -> int:
    """Give the here-documents of the line before ``at`` their texts; return where the last of them ends."""
    for place, delimiter, without_tabs in documents:
        end, lines = "".join(part.value for part in delimiter.parts), []
        if not end:
            raise ShellSyntaxError("a here-document needs a word that ends it")
        while True:
            if at >= len(script):
                raise ShellSyntaxError(f'unexpected end of file (the here-document has no line "{end}")')
            stop = script.find("\n", at) % (len(script) + 1)  # of the last line without one: the script's end
            line, at = script[at:stop], stop + 1
            line = line.lstrip("\t") if without_tabs else line
            if line == end:
                break
            lines.append(line + "\n")
        text = "".join(lines)
        parts: list[Part] = []
        if any(part.quoted for part in delimiter.parts):
            parts.append(Part("text", text, True))
        else:
            _expanded(text, 0, parts, end="")
        found[place] = Redirection("", "<<", Word(tuple(parts)))
    documents.clear()
    return at


def _word(script: str, at: int) -> tuple[Word, int]:
    parts: list[Part] = []
    while at < len(script) and script[at] not in " \t\r\n;&|()<>":
        letter = script[at]
        if letter == "'":
            end = _closing(script, at + 1, "'")
            parts.append(Part("text", script[at + 1 : end], True))
            at = end + 1
        elif letter == '"':
            at = _expanded(script, at + 1, parts, end='"')
        elif script.startswith("\\\n", at):
            at += 2
        elif letter == "\\":
            parts.append(Part("text", script[at + 1 : at + 2], True))
            at += 2
        elif letter in "$`":
            at = _expansion(script, at, parts, quoted=False)
        else:
            start = at
            while at < len(script) and script[at] not in " \t\r\n;&|()<>'\"\\$`":
                at += 1
            parts.append(Part("text", script[start:at]))
    return Word(tuple(parts)), at


def _closing(script: str, at: int, quote: str) -> int:
    end = script.find(quote, at)
    if end < 0:
        raise ShellSyntaxError("unterminated quoted string")
    return end


def _expanded(script: str, at: int, parts: list[Part], *, end: str) -> int:
    """Text in which only ``$``, a backquote and a backslash mean something, up to ``end``; "" is the script's end."""
    text = ""
    while at < len(script) or end:
        if at >= len(script):
            raise ShellSyntaxError("unterminated quoted string")
        letter = script[at]
        if letter == "\\" and script[at + 1 : at + 2] in ("$", "`", "\\", "\n", end):
            text += "" if script[at + 1 : at + 2] == "\n" else script[at + 1 : at + 2]
            at += 2
        elif letter == end:
            parts.append(Part("text", text, True))
            return at + 1
        elif letter in "$`":
            parts.append(Part("text", text, True))
            text = ""
            at = _expansion(script, at, parts, quoted=True)
        else:
            text += letter
            at += 1
    parts.append(Part("text", text, True))
    return at


def _expansion(script: str, at: int, parts: list[Part], *, quoted: bool) -> int:
    """``$name``, ``${name}``, ``$?``, ``$(script)`` or `` `script` `` from ``at``; a lone ``$`` is text."""
    if script[at] == "`":
        end = _closing(script, at + 1, "`")
        parts.append(Part("command", script[at + 1 : end], quoted))
        return end + 1
    if script.startswith("$((", at):
        raise NotInThisShell("arithmetic, $((…))")
    if script.startswith("$(", at):
        end = _closing_parenthesis(script, at + 2)
        parts.append(Part("command", script[at + 2 : end], quoted))
        return end + 1
    if script.startswith("${", at):
        end = script.find("}", at)
        if end < 0:
            raise ShellSyntaxError("missing }")
        name = script[at + 2 : end]
        if not NAME.fullmatch(name):
            raise NotInThisShell(f"${{{name}}}")
        parts.append(Part("variable", name, quoted))
        return end + 1
    match = NAME.match(script, at + 1)
    if match or script[at + 1 : at + 2] in ("?", *"0123456789"):
        name = match[0] if match else script[at + 1]
        if name:
            parts.append(Part("variable", name, quoted))
            return at + 1 + len(name)
    if script[at + 1 : at + 2] in ("@", "*", "#", "$", "!"):
        raise NotInThisShell(script[at : at + 2])
    parts.append(Part("text", "$", quoted))
    return at + 1


def _closing_parenthesis(script: str, at: int) -> int:
    depth = 1
    while at < len(script):
        letter = script[at]
        if letter == "'":
            at = _closing(script, at + 1, "'")
        elif letter == "\\":
            at += 1
        elif letter in "()":
            depth += 1 if letter == "(" else -1
            if depth == 0:
                return at
        at += 1
    raise ShellSyntaxError('unexpected end of file (expecting ")")')
