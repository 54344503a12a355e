# The small program behind `kubectl` and `curl` in a notebook's shell (see programs/ and bridge.py). It runs without
# site-packages and imports as little as it can: a student waits for its start with every command.
import os
import socket
import sys

TYPE_CHECKING = False  # typing is not imported: it takes its time
if TYPE_CHECKING:
    import io
    from typing import IO

MOST_BYTES = 16_000_000
CLOSED = "there is no lab in this notebook's kernel. Run the first code cell of the lesson, then this line again"
GONE = (
    "the notebook's kernel ended or was restarted before it had answered. Its simulated cluster is gone with it;"
    " run the first code cell of the lesson again"
)


class Refused(Exception):
    """The program ends here, with this sentence."""


def main(program: str, words: "list[str]") -> int:
    port, _, token = os.environ.get("NETPOL_LAB_BRIDGE", "").partition(":")
    if not port:
        if program == "curl":
            return real(program, words)
        raise Refused(CLOSED)
    link = socket.socket()
    try:
        link.connect(("127.0.0.1", int(port)))
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except (OSError, ValueError, OverflowError):
        raise Refused(CLOSED) from None
    try:
        code = talk(link.makefile("rwb"), token, program, words)
    except (ConnectionError, EOFError):
        raise Refused(GONE) from None
    return real(program, words) if code is None else code


def talk(stream: "io.BufferedRWPair", token: str, program: str, words: "list[str]") -> "int | None":
    """The exit code; None when the lab says that this is not for it. Raises EOFError when nobody is there any more."""

    def send(kind: bytes, payload: bytes) -> None:
        stream.write(kind + b"%d\n" % len(payload) + payload)

    stream.write(token.encode())
    send(b"p", program.encode())
    send(b"a", b"".join(os.fsencode(word) + b"\0" for word in words))
    send(b"d", os.fsencode(working_folder()))
    send(b"t", b"1" if is_at_a_terminal() else b"")
    stream.flush()
    fed = None
    while True:
        kind = stream.read(1)
        size = stream.readline()
        if not size.endswith(b"\n"):
            raise EOFError
        payload = stream.read(int(size))
        if len(payload) < int(size):
            raise EOFError
        if kind == b"i":
            fed = standard_input()
            send(b"i", fed)
            stream.flush()
        elif kind == b"f":
            send(*special_file(os.fsdecode(payload), words))
            stream.flush()
        elif kind in (b"o", b"e"):
            write((sys.stdout if kind == b"o" else sys.stderr).buffer, payload)
        elif kind == b"x":
            return int(payload)
        elif kind == b"n" and program == "curl":
            return None
        elif kind == b"l":
            send(b"x", b"%d" % own(program, words, fed))
            stream.flush()
        else:
            raise EOFError


def write(stream: "IO[bytes]", payload: bytes) -> None:
    try:
        stream.write(payload)
        stream.flush()
    except BrokenPipeError:
        os._exit(141)  # as a program that the shell's `| head` cut off


def working_folder() -> str:
    """Where the program was started; a place that holds nothing, when that was deleted."""
    try:
        return os.getcwd()
    except OSError:
        return "/the folder was deleted"


def is_at_a_terminal() -> bool:
    # a line after ! reads nothing, as one that is typed at a terminal; a pipe, a file or %%bash gives it something
    try:
        return os.fstat(0).st_mode & 0o170000 == 0o020000
    except OSError:
        return True


def standard_input() -> bytes:
    # a terminal is never read: in a notebook nobody could type there
    if sys.stdin is None or sys.stdin.isatty():
        return b""
    data = sys.stdin.buffer.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise Refused(f"standard input holds more than {MOST_BYTES // 10**6} MB")
    return data


def special_file(name: str, words: "list[str]") -> "tuple[bytes, bytes]":
    """What a pipe or a device holds that a word names, as a frame; or the number of the error."""
    if not any(word.endswith(name) for word in words):
        raise Refused(f"the lab asked for {name}, which this line does not name")
    try:
        with open(name, "rb") as file:
            return b"f", file.read(MOST_BYTES + 1)
    except OSError as error:
        return b"r", b"%d" % (error.errno or 0)


def own(program: str, words: "list[str]", fed: "bytes | None") -> int:
    """Run the student's own program, and close stdout: what reads it in a pipe need not wait for the lab.

    ``fed`` is what stdin held, where the lab has read it.
    """
    import shutil
    import subprocess

    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")
    places = os.environ.get("PATH", "").split(os.pathsep)
    path = os.pathsep.join(each for each in places if os.path.realpath(each or ".") != os.path.realpath(here))
    found = shutil.which(program, path=path)
    if found is None:
        sys.stderr.write(f"{program}: there is none on your PATH besides the workbook's own\n")
        return 127
    environment = {name: value for name, value in os.environ.items() if name != "NETPOL_LAB_BRIDGE"}
    code = subprocess.run([found, *words], input=fed, env={**environment, "PATH": path}).returncode
    os.close(1)
    return code if code >= 0 else 128 - code


def real(program: str, words: "list[str]") -> int:
    """Run the program of that name that the student's own PATH holds. Never kubectl."""
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")
    for place in os.environ.get("PATH", "").split(os.pathsep):
        path = os.path.join(place, program)
        if os.path.realpath(place or ".") != os.path.realpath(here) and os.access(path, os.X_OK):
            os.execv(path, [program, *words])
    sys.stderr.write(f"{program}: command not found\n")
    return 127


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1], sys.argv[2:]))
    except Refused as refused:
        sys.stderr.write(f"{sys.argv[1]}: {refused}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        os._exit(130)
