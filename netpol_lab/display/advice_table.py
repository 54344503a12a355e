"""Advice as a table: what is legal in the policies and probably wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from netpol_lab.display import tables
from netpol_lab.display.card import Picture, figure
from netpol_lab.display.markup import Markup, ascii_text, code, el, join
from netpol_lab.engine.verdict import Caveat

if TYPE_CHECKING:
    from netpol_lab.coach.advice import Finding


def draw(findings: Sequence[Finding], policies: int, left_out: Sequence[Caveat] = ()) -> Picture:
    """A table with one row per finding. ``policies`` is the number of policies that were looked at.

    ``left_out`` is what the advice does not take into account.
    """
    if not findings:
        looked = "There is no policy" if not policies else f"{policies} {'policy' if policies == 1 else 'policies'}"
        words = f"{looked}, and no advice about {'it' if policies == 1 else 'them'}" if policies else looked
        return figure(words, _QUIET, (), twin="", left_out=left_out, drawn=False)
    count = len(findings)
    title = (
        f"{count} thing{'s' if count > 1 else ''} in these policies {'are' if count > 1 else 'is'} probably not meant"
    )
    return figure(
        title,
        _QUIET,
        tables.table(("", "policy", "what", "lesson"), [_row(each) for each in findings]),
        twin="\n".join(line for each in findings for line in _lines(each)),
        left_out=left_out,
        drawn=False,
        rules=tables.RULES,
    )


_QUIET = "The API server accepts all of this. `kubectl apply` says nothing about it."


def _row(finding: Finding) -> tuple[Markup | str, ...]:
    place = el("div", _place(finding), class_="npl-note") if _place(finding) else ""
    near = el("div", el("strong", finding.near)) if finding.near else ""
    return (
        el("span", "!", class_="npl-unreached", aria_hidden="true"),
        join([code(finding.policy.id), place]),
        join([el("div", finding.words), near]),
        finding.lesson,
    )


def _lines(finding: Finding) -> list[str]:
    place = f" ({_place(finding)})" if _place(finding) else ""
    near = [f"  {finding.near}"] if finding.near else []
    lines = [f"! {finding.policy.id}{place}", f"  {finding.words}", *near, f"  lesson {finding.lesson}"]
    return [line[: len(line) - len(line.lstrip())] + ascii_text(line.strip()) for line in lines]


def _place(finding: Finding) -> str:
    """The file's name without its folders: a notebook shows the same text on every machine."""
    line = f"line {finding.line}" if finding.line else ""
    return ", ".join(filter(None, (PurePath(finding.file).name, line)))
