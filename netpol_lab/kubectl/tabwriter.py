"""Text tables the way kubectl aligns them: Go's elastic tab stops.

A column is a block of consecutive lines that all have a tab there; it is as wide as its widest cell plus padding. The
last cell of a line belongs to no column.

>>> print(align("Name:\\tweb\\nNamespace:\\tshop"))
Name:       web
Namespace:  shop
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

TableLines = list[list[str]]


def align(text: str, *, padding: int = 2, smallest: int = 0) -> str:
    """Replace the tabs of ``text`` by spaces.

    ``padding`` is added to each column's widest cell; no column is narrower than ``smallest``.
    """
    lines = [line.split("\t") for line in text.split("\n")]
    out: list[str] = []
    _format(lines, 0, len(lines), [], out, padding, smallest)
    return "\n".join(out)


def table(rows: Iterable[Sequence[str]]) -> str:
    """Rows as ``kubectl get`` prints them: at least 3 spaces between columns, the last one not padded."""
    return align("\n".join("\t".join(row) for row in rows), padding=3, smallest=6)


def _format(
    lines: TableLines, first: int, end: int, widths: list[int], out: list[str], padding: int, smallest: int
) -> None:
    """Lay out lines ``first`` to ``end``, whose columns left of ``len(widths)`` are already measured."""
    column = len(widths)
    at = first
    while at < end:
        if column >= len(lines[at]) - 1:
            at += 1
            continue
        _write(lines[first:at], widths, out)
        first = at
        while at < end and column < len(lines[at]) - 1:
            at += 1
        width = max(smallest, *(len(line[column]) + padding for line in lines[first:at]), 0)
        _format(lines, first, at, [*widths, width], out, padding, smallest)
        first = at
    _write(lines[first:end], widths, out)


def _write(lines: TableLines, widths: list[int], out: list[str]) -> None:
    for line in lines:
        *cells, last = line
        out.append("".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=False)) + last)
