"""The rules of the audit, as ``data/audit.yaml`` has them, and what one of them finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from netpol_lab.manifests.own_file import read_fields
from netpol_lab.model import datafiles
from netpol_lab.model.fields import Fields
from netpol_lab.model.origin import Origin
from netpol_lab.model.phrases import first_lines
from netpol_lab.tell import catalogue
from netpol_lab.tell.catalogue import CatalogueRule

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""From the worst to the mildest; they are the levels of SARIF."""


@dataclass(frozen=True)
class AuditRule:
    """One rule: its ``severity`` unless the settings say otherwise, and the rule of NetworkPolicy it rests on.

    ``says`` is its sentence with places to fill, ``repair`` what to do.
    """

    id: str
    severity: Severity
    rule: CatalogueRule
    says: str
    repair: str


@dataclass(frozen=True)
class AuditFinding:
    """What a rule says of one object.

    ``about`` is its kind and name, as in ``Namespace shop``; ``near`` what was probably meant, or "". ``silence`` is
    the reason why it is let be, "" where there is none.
    """

    rule: AuditRule
    severity: Severity
    about: str
    words: str
    origin: Origin | None = None
    near: str = ""
    silence: str = ""

    def __str__(self) -> str:
        place = first_lines(self.origin)
        near = f" {self.near}" if self.near else ""
        return f"{place + ': ' if place else ''}{self.severity}: {self.about}: {self.words}{near} [{self.rule.id}]"


@cache
def audit_rules() -> Mapping[str, AuditRule]:
    """All rules by their id, in their order. Raises DataError for a fault in the file."""
    fields = read_fields(datafiles.path("audit.yaml"), "rules")
    found = {each.id: each for each in map(_rule, fields.each("rules"))}
    fields.done()
    return found


def _rule(fields: Fields) -> AuditRule:
    id, severity, repair = fields.text("id"), fields.choice("severity", SEVERITIES, ""), fields.text("repair")
    number, says = fields.number("rule"), fields.text("says", "")
    fields.done()
    advice = None if says else catalogue.warnings()[id]
    rests_on = advice.mistake.rule if advice else catalogue.rule(number or 0)
    return AuditRule(id, severity, rests_on, says or (advice.words if advice else ""), repair)  # type: ignore[arg-type]
