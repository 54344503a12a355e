"""``sed``, as far as scripts of lessons go: ``s/…/…/`` and the lines to print or to leave out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from getopt import GetoptError, getopt
from typing import Any

import re2

from netpol_lab.pods.process import Process
from netpol_lab.pods.small import STEPS, lines_of, pattern


@dataclass(frozen=True)
class _Edit:
    """One command: ``s`` with a pattern and what comes in its place, or ``p`` or ``d``. Line 0 is the last one."""

    verb: str
    first: int
    last: int
    wanted: Any = None
    instead: Callable[[Any], str] | None = None
    everywhere: bool = False

    def concerns(self, number: int, count: int) -> bool:
        return (self.first or count) <= number <= (self.last or count)


def sed(process: Process) -> int:
    """``sed [-nE] COMMAND [FILE…]``, or several with ``-e``."""
    try:
        pairs, words = getopt(process.args, "nEre:")
    except GetoptError as error:
        return process.refuse(f"option -{error.opt}")
    flags = {name for name, _ in pairs}
    scripts = [value for name, value in pairs if name == "-e"] or words[:1]
    paths = words if "-e" in flags else words[1:]
    try:
        edits = [_edit(script, {"-E"} if flags & {"-E", "-r"} else set()) for script in scripts]
    except re2.error:
        process.complain(f"sed: bad regex in '{scripts[0]}'")
        return 1
    if None in edits or not edits:
        return process.refuse("a command other than s/…/…/, Np and Nd")
    lines = lines_of(process, paths)
    if lines is None:
        return 2
    for number, line in enumerate(lines, 1):
        _line(process, [edit for edit in edits if edit and edit.concerns(number, len(lines))], line, "-n" not in flags)
    return 0


def _line(process: Process, edits: list[_Edit], line: str, shown: bool) -> None:
    for edit in edits:
        if edit.verb == "d":
            return
        if edit.verb == "p":
            process.print(line)
        elif edit.instead is not None:
            process.machine.spend(len(line) * edit.wanted.programsize // STEPS)
            line = edit.wanted.sub(edit.instead, line, 0 if edit.everywhere else 1)
    if shown:
        process.print(line)


def _edit(script: str, flags: set[str]) -> _Edit | None:
    """One command read; None for one that is not simulated. Raises ``re2.error``."""
    found = re.fullmatch(r"\s*(?:(\d{1,6}|\$)(?:,(\d{1,6}|\$))?)?\s*(.*)", script, re.DOTALL)
    assert found is not None
    first, last, command = found[1] or "1", found[2] or found[1] or "$", found[3].strip()
    lines = (0 if first == "$" else int(first), 0 if last == "$" else int(last))
    if command in ("p", "d") and found[1]:
        return _Edit(command, *lines)
    parts = re.fullmatch(r"s([^\w\s\\])((?:\\.|(?!\1).)*)\1((?:\\.|(?!\1).)*)\1([gI]*)", command, re.DOTALL)
    if parts is None:
        return None
    wanted = pattern(
        parts[2].replace("\\" + parts[1], parts[1]), flags | ({"-i"} if "I" in parts[4] else set()), groups=True
    )

    def instead(match: Any) -> str:
        return re.sub(r"\\(.)|&", lambda sign: _filled(sign, match), parts[3], flags=re.DOTALL)

    return _Edit("s", *lines, wanted, instead, "g" in parts[4])


def _filled(sign: re.Match[str], match: Any) -> str:
    if sign[1] is None:
        return str(match.group(0))
    if sign[1].isdecimal():
        return str(match.group(int(sign[1])) or "") if int(sign[1]) <= match.re.groups else ""
    return "\n" if sign[1] == "n" else sign[1]
