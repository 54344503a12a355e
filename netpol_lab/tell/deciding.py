"""Which policies decide a connection, and where they are written: for a report outside a notebook."""

from __future__ import annotations

from netpol_lab.engine.verdict import Verdict
from netpol_lab.model.objects import name_of
from netpol_lab.model.phrases import place_of
from netpol_lab.tell.condition_words import condition_words
from netpol_lab.tell.why_reasons import policy_reasons
from netpol_lab.tell.words import text


def deciding(verdict: Verdict) -> list[str]:
    """The reasons as lines with their files: the rules that admit, or who isolates and what comes close."""
    lines = []
    for reason in policy_reasons(verdict):
        lines.append(f"{text(reason.heading)}.")
        lines += map(text, reason.lines)
        for condition in reason.conditions:
            where = place_of(condition.origin)
            lines.append(condition_words("near miss", condition) + (f" {where}" if where else ""))
    for gate in verdict.gates:
        for policy in () if gate.admitted else gate.isolating:
            where = f": {place_of(policy.origin)}" if policy.origin else "."
            lines.append(f"{policy.id} isolates {name_of(gate.endpoint)} for {gate.direction}{where}")
    return lines
