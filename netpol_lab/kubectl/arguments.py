"""Flags and words of a command line, read the way kubectl reads them (pflag).

A verb's flags are data: a sequence of :class:`Flag`. Long flags take ``--name=value`` or ``--name value``, short
ones ``-nvalue``, ``-n=value`` or ``-n value``; switches combine (``-it``); ``--`` ends the flags.

>>> table = [Flag("namespace", "n"), Flag("stdin", "i", "switch"), Flag("tty", "t", "switch")]
>>> parse(["web", "-it", "-n", "shop", "--", "ls", "-l"], table, "exec")
Parsed(args=('web',), after_dash=('ls', '-l'), values={'namespace': 'shop', 'stdin': True, 'tty': True})
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from netpol_lab.kubectl.failure import Failure, not_simulated
from netpol_lab.pods.process import encodable

Takes = Literal["text", "switch", "number", "duration", "each", "commas"]


@dataclass(frozen=True)
class Flag:
    """One flag. ``takes`` tells its value: ``each`` may be repeated, ``commas`` also splits at commas.

    ``bare`` is the value of the flag written without one (``--dry-run``); None where a value is needed. ``refused`` is
    what to do instead of a flag that is not simulated ("": no advice); None for all others.
    """

    name: str
    short: str = ""
    takes: Takes = "text"
    help: str = ""
    default: Any = None
    bare: str | None = None
    refused: str | None = None

    @property
    def spelling(self) -> str:
        """As error messages name it."""
        return f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"

    @property
    def start(self) -> Any:
        """The value before any word was read."""
        if self.default is not None:
            return self.default
        return {"text": "", "switch": False, "number": None, "duration": None}.get(self.takes, ())


@dataclass(frozen=True)
class Parsed:
    """The words of a call. ``after_dash`` is None when there is no ``--``; ``values`` holds every flag's value."""

    args: tuple[str, ...]
    after_dash: tuple[str, ...] | None
    values: dict[str, Any] = field(default_factory=dict)


def parse(words: Sequence[str], flags: Iterable[Flag], command: str) -> Parsed:
    """Read the words of a command line.

    Raises :class:`Failure` with kubectl's own text for an unknown flag, a missing or a malformed value.
    """
    table = list(flags)
    long = {flag.name: flag for flag in table}
    short = {flag.short: flag for flag in table if flag.short}
    values = {flag.name: flag.start for flag in table}
    args: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            return Parsed(tuple(args), tuple(map(encodable, rest)), values)
        if word.startswith("--"):
            _long_flag(word, rest, long, values, command)
        elif word.startswith("-") and word != "-":
            _short_flags(word, rest, short, values, command)
        else:
            args.append(encodable(word))
    return Parsed(tuple(args), None, values)


def _refuse(message: str, command: str) -> Failure:
    line = " ".join(("kubectl", *command.split(), "--help"))
    return Failure(f"{message}\nSee '{line}' for usage.")


def _long_flag(word: str, rest: Iterator[str], table: dict[str, Flag], values: dict[str, Any], command: str) -> None:
    name, equals, value = word[2:].partition("=")
    flag = table.get(name)
    if flag is None:
        raise _refuse(f"unknown flag: --{name}", command)
    if not equals:
        value = _next_value(flag, rest, f"flag needs an argument: --{name}", command)
    _store(flag, value, values, command)


def _short_flags(word: str, rest: Iterator[str], table: dict[str, Flag], values: dict[str, Any], command: str) -> None:
    letters = word[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        flag = table.get(letter)
        if flag is None:
            raise _refuse(f"unknown shorthand flag: {letter!r} in {word}", command)
        if letters.startswith("="):
            value, letters = letters[1:], ""
        elif flag.takes != "switch" and letters:
            value, letters = letters, ""
        else:
            value = _next_value(flag, rest, f"flag needs an argument: {letter!r} in {word}", command)
        _store(flag, value, values, command)


def _next_value(flag: Flag, rest: Iterator[str], complaint: str, command: str) -> str:
    if flag.takes == "switch":
        return "true"
    if flag.bare is not None:
        return flag.bare
    value = next(rest, None)
    if value is None:
        raise _refuse(complaint, command)
    return value


def _store(flag: Flag, text: str, values: dict[str, Any], command: str) -> None:
    if flag.refused is not None:
        raise not_simulated(f"kubectl {command} --{flag.name}".replace("  ", " "), flag.refused)
    if flag.name != "filename":  # a file may have any name; what is stored and shown is text
        text = encodable(text)
    try:
        value = _READERS[flag.takes](text)
    except ValueError as error:
        raise _refuse(f'invalid argument "{text}" for "{flag.spelling}" flag: {error}', command) from None
    values[flag.name] = (*values[flag.name], *value) if isinstance(value, tuple) else value


def _switch(text: str) -> bool:
    if text in ("1", "t", "T", "true", "TRUE", "True"):
        return True
    if text in ("0", "f", "F", "false", "FALSE", "False"):
        return False
    raise ValueError(f'strconv.ParseBool: parsing "{text}": invalid syntax')


def _number(text: str) -> int:
    if not re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        raise ValueError(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    if len(text) > 10 or not -(2**31) <= int(text) < 2**31:
        raise ValueError(f'strconv.ParseInt: parsing "{text}": value out of range')
    return int(text)


_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


_MOST_SECONDS = 2**63 / 1e9
"""A Go duration counts nanoseconds in 64 bits."""


def duration(text: str) -> float:
    """Seconds of a Go duration such as ``5s``, ``1m30s`` or ``0``. Raises ValueError with Go's words.

    >>> duration("1m30s")
    90.0
    """
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if digits == "0":
        return 0.0
    parts = re.findall(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|[hms])", digits, re.ASCII)
    if parts and "".join(number + unit for number, unit in parts) == digits:
        seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
        if seconds < _MOST_SECONDS:
            return sign * seconds
    if re.fullmatch(r"\d+\.?\d*|\.\d+", digits, re.ASCII):
        raise ValueError(f'time: missing unit in duration "{text}"')
    raise ValueError(f'time: invalid duration "{text}"')


_READERS: dict[str, Callable[[str], Any]] = {
    "text": str,
    "switch": _switch,
    "number": _number,
    "duration": duration,
    "each": lambda text: (text,),
    "commas": lambda text: tuple(text.split(",")) if text else (),
}
