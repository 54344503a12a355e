"""One NetworkPolicy as sentences beside its YAML: what each part says, and what it does to the pods of now."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import replace

from netpol_lab.connections.scene import Scene
from netpol_lab.display import card
from netpol_lab.display.markup import TWIN_WIDTH, Markup, ascii_text, code, el, escape, join, plain
from netpol_lab.display.theme import MONO
from netpol_lab.display.why import WHO, markup
from netpol_lab.model.objects import Namespace, NetworkPolicy
from netpol_lab.model.phrases import lines_of, some
from netpol_lab.tell.policy_story import EffectRow, Section, World, finding, sections
from netpol_lab.tell.saying import line

_MOST_PODS = 6
_FEWER_PODS = 5


def draw(
    scene: Scene,
    policy: NetworkPolicy,
    yaml_text: str | None = None,
    effect: Sequence[EffectRow] | None = None,
    *,
    first_line: int = 1,
    namespaces: Iterable[Namespace] = (),
    near: bool = True,
) -> card.Picture:
    """The card of a policy.

    ``yaml_text`` is the policy's own document and ``first_line`` the number of its first line in the file; without
    it there are sentences alone. ``effect`` lists the connections that the policy adds or takes away; None: not told.
    ``namespaces`` gives the labels that namespace selectors look at; of others only the name is known. ``near`` tells
    which pod comes closest to a selector that matches none.
    """
    world = replace(World.of(scene, namespaces), tells_nearest=near)
    parts = sections(policy, world, effect)
    file = policy.origin.file if policy.origin else ""
    where = f"NetworkPolicy in {policy.namespace}"
    composed = join([where, " · ", code(file)]) if file else escape(where)
    told = el("div", *(_section(part) for part in parts), class_="npl-told")
    body = (
        [told] if yaml_text is None else [el("div", told, " ", _yaml(yaml_text, first_line, parts), class_="npl-two")]
    )
    return card.figure(
        escape(finding(policy, world)),
        composed,
        body,
        twin=_twin(policy, file, parts),
        left_out=scene.caveats,
        label=plain(escape(f"Policy {policy.name} in words")),
        drawn=False,
        rules=_RULES + _YAML_FONT + WHO,
    )


def none(scene: Scene) -> card.Picture:
    """What to say when there is no policy at all."""
    pods = sum(node.count for node in scene.nodes if not node.is_external)
    twin, title, quiet = line("policy.none.twin"), line("policy.none"), line("policy.none.quiet", number=pods)
    body = el("div", line("policy.none.told"))
    return card.figure(title, quiet, body, twin=twin, label=title, left_out=scene.caveats, drawn=False)


def _section(part: Section) -> Markup:
    where = lines_of(part.origin)
    said = el("b", part.word)
    lines = [el("div", said, markup(part.sentence), el("span", " ", where, class_="npl-who") if where else "")]
    if part.warning:
        lines.append(el("div", part.warning, class_="npl-warn"))
    if part.chips:
        chips = (el("span", words, class_="npl-on" if black else "npl-off") for words, black in part.chips)
        lines.append(el("div", join(chips, " "), class_="npl-chips"))
    if part.pods or part.note:
        lines.append(_pods(part))
    lines += [el("div", detail, class_="npl-who") for detail in part.details]
    return el("div", el("div", part.mark, class_="npl-mark"), " ", el("div", *lines), class_="npl-part")


def _pods(part: Section) -> Markup:
    names = [el("span", name, class_="npl-pod") for name in _few(part.pods)]
    rest = len(part.pods) - len(names)
    more = line("policy.rule.more", number=rest) if rest else ""
    lead = el("span", part.lead, class_="npl-who") if part.lead and part.pods else ""
    note = el("span", f"{more}{part.note}", class_="npl-who")
    return el("div", join([item for item in (lead, *names, note) if item], " "), class_="npl-chips")


def _few(pods: Sequence[str]) -> Sequence[str]:
    return pods if len(pods) <= _MOST_PODS else pods[:_FEWER_PODS]


def _yaml(yaml_text: str, first_line: int, parts: Sequence[Section]) -> Markup:
    """The document line by line; the lines of a section stand out and carry its mark."""
    lines = yaml_text.rstrip("\n").split("\n")
    marks = _marks(parts)
    blocks: list[Markup] = []
    number = first_line
    while number < first_line + len(lines):
        mark = marks.get(number)
        end = number
        while end + 1 < first_line + len(lines) and marks.get(end + 1) == mark:
            end += 1
        rows = [_line(n, lines[n - first_line]) for n in range(number, end + 1)]
        sign = el("span", mark, class_="npl-mark") if mark else ""
        blocks.append(el("div", el("pre", join(rows, "\n")), sign, class_="npl-marked" if mark else None))
        number = end + 1
    return el("div", *blocks, class_="npl-yaml")


def _line(number: int, words: str) -> Markup:
    return join([el("span", f"{number:>3}", class_="npl-nr"), "  ", words])


def _marks(parts: Sequence[Section]) -> dict[int, str]:
    """Which section each line belongs to; the first one that claims a line has it."""
    marks: dict[int, str] = {}
    for part in parts:
        if part.origin is not None:
            for number in range(part.origin.first_line, part.origin.last_line + 1):
                marks.setdefault(number, part.mark)
    return marks


_TEXT, _NOTE = 12, 65


def _twin(policy: NetworkPolicy, file: str, parts: Sequence[Section]) -> str:
    heads = [ascii_text(part) for part in (policy.name, f"NetworkPolicy in {policy.namespace}", file) if part]
    head = "      ".join(heads)
    lines = [head, ""] if len(head) <= TWIN_WIDTH else [*heads, ""]
    for part in parts:
        lines += _twin_section(part)
    return "\n".join(lines)


def _twin_section(part: Section) -> list[str]:
    label, said, note = part.twin
    if part.details:
        return _twin_effect(part)
    lines = _row(label, said, lines_of(part.origin))
    if part.warning:
        lines += _row("", f"! {part.warning}", "")
    if part.pods:
        lines += _row("", f"= {some(part.pods, len(_few(part.pods)))}", f"({note})")
    elif note and not part.warning:
        lines += _row("", f"= {note}", "")
    return lines


def _twin_effect(part: Section) -> list[str]:
    """The connections, each with its sign, and how many they are."""
    label, _, note = part.twin
    sign = "" if part.mark == "±" else f"{part.mark} "
    rows = [f"{sign}{detail}" if "→" in detail else detail for detail in part.details]
    first = _row(label, rows[0], f"({note})")
    return [*first, *(below for row in rows[1:] for below in _row("", row, ""))]


def _row(label: str, words: str, note: str) -> list[str]:
    """Label, text and note in their columns; what is long goes on below."""
    front = f"  {label}".ljust(_TEXT)
    if len(front) > _TEXT:
        front += "  "
    room = (_NOTE if note else TWIN_WIDTH) - 2
    flat, note = ascii_text(words), ascii_text(note)
    first, *rest = textwrap.wrap(
        flat, room, initial_indent=front, subsequent_indent=" " * _TEXT, break_on_hyphens=False
    ) or [front]
    if note and _NOTE + len(note) > TWIN_WIDTH:
        return [
            first,
            *rest,
            *textwrap.wrap(note, TWIN_WIDTH, initial_indent=" " * _TEXT, subsequent_indent=" " * _TEXT),
        ]
    return [f"{first.ljust(_NOTE)}{note}".rstrip(), *rest]


_YAML_FONT = f"& .npl-yaml pre {{ font: 12.5px/1.5 {MONO} }}"

_RULES = """
& .npl-two { display: flex; flex-wrap: wrap; gap: 18px; align-items: flex-start }
& .npl-told { flex: 1 1 280px; min-width: 0 }
& .npl-part { display: flex; gap: 14px; padding: 8px 0 11px; border-top: 1px solid var(--npl-hair) }
& .npl-part:first-child { border-top: 0; padding-top: 0 }
& .npl-part > div:last-child { min-width: 0; overflow-wrap: anywhere }
& .npl-mark { flex: none; width: 22px; height: 22px; line-height: 22px; text-align: center; font-size: 13px;
  font-weight: 700;
  background: var(--npl-ink); color: var(--npl-onink) }
& .npl-chips { display: flex; flex-wrap: wrap; gap: 4px 6px; align-items: center; margin-top: 5px; font-size: 13px }
& .npl-pod { border: 1px solid var(--npl-ink); background: var(--npl-pod); font-weight: 700; padding: 0 8px }
& .npl-on, & .npl-off { padding: 0 7px }
& .npl-on { background: var(--npl-ink); color: var(--npl-onink) }
& .npl-off { background: var(--npl-selftint); color: var(--npl-ink2) }
& .npl-warn { margin-top: 5px; padding: 4px 10px; border-left: 5px solid var(--npl-blocked);
  background: var(--npl-neartint) }
& .npl-yaml { flex: 0 1 356px; min-width: 0; box-sizing: border-box; padding: 8px 0; background: var(--npl-cluster);
  border-radius: 6px; overflow: hidden }
& .npl-yaml > div { position: relative; padding: 0 8px 0 5px }
& .npl-yaml > .npl-marked { background: var(--npl-card); box-shadow: inset 5px 0 var(--npl-ink); margin: 1px 1px 1px 0 }
& .npl-yaml pre { margin: 0; padding: 0 24px 0 0; border: 0; background: none; color: var(--npl-ink);
  overflow-x: auto; white-space: pre }
& .npl-yaml .npl-nr { color: var(--npl-ink2); user-select: none; -webkit-user-select: none }
& .npl-yaml .npl-mark { position: absolute; right: 6px; top: 2px; width: 18px; height: 18px; line-height: 18px;
  font-size: 12px }
"""
