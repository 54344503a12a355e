"""A table of expected connections, and what the policies make of each row; as a card, and as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import NamedTuple

from netpol_lab.display import tables
from netpol_lab.display.card import Picture, figure
from netpol_lab.display.markup import Markup, ascii_text, el, join
from netpol_lab.engine.verdict import Caveat
from netpol_lab.tell.saying import line

_INDENT = 8


class ToldRow(NamedTuple):
    """One row: whether it holds, the file and line it stands in, its words, its reason, and why it is broken."""

    held: bool
    where: str
    words: str
    because: str
    reasons: Sequence[str]


def draw(rows: Sequence[ToldRow], left_out: Iterable[Caveat] = ()) -> Picture:
    """All rows, the broken ones with the policies that decide them. Files are named without their folders."""
    rows = [row._replace(where=PurePath(row.where).name) for row in rows]
    return figure(
        summary(rows),
        line("expect.quiet"),
        tables.table(("", "expected", "because"), map(_cells, rows)),
        twin="\n".join(each[:_INDENT] + ascii_text(each[_INDENT:]) for each in lines(rows)),
        left_out=left_out,
        drawn=False,
        rules=tables.RULES,
    )


def summary(rows: Sequence[ToldRow]) -> str:
    broken = sum(not row.held for row in rows)
    return line("expect.broken" if broken else "expect.held", number=broken or len(rows), all=len(rows))


def lines(rows: Iterable[ToldRow]) -> Iterator[str]:
    """The same for a terminal: reasons and notes stand indented below their row."""
    for row in rows:
        yield f"{'held' if row.held else 'BROKEN':<{_INDENT}}{row.where}: {row.words}"
        if row.reasons:
            yield from (" " * _INDENT + text for text in (f"because: {row.because}", *row.reasons))


def _cells(row: ToldRow) -> tuple[Markup | str, ...]:
    sign, word, kind = ("✓", "held", "npl-reached") if row.held else ("✕", "broken", "npl-unreached")
    spoken = join([el("span", sign, class_=kind, aria_hidden="true"), el("span", word, class_="npl-hide")])
    below = [el("div", row.where, class_="npl-note"), *(el("div", reason) for reason in row.reasons)]
    return spoken, join([el("strong", row.words), *below]), row.because
