"""A change, applied for real, opens or closes what it says, and nothing else in the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from small_clusters import pod, policy_resource
from test_remedy import DENIED, denied_connections
from worlds import World, snapshot_of, state_of, world

from netpol_lab import Cluster
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.coach.admit import smallest_change
from netpol_lab.coach.change import Change
from netpol_lab.coach.stop import smallest_stop
from netpol_lab.coach.ways import Way
from netpol_lab.connections import connect_to
from netpol_lab.display import why
from netpol_lab.engine import reasons as explain
from netpol_lab.model.objects import OUTSIDE, Endpoint, NetworkPolicy, Pod
from netpol_lab.model.ports import PortSet

Reach = dict[tuple[str, str], PortSet]


def name(end: Endpoint) -> str:
    return end.id if isinstance(end, Pod) else end.name


def reach(state: Snapshot, others: tuple[Endpoint, ...]) -> Reach:
    ends = [*state.pods, *others]
    return {(name(a), name(b)): state.engine.connection(a, b) for a, b in product(ends, repeat=2)}


def applied(change: Change, state: Snapshot) -> Snapshot:
    """The cluster after the change was made as a person would make it: labels put, policies applied."""
    cluster = Cluster.at(state)
    for resource in change.resources:
        if isinstance(resource.typed, NetworkPolicy):
            cluster.apply(resource)
        else:
            cluster.put(resource)
    return cluster.snapshot()


def others_of(each: World) -> tuple[Endpoint, ...]:
    return tuple(end for end in each.endpoints if not isinstance(end, Pod))


def said(change: Change, known: set[str], asked: tuple[str, str], ports: PortSet) -> Reach:
    """The connections that a change speaks of, between ends we can name."""
    found: Reach = {asked: ports}
    for way in change.also:
        for pair in product(way.sources, way.destinations):
            if known.issuperset(pair):
                found[pair] = found.get(pair, PortSet.NONE) | way.ports
    return found


def test_on_random_denied_connections_nothing_opens_but_what_the_change_says() -> None:
    besides = 0
    for seed, each, source, destination, protocol, port in denied_connections(DENIED):
        state = state_of(each)
        verdict = explain.verdict(state.engine, source, destination, port, protocol)
        change = smallest_change(state, verdict)
        if change is None:
            continue
        besides += bool(change.also)
        old, new = reach(state, others_of(each)), reach(applied(change, state), others_of(each))
        opened = {pair: new[pair] - old[pair] for pair in old if new[pair] - old[pair]}
        pair, ports = (name(source), name(destination)), PortSet.of(protocol, port)
        known = {end for ends in old for end in ends if "/" in end} | set(pair)
        expected = said(change, known, pair, ports)
        inside = {ends: more for ends, more in opened.items() if known.issuperset(ends)}
        assert inside == expected, f"world {seed}: {change}"
        assert all(ends in inside or change.also for ends in opened), f"world {seed}: {change}"
        assert all(not old[ends] - new[ends] for ends in old), f"world {seed}: {change}"
    assert besides > 10


def allowed_connections(count: int) -> Iterator[tuple[int, World, Endpoint, Endpoint, str, int]]:
    found = 0
    for seed in range(10 * count):
        each = world(seed)
        engine = each.engine()
        allowed = [
            (source, destination, protocol, port)
            for source, destination in product(each.endpoints, repeat=2)
            if {source, destination} & set(each.pods) and source != destination
            for protocol, port in each.asked
            if (protocol, port) in engine.connection(source, destination)
        ]
        if allowed:
            yield (seed, each, *allowed[seed % len(allowed)])
            found += 1
        if found == count:
            return


def test_on_random_allowed_connections_nothing_closes_but_what_the_change_says() -> None:
    stopped = 0
    for seed, each, source, destination, protocol, port in allowed_connections(DENIED):
        state = state_of(each)
        verdict = explain.verdict(state.engine, source, destination, port, protocol)
        change = smallest_stop(state, verdict)
        if change is None:
            gates = (verdict.egress, verdict.ingress)
            assert all(gate.unjudged or not gate.endpoint.ips for gate in gates) or any(  # type: ignore[union-attr]
                isinstance(end, Pod) and not end.labels for end in (source, destination)
            ), f"world {seed}: no change found"
            continue
        stopped += 1
        assert change.stops
        old, new = reach(state, others_of(each)), reach(applied(change, state), others_of(each))
        closed = {pair: old[pair] - new[pair] for pair in old if old[pair] - new[pair]}
        pair, ports = (name(source), name(destination)), PortSet.of(protocol, port)
        known = {end for ends in old for end in ends if "/" in end} | set(pair)
        expected = said(change, known, pair, ports)
        inside = {ends: less for ends, less in closed.items() if known.issuperset(ends)}
        assert inside == expected, f"world {seed}: {change}"
        assert all(not new[ends] - old[ends] for ends in old), f"world {seed}: {change}"
    assert stopped > DENIED * 0.7


# What is suggested

WEB = pod("shop/web", {"app": "web"}, [("http", 80, "TCP")], ["10.244.1.3"])
CLIENT = pod("shop/client", {"app": "client"}, ips=["10.244.1.2"])
SPY = pod("shop/spy", {"app": "spy"}, ips=["10.244.1.4"])
WEB_ONLY = {"matchLabels": {"app": "web"}}
FROM = {who: {"podSelector": {"matchLabels": {"app": who}}} for who in ("client", "spy")}


def stop(*policies: dict[str, object], source: Endpoint = SPY) -> Change:
    made = [policy_resource(f"shop/p{n}", **spec) for n, spec in enumerate(policies)]
    state = snapshot_of([WEB, CLIENT, SPY], made, {"shop": {}})
    change = smallest_stop(state, explain.verdict(state.engine, source, WEB, 80))
    assert change is not None
    return change


def test_the_peer_that_admits_is_taken_out_of_its_rule() -> None:
    change = stop(
        {"podSelector": WEB_ONLY, "ingress": [{"from": [FROM["client"], FROM["spy"]], "ports": [{"port": 80}]}]}
    )
    assert change.command == "take item 2 out of from of rule 1 of p0"
    assert change.besides == ""


def test_a_rule_for_one_peer_is_deleted() -> None:
    rules = [{"from": [FROM["client"]]}, {"from": [FROM["spy"]], "ports": [{"port": 80}]}]
    change = stop({"podSelector": WEB_ONLY, "ingress": rules})
    assert (change.command, change.besides) == ("delete rule 2 of p0", "")


def test_of_two_changes_the_one_that_closes_less_is_taken() -> None:
    change = stop(
        {"podSelector": WEB_ONLY, "ingress": [{"from": [FROM["spy"]], "ports": [{"port": 80}, {"port": 81}]}]}
    )
    assert (change.command, change.besides) == ("take TCP 80 out of the ports of rule 1 of p0", "")


def test_what_a_deleted_rule_closes_besides_is_said() -> None:
    anyone = policy_resource("shop/p0", podSelector=WEB_ONLY, ingress=[{"from": [{"podSelector": {}}]}])
    bare = pod("shop/bare", ips=["10.244.1.9"])
    state = snapshot_of([WEB, CLIENT, bare], [anyone], {"shop": {}})
    change = smallest_stop(state, explain.verdict(state.engine, bare, WEB, 80))
    assert change is not None and change.command == "delete rule 1 of p0"
    expected = "It also closes shop/bare to shop/web on all ports but TCP 80; shop/client to shop/web on all ports."
    assert change.besides == expected


def test_every_rule_that_admits_is_taken_out() -> None:
    one = {"podSelector": WEB_ONLY, "ingress": [{"from": [FROM["spy"]], "ports": [{"port": 80}]}]}
    assert stop(one, one).command == "delete rule 1 of p0\ndelete rule 1 of p1"


def test_an_open_pod_is_isolated_and_the_others_of_its_namespace_stay_admitted() -> None:
    change = stop()
    assert change.command == ("a new policy in shop for pods with app=web: ingress from pods with app=client")
    assert "It also closes" in change.besides and "shop/client" not in change.besides


def test_an_outside_address_is_kept_out_of_an_open_pod() -> None:
    change = stop(source=OUTSIDE)
    assert change.command.endswith("ingress from pods of all namespaces")
    assert change.besides == "It also closes External to shop/web on all ports but TCP 80."


def test_no_stop_is_written_with_lists_of_exceptions_or_ranges_of_ports() -> None:
    for source in (SPY, OUTSIDE):
        (policy,) = stop(source=source).resources
        assert not any(word in str(policy.body) for word in ("NotIn", "except", "endPort"))


def test_there_is_nothing_to_stop_where_a_connection_is_blocked_or_a_pod_meets_itself() -> None:
    state = snapshot_of([WEB, SPY], [policy_resource("shop/deny")], {"shop": {}})
    assert smallest_stop(state, explain.verdict(state.engine, SPY, WEB, 80)) is None
    assert smallest_stop(state, explain.verdict(state.engine, WEB, WEB, 80)) is None


def test_a_change_that_opens_nothing_else_is_preferred() -> None:
    allow = {"podSelector": WEB_ONLY, "ingress": [{"from": [FROM["client"], FROM["spy"]], "ports": [{"port": 443}]}]}
    state = snapshot_of([WEB, CLIENT, SPY], [policy_resource("shop/allow", **allow)], {"shop": {}})
    change = smallest_change(state, explain.verdict(state.engine, CLIENT, WEB, 80))
    assert change is not None and change.command.startswith("a new policy in shop") and change.also == ()


def test_what_a_label_opens_besides_is_said() -> None:
    allow = {"podSelector": WEB_ONLY, "ingress": [{"from": [{"podSelector": {"matchLabels": {"role": "front"}}}]}]}
    client = pod("shop/client", {"role": "frnot"}, ips=["10.244.1.2"])
    other = pod("shop/other", {"role": "front"}, ips=["10.244.1.5"])
    state = snapshot_of([WEB, client, other], [policy_resource("shop/allow", **allow)], {"shop": {}})
    change = smallest_change(state, explain.verdict(state.engine, client, WEB, 80))
    command = "kubectl label pod client -n shop role=front --overwrite"
    assert change is not None and change.command == command
    assert change.besides == "It also opens shop/client to shop/web on all ports but TCP 80."


def test_the_picture_says_what_a_change_does_besides() -> None:
    change = Change("delete rule 1 of p0", "Then no rule admits it.", also=(), stops=True)
    state = snapshot_of([WEB, CLIENT, SPY], [], {"shop": {}})
    flow = connect_to(state, SPY, WEB, 80)
    plain = why.draw(flow, change=change)
    assert "(checked: then blocked)" in plain.text and "also" not in plain.text
    way = Way(("shop/client",), ("shop/web",), PortSet.ALL)
    wide = why.draw(flow, change=replace(change, also=(way,) * 5))
    words = "It also closes " + "; ".join(["shop/client to shop/web on all ports"] * 3) + "; 2 more."
    assert words in " ".join(wide.text.split()) and words in wide.html and "Smallest change that stops it" in wide.html
