"""Misconceptions about selectors, address blocks and what an empty part means.

The lessons on selectors and on egress provoke them. :mod:`netpol_lab.exercises.misconceptions` asks these detectors
after its own, so they speak about what no more particular mistake explains.
"""

from __future__ import annotations

from collections.abc import Iterator

from netpol_lab.exercises.evidence import Cause, Evidence, gates, lines, listed, short
from netpol_lab.model import External, IPBlock, LabelSelector, NetworkPolicy, Pod, Requirement
from netpol_lab.verdict import Gate, RuleRef


def namespace_alone(evidence: Evidence) -> Cause | None:
    """M15: a namespaceSelector without a podSelector means every pod of those namespaces."""
    for rule in evidence.admitting():
        peer = rule.peer
        if peer is None or peer.namespace_selector is None or peer.pod_selector is not None:
            continue
        return Cause(
            "M15",
            f"a `namespaceSelector` alone means every pod of the namespaces with `{peer.namespace_selector}`. Add a "
            "`podSelector` to the same item to pick some of them.",
            lines(peer.origin),
        )
    return None


def any_namespace(evidence: Evidence) -> Cause | None:
    """M15: the pods were named, and their namespace was left open."""
    for rule in evidence.admitting():
        peer = rule.peer
        if peer is None or peer.namespace_selector is None or not peer.namespace_selector.is_empty:
            continue
        return Cause(
            "M15",
            f"`namespaceSelector: {{}}` means every namespace. A pod with `{peer.pod_selector}` in any of them fits, "
            "and anybody who may create a pod can give it that label. Name the namespace too.",
            lines(peer.namespace_selector.origin or peer.origin),
        )
    return None


def block_covers_pods(evidence: Evidence) -> Cause | None:
    """M11: 0.0.0.0/0 was meant as "outside only", and pods have addresses too."""
    for rule, end in _by_block(evidence):
        if isinstance(end, Pod):
            block = rule.peer and rule.peer.ip_block
            return Cause(
                "M11",
                f"`{block}` does not stop at the edge of the cluster. It covers the addresses of pods as well, such as "
                f"that of {short(end)}. Leave out the cluster's own ranges with `except`.",
                lines(rule.peer.origin if rule.peer else rule.origin),
            )
    return None


def hole_missing(evidence: Evidence) -> Cause | None:
    """S21 and M16: an address outside that was to stay closed lies in a block, or in the block of another rule."""
    for rule, end in _by_block(evidence):
        if not isinstance(end, External):
            continue
        at = lines(rule.peer.origin if rule.peer else rule.origin)
        elsewhere = _hole_for(evidence, end)
        if elsewhere is not None:
            return Cause(
                "M16",
                f"a hole is no deny. {str(elsewhere).capitalize()} leaves {end.address} out with `except`, and "
                f"{rule} admits it all the same. Rules add up.",
                at,
            )
        block = rule.peer and rule.peer.ip_block
        return Cause(
            "S21", f"`{block}` covers {end.address} too. Leave that address out of the block with `except`.", at
        )
    return None


def _by_block(evidence: Evidence) -> Iterator[tuple[RuleRef, object]]:
    """The student's rules that admit the leak by an address, each with the end whose address it is."""
    verdict = evidence.leak
    for rule in evidence.admitting():
        if verdict is not None and rule.peer is not None and rule.peer.ip_block is not None:
            yield rule, verdict.destination if rule.direction == "egress" else verdict.source


def _hole_for(evidence: Evidence, outside: External) -> RuleRef | None:
    """A rule of the student that leaves this address out."""
    for policy in evidence.policies:
        for direction in ("egress", "ingress"):
            for index, rule in enumerate(policy.rules(direction)):
                for peer in rule.peers:
                    holes = peer.ip_block.except_networks if peer.ip_block else ()
                    if any(outside.address in hole for hole in holes):
                        return RuleRef(policy, direction, index, peer)
    return None


def dns_in_the_hole(evidence: Evidence) -> Cause | None:
    """M5: rules for addresses alone do not let the question to DNS out."""
    asked = next((judged for judged in evidence.misses if judged.destination.is_dns and judged.explicit), None)
    verdict = evidence.missing
    if asked is None or verdict is None or not isinstance(verdict.destination, Pod) or verdict.egress.admitted:
        return None
    if not any(policy.egress for policy in verdict.egress.isolating if policy in evidence.policies):
        return None
    address = verdict.destination.ip
    if any(address is not None and address not in block.network for block in _blocks(evidence)):
        return None  # meant for the DNS pods, and written as an address: block_for_pods knows
    return Cause(
        "M5",
        "DNS is forgotten. The DNS pods are pods of the cluster: what leaves out the cluster's addresses leaves them "
        "out too. Admit egress to them with a selector, on UDP 53 and TCP 53.",
        lines(verdict.egress.isolating[0].origin),
    )


def _blocks(evidence: Evidence) -> Iterator[IPBlock]:
    for policy in evidence.policies:
        for rule in (*policy.egress, *policy.ingress):
            yield from (peer.ip_block for peer in rule.peers if peer.ip_block is not None)


def block_for_pods(evidence: Evidence) -> Cause | None:
    """M10: an address where pods were meant; that of a Service never reaches a policy."""
    verdict = evidence.missing
    for miss in evidence.near_misses():
        condition = next((failed for failed in miss.failed if failed.kind == "address"), None)
        if condition is None or verdict is None:  # "not verdict" would mean blocked
            continue
        other = verdict.destination if miss.rule.direction == "egress" else verdict.source
        if not isinstance(other, Pod):
            continue
        return Cause(
            "M10",
            f"an address where pods are meant. {_why_not_addresses(evidence, condition.wanted, other)} Pods get new "
            "addresses, and labels stay: use a `podSelector`.",
            lines(condition.origin),
        )
    return None


def _why_not_addresses(evidence: Evidence, block: str, pod: Pod) -> str:
    for written in (each for each in _blocks(evidence) if str(each) == block):
        for service in evidence.state.services:
            ip = service.cluster_ip
            if ip is not None and written.matches(ip) and pod in evidence.state.pods_of(service):
                return (
                    f"`{block}` covers the address of the Service {service.name}. It is exchanged for the address of "
                    f"a pod before policies look, and {short(pod)} has another one."
                )
    return f"`{block}` does not cover the address of {short(pod)}."


def rules_asleep(evidence: Evidence) -> Cause | None:
    """S16: the rules that were to admit belong to a direction that is not in policyTypes."""
    for gate in gates(evidence.missing):
        word = gate.direction.capitalize()
        for policy in evidence.policies:
            asleep = policy.rules(gate.direction) and not policy.isolates(gate.direction)
            if asleep and not gate.admitted and gate.endpoint in evidence.pods(policy):
                return Cause(
                    "S16",
                    f"`{word}` is missing in policyTypes. So the {gate.direction} rules of `{policy.name}` are asleep: "
                    "they are stored, and nothing asks them.",
                    lines(policy.types_origin or policy.origin),
                )
    return None


def wrong_end_of_egress(evidence: Evidence) -> Cause | None:
    """M9: an egress policy that selects the server and admits the client."""
    verdict = evidence.missing
    if verdict is None or verdict.egress.admitted or not isinstance(verdict.source, Pod):
        return None
    for policy in evidence.policies:
        names_source = any(
            peer.pod_selector is not None and peer.pod_selector.matches(verdict.source.labels)
            for rule in policy.egress
            for peer in rule.peers
        )
        if names_source and verdict.destination in evidence.pods(policy):
            return Cause(
                "M9",
                f"the two ends are exchanged. `{policy.name}` selects {short(verdict.destination)}, the pod that "
                f"receives. An egress rule belongs to the pod that sends: select {short(verdict.source)}, and name "
                f"{short(verdict.destination)} under `to`.",
                lines(policy.pod_selector.origin),
            )
    return None


def selects_too_many(evidence: Evidence) -> Cause | None:
    """M17: spec.podSelector picks the pods that are meant, and another one beside them."""
    for gate, policy in evidence.stopping():
        meant = [pod for pod in evidence.pods(policy) if _is_to_be_closed(evidence, pod, gate.direction)]
        pod = gate.endpoint
        if meant and isinstance(pod, Pod) and pod not in meant and not policy.pod_selector.is_empty:
            return Cause(
                "M17",
                f"`podSelector` picks {short(pod)} as well. `{policy.pod_selector}` fits its labels, as it fits those "
                f"of {short(meant[0])}. Compare the labels of the two, letter by letter.",
                lines(policy.pod_selector.origin or policy.origin),
            )
    return None


def _is_to_be_closed(evidence: Evidence, pod: Pod, direction: str) -> bool:
    denied = evidence.exercise.denied
    return pod.id in {cell.destination if direction == "ingress" else cell.source for cell in denied}


def misses_pods(evidence: Evidence) -> Cause | None:
    """M17: spec.podSelector picks too few pods, often because a pod lacks the key."""
    for gate in gates(evidence.leak):
        for policy in evidence.policies:
            if isinstance(gate.endpoint, Pod) and _should_select(evidence, policy, gate):
                failed = _failed(policy.pod_selector, gate.endpoint)
                lacks = [requirement.key for requirement in failed if requirement.key not in gate.endpoint.labels]
                hint = (
                    f" It has no label {listed(f'`{key}`' for key in dict.fromkeys(lacks))}. `matchLabels`, `In` and "
                    "`Exists` need the key; `NotIn` and `DoesNotExist` match pods without it."
                    if lacks
                    else ""
                )
                return Cause(
                    "M17",
                    f"`podSelector` passes over {short(gate.endpoint)}. `{policy.name}` wants "
                    f"`{policy.pod_selector}`, and every condition has to hold.{hint}",
                    lines(policy.pod_selector.origin or policy.origin),
                )
    return None


def _should_select(evidence: Evidence, policy: NetworkPolicy, gate: Gate) -> bool:
    """The policy isolates this direction, and passes over a pod of its namespace that no policy isolates."""
    pod = gate.endpoint
    assert isinstance(pod, Pod)
    return (
        not gate.isolated
        and policy.isolates(gate.direction)
        and policy.namespace == pod.namespace
        and not policy.pod_selector.matches(pod.labels)
    )


def _failed(selector: LabelSelector, pod: Pod) -> list[Requirement]:
    return [requirement for requirement in selector.requirements if not requirement.matches(pod.labels)]
