"""The connections that are held open while policies change: what has become of each, and what a new one would meet."""

from __future__ import annotations

from collections.abc import Sequence

from netpol_lab.connections import Fate, Flow, Standing
from netpol_lab.display import card, tables
from netpol_lab.display.markup import Markup, el, join
from netpol_lab.display.markup import table as columns
from netpol_lab.display.plugins_table import source
from netpol_lab.engine.profiles import CONFORMANT, Profile
from netpol_lab.model.objects import name_of
from netpol_lab.tell.saying import line

_SIGNS: dict[Fate, tuple[str, str, str]] = {
    "goes on": (".", "✓", "npl-reached"),
    "is cut": ("X", "✕", "npl-unreached"),
    "depends on the network plugin": ("?", "?", "npl-undecided"),
    "ended with its pod": ("-", "–", ""),
}
"""For text, for the page, and its class."""


def draw(held: Sequence[tuple[Standing, str]], here: Profile) -> card.Picture:
    """One row for each held connection, with the command after which it was opened ("" before the first).

    ``here`` is the cluster's profile; it says how sure the last column is.
    """
    rows = [(_SIGNS[each.fate][0], _ends(each.flow), *_said(each), _opened(after)) for each, after in held]
    head = ("", "connection", "a new one", "this one", "opened")
    cells = [
        (_sign(each.fate), el("strong", row[1]), row[2], join([row[3], el("div", _named(each))]), row[4])
        for (each, _), row in zip(held, rows, strict=True)
    ]
    top, *told = columns([head, *rows])
    twin = [top]
    for (each, _), row in zip(held, told, strict=True):
        twin += [row, *([f"   {_named(each)}"] if each.by_profile else [])]
    twin += ["", *(f"  {name}: {words} ({source})" for name, words, source in _sources(here))]
    return card.figure(
        _title([each for each, _ in held]),
        line("standing.quiet"),
        [tables.table(head, cells), _who_says_so(here)] if held else [],
        twin="\n".join(twin) if held else "",
        left_out=(each for stands, _ in held for each in stands.flow.caveats),
        drawn=False,
        rules=tables.RULES + tables.UNDECIDED,
    )


def _title(held: Sequence[Standing]) -> str:
    if not held:
        return line("standing.none")
    if len(held) == 1:
        return _one(held[0])
    fates = [each.fate for each in held]
    counts = [line(f"standing.many.{fate}", number=fates.count(fate)) for fate in _SIGNS if fate in fates]
    return line("standing.count", number=len(held), counts=", ".join(counts))


def _one(held: Standing) -> str:
    if held.fate == "depends on the network plugin":
        return line("standing.depends", anew=_anew(held))
    if held.fate == "goes on" and not held.anew:
        return line("standing.one.goes on.alone")
    return line(f"standing.one.{held.fate}")


def _ends(flow: Flow) -> str:
    return f"{name_of(flow.source)} → {flow.target_name}, {flow.protocol} {flow.target_port}"


def _opened(after: str) -> str:
    return line("standing.after", command=after.removeprefix("kubectl ")) if after else line("standing.start")


def _said(held: Standing) -> tuple[str, str]:
    """What a new connection would meet, and what has become of this one."""
    if held.anew is None:
        return line("standing.no pod"), line("standing.ended")
    return _anew(held), line("standing.by profile") if held.by_profile else held.fate


def _anew(held: Standing) -> str:
    return line("standing.connects" if held.anew else "standing.blocked")


def _named(held: Standing) -> str:
    """The fate under each plugin, where it depends on that."""
    return ", ".join(line("standing.with", fate=fate, profile=profile.name) for profile, fate in held.by_profile)


def _sign(fate: Fate) -> Markup:
    _, sign, kind = _SIGNS[fate]
    return join([el("span", sign, class_=kind or None, aria_hidden="true"), " ", el("span", fate, class_="npl-hide")])


def _sources(here: Profile) -> list[tuple[str, str, str]]:
    profiles = CONFORMANT if here in CONFORMANT else (here,)
    return [(each.name, each.decision(9).words, source(each, 9)) for each in profiles]


def _who_says_so(here: Profile) -> Markup:
    return el(
        "details",
        el("summary", "Who says so"),
        tables.table(("plugin", "a connection that stands", "source"), _sources(here)),
        class_="npl-text",
    )
