"""The audit itself: what the checks and the advice find, as severe as the settings have it, with what is let be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.coach import advice
from netpol_lab.coach.advice_facts import Facts
from netpol_lab.coach.audit.audit_checks import CHECKS, said
from netpol_lab.coach.audit.audit_rules import SEVERITIES, AuditFinding, audit_rules
from netpol_lab.coach.audit.audit_settings import AuditSettings

DEFAULT = AuditSettings()


def audit(state: Snapshot, settings: AuditSettings = DEFAULT) -> tuple[AuditFinding, ...]:
    """All findings, the worst first, then in the order of the rules and of the objects.

    Those that a silence covers are among them, with its reason.
    """
    found = []
    for each in _found(state, settings):
        reason = next((silence.reason for silence in settings.silences if silence.covers(each)), "")
        found.append(replace(each, silence=reason))
    for silence in settings.silences:
        if not any(map(silence.covers, found)):
            places = {"rule": silence.rule, "object": silence.about}
            found.append(said("silence-without-effect", f"Silence {silence.about}", silence.origin, **places))
    rated = ((each, settings.severities.get(each.rule.id, each.severity)) for each in found)
    left = [replace(each, severity=severity) for each, severity in rated if severity != "off"]
    order = list(audit_rules())
    return tuple(sorted(left, key=lambda each: (SEVERITIES.index(each.severity), order.index(each.rule.id))))


def _found(state: Snapshot, settings: AuditSettings) -> Iterator[AuditFinding]:
    facts = Facts(state)
    for check in CHECKS:
        yield from check(facts, settings)
    for each in advice.findings(state):
        rule = audit_rules()[each.id]
        yield AuditFinding(rule, rule.severity, f"NetworkPolicy {each.policy.id}", each.words, each.origin, each.near)
