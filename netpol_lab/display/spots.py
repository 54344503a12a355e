"""Where the words of a line may stand: on their line, and not on the name of a namespace or on other words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netpol_lab.display.markup import text_width
from netpol_lab.display.shapes import Point

Area = tuple[float, float, float, float]
"""Left, top, right, bottom."""

SHIFTS = (0, 24, -24, 48, -48, 72, -72, 96, -96, 120, -120)
"""How far along its line a label may move, in pixels, the nearest place first."""


def name_area(frame: Area, name: str) -> Area:
    """The name of a namespace at the top left of its frame."""
    left, top = frame[:2]
    return left, top, left + 14 + text_width("namespace ", 12) + text_width(name, 13, bold=True), top + 22


def words_area(center: Point, lines: Sequence[str]) -> Area:
    """The words around a point, as high as they are drawn."""
    half = max(text_width(words, 13, bold=True) for words in lines) / 2
    x, y = center
    return x - half, y - 8 - 16 * (len(lines) - 1), x + half, y + 6


def free_spot(center: Point, lines: Sequence[str], curve: Sequence[Point], taken: Iterable[Area]) -> Point:
    """The nearest place along the curve where the words touch nothing in ``taken``; else their own place."""
    x, y = center
    areas = list(taken)
    path = _sampled(curve)
    here = _height(path, x)
    for shift in SHIFTS:
        there = _height(path, x + shift)
        if here is None or there is None:
            continue
        spot = (x + shift, y + there - here)
        if not any(_overlap(words_area(spot, lines), area) for area in areas):
            return spot
    return center


def _sampled(curve: Sequence[Point]) -> list[Point]:
    """Points on a chain of cubic Bézier curves, 24 steps on each."""
    found = []
    for start in range(0, len(curve) - 3, 3):
        a, b, c, d = curve[start : start + 4]
        for i in range(25):
            t = i / 24
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
            found.append(
                (
                    sum(w * p[0] for w, p in zip(weights, (a, b, c, d), strict=True)),
                    sum(w * p[1] for w, p in zip(weights, (a, b, c, d), strict=True)),
                )
            )
    return found


def _height(path: Sequence[Point], x: float) -> float | None:
    """How high the path is at ``x``; None beside its ends."""
    near = min(path, key=lambda point: abs(point[0] - x), default=None)
    return near[1] if near is not None and abs(near[0] - x) < 16 else None


def _overlap(one: Area, other: Area) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
