"""What real connections met, beside what was predicted: a matrix of both, and one row each, surprises first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from netpol_lab.connections.probed import Probed
from netpol_lab.connections.scene import Scene, SceneNode
from netpol_lab.display import card, tables
from netpol_lab.display.markup import Markup, el, join
from netpol_lab.display.markup import table as columns
from netpol_lab.display.matrix_cells import arranged
from netpol_lab.display.matrix_delta import DELTA_RULES, MOST_PODS
from netpol_lab.display.matrix_table import RULES, Drawn, Grid, swatch
from netpol_lab.display.matrix_table import table as grid_table
from netpol_lab.model.objects import Pod, name_of
from netpol_lab.tell.saying import line

_LEGEND = {"✓": ("ok", "connected, as predicted"), "✕": ("no", "not connected, as predicted")}
_SURPRISE = ("tilde", "observed otherwise than predicted")


def draw(probed: Sequence[Probed], scene: Scene, *, stopped: bool = False) -> card.Picture:
    """The connections between the pods of ``scene``; ``stopped``: somebody interrupted, and the rest was not tried."""
    rows = sorted(probed, key=lambda each: (not each.is_surprise, each.met == "not tried"))
    told = [(_sign(each), _ends(each), each.flow.outcome, each.met, _why(each)) for each in rows]
    twin = []
    for shown, (*_, why) in zip(columns([row[:4] for row in told]), told, strict=True):
        twin += [shown, *([f"   {why}"] if why else [])]
    grid = _grid(rows, scene)
    listed = [row for row in told if grid is None or row[4]]  # the matrix shows what agrees and needs no word
    body = [grid_table(grid)] if grid is not None else []
    if listed:
        body.append(tables.table(("", "connection", "predicted", "observed"), [_cells(row) for row in listed]))
    return card.figure(
        _title(rows),
        line("probe.stopped") if stopped else line("probe.quiet"),
        body,
        legend=_legend(grid) if grid is not None else (),
        twin="\n".join(twin),
        left_out=(caveat for each in rows for caveat in each.flow.caveats),
        drawn=False,
        rules=tables.RULES + tables.UNDECIDED + (RULES + DELTA_RULES if grid is not None else ""),
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
    parts = [line("probe.double")] if each.double else []
    if each.surprise != "agrees":
        parts.append(line(f"probe.why.{each.surprise}"))
    if each.words:
        parts.append(each.words if each.surprise == "no client" else line("probe.heard", words=each.words))
    return " ".join(parts)


def _cells(row: tuple[str, str, str, str, str]) -> tuple[Markup | str, ...]:
    sign, ends, predicted, met, why = row
    look = {"=": "npl-reached", "!": "npl-unreached", "-": "npl-undecided"}[sign]
    mark = el("span", {"=": "✓", "!": "!", "-": "–"}[sign], class_=look, aria_hidden="true")
    return mark, el("strong", ends), predicted, join([met, el("div", why)]) if why else met


def _grid(rows: Sequence[Probed], scene: Scene) -> Grid | None:
    """The pods that were tried, each against each; None where they are none or too many for a table."""
    ids = {end.id for each in rows for end in (each.flow.source, each.flow.destination) if isinstance(end, Pod)}
    nodes = [node for node in scene.nodes if isinstance(node.endpoint, Pod) and node.endpoint.id in ids]
    if not nodes or len(nodes) > MOST_PODS:
        return None
    nodes = list(arranged(replace(scene, nodes=tuple(nodes))).nodes)
    pairs = [(source, target) for source in nodes for target in nodes]
    cells = {(a.id, b.id): _cell([each for each in rows if _is_between(each, a, b)], a is b) for a, b in pairs}
    return Grid(nodes, cells, {})


def _is_between(each: Probed, source: SceneNode, target: SceneNode) -> bool:
    return (each.flow.source, each.flow.destination) == (source.endpoint, target.endpoint)


def _cell(rows: Sequence[Probed], itself: bool) -> Drawn:
    """One pair: how it surprises, else what it met on each port."""
    if itself:
        return Drawn("self", "#", "", "self")
    surprise = next((each for each in rows if each.is_surprise), None)
    if surprise is not None:
        below = line("probe.predicted", outcome=surprise.flow.outcome)
        return Drawn(_SURPRISE[0], "!", "observed:", surprise.met, True, below)
    tried = [each for each in rows if each.met != "not tried"]
    if not tried:
        return Drawn("still", "–", "not tried" if rows else "nothing to try")
    open_ = _ports(each for each in tried if each.met == "connected")
    if open_:
        shut = _ports(each for each in tried if each.met != "connected")
        return Drawn("ok", "✓", "connected", open_, True, f"✕ {shut}" if shut else "")
    return Drawn("no", "✕", "", tried[0].met)


def _ports(rows: Iterable[Probed]) -> str:
    return ", ".join(str(each.flow.target_port or each.flow.port) for each in rows)


def _legend(grid: Grid) -> list[tuple[Markup | str, str]]:
    """Only what this table uses."""
    signs = {item.sign for item in grid.cells.values()}
    items: list[tuple[Markup | str, str]] = [(swatch(_LEGEND[s][0], s), _LEGEND[s][1]) for s in _LEGEND if s in signs]
    if "!" in signs:
        items.append((swatch(_SURPRISE[0], "!"), _SURPRISE[1]))
    if "–" in signs:
        items.append((swatch("still", "–"), "not tried"))
    return items
