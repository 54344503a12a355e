"""The grammar of the small shell: words with quotes and expansions, lists, pipes, ``for`` and ``if``.

What a shell has and this one does not (``while``, ``case``, functions, here-documents, background jobs,
arithmetic) raises :class:`NotInThisShell`, before anything has run.
"""

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
    """``2>&1``: ``stream`` "2", ``operator`` ">&", ``target`` the word "1"."""

    stream: str
    operator: str
    target: Word | None = None


@dataclass(frozen=True)
class Simple:
    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirections: tuple[Redirection, ...]


@dataclass(frozen=True)
class For:
    name: str
    words: tuple[Word, ...]
    body: Sequence


@dataclass(frozen=True)
class If:
    branches: tuple[tuple[Sequence, Sequence], ...]
    otherwise: Sequence | None


@dataclass(frozen=True)
class Pipeline:
    commands: tuple[Command, ...]
    negated: bool = False


@dataclass(frozen=True)
class Sequence:
    """Pipelines, each with what joins it to the one before: ``;``, ``&&`` or ``||``."""

    items: tuple[tuple[str, Pipeline], ...]


@dataclass(frozen=True)
class CommandGroup:
    """``{ …; }`` or ``( … )``."""

    body: Sequence


Command = Simple | For | If | CommandGroup
Token = Word | Operator | Redirection

_OPERATORS = re.compile(r"&&|\|\||;;|;|\||&|\(|\)|\n")
_REDIRECTION = re.compile(r"(\d?)(>>|>&|&>|<<|<&|>|<)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REFUSED_WORDS = frozenset(["while", "until", "case", "select", "function", "[["])
_CLOSING = frozenset(["then", "elif", "else", "fi", "do", "done", "}"])


def parse(script: str) -> Sequence:
    """The whole script, or an exception before any of it runs."""
    parser = _Parser(tokens(script))
    sequence = parser.sequence(())
    if parser.peek() is not None:
        parser.unexpected()
    return sequence


def tokens(script: str) -> list[Token]:
    """Split a script into words, operators and redirections."""
    found: list[Token] = []
    at = 0
    while at < len(script):
        if script[at] in " \t\r" or script.startswith("\\\n", at):
            at += 1 if script[at] != "\\" else 2
        elif script[at] == "#":
            end = script.find("\n", at)
            at = len(script) if end < 0 else end
        elif match := _REDIRECTION.match(script, at):
            if match[2] in ("<<", "<&"):
                raise NotInThisShell("a here-document" if match[2] == "<<" else "<&")
            found.append(Redirection(match[1], match[2]))
            at = match.end()
        elif match := _OPERATORS.match(script, at):
            found.append(Operator(match[0]))
            at = match.end()
        else:
            word, at = _word(script, at)
            found.append(word)
    return found


def _word(script: str, at: int) -> tuple[Word, int]:
    parts: list[Part] = []
    while at < len(script) and script[at] not in " \t\r\n;&|()<>":
        letter = script[at]
        if letter == "'":
            end = _closing(script, at + 1, "'")
            parts.append(Part("text", script[at + 1 : end], True))
            at = end + 1
        elif letter == '"':
            at = _double_quoted(script, at + 1, parts)
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


def _double_quoted(script: str, at: int, parts: list[Part]) -> int:
    text = ""
    while True:
        if at >= len(script):
            raise ShellSyntaxError("unterminated quoted string")
        letter = script[at]
        if letter == "\\" and script[at + 1 : at + 2] in ("$", "`", '"', "\\", "\n"):
            text += "" if script[at + 1] == "\n" else script[at + 1]
            at += 2
        elif letter in '"$`':
            parts.append(Part("text", text, True))
            text = ""
            if letter == '"':
                return at + 1
            at = _expansion(script, at, parts, quoted=True)
        else:
            text += letter
            at += 1


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
        if not _NAME.fullmatch(name):
            raise NotInThisShell(f"${{{name}}}")
        parts.append(Part("variable", name, quoted))
        return end + 1
    match = _NAME.match(script, at + 1)
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


class _Parser:
    """Recursive descent over the tokens; one method per rule of the grammar."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0

    def peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _word(self) -> str:
        token = self.peek()
        return token.bare if isinstance(token, Word) else ""

    def _operator(self) -> str:
        token = self.peek()
        return token.text if isinstance(token, Operator) else ""

    def unexpected(self) -> None:
        text = self._operator() or self._word()
        if self.peek() is None:
            raise ShellSyntaxError("unexpected end of file")
        raise ShellSyntaxError("unexpected newline" if text == "\n" else f'unexpected "{text}"')

    def _expect(self, word: str) -> None:
        if self._word() != word:
            self.unexpected()
        self._at += 1

    def _skip_separators(self) -> None:
        while self._operator() in (";", "\n"):
            self._at += 1

    def sequence(self, until: tuple[str, ...]) -> Sequence:
        items: list[tuple[str, Pipeline]] = []
        joint = ";"
        self._skip_lines()
        while self.peek() is not None and self._operator() != ")" and self._word() not in until:
            if self._word() in _CLOSING:
                self.unexpected()
            items.append((joint, self._pipeline()))
            joint = self._operator()
            if joint == "&":
                raise NotInThisShell("a background job, &")
            if joint in ("&&", "||"):
                self._at += 1
                self._skip_lines()
                if self.peek() is None:
                    self.unexpected()
            elif joint in (";", "\n"):
                joint = ";"
                self._skip_separators()
            elif self.peek() is not None and joint != ")":
                self.unexpected()
        return Sequence(tuple(items))

    def _skip_lines(self) -> None:
        while self._operator() == "\n":
            self._at += 1

    def _pipeline(self) -> Pipeline:
        negated = self._word() == "!"
        if negated:
            self._at += 1
        commands = [self._command()]
        while self._operator() == "|":
            self._at += 1
            self._skip_lines()
            commands.append(self._command())
        return Pipeline(tuple(commands), negated)

    def _command(self) -> Command:
        word = self._word()
        if word in _REFUSED_WORDS:
            raise NotInThisShell(word)
        if word == "for":
            return self._for()
        if word == "if":
            return self._if()
        if word == "{" or self._operator() == "(":
            return self._group(word)
        return self._simple()

    def _group(self, opening: str) -> CommandGroup:
        self._at += 1
        body = self.sequence(("}",) if opening else ())
        if not body.items:
            self.unexpected()
        if opening:
            self._expect("}")
        elif self._operator() == ")":
            self._at += 1
        else:
            self.unexpected()
        return CommandGroup(body)

    def _for(self) -> For:
        self._at += 1
        name = self._word()
        if not _NAME.fullmatch(name):
            raise ShellSyntaxError("bad for loop variable")
        self._at += 1
        self._expect("in")
        words = []
        while isinstance(token := self.peek(), Word):
            words.append(token)
            self._at += 1
        if self._operator() not in (";", "\n"):
            self.unexpected()
        self._skip_separators()
        self._expect("do")
        body = self.sequence(("done",))
        self._expect("done")
        return For(name, tuple(words), body)

    def _if(self) -> If:
        branches = []
        otherwise = None
        keyword = "if"
        while keyword in ("if", "elif"):
            self._at += 1
            condition = self.sequence(("then",))
            self._expect("then")
            branches.append((condition, self.sequence(("elif", "else", "fi"))))
            keyword = self._word()
        if keyword == "else":
            self._at += 1
            otherwise = self.sequence(("fi",))
        self._expect("fi")
        return If(tuple(branches), otherwise)

    def _simple(self) -> Simple:
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirections: list[Redirection] = []
        while (token := self.peek()) is not None and not isinstance(token, Operator):
            self._at += 1
            if isinstance(token, Redirection):
                target = self.peek()
                if not isinstance(target, Word):
                    self.unexpected()
                    break
                self._at += 1
                redirections.append(Redirection(token.stream, token.operator, target))
            elif not words and (assignment := _assignment(token)):
                assignments.append(assignment)
            else:
                words.append(token)
        if self._operator() == "(" and words:
            raise NotInThisShell("a function")
        if not (assignments or words or redirections):
            self.unexpected()
        return Simple(tuple(assignments), tuple(words), tuple(redirections))


def _assignment(word: Word) -> tuple[str, Word] | None:
    first = word.parts[0] if word.parts else None
    if first is None or first.kind != "text" or first.quoted:
        return None
    name, sign, rest = first.value.partition("=")
    if not sign or not _NAME.fullmatch(name):
        return None
    return name, Word((Part("text", rest), *word.parts[1:]))
