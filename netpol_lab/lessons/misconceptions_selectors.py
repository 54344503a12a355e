"""Misconceptions about the peers of a rule that are chosen by labels.

Each function works as :mod:`netpol_lab.lessons.misconceptions` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from netpol_lab.engine.verdict import Condition
from netpol_lab.lessons.evidence import Cause, Evidence, lines, short
from netpol_lab.model.objects import METADATA_NAME, LabelSelector, Pod, Requirement
from netpol_lab.tell.condition_words import condition_words

_LOOSE = ("NotIn", "DoesNotExist", "Exists")


def outside_missed(evidence: Evidence) -> Cause | None:
    """M15: selectors were to admit an address outside."""
    for miss in evidence.nearest_misses():
        has_block = any(peer.ip_block is not None for peer in miss.rule.rule.peers)
        if not has_block and any(condition.kind == "outside" for condition in miss.failed):
            side = "from" if miss.rule.direction == "ingress" else "to"
            return Cause(
                "M15",
                "selectors match pods, never addresses outside. An empty `namespaceSelector` means every pod of the "
                f"cluster; only `ipBlock`, or a rule without `{side}`, admits the outside.",
                lines(miss.failed[0].origin or miss.rule.origin),
            )
    return None


def peer_misses(evidence: Evidence) -> Cause | None:
    """M3, M4, M17: the rule that was meant does not match the pod at its other end."""
    for miss in evidence.nearest_misses():
        for kind in ("namespace label", "namespace", "pod label"):
            condition = next((failed for failed in miss.failed if failed.kind == kind), None)
            if condition is not None:
                misconception, text = _what_misses(evidence, condition)
                return Cause(misconception, text + _differs(condition), lines(condition.origin or miss.rule.origin))
    return None


def _what_misses(evidence: Evidence, condition: Condition) -> tuple[str, str]:
    if condition.kind == "namespace":
        return "M3", (
            "a `podSelector` alone looks into the policy's own namespace. For pods of another namespace, add a "
            "`namespaceSelector` to the same item. "
        )
    if condition.kind == "pod label":
        return "M17", _pod_label_misses(evidence, condition)
    return "M4", _namespace_label_misses(evidence, condition)


def _pod_label_misses(evidence: Evidence, condition: Condition) -> str:
    if any(_is_met_by(condition, space.labels) for space in evidence.state.namespaces):
        return "that is a label of a namespace, and `podSelector` looks at those of pods. "
    return "the labels do not match. "


def _namespace_label_misses(evidence: Evidence, condition: Condition) -> str:
    requirement = condition.requirement
    assert requirement is not None
    if requirement.key == METADATA_NAME:
        known = any(space.name in requirement.values for space in evidence.state.namespaces)
        return "the rule names another namespace. " if known else "there is no namespace of that name. "
    if any(_is_met_by(condition, pod.labels) for pod in evidence.state.pods):
        return "that is a label of pods, and `namespaceSelector` looks at those of namespaces. "
    if condition.value is not None:
        return "the label of the namespace has another value. "
    return "the namespace does not carry that label. The label every namespace has is `kubernetes.io/metadata.name`. "


def _is_met_by(condition: Condition, labels: Mapping[str, str]) -> bool:
    """Whether labels of the other kind of object carry the very label that is asked for."""
    requirement = condition.requirement
    return requirement is not None and labels.get(requirement.key) in requirement.values and requirement.needs_key


def _differs(condition: Condition) -> str:
    return condition_words("lesson", condition)


def contradiction(evidence: Evidence) -> Cause | None:
    """M1: two conditions on one key that no object can meet at once; one of them (OR) was meant."""
    for miss in evidence.near_misses():
        for peer in miss.rule.rule.peers:
            for selector in (peer.pod_selector, peer.namespace_selector):
                pair = _contradicting(selector)
                if pair is not None:
                    return Cause(
                        "M1",
                        f"nothing can fit both. All conditions of a selector hold at once (AND): `{pair[0]}` and "
                        f"`{pair[1]}`. For one or the other, write one `In` with both values, or two items.",
                        lines(pair[1].origin or miss.rule.origin),
                    )
    return None


def _contradicting(selector: LabelSelector | None) -> tuple[Requirement, Requirement] | None:
    wants = [each for each in selector.requirements if each.operator in ("=", "In")] if selector else []
    pairs = ((one, other) for one, other in combinations(wants, 2) if one.key == other.key)
    return next((pair for pair in pairs if not {*pair[0].values} & {*pair[1].values}), None)


# -- peers that let strangers in -------------------------------------------------------------------


def loose_operator(evidence: Evidence) -> Cause | None:
    """M17: NotIn, DoesNotExist and Exists fit more than the author thought of."""
    for rule in evidence.letting_strangers_in():
        selectors = (rule.peer.namespace_selector, rule.peer.pod_selector) if rule.peer is not None else ()
        for selector, of_namespace in zip(selectors, (True, False), strict=False):
            requirement = _loose(selector)
            if requirement is not None:
                assert evidence.leak is not None
                end = evidence.other_end(rule.direction, evidence.leak)
                who = f"the namespace {end.namespace}" if of_namespace and isinstance(end, Pod) else short(end)
                return Cause(
                    "M17",
                    f"`{requirement}` fits {who} too. {_why_loose(requirement)} Name the value you mean, with "
                    "`matchLabels`.",
                    lines(requirement.origin or rule.origin),
                )
    return None


def _loose(selector: LabelSelector | None) -> Requirement | None:
    return next((each for each in selector.requirements if each.operator in _LOOSE), None) if selector else None


def _why_loose(requirement: Requirement) -> str:
    return {
        "Exists": "`Exists` asks for the key, whatever its value.",
        "NotIn": "`NotIn` fits every other value, and whatever lacks the key.",
        "DoesNotExist": "`DoesNotExist` fits whatever lacks the key.",
    }[requirement.operator]


def namespace_alone(evidence: Evidence) -> Cause | None:
    """M15: a namespaceSelector without a podSelector means every pod of those namespaces."""
    for rule in evidence.letting_strangers_in():
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
    for rule in evidence.letting_strangers_in():
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
