"""From a notebook's `!kubectl` and `%%bash` cells to the kernel: a private folder and a private socket.

The folder holds small programs named ``kubectl`` and ``curl``. They pass their words to the kernel and print what
comes back. It stands first on PATH as long as the bridge is open. Where the machine has no ``jq``, the folder holds
one too; that one asks nobody (see ``jq_program.py``).

On the wire, both ways: frames of one letter, the length as decimal digits, a newline, the bytes.
To the kernel: ``t`` token, ``p`` program, ``a`` words (each with a NUL after it), ``d`` working directory; later
``i``, what stdin held.
Back: ``i`` "send stdin", ``o`` stdout, ``e`` stderr, ``x`` exit code (the last frame), ``n`` "not mine: run the
real program".
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import sys
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Protocol

PROGRAMS = ("kubectl", "curl")

_CLIENT = Path(__file__).with_name("bridge_client.py")
_JQ = Path(__file__).with_name("jq_program.py")
_FOLDER_PREFIX = "netpol-lab-"


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


Handler = Callable[[str, list[str], Callable[[], str], str], Served | None]
"""(program, words, read stdin, working directory) -> outcome, or None for "run the real program"."""


class Bridge:
    """Open on creation. ``handle`` runs in a thread of its own, one call at a time.

    While a handler waits for stdin, other calls may run: the two ends of ``kubectl get … | kubectl apply -f -``
    are alive at once.
    """

    def __init__(self, handle: Handler) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=_FOLDER_PREFIX))
        self._handle = handle
        self._turn = threading.Lock()
        self._token = secrets.token_hex(16)
        self._listener = _listen(self.folder)
        _write_programs(self.folder, self._listener, self._token)
        os.environ["PATH"] = os.pathsep.join([str(self.folder), os.environ.get("PATH", "")])
        self.close = weakref.finalize(self, _close, self._listener, self.folder)
        threading.Thread(target=_accept, args=(self._listener, weakref.ref(self)), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        """Answer one program."""
        with contextlib.suppress(OSError, ValueError), connection, connection.makefile("rwb") as stream:
            if not secrets.compare_digest(_read(stream, b"t"), self._token.encode()):
                return
            program = _read(stream, b"p").decode()
            words = [word.decode(errors="replace") for word in _read(stream, b"a").split(b"\0")[:-1]]
            cwd = _read(stream, b"d").decode(errors="replace")
            with self._turn:
                outcome = self._handle(program, words, lambda: self._stdin(stream), cwd)
            if outcome is None:
                _send(stream, b"n", b"")
                return
            for name, chunks in groupby(outcome.chunks, key=itemgetter(0)):
                _send(stream, b"o" if name == "stdout" else b"e", "".join(text for _, text in chunks).encode())
            _send(stream, b"x", str(outcome.exit_code).encode())

    def _stdin(self, stream: Wire) -> str:
        self._turn.release()
        try:
            _send(stream, b"i", b"")
            return _read(stream, b"i").decode(errors="replace")
        finally:
            self._turn.acquire()


def _listen(folder: Path) -> socket.socket:
    """A socket only this user can reach: a file in a private folder, or (on Windows) loopback with a token."""
    if sys.platform != "win32":
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(folder / "socket"))
    else:
        listener = socket.create_server(("127.0.0.1", 0))
    listener.listen(16)
    return listener


def _write_programs(folder: Path, listener: socket.socket, token: str) -> None:
    place = listener.getsockname()
    address = repr(place if isinstance(place, str) else tuple(place[:2]))
    client = folder / "client.py"
    client.touch(mode=0o600)
    client.write_text(f"ADDRESS = {address}\nTOKEN = {token!r}\n{_CLIENT.read_text()}", encoding="utf-8")
    for name in PROGRAMS:
        _write_program(folder, name, f'-IS "{client}" {name}', f'-IS "${{0%/*}}/client.py" {name}')
    if not _on_path("jq"):
        # not without site-packages: PyPI's jq is there
        shutil.copyfile(_JQ, folder / "jq_program.py")
        _write_program(folder, "jq", f'-P "{folder / "jq_program.py"}"', '-P "${0%/*}/jq_program.py"')


def _write_program(folder: Path, name: str, windows: str, posix: str) -> None:
    """A program that starts this Python with these words, for the shell of the platform."""
    if sys.platform == "win32":
        (folder / f"{name}.cmd").write_text(f'@"{sys.executable}" {windows} %*\n', encoding="utf-8")
        return
    program = folder / name
    quoted = "'" + sys.executable.replace("'", "'\\''") + "'"
    program.write_text(f'#!/bin/sh\nexec {quoted} {posix} "$@"\n', encoding="utf-8")
    program.chmod(0o700)


def _on_path(name: str) -> bool:
    """Whether the machine itself has the program; the folder of another notebook's lab does not count."""
    places = os.environ.get("PATH", "").split(os.pathsep)
    own = [place for place in places if not Path(place).name.startswith(_FOLDER_PREFIX)]
    return shutil.which(name, path=os.pathsep.join(own)) is not None


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


def _close(listener: socket.socket, folder: Path) -> None:
    listener.close()
    shutil.rmtree(folder, ignore_errors=True)
    places = os.environ.get("PATH", "").split(os.pathsep)
    os.environ["PATH"] = os.pathsep.join(place for place in places if place != str(folder))


def _read(stream: Wire, kind: bytes) -> bytes:
    if stream.read(1) != kind:
        raise ValueError("unexpected frame")
    return stream.read(int(stream.readline()))


def _send(stream: Wire, kind: bytes, payload: bytes) -> None:
    stream.write(kind + b"%d\n" % len(payload) + payload)
    stream.flush()
