"""Laws that hold whatever the policies are: what may change in the answers when the policies change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from slow_evaluator import Rules
from worlds import World, world

from netpol_lab.engine.compiled import Engine
from netpol_lab.model.labels import Labels
from netpol_lab.model.objects import Endpoint
from netpol_lab.model.ports import PortSet

Body = dict[str, Any]
Matrix = Mapping[tuple[Endpoint, Endpoint], PortSet]

worlds = st.integers(0, 2**32).map(lambda seed: world(seed, size=2))


def matrix(each: World, engine: Engine | None = None) -> Matrix:
    built = engine or each.engine()
    return {ends: built.connection(*ends) for ends in product(each.endpoints, repeat=2) if set(ends) & set(each.pods)}


def with_policies(each: World, policies: Sequence[Body]) -> World:
    return replace(each, rules=Rules(each.rules.namespaces, list(policies)))


def only_gains(before: Matrix, after: Matrix) -> bool:
    return all(after[ends] & ports == ports for ends, ports in before.items())


@given(worlds, st.randoms(use_true_random=False))
def test_the_order_of_policies_rules_peers_and_ports_is_irrelevant(each: World, random: Any) -> None:
    shuffled = deepcopy(list(each.rules.policies))
    random.shuffle(shuffled)
    for policy in shuffled:
        for direction, peers in (("ingress", "from"), ("egress", "to")):
            rules = policy["spec"].get(direction) or []
            random.shuffle(rules)
            for rule in filter(None, rules):
                random.shuffle(rule.get(peers) or [])
                random.shuffle(rule.get("ports") or [])
    assert matrix(each) == matrix(with_policies(each, shuffled))


@given(worlds, st.integers(0, 2**32))
def test_adding_a_rule_never_removes_a_connection(each: World, seed: int) -> None:
    donor = world(seed, size=2)
    for direction in ("ingress", "egress"):
        extra = [rule for policy in donor.rules.policies for rule in policy["spec"].get(direction) or []][:1]
        policies = deepcopy(list(each.rules.policies))
        # An egress rule can make Egress one of the types (F), so the types are spelled out first
        for policy, typed in zip(policies, each.policies, strict=True):
            policy["spec"]["policyTypes"] = list(typed.policy_types)
        policies[0]["spec"][direction] = [*(policies[0]["spec"].get(direction) or []), *extra]
        assert only_gains(matrix(each), matrix(with_policies(each, policies)))


@given(worlds, st.integers(0, 2**32))
def test_a_policy_whose_pods_were_isolated_already_never_removes_a_connection(each: World, seed: int) -> None:
    extra = deepcopy(world(seed, size=1).rules.policies[0])
    home = extra["metadata"]["namespace"] = each.pods[0].namespace
    extra["metadata"]["name"] = "extra"
    closed: Body = deepcopy(extra)
    closed["spec"] = {"podSelector": extra["spec"].get("podSelector"), "policyTypes": ["Ingress", "Egress"]}
    closed["metadata"] = {"name": "closed", "namespace": home}
    before = with_policies(each, [*each.rules.policies, closed])
    after = with_policies(each, [*each.rules.policies, closed, extra])
    assert only_gains(matrix(before), matrix(after))


@given(worlds)
def test_a_policy_applied_twice_under_two_names_changes_nothing(each: World) -> None:
    twins = deepcopy(list(each.rules.policies))
    for policy in twins:
        policy["metadata"]["name"] += "-again"
    assert matrix(each) == matrix(with_policies(each, [*each.rules.policies, *twins]))


@given(worlds)
def test_splitting_a_policy_by_rule_changes_nothing(each: World) -> None:
    pieces: list[Body] = []
    for policy, typed in zip(each.rules.policies, each.policies, strict=True):
        base = {"podSelector": policy["spec"].get("podSelector"), "policyTypes": list(typed.policy_types)}
        specs: list[Body] = [base]
        for direction in ("ingress", "egress"):
            specs += [{**base, direction: [rule]} for rule in policy["spec"].get(direction) or []]
        for number, spec in enumerate(specs):
            name = f"{policy['metadata']['name']}-{number}"
            pieces.append({**policy, "metadata": {**policy["metadata"], "name": name}, "spec": spec})
    assert matrix(each) == matrix(with_policies(each, pieces))


@given(worlds)
def test_splitting_a_rule_by_peer_and_port_changes_nothing(each: World) -> None:
    split = deepcopy(list(each.rules.policies))
    for policy in split:
        for direction, peers in (("ingress", "from"), ("egress", "to")):
            rules = policy["spec"].get(direction)
            if rules:
                policy["spec"][direction] = [piece for rule in rules for piece in pieces_of(rule or {}, peers)]
    assert matrix(each) == matrix(with_policies(each, split))


def pieces_of(rule: Body, peers: str) -> Iterator[Body]:
    for peer in rule.get(peers) or [None]:
        for port in rule.get("ports") or [()]:
            yield {**({peers: [peer]} if peer else {}), **({} if port == () else {"ports": [port]})}


@given(worlds)
def test_renaming_labels_everywhere_changes_nothing(each: World) -> None:
    def key(name: str) -> str:
        return name if "/" in name else f"renamed.example/{name}-x"

    def labels(old: Mapping[str, str]) -> dict[str, str]:
        return {key(name): value if "/" in name else f"v-{value}" for name, value in old.items()}

    pods = tuple(replace(pod, labels=Labels(labels(pod.labels))) for pod in each.pods)
    namespaces = {name: labels(old) for name, old in each.rules.namespaces.items()}
    policies = [relabeled(policy, key) for policy in each.rules.policies]
    renamed = replace(each, pods=pods, rules=Rules(namespaces, policies))
    assert list(matrix(each).values()) == list(matrix(renamed).values())


def relabeled(value: Any, key: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [relabeled(item, key) for item in value]
    if not isinstance(value, dict):
        return value
    if "operator" in value:
        plain = "/" not in value["key"]
        values = [f"v-{item}" if plain else item for item in value.get("values") or []]
        return {**value, "key": key(value["key"]), "values": values}
    changed = {name: relabeled(item, key) for name, item in value.items()}
    if changed.get("matchLabels"):
        changed["matchLabels"] = {key(name): f"v-{item}" for name, item in changed["matchLabels"].items()}
    return changed


@given(worlds, st.integers(0, 2**32))
def test_a_namespaces_matrix_does_not_depend_on_policies_of_other_namespaces(each: World, seed: int) -> None:
    home = each.pods[0].namespace
    extra = [deepcopy(policy) for policy in world(seed, size=2).rules.policies]
    for number, policy in enumerate(extra):
        policy["metadata"] = {"name": f"elsewhere{number}", "namespace": "elsewhere"}
    grown = replace(
        each,
        pods=(*each.pods, replace(each.pods[0], namespace="elsewhere", name="stranger")),
        rules=Rules({**each.rules.namespaces, "elsewhere": {}}, [*each.rules.policies, *extra]),
    )
    before, after = matrix(each), matrix(grown)
    assert all(after[ends] == ports for ends, ports in before.items())
    assert any(pod.namespace == home for pod in each.pods)


@given(worlds)
def test_a_pod_that_nothing_tells_apart_is_treated_alike(each: World) -> None:
    original = each.pods[0]
    twin = replace(original, name="twin")
    engine = replace(each, pods=(*each.pods, twin)).engine()
    for other in each.endpoints:
        if other != original:
            assert engine.connection(original, other) == engine.connection(twin, other)
            assert engine.connection(other, original) == engine.connection(other, twin)


@given(worlds)
def test_asking_in_another_order_gives_the_same_answers(each: World) -> None:
    engine = each.engine()
    forward = matrix(each, engine)
    backward = {ends: each.engine().connection(*ends) for ends in reversed(list(forward))}
    assert forward == backward
    assert forward == matrix(each, engine)
