"""A plain table in a card."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netpol_lab.display.card import HIDE
from netpol_lab.display.markup import Markup, el

RULES = (
    """
& table.npl-plain { border-collapse: collapse; border: 0; margin: 0; font-size: 13px; table-layout: auto;
  color: var(--npl-ink); background: none }
& table.npl-plain tr { background: none !important }
& table.npl-plain th, & table.npl-plain td { text-align: left; vertical-align: top; padding: 5px 18px 5px 0;
  border: 0; border-bottom: 1px solid var(--npl-hair); background: none; color: var(--npl-ink) }
& table.npl-plain thead th { color: var(--npl-ink2); font-weight: 400; border-bottom: 2px solid var(--npl-line) }
& table.npl-plain code { display: inline-block; max-width: 420px }
& .npl-reached { color: var(--npl-allowed); font-weight: 700 }
& .npl-unreached { color: var(--npl-blocked); font-weight: 700 }
"""
    + HIDE
)

UNDECIDED = "\n& .npl-undecided { color: var(--npl-changed); font-weight: 700 }\n"
"""For a sign that says: depends on the network plugin."""


def table(head: Sequence[str], rows: Iterable[Sequence[Markup | str]]) -> Markup:
    """Column headers and rows; an empty header stands over a column of signs."""
    top = el("tr", *(el("th", text, scope="col") if text else el("td") for text in head))
    body = [el("tr", *(el("td", cell) for cell in row)) for row in rows]
    return el("table", el("thead", top), el("tbody", *body), class_="npl-plain")
