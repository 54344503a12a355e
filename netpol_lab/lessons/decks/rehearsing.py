"""A rehearsal: each cell of a solved lesson runs again, and what it shows is compared with what is stored."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from netpol_lab.lessons.packs.building import execute, settled
from netpol_lab.model.errors import LabError


@dataclass(frozen=True)
class RehearsedCell:
    """A code cell that ran: its number, first line and seconds; where it differed, what was expected and seen."""

    number: int
    line: str
    seconds: float
    expected: str = ""
    seen: str = ""

    @property
    def differs(self) -> bool:
        return self.expected != self.seen


def rehearse(solved: Path, tell: Callable[[RehearsedCell], None]) -> str:
    """Run a solved notebook in an empty folder; ``tell`` hears of each cell as it ends. Returns why it stopped, or "".

    Raises LabError where the notebook is not whole.
    """
    try:
        stored = nbformat.reads(solved.read_text(encoding="utf-8"), as_version=4)
        nbformat.validate(stored)
        expected = [cell.outputs for cell in stored.cells if cell.cell_type == "code"]
    except (OSError, ValueError, AttributeError, KeyError, nbformat.ValidationError):
        raise LabError(f"{solved.name} is no whole notebook. `git restore` it, or install netpol-lab again.") from None
    begun, number = time.monotonic(), 0

    def start(cell: NotebookNode, cell_index: int) -> None:
        nonlocal begun
        begun = time.monotonic()

    def end(cell: NotebookNode, cell_index: int, execute_reply: object) -> None:
        nonlocal number
        wanted, got = _shown(expected[number]), _shown(settled(cell.outputs))
        number += 1
        line = cell.source.strip().split("\n")[0]
        alike = wanted == got
        tell(RehearsedCell(number, line, time.monotonic() - begun, "" if alike else wanted, "" if alike else got))

    try:
        execute(stored, allow_errors=True, on_cell_start=start, on_cell_executed=end)
    except DeadKernelError:
        return f"its kernel died in cell {number + 1}"
    except CellTimeoutError:
        return f"cell {number + 1} did not end in time"
    return ""


def _shown(outputs: Sequence[NotebookNode]) -> str:
    """What outputs show, as text: two are alike exactly where their outputs are."""
    parts = []
    for output in outputs:
        if output.output_type == "stream":
            parts.append(output.text)
        elif output.output_type == "error":
            parts.append(f"{output.ename}: {output.evalue}\n")
        else:
            others = {kind: data for kind, data in output.data.items() if kind != "text/plain"}
            mark = f"\n[drawn: {hash_of(others)}]\n" if others else "\n"
            parts.append(str(output.data.get("text/plain", "")) + mark)
    return "".join(parts)


def hash_of(data: object) -> str:
    """A short name for data, the same for the same data."""
    import hashlib

    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:8]
