"""The five gates of one connection, as a drawing narrow enough for a small window."""

from __future__ import annotations

import re

from netpol_lab.display.markup import Markup, broken, el, fit, join, svg, text_width
from netpol_lab.display.theme import color
from netpol_lab.engine.verdict import Condition
from netpol_lab.model.language import spoken
from netpol_lab.tell.condition_words import found_words
from netpol_lab.tell.step_words import ToldStep
from netpol_lab.tell.why_story import WhyStory

_BOX_W, _Y, _COLUMN = 118, 92, 104
_SOURCE_X, _TARGET_X, _WIDTH = 5, 643, 766
_CENTERS = tuple(175 + _COLUMN * i for i in range(5))
_SIGNS = {"Egress": "↦", "Ingress": "⇥"}
_FACT_Y, _FACT_STEP, _FACT_LINES = 154, 16, 4
_FACT_ROOM = _COLUMN - 4


def gates(story: WhyStory, title: str, desc: str, near: Condition | None) -> Markup:
    """The whole drawing. ``near`` is a label that differs: then the pod's box shows that label."""
    lift = 0 if story.stop is not None else 26  # without the flag the picture begins at the titles
    facts = [_fact_lines(step) for step in story.steps]
    height = _FACT_Y + _FACT_STEP * (max(map(len, facts)) - 1) + 10 - lift
    parts = [
        _track(story),
        _end_box(_SOURCE_X, story.source_name, _source_note(story, near), spoken("source"), reached=True),
        _end_box(_TARGET_X, story.target_name, story.target_note, _arrival(story), reached=story.stop is None),
        *(_step(story, i, facts[i]) for i in range(5)),
    ]
    return svg(_WIDTH, height, title, desc, el("g", *parts, transform=f"translate(0 -{lift})"))


def _source_note(story: WhyStory, near: Condition | None) -> str:
    if near is None or near.kind != "pod label" or near.subject != story.source:
        return story.source_note
    if near.value is not None and near.requirement is not None:
        return f"{near.requirement.key}: {near.value}"
    return found_words(near) if near.mixed_up else story.source_note


def _arrival(story: WhyStory) -> str:
    if story.stop is not None:
        return spoken("not reached")
    return spoken("depends" if story.sign == "?" else "reached")


def _write(x: float, y: float, words: str, size: float, paint: str, bold: bool = False) -> Markup:
    return el(
        "text",
        words,
        x=x,
        y=y,
        font_size=size,
        font_weight=700 if bold else None,
        fill=color(paint),
        text_anchor="middle",
    )


def _rect(
    x: float, y: float, w: float, h: float, fill: str, stroke: str = "", width: float = 1, dash: str = ""
) -> Markup:
    return el(
        "rect",
        x=x,
        y=y,
        width=w,
        height=h,
        fill=color(fill),
        stroke=color(stroke) if stroke else None,
        stroke_width=float(width) if stroke else None,
        stroke_dasharray=dash or None,
    )


def _line(x1: float, x2: float, paint: str, width: float, dash: str = "") -> Markup:
    return el(
        "line", x1=x1, y1=_Y, x2=x2, y2=_Y, stroke=color(paint), stroke_width=width, stroke_dasharray=dash or None
    )


def _end_box(x: float, name: str, note: str, below: str, reached: bool) -> Markup:
    middle, room = x + _BOX_W / 2, _BOX_W - 8
    frame = ("ink", 2.0, "") if reached else ("line", 1.4, "4 3")
    ink = "ink" if reached else "ink2"
    size = next((size for size in (14, 13) if text_width(name, size, bold=True) <= room), 12)
    lines = [(line, size, ink, True) for line in broken(name, room, size, bold=True)]
    lines += [(fit(note, room, 12), 12, "ink2", False)] if note else []
    half = max(26, 9 * len(lines) + 8)
    return join(
        [
            _rect(x, _Y - half, _BOX_W, 2 * half, "pod" if reached else "card", *frame),
            *(_write(middle, _Y + 14 - 9 * len(lines) + 18 * i, *line) for i, line in enumerate(lines)),
            _write(middle, _Y + half + 22, below, 12.5, "ink2"),
        ]
    )


def _track(story: WhyStory) -> Markup:
    """The flow to where it stops, or to the target; then dots."""
    start, end = _SOURCE_X + _BOX_W, _TARGET_X - 2
    if story.stop is not None:
        stop = _CENTERS[story.stop]
        return join(
            [_line(start, stop, "allowed", 5), _line(stop, end - 4, "line", 1.6, "2 5")],
        )
    if story.sign == "?":
        head = f"M{end - 14} {_Y - 7} L{end} {_Y} L{end - 14} {_Y + 7} Z"
        arrow = el("path", d=head, fill=color("card"), stroke=color("changed"), stroke_width=1.6)
        return join([_line(start, end - 14, "changed", 2.6, "2 5"), arrow])
    arrow = el("path", d=f"M{end - 15} {_Y - 9} L{end} {_Y} L{end - 15} {_Y + 9} Z", fill=color("allowed"))
    return join([_line(start, end - 12, "allowed", 5), arrow])


def _step(story: WhyStory, index: int, facts: list[tuple[str, str, bool]]) -> Markup:
    step, x = story.steps[index], _CENTERS[index]
    quiet = step.state in ("unused", "not reached", "would admit")
    title = _write(x, 42, f"{index + 1} {step.name}", 14, "ink2" if quiet else "ink", not quiet)
    lines = [
        _write(x, _FACT_Y + _FACT_STEP * i, words, 12.5, paint, bold) for i, (words, paint, bold) in enumerate(facts)
    ]
    paint = "changed" if story.sign == "?" and story.stop is None else "allowed"
    shape = _gate(step, x) if step.name in _SIGNS else _lookup(step, x, paint)
    return join([title, shape, _flag(x) if step.state == "stopped" else "", *lines])


def _flag(x: float) -> Markup:
    """The loudest mark of the picture, once."""
    return join(
        [
            el("rect", x=x - 54, y=0, width=108, height=22, rx=3, fill=color("blocked")),
            _rect(x - 1.5, 22, 3, 6, "blocked"),
            _write(x, 15.5, "✕ " + spoken("stops here"), 13, "onmark", True),
        ]
    )


def _lookup(step: ToldStep, x: float, paint: str) -> Markup:
    """Name, Service and port: no policy is involved."""
    if step.state == "stopped":
        return join([el("circle", cx=x, cy=_Y, r=22, fill=color("blocked")), _cross(x, _Y, 8)])
    if step.state == "unused":
        mark = _write(x, _Y + 4, "–", 12, "ink2", True)
        return join([_circle(x, 9, "line", 1.6), mark])
    if step.state == "not reached":
        return _circle(x, 12, "line", 1.4, "4 3")
    return join([_circle(x, 13, paint, 3), _write(x, _Y + 5, "✓", 14, paint)])


def _circle(x: float, r: float, paint: str, width: float, dash: str = "") -> Markup:
    return el(
        "circle",
        cx=x,
        cy=_Y,
        r=r,
        fill=color("card"),
        stroke=color(paint),
        stroke_width=width,
        stroke_dasharray=dash or None,
    )


def _gate(step: ToldStep, x: float) -> Markup:
    """Egress and ingress: open, opened by a rule, closed, or not reached."""
    sign = _SIGNS[step.name]
    if step.state == "stopped":
        return join(
            [
                _rect(x - 15, _Y - 40, 30, 80, "blocked"),
                _write(x, _Y - 20, sign, 15, "onmark", True),
                _cross(x, _Y + 1, 7),
            ]
        )
    if step.state in ("not reached", "would admit"):
        tick = _write(x, _Y + 27, "✓", 13, "ink2") if step.state == "would admit" else ""
        door = el(
            "rect",
            x=x - 13,
            y=_Y - 36,
            width=26,
            height=72,
            fill="none",
            stroke=color("line"),
            stroke_width=1.4,
            stroke_dasharray="4 3",
        )
        return join([door, tick])
    opened = step.state == "admitted"
    fill, stroke, paint = ("ink", "ink", "onink") if opened else ("selftint", "line", "ink2")
    blocks = [_rect(x - 13, _Y + dy, 26, 24, fill, stroke) for dy in (-36, 12)]
    upper = _write(x, _Y - 19, sign if opened else "→", 14, paint, True)
    return join([*blocks, upper, _write(x, _Y + 29, "✓", 14, paint) if opened else ""])


def _cross(x: float, y: float, arm: float) -> Markup:
    d = f"M{x - arm} {y - arm} L{x + arm} {y + arm} M{x + arm} {y - arm} L{x - arm} {y + arm}"
    return el("path", d=d, fill="none", stroke=color("onmark"), stroke_width=2.6)


def _fact_lines(step: ToldStep) -> list[tuple[str, str, bool]]:
    """At most three lines of at most a column's width; the first of a stop or an admission is bold."""
    lines: list[tuple[str, str, bool]] = []
    for index, fact in enumerate(step.lines):
        bold = index == 0 and step.state in ("stopped", "admitted")
        paint = "ink2" if not bold else "blocked" if step.state == "stopped" else "ink"
        lines += [(line, paint, bold) for line in _wrap(fact, bold)]
    if len(lines) > _FACT_LINES:
        last = lines[_FACT_LINES - 1]
        lines = [*lines[: _FACT_LINES - 1], (fit(_ended(last[0]), _FACT_ROOM, 12.5), last[1], last[2])]
    return lines


def _ended(line: str) -> str:
    """A line after which something is left out; one that ends with a comma holds a whole name."""
    return line.removesuffix(",") if line.endswith(",") else line + "…"


def _wrap(words: str, bold: bool) -> list[str]:
    """Break after blanks, ``-``, ``.``, ``/`` and ``,`` where a line is full."""
    lines = [""]
    words = re.sub(r"rule (?=\d)", "rule\u00a0", words)  # "rule 1" stays together
    for piece in re.findall(r"[^-./, ]*[-./, ]|[^-./, ]+", words) or [words]:
        if lines[-1] and text_width((lines[-1] + piece).rstrip(), 12.5, bold) > _FACT_ROOM - 2:
            lines.append("")
        lines[-1] += piece
    return [fit(line.strip(), _FACT_ROOM, 12.5, bold) for line in lines]
