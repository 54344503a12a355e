"""What a wrong answer was probably meant to be: one small function per misconception, and their order.

The ids are those of the course's list of learners' mistakes. Each function gets the :class:`Evidence` of a wrong
answer and returns a :class:`Cause` or None. The first that recognizes something speaks; so the most particular
mistakes stand first in :data:`DETECTORS`. A function recognizes a structure, never the names of an exercise, and keeps
silent where it is not sure: a wrong cause is worse than none.
"""

from __future__ import annotations

from collections.abc import Callable

from netpol_lab.lessons import flow_misconceptions as flows
from netpol_lab.lessons import misconceptions_blocks as blocks
from netpol_lab.lessons import misconceptions_changes as changes
from netpol_lab.lessons import misconceptions_directions as directions
from netpol_lab.lessons import misconceptions_rules as rules
from netpol_lab.lessons import misconceptions_selectors as selectors
from netpol_lab.lessons import misconceptions_subjects as subjects
from netpol_lab.lessons.evidence import Cause, Evidence
from netpol_lab.lessons.misconceptions_plugins import api_server

Detector = Callable[[Evidence], Cause | None]

DETECTORS: tuple[Detector, ...] = (
    # No policy of the student's, or none where it can work.
    changes.label_changed,
    subjects.wrong_namespace,
    subjects.selects_no_pod,
    # Ends and directions that were mixed up.
    directions.ends_exchanged,
    directions.wrong_list,
    directions.rules_asleep,
    changes.isolation_gone,
    directions.direction_missing,
    # What was there before.
    changes.deny_does_not_win,
    # The form of a rule.
    rules.dash_before_ports,
    rules.dash_too_many,
    rules.peer_not_wanted,
    rules.product,
    flows.reply_rule,
    rules.no_rule_wanted,
    selectors.contradiction,
    changes.rule_lost,
    changes.still_isolated,
    # A connection that a rule nearly admits.
    flows.half_of_the_service,
    api_server,
    rules.port_too_few,
    flows.port_or_protocol,
    flows.port_name_missing,
    selectors.outside_missed,
    blocks.dns_in_the_hole,
    # The pods that a policy is for.
    subjects.selects_the_wrong_pods,
    subjects.opens_the_wrong_pods,
    directions.other_end_closed,
    subjects.selects_every_pod,
    # Rules that admit too much.
    rules.empty_rule,
    rules.port_too_many,
    rules.peers_too_wide,
    # Connections that are missing.
    flows.dns_forgotten,
    blocks.block_too_small,
    directions.both_directions_for_all,
    directions.isolates_too_much,
    selectors.peer_misses,
    subjects.selects_too_many,
    directions.no_rule_written,
    subjects.passes_over_one,
    directions.one_end_only,
    # Peers that let strangers in.
    selectors.loose_operator,
    selectors.namespace_alone,
    selectors.any_namespace,
    blocks.block_covers_pods,
    blocks.hole_missing,
    blocks.block_for_pods,
    subjects.misses_pods,
)


def likely_cause(evidence: Evidence) -> Cause | None:
    """The first misconception that explains the wrong answer; None when no detector recognizes it."""
    causes = (detector(evidence) for detector in DETECTORS)
    return next((cause for cause in causes if cause is not None), None)
