"""The engine against the slow evaluator on random clusters.

``NETPOL_LAB_WORLDS`` says how many: 10,000 unless told, 100,000 in a nightly run.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import product

import pytest
import slow_evaluator
from worlds import World, world

from netpol_lab.engine import classes
from netpol_lab.engine import reasons as explain
from netpol_lab.engine.compiled import Engine
from netpol_lab.engine.reachability import Reachability
from netpol_lab.engine.verdict import Gate
from netpol_lab.model.labels import Requirement
from netpol_lab.model.objects import Endpoint, Pod

WORLDS = int(os.environ.get("NETPOL_LAB_WORLDS", "10000"))
PARTS = 20


@pytest.mark.parametrize("part", range(PARTS))
def test_the_engine_and_the_slow_evaluator_agree_on_every_random_world(part: int) -> None:
    for seed in range(part, WORLDS, PARTS):
        check(world(seed), seed)


@pytest.mark.parametrize("size", [6, 12, 24])
def test_they_agree_on_larger_worlds_too(size: int) -> None:
    for seed in range(max(WORLDS // 1000, 2)):
        check(world(seed, size=size), seed)


def test_every_way_to_keep_sets_of_namespaces_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classes, "FEW", 0)
    for seed in range(WORLDS // 20):
        check(world(seed), seed)


def test_all_pairs_at_once_agree_with_the_slow_evaluator() -> None:
    for seed in range(WORLDS // 20):
        each = world(seed, size=seed % 8)
        ends = each.endpoints
        answers = Reachability(each.engine(), each.asked).pairs(ends, ends)
        for source, destination in pairs(each):
            found = int(answers[ends.index(source), ends.index(destination)])
            for place, (protocol, port) in enumerate(each.asked):
                right = slow_evaluator.allowed(each.rules, source, destination, protocol, port)
                assert bool(found >> place & 1) == right, (seed, source, destination, protocol, port)


def test_random_worlds_have_both_answers_and_every_kind_of_stop() -> None:
    stops: dict[str, int] = {}
    for seed in range(100):
        each = world(seed)
        engine = each.engine()
        for source, destination in pairs(each):
            for protocol, port in each.asked:
                verdict = explain.verdict(engine, source, destination, port, protocol)
                stops[verdict.stops_at] = stops.get(verdict.stops_at, 0) + 1
    assert min(stops[kind] for kind in ("", "ingress", "egress", "both ends")) > 100, stops


def pairs(each: World) -> list[tuple[Endpoint, Endpoint]]:
    pods = set(each.pods)
    return [ends for ends in product(each.endpoints, repeat=2) if pods & set(ends)]


def check(each: World, seed: int) -> None:
    engine = each.engine()
    for source, destination in pairs(each):
        egress = engine.admitted("egress", source, destination)
        ingress = engine.admitted("ingress", source, destination)
        both = engine.connection(source, destination)
        for asked in each.asked:
            protocol, port = asked
            out = slow_evaluator.admits(each.rules, "egress", source, destination, protocol, port)
            into = slow_evaluator.admits(each.rules, "ingress", source, destination, protocol, port)
            told = (asked in egress, asked in ingress, asked in both)
            assert told == (out, into, out and into), (seed, source, destination, asked)
        check_reasons(each, engine, source, destination, each.asked[seed % len(each.asked)], seed)


def check_reasons(
    each: World, engine: Engine, source: Endpoint, destination: Endpoint, asked: tuple[str, int], seed: int
) -> None:
    """The reasons agree with the sets of ports they are read beside."""
    protocol, port = asked
    verdict = explain.verdict(engine, source, destination, port, protocol)
    where = (seed, source, destination, protocol, port)
    open_ports = engine.connection(source, destination)
    assert verdict.allowed == (asked in open_ports) == bool(verdict) == (verdict.stops_at == ""), where
    stopped = {"": "", "egress": "egress", "ingress": "ingress", "both ends": "egress ingress"}[verdict.stops_at]
    for gate in (verdict.egress, verdict.ingress):
        assert gate.admitted == (asked in engine.admitted(gate.direction, source, destination)), where
        assert gate.admitted == (gate.direction not in stopped), where
        check_gate(gate, where)
        check_conditions(each, gate, source if gate.direction == "ingress" else destination, where)


def check_gate(gate: Gate, where: object) -> None:
    assert bool(gate.admitting) == (gate.isolated and gate.admitted), where
    assert not (gate.near_misses and not gate.isolated), where
    rules = [(rule.policy.id, rule.index) for rule in (*gate.admitting, *(miss.rule for miss in gate.near_misses))]
    isolating = [(policy.id, place) for policy in gate.isolating for place in range(len(policy.rules(gate.direction)))]
    assert sorted(rules) == sorted(isolating), where
    failed = [len(miss.failed) for miss in gate.near_misses]
    assert all(failed) and failed == sorted(failed), where


def check_conditions(each: World, gate: Gate, other: Endpoint, where: object) -> None:
    """A near miss tells every label condition of its peer that is not met, and none that is."""
    for miss in gate.near_misses:
        peer = miss.rule.peer
        if peer is None or not isinstance(other, Pod) or other.host_network:
            continue
        for kind, selector, labels in (
            ("pod label", peer.pod_selector, other.labels),
            ("namespace label", peer.namespace_selector, each.rules.namespaces[other.namespace]),
        ):
            told = [condition.wanted for condition in miss.failed if condition.kind == kind]
            wanted = [part for part in selector.requirements if not holds(part, labels)] if selector else []
            assert told == wanted, (where, kind)


def holds(requirement: Requirement, labels: Mapping[str, str]) -> bool:
    operator = "In" if requirement.operator == "=" else requirement.operator
    written = {"key": requirement.key, "operator": operator, "values": requirement.values}
    return slow_evaluator._requirement_holds(written, labels)
