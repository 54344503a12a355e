"""Ways to break a healthy world, each named by its mistake in ``data/mistakes.yaml``.

A way is shown one policy after the other, and yields what may stand in its place. It knows the form of a policy and
no world, so that the number alone decides what breaks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy

from netpol_lab.lessons.practice.healthy_worlds import HealthyWorld, Manifest, policy

Broken = list[Manifest]
"""What stands in the place of one policy: another one, none, or two."""

Breaker = Callable[[Manifest, HealthyWorld], Iterator[Broken]]

WAYS: dict[str, Breaker] = {}
"""By the id of the mistake."""


def breaks_as(mistake: str) -> Callable[[Breaker], Breaker]:
    def register(way: Breaker) -> Breaker:
        WAYS[mistake] = way
        return way

    return register


def _rules(given: Manifest) -> Iterator[tuple[Manifest, list[Manifest], int, str]]:
    """For each rule of a policy: a copy of the policy, the copy's rules, the rule's place, and the key of its peers."""
    for direction, key in (("ingress", "from"), ("egress", "to")):
        for place in range(len(given["spec"].get(direction) or ())):
            copy = deepcopy(given)
            yield copy, copy["spec"][direction], place, key


def _peers(given: Manifest) -> Iterator[tuple[Manifest, list[Manifest], int]]:
    """For each peer of a policy: a copy of the policy, the peers of its rule, and its place among them."""
    for _, rules, place, key in _rules(given):
        for index in range(len(rules[place].get(key, ()))):
            copy = deepcopy(given)
            direction = "ingress" if key == "from" else "egress"
            yield copy, copy["spec"][direction][place][key], index


def _is_dns(given: Manifest) -> bool:
    return bool(given["metadata"]["name"] == "allow-dns")


@breaks_as("M1")
def dash_too_many(given: Manifest, world: HealthyWorld) -> Iterator[Broken]:
    for copy, peers, index in _peers(given):
        if len(peers[index]) == 2:
            both = peers.pop(index)
            peers[index:index] = [{name: selector} for name, selector in both.items()]
            yield [copy]


@breaks_as("M2")
def dash_before_ports(given: Manifest, world: HealthyWorld) -> Iterator[Broken]:
    for copy, rules, place, key in _rules(given):
        rule = rules[place]
        if not _is_dns(given):
            rules[place : place + 1] = [{key: rule[key]}, {"ports": rule["ports"]}]
            yield [copy]


@breaks_as("M3")
def selector_next_door(given: Manifest, world: HealthyWorld) -> Iterator[Broken]:
    for copy, peers, index in _peers(given):
        if len(peers[index]) == 2:
            del peers[index]["namespaceSelector"]
            yield [copy]


@breaks_as("M4")
def label_of_no_namespace(given: Manifest, world: HealthyWorld) -> Iterator[Broken]:
    for copy, peers, index in _peers(given):
        labels = peers[index].get("namespaceSelector", {}).get("matchLabels")
        if labels:
            peers[index]["namespaceSelector"] = {"matchLabels": {"name": next(iter(labels.values()))}}
            yield [copy]


@breaks_as("M5")
def dns_forgotten(given: Manifest, world: HealthyWorld) -> Iterator[Broken]:
    if _is_dns(given):
        yield []


@breaks_as("M6")
def dns_over_tcp_alone(given: Manifest, world: HealthyWorld) -> Iterator[Broken]:
    if _is_dns(given):
        copy = deepcopy(given)
        copy["spec"]["egress"][0]["ports"] = [{"port": 53}]
        yield [copy]


@breaks_as("M7")
def port_of_the_service(given: Manifest, world: HealthyWorld) -> Iterator[Broken]:
    services = {each.port: each.service for each in world.workloads if each.port != each.service}
    for copy, rules, place, _ in _rules(given):
        port = rules[place]["ports"][0]
        if port["port"] in services:
            port["port"] = services[port["port"]]
            yield [copy]


@breaks_as("M8")
def another_namespace(given: Manifest, world: HealthyWorld) -> Iterator[Broken]:
    if given["spec"]["podSelector"]:
        copy = deepcopy(given)
        del copy["metadata"]["namespace"]
        yield [copy]


@breaks_as("M9")
def one_end_only(given: Manifest, world: HealthyWorld) -> Iterator[Broken]:
    if given["spec"]["podSelector"]:
        yield []


@breaks_as("M10")
def address_of_the_service(given: Manifest, world: HealthyWorld) -> Iterator[Broken]:
    for copy, peers, index in _peers(given):
        if "egress" in copy["spec"] and not _is_dns(given):
            peers[index] = {"ipBlock": {"cidr": "10.96.0.0/16"}}
            yield [copy]


@breaks_as("M14")
def name_of_no_port(given: Manifest, world: HealthyWorld) -> Iterator[Broken]:
    for copy, rules, place, _ in _rules(given):
        if not _is_dns(given):
            rules[place]["ports"][0]["port"] = "http"
            yield [copy]


@breaks_as("M15")
def empty_rule(given: Manifest, world: HealthyWorld) -> Iterator[Broken]:
    if not given["spec"]["podSelector"] and given["spec"].get("ingress") == []:
        copy = deepcopy(given)
        copy["spec"]["ingress"] = [{}]
        yield [copy]
    for copy, rules, place, key in _rules(given):
        if key == "from":
            rules[place][key] = []
            yield [copy]


@breaks_as("M16")
def old_policy_left(given: Manifest, world: HealthyWorld) -> Iterator[Broken]:
    if given["spec"].get("ingress") == []:
        yield [given, policy(given["metadata"]["namespace"], "allow-everything", {}, ingress=[{}])]


@breaks_as("M17")
def letters_exchanged(given: Manifest, world: HealthyWorld) -> Iterator[Broken]:
    if given["spec"]["podSelector"]:
        copy = deepcopy(given)
        labels = copy["spec"]["podSelector"]["matchLabels"]
        labels["role"] = _misspelled(labels["role"])
        yield [copy]
    for copy, peers, index in _peers(given):
        labels = peers[index].get("podSelector", {}).get("matchLabels", {})
        if "role" in labels:
            labels["role"] = _misspelled(labels["role"])
            yield [copy]


@breaks_as("S16")
def direction_left_out(given: Manifest, world: HealthyWorld) -> Iterator[Broken]:
    if given["spec"].get("ingress") == given["spec"].get("egress") == []:
        for direction in ("Ingress", "Egress"):
            copy = deepcopy(given)
            copy["spec"]["policyTypes"] = [direction]
            del copy["spec"]["egress" if direction == "Ingress" else "ingress"]
            yield [copy]


def _misspelled(word: str) -> str:
    """The word with its last two letters exchanged, as fingers do: ``api`` becomes ``aip``."""
    return word[:-2] + word[-1] + word[-2]
