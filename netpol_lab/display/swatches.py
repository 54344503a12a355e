"""The small samples in a legend, drawn with the same shapes as the pictures."""

from __future__ import annotations

from collections.abc import Iterable

from netpol_lab.display.markup import Markup, el, icon
from netpol_lab.display.shapes import Doors, LineState, PodLook, door, line, rect, straight
from netpol_lab.display.theme import color

WORDS = {
    "allowed": "allowed",
    "blocked": "blocked, at the bar",
    "plugin": "? depends on the network plugin",
    "opened": "+ newly allowed",
    "closed": "− newly blocked, at the bar",
    "changed": "~ ports changed",
    "same": "unchanged",
    "dns": "DNS, all pods",
}

Legend = list[tuple[Markup | str, str]]


def lines(used: Iterable[tuple[LineState, str]]) -> Legend:
    """One item per state that the picture uses. A blocked line shows its bar where the picture has it."""
    stops: dict[LineState, str] = {}
    for state, stop in used:
        stops.setdefault(state, stop)
    return [(_line(state, stops[state]), WORDS[state]) for state in WORDS if state in stops]


def _line(state: LineState, stop: str) -> Markup:
    return icon(44, 20, line(straight((1, 10), (43, 10)), state, stop))


def doors(used: Iterable[Doors]) -> Legend:
    """What the doors of this picture mean: at most one item for closed, open and changed doors each."""
    looks = set(used)
    into, out = {look.ingress for look in looks}, {look.egress for look in looks}
    items: Legend = []
    for state in ("closed", "newly closed", "newly open", "open"):
        if state in into | out:
            items.append(_doors(state, state in into, state in out))
    return items


def _doors(state: str, ingress: bool, egress: bool) -> tuple[Markup, str]:
    which = "ingress" if not egress else "egress" if not ingress else "ingress (left), for egress (right)"
    only = "" if ingress and egress else ": only what a rule admits gets " + ("in" if ingress else "out")
    words = {
        "closed": f"isolated for {which}{only}",
        "newly closed": f"newly isolated for {which}",
        "newly open": f"no longer isolated for {which}",
        "open": "not isolated",
    }[state]
    return _door_sample(state, ingress, egress), words


def _door_sample(state: str, ingress: bool, egress: bool) -> Markup:
    look = PodLook("", doors=Doors("closed") if "closed" in state else Doors("open"))
    both = ingress and egress and state != "open"
    width, height = (52.0 if both else 40.0), (32.0 if state.startswith("newly") else 22.0)
    role, frame = ("ink", 2) if look.doors.isolated else ("line", 1)
    parts = [rect(1, 1, width - 2, height - 2, "pod")]
    if ingress or state == "open":
        parts.append(door(1, 1, 18, height - 2, state, "⇥"))  # type: ignore[arg-type]
    if egress and state != "open":
        parts.append(door(width - 19, 1, 18, height - 2, state, "↦"))  # type: ignore[arg-type]
    parts.append(
        el(
            "rect",
            x=1.0,
            y=1.0,
            width=width - 2,
            height=height - 2,
            fill="none",
            stroke=color(role),
            stroke_width=frame,
        )
    )
    return icon(width, height, *parts)
