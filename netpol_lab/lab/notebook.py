"""What the lab needs from IPython: variables for `$XX`, one cell magic, and the folder to work in."""

from __future__ import annotations

import codecs
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from netpol_lab.model.datafiles import fill
from netpol_lab.model.errors import LabError
from netpol_lab.model.objects import NetworkPolicy

_home: Path | None = None


def shell() -> Any | None:
    """The running IPython, or None outside a notebook."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return None
    return get_ipython()


def work_in(lesson: str | None) -> Path:
    """Change into the folder for a lesson's files, ``work/<lesson>`` beside the notebook; make it if missing.

    Without a lesson the folder stays as it is. A second call starts from the notebook's own folder again.
    """
    global _home
    _home = _home or Path.cwd()
    folder = _home / "work" / lesson if lesson else _home
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    return folder


def publish(number: str, write: Callable[[str, str], str]) -> bool:
    """Set ``XX`` for shells and for `!` lines, and offer ``%%manifest FILE``. True in a notebook, False elsewhere.

    ``write(file, text)`` writes a manifest and returns what to tell the student.
    """
    os.environ["XX"] = number
    ip = shell()
    if ip is None:
        return False
    ip.user_ns.setdefault("XX", number)

    def manifest(line: str, cell: str = "") -> None:
        """Write the cell to a file, with $XX filled in: %%manifest netpol-apps.yaml"""
        print(write(line.strip(), cell))

    ip.register_magic_function(manifest, "cell", "manifest")
    ip.system = _run_line
    return True


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


def write_manifest(name: str, text: str, number: str) -> str:
    """Write one manifest into the working folder; returns one line for the student.

    Raises :class:`LabError` for a name that is missing or leads out of the folder.
    """
    place = Path(name)
    if not name or place.is_absolute() or ".." in place.parts or len(name.split()) > 1:
        raise LabError("Name a file in this folder after %%manifest, for example: %%manifest default-deny.yaml")
    filled = fill(text, number)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(filled, encoding="utf-8")
    return f"wrote {name} ({len(filled.splitlines())} lines)"


def lines_of(policy: NetworkPolicy) -> dict[str, Any]:
    """The policy's own lines of the file it came from, while the file still says the same."""
    origin = policy.origin
    if origin is None or not origin.file or not Path(origin.file).is_file():
        return {"yaml_text": None}
    lines = Path(origin.file).read_text(encoding="utf-8").splitlines()[origin.first_line - 1 : origin.last_line]
    text = "\n".join(lines)
    return {"yaml_text": text, "first_line": origin.first_line} if policy.name in text else {"yaml_text": None}
