"""Files that only grow: whole lines are appended, by several programs at once.

Each line is one write at the end of the file, under a lock where the system has one. Who is killed in the middle loses
that line at most, and the next one begins on a line of its own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from netpol_lab.model.whole_files import write_whole


def append_line(file: Path, line: str) -> None:
    """Append one line; the file and its folder are made where they are missing. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with _locked(file) as descriptor:
        size = os.fstat(descriptor).st_size
        begin = b"\n" if size and _read(descriptor, size - 1, 1) != b"\n" else b""
        os.write(descriptor, begin + line.encode("utf-8", "replace") + b"\n")


def set_aside(file: Path, kept: str) -> Path:
    """Keep the file as it is under another name, ``NAME.damaged-1``, and go on with the text ``kept``.

    Returns the other name. Nothing that has it is overwritten. Raises OSError.
    """
    with _locked(file) as descriptor:
        content = _read(descriptor, 0, os.fstat(descriptor).st_size)
        number = 1
        while True:
            aside = file.with_name(f"{file.stem}.damaged-{number}{file.suffix}")
            with suppress(FileExistsError), aside.open("xb") as copy:
                copy.write(content)
                break
            number += 1
        write_whole(file, kept)
    return aside


@contextmanager
def _locked(file: Path) -> Iterator[int]:
    """The file, opened to append to and locked, after another program may have put a new one in its place."""
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            _lock(descriptor)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), file.stat()):
                    yield descriptor
                    return
        finally:
            os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Wait for the others. Where there is no such lock, a single write has to do."""
    if sys.platform != "win32":
        import fcntl

        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)


def _read(descriptor: int, place: int, size: int) -> bytes:
    os.lseek(descriptor, place, os.SEEK_SET)
    return os.read(descriptor, size)
