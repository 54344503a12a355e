"""What real connections met, beside what was predicted: one row each, surprises first."""

from __future__ import annotations

from collections.abc import Sequence

from netpol_lab.connections.probed import Probed
from netpol_lab.display import card, tables
from netpol_lab.display.markup import Markup, el, join
from netpol_lab.display.markup import table as columns
from netpol_lab.model.objects import Pod, name_of
from netpol_lab.tell.saying import line


def draw(probed: Sequence[Probed], *, stopped: bool = False) -> card.Picture:
    """One row for each connection; ``stopped``: somebody interrupted, and the rest was not tried."""
    rows = sorted(probed, key=lambda each: (not each.is_surprise, each.met == "not tried"))
    told = [(_sign(each), _ends(each), each.flow.outcome, each.met, _why(each)) for each in rows]
    twin = []
    for shown, each in zip(columns([row[:4] for row in told]), rows, strict=True):
        twin += [shown, *([f"   {_why(each)}"] if _why(each) else [])]
    return card.figure(
        _title(rows),
        line("probe.stopped") if stopped else line("probe.quiet"),
        tables.table(("", "connection", "predicted", "observed"), [_cells(row) for row in told]),
        twin="\n".join(twin),
        left_out=(caveat for each in rows for caveat in each.flow.caveats),
        drawn=False,
        rules=tables.RULES + tables.UNDECIDED,
    )


def _title(rows: Sequence[Probed]) -> str:
    tried = [each for each in rows if each.met != "not tried"]
    surprises = sum(each.is_surprise for each in tried)
    if not tried:
        return line("probe.none")
    if not surprises:
        return line("probe.agree", count=len(tried), number=len(tried))
    return line("probe.surprises", surprises=surprises, number=len(tried))


def _sign(each: Probed) -> str:
    return "-" if each.met == "not tried" else "!" if each.is_surprise else "="


def _ends(each: Probed) -> str:
    source, target = each.flow.source, each.flow.destination
    names = [end.id if isinstance(end, Pod) else name_of(end) if end else each.flow.host for end in (source, target)]
    return f"{names[0]} -> {names[1]} {each.flow.protocol} {each.flow.target_port or each.flow.port}"


def _why(each: Probed) -> str:
    if each.surprise == "agrees":
        return ""
    said = line(f"probe.why.{each.surprise}")
    return f"{said} {line('probe.heard', words=each.words)}" if each.words else said


def _cells(row: tuple[str, str, str, str, str]) -> tuple[Markup | str, ...]:
    sign, ends, predicted, met, why = row
    look = {"=": "npl-reached", "!": "npl-unreached", "-": "npl-undecided"}[sign]
    mark = el("span", {"=": "✓", "!": "!", "-": "–"}[sign], class_=look, aria_hidden="true")
    return mark, el("strong", ends), predicted, join([met, el("div", why)]) if why else met
