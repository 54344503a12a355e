"""Why one connection works or not: five gates, the reason, the near miss, the smallest change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from netpol_lab.connections import Flow
from netpol_lab.display import card
from netpol_lab.display.letters import compare
from netpol_lab.display.markup import Markup, code, el, escape, icon, join, plain
from netpol_lab.display.theme import color
from netpol_lab.display.why_svg import gates
from netpol_lab.display.why_twin import twin
from netpol_lab.engine.verdict import Condition
from netpol_lab.model.language import spoken
from netpol_lab.model.origin import Origin
from netpol_lab.model.phrases import capital, place_of
from netpol_lab.tell.condition_words import condition_words, subject_words
from netpol_lab.tell.saying import say
from netpol_lab.tell.step_words import ToldStep
from netpol_lab.tell.why_reasons import Reason
from netpol_lab.tell.why_story import WhyStory, tell
from netpol_lab.tell.words import Mono, Quiet, Sentence, text

if TYPE_CHECKING:
    import pandas

    from netpol_lab.coach.change import Change


@dataclass(frozen=True)
class WhyPicture(card.Picture):
    """The reasons as a picture, as text, and as a table."""

    steps: tuple[ToldStep, ...] = field(default=(), repr=False)

    @property
    def frame(self) -> pandas.DataFrame:
        """One row per step, in order: ``step``, ``state`` and ``facts`` (texts)."""
        import pandas

        rows = [(step.name, step.state, ", ".join(step.lines)) for step in self.steps]
        return pandas.DataFrame(rows, columns=["step", "state", "facts"])


def draw(
    flow: Flow,
    *,
    change: Change | None = None,
    saw: tuple[str, str] | None = None,
    withheld: str = "",
) -> WhyPicture:
    """The gates of a connection attempt.

    ``change`` must have been simulated: the picture says so. ``saw`` is the command and the client's own words.
    ``withheld`` is the reason for which only the verdict and its gate are shown, without near misses and reasons.
    """
    story = _withheld(flow, withheld) if withheld else tell(flow)
    near = next((c for reason in story.reasons for c in reason.conditions), None)
    passes, stops = "Why {source} reaches {target} on {on}", "Why {source} cannot reach {target} on {on}"
    ends = {"source": story.source_name, "target": story.target_name, "on": f"{story.protocol} {story.port}"}
    alt = spoken(passes if story.stop is None else stops, **ends)
    boxes = [_box(reason) for reason in story.reasons]
    then = _then(change, flow)
    if change is not None:
        boxes.append(_change_box(change, then))
    if saw is not None:
        boxes.append(
            card.note(join([spoken("What you saw:"), " ", code(saw[0]), " → ", el("code", saw[1], class_="npl-heard")]))
        )
    direct = next((text(r.lines[0]) for r in story.reasons if r.by_address), "")
    return card.figure(
        escape(story.title),
        markup(story.quiet),
        gates(story, alt, _description(story), near),
        boxes,
        legend=_legend(story),
        twin=twin(story, _one_line(change, then), saw, f"by address: {direct}" if direct else withheld),
        label=plain(escape(story.title)),
        left_out=flow.caveats,
        rules=_RULES + WHO,
        kind=WhyPicture,
        steps=story.steps,
    )


def _withheld(flow: Flow, reason: str) -> WhyStory:
    """What a packet shows, and why no more is told."""
    return replace(tell(flow.without_near_misses()), reasons=(Reason(say("locks.heading"), ((reason,),), edge="ink"),))


def markup(sentence: Sentence) -> Markup:
    """A sentence with its mono parts as code and its quiet parts quiet."""
    return join(_part(part) for part in sentence)


def _part(part: str) -> Markup:
    if isinstance(part, Quiet):
        return el("span", str(part), class_="npl-who")
    return code(part) if isinstance(part, Mono) else escape(part)


def _one_line(change: Change | None, then: str) -> str:
    if change is None:
        return ""
    besides = f" {change.besides}" if change.besides else ""
    return f"{'; then '.join(change.command.splitlines())} {spoken('(checked: {then})', then=then)}{besides}"


def _then(change: Change | None, flow: Flow) -> str:
    """What the change was checked to do. At a name it lets the question pass, and the connection comes after that."""
    if change is not None and change.stops:
        return spoken("then blocked")
    if flow.outcome == "dns timed out":
        return spoken("then the name resolves")
    return spoken("then allowed")


def _box(reason: Reason) -> Markup:
    lines = [el("div", markup(line)) for line in reason.lines]
    if reason.conditions:
        lines.append(el("div", *(row for c in reason.conditions for row in _rows(c)), class_="npl-diff"))
    if reason.profiles:
        lines.append(_profiles(reason.profiles))
    return card.box(markup(reason.heading), *lines, edge=reason.edge, tint=reason.edge == "blocked")


_HAS = {
    "pod label": "the pod has",
    "namespace label": "the namespace has",
    "namespace": "the pod is in",
    "address": "the address is",
    "outside": "the other end has",
}


def _rows(condition: Condition) -> list[Markup]:
    """Two lines that stand one above the other, with what differs marked."""
    aligned = compare(condition)
    wanted = [_piece(piece.wanted, piece.same) for piece in aligned.pieces]
    found = [_piece(piece.found, piece.same) for piece in aligned.pieces]
    note = f" ({aligned.note})" if aligned.note else ""
    return [
        _row(spoken("the rule wants"), wanted, _place(condition.origin)),
        _row(spoken(_HAS.get(condition.kind, "the connection is")), found, f"{subject_words(condition)}{note}"),
    ]


def _place(origin: Origin | None) -> str:
    return place_of(origin)


def _piece(words: str, same: bool) -> Markup:
    return escape(words) if same else el("b", words, class_="npl-d")


def _row(who: str, label: Sequence[Markup], where: str) -> Markup:
    return el(
        "div",
        el("span", who, class_="npl-who"),
        " ",
        el("code", *label),
        " ",
        el("span", where, class_="npl-who"),
    )


def _profiles(answers: Sequence[tuple[str, str]]) -> Markup:
    head = el("tr", el("th", "network plugin", scope="col"), el("th", "answer", scope="col"))
    signs = {"allowed": "✓ ", "blocked": "✕ "}
    rows = (el("tr", el("th", name, scope="row"), el("td", signs.get(a, "? "), a)) for name, a in answers)
    return el("table", el("thead", head), el("tbody", *rows), class_="npl-plugins")


def _change_box(change: Change, then: str) -> Markup:
    """A command stands in the mono font; a rule in words does not."""
    parts = []
    lines = change.command.splitlines()
    for number, line in enumerate(lines, 1):
        words = code(line) if line.startswith("kubectl ") else escape(capital(line))
        checked = (
            el("span", " " + spoken("(checked: {then})", then=then), class_="npl-who") if number == len(lines) else ""
        )
        parts.append(el("div", words, checked))
    if change.besides:
        parts.append(el("div", change.besides, class_="npl-who"))
    if change.stops:
        return card.box(spoken("Smallest change that stops it"), *parts, edge="blocked")
    return card.box(spoken("Smallest change that admits it"), *parts, edge="allowed")


def _description(story: WhyStory) -> str:
    """For those who do not see the drawing."""
    if story.stop is None:
        return f"{text(story.quiet)} {' '.join(_sentence(reason) for reason in story.reasons)}".strip()
    step = story.steps[story.stop]
    stops = {"number": story.stop + 1, "step": step.name.lower(), "said": step.said}
    parts = [spoken("Stops at step {number}, {step}: {said}.", **stops)]
    for condition in (c for reason in story.reasons for c in reason.conditions):
        parts.append(condition_words("near miss", condition))
    return " ".join(parts)


def _sentence(reason: Reason) -> str:
    return f"{text(reason.heading)}."


def _legend(story: WhyStory) -> list[tuple[Markup | str, str]]:
    """Only what this drawing uses."""
    states = {(step.name in ("Egress", "Ingress"), step.state) for step in story.steps}
    items: list[tuple[Markup | str, str]] = [(_icon("circle"), "lookup, no policy involved")]
    if (True, "open") in states:
        items.append((_icon("open"), "not isolated: no door"))
    if (True, "admitted") in states:
        items.append((_icon("admitted"), "isolated, a rule opens the door"))
    if (True, "would admit") in states:
        items.append((_icon("would"), "not reached, a rule would admit"))
    if story.stop is not None:
        items.append((_icon("stop"), "stops here"))
    return items


def _icon(kind: str) -> Markup:
    """The drawing of a gate, small."""
    if kind == "circle":
        shape = el("circle", cx=10, cy=12, r=8, fill=color("card"), stroke=color("line"), stroke_width=2.4)
    elif kind == "stop":
        cross = el("path", d="M6 8 L14 16 M14 8 L6 16", fill="none", stroke=color("onmark"), stroke_width=2)
        shape = join([el("rect", x=0, y=0, width=20, height=24, fill=color("blocked")), cross])
    elif kind == "would":
        frame = el("rect", x=3, y=1, width=14, height=22, fill="none", stroke=color("line"), stroke_dasharray="3 2")
        tick = el("path", d="M7 14 L9.5 17 L14 10", fill="none", stroke=color("ink2"), stroke_width=1.6)
        shape = join([frame, tick])
    else:
        fill, stroke = ("ink", "ink") if kind == "admitted" else ("selftint", "line")
        shape = join(
            el("rect", x=0.5, y=y, width=19, height=8, fill=color(fill), stroke=color(stroke)) for y in (1.5, 14.5)
        )
    return icon(20, 24, shape)


WHO = "& .npl-who { color: var(--npl-ink2); font-size: 13px }"
"""What stands back in a sentence: places, line numbers."""

_RULES = """
& .npl-heard { color: var(--npl-ink) }
& .npl-diff { display: grid; grid-template-columns: max-content fit-content(50%) minmax(70px, 1fr); gap: 0 14px;
  align-items: baseline; margin-top: 4px; overflow-x: auto; scrollbar-color: auto;
  padding-bottom: 2px }
& .npl-diff > div { display: contents }
& .npl-diff code { font-size: 15px; white-space: pre-wrap; overflow-wrap: anywhere }
& .npl-diff .npl-d { border-bottom: 3px solid var(--npl-blocked); font-weight: 700 }
& .npl-plugins { border-collapse: collapse; margin: 6px 0 0; font-size: 13px; color: var(--npl-ink); border: 0;
  table-layout: auto }
& .npl-plugins tr, & .npl-plugins tbody tr:nth-child(odd), & .npl-plugins tbody tr:nth-child(even),
& .npl-plugins tbody tr:hover { background: none; border: 0 }
& .npl-plugins thead { border-bottom: 1px solid var(--npl-line) }
& .npl-plugins th, & .npl-plugins td { text-align: left; padding: 2px 18px 2px 0; border: 0; background: none;
  color: var(--npl-ink); font-weight: 400; vertical-align: baseline }
"""
