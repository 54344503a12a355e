"""From what to draw to a finished SVG: sizes, places, paint.

A :class:`Sketch` is one picture before it is placed. Several sketches of one story are placed together, by
:func:`placed`, so that the same pod stands at the same place in all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from netpol_lab.connections.scene import SceneNode
from netpol_lab.display.drawn_lines import Drawing, Line
from netpol_lab.display.layout import LABEL_SIZE, Arrow, Box, Layout, NodeFrame, Plan, arrange, dot_source
from netpol_lab.display.markup import Markup, el, join, text_width
from netpol_lab.display.shapes import (
    INSET,
    STROKES,
    Doors,
    DoorState,
    PodLook,
    Point,
    line,
    namespace,
    namespace_name,
    outside,
    pod,
    text,
)
from netpol_lab.display.spots import free_spot, name_area, words_area
from netpol_lab.display.theme import WIDTH, color
from netpol_lab.model.language import spoken

SENTENCE = "✓ every pod reaches every pod, all ports"
MARGIN = 3.0
"""Frames are stroked on their border: half of a stroke, and of a bar, lies outside."""
LineKey = tuple[str, str, bool, bool, str]


@dataclass(frozen=True)
class Sketch:
    """A drawing and the doors of its pods.

    ``compact`` leaves the protocol out of labels; ``firm`` frames all pods alike; without ``framed`` no namespace
    is drawn, because a panel around the picture stands for the only one.
    """

    drawing: Drawing
    doors: Mapping[str, Doors] = field(default_factory=dict)
    compact: bool = False
    firm: bool = False
    framed: bool = True

    def look(self, node: SceneNode) -> PodLook:
        name = node.name if node.is_dns else node.counted
        label = spoken("DNS, port 53") if node.is_dns else node.label
        return PodLook(name, label, self.doors.get(node.id, Doors()), node.is_dns, firm=self.firm and not node.is_dns)


@dataclass(frozen=True)
class Placed:
    """Where the nodes, namespaces and lines of some sketches stand."""

    plan: Plan
    layout: Layout
    keys: tuple[LineKey | None, ...]


def key(line: Line) -> LineKey:
    """What makes two lines the same line in two pictures of one story."""
    start = line.source.namespace if line.from_namespace else line.source.id
    end = line.target.namespace if line.to_namespace else line.target.id
    return start, end, line.from_namespace, line.to_namespace, str(line.ports)


def doors_of(nodes: Sequence[SceneNode]) -> dict[str, Doors]:
    """Doors of a single picture: the closed ones; where nothing at all is closed, the open ones."""
    pods = [node for node in nodes if not node.is_external]
    if any(node.isolated_ingress or node.isolated_egress for node in pods):
        return {
            node.id: Doors("closed" if node.isolated_ingress else "", "closed" if node.isolated_egress else "")
            for node in pods
        }
    return {node.id: Doors("open", "open") for node in pods if not node.is_dns}


def story_doors(stories: Sequence[Sequence[SceneNode]]) -> list[dict[str, Doors]]:
    """Doors of a series: a side that is closed anywhere has a door everywhere, so that boxes keep their width."""
    pods = [node for nodes in stories for node in nodes if not node.is_external and not node.is_dns]
    into = any(node.isolated_ingress for node in pods)
    out = any(node.isolated_egress for node in pods)
    into, out = into or not out, out

    def side(used: bool, isolated: bool) -> DoorState:
        return ("closed" if isolated else "open") if used else ""

    return [
        {
            node.id: Doors(side(into, node.isolated_ingress), side(out, node.isolated_egress))
            for node in nodes
            if not node.is_external and not node.is_dns
        }
        for nodes in stories
    ]


def placed(sketches: Sequence[Sketch], width: float = WIDTH) -> Placed:
    """Place the union of some sketches. Raises what :func:`arrange` raises."""
    nodes = list({node.id: node for sketch in sketches for node in sketch.drawing.nodes}.values())
    lines = _all_lines(sketches)
    names = dict.fromkeys(node.namespace for node in nodes if node.namespace)
    groups = tuple(_group(name, sketches) for name in names if all(sketch.framed for sketch in sketches))
    open_namespaces = tuple(dict.fromkeys(name for sketch in sketches for name in sketch.drawing.open))
    rows = list(_rows(nodes, lines, open_namespaces))
    rows += _waiting(nodes, lines, rows)
    spacers = _spacers(rows, lines, {node.id for node in nodes if node.namespace in open_namespaces})
    # Graphviz keeps to the order in which arrows are written, as far as it can: the outside first, then the story.
    boxes = tuple(_box(node, sketches) for node in sorted(nodes, key=lambda node: bool(node.namespace)))
    order = {box.id: i for i, box in enumerate(boxes)}
    ordered = sorted(lines, key=lambda item: (item.dns, order[item.source.id], order[item.target.id]))
    first = tuple(box.id for box in boxes if box.shape == "ellipse")
    depth = _depths(nodes, lines, rows)
    compact = any(sketch.compact for sketch in sketches)
    plans = [
        Plan(boxes, groups, (*(_arrow(item, depth, choice, compact) for item in ordered), *spacers), first)
        for choice in range(_choices(lines, depth))
    ]
    plan, layout = arrange(plans, width - 2 * MARGIN)
    return Placed(plan, layout, (*map(key, ordered), *(None for _ in spacers)))


def _all_lines(sketches: Sequence[Sketch]) -> list[Line]:
    """The lines of all sketches; of one that several have, the one with the longest words."""
    found: dict[LineKey, Line] = {}
    for item in (item for sketch in sketches for item in sketch.drawing.lines):
        known = found.get(key(item))
        if known is None or _label_width(item) > _label_width(known):
            found[key(item)] = item
    return list(found.values())


def _spacers(rows: list[list[str]], lines: list[Line], close: Collection[str]) -> list[Arrow]:
    """Arrows that nobody sees hold the pods of a row apart, as far as a line with words would; ``close`` ones less."""
    words = max((item.label(protocol=False)[0] for item in lines if item.label()), default="✓ TCP 80", key=len)
    return [Arrow(a, b, "" if a in close else words, drawn=False) for row in rows for a, b in pairwise(row)]


def _label_width(line: Line) -> float:
    return max((text_width(words, 13, bold=True) for words in line.label()), default=0.0)


def _box(node: SceneNode, sketches: Sequence[Sketch]) -> Box:
    if node.is_external:
        small = any(sketch.compact for sketch in sketches)
        width = max(92.0 if small else 172.0, min(text_width(node.name, 14, bold=True), 220) + 50)
        return Box(node.id, width, 42.0 if small else 43.0, "", node.name, "ellipse")
    looks = [sketch.look(node) for sketch in sketches]
    label = f"{looks[0].name}\n{looks[0].label}"
    group = node.namespace if all(sketch.framed for sketch in sketches) else ""
    return Box(node.id, max(look.width for look in looks), max(look.height for look in looks), group, label)


def _group(name: str, sketches: Sequence[Sketch]) -> NodeFrame:
    """The label only reserves room: it is padded to the width of what will be drawn, in two weights."""
    sentence = any(name in sketch.drawing.open for sketch in sketches)
    words = f"namespace {name}" + (f" {SENTENCE}" if sentence else "")
    need = text_width("namespace ", 12) + text_width(name, 13, bold=True) + 16
    if name == "kube-system":
        words, need = name, text_width(name, 13, bold=True) + 12
    if sentence:
        need += text_width(SENTENCE, 13, bold=True) + 18
    while text_width(words, LABEL_SIZE) < need:
        words += " "
    return NodeFrame(name, words)


def _rows(nodes: list[SceneNode], lines: list[Line], open_namespaces: tuple[str, ...]) -> Iterator[list[str]]:
    """Pods without lines between them would stand in one tall column; rows of up to four are easier to read."""
    linked = {id for item in lines if not item.from_namespace and not item.to_namespace for id in item.ends}
    for name in dict.fromkeys(node.namespace for node in nodes if node.namespace):
        loose = [node for node in nodes if node.namespace == name and node.id not in linked]
        if name in open_namespaces or len(loose) > 3:
            ids = [
                node.id for node in sorted(loose, key=lambda node: bool(node.listens))
            ]  # clients left, servers right
            yield from (ids[i : i + 4] for i in range(0, len(ids), 4))


def _waiting(nodes: list[SceneNode], lines: list[Line], rows: list[list[str]]) -> Iterator[list[str]]:
    """Who has no line stands where its line would start: so a pod keeps its place when a policy closes its way."""
    placed = {id for line in lines if not line.dns for id in line.ends} | {id for row in rows for id in row}
    for node in nodes:
        targets = [other for other in nodes if other.listens and not other.is_dns and other.id != node.id]
        near = [other for other in targets if other.namespace == node.namespace] or targets
        if near and not node.listens and not node.is_dns and node.id not in placed:
            yield [node.id, near[0].id]


def _depths(nodes: list[SceneNode], lines: Collection[Line], rows: list[list[str]]) -> dict[str, list[str]]:
    """Per namespace one pod of each rank, the deepest first: where a line that leaves the namespace may start."""
    edges = [line.ends for line in lines if not line.from_namespace and not line.to_namespace]
    edges += [pair for row in rows for pair in pairwise(row)]
    rank = dict.fromkeys((node.id for node in nodes), 0)
    for _ in range(min(len(nodes), 8)):  # bounded, because lines may run in a circle
        for source, target in edges:
            rank[target] = max(rank[target], min(rank[source] + 1, 8))
    chosen: dict[str, dict[int, str]] = {}
    for node in nodes:
        chosen.setdefault(node.namespace, {}).setdefault(rank[node.id], node.id)
    return {name: [by_rank[r] for r in sorted(by_rank, reverse=True)] for name, by_rank in chosen.items()}


def _choices(lines: Collection[Line], depth: dict[str, list[str]]) -> int:
    leaving = [line.source.namespace for line in lines if line.from_namespace]
    return max((len(depth[name]) for name in leaving), default=1)


def _arrow(line: Line, depth: dict[str, list[str]], choice: int, compact: bool) -> Arrow:
    source, target = line.ends
    if line.from_namespace:
        starts = depth[line.source.namespace]
        source = starts[min(choice, len(starts) - 1)]
    if line.to_namespace and not line.target.is_dns:
        ends = depth[line.target.namespace][::-1]
        target = ends[min(1, len(ends) - 1)] if line.source.is_external else ends[0]
    label = "\n".join(line.label(protocol=not compact))
    return Arrow(source, target, label, line.from_namespace, line.to_namespace, True, _dot_style(line))


def _dot_style(line: Line) -> tuple[tuple[str, str], ...]:
    """The line in Graphviz' own terms, for the DOT text."""
    stroke = STROKES[line.state]
    style = {"color": color(stroke.role), "fontcolor": color(stroke.role), "penwidth": f"{stroke.width:g}"}
    if line.state in ("blocked", "closed"):
        at_source, at_target = line.stop in ("egress", "both ends"), line.stop != "egress"
        style |= {"style": "dashed", "arrowhead": "tee" if at_target else "onormal"}
        if at_source:
            style |= {"dir": "both", "arrowtail": "tee"}
    elif line.state == "changed":
        style["color"] = f"{color(stroke.role)}:{color(stroke.role)}"
    elif line.state == "plugin":
        style |= {"style": "dotted", "arrowhead": "onormal"}
    elif line.state == "dns":
        style |= {"style": "dotted", "arrowsize": "0.7"}
    elif line.both_ways:
        style["dir"] = "both"
    return tuple(sorted(style.items()))


def paint(sketch: Sketch, where: Placed) -> Markup:
    """The parts of one sketch, at their places: namespaces, pods, lines, and labels above all."""
    layout, boxes = where.layout, {box.id: box for box in where.plan.boxes}
    drawing = sketch.drawing
    parts: list[Markup] = []
    names: list[Markup] = []
    for name in drawing.namespaces if sketch.framed else ():
        quiet = all(node.is_dns for node in drawing.nodes if node.namespace == name)
        sentence = SENTENCE if name in drawing.open else ""
        parts.append(namespace(layout.frames[name]))
        names.append(namespace_name(layout.frames[name], name, sentence, quiet))
    for node in drawing.nodes:
        center, box = layout.centers[node.id], boxes[node.id]
        if node.is_external:
            words = spoken("any outside address" if node.name == "External" and not sketch.compact else "outside")
            parts.append(outside(center, box.width, box.height, node.name, words))
        else:
            parts.append(pod(center, sketch.look(node)))
    labels: list[Markup] = []
    taken = [name_area(layout.frames[name], name) for name in (drawing.namespaces if sketch.framed else ())]
    for item in drawing.lines:
        curve = layout.curves[where.keys.index(key(item))]
        assert curve is not None  # only arrows without a key have none
        points = _to_frames(curve.points, item, layout)
        parts.append(line(points, item.state, item.stop, both_ways=item.both_ways))
        said = item.label(protocol=not sketch.compact)
        if curve.label and said:
            spot = free_spot(curve.label, said, points, taken)
            taken.append(words_area(spot, said))
            labels.append(label(spot, item, protocol=not sketch.compact))
    return join([*parts, *names, *labels])


def _to_frames(points: tuple[Point, ...], item: Line, layout: Layout) -> tuple[Point, ...]:
    """Frames are drawn a little smaller than they were placed: lines that end at one are made a little longer."""

    def moved(point: Point, name: str) -> Point:
        (_, top, _, bottom), (x, y) = layout.frames[name], point
        return x, y + INSET if abs(y - top) < 1 else y - INSET if abs(y - bottom) < 1 else y

    first, *middle, last = points
    first = moved(first, item.source.namespace) if item.from_namespace else first
    last = moved(last, item.target.namespace) if item.to_namespace else last
    return first, *middle, last


def label(center: tuple[float, float], item: Line, *, protocol: bool = True) -> Markup:
    """The words of a line, a little above the middle of their place, so that they do not sit on the line."""
    lines = item.label(protocol=protocol)
    x, y = center
    quiet = item.state == "same"
    role = "ink2" if quiet else STROKES[item.state].role
    top = y - 2 - 8 * (len(lines) - 1)
    first = text(x, top, lines[0], 12 if quiet else 13, role, bold=not quiet, halo="cluster")
    return join(
        [first, *(text(x, top + 16 * i, words, 12, role, halo="cluster") for i, words in enumerate(lines) if i)]
    )


def finished(sketch: Sketch, where: Placed) -> tuple[float, float, Markup]:
    """Natural width, height and content of a picture.

    What Graphviz could not place within a card is scaled; its type shrinks with it, so this is the last resort.
    """
    width, height = where.layout.width + 2 * MARGIN, where.layout.height + 2 * MARGIN
    factor = min(1.0, WIDTH / width)
    scale = f"scale({factor:.4f}) " if factor < 1 else ""
    content = el("g", paint(sketch, where), transform=f"{scale}translate({MARGIN:g} {MARGIN:g})")
    return width * factor, height * factor, content


def dot(where: Placed) -> str:
    """The DOT text of a placed picture, with lines, heads and labels."""
    return dot_source(where.plan, styled=True)
