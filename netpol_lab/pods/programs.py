"""Every program that is simulated, and how one is started."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from netpol_lab.model.numbers import whole
from netpol_lab.pods import container_files as files
from netpol_lab.pods import curl, netcat, nslookup, ping, sed, shell, small, wget
from netpol_lab.pods.process import Process, Program, ProgramNotFound


def start(process: Process) -> int:
    """Run the program ``process.argv`` names; return its exit code.

    Raises :class:`ProgramNotFound` when the image does not contain it. One that the image contains and the
    simulator does not know refuses plainly; so does a machine with programs of its own.
    """
    machine = process.machine
    if not machine.tools.has(process.name):
        if machine.own:
            return process.refuse("this program", "these are: " + ", ".join(sorted(machine.tools.programs)))
        raise ProgramNotFound(process.argv[0])
    program = machine.own.get(process.name) or PROGRAMS.get(process.name)
    if program is None:
        return process.refuse("this program", "these are: " + ", ".join(sorted(_WORTH_NAMING)))
    return program(process)


def _true(process: Process) -> int:
    return 0


def _false(process: Process) -> int:
    return 1


def _pwd(process: Process) -> int:
    process.print("/")
    return 0


def _nothing(process: Process) -> int:
    return 0


def _shell(process: Process) -> int:
    return shell.run(process, start)


class _TimeIsUp(Exception):
    """A program ran out of the time that ``timeout`` gave it."""


def _timeout(process: Process) -> int:
    """``timeout SECONDS PROGRAM …``: what it prints after its time is up is lost. Exit code 143, as BusyBox has it."""
    words = process.args
    if words[:1] == ["-t"]:
        words = words[1:]
    seconds = whole(words[0].removesuffix("s")) if words else None
    if len(words) < 2 or seconds is None:
        process.complain("timeout: usage: timeout SECS PROG ARGS")
        return 1
    machine = process.machine
    end = machine.seconds + seconds
    inner = Process(machine, tuple(words[1:]), process.stdin, process.out, process.err)

    def until_the_end(write: Callable[[str], None]) -> Callable[[str], None]:
        def guarded(text: str) -> None:
            if machine.seconds > end:
                _stop()
            write(text)

        return guarded

    inner.out, inner.err = until_the_end(process.out), until_the_end(process.err)
    try:
        code = start(inner)
    except _TimeIsUp:
        code = 143
    if machine.seconds > end:
        machine.seconds, code = end, 143
    return code


def _stop() -> NoReturn:
    raise _TimeIsUp


PROGRAMS: dict[str, Program] = {
    "wget": wget.wget,
    "curl": curl.curl,
    "nc": netcat.nc,
    "nslookup": nslookup.nslookup,
    "ping": ping.ping,
    "cat": files.cat,
    "ls": files.ls,
    "hostname": files.hostname,
    "env": files.env,
    "printenv": files.env,
    "echo": small.echo,
    "printf": small.printf,
    "sleep": small.sleep,
    "date": small.date,
    "id": small.identity,
    "whoami": small.identity,
    "uname": small.uname,
    "which": small.which,
    "seq": small.seq,
    "test": small.test,
    "[": small.test,
    "grep": small.grep,
    "head": small.head,
    "tail": small.head,
    "wc": small.wc,
    "sort": small.sort,
    "uniq": small.uniq,
    "sed": sed.sed,
    "true": _true,
    "false": _false,
    "pwd": _pwd,
    "clear": _nothing,
    "timeout": _timeout,
    "sh": _shell,
    "ash": _shell,
    "bash": _shell,
}

_WORTH_NAMING = ("wget", "curl", "nc", "nslookup", "ping", "hostname", "env", "cat", "sleep", "sh")
