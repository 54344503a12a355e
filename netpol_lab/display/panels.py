"""Before and after, side by side: the second view of a change, for few pods and a first encounter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netpol_lab.connections.scene import Scene, SceneNode
from netpol_lab.display.card import Picture, figure, note
from netpol_lab.display.changes import Changes
from netpol_lab.display.drawn_lines import NOTHING, Drawing, Line, is_pod, open_ports, passing
from netpol_lab.display.graph import legend_of
from netpol_lab.display.graph_finding import sentence
from netpol_lab.display.layout import NoLayout
from netpol_lab.display.markup import Markup, el, fit, svg, text_width
from netpol_lab.display.shapes import rect, text
from netpol_lab.display.sketch import MARGIN, Placed, Sketch, paint, placed, story_doors
from netpol_lab.display.theme import WIDTH, color
from netpol_lab.model.phrases import capital, listed
from netpol_lab.tell.saying import line as say
from netpol_lab.tell.words import undecided

GAP, HEADER, PADDING = 12.0, 36.0, 12.0
BESIDE = (WIDTH - GAP) / 2 - 2 * PADDING
"""The widest picture of which two stand side by side; wider ones stand one above the other."""


def panels(changes: Changes, before_name: str, after_name: str, twin: str) -> Picture:
    """Two panels that keep every pod in its place. Blocked lines are drawn: the panel itself is the question."""
    doors = story_doors([changes.before.nodes, changes.after.nodes])
    scenes = (changes.before, changes.after)
    drawings = [_drawing(changes, scene) for scene in scenes]
    single = len({node.namespace for node in drawings[1].pods}) == 1
    compact = _one_protocol(drawings)
    sketches = [
        Sketch(drawing, doors[i], compact=bool(compact), firm=True, framed=not single)
        for i, drawing in enumerate(drawings)
    ]
    heading = _title(drawings)
    below = _quiet(drawings[1], compact, before_name, after_name)
    try:
        where = placed(sketches, BESIDE)
        if where.layout.width + 2 * MARGIN > BESIDE:
            where = placed(sketches, WIDTH - 2 * PADDING)
    except NoLayout as error:
        return figure(heading, below, note(str(error)), twin=twin, left_out=changes.caveats, drawn=False)
    image = _svg(sketches, where, (before_name, after_name), drawings)
    return figure(heading, below, image, legend=legend_of(*sketches), twin=twin, left_out=changes.caveats)


def _drawing(changes: Changes, scene: Scene) -> Drawing:
    """The lines of one panel: every connection that either moment allows, as this moment has it."""
    nodes = {node.id: node for node in scene.nodes}
    pairs = {item.ends: item for item in changes.lines if not item.dns}
    lines = [line for item in pairs.values() for line in _line(scene, nodes, item)]
    touched = {id for line in lines for id in line.ends}
    return Drawing(tuple(node for node in scene.nodes if node.id in touched or is_pod(node)), tuple(lines))


def _line(scene: Scene, nodes: dict[str, SceneNode], item: Line) -> Iterator[Line]:
    source, target = nodes.get(item.source.id), nodes.get(item.target.id)
    if source is None or target is None:
        return
    reach = scene.reach.get(item.ends, NOTHING)
    if open_ports(reach, target):
        yield from passing(source, target, reach)
    else:
        wanted = item.ports
        protocol, first, _ = wanted.ranges[0]
        yield Line(source, target, "blocked", wanted, reach.stop_on(protocol, first))


def _one_protocol(drawings: list[Drawing]) -> str:
    """The protocol that all lines share, to be named once in the quiet line; "" when there are several."""
    used = {protocol for drawing in drawings for line in drawing.lines for protocol, _, _ in line.ports}
    return used.pop() if len(used) == 1 else ""


def _title(drawings: list[Drawing]) -> str:
    """``Before: all three reach server-07. After: nobody``."""
    before, after = ({line.ends: line for line in drawing.lines if line.state != "blocked"} for drawing in drawings)
    targets = {line.target.name for drawing in drawings for line in drawing.lines}
    was = say("panels.count", number=len(before))
    now = str(len(after)) if after else say("panels.none")
    if len(targets) == 1:
        was, now = _who(before, drawings[0], targets.pop()), _who(after, drawings[1], "")
    plugins = [_plugins(drawing) for drawing in drawings]
    return say("panels.title", was=was, before=plugins[0], now=now, after=plugins[1])


def _plugins(drawing: Drawing) -> str:
    allowed, plugin = ({line.ends for line in drawing.lines if line.state == state} for state in ("allowed", "plugin"))
    return undecided(len(plugin), len(allowed | plugin), bool(allowed & plugin), "connection")


def _who(ways: Mapping[tuple[str, str], Line], drawing: Drawing, target: str) -> str:
    names = [line.source.name for line in ways.values()]
    if not names:
        return say("panels.nobody.target", target=target) if target else say("panels.nobody")
    number, who = len(names), str(len(names))
    if number == len({line.ends for line in drawing.lines}) > 1:
        who = say("panels.all", number=number)
    elif number < 4:
        who = say("panels.only", names=listed(names))
    return say("panels.reach", who=who, number=number, target=target) if target else who


def _quiet(drawing: Drawing, protocol: str, before_name: str, after_name: str) -> str:
    names = list(dict.fromkeys(node.namespace for node in drawing.pods))
    parts = [say("graph.namespaces", number=len(names), names=listed(names)), *filter(None, [protocol])]
    told = (before_name, after_name) != ("before", "after")
    moments = capital(say("panels.moments", before=before_name, after=after_name)) if told else ""
    return say("panels.quiet", moments=moments, where=", ".join(parts))


def _svg(sketches: list[Sketch], where: Placed, names: tuple[str, str], drawings: list[Drawing]) -> Markup:
    """Two equal columns; what is too wide for them stands one above the other."""
    beside = where.layout.width + 2 * MARGIN <= BESIDE
    width = (WIDTH - GAP) / 2 if beside else WIDTH
    scale = min(1.0, (width - 2 * PADDING) / (where.layout.width + 2 * MARGIN))
    height = HEADER + (where.layout.height + 2 * MARGIN) * scale + PADDING
    parts = []
    for i, (sketch, word, name) in enumerate(zip(sketches, ("Before", "After"), names, strict=True)):
        x, y = (i * (width + GAP), 0.0) if beside else (0.0, i * (height + GAP))
        parts.append(_panel(sketch, where, word, name, (x, y, width, height), scale))
    desc = " ".join(f"{word}: {_told(drawing)}" for word, drawing in zip(("Before", "After"), drawings, strict=True))
    total = height if beside else 2 * height + GAP
    return svg(WIDTH, total, "Before and after", desc, *parts)


def _panel(
    sketch: Sketch, where: Placed, word: str, name: str, frame: tuple[float, float, float, float], scale: float
) -> Markup:
    x, y, width, height = frame
    left = x + (width - where.layout.width * scale) / 2
    header = text_width(word, 14, bold=True) + 10
    known = "" if name in ("before", "after") else fit(name, width - header - 30, 12, mono=True)
    shift = f"translate({left:.1f} {y + HEADER + MARGIN:.1f})" + (f" scale({scale:.4f})" if scale < 1 else "")
    return el(
        "g",
        rect(x + 0.5, y + 0.5, width - 1, height - 1, "cluster", rx=8, stroke=color("clusterline")),
        text(x + 13, y + 18, word, 14, bold=True, anchor="start"),
        text(x + 13 + header, y + 18.5, known, 12, "ink2", anchor="start", mono=True) if known else "",
        el("g", paint(sketch, where), transform=shift),
    )


def _told(drawing: Drawing) -> str:
    open_ = [line for line in drawing.lines if line.state != "blocked"]
    if not open_:
        return say("panels.nobody.anybody")
    shown = [sentence(line).removesuffix(".") for line in open_[:12]]
    more = f"; {len(open_) - 12} more" if len(open_) > 12 else ""
    return "; ".join(shown) + more + "."
