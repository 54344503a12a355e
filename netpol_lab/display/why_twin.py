"""The gates of one connection as ASCII: five steps, the near miss, and the track with its stop."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from netpol_lab.display.letters import compare
from netpol_lab.display.markup import TWIN_WIDTH, ascii_text
from netpol_lab.display.matrix_twin import short
from netpol_lab.engine.verdict import Condition, Gate, NearMiss, RuleRef
from netpol_lab.model.language import spoken
from netpol_lab.model.objects import name_of
from netpol_lab.model.phrases import listed
from netpol_lab.tell.saying import line
from netpol_lab.tell.step_words import ToldStep
from netpol_lab.tell.why_reasons import dns_name
from netpol_lab.tell.why_story import WhyStory
from netpol_lab.tell.words import text

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
    extra = [by_address, f"{spoken('smallest change:')} {change}" if change else ""]
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


def _step_lines(story: WhyStory, index: int, step: ToldStep) -> list[str]:
    name = step.name.upper() if step.state == "stopped" else step.name.lower()
    front = f"  {index + 1} {name:<9} {spoken(_STATES[step.state]):<5} "
    first, *more = _said(story, step)
    lines = _wrapped(first, front, " " * _INDENT)
    for each in more:
        lines += _wrapped(each, " " * _INDENT, " " * (_INDENT + 2))
    gate = _gate(story, step)
    if gate is not None and not gate.admitted and gate.near_misses:
        lines += _near_miss(gate.near_misses[0])
    return lines


def _gate(story: WhyStory, step: ToldStep) -> Gate | None:
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


def _said(story: WhyStory, step: ToldStep) -> list[str]:
    gate = _gate(story, step)
    if gate is None:
        return [step.said]
    parts = {
        "end": name_of(gate.endpoint),
        "way": gate.direction,
        "policies": ", ".join(policy.name for policy in gate.isolating),
    }
    if step.name == "Name" and story.verdict is not None:
        on, end = f"{story.verdict.protocol} {story.verdict.port}", story.source_name
        dns = dns_name(story.verdict)
        end = end if gate.direction == "egress" else dns
        question = line("twin.DNS", source=story.source_name, dns=dns, on=on, way=gate.direction, end=end)
        return [question, line("twin.stopped", **parts)]
    if step.state == "stopped":
        return [line("twin.stopped", **parts)]
    if not gate.admitted:
        return [line("twin.not reached", **parts)]
    if step.fact == "policies are ignored":
        names = ", ".join(policy.name for policy in gate.ignored)
        id = "twin.ignored" if len(gate.ignored) == 1 else "twin.ignored.more"
        return [line(id, **{**parts, "policies": names, "plugin": gate.ignored_by})]
    if step.fact == "not isolated":
        return [line("twin.not isolated", **parts)]
    return [line("twin.admitted", **parts, **_rule(gate.admitting[0]))] if step.state == "admitted" else [step.said]


def _rule(rule: RuleRef) -> dict[str, object]:
    place = line("twin.place", line=rule.origin.first_line) if rule.origin else ""
    return {"policy": rule.policy.name, "rule": rule.index + 1, "place": place}


def _near_miss(miss: NearMiss) -> list[str]:
    head, number = line("twin.near miss", **_rule(miss.rule)), len(miss.failed)
    if number > 2:
        return _wrapped(line("twin.near miss.many", near=head, number=number), " " * _INDENT, " " * (_INDENT + 2))
    if number == 2:
        head = line("twin.near miss.two", near=head, kinds=text(listed([condition.kind for condition in miss.failed])))
    lines = _wrapped(head, " " * _INDENT, " " * (_INDENT + 2))
    for condition in miss.failed:
        lines += _condition(condition)
    return lines


def _condition(condition: Condition) -> Iterable[str]:
    aligned = compare(condition)
    front = " " * (_INDENT + 2)
    wants, has = (ascii_text(spoken(each)) for each in ("wants", "has"))
    wide = max(len(wants), len(has)) + 2
    wanted = ascii_text("".join(piece.wanted for piece in aligned.pieces))
    found = ascii_text("".join(piece.found for piece in aligned.pieces))
    if not aligned.marks:
        return [
            *_wrapped(wanted, f"{front}{wants:{wide}}", front + " " * wide),
            *_wrapped(found, f"{front}{has:{wide}}", front + " " * wide),
        ]
    note = f"      {aligned.note}" if aligned.note else ""
    return [f"{front}{wants:{wide}}{wanted}", f"{front}{has:{wide}}{found}{note}", f"{front}{'':{wide}}{aligned.marks}"]


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
