"""What the lab needs from IPython: variables for `$XX` and one cell magic."""

from __future__ import annotations

import codecs
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from netpol_lab.lab import student_files
from netpol_lab.lab.kernel_start import speak_plainly, takes_own_shell
from netpol_lab.lab.own_shell import OwnShell
from netpol_lab.lab.unforeseen import foreseen
from netpol_lab.model.errors import LabError
from netpol_lab.model.objects import NetworkPolicy
from netpol_lab.pods import ProgramResult


def shell() -> Any | None:
    """The running IPython, or None outside a notebook."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return None
    return get_ipython()


def publish(number: str, write: Callable[[str, str], str], own_shell: OwnShell) -> bool:
    """Set ``XX`` for shells and for `!` lines, and offer ``%%manifest FILE``. True in a notebook, False elsewhere.

    ``write(file, text)`` writes a manifest and returns what to tell the student. ``own_shell`` runs lines and cells
    where the machine has no shell for them.
    """
    os.environ["XX"] = number
    ip = shell()
    if ip is None:
        return False
    ip.user_ns["XX"] = number

    def manifest(line: str, cell: str = "") -> None:
        """Write the cell to a file, with $XX filled in: %%manifest netpol-apps.yaml"""
        with foreseen(f"%%manifest {line.strip()}"):
            print(write(line.strip(), cell))

    ip.register_magic_function(manifest, "cell", "manifest")
    if takes_own_shell():
        _take(ip, own_shell)
    else:
        ip.system = _run_line
    speak_plainly(ip)
    return True


def _take(ip: Any, own_shell: OwnShell) -> None:
    """Let the lab's own shell run `!` lines, ``x = !…`` and ``%%bash`` cells."""

    def run(script: str) -> ProgramResult:
        with foreseen(script.partition("\n")[0]):
            return own_shell.run(script)

    def system(line: str) -> None:
        result = run(ip.var_expand(line, depth=1))
        print("".join(text for _, text in result.chunks), end="")
        ip.user_ns["_exit_code"] = result.exit_code

    def getoutput(line: str, split: bool = True, depth: int = 0) -> Any:
        from IPython.utils.text import SList

        result = run(ip.var_expand(line, depth=depth + 1))
        return SList(result.stdout.splitlines()) if split else result.stdout

    def bash(line: str, cell: str = "") -> None:
        """Run the cell in the lab's own shell: %%bash, or %%bash --no-raise-error"""
        options = line.split()
        if set(options) - {"--no-raise-error"}:
            raise LabError(f"%%bash {line}: here it takes --no-raise-error, and nothing else.")
        result = run(cell)
        for stream, text in result.chunks:
            print(text, end="", file=sys.stdout if stream == "stdout" else sys.stderr)
        if result.exit_code and not options:
            raise subprocess.CalledProcessError(result.exit_code, cell)

    ip.system, ip.getoutput = system, getoutput
    ip.register_magic_function(bash, "cell", "bash")


def _run_line(line: str) -> None:
    """Run what stands after a `!`, and print what it prints, both streams in order.

    IPython's own way reads a pseudo-terminal, where on a busy machine the last words of a program can be lost: its
    end is seen before its output. A pipe ends after all that was written.
    """
    ip = shell()
    assert ip is not None
    command = ip.var_expand(line, depth=1)
    with subprocess.Popen(
        command, shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while chunk := process.stdout.read1(65536):  # type: ignore[attr-defined]
            print(decoder.decode(chunk), end="", flush=True)
    ip.user_ns["_exit_code"] = process.returncode


def lines_of(policy: NetworkPolicy) -> dict[str, Any]:
    """The policy's own lines of the file it came from, while the file still says the same."""
    origin = policy.origin
    if origin is None or not student_files.still_says(policy):
        return {"yaml_text": None}
    lines = Path(origin.file).read_text(encoding="utf-8").splitlines()[origin.first_line - 1 : origin.last_line]
    return {"yaml_text": "\n".join(lines), "first_line": origin.first_line}
