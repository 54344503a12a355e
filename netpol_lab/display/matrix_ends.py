"""Three small grids: egress at the source and ingress at the target make the connection."""

from __future__ import annotations

from collections.abc import Sequence

from netpol_lab.connections.cells import Question, cells
from netpol_lab.connections.scene import Scene, SceneNode
from netpol_lab.display.markup import Markup, el
from netpol_lab.display.matrix_cells import short_ports
from netpol_lab.display.matrix_table import drawn, sign_only

SIDE_BY_SIDE = 9
"""With more columns than this the three grids stand one under the other."""

_TITLES = {"egress": "Egress at the source", "ingress": "Ingress at the target", "connection": "Connection"}
_BETWEEN = {"ingress": "and", "connection": "="}

RULES = """
& .npl-grid.npl-ends { width: auto; margin: 0 auto }
& .npl-ends th { padding: 3px 0; font-weight: 400 }
& .npl-ends thead tr:first-child th { font-weight: 700; font-size: 14px; padding-bottom: 8px }
& .npl-ends tbody th { text-align: left; font-weight: 700; padding: 0 14px 0 0; max-width: 190px;
  overflow-wrap: break-word }
& .npl-ends tbody td { min-width: 22px; width: 30px; height: 28px; padding: 0; border: 1px solid var(--npl-hair) }
& .npl-ends .npl-gap { border: 0; font-size: 14px; font-weight: 700; color: var(--npl-ink2); min-width: 38px;
  width: 38px }
& .npl-ends + .npl-ends { margin-top: 14px }
"""

Parts = Sequence[tuple[str, Question]]


def ends_tables(scene: Scene, parts: Parts) -> list[Markup]:
    """One table with three grids, or three tables when they do not fit side by side."""
    if len(scene.nodes) <= SIDE_BY_SIDE:
        return [_table(scene, parts)]
    return [_table(scene, [part]) for part in parts]


def _table(scene: Scene, parts: Parts) -> Markup:
    nodes = scene.nodes
    titles: list[object] = [el("td", rowspan=2)]
    numbers: list[Markup] = []
    columns: list[Markup] = [el("colgroup", span=1)]
    for name, _ in parts:
        if name in _BETWEEN and len(parts) > 1:
            titles.append(el("td", rowspan=2))
            columns.append(el("colgroup", span=1))
        titles.append(el("th", _TITLES[name], scope="colgroup", colspan=len(nodes)))
        columns.append(el("colgroup", span=len(nodes)))
        numbers += [_number(number, node) for number, node in enumerate(nodes, 1)]
    rows = [_row(scene, parts, number, node) for number, node in enumerate(nodes, 1)]
    head = el("thead", el("tr", *titles), el("tr", *numbers))
    return el("table", *columns, head, el("tbody", *rows), class_="npl-grid npl-ends")


def _number(number: int, node: SceneNode) -> Markup:
    return el("th", str(number), el("span", " ", node.name, class_="npl-hide"), scope="col")


def _name(number: int, scene: Scene, node: SceneNode) -> Markup:
    digits = len(str(len(scene.nodes)))
    return el("th", str(number).rjust(digits, "\u2007"), Markup("&nbsp; "), node.name, scope="row")


def _row(scene: Scene, parts: Parts, number: int, source: SceneNode) -> Markup:
    cells_: list[Markup] = []
    for name, question in parts:
        if name in _BETWEEN and len(parts) > 1:
            middle = number == (len(scene.nodes) + 1) // 2
            cells_.append(el("td", _BETWEEN[name] if middle else "", class_="npl-gap"))
        answers = cells(scene, question)
        labels = short_ports(answers.values())
        for target in scene.nodes:
            item = drawn(answers[source.id, target.id], labels, question.port is not None)
            cells_.append(el("td", sign_only(item), class_=f"npl-{item.kind}"))
    return el("tr", _name(number, scene, source), *cells_)
