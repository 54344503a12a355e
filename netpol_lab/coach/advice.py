"""Advice: what is legal in a policy and probably wrong.

Validation refuses what the API server refuses; this is what it accepts and nobody means. Each check is a function that
looks at one policy, or one rule of it, in one state of a cluster; what it says stands in ``data/mistakes.yaml``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.coach import advice_addresses as addresses
from netpol_lab.coach import advice_effects as effects
from netpol_lab.coach import advice_ports as ports
from netpol_lab.coach import advice_selectors as selectors
from netpol_lab.coach.advice_facts import Facts, Place
from netpol_lab.coach.advice_finding import Finding
from netpol_lab.model.objects import NetworkPolicy
from netpol_lab.tell import catalogue

__all__ = ["Finding", "findings"]

OF_A_POLICY: tuple[Callable[[Facts, NetworkPolicy], Iterator[Finding]], ...] = (
    effects.inert_rules,
    selectors.policy_selector,
)
OF_A_RULE: tuple[Callable[[Facts, Place], Iterator[Finding]], ...] = (
    selectors.peers,
    ports.named_ports,
    ports.service_ports,
    addresses.covered_pods,
)
NO_EXPLANATION = {"no-dns", "ip-block-covers-pods"}
"""All others also tell why a policy adds nothing: then that is not said again."""


def findings(state: Snapshot) -> tuple[Finding, ...]:
    """All advice about the policies of one state, by policy in the order of creation, then by line.

    >>> from netpol_lab import Cluster
    >>> cluster = Cluster()
    >>> cluster.warnings()
    ()
    >>> text = "kind: NetworkPolicy\\napiVersion: networking.k8s.io/v1\\nmetadata: {name: deny}\\nspec: {}"
    >>> _ = cluster.apply(text)
    >>> print(*cluster.warnings(), sep="\\n")
    line 1: default/deny: Namespace default has no pods, and a policy acts on pods of its own namespace only.
    """
    facts = Facts(state)
    found: dict[str, list[Finding]] = {policy.id: [] for policy in state.policies}
    for policy in state.policies:
        for check in OF_A_POLICY:
            found[policy.id] += check(facts, policy)
        for place in facts.places(policy):
            for check_rule in OF_A_RULE:
                found[policy.id] += check_rule(facts, place)
    for each in effects.without_dns(facts):
        found[each.policy.id].append(each)
    unexplained = [p for p in state.policies if all(each.id in NO_EXPLANATION for each in found[p.id])]
    for each in effects.superfluous(facts, unexplained):
        found[each.policy.id].append(each)
    order = list(catalogue.warnings())
    return tuple(
        each
        for policy in state.policies
        for each in sorted(found[policy.id], key=lambda each: (each.line, order.index(each.id)))
    )
