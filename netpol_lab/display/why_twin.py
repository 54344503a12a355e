"""The gates of one connection as ASCII: five steps, the near miss, and the track with its stop."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from netpol_lab.connections import Step
from netpol_lab.display.letters import compare
from netpol_lab.display.markup import TWIN_WIDTH, ascii_text
from netpol_lab.display.matrix_twin import short
from netpol_lab.engine.verdict import Condition, Gate, NearMiss
from netpol_lab.model.objects import name_of
from netpol_lab.tell.why_reasons import said
from netpol_lab.tell.why_story import WhyStory
from netpol_lab.tell.words import listed, text

_STATES = {
    "passed": "ok",
    "unused": "-",
    "open": "open",
    "admitted": "ok",
    "stopped": "STOP",
    "not reached": "-",
    "would admit": "-",
}
_INDENT = 20
_LONGEST = 48


def twin(story: WhyStory, change: str, saw: tuple[str, str] | None, by_address: str) -> str:
    """The whole picture in text."""
    head = (
        f"{short(story.source_name, _LONGEST)} -> {short(story.target_name, _LONGEST)}  {story.protocol} {story.port}"
    )
    lines = [f"{head}      {story.headline}" if len(head) + len(story.headline) < TWIN_WIDTH - 6 else head]
    if len(lines[0]) == len(head):
        lines.append(f"  {story.headline}")
    lines.append("")
    for index, step in enumerate(story.steps):
        lines += _step_lines(story, index, step)
    lines += ["", f"  {_track(story)}"]
    extra = [by_address, f"smallest change: {change}" if change else ""]
    answers = [f"{name} {answer}" for reason in story.reasons for name, answer in reason.profiles]
    extra.append(f"by network plugin: {', '.join(answers)}" if answers else "")
    if saw is not None:
        extra.append(f"what you saw: {saw[0]} -> {saw[1]}")
    for part in filter(None, extra):
        lines += ["", *_wrapped(part, "  ", "    ")]
    return "\n".join(lines)


def _wrapped(words: str, first: str, rest: str) -> list[str]:
    flat = ascii_text(words)
    return textwrap.wrap(flat, TWIN_WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)


def _step_lines(story: WhyStory, index: int, step: Step) -> list[str]:
    name = step.name.upper() if step.state == "stopped" else step.name.lower()
    front = f"  {index + 1} {name:<9} {_STATES[step.state]:<5} "
    said, *more = _said(story, step)
    lines = _wrapped(said, front, " " * _INDENT)
    for line in more:
        lines += _wrapped(line, " " * _INDENT, " " * (_INDENT + 2))
    gate = _gate(story, step)
    if gate is not None and not gate.admitted and gate.near_misses:
        lines += _near_miss(gate.near_misses[0])
    return lines


def _gate(story: WhyStory, step: Step) -> Gate | None:
    """The gate a step shows. The name step shows the gate at which the question to DNS stopped."""
    verdict = story.verdict
    if verdict is None:
        return None
    if step.name == "Name":
        stopped = verdict.egress if not verdict.egress.admitted else verdict.ingress
        return stopped if step.state == "stopped" and not stopped.admitted else None
    if story.steps[0].state == "stopped":
        return None  # the verdict is on the question to DNS, not on the connection
    return {"Egress": verdict.egress, "Ingress": verdict.ingress}.get(step.name)


def _said(story: WhyStory, step: Step) -> list[str]:
    gate = _gate(story, step)
    if step.name == "Name" and gate is not None and story.verdict is not None:
        asked = f"{story.verdict.protocol} {story.verdict.port}"
        end = story.source_name if gate.direction == "egress" else "kube-dns"
        question = f"the question {story.source_name} -> kube-dns  {asked} is blocked at {gate.direction} of {end}"
        return [question, f"{_isolated_by(gate)}; no rule admits"]
    if gate is not None and step.state == "stopped":
        return [f"{_isolated_by(gate)}; no rule admits"]
    if gate is not None and not gate.admitted:
        return [f"not reached; {_isolated_by(gate)}; no rule admits here either"]
    if gate is not None and step.state == "open" and gate.unjudged is None and step.facts[-1:] == ("not isolated",):
        return [f"{name_of(gate.endpoint)} is not isolated for {gate.direction}"]
    if step.state == "admitted" and gate is not None:
        rule = gate.admitting[0]
        line = f" (line {rule.origin.first_line})" if rule.origin else ""
        return [f"{name_of(gate.endpoint)} is isolated; admitted by {rule.policy.name}, rule {rule.index + 1}{line}"]
    return [said(step)]


def _isolated_by(gate: Gate) -> str:
    return f"{name_of(gate.endpoint)} is isolated by {', '.join(policy.name for policy in gate.isolating)}"


def _near_miss(miss: NearMiss) -> list[str]:
    line = f" (line {miss.rule.origin.first_line})" if miss.rule.origin else ""
    head = f"near miss: {miss.rule.policy.name}, rule {miss.rule.index + 1}{line}"
    if len(miss.failed) > 2:
        return _wrapped(f"{head}: {len(miss.failed)} conditions differ", " " * _INDENT, " " * (_INDENT + 2))
    if len(miss.failed) == 2:
        kinds = text(listed([condition.kind for condition in miss.failed]))
        head += f": {kinds} differ"
    lines = _wrapped(head, " " * _INDENT, " " * (_INDENT + 2))
    for condition in miss.failed:
        lines += _condition(condition)
    return lines


def _condition(condition: Condition) -> Iterable[str]:
    aligned = compare(condition)
    front = " " * (_INDENT + 2)
    wanted = ascii_text("".join(piece.wanted for piece in aligned.pieces))
    found = ascii_text("".join(piece.found for piece in aligned.pieces))
    if not aligned.marks:
        return [
            *_wrapped(wanted, front + "wants  ", front + "       "),
            *_wrapped(found, front + "has    ", front + "       "),
        ]
    note = f"      {aligned.note}" if aligned.note else ""
    return [f"{front}wants  {wanted}", f"{front}has    {found}{note}", f"{front}       {aligned.marks}"]


def _track(story: WhyStory) -> str:
    """``==`` flow, ``1`` lookup, ``|3|`` open door, ``[4]`` opened by a rule, ``#4#`` stopped, `` . `` not reached."""
    parts = []
    stopped = False
    for number, step in enumerate(story.steps, 1):
        if stopped:
            parts.append(f"  .  {number}")
            continue
        mark = {"open": f"|{number}|", "admitted": f"[{number}]", "stopped": f"#{number}#", "unused": "-"}
        parts.append("==" + mark.get(step.state, str(number)))
        stopped = step.state == "stopped"
    end = "  .  " if stopped else "==> "
    return f"{short(story.source_name, 24)} {''.join(parts)}{end}{short(story.target_name, 24)}"
