"""A story in steps: the same pods at the same places, once per step, with what was applied below.

The red, yellow and green of the lesson live in the header bands only: they rate the namespace, while blue and
vermilion rate a connection. Sign and word of a header are computed from what the scene shows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from netpol_lab.connections.scene import Scene, SceneNode
from netpol_lab.display import swatches
from netpol_lab.display.card import Picture, figure
from netpol_lab.display.drawn_lines import Drawing, Line, answers, find
from netpol_lab.display.graph_finding import sentence
from netpol_lab.display.markup import Markup, el, fit, join, svg, table, text_width
from netpol_lab.display.mermaid import MermaidPicture, StepSource, strip_source
from netpol_lab.display.shapes import STROKES, Doors, PodLook, Point, line, outside, pod, rect, straight, text
from netpol_lab.display.sketch import story_doors
from netpol_lab.display.theme import WIDTH, color
from netpol_lab.display.twin import SIGNS, UNDECIDED_KEY
from netpol_lab.model.errors import LabError
from netpol_lab.model.objects import DIRECTIONS, Direction
from netpol_lab.model.phrases import capital, count, counted, listed
from netpol_lab.tell.saying import line as say

Rating = Literal["open", "closed", "some", "plugin"]
RATINGS: dict[Rating, tuple[str, str, str]] = {
    "open": ("○", "open to everyone", "pOpen"),
    "closed": ("●", "closed to everyone", "pClosed"),
    "some": ("◐", "only what is needed", "pNeed"),
    "plugin": ("?", "depends on the network plugin", "selftint"),
}
NAMES: dict[Rating, str] = {
    "open": "Allow all",
    "closed": "Default deny",
    "some": "Allow specific",
    "plugin": "Allow specific",
}
HEADER, FOOTER, GAP = 52.0, 33.0, 14.0
SHORTEST_LINE = 30.0


@dataclass(frozen=True)
class StripStep:
    """One step: its name ("" takes the usual one of its rating), what led to it, and the scene after it."""

    name: str
    footer: str
    scene: Scene


@dataclass(frozen=True)
class StripPicture(Picture):
    """A strip, and the same as Mermaid."""

    source: str = ""

    def mermaid(self) -> MermaidPicture:
        """The same steps as Mermaid, one below the other."""
        return MermaidPicture(self.title, self.twin, self.source)


@dataclass(frozen=True)
class _Panel:
    step: StripStep
    title: str
    lines: tuple[Line, ...]
    target: SceneNode
    doors: dict[str, Doors]

    @property
    def rating(self) -> Rating:
        if any(line.state == "plugin" for line in self.lines):
            return "plugin"
        blocked = sum(line.state == "blocked" for line in self.lines)
        return "open" if not blocked else "closed" if blocked == len(self.lines) else "some"

    @property
    def nodes(self) -> tuple[SceneNode, ...]:
        return (*(line.source for line in self.lines), self.target)


def draw(
    steps: Sequence[StripStep],
    sources: Sequence[str],
    target: str,
    port: int,
    protocol: str = "TCP",
) -> StripPicture:
    """Draw who of ``sources`` reaches ``target`` at each step, on one port of the pod.

    Ids are those of the scenes; a source that a step does not have yet is left out there. Raises
    :class:`LabError` without steps, or with a step without target.
    """
    if not steps or not sources:
        raise LabError("A strip needs at least one step and one source.")
    doors = story_doors([step.scene.nodes for step in steps])
    panels = [_panel(step, i, sources, target, port, protocol, doors[i]) for i, step in enumerate(steps)]
    words = say("strip.port", port=f"{protocol} {port}", target=panels[-1].target.name)
    where = panels[-1].target.namespace
    twin = _twin(panels, sources, words)
    heading = _title(panels)
    below = say("strip.steps", steps=_count(len(panels)), namespace=where, port=words)
    desc = " ".join(_sentence(panel, i) for i, panel in enumerate(panels))
    return figure(
        heading,
        below,
        _svg(panels, sources, say("strip.label", number=len(panels), port=words), desc),
        legend=_legend(panels),
        twin=twin,
        left_out=(each for step in steps for each in step.scene.caveats),
        kind=StripPicture,
        source=strip_source([_mermaid(panel, i) for i, panel in enumerate(panels)], heading, desc),
    )


def _panel(
    step: StripStep, index: int, sources: Sequence[str], target: str, port: int, protocol: str, doors: dict[str, Doors]
) -> _Panel:
    known = {node.id for node in step.scene.nodes}
    questions = [(source, target, protocol, port) for source in sources if source in known]
    lines = tuple(answers(step.scene, questions))
    panel = _Panel(step, "", lines, find(step.scene, target), doors)
    name = step.name or NAMES[panel.rating]
    return _Panel(step, f"{index + 1}  {name}", lines, panel.target, doors)


def _title(panels: Sequence[_Panel]) -> str:
    """``Open, closed, then only what is needed``, from what the scenes show."""
    names = {"open": "open", "closed": "closed", "some": "only what is needed", "plugin": "as the plugin decides"}
    words = [names[panel.rating] for panel in panels]
    words = [word for i, word in enumerate(words) if i == 0 or word != words[i - 1]]
    target = panels[0].target.name
    if words == ["as the plugin decides"]:
        return say("strip.title.plugin", target=target)
    if len(words) == 1:
        return say("strip.title.stays", target=target, rating=RATINGS[panels[0].rating][1])
    if words[-1] in ("only what is needed", "as the plugin decides"):
        return say("strip.title.then", ratings=", ".join(words[:-1]), last=words[-1]).capitalize()
    return say("strip.title", target=target, ratings=", then ".join(words))


def _count(steps: int) -> str:
    return capital(count(steps, "step")) if 2 <= steps <= 4 else counted(steps, "step")


def _sentence(panel: _Panel, index: int) -> str:
    who, target = [line.source.name for line in panel.lines if line.state == "allowed"], panel.target.name
    said = [sentence(line) for line in panel.lines if line.state == "plugin"]
    if who:
        said.insert(0, say("strip.reach", names=listed(who), number=len(who), target=target))
    elif not said:
        said = [say("strip.reach.none", target=target)]
    return " ".join([say("strip.step", number=index + 1, name=" ".join(panel.title.split()[1:])), *said])


def _svg(panels: Sequence[_Panel], sources: Sequence[str], title: str, desc: str) -> Markup:
    per_row = min(len(panels), 3)
    width = (WIDTH - GAP * (per_row - 1)) / per_row
    rows = {source: i for i, source in enumerate(sources)}
    body = max(70.0 * len(rows) - 6, 130)
    height = HEADER + body + FOOTER
    parts: list[Markup] = []
    for i, panel in enumerate(panels):
        x, y = (i % per_row) * (width + GAP), (i // per_row) * (height + GAP)
        content = join([_frame(panel, width, height), _places(panel, rows, width, body)])
        parts.append(el("g", content, transform=f"translate({x + 0.5:.1f} {y + 0.5:.1f})"))
        if i + 1 < len(panels) and (i + 1) % per_row:
            parts.append(text(x + width + GAP / 2, y + HEADER + body / 2, "▸", 14, "line"))
    lines = -(-len(panels) // per_row)
    return svg(WIDTH, lines * height + (lines - 1) * GAP + 1, title, desc, *parts)


def _look(node: SceneNode, doors: dict[str, Doors], width: float) -> PodLook:
    look = PodLook(node.counted, doors=doors.get(node.id, Doors()), small=True, firm=True)
    spare = look.width - text_width(look.name, 12, bold=True)
    return replace(look, name=fit(look.name, width - spare, 12, bold=True)) if look.width > width else look


def _frame(panel: _Panel, width: float, height: float) -> Markup:
    """Header band, body and footer of one step."""
    sign, words, role = RATINGS[panel.rating]
    band = f"M0,{HEADER:g}V8Q0,0 8,0H{width - 9:.1f}Q{width - 1:.1f},0 {width - 1:.1f},8V{HEADER:g}Z"
    line_y = height - FOOTER
    footer = fit(panel.step.footer, width - 20, 12, mono=True)
    return join(
        [
            rect(0, 0, width - 1, height - 1, "cluster", rx=8),
            el("path", d=band, fill=color(role)),
            text(11, 17, fit(panel.title, width - 20, 14.5, bold=True), 14.5, bold=True, anchor="start"),
            text(11, 36, f"{sign} {words}", 13, anchor="start"),
            el("line", x1=0.0, y1=line_y, x2=width - 1, y2=line_y, stroke=color("clusterline"), stroke_width="1"),
            text(11, line_y + FOOTER / 2, footer, 12, "ink2", anchor="start", mono=True),
            el(
                "rect", x=0.0, y=0.0, width=width - 1, height=height - 1, rx=8, fill="none", stroke=color("clusterline")
            ),
        ]
    )


def _places(panel: _Panel, rows: dict[str, int], width: float, body: float) -> Markup:
    """Sources in a column at the left, the target at the right of its middle: the same in every step."""
    looks = _looks(panel, width)
    target = looks[panel.target.id]
    left = 8 + max((_size(item.source, looks)[0] for item in panel.lines), default=0) / 2
    goal = (width - 9 - target.width / 2, HEADER + body / 2)
    parts, signs = [pod(goal, target)], []
    for item in panel.lines:
        center = (left, HEADER + body / len(rows) * (rows[item.source.id] + 0.5))
        parts.append(_source(item.source, center, looks))
        start = _border(center, _size(item.source, looks), goal, item.source.is_external)
        end = _border(goal, (target.width, target.height), center)
        parts.append(line(straight(start, end), item.state, item.stop))
        at = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2 - 11)
        signs.append(text(*at, item.label()[0][:1], 16, STROKES[item.state].role, bold=True, halo="cluster"))
    return join([*parts, *signs])


def _looks(panel: _Panel, width: float) -> dict[str, PodLook]:
    """Sizes of all pods. Names that leave no room for the line between them are shortened."""
    looks = {node.id: _look(node, panel.doors, 1e9) for node in panel.nodes}
    room = width - 17 - SHORTEST_LINE
    sources = max((_size(item.source, looks)[0] for item in panel.lines), default=0)
    target = looks[panel.target.id].width
    if sources + target <= room:
        return looks
    share = {True: max(room - sources, room / 2), False: max(room - target, room / 2)}
    return {node.id: _look(node, panel.doors, share[node is panel.target]) for node in panel.nodes}


def _size(node: SceneNode, looks: dict[str, PodLook]) -> tuple[float, float]:
    if node.is_external:
        return max(text_width(node.name, 12, bold=True) + 16, 66.0), 36.0
    return looks[node.id].width, looks[node.id].height


def _source(node: SceneNode, center: Point, looks: dict[str, PodLook]) -> Markup:
    if node.is_external:
        return outside(center, *_size(node, looks), node.name, size=12)
    return pod(center, looks[node.id])


def _border(center: Point, size: tuple[float, float], toward: Point, ellipse: bool = False) -> Point:
    """Where the straight line from a center to another leaves its shape."""
    dx, dy = toward[0] - center[0], toward[1] - center[1]
    across, down = abs(dx) / (size[0] / 2), abs(dy) / (size[1] / 2)
    reach = math.hypot(across, down) if ellipse else max(across, down)
    return center[0] + dx / reach, center[1] + dy / reach


def _legend(panels: Sequence[_Panel]) -> swatches.Legend:
    used = [(item.state, item.stop) for panel in panels for item in panel.lines]
    shown = {node.id for panel in panels for node in panel.nodes}
    doors = (look for panel in panels for id, look in panel.doors.items() if id in shown)
    return swatches.lines(used) + swatches.doors(doors)


def _twin(panels: Sequence[_Panel], sources: Sequence[str], words: str) -> str:
    """One column a step: ``.`` allowed, ``X`` blocked, blank where the source did not exist yet."""
    names = {line.source.id: line.source.name for panel in panels for line in panel.lines}
    heads = [" ".join(panel.title.split()).lower() for panel in panels]
    rows = [[words, *heads]]
    for source in sources:
        signs = [{line.source.id: SIGNS[line.state] for line in panel.lines} for panel in panels]
        cells = [signs[i].get(source, "") for i in range(len(panels))]
        rows.append(
            [
                names.get(source, source),
                *(" " * (len(head) // 2) + cell for head, cell in zip(heads, cells, strict=True)),
            ]
        )
    for way in DIRECTIONS:
        counts = [_isolated(panel, way) for panel in panels]
        if any(count != "none" for count in counts) or way == "ingress":
            rows.append([f"isolated for {way}", *counts])
    undecided = any(line.state == "plugin" for panel in panels for line in panel.lines)
    return "\n".join([*table(rows, gap=3), *(["", UNDECIDED_KEY] if undecided else [])])


def _isolated(panel: _Panel, way: Direction) -> str:
    pods = [node for node in panel.nodes if not node.is_external]
    count = sum(node.isolated(way) for node in pods)
    if count == len(pods) > 1:
        return f"all {count} pods"
    return f"{count} of {len(pods)} pods" if count else "none"


def _mermaid(panel: _Panel, index: int) -> StepSource:
    _, words, role = RATINGS[panel.rating]
    drawing = Drawing(panel.nodes, panel.lines)
    name = panel.title.split("  ", 1)[1]
    caption = f"{index + 1} {name}" + ("" if words == name.lower() else f": {words}")
    return StepSource(caption, role, panel.step.footer, drawing)
