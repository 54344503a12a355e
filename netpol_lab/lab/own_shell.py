"""The notebook's shell on a machine that has none: the pods' small shell runs its `!` lines and `%%bash` cells.

It has kubectl, curl and jq, and the small programs of a pod. It starts no program of the machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import suppress
from pathlib import Path

from netpol_lab.cluster.snapshot import View
from netpol_lab.lab import jq_program
from netpol_lab.lab.bridge_client import CLOSED
from netpol_lab.lab.kernel_start import BRIDGE
from netpol_lab.lab.student_files import here, leads_away
from netpol_lab.model.whole_files import write_whole
from netpol_lab.pods import Process, Program, ProgramResult, run_script
from netpol_lab.pods.shell_words import NotInThisShell

LabAnswer = Callable[[str, list[str], Callable[[], str], str], ProgramResult | None]
"""(program, words, read stdin, working directory) -> outcome; None for a curl that is not for the cluster."""

_JQ_SECONDS = 20
_MOST_CHARACTERS = 1_000_000
"""Of one file that is read."""


class OwnShell:
    """Runs scripts for one lab. ``answer`` is the lab's, for kubectl and curl."""

    def __init__(self, cluster: View, answer: LabAnswer) -> None:
        self._cluster, self._answer, self._files = cluster, answer, _Files()
        programs = {
            "kubectl": self._for_the_lab,
            "curl": self._for_the_lab,
            "jq": self._jq,
            "ls": self._ls,
            "pwd": self._pwd,
            "rm": self._rm,
        }
        self._programs = {name: self._files.on_disk(program) for name, program in programs.items()}

    def run(self, script: str) -> ProgramResult:
        """Run a line or a cell. What it writes lies in the working folder afterwards."""
        result = run_script(self._cluster, script, self._programs, os.environ, self._files)
        failed = self._files.settle()
        return ProgramResult((*result.chunks, ("stderr", failed)), 1, result.seconds) if failed else result

    def _for_the_lab(self, process: Process) -> int:
        if not os.environ.get(BRIDGE):
            process.complain(f"{process.name}: {CLOSED}")
            return 1
        outcome = self._answer(process.name, process.args, process.stdin.read, here())
        if outcome is None:
            return process.refuse("an address outside of the cluster")
        for stream, text in outcome.chunks:
            (process.out if stream == "stdout" else process.err)(text)
        return outcome.exit_code

    def _jq(self, process: Process) -> int:
        """In a process of its own: a filter may run for ever, and this kernel must not."""
        command = [sys.executable, "-P", "-X", "utf8", jq_program.__file__, *process.args]
        try:
            ended = subprocess.run(
                command, input=process.stdin.read(), capture_output=True, encoding="utf-8", timeout=_JQ_SECONDS
            )
        except subprocess.TimeoutExpired:
            return process.refuse(f"a filter that takes more than {_JQ_SECONDS} seconds")
        process.out(ended.stdout)
        process.err(ended.stderr)
        return ended.returncode

    def _ls(self, process: Process) -> int:
        code = 0
        for word in [word for word in process.args if not word.startswith("-")] or ["."]:
            place = Path(word)
            if place.is_dir():
                process.out("".join(f"{name}\n" for name in sorted(os.listdir(place)) if not name.startswith(".")))
            elif place.exists():
                process.print(word)
            else:
                process.complain(f"ls: cannot access '{word}': No such file or directory")
                code = 2
        return code

    def _pwd(self, process: Process) -> int:
        process.print(here())
        return 0

    def _rm(self, process: Process) -> int:
        forced = "-f" in process.args
        for word in [word for word in process.args if word != "-f"]:
            if word.startswith("-"):
                return process.refuse(f"option {word}")
            if word in self._files:
                del self._files[word]
            elif not forced:
                process.complain(f"rm: cannot remove '{word}': No such file or directory")
                return 1
        return 0


class _Files(MutableMapping[str, str]):
    """The student's files by their names, as the shell's programs read and write them.

    What is written lies here until somebody looks at the disk: a loop that writes lines writes one file.
    """

    def __init__(self) -> None:
        self._written: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        if name in self._written:
            return self._written[name]
        with suppress(OSError, ValueError):
            if Path(name).is_file():
                with open(name, encoding="utf-8", errors="replace") as file:
                    return file.read(_MOST_CHARACTERS)
        raise KeyError(name)

    def __setitem__(self, name: str, text: str) -> None:
        self._written[_own(name)] = text

    def __delitem__(self, name: str) -> None:
        self._written.pop(_own(name), None)
        Path(name).unlink(missing_ok=True)

    def __iter__(self) -> Iterator[str]:
        names = set(self._written)
        with suppress(OSError):  # the folder was deleted
            names.update(name for name in os.listdir() if not name.startswith("."))
        return iter(names)

    def __len__(self) -> int:
        return len(list(iter(self)))

    def settle(self) -> str:
        """Write to the disk what is not there yet; return what to say where that fails."""
        written, self._written = self._written, {}
        failed = []
        for name, text in written.items():
            try:
                write_whole(Path(name), text)
            except (OSError, ValueError) as error:
                why = (error.strerror if isinstance(error, OSError) else "") or str(error)
                failed.append(f"bash: {name}: {why}\n")
        return "".join(failed)

    def on_disk(self, program: Program) -> Program:
        """The program, for which everything lies on the disk."""

        def run(process: Process) -> int:
            process.err(self.settle())
            return program(process)

        return run


def _own(name: str) -> str:
    """The name, when such a file lies in the student's folder. Raises NotInThisShell."""
    if leads_away(name):
        raise NotInThisShell(f"writing {name}, outside of your folder,")
    return name
