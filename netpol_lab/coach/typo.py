"""A rule with a mistyped label: the policy is put right, not the pod that it was meant for."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from difflib import SequenceMatcher

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.coach.change import Change
from netpol_lab.engine.verdict import Condition, NearMiss
from netpol_lab.manifests import from_object
from netpol_lab.model.bodies import Body
from netpol_lab.model.labels import Labels
from netpol_lab.model.phrases import PEERS_FIELD

ALIKE = 0.75
"""From here on two values are taken for one with a slip of the finger; ``app`` and ``api`` are below."""

_SELECTORS = {"pod label": "podSelector", "namespace label": "namespaceSelector"}


def correction(state: Snapshot, miss: NearMiss) -> Change | None:
    """The rule with the label that the other end has; None when the near miss is no typo of the rule.

    A typo is a value close to the one that is there, which no pod (or no namespace) of the cluster has. So nobody loses
    anything by the correction.
    """
    if len(miss.failed) != 1:
        return None
    condition = miss.failed[0]
    typed = _typed(state, condition)
    policy, rule = miss.rule.policy, miss.rule
    resource = state.get("NetworkPolicy", policy.namespace, policy.name)
    if typed is None or resource is None or rule.peer is None:
        return None
    key, wrong, right = typed
    body = copy.deepcopy(dict(resource.body))
    side = PEERS_FIELD[rule.direction]
    place = next(number for number, peer in enumerate(rule.rule.peers) if peer is rule.peer)
    selector = body["spec"][rule.direction][rule.index][side][place][_SELECTORS[condition.kind]]
    if not _put_right(selector, key, wrong, right):
        return None
    where = f" ({condition.origin})" if condition.origin else ""
    text = f"write {key}: {right} in place of {key}: {wrong} in {rule}{where}"
    who = "pod" if condition.kind == "pod label" else "namespace"
    return Change(text, f"No {who} has {key}={wrong}. Then that rule admits it.", (from_object(body),))


def _typed(state: Snapshot, condition: Condition) -> tuple[str, str, str] | None:
    """Key, mistyped value and right value."""
    if condition.kind not in _SELECTORS or condition.fix is None:
        return None
    (key, wrong), right = condition.fix, condition.value
    if right is None or any(labels.get(key) == wrong for labels in _labels(state, condition.kind)):
        return None
    alike = SequenceMatcher(None, wrong, right, autojunk=False).ratio()
    return (key, wrong, right) if alike >= ALIKE else None


def _labels(state: Snapshot, kind: str) -> Iterator[Labels]:
    return (each.labels for each in (state.pods if kind == "pod label" else state.namespaces))


def _put_right(selector: Body, key: str, wrong: str, right: str) -> bool:
    """Change the one place where the value stands; False where it is one of several values."""
    labels = selector.get("matchLabels") or {}
    if labels.get(key) == wrong:
        labels[key] = right
        return True
    for expression in selector.get("matchExpressions") or ():
        if expression["key"] == key and expression.get("values") == [wrong]:
            expression["values"] = [right]
            return True
    return False
