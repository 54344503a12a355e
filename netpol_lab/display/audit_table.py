"""The findings of an audit: as a card, and as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from netpol_lab.coach.audit.audit_rules import SEVERITIES, AuditFinding
from netpol_lab.display import tables
from netpol_lab.display.card import Picture, figure
from netpol_lab.display.markup import Markup, ascii_text, code, el, join, prose
from netpol_lab.model.phrases import counted, listed, place
from netpol_lab.tell.saying import line


def draw(findings: Sequence[AuditFinding]) -> Picture:
    """A table with one row per finding, and a line about those that are let be. Files are named without folders."""
    shown = [each for each in findings if not each.silence]
    twin = "\n".join(text[:_INDENT] + ascii_text(text[_INDENT:]) for each in shown for text in _lines(each, short=True))
    head = ("", "object", "what", "rule")
    return figure(
        title(findings),
        silenced(findings),
        tables.table(head, map(_cells, shown)) if shown else (),
        twin=twin,
        drawn=False,
        rules=tables.RULES,
    )


def title(findings: Sequence[AuditFinding]) -> str:
    shown = [each.severity for each in findings if not each.silence]
    counts = [counted(shown.count(each), each) for each in SEVERITIES if each in shown]
    return line("audit.title", number=len(shown), counts=listed(counts)) if shown else line("audit.none")


def silenced(findings: Sequence[AuditFinding]) -> str:
    number = sum(bool(each.silence) for each in findings)
    return line("audit.silenced", number=number) if number else ""


def lines(findings: Sequence[AuditFinding], everything: bool = False) -> Iterator[str]:
    """The findings for a terminal; with ``everything`` also those that are let be, and why."""
    for each in findings:
        if everything or not each.silence:
            yield from _lines(each)


_INDENT = 9


def _lines(finding: AuditFinding, short: bool = False) -> Iterator[str]:
    sign, where = "silent" if finding.silence else finding.severity, _place(finding, short)
    yield f"{sign:<{_INDENT}}{finding.about}{f' ({where})' if where else ''} [{finding.rule.id}]"
    yield " " * _INDENT + finding.words
    yield " " * _INDENT + (finding.silence or finding.near or finding.rule.repair)


def _cells(finding: AuditFinding) -> tuple[Markup | str, ...]:
    where = _place(finding, short=True)
    below = el("div", where, class_="npl-note") if where else ""
    what = join([el("div", finding.words), el("div", el("strong", prose(finding.near or finding.rule.repair)))])
    sign = el("span", finding.severity, class_="npl-unreached" if finding.severity == "error" else None)
    return sign, join([code(finding.about), below]), what, f"{finding.rule.id}, rule {finding.rule.rule.id}"


def _place(finding: AuditFinding, short: bool = False) -> str:
    if finding.origin is None:
        return ""
    file = PurePath(finding.origin.file).name if short else finding.origin.file
    return place(file, f"line {finding.origin.first_line}")
