"""One connection as the packets between client and server, and where policies judge it: at the first packet.

D: "Network policies apply to connections, not to packets": replies of an admitted connection pass by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from netpol_lab.connections import Flow
from netpol_lab.display.card import Picture, figure
from netpol_lab.display.markup import Markup, el, fit, icon, join, svg
from netpol_lab.display.markup import table as columns
from netpol_lab.display.shapes import DoorState, LineState, door, line, rect, straight, text
from netpol_lab.display.swatches import Legend
from netpol_lab.display.theme import WIDTH, color
from netpol_lab.model.errors import LabError
from netpol_lab.model.objects import ON_THE_WAY, Pod, name_of
from netpol_lab.tell.saying import line as say
from netpol_lab.tell.step_words import ToldStep, steps_told

_CLIENT, _SERVER, _NOTES = 96.0, 490.0, 534.0
_TOP, _FIRST, _ROW = 8.0, 92.0, 40.0
_DOOR_WIDTH, _DOOR_HEIGHT = 18.0, 34.0

PacketWay = Literal["there", "back"]


@dataclass(frozen=True)
class _Packet:
    """One packet: its way, its name, how its line is drawn, and which door stopped it."""

    way: PacketWay
    name: str
    state: LineState = "same"
    stop: str = ""


@dataclass(frozen=True)
class _Talk:
    """What there is to tell of one connection. ``gates`` are its egress and ingress steps."""

    flow: Flow
    packets: tuple[_Packet, ...]
    title: str
    later: tuple[str, ...]
    gates: tuple[ToldStep, ToldStep]
    stop: str

    @property
    def client(self) -> str:
        return name_of(self.flow.source)

    @property
    def server(self) -> str:
        assert self.flow.destination is not None
        return name_of(self.flow.destination)


def draw(flow: Flow) -> Picture:
    """The packets of one connection attempt, drawn from top to bottom as time goes by.

    ``flow`` is TCP or UDP. Raises :class:`LabError` when no packet was sent to a pod or address:
    the name did not resolve, or the Service has no endpoint.
    """
    talk = _talk(flow)
    ends = {"client": talk.client, "server": talk.server}
    quiet = say("packets.quiet", **ends, port=f"{flow.protocol} {flow.target_port}")
    title = say("packets.label", **ends)
    return figure(
        talk.title,
        quiet,
        _drawing(talk, title),
        legend=_legend(talk),
        twin=_twin(talk),
        label=title,
        left_out=flow.caveats,
    )


# -- what happens --------------------------------------------------------------------------------


def _talk(flow: Flow) -> _Talk:
    if flow.verdict is None or flow.destination is None:
        raise LabError(say("packets.none"))
    egress, ingress = (next(s for s in steps_told(flow) if s.name == name) for name in ("Egress", "Ingress"))
    client, server = name_of(flow.source), name_of(flow.destination)
    first = "SYN: may I connect?" if flow.protocol == "TCP" else "the question"
    stop = flow.verdict.stops_at
    later: tuple[str, ...]
    if stop:
        here = "egress" if stop == "both ends" else stop
        whose = client if here == "egress" else server
        name = first.partition(":")[0]
        again = tuple(_Packet("there", say("packets.again", packet=name, at=at), "blocked", here) for at in _AGAIN)
        packets = (_Packet("there", first, "blocked", here), *again)
        later = ("No answer comes back, not even", "a refusal. The client tries again", "and again, and then gives up.")
        title = say("packets.title.dropped", way=here, end=whose)
        return _Talk(flow, packets, title, later, (egress, ingress), here)
    opening = _Packet("there", first, "allowed")
    if flow.outcome == "refused":
        later = (f"Admitted, and nothing listens on {flow.target_port}.", "The refusal is an answer: it comes at once.")
        title = say("packets.title.refused", server=server)
        return _Talk(flow, (opening, _Packet("back", "RST: refused")), title, later, (egress, ingress), "")
    rest = _TCP if flow.protocol == "TCP" else _UDP
    later = ("No rule is asked for these,", "in either direction:", "they belong to the connection.")
    return _Talk(flow, (opening, *rest), say("packets.title"), later, (egress, ingress), "")


_AGAIN = ("after 1 second", "after 3 seconds")
"""When Linux sends an unanswered SYN anew: it doubles the pause each time (tcp(7), tcp_syn_retries)."""

_TCP = (
    _Packet("back", "SYN-ACK: you may"),
    _Packet("there", "ACK"),
    _Packet("there", "the request"),
    _Packet("back", "the reply"),
    _Packet("there", "FIN: I am done"),
    _Packet("back", "FIN-ACK: so am I"),
)
_UDP = (_Packet("back", "the answer"),)


# -- the drawing ---------------------------------------------------------------------------------


def _drawing(talk: _Talk, title: str) -> Markup:
    last = _FIRST + _ROW * (len(talk.packets) - 1)
    height = max(last, _FIRST + _ROW + 44) + 30
    parts = [
        *(_lifeline(x, name, role, height) for x, name, role in _ends(talk)),
        *(_packet(packet, _FIRST + _ROW * i, i == 0) for i, packet in enumerate(talk.packets)),
        *_doors(talk, last),
        *_notes(talk, last),
    ]
    return svg(WIDTH, height, title, _description(talk), *parts)


def _ends(talk: _Talk) -> tuple[tuple[float, str, str], ...]:
    return (_CLIENT, talk.client, "client"), (_SERVER, talk.server, "server")


def _lifeline(x: float, name: str, role: str, height: float) -> Markup:
    box = 180.0
    shown = fit(name, box - 12, 14, bold=True)
    left = x - box / 2
    return el(
        "g",
        el("line", x1=x, y1=_TOP + 44, x2=x, y2=height - 6, stroke=color("line"), stroke_width="1.4"),
        rect(left, _TOP, box, 44, "pod", stroke=color("line")),
        text(x, _TOP + 15, shown, 14, bold=True),
        text(x, _TOP + 32, role, 12, "ink2"),
        class_="node",
    )


def _packet(packet: _Packet, y: float, first: bool) -> Markup:
    """An arrow from lifeline to lifeline, or to the door that stops it, with its name above."""
    start, end = _CLIENT + 2, _SERVER - 2
    if first or packet.stop:
        start, end = start + _DOOR_WIDTH, end - _DOOR_WIDTH - 2
    points = straight((start, y), (end, y)) if packet.way == "there" else straight((end, y), (start, y))
    role = {"allowed": "allowed", "blocked": "blocked"}.get(packet.state, "ink2")
    sign = {"allowed": "✓ ", "blocked": "✕ "}.get(packet.state, "")
    middle = (_CLIENT + _SERVER) / 2
    label = text(middle, y - 10, sign + packet.name, 13, role, bold=first)
    return join([line(points, packet.state, packet.stop), label])


def _doors(talk: _Talk, last: float) -> list[Markup]:
    """The egress door of the client and the ingress door of the server, where a packet meets them."""
    y = _FIRST - _DOOR_HEIGHT / 2
    below = last + _DOOR_HEIGHT / 2 - y if talk.stop else _DOOR_HEIGHT
    tall = {"egress": _DOOR_HEIGHT, "ingress": _DOOR_HEIGHT} | ({talk.stop: below} if talk.stop else {})
    verdict = talk.flow.verdict
    assert verdict is not None
    gates = verdict.gates
    states: dict[str, DoorState] = {gate.direction: "closed" if gate.isolated else "open" for gate in gates}
    drawn = [
        (verdict.egress, door(_CLIENT + 1, y, _DOOR_WIDTH, tall["egress"], states["egress"], "↦")),
        (verdict.ingress, door(_SERVER - 1 - _DOOR_WIDTH, y, _DOOR_WIDTH, tall["ingress"], states["ingress"], "⇥")),
    ]
    # a node and an outside address have no door: no policy is about them
    return [mark for gate, mark in drawn if isinstance(gate.endpoint, Pod) and not gate.endpoint.host_network]


def _notes(talk: _Talk, last: float) -> list[Markup]:
    """Beside the first packet what was judged; beside the rest why nothing is."""
    x, room = _NOTES, WIDTH - _NOTES
    y = _FIRST - 16
    parts = [text(x, y, say("packets.here.again" if talk.stop else "packets.here"), 13, bold=True, anchor="start")]
    for number, words in enumerate(_judged(talk), 1):
        parts.append(text(x, y + 17 * number, fit(words, room, 12.5), 12.5, anchor="start"))
    top = _FIRST + _ROW - 4
    tall = max(last - top + 12, 17 * len(talk.later) + 4)
    parts.append(rect(x - 16, top, 3, tall, "line"))
    first = top + tall / 2 - 17 * (len(talk.later) - 1) / 2
    for number, words in enumerate(talk.later):
        parts.append(text(x, first + 17 * number, fit(words, room, 12.5), 12.5, "ink2", anchor="start"))
    return parts


def _judged(talk: _Talk) -> tuple[str, str]:
    """What each end said to the first packet."""
    egress, ingress = (
        say("packets.judged", sign=_sign(gate), way=way, words=_words(gate))
        for gate, way in zip(talk.gates, ON_THE_WAY, strict=True)
    )
    return egress, ingress


def _sign(step: ToldStep) -> str:
    return {"stopped": "✕ ", "not reached": "", "would admit": ""}.get(step.state, "✓ ")


def _words(step: ToldStep) -> str:
    if step.state in ("not reached", "would admit"):
        return say("packets.not asked")
    return step.lines[-1] if step.state == "admitted" else step.said


def _legend(talk: _Talk) -> Legend:
    rows: Sequence[tuple[LineState, str]] = (
        [("blocked", "dropped at a closed door")] if talk.stop else [("allowed", "judged and admitted")]
    )
    if any(packet.state == "same" for packet in talk.packets):
        rows = [*rows, ("same", "part of the open connection")]
    return [(_swatch(state), words) for state, words in rows]


def _swatch(state: LineState) -> Markup:
    drawn = line(straight((1, 10), (43, 10)), state, "ingress" if state == "blocked" else "")
    return icon(44, 20, drawn)


# -- as text -------------------------------------------------------------------------------------


def _description(talk: _Talk) -> str:
    """For those who do not see the drawing."""
    packets = ", ".join(say(f"packets.{packet.way}", packet=packet.name) for packet in talk.packets)
    return say("packets.in order", judged="; ".join(_judged(talk)), packets=packets, later=" ".join(talk.later))


def _twin(talk: _Talk) -> str:
    rows = [("", talk.client, "", talk.server, "")]
    for number, packet in enumerate(talk.packets, 1):
        arrow = {"": "-->", "egress": "X  ", "ingress": "--X"}[packet.stop] if packet.way == "there" else "<--"
        judged = "judged, dropped" if packet.stop else "judged, admitted" if number == 1 else "no rule is asked"
        rows.append((str(number), packet.name, arrow, "", judged))
    return "\n".join([*columns(rows), "", *_judged_twin(talk), "", " ".join(talk.later)])


def _judged_twin(talk: _Talk) -> list[str]:
    return columns(
        [
            (".", words[2:]) if words.startswith("✓") else ("X", words[2:]) if words.startswith("✕") else ("", words)
            for words in _judged(talk)
        ]
    )
