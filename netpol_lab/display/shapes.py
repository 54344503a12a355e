"""What pictures are made of: pods with their doors, namespaces, lines, bars and labels, as SVG.

Everything is painted with the light values of ``theme``; the figure's stylesheet exchanges them by value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from netpol_lab.display.markup import Markup, el, fit, join, number, text_width
from netpol_lab.display.theme import color
from netpol_lab.model.language import spoken

Point = tuple[float, float]
DoorState = Literal["", "open", "closed", "newly closed", "newly open"]
LineState = Literal["allowed", "blocked", "plugin", "opened", "closed", "changed", "same", "dns"]

DOOR = 18.0
POD_HEIGHT, FLAT_HEIGHT = 46.0, 34.0
NAME_LIMIT = 230.0
"""Longer names are shortened in the middle; the text twin has them in full."""


@dataclass(frozen=True)
class Doors:
    """The two sides of a pod: ``""`` no door, ``open`` a door that is not isolated, ``closed`` an isolated side."""

    ingress: DoorState = ""
    egress: DoorState = ""

    @property
    def isolated(self) -> bool:
        return any("closed" in side for side in (self.ingress, self.egress))


@dataclass(frozen=True)
class PodLook:
    """What stands in a pod's box. ``small`` is the size of the strip, ``firm`` keeps the frame at 2 px."""

    name: str
    label: str = ""
    doors: Doors = Doors()
    quiet: bool = False
    small: bool = False
    firm: bool = False

    @property
    def door_width(self) -> float:
        return 15.0 if self.small else DOOR

    @property
    def width(self) -> float:
        doors = sum(self.door_width for side in (self.doors.ingress, self.doors.egress) if side)
        return math.ceil(self._text_width() + (10 if self.small else 14) + doors)

    @property
    def height(self) -> float:
        if self.small:
            return 24.0
        return POD_HEIGHT if self.label else FLAT_HEIGHT

    def _text_width(self) -> float:
        name = min(text_width(self.name, 12 if self.small else 14, bold=True), NAME_LIMIT)
        return max(name, min(text_width(self.label, 12), NAME_LIMIT))


def text(
    x: float,
    y: float,
    content: str,
    size: float,
    role: str = "ink",
    *,
    bold: bool = False,
    anchor: str = "middle",
    halo: str = "",
    mono: bool = False,
) -> Markup:
    """Text whose middle is at height ``y``. A halo lets it stand on a line without biting a piece out of it."""
    outline = {"stroke": color(halo), "stroke_width": "3.5", "paint_order": "stroke"} if halo else {}
    return el(
        "text",
        content,
        x=float(x),
        y=float(y + size * 0.35),
        text_anchor=anchor if anchor != "start" else None,
        font_size=number(size),
        font_weight=700 if bold else None,
        font_family="ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace" if mono else None,
        fill=color(role),
        **outline,
    )


def rect(x: float, y: float, width: float, height: float, fill: str, **attributes: object) -> Markup:
    """A rectangle painted with a role."""
    return el("rect", x=float(x), y=float(y), width=float(width), height=float(height), fill=color(fill), **attributes)


def pod(center: Point, look: PodLook) -> Markup:
    """A pod: a square-cornered box, its name and label, its doors, and a firm frame when it is isolated."""
    width, height = look.width, look.height
    x, y = center[0] - width / 2, center[1] - height / 2
    left = look.door_width if look.doors.ingress else 0
    right = look.door_width if look.doors.egress else 0
    middle = x + left + (width - left - right) / 2
    frame = 2 if look.doors.isolated or look.firm else 1
    frame_role = "ink" if look.doors.isolated else "line"
    parts = [rect(x, y, width, height, "pod"), *_name(middle, center[1], look)]
    if left:
        parts.append(door(x, y, left, height, look.doors.ingress, "⇥"))
    if right:
        parts.append(door(x + width - right, y, right, height, look.doors.egress, "↦"))
    parts.append(
        el("rect", x=x, y=y, width=width, height=height, fill="none", stroke=color(frame_role), stroke_width=frame)
    )
    return el("g", *parts, class_="node")


def _name(x: float, y: float, look: PodLook) -> list[Markup]:
    role = "ink2" if look.quiet else "ink"
    size = 12 if look.small else 14
    name = text(x, y - 9 if look.label else y, fit(look.name, NAME_LIMIT, size, bold=True), size, role, bold=True)
    return [name, text(x, y + 9, fit(look.label, NAME_LIMIT, 12), 12, "ink2")] if look.label else [name]


def door(x: float, y: float, width: float, height: float, state: DoorState, sign: str) -> Markup:
    """One side of a pod: dark with ⇥ or ↦ when isolated, pale with → when not; a change carries its sign above."""
    fill = {"closed": "ink", "newly closed": "blocked"}.get(state, "selftint")
    role = {"closed": "onink", "newly closed": "onmark", "newly open": "allowed"}.get(state, "ink2")
    mark = {"newly closed": "−", "newly open": "+"}.get(state, "")
    if "open" in state:
        sign = "→"
    middle, size = x + width / 2, 14 if height > 20 else 11
    parts = [rect(x, y, width, height, fill)]
    if mark:
        parts.append(text(middle, y + height / 2 - 7, mark, size, role, bold=True))
    parts.append(text(middle, y + height / 2 + (7 if mark else 0), sign, size, role, bold=True))
    return join(parts)


def outside(center: Point, width: float, height: float, name: str, words: str = "", size: float = 14) -> Markup:
    """Addresses outside the cluster: an ellipse, the third shape."""
    x, y = center
    return el(
        "g",
        el(
            "ellipse",
            cx=float(x),
            cy=float(y),
            rx=width / 2,
            ry=height / 2,
            fill=color("pod"),
            stroke=color("line"),
            stroke_width="1.4",
        ),
        text(x, y - 8 if words else y, fit(name, width - 14, size, bold=True), size, bold=True),
        text(x, y + 8, fit(words, width - 14, 12), 12, "ink2") if words else "",
        class_="node",
    )


Frame = tuple[float, float, float, float]
INSET = 3.0


def _inset(frame: Frame) -> Frame:
    """Graphviz lets frames touch; ours keep a distance."""
    return frame[0], frame[1] + INSET, frame[2], frame[3] - INSET


def namespace(frame: Frame) -> Markup:
    """The round frame of a namespace."""
    x0, y0, x1, y1 = _inset(frame)
    return el("g", rect(x0, y0, x1 - x0, y1 - y0, "cluster", rx=9, stroke=color("clusterline")), class_="cluster")


def namespace_name(frame: Frame, name: str, sentence: str = "", quiet: bool = False) -> Markup:
    """Its name at the top left, above all lines; ``sentence`` stands beside the name and replaces lines."""
    x0, y0, x1, _ = _inset(frame)
    word = "" if quiet else spoken("namespace") + " "
    start, y = x0 + 9, y0 + 12
    offset = text_width(word, 12)
    limit = x1 - start - offset - 4
    if sentence:
        limit = max(limit - text_width(sentence, 13, bold=True) - 16, 60)
    shown = fit(name, limit, 13, bold=True)
    parts = [
        text(start, y, word.strip(), 12, "ink2", anchor="start", halo="cluster") if word else "",
        text(start + offset, y, shown, 13, "ink2", bold=True, anchor="start", halo="cluster"),
    ]
    if sentence:
        offset += text_width(shown, 13, bold=True) + 14
        parts.append(text(start + offset, y, sentence, 13, "allowed", bold=True, anchor="start", halo="cluster"))
    return join(parts)


@dataclass(frozen=True)
class Stroke:
    """How a state is drawn: role, width, dashes and the size of its arrowhead (length, half width)."""

    role: str
    width: float
    dash: str = ""
    head: tuple[float, float] = (13.0, 4.5)
    hollow: bool = False


STROKES: dict[str, Stroke] = {
    "allowed": Stroke("allowed", 2.4),
    "blocked": Stroke("blocked", 2.2, "5 3", (12.0, 4.5), hollow=True),
    "plugin": Stroke("changed", 2.6, "2.6 3", hollow=True),
    "opened": Stroke("allowed", 4, head=(15.0, 6.5)),
    "closed": Stroke("blocked", 2.8, "6 3", (12.0, 5.0), hollow=True),
    "changed": Stroke("changed", 1.6, head=(12.0, 5.0)),
    "same": Stroke("line", 1.4, head=(10.0, 3.6)),
    "dns": Stroke("line", 1.2, "1.2 4", (9.0, 3.2)),
}


def line(points: Sequence[Point], state: LineState, stop: str = "", *, both_ways: bool = False) -> Markup:
    """A line along cubic curves. A blocked one ends in a bar where it stopped: at the source, the target or both."""
    stroke = STROKES[state]
    curve = list(points)
    at_source, at_target = stop in ("egress", "both ends"), stop in ("ingress", "both ends", "ports differ")
    ends: list[Markup] = []
    if at_target:
        ends.append(_bar(curve[-1], _direction(curve[-1], curve[:-1][::-1]), stroke))
    else:
        curve, head = _with_head(curve, stroke)
        ends.append(head)
    if at_source:
        ends.append(_bar(curve[0], _direction(curve[0], curve[1:]), stroke))
    elif both_ways:
        curve, head = _with_head(curve[::-1], stroke)
        curve.reverse()
        ends.append(head)
    strokes = [_parallel(curve, 1.7), _parallel(curve, -1.7)] if state == "changed" else [curve]
    paths = [
        el(
            "path",
            d=_path(piece),
            fill="none",
            stroke=color(stroke.role),
            stroke_width=number(stroke.width),
            stroke_dasharray=stroke.dash or None,
        )
        for piece in strokes
    ]
    return el("g", *paths, *ends, class_=f"edge {state}")


def _path(points: Sequence[Point]) -> str:
    (x, y), *rest = points
    return f"M{number(x)},{number(y)}C" + " ".join(f"{number(px)},{number(py)}" for px, py in rest)


def _direction(start: Point, others: Sequence[Point]) -> Point:
    """The unit vector from ``start`` to the first point that is really elsewhere."""
    for x, y in others:
        length = math.hypot(x - start[0], y - start[1])
        if length > 0.5:
            return (x - start[0]) / length, (y - start[1]) / length
    return 1.0, 0.0


def _bar(end: Point, inward: Point, stroke: Stroke) -> Markup:
    """The closed door that stopped a line, across its end."""
    half, x, y = 9.0, end[0] + inward[0] * 2.5, end[1] + inward[1] * 2.5
    return el(
        "line",
        x1=x - inward[1] * half,
        y1=y + inward[0] * half,
        x2=x + inward[1] * half,
        y2=y - inward[0] * half,
        stroke=color(stroke.role),
        stroke_width="5",
    )


def _with_head(curve: list[Point], stroke: Stroke) -> tuple[list[Point], Markup]:
    """The curve, shortened to the base of an arrowhead, and that arrowhead with its tip at the curve's end."""
    length, half = stroke.head
    tip = curve[-1]
    shorter = _shortened(curve, length - 1)
    base = shorter[-1]
    dx, dy = _direction(tip, [base])
    bx, by = tip[0] + dx * length, tip[1] + dy * length
    corners = (tip, (bx - dy * half, by + dx * half), (bx + dy * half, by - dx * half))
    paint = {"fill": color("pod"), "stroke": color(stroke.role), "stroke_width": "1.8"} if stroke.hollow else {}
    points = " ".join(f"{number(x)},{number(y)}" for x, y in corners)
    return shorter, el("polygon", points=points, **{"fill": color(stroke.role), **paint})


def _shortened(curve: list[Point], length: float) -> list[Point]:
    """Cut ``length`` pixels from the end of a chain of cubic curves."""
    tip = curve[-1]
    while len(curve) > 4 and math.dist(curve[-4], tip) < length:
        curve = curve[:-3]
    low, high = 0.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if math.dist(_split(curve[-4:], middle)[-1], tip) > length else (low, middle)
    return curve[:-4] + _split(curve[-4:], low)


def _split(curve: Sequence[Point], t: float) -> list[Point]:
    """The first part of one cubic curve, up to ``t`` (de Casteljau)."""
    first, row = [curve[0]], list(curve)
    while len(row) > 1:
        row = [(a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for a, b in pairwise(row)]
        first.append(row[0])
    return first


def _parallel(curve: Sequence[Point], distance: float) -> list[Point]:
    """The curve beside a curve; exact where it is straight, near enough where it bends."""
    moved = []
    for i, (x, y) in enumerate(curve):
        before, after = curve[max(i - 1, 0)], curve[min(i + 1, len(curve) - 1)]
        dx, dy = _direction(before, [after])
        moved.append((x - dy * distance, y + dx * distance))
    return moved


def straight(start: Point, end: Point) -> tuple[Point, ...]:
    """A straight line as one cubic curve."""
    (x0, y0), (x1, y1) = start, end
    thirds = ((x0 + (x1 - x0) * k / 3, y0 + (y1 - y0) * k / 3) for k in (1, 2))
    return (start, *thirds, end)
