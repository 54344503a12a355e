"""From a notebook's `!kubectl` and `%%bash` cells to the kernel: a port of this machine, and a token.

The programs of the folder ``programs`` (see ``kernel_start.py``) pass their words to the kernel and print what comes
back. The variable ``NETPOL_LAB_BRIDGE`` tells them the port and the token, and only this user can read it.

On the wire: first the token as it is. Then frames of one letter, the length as decimal digits, a newline, the bytes.
To the kernel: ``p`` program, ``a`` words (each with a NUL after it), ``d`` working directory; when asked, ``i`` what
stdin held, ``f`` what a file held, or ``r`` the number of the error that reading it gave.
Back: ``i`` "send stdin", ``f`` "send that file" (a pipe or a device: only the program has it open, and only the
program may wait for it), ``o`` stdout, ``e`` stderr, ``x`` exit code (the last frame), ``n`` "not mine: run the real
program" (which `kubectl` never does). A lab on a real cluster, and no other, sends ``l``: "run the student's own
program of that name, and tell its exit code", which comes as ``x``; what it asked for with ``i`` before, the program
is fed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import threading
import weakref
from collections.abc import Callable, Iterable
from itertools import groupby
from operator import itemgetter
from typing import Protocol

from netpol_lab.lab.kernel_start import BRIDGE, programs_first

_SECONDS_FOR_THE_TOKEN = 10


class Served(Protocol):
    """What a program did: (``stdout`` or ``stderr``, text) in the order written, and its exit code."""

    @property
    def chunks(self) -> Iterable[tuple[str, str]]: ...
    @property
    def exit_code(self) -> int: ...


class Wire(Protocol):
    """A connection as a stream of bytes."""

    def read(self, size: int, /) -> bytes: ...
    def readline(self) -> bytes: ...
    def write(self, data: bytes, /) -> int: ...
    def flush(self) -> None: ...


class Gone(BaseException):
    """The program that asked has ended: its request ends too, and nothing that handles errors may go on with it."""


Handler = Callable[[str, list[str], Callable[[], str], str, Callable[[str], bytes], bool], Served | None]
"""(program, words, read stdin, working directory, read a special file, at a terminal) -> outcome, or None for "run the
real program".

The reader of special files takes a name as it was typed and raises OSError.
"""


LiveHandler = Callable[[str, list[str], str, Callable[[], int], Callable[[str], None], Callable[[], str]], int]
"""(program, words, working directory, run the student's own program, write to stderr, read stdin) -> exit code."""


class Bridge:
    """Open on creation: from then on the programs of this process and its children ask it.

    ``handle`` runs in a thread of its own, one call at a time. While a handler waits for what the program reads,
    other calls may run: the two ends of ``kubectl get … | kubectl apply -f -`` are alive at once. ``live`` answers in
    its place for a lab on a real cluster, several calls at once.
    """

    def __init__(self, handle: Handler, live: LiveHandler | None = None) -> None:
        self._handle, self._live = handle, live
        self._turn = threading.Lock()
        self._token = secrets.token_hex(16)
        programs_first()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        address = f"{self._listener.getsockname()[1]}:{self._token}"
        self.close = weakref.finalize(self, _close, self._listener, address, os.getpid())
        threading.Thread(target=_accept, args=(self._listener, weakref.ref(self)), daemon=True).start()
        os.environ[BRIDGE] = address

    def serve(self, connection: socket.socket) -> None:
        """Answer one program."""
        with contextlib.suppress(OSError, ValueError, Gone), connection, connection.makefile("rwb") as stream:
            connection.settimeout(_SECONDS_FOR_THE_TOKEN)
            if not secrets.compare_digest(stream.read(len(self._token)), self._token.encode()):
                return
            connection.settimeout(None)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            program = _read(stream, b"p").decode()
            words = [os.fsdecode(word) for word in _read(stream, b"a").split(b"\0")[:-1]]
            cwd = os.fsdecode(_read(stream, b"d"))
            terminal = bool(_read(stream, b"t"))
            if self._live is not None:
                self._beside(self._live, stream, program, words, cwd)
                return
            with self._turn:
                outcome = self._handle(
                    program, words, lambda: self._stdin(stream), cwd, lambda name: self._special(stream, name), terminal
                )
            if outcome is None:
                _send(stream, b"n", b"")
                return
            for name, chunks in groupby(outcome.chunks, key=itemgetter(0)):
                text = "".join(text for _, text in chunks)
                _send(stream, b"o" if name == "stdout" else b"e", text.encode("utf-8", "replace"))
            _send(stream, b"x", str(outcome.exit_code).encode())

    def _beside(self, live: LiveHandler, stream: Wire, program: str, words: list[str], cwd: str) -> None:
        """Stand beside the student's own program while it runs."""

        def own() -> int:
            _send(stream, b"l", b"")
            return int(_read(stream, b"x"))

        def say(text: str) -> None:
            _send(stream, b"e", text.encode("utf-8", "replace"))

        def stdin() -> str:
            _send(stream, b"i", b"")
            return _read(stream, b"i").decode(errors="replace")

        _send(stream, b"x", str(live(program, words, cwd, own, say, stdin)).encode())

    def _stdin(self, stream: Wire) -> str:
        return self._ask(stream, b"i", b"")[1].decode(errors="replace")

    def _special(self, stream: Wire, name: str) -> bytes:
        kind, payload = self._ask(stream, b"f", os.fsencode(name))
        if kind == b"r":
            number = int(payload)
            raise OSError(number, os.strerror(number))
        return payload

    def _ask(self, stream: Wire, kind: bytes, payload: bytes) -> tuple[bytes, bytes]:
        """Ask the program for something that may take its time; meanwhile others are answered."""
        self._turn.release()
        try:
            _send(stream, kind, payload)
            return _frame(stream)
        except (OSError, ValueError):
            raise Gone from None
        finally:
            self._turn.acquire()


def _accept(listener: socket.socket, bridge: weakref.ref[Bridge]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # closed
            return
        alive = bridge()
        if alive is None:
            return
        threading.Thread(target=alive.serve, args=(connection,), daemon=True).start()
        del alive


def _close(listener: socket.socket, address: str, owner: int) -> None:
    if os.getpid() != owner:  # a forked child ends: the lab is not its own
        return
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)  # it wakes the thread that waits there
    listener.close()
    if os.environ.get(BRIDGE) == address:
        del os.environ[BRIDGE]


def _frame(stream: Wire) -> tuple[bytes, bytes]:
    """A kind and its bytes. Raises ValueError where the stream ends."""
    kind, size = stream.read(1), int(stream.readline())
    payload = stream.read(size)
    if len(payload) < size:
        raise ValueError("the stream ended")
    return kind, payload


def _read(stream: Wire, kind: bytes) -> bytes:
    found, payload = _frame(stream)
    if found != kind:
        raise ValueError("unexpected frame")
    return payload


def _send(stream: Wire, kind: bytes, payload: bytes) -> None:
    stream.write(kind + b"%d\n" % len(payload) + payload)
    stream.flush()
