"""An audit as SARIF 2.1.0, which code hosts show beside the lines of a review.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. It holds no time and no name of this machine: the same
manifests give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from netpol_lab.coach.audit.audit_rules import AuditFinding, AuditRule, audit_rules

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(findings: Sequence[AuditFinding], version: str) -> str:
    """The findings as the text of a SARIF file. Those that are let be are in it as suppressed, with the reason.

    A file is named relative to the folder the command runs in, as code hosts want it.
    """
    rules = list(audit_rules().values())
    driver = {"name": "netpol-lab", "version": version, "rules": [_rule(each) for each in rules]}
    results = [_result(each, rules) for each in findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: AuditRule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.id.replace("-", " ").capitalize()},
        "fullDescription": {"text": rule.rule.text},
        "help": {"text": rule.repair},
        "defaultConfiguration": {"level": rule.severity},
    }


def _result(finding: AuditFinding, rules: Sequence[AuditRule]) -> dict[str, Any]:
    text = " ".join(filter(None, (f"{finding.about}: {finding.words}", finding.near or finding.rule.repair)))
    kind, _, name = finding.about.partition(" ")
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": name, "kind": kind}]}
    if finding.origin is not None and finding.origin.file:
        region = {"startLine": finding.origin.first_line, "endLine": finding.origin.last_line}
        location["physicalLocation"] = {"artifactLocation": {"uri": _uri(finding.origin.file)}, "region": region}
    # lines move with every change above them; what is said of an object does not
    known = sha256("\0".join((finding.rule.id, finding.about, finding.words)).encode()).hexdigest()
    let_be = [{"kind": "external", "justification": finding.silence}] if finding.silence else []
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": rules.index(finding.rule),
        "level": finding.severity,
        "message": {"text": text},
        "locations": [location],
        "partialFingerprints": {"netpolLabFinding/v1": known},
        "suppressions": let_be,  # 3.27.23: all results of a run have it, or none has
    }


def _uri(file: str) -> str:
    """A reference relative to this folder; a file URI for what lies elsewhere and was named by its whole path."""
    path = Path(file)
    if path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
