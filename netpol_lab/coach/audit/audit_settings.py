"""The settings of an audit: which rules matter how much, and which findings are let be, with a written reason.

A YAML file; every part of it may be left out::

    rules: {no-default-deny-egress: off, adds-nothing: warning}
    widest: 65536
    silences:
    - {rule: admits-everybody, object: NetworkPolicy shop/web, reason: the shop is public}
    - {rule: pod-not-isolated, object: "* legacy/*", reason: "moves to the new cluster in May, OPS-12"}

``object`` is what a finding calls it; ``*`` stands for any text.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from netpol_lab.coach.audit.audit_rules import SEVERITIES, AuditFinding, Severity, audit_rules
from netpol_lab.manifests.own_file import read_fields
from netpol_lab.model.fields import DataError, Fields
from netpol_lab.model.origin import Origin
from netpol_lab.model.phrases import did_you_mean, nearest

WIDEST = 65_536
"""An ipBlock with more addresses than this is told of, unless the settings say otherwise: a /16."""


@dataclass(frozen=True)
class Silence:
    """A finding that is let be, and why."""

    rule: str
    about: str
    reason: str
    origin: Origin

    def covers(self, finding: AuditFinding) -> bool:
        return self.rule == finding.rule.id and fnmatchcase(finding.about, self.about)


@dataclass(frozen=True)
class AuditSettings:
    """``severities`` are those that differ from the rules' own; ``off`` turns a rule off."""

    severities: Mapping[str, Severity | Literal["off"]] = field(default_factory=dict)
    silences: tuple[Silence, ...] = ()
    widest: int = WIDEST


def read_settings(file: str | os.PathLike[str] | None) -> AuditSettings:
    """The settings in a file; without one, none. Raises :class:`DataError` with the line of the first fault."""
    if file is None:
        return AuditSettings()
    fields = read_fields(file, "silences")
    severities = {}
    if "rules" in fields:
        chosen = fields.inner("rules")
        severities = {name: _severity(chosen, name) for name in chosen.left}
    silences = tuple(_silence(each) for each in fields.each("silences"))
    widest = fields.number("widest")
    fields.done()
    return AuditSettings(severities, silences, WIDEST if widest is None else widest)


def _severity(fields: Fields, name: Any) -> Severity | Literal["off"]:
    _known(name, fields.at(name))
    if fields.is_false(name):  # YAML reads a bare off as false
        return "off"
    return fields.choice(name, (*SEVERITIES, "off"), "")  # type: ignore[return-value]


def _silence(fields: Fields) -> Silence:
    rule = fields.text("rule")
    _known(rule, fields.at("rule"))
    found = Silence(rule, fields.text("object"), fields.text("reason"), Origin(fields.place, fields.line, fields.line))
    fields.done()
    return found


def _known(rule: str, place: str) -> None:
    if rule not in audit_rules():
        meant = did_you_mean(nearest(rule, audit_rules()), "'")
        raise DataError(f"{place}: there is no rule {rule!r}{', ' + meant if meant else '.'}")
