"""The answer to an exercise: the verdict in words, the count, and a packet that shows what is wrong."""

from __future__ import annotations

from dataclasses import dataclass

from netpol_lab.display import card
from netpol_lab.display.markup import Markup, ascii_text, el, escape, fit, join, plain, prose, svg, text_width
from netpol_lab.display.matrix_twin import short
from netpol_lab.display.theme import WIDTH, color
from netpol_lab.display.why import WHO
from netpol_lab.tell.feedback import CounterExample, Feedback

_SIGNS = {"equivalent": "=", "too open": ">", "too strict": "<", "both": "≠"}
_TITLES = {
    "equivalent": "Equivalent: your policies do what was wanted",
    "too open": "Too open: your policies let in more than was wanted",
    "too strict": "Too strict: your policies block what was wanted",
    "both": "Too open and too strict: your policies let in too much and block too much",
}
_STOOD = {
    "equivalent": "does what was wanted",
    "too open": "is too open",
    "too strict": "is too strict",
    "both": "is too open and too strict",
}
_HOW = "By connections, not by comparing YAML: any policies with this behavior pass."
_BOX_W, _WIDEST, _BOX_H, _LEFT, _TOP = 148, 300, 56, 10, 16


@dataclass(frozen=True)
class CheckPicture(card.Picture):
    """What a check shows: ``passed``, and ``mistake``, the id of the likely one in ``data/mistakes.yaml`` or None."""

    passed: bool = False
    mistake: str | None = None


def draw(result: Feedback, *, title: str | None = None) -> card.Picture:
    """The card of a check. ``title`` None: the verdict."""
    parts: list[Markup] = [_note(result.first)] if result.first else []
    for example in result.counterexamples:
        parts += [_drawing(example), _reason(example)]
    if result.cause:
        parts.append(_cause(result))
    parts += map(_note, result.notes)
    if result.passed or result.how:
        parts.append(el("p", el("b", "How it was checked."), " ", prose(result.how or _HOW), class_="npl-say"))
    return card.figure(
        join([_sign(result), " ", prose(title or _title(result))]),
        join([prose(_count(result)), el("span", class_="npl-clear")]),
        parts,
        twin=_twin(result),
        label=f"Result of the check: {result.verdict}",
        drawn=False,
        rules=_RULES + card.HIDE + WHO,
    )


def _title(result: Feedback) -> str:
    """The verdict; after what has to be known before it, where there is something."""
    if not result.first:
        return _TITLES[result.verdict]
    return f"{result.first.partition(': ')[0]}. What stood before {_STOOD[result.verdict]}"


def _sign(result: Feedback) -> Markup:
    """The sign of the verdict beside title and quiet line. Solid: done; framed: not yet."""
    kind = "npl-done" if result.passed else "npl-open"
    return el("span", _SIGNS[result.verdict], class_=f"npl-verdict {kind}")


def _count(result: Feedback) -> str:
    wanted = f"{result.right} of {result.wanted_cells} connections as wanted"
    words = f"{wanted}, {result.leaks} leak, {result.missing} missing."
    leaks, missing = (any(e.leak == leak for e in result.counterexamples) for leak in (True, False))
    one_of = [
        f"one of the {noun}"
        for noun, number, shown in (("leaks", result.leaks, leaks), ("missing ones", result.missing, missing))
        if number > 1 and shown
    ]
    return f"{words} {' and '.join(one_of).capitalize()}:" if one_of else words


def _drawing(example: CounterExample) -> Markup:
    """Two boxes and two lines: what was wanted above, what the policies do below."""
    on = f"{example.protocol} {example.port}"
    wanted, got = _word(example.wanted), _word(example.got)
    ends = [(example.source, example.source_note), (example.destination, example.destination_note)]
    wide = min(max(_BOX_W, *(_room_for(*end) for end in ends)), _WIDEST)
    drawing = svg(
        WIDTH,
        _BOX_H + 2 * _TOP,
        f"Counter-example: {example.source} to {example.destination} on {on}",
        f"{example.source} to {example.destination} on {on}: wanted {wanted}, your policies {got}.",
        _line(example, example.wanted, "wanted", _TOP + 10, wide),
        _line(example, example.got, "your policies", _TOP + _BOX_H - 9, wide),
        _end(_LEFT, wide, *ends[0]),
        _end(WIDTH - _LEFT - wide, wide, *ends[1]),
    )
    return el("div", drawing, class_="npl-draw", style="display:none")


def _word(allowed: bool) -> str:
    return "allowed" if allowed else "blocked"


def _room_for(id: str, note: str) -> float:
    """How wide a box has to be for its two lines."""
    return 10 + max(text_width(id.rpartition("/")[2], 14, bold=True), text_width(note, 12))


def _end(x: float, wide: float, id: str, note: str) -> Markup:
    namespace, _, name = id.rpartition("/")
    middle, top, room = x + wide / 2, _TOP, wide - 10
    note = note or (f"namespace {namespace}" if namespace else "")
    if text_width(note, 12) > room:
        note = note.removeprefix("namespace ")
    frame = {"fill": color("pod"), "stroke": color("ink"), "stroke_width": 2}
    texts = [_text(middle, top + (24 if note else 33), fit(name, room, 14, bold=True), 14, "ink", True)]
    if note:
        texts.append(_text(middle, top + 42, fit(note, room, 12), 12, "ink2"))
    if namespace:
        box = el("rect", x=x, y=top, width=wide, height=_BOX_H, **frame)
    else:  # the outside is the one round shape
        box = el("ellipse", cx=middle, cy=top + _BOX_H / 2, rx=wide / 2, ry=_BOX_H / 2, **frame)
    return join([box, *texts])


def _text(x: float, y: float, words: str, size: float, paint: str, bold: bool = False) -> Markup:
    weight = 700 if bold else None
    return el("text", words, x=x, y=y, font_size=size, font_weight=weight, fill=color(paint), text_anchor="middle")


def _line(example: CounterExample, allowed: bool, who: str, y: float, wide: float) -> Markup:
    start, end = _LEFT + wide, WIDTH - _LEFT - wide
    paint = "allowed" if allowed else "blocked"
    sign = "✓" if allowed else "✕"
    label = el(
        "text",
        el("tspan", f"{who} ", fill=color("ink2")),
        el("tspan", f"{sign} {_word(allowed)}", fill=color(paint), font_weight=700),
        x=(start + end) / 2,
        y=y - 7,
        font_size=13,
        fill=color("ink2"),
        text_anchor="middle",
    )
    if allowed:
        head = el("path", d=f"M{end - 13} {y - 6.5} L{end} {y} L{end - 13} {y + 6.5} Z", fill=color(paint))
        return join([_stroke(start + 1, end - 11, y, paint, 2.8), head, label])
    return join([_stroke(start + 1, end - 2, y, paint, 2.4, "7 4"), *_bars(example, start, end, y), label])


def _stroke(x1: float, x2: float, y: float, paint: str, width: float, dash: str = "") -> Markup:
    line = {"x1": x1, "y1": y, "x2": x2, "y2": y, "stroke": color(paint)}
    return el("line", **line, stroke_width=width, stroke_dasharray=dash or None)


def _bars(example: CounterExample, start: float, end: float, y: float) -> list[Markup]:
    """A blocked line ends in a bar where it stops: at the source, at the target, or at both."""
    places = {"egress": [start + 1], "ingress": [end - 6], "both ends": [start + 1, end - 6]}[example.stops_at]
    return [el("rect", x=x, y=y - 9, width=5, height=18, fill=color("blocked")) for x in places]


def _reason(example: CounterExample) -> Markup:
    head = f"{example.source} → {example.destination}, {example.protocol} {example.port}."
    both = f" Wanted {_word(example.wanted)}, your policies: {_word(example.got)}. "
    where = el("span", " ", example.reason_lines, class_="npl-who") if example.reason_lines else ""
    # the drawing says it to the eye; these words are for a page without it
    hidden = el("span", both, class_="npl-hide")
    return el("p", el("b", escape(head)), " ", hidden, prose(example.reason), where, class_="npl-say")


def _cause(result: Feedback) -> Markup:
    first, dot, rest = result.cause.partition(". ")
    where = el("span", " ", result.cause_lines, class_="npl-who") if result.cause_lines else ""
    return el("p", el("b", "Likely cause: ", prose(first + dot.strip())), " ", prose(rest), where, class_="npl-say")


def _note(note: str) -> Markup:
    head, colon, rest = note.partition(": ")
    return el("p", el("b", prose(head + colon.strip())), " ", prose(rest), class_="npl-say")


def _twin(result: Feedback) -> str:
    """The same in ASCII: no card says more than this."""
    sign = {"≠": "!"}.get(_SIGNS[result.verdict], _SIGNS[result.verdict])
    name = "TOO OPEN AND TOO STRICT" if result.verdict == "both" else result.verdict.upper()
    count = f"{result.right} of {result.wanted_cells} connections as wanted"
    lines = [f"{sign}  {name}   {count}; {result.leaks} leak, {result.missing} missing"]
    if result.first:
        lines += ["", f"   first: {ascii_text(plain(result.first))}"]
    for example in result.counterexamples:
        lines += ["", *_twin_example(example)]
    if result.cause:
        where = f" ({ascii_text(result.cause_lines)})" if result.cause_lines else ""
        lines += ["", f"   likely cause: {ascii_text(plain(result.cause))}{where}"]
    for note in result.notes:
        lines += ["", f"   note: {ascii_text(plain(note))}"]
    if result.passed or result.how:
        lines += ["", f"   how it was checked: {ascii_text(plain(result.how or _HOW))}"]
    return "\n".join(lines)


def _twin_example(example: CounterExample) -> list[str]:
    where = f" ({ascii_text(example.reason_lines)})" if example.reason_lines else ""
    rows = []
    for who, allowed in (("wanted", example.wanted), ("your policies", example.got)):
        rows.append(f"     {who:<13}  {'.' if allowed else 'X'}  {_word(allowed)}")
    return [
        f"   {short(example.source)} -> {short(example.destination)}  {example.protocol} {example.port}",
        *rows,
        f"     {ascii_text(plain(example.reason))}{where}",
    ]


# A notebook is one page: what is said of every title there would move the titles of all figures. Hence :has().
_RULES = """
& .npl-verdict { float: left; width: 54px; height: 54px; box-sizing: border-box; margin: 0 14px 0 0;
  border-radius: 6px;
  font-size: 30px; line-height: 46px; font-weight: 700; text-align: center; border: 3px solid var(--npl-ink) }
& .npl-done { background: var(--npl-ink); color: var(--npl-onink) }
& .npl-open { background: var(--npl-card); color: var(--npl-ink) }
& .npl-clear { display: block; clear: left }
& .npl-draw { display: block !important }
& .npl-say { margin: 0; padding: 9px 0; border-top: 1px solid var(--npl-hair); color: var(--npl-ink) }
"""
