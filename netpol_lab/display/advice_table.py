"""Advice as a table: what is legal in the policies and probably wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from netpol_lab.display import tables
from netpol_lab.display.card import Picture, figure, stack, told
from netpol_lab.display.markup import Markup, ascii_text, code, el, join
from netpol_lab.engine.verdict import Caveat
from netpol_lab.model.phrases import place
from netpol_lab.tell.saying import line

if TYPE_CHECKING:
    from netpol_lab.coach.advice import Finding


def draw(
    findings: Sequence[Finding], policies: int, left_out: Sequence[Caveat] = (), withheld: tuple[int, str] = (0, "")
) -> Picture:
    """A table with one row per finding. ``policies`` is the number of policies that were looked at.

    ``left_out`` is what the advice does not take into account; ``withheld`` about how many policies there is more, and
    the reason for which it is not shown.
    """
    number, reason = withheld
    if number:
        held = told(line("advice.withheld", number=number), line("advice.quiet"), [reason])
        return stack([held, *([draw(findings, policies, left_out)] if findings else [])])
    if not findings:
        words = line("advice.none", number=policies) if policies else line("advice.no policy")
        return figure(words, line("advice.quiet"), (), twin="", left_out=left_out, drawn=False)
    return figure(
        line("advice.title", number=len(findings)),
        line("advice.quiet"),
        tables.table(("", "policy", "what", "lesson"), [_row(each) for each in findings]),
        twin="\n".join(row for each in findings for row in _lines(each)),
        left_out=left_out,
        drawn=False,
        rules=tables.RULES,
    )


def _row(finding: Finding) -> tuple[Markup | str, ...]:
    below = el("div", _place(finding), class_="npl-note") if _place(finding) else ""
    near = el("div", el("strong", finding.near)) if finding.near else ""
    return (
        el("span", "!", class_="npl-unreached", aria_hidden="true"),
        join([code(finding.policy.id), below]),
        join([el("div", finding.words), near]),
        finding.lesson,
    )


def _lines(finding: Finding) -> list[str]:
    where = f" ({_place(finding)})" if _place(finding) else ""
    near = [f"  {finding.near}"] if finding.near else []
    lines = [f"! {finding.policy.id}{where}", f"  {finding.words}", *near, f"  lesson {finding.lesson}"]
    return [row[: len(row) - len(row.lstrip())] + ascii_text(row.strip()) for row in lines]


def _place(finding: Finding) -> str:
    """The file's name without its folders: a notebook shows the same text on every machine."""
    return place(PurePath(finding.file).name, f"line {finding.line}" if finding.line else "")
