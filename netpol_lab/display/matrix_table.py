"""The matrix as an accessible HTML table: spanning headers, isolation chips, cells of words or of signs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from netpol_lab.connections.cells import Cell
from netpol_lab.connections.scene import SceneNode
from netpol_lab.display import card, theme
from netpol_lab.display.markup import Markup, el, join, text_width
from netpol_lab.display.matrix_cells import groups
from netpol_lab.display.shares import OUTSIDE_GROUP
from netpol_lab.model.language import spoken
from netpol_lab.model.ports import PortSet

NAMED_COLUMNS = 8
"""With more columns than this, or names too long for them, columns are numbered and cells hold a sign alone."""

_PIECES = re.compile(r"[^-./]*[-./]|[^-./]+")
_CHIP = 20  # px: the door at the end of a row name


@dataclass(frozen=True)
class Drawn:
    """One cell ready for the table: its class, what is seen and read, and a second line ("was 5432")."""

    kind: str
    sign: str
    hidden: str = ""
    shown: str = ""
    strong: bool = False
    below: str = ""


def drawn(answer: Cell, labels: Mapping[PortSet, str], one_port: bool = False) -> Drawn:
    """A cell of a plain matrix in words: ``✓ 8080``, ``✕ egress``, ``# self``, ``? plugin``."""
    if answer.kind == "self":
        return Drawn("self", "#", "", spoken("self"))
    if answer.kind == "none":
        return Drawn("self", "–", spoken("no such connection"))
    if answer.certain is not None:
        below = f"{labels[answer.certain]} always" if answer.certain else ""
        return Drawn("plugin", "?", "depends on the network", "plugin", below=below)
    if answer.kind == "blocked":
        said = "blocked:" if answer.stop == "ports differ" else "blocked at"
        return Drawn("no", "✕", spoken(said), spoken(answer.stop))
    said, shown = ("", spoken("allowed")) if one_port else (spoken("allowed"), labels[answer.ports])
    return Drawn("ok", "✓", said, shown, True)


def words(item: Drawn) -> Markup:
    """The content of a cell: the sign is decoration, the words are always there, some of them hidden to the eye."""
    hidden = el("span", " ", item.hidden, class_="npl-hide") if item.hidden else ""
    shown = join([" ", el("b" if item.strong else "span", *_breakable(item.shown))]) if item.shown else ""
    below = el("div", item.below, class_="npl-was") if item.below else ""
    return join([el("span", item.sign, class_="npl-sign", aria_hidden="true"), hidden, shown, below])


def sign_only(item: Drawn) -> Markup:
    """The same for a narrow cell: only the sign is seen, everything is read."""
    said = " ".join(part for part in (item.hidden, item.shown, item.below) if part)
    return join(
        [el("span", item.sign, class_="npl-sign", aria_hidden="true"), el("span", " ", said, class_="npl-hide")]
    )


def _breakable(text: str) -> list[Markup | str]:
    """Names break after ``-``, ``.`` and ``/`` only, lists of ports after a comma."""
    parts: list[Markup | str] = []
    for piece in _PIECES.findall(text):
        parts += [piece, Markup("<wbr>")]
    return parts[:-1]


@dataclass(frozen=True)
class Grid:
    """The nodes of a table with its cells by (source id, target id), and words for rows that come or go."""

    nodes: Sequence[SceneNode]
    cells: Mapping[tuple[str, str], Drawn]
    tags: Mapping[str, str]

    @cached_property
    def named(self) -> bool:
        """Whether the names fit above their columns."""
        if len(self.nodes) > NAMED_COLUMNS:
            return False
        room = (theme.WIDTH - sum(self.row_widths)) / len(self.nodes) - 4
        return all(_longest(node.name, bold=True) <= room for node in self.nodes)

    @property
    def row_widths(self) -> tuple[int, int]:
        """Pixels for the namespace and for the pod name of a row: 88 and 112, more for long names."""
        number = 0 if len(self.nodes) <= NAMED_COLUMNS else 24
        group = max(_longest(_group(name), bold=False) for name, _ in groups(self.nodes)) + 8
        name = max(map(_row_name_width, self.nodes)) + _CHIP + 8 + number
        return min(140, max(88, round(group))), min(220, max(112, round(name)))


def _longest(text: str, bold: bool) -> float:
    return max((text_width(piece, 13, bold) for piece in _PIECES.findall(text)), default=0)


def _row_name_width(node: SceneNode) -> float:
    if node.count == 1:
        return _longest(node.name, bold=True)
    return text_width(node.name, 13, bold=True) + text_width(f" × {node.count}", 13)


def _group(namespace: str) -> str:
    return namespace or spoken(OUTSIDE_GROUP)


def table(grid: Grid) -> Markup:
    """The whole table: with names above the columns where they fit, else with numbers and signs."""
    named = grid.named
    kind = "npl-grid npl-m" if named else "npl-grid npl-m npl-num"
    return el("table", _columns(grid, named), _head(grid, named), *_bodies(grid, named), class_=kind)


def _columns(grid: Grid, named: bool) -> Markup:
    group, name = grid.row_widths
    share = 100 * (1 - (group + name) / theme.WIDTH) / len(grid.nodes)  # equal, as long as the names leave room for it
    style = f"width:{share:.1f}%" if named else None
    spans = [el("colgroup", el("col", span=len(members), style=style)) for _, members in groups(grid.nodes)]
    left = (el("col", style=theme.scaled(f"width:{width}px")) for width in (group, name if named else name + 12))
    return join([el("colgroup", *left), *spans])


def _head(grid: Grid, named: bool) -> Markup:
    corner = el("td", spoken("from ↓"), Markup(" &nbsp; "), spoken("to →"), colspan=2, rowspan=2, class_="npl-corner")
    names = [_group_head(name, len(members), named) for name, members in groups(grid.nodes)]
    columns = [
        el("th", _column_head(node, number, named, grid.tags), scope="col", class_=_edge(first) or None)
        for number, (node, first) in enumerate(_firsts(grid.nodes), 1)
    ]
    return el("thead", el("tr", corner, *names), el("tr", *columns))


def _group_head(namespace: str, columns: int, named: bool) -> Markup:
    """A spanning header; above narrow columns a name that does not fit is left to the rows, and to those who listen."""
    name = _group(namespace)
    fits = named or text_width(name, 13) <= 30 * columns
    content = _breakable(name) if fits else [el("span", name, class_="npl-hide")]
    return el("th", *content, scope="colgroup", colspan=columns, class_="npl-g npl-ns")


def _firsts(nodes: Sequence[SceneNode]) -> list[tuple[SceneNode, bool]]:
    """Each node, and whether a new namespace begins with it."""
    return [(node, i == 0) for _, members in groups(nodes) for i, node in enumerate(members)]


def _edge(first: bool) -> str:
    return "npl-g" if first else ""


def _column_head(node: SceneNode, number: int, named: bool, tags: Mapping[str, str]) -> Markup:
    if not named:
        chip = _chip("⇥", spoken("isolated for ingress")) if node.isolated_ingress else ""
        return join([str(number), el("span", " ", node.name, class_="npl-hide"), chip])
    parts: list[object] = [*_breakable(node.name), _pods(node), _tag(node, tags)]
    if node.isolated_ingress:
        inside = (
            el("span", "⇥", aria_hidden="true"),
            el("span", " " + spoken("isolated for"), class_="npl-hide"),
            " ingress",
        )
        parts += [" ", el("span", *inside, class_="npl-chip npl-in")]
    return join(parts)


def _chip(sign: str, said: str) -> Markup:
    hidden = el("span", f" {said}", class_="npl-hide")
    return join([" ", el("span", el("span", sign, aria_hidden="true"), hidden, class_="npl-chip npl-out")])


def _pods(node: SceneNode) -> Markup:
    return join([" ", el("span", f"× {node.count}", class_="npl-count")]) if node.count > 1 else Markup("")


def _tag(node: SceneNode, tags: Mapping[str, str]) -> Markup:
    """``new`` or ``gone``, for a pod that only one of two scenes has."""
    tag = tags.get(node.id)
    return join([" ", el("span", tag, class_="npl-tag")]) if tag else Markup("")


def _bodies(grid: Grid, named: bool) -> list[Markup]:
    bodies = []
    number = 0
    for namespace, members in groups(grid.nodes):
        rows = []
        for index, source in enumerate(members):
            number += 1
            style = None if named else "overflow-wrap:break-word"  # the column is never narrower than its longest piece
            words = _breakable(_group(namespace))
            side = el("th", *words, scope="rowgroup", rowspan=len(members), class_="npl-ns", style=style)
            head = (side, _row_head(grid, source, number)) if index == 0 else (_row_head(grid, source, number),)
            rows.append(el("tr", *head, *_row(grid, source, named)))
        bodies.append(el("tbody", *rows))
    return bodies


def _row_head(grid: Grid, node: SceneNode, number: int) -> Markup:
    digits = len(str(len(grid.nodes)))
    front = "" if grid.named else str(number).rjust(digits, "\u2007") + " "  # a blank as wide as a digit
    chip = _chip("↦", spoken("isolated for egress")) if node.isolated_egress else ""
    return el("th", front, *_breakable(node.name), _pods(node), _tag(node, grid.tags), chip, scope="row")


def _row(grid: Grid, source: SceneNode, named: bool) -> list[Markup]:
    cells = []
    for target, first in _firsts(grid.nodes):
        item = grid.cells[source.id, target.id]
        kind = " ".join(filter(None, (f"npl-{item.kind}", _edge(first))))
        cells.append(el("td", words(item) if named else sign_only(item), class_=kind))
    return cells


def swatch(kind: str, sign: str) -> Markup:
    """A small cell for the legend."""
    return el("span", el("span", sign, class_="npl-sign"), class_=f"npl-sw npl-{kind}")


def undecided_swatch() -> tuple[Markup | str, str]:
    """What the legend of every matrix says of cells that depend on the network plugin."""
    return swatch("plugin", "?"), "depends on the network plugin"


def undecided_rules(legend: Iterable[tuple[Markup | str, str]]) -> str:
    """The rules for such cells, for a table whose legend knows them."""
    return UNDECIDED if any("npl-plugin" in mark for mark, _ in legend) else ""


CELLS = """
& .npl-grid { border-collapse: collapse; border-spacing: 0; width: 100%; margin: 0; font-size: 13px; line-height: 1.3;
  color: var(--npl-ink);
  background: none; border: 0; table-layout: auto; overflow-wrap: normal; word-break: normal }
& .npl-grid thead, & .npl-grid tbody, & .npl-grid tr, & .npl-grid tbody tr:nth-child(odd),
& .npl-grid tbody tr:nth-child(even), & .npl-grid tbody tr:hover { background: none;
  border: 0; color: inherit }
& .npl-grid th, & .npl-grid td { position: relative; padding: 2px; text-align: center; vertical-align: middle;
  max-width: none;
  white-space: normal;
  font-weight: 400; background: none; border: 0; color: var(--npl-ink) }
& .npl-grid td { height: 32px }
& .npl-grid .npl-ok, & .npl-sw.npl-ok { background: var(--npl-oktint) }
& .npl-grid .npl-ok .npl-sign, & .npl-sw.npl-ok .npl-sign { color: var(--npl-allowed) }
& .npl-grid .npl-no, & .npl-sw.npl-no { color: var(--npl-ink2) }
& .npl-grid .npl-no .npl-sign, & .npl-sw.npl-no .npl-sign { color: var(--npl-blocked) }
& .npl-grid .npl-self, & .npl-sw.npl-self { background: var(--npl-selftint); color: var(--npl-ink2) }
& .npl-sign { font-size: 14px }
& .npl-grid .npl-self .npl-sign, & .npl-sw.npl-self .npl-sign { font-weight: 700 }
& .npl-sw { display: inline-block; min-width: 22px; padding: 0 2px; border: 1px solid var(--npl-hair);
  line-height: 18px; text-align: center; color: var(--npl-ink) }
"""
"""The colors and sizes of cells, for every table of a matrix."""

UNDECIDED = """
& .npl-grid .npl-plugin, & .npl-sw.npl-plugin { outline: 2px dashed var(--npl-changed); outline-offset: -3px }
& .npl-plugin .npl-sign { color: var(--npl-changed); font-weight: 700 }
& .npl-plugin .npl-was { font-size: 12px; color: var(--npl-ink2) }
"""
"""For a table with a cell that depends on the network plugin; a frame that no border of a neighbor replaces."""

RULES = (
    CELLS
    + card.HIDE
    + """
& .npl-m th[scope] { font-weight: 700 }
& .npl-m th.npl-ns { font-weight: 400; color: var(--npl-ink2); padding-top: 6px; padding-bottom: 6px;
  vertical-align: top }
& .npl-m thead tr + tr th { vertical-align: bottom; padding: 6px 1px 26px; min-width: 60px }
& .npl-m thead { border-bottom: 2px solid var(--npl-line) }
& .npl-m .npl-corner { text-align: left; vertical-align: bottom; padding: 0 0 6px; color: var(--npl-ink2);
  white-space: nowrap }
& .npl-m .npl-g { border-left: 2px solid var(--npl-line) }
& .npl-m tbody + tbody { border-top: 2px solid var(--npl-line) }
& .npl-m tbody tr + tr > * { border-top: 1px solid var(--npl-hair) }
& .npl-m tbody td + td:not(.npl-g) { border-left: 1px solid var(--npl-hair) }
& .npl-m tbody th { text-align: left; padding: 6px 2px 6px 0 }
& .npl-m tbody th.npl-ns { padding-top: 9px }
& .npl-m tbody th[scope="row"] { padding-right: 24px; padding-left: 2px }
& .npl-m thead .npl-count { display: block }
& .npl-chip, & .npl-sw.npl-chip { background: var(--npl-ink); color: var(--npl-onink); font-weight: 400;
  font-size: 12.5px;
  white-space: nowrap }
& .npl-in { position: absolute; left: 1px; right: 1px; bottom: 1px; padding: 1px 0; text-align: center }
& .npl-out { position: absolute; right: 0; top: 0; bottom: 0; width: 20px; display: flex; align-items: center;
  justify-content: center; font-weight: 700 }
& .npl-count { font-weight: 400; color: var(--npl-ink2); white-space: nowrap }
& .npl-grid.npl-num { width: auto }
& .npl-num td { width: 30px; min-width: 26px; height: 28px; padding: 0 }
& .npl-num td.npl-corner { width: auto; height: auto; padding-bottom: 6px }
& .npl-num thead tr + tr th { padding: 4px 0 24px; font-weight: 400 }
& .npl-num thead .npl-out { top: auto; left: 1px; right: 1px; bottom: 1px; width: auto; line-height: 19px }
& .npl-num .npl-ns { overflow-wrap: anywhere; min-width: 30px }
& .npl-num tbody th[scope="row"] { padding-top: 2px; padding-bottom: 2px }
"""
)
