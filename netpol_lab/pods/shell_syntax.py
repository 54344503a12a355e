"""The grammar of the small shell: lists, pipes, groups, functions, ``for``, ``while`` and ``if``.

What a shell has and this one does not (``case``, background jobs, arithmetic) raises :class:`NotInThisShell`,
before anything has run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from netpol_lab.pods.shell_words import (
    NAME,
    NotInThisShell,
    Operator,
    Part,
    Redirection,
    ShellSyntaxError,
    Token,
    Word,
    tokens,
)


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
class While:
    """``while``, or with ``wanted`` False ``until``."""

    wanted: bool
    condition: Sequence
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
    """``{ …; }`` or ``( … )``, or what else has a body, where redirections follow it."""

    body: Sequence
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True)
class FunctionDefinition:
    name: str
    body: CommandGroup


Command = Simple | For | While | If | CommandGroup | FunctionDefinition

_REFUSED_WORDS = frozenset(["case", "select", "function", "[["])
_CLOSING = frozenset(["then", "elif", "else", "fi", "do", "done", "}"])


def parse(script: str) -> Sequence:
    """The whole script, or an exception before any of it runs."""
    parser = _Parser(tokens(script))
    sequence = parser.sequence(())
    if parser.peek() is not None:
        parser.unexpected()
    return sequence


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

    def unexpected(self) -> NoReturn:
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
            return self._redirected(self._for())
        if word in ("while", "until"):
            return self._redirected(self._while(word))
        if word == "if":
            return self._redirected(self._if())
        if word == "{" or self._operator() == "(":
            return self._redirected(self._group(word))
        if self._defines_function():
            return self._function(word)
        return self._simple()

    def _redirected(self, command: Command) -> Command:
        redirections = []
        while isinstance(self.peek(), Redirection):
            redirections.append(self._redirection())
        if not redirections:
            return command
        return CommandGroup(Sequence(((";", Pipeline((command,))),)), tuple(redirections))

    def _defines_function(self) -> bool:
        following = self._tokens[self._at + 1 : self._at + 3]
        return bool(NAME.fullmatch(self._word())) and following == [Operator("("), Operator(")")]

    def _function(self, name: str) -> FunctionDefinition:
        self._at += 3
        self._skip_lines()
        if self._word() != "{":
            self.unexpected()
        return FunctionDefinition(name, self._group("{"))

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
        if not NAME.fullmatch(name):
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

    def _while(self, keyword: str) -> While:
        self._at += 1
        condition = self.sequence(("do",))
        self._expect("do")
        body = self.sequence(("done",))
        self._expect("done")
        return While(keyword == "while", condition, body)

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
            if isinstance(token, Redirection):
                redirections.append(self._redirection())
                continue
            self._at += 1
            if not words and (assignment := _assignment(token)):
                assignments.append(assignment)
            else:
                words.append(token)
        if not (assignments or words or redirections):
            self.unexpected()
        return Simple(tuple(assignments), tuple(words), tuple(redirections))

    def _redirection(self) -> Redirection:
        token = self.peek()
        assert isinstance(token, Redirection)
        self._at += 1
        if token.target is not None:
            return token
        target = self.peek()
        if not isinstance(target, Word):
            self.unexpected()
        self._at += 1
        return Redirection(token.stream, token.operator, target)


def _assignment(word: Word) -> tuple[str, Word] | None:
    first = word.parts[0] if word.parts else None
    if first is None or first.kind != "text" or first.quoted:
        return None
    name, sign, rest = first.value.partition("=")
    if not sign or not NAME.fullmatch(name):
        return None
    return name, Word((Part("text", rest), *word.parts[1:]))
