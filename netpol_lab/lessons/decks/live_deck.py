"""A lesson as a notebook to present: its cells with the slide types that JupyterLab's slide show reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from netpol_lab.lessons.packs.building import as_text, notebook, read
from netpol_lab.lessons.packs.lesson_lint import tags

_LAST = "## Your own lines\n\nA command of a slide can be changed and run again. Here is room for others."
_FEW_LINES = 12
"""A cell with so many lines, or a picture, has a slide of its own."""


def live_deck(source: Path) -> str:
    """The notebook of a lesson as text: nothing ran yet, hints are left out, notes are there and on no slide."""
    cells = list(read(source).cells)
    cells += [nbformat.v4.new_markdown_cell(_LAST), nbformat.v4.new_code_cell("!kubectl get pods -A")]
    kept = [cell for cell in cells if "hint" not in tags(cell)]
    kinds = list(_kinds(kept))
    made = notebook(kept)
    for cell, kind in zip(made.cells, kinds, strict=True):
        if kind:
            cell.metadata["slideshow"] = {"slide_type": kind}
    return as_text(made)


def _kinds(cells: Sequence[NotebookNode]) -> Iterator[str]:
    """The slide type of each cell: a heading begins a slide, prose after a cell another one, "" stays on the slide."""
    ran = False
    for cell in cells:
        if "notes" in tags(cell):
            yield "notes"
        elif cell.cell_type == "markdown":
            heading = cell.source.startswith("#")
            yield "slide" if heading else "subslide" if ran else ""
            ran = False
        else:
            yield "subslide" if ran or len(cell.source.splitlines()) > _FEW_LINES else ""
            ran = True
