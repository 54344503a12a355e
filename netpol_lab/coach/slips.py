"""What was probably meant by a selector that stands for nobody: a sentence, and the policy as it would be put right.

Warnings say the sentence, and the smallest change makes the repair, so that both give the same advice.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.coach.advice_facts import ALL_PODS, Facts, Place
from netpol_lab.coach.change import Change, where
from netpol_lab.engine.reasons import alike
from netpol_lab.manifests import from_object
from netpol_lab.model.bodies import Body
from netpol_lab.model.labels import METADATA_NAME, Labels, LabelSelector, Requirement
from netpol_lab.model.objects import GENERATIONS, NetworkPolicy, NetworkPolicyPeer
from netpol_lab.model.origin import Origin
from netpol_lab.model.phrases import PEERS_FIELD, capital, did_you_mean
from netpol_lab.tell.saying import line


@dataclass(frozen=True)
class Slip:
    """``words`` are a sentence for a warning, "" where nothing is known; ``repairs`` the changes it may mean."""

    words: str = ""
    repairs: tuple[Change, ...] = ()


class Label(NamedTuple):
    """A label that was asked for, and the one that is there and was probably meant."""

    key: str
    value: str
    right_key: str
    right: str

    def write(self, selector: Body) -> None:
        """Put it right in the one place where it stands."""
        labels = selector.get("matchLabels") or {}
        if labels.get(self.key) == self.value:
            pairs = [(self.right_key, self.right) if key == self.key else (key, labels[key]) for key in labels]
            selector["matchLabels"] = dict(pairs)
        for expression in selector.get("matchExpressions") or ():
            values = expression.get("values") or []
            if expression["key"] == self.key and self.value in values and expression["operator"] == "In":
                expression["key"] = self.right_key
                expression["values"] = list(
                    dict.fromkeys(self.right if each == self.value else each for each in values)
                )


def of_policy(facts: Facts, policy: NetworkPolicy) -> Slip:
    """A policy that selects no pod: a mistyped label, or the pods are in another namespace."""
    selector, namespace = policy.pod_selector, policy.namespace
    near = list(near_labels(selector, facts.labels_in.get(namespace, ())))
    words = line("remedy.spot.podSelector", policy=policy.name)
    spot = _Spot(facts.state, policy, lambda body: body["spec"]["podSelector"], words)
    if near:
        return _mistyped(spot, near, selector, "pod")
    elsewhere = _namespaces_with(facts, selector)
    return Slip(_said("slip.elsewhere", selector, elsewhere), _moved(facts, policy, elsewhere)) if elsewhere else Slip()


def of_namespaces(facts: Facts, place: Place, number: int, selector: LabelSelector) -> Slip:
    """A namespaceSelector that no namespace fits: a wrong key for its name, a mistyped label, a label of pods."""
    spot = _Spot.peer(facts.state, place, number, "namespaceSelector")
    known = {namespace.name for namespace in facts.state.namespaces}
    for asked in filter(_is_asked, selector.requirements):
        name = next((value for value in asked.values if value in known), None)
        if name is not None and asked.key != METADATA_NAME:
            label = Label(asked.key, name, METADATA_NAME, name)
            words = line("slip.name label", meant=capital(did_you_mean([f"{METADATA_NAME}={name}"])))
            return Slip(words, tuple(_put_right(spot, [label], selector, "namespace")))
    near = list(near_labels(selector, [namespace.labels for namespace in facts.state.namespaces]))
    if near:
        return _mistyped(spot, near, selector, "namespace")
    elsewhere = _namespaces_with(facts, selector)
    if not elsewhere or place.rule.peers[number].pod_selector is not None:
        return Slip()
    return Slip(_said("slip.pod label", selector, elsewhere), tuple(_pods_of(facts, place, number, elsewhere)))


def of_pods(facts: Facts, place: Place, number: int, peer: NetworkPolicyPeer, among: list[str]) -> Slip:
    """A peer without pods in its namespaces: a mistyped label, or the pods are elsewhere."""
    selector = peer.pod_selector or ALL_PODS
    near = list(near_labels(selector, [labels for name in among for labels in facts.labels_in.get(name, ())]))
    if near:
        return _mistyped(_Spot.peer(facts.state, place, number, "podSelector"), near, selector, "pod")
    elsewhere = _namespaces_with(facts, selector)
    if not elsewhere:
        return Slip()
    if peer.namespace_selector is None or place.policy.namespace not in elsewhere:
        return Slip(_said("slip.elsewhere", selector, elsewhere), tuple(_in_namespace(facts, place, number, elsewhere)))
    return Slip(_said("slip.both selectors", selector, elsewhere), tuple(_dash(facts, place, number)))


def near_labels(selector: LabelSelector, labels: Iterable[Labels]) -> Iterator[Label]:
    """The labels that are there and nearly one of those wanted, which nobody has; the likeliest first."""
    pairs = dict.fromkeys(item for each in labels for item in each.items() if item[0] not in GENERATIONS)
    for asked in filter(_is_asked, selector.requirements):
        for value in asked.values:
            if (asked.key, value) not in pairs:
                same_key = [pair for pair in pairs if pair[0] == asked.key and alike(value, pair[1])]
                same_value = [pair for pair in pairs if pair[1] == value and _mean_the_same(asked.key, pair[0])]
                yield from (Label(asked.key, value, *pair) for pair in (*same_key, *same_value))


_APP_KEYS = {"app", "app.kubernetes.io/name", "k8s-app", "run", "name"}
"""The keys under which people and tools write which application a pod belongs to."""


def _mean_the_same(asked: str, there: str) -> bool:
    return alike(asked, there) or {asked, there} <= _APP_KEYS


def names(namespaces: list[str]) -> str:
    """``namespace shop``, or the names of several."""
    shown = ", ".join(namespaces[:3])
    if len(namespaces) == 1:
        return line("slip.namespace", name=shown)
    return line("slip.namespaces", names=shown) if len(namespaces) > 3 else shown


def _said(id: str, selector: LabelSelector, namespaces: list[str]) -> str:
    return line(id, selector=selector, namespaces=names(namespaces))


def _is_asked(requirement: Requirement) -> bool:
    return requirement.operator in ("=", "In")


def _namespaces_with(facts: Facts, selector: LabelSelector) -> list[str]:
    if selector.is_empty:
        return []
    return [name for name, labels in facts.labels_in.items() if any(map(selector.matches, labels))]


# -- the policy as it would be -----------------------------------------------------------------------


@dataclass(frozen=True)
class _Spot:
    """A place in a policy: how to find it in its body, and how to speak of it."""

    state: Snapshot
    policy: NetworkPolicy
    find: Callable[[Body], Body]
    words: str

    @classmethod
    def peer(cls, state: Snapshot, place: Place, number: int, field: str = "") -> _Spot:
        side = PEERS_FIELD[place.direction]

        def find(body: Body) -> Body:
            item: Body = body["spec"][place.direction][place.number][side][number]
            field_of_item: Body = item[field] if field else item
            return field_of_item

        return cls(state, place.policy, find, _rule_words(place))

    def changed(
        self, id: str, why: str, edit: Callable[[Body], object], origin: Origin | None, **parts: object
    ) -> Iterator[Change]:
        """The policy after ``edit``. The sentence ``id`` with its ``parts`` says what to write here."""
        resource = self.state.get("NetworkPolicy", self.policy.namespace, self.policy.name)
        if resource is not None:
            body = copy.deepcopy(dict(resource.body))
            edit(self.find(body))
            command = line(id, spot=self.words, where=where(origin), **parts)
            yield Change(command, why, (from_object(body),))


def _rule_words(place: Place) -> str:
    return line("remedy.spot.rule", number=place.number + 1, policy=place.policy.name)


def _mistyped(spot: _Spot, near: list[Label], selector: LabelSelector, who: str) -> Slip:
    return Slip(
        capital(did_you_mean([f"{near[0].right_key}={near[0].right}"])), tuple(_put_right(spot, near, selector, who))
    )


def _put_right(spot: _Spot, labels: list[Label], selector: LabelSelector, who: str) -> Iterator[Change]:
    for each in labels:
        origin = next((one.origin for one in selector.requirements if one.key == each.key), None)
        why = line("remedy.admits.label", who=who, key=each.key, value=each.value)
        yield from spot.changed("remedy.label", why, each.write, origin, **each._asdict())


def _moved(facts: Facts, policy: NetworkPolicy, namespaces: list[str]) -> tuple[Change, ...]:
    """The policy where the pods are; the one that was made elsewhere selects nobody and may stay."""
    resource = facts.state.get("NetworkPolicy", policy.namespace, policy.name)
    found = []
    for name in namespaces if resource else ():
        if facts.state.get("NetworkPolicy", name, policy.name) is None:
            body = copy.deepcopy(dict(resource.body))  # type: ignore[union-attr]
            body["metadata"]["namespace"] = name
            places = {"name": name, "namespace": policy.namespace, "policy": policy.name, "where": where(policy.origin)}
            found.append(Change(line("remedy.move", **places), line("remedy.admits.move"), (from_object(body),)))
    return tuple(found)


def _named(namespace: str) -> Body:
    return {"matchLabels": {METADATA_NAME: namespace}}


def _pods_of(facts: Facts, place: Place, number: int, namespaces: list[str]) -> Iterator[Change]:
    """A label of pods under namespaceSelector: it goes where it belongs, with the namespace where that is another."""
    spot = _Spot.peer(facts.state, place, number)
    origin = place.rule.peers[number].origin
    for name in namespaces:

        def edit(item: Body, name: str = name) -> None:
            item["podSelector"] = item.pop("namespaceSelector")
            if name != place.policy.namespace:
                item["namespaceSelector"] = _named(name)

        is_own = name == place.policy.namespace
        beside = "" if is_own else line("remedy.pod label.beside", key=METADATA_NAME, name=name)
        yield from spot.changed("remedy.pod label", line("remedy.admits.that rule"), edit, origin, beside=beside)


def _in_namespace(facts: Facts, place: Place, number: int, namespaces: list[str]) -> Iterator[Change]:
    """The peer with the namespace in which its pods are."""
    spot = _Spot.peer(facts.state, place, number)
    origin = place.rule.peers[number].origin
    for name in namespaces:

        def edit(item: Body, name: str = name) -> None:
            item.pop("namespaceSelector", None)
            if name != place.policy.namespace:
                item["namespaceSelector"] = _named(name)

        why = line("remedy.admits.that rule")
        yield from spot.changed("remedy.in namespace", why, edit, origin, key=METADATA_NAME, name=name)


def _dash(facts: Facts, place: Place, number: int) -> Iterator[Change]:
    """Two selectors of one item as two items: AND becomes OR."""
    side = PEERS_FIELD[place.direction]
    peer = place.rule.peers[number]

    def edit(rule: Body) -> None:
        item = rule[side][number]
        rule[side].insert(number + 1, {"podSelector": item.pop("podSelector")})

    spot = _Spot(
        facts.state, place.policy, lambda body: body["spec"][place.direction][place.number], _rule_words(place)
    )
    origin = peer.pod_selector.origin if peer.pod_selector else peer.origin
    yield from spot.changed("remedy.dash", line("remedy.admits.dash"), edit, origin)
