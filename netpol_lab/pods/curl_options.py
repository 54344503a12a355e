"""curl's command line. Short options bundle (``-sSm3``); long ones take their value as the next word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from netpol_lab.model.numbers import whole


@dataclass
class CurlOptions:
    """What a call asks for. ``max_time`` and ``connect_timeout`` are seconds, 0 for none."""

    silent: bool = False
    show_error: bool = False
    max_time: float = 0.0
    connect_timeout: float = 0.0
    outputs: list[str] = field(default_factory=list)
    remote_name: bool = False
    write_out: str = ""
    head: bool = False
    include: bool = False
    verbose: bool = False
    location: bool = False
    insecure: bool = False
    fail: bool = False
    method: str = ""
    data: list[str] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)
    user_agent: str = ""
    resolve: dict[tuple[str, int], str] = field(default_factory=dict)
    urls: list[str] = field(default_factory=list)


class CommandLineError(Exception):
    """``code`` is curl's exit code; the message is what curl prints after ``curl: ``."""

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.code = code


class Unsupported(Exception):
    """A real option that the simulator does not do."""


_FLAGS = {
    "s": "silent",
    "silent": "silent",
    "S": "show_error",
    "show-error": "show_error",
    "I": "head",
    "head": "head",
    "i": "include",
    "include": "include",
    "v": "verbose",
    "verbose": "verbose",
    "L": "location",
    "location": "location",
    "k": "insecure",
    "insecure": "insecure",
    "f": "fail",
    "fail": "fail",
    "O": "remote_name",
    "remote-name": "remote_name",
}
_NO_EFFECT = frozenset(["g", "4", "6", "N", "ipv4", "ipv6", "globoff", "compressed", "no-buffer", "http1.1"])
"""Options that change nothing here."""

_VALUES = {
    "m": "max_time",
    "max-time": "max_time",
    "connect-timeout": "connect_timeout",
    "o": "outputs",
    "output": "outputs",
    "w": "write_out",
    "write-out": "write_out",
    "X": "method",
    "request": "method",
    "d": "data",
    "data": "data",
    "data-raw": "data",
    "H": "headers",
    "header": "headers",
    "A": "user_agent",
    "user-agent": "user_agent",
    "resolve": "resolve",
    "url": "urls",
}
_REFUSED_NAMES = """
x proxy u user b cookie c cookie-jar F form T upload-file K config e referer E cert retry retry-delay noproxy
retry-connrefused retry-all-errors retry-max-time interface unix-socket limit-rate socks5 cacert parallel Z r
range z time-cond G get J data-binary data-urlencode json t telnet-option D dump-header # progress-bar h help V
version keepalive-time dns-servers tlsv1.2 haproxy-protocol local-port ciphers http2 http0.9 fail-with-body
"""
_REAL_BUT_NOT_HERE = frozenset(_REFUSED_NAMES.split())


def parse(args: list[str]) -> CurlOptions:
    """Raises :class:`CommandLineError` as curl would refuse it, or :class:`Unsupported`."""
    options = CurlOptions()
    words = iter(args)
    for word in words:
        if word == "--":
            options.urls.extend(words)
        elif word.startswith("--"):
            _long(options, word[2:], words)
        elif word.startswith("-") and len(word) > 1:
            _bundle(options, word[1:], words)
        else:
            options.urls.append(word)
    return options


def _long(options: CurlOptions, name: str, words: Iterator[str]) -> None:
    if name == "no-progress-meter":
        options.silent = options.show_error = True
    elif name in _FLAGS and len(name) > 1:
        setattr(options, _FLAGS[name], True)
    elif name in _VALUES and len(name) > 1:
        _take(options, name, f"--{name}", next(words, None))
    elif name not in _NO_EFFECT:
        _unknown(name, f"--{name}")


def _bundle(options: CurlOptions, letters: str, words: Iterator[str]) -> None:
    for place, letter in enumerate(letters):
        if letter in _FLAGS:
            setattr(options, _FLAGS[letter], True)
        elif letter in _VALUES:
            value = letters[place + 1 :] or next(words, None)
            _take(options, letter, f"-{letter}", value)
            return
        elif letter not in _NO_EFFECT:
            _unknown(letter, f"-{letter}")


def _unknown(name: str, written: str) -> None:
    if name in _REAL_BUT_NOT_HERE:
        raise Unsupported(f"option {written}")
    raise CommandLineError(f"option {written}: is unknown")


def _take(options: CurlOptions, name: str, written: str, value: str | None) -> None:
    if value is None:
        raise CommandLineError(f"option {written}: requires parameter")
    kind = _VALUES[name]
    if kind in ("max_time", "connect_timeout"):
        setattr(options, kind, _seconds(written, value))
    elif kind == "headers":
        key, _, rest = value.partition(":")
        options.headers.append((key.strip(), rest.strip()))
    elif kind == "resolve":
        host, port, address = [*value.split(":", 2), "", ""][:3]
        if whole(port) is None or not address:
            raise CommandLineError(f"(49) Couldn't parse CURLOPT_RESOLVE entry '{value}'", 49)
        options.resolve[(host, int(port))] = address
    elif kind in ("outputs", "data", "urls"):
        getattr(options, kind).append(value)
    else:
        setattr(options, kind, value)


def _seconds(written: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 10**6:  # also refuses nan
        raise CommandLineError(f"option {written}: expected a proper numerical parameter")
    return seconds
