"""The likely cause of a wrong answer."""

from __future__ import annotations

from netpol_lab.lessons import mistaken_ends, mistaken_peers, mistaken_policies, mistaken_rules
from netpol_lab.lessons.evidence import Evidence
from netpol_lab.lessons.recognize import RECOGNIZERS, Cause, cause_of
from netpol_lab.tell import catalogue

__all__ = ["Cause", "likely_cause", "mistaken_ends", "mistaken_peers", "mistaken_policies", "mistaken_rules"]


def likely_cause(evidence: Evidence) -> Cause | None:
    """The first cause of the catalogue that explains the wrong answer; None when nothing is recognized."""
    for id in catalogue.causes():
        recognized = RECOGNIZERS[id](evidence) if id in RECOGNIZERS else None
        if recognized is not None:
            return cause_of(id, recognized)
    return None
