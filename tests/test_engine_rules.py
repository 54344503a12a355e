"""The rules of ``data/rules.yaml``, one sentence each, where no other test file speaks of them."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest
from small_clusters import admits, engine, pod, policy, policy_resource, ports

from netpol_lab.engine import reasons as explain
from netpol_lab.engine.profiles import UPSTREAM
from netpol_lab.model.errors import ManifestError, NotFound
from netpol_lab.model.objects import OUTSIDE, External, Node
from netpol_lab.tell.condition_words import found_words

CLIENT = pod("shop/client", {"app": "client"}, ips=["10.244.1.2"])
WEB = pod("shop/web", {"app": "web"}, [("http", 8080, "TCP")], ["10.244.1.3"])
ADMIN = pod("ops/admin", {"app": "client"}, ips=["10.244.2.2"])
WEB_ONLY = {"matchLabels": {"app": "web"}}
CLIENTS = {"matchLabels": {"app": "client"}}


# Isolation


def test_without_policies_everything_is_open() -> None:
    built = engine([CLIENT, WEB], [])
    assert ports(built, CLIENT, WEB) == ports(built, OUTSIDE, WEB) == ports(built, WEB, OUTSIDE) == "All"


def test_deny_all_egress_needs_its_type_spelled_out() -> None:
    assert ports(engine([CLIENT], [policy("shop/p", policyTypes=["Egress"])]), CLIENT, OUTSIDE) == ""
    assert ports(engine([CLIENT], [policy("shop/p")]), CLIENT, OUTSIDE) == "All"


def test_policies_add_up() -> None:
    built = engine(
        [CLIENT, WEB],
        [
            policy("shop/a", podSelector=WEB_ONLY, ingress=[{"ports": [{"port": 80}]}]),
            policy("shop/b", podSelector=WEB_ONLY, ingress=[{"ports": [{"port": 443}]}]),
            policy("shop/deny", podSelector=WEB_ONLY),
        ],
    )
    assert ports(built, CLIENT, WEB) == "TCP 80,443"


def test_rules_of_a_direction_without_its_type_are_inert() -> None:
    only_in = policy("shop/p", podSelector={}, policyTypes=["Ingress"], egress=[{"ports": [{"port": 443}]}])
    assert ports(engine([CLIENT], [only_in]), CLIENT, OUTSIDE) == "All"
    opens = policy("shop/q", podSelector={}, policyTypes=["Egress"], ingress=[{}])
    closed = policy("shop/deny", podSelector={})
    assert ports(engine([CLIENT], [opens, closed]), OUTSIDE, CLIENT) == ""


def test_a_connection_needs_both_ends_and_its_reply_needs_neither() -> None:
    built = engine([CLIENT, WEB], [policy("shop/p", podSelector=WEB_ONLY, policyTypes=["Egress"])])
    assert admits(built, CLIENT, WEB)
    assert not admits(built, WEB, CLIENT)


def test_a_policy_of_another_namespace_selects_nothing_here() -> None:
    assert ports(engine([CLIENT, WEB, ADMIN], [policy("ops/deny")]), CLIENT, WEB) == "All"


# Peers


@pytest.mark.parametrize("rule", [{}, {"from": []}, {"from": None}], ids=["missing", "empty", "null"])
def test_a_rule_without_peers_admits_every_source_and_the_outside_too(rule: dict) -> None:
    built = engine([CLIENT, WEB, ADMIN], [policy("shop/p", podSelector=WEB_ONLY, ingress=[rule])])
    assert {ports(built, source, WEB) for source in (CLIENT, ADMIN, OUTSIDE)} == {"All"}


def test_a_peer_with_nothing_in_it_is_refused() -> None:
    with pytest.raises(ManifestError, match="must specify a peer"):
        policy_resource("shop/p", ingress=[{"from": [{}]}])


def test_a_pod_selector_alone_looks_into_the_policys_own_namespace() -> None:
    built = engine([CLIENT, WEB, ADMIN], [policy("shop/p", ingress=[{"from": [{"podSelector": CLIENTS}]}])])
    assert (admits(built, CLIENT, WEB), admits(built, ADMIN, WEB)) == (True, False)


def test_an_empty_pod_selector_in_a_peer_is_the_own_namespace_only() -> None:
    built = engine([CLIENT, WEB, ADMIN], [policy("shop/p", ingress=[{"from": [{"podSelector": {}}]}])])
    assert [admits(built, each, WEB) for each in (CLIENT, ADMIN, OUTSIDE)] == [True, False, False]


def test_an_empty_namespace_selector_is_every_pod_and_no_outside_address() -> None:
    built = engine([CLIENT, WEB, ADMIN], [policy("shop/p", ingress=[{"from": [{"namespaceSelector": {}}]}])])
    assert [admits(built, each, WEB) for each in (CLIENT, ADMIN, OUTSIDE)] == [True, True, False]


def test_two_selectors_in_one_item_are_anded_and_in_two_items_ored() -> None:
    prod = {"matchLabels": {"env": "prod"}}
    pods = [CLIENT, WEB, ADMIN, pod("ops/tool"), pod("dev/client", {"app": "client"})]
    namespaces = {"ops": {"env": "prod"}}
    one = policy("shop/p", ingress=[{"from": [{"podSelector": CLIENTS, "namespaceSelector": prod}]}])
    two = policy("shop/p", ingress=[{"from": [{"podSelector": CLIENTS}, {"namespaceSelector": prod}]}])
    anded, ored = engine(pods, [one], namespaces), engine(pods, [two], namespaces)
    sources = (CLIENT, ADMIN, *pods[3:])
    assert [admits(anded, each, WEB) for each in sources] == [False, True, False, False]
    assert [admits(ored, each, WEB) for each in sources] == [True, True, True, False]


def test_namespaces_are_chosen_by_label_and_name_is_not_one_of_them() -> None:
    by_name = policy("shop/p", ingress=[{"from": [{"namespaceSelector": {"matchLabels": {"name": "ops"}}}]}])
    own = {"matchLabels": {"kubernetes.io/metadata.name": "ops"}}
    by_own_label = policy("shop/p", ingress=[{"from": [{"namespaceSelector": own}]}])
    assert not admits(engine([ADMIN, WEB], [by_name]), ADMIN, WEB)
    assert admits(engine([ADMIN, WEB], [by_own_label]), ADMIN, WEB)


def test_match_labels_and_expressions_are_anded() -> None:
    both = {"matchLabels": {"app": "client"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]}
    tiered = pod("shop/tiered", {"app": "client", "tier": "1"})
    built = engine(
        [CLIENT, tiered, WEB], [policy("shop/p", podSelector=WEB_ONLY, ingress=[{"from": [{"podSelector": both}]}])]
    )
    assert (admits(built, CLIENT, WEB), admits(built, tiered, WEB)) == (False, True)


# ipBlock


def block(cidr: str, *holes: str) -> dict:
    return {"ipBlock": {"cidr": cidr, "except": list(holes)}}


def test_an_ip_block_admits_outside_addresses_but_not_those_in_its_exceptions() -> None:
    built = engine([WEB], [policy("shop/p", ingress=[{"from": [block("203.0.113.0/24", "203.0.113.128/25")]}])])
    inside, hole, other = (External(ip_address(text)) for text in ("203.0.113.5", "203.0.113.200", "198.51.100.1"))
    assert [admits(built, each, WEB) for each in (inside, hole, other)] == [True, False, False]


def test_another_rule_can_admit_what_an_exception_leaves_out() -> None:
    rules = [{"from": [block("203.0.113.0/24", "203.0.113.128/25")]}, {"from": [block("203.0.113.200/32")]}]
    assert admits(engine([WEB], [policy("shop/p", ingress=rules)]), External(ip_address("203.0.113.200")), WEB)


def test_host_bits_in_a_cidr_do_not_matter() -> None:
    built = engine([WEB], [policy("shop/p", strict=False, ingress=[{"from": [block("203.0.113.77/24")]}])])
    assert admits(built, External(ip_address("203.0.113.5")), WEB)


def test_ipv4_everything_holds_no_ipv6_address() -> None:
    built = engine([WEB], [policy("shop/p", ingress=[{"from": [block("0.0.0.0/0")]}])])
    assert admits(built, OUTSIDE, WEB)
    assert not admits(built, External(ip_address("2001:db8::1")), WEB)


def test_whether_an_ip_block_holds_pod_addresses_is_up_to_the_profile() -> None:
    rule = policy("shop/p", podSelector=WEB_ONLY, ingress=[{"from": [block("10.244.0.0/16")]}])
    assert admits(engine([CLIENT, WEB], [rule]), CLIENT, WEB)
    other = replace(UPSTREAM, name="selectors only", ip_block_matches_pods=False)
    built = engine([CLIENT, WEB], [rule], profile=other)
    assert not admits(built, CLIENT, WEB)
    assert admits(built, External(ip_address("10.244.9.9")), WEB)
    (miss,) = explain.verdict(built, CLIENT, WEB, 80).ingress.near_misses
    assert found_words(miss.failed[0]) == "10.244.1.2, a pod address"


def test_a_dual_stack_pair_is_judged_by_one_address_family_at_both_ends() -> None:
    one = pod("shop/one", {"app": "one"}, ips=["10.244.1.8", "fd00::8"])
    other = pod("shop/other", {"app": "other"}, ips=["fd00::9", "10.244.1.9"])
    out = policy(
        "shop/out",
        podSelector={"matchLabels": {"app": "one"}},
        policyTypes=["Egress"],
        egress=[{"to": [block("::/0")]}],
    )
    into = policy("shop/in", podSelector={"matchLabels": {"app": "other"}}, ingress=[{"from": [block("::/0")]}])
    built = engine([one, other], [out, into])
    assert admits(built, one, other)  # the destination's first address is IPv6, and the source has one too
    assert ports(built, other, one) == "All"  # no policy judges this way


# Ports


@pytest.mark.parametrize("rule", [{}, {"ports": []}, {"ports": None}], ids=["missing", "empty", "null"])
def test_a_rule_without_ports_admits_all_ports_of_all_protocols(rule: dict) -> None:
    assert ports(engine([CLIENT, WEB], [policy("shop/p", ingress=[rule])]), CLIENT, WEB) == "All"


def test_a_named_port_resolves_on_each_destination_by_itself() -> None:
    other = pod("shop/other", {"app": "web"}, [("http", 80, "TCP")])
    bare = pod("shop/bare", {"app": "web"})
    named = policy("shop/p", podSelector=WEB_ONLY, ingress=[{"ports": [{"port": "http"}]}])
    built = engine([CLIENT, WEB, other, bare], [named])
    assert [ports(built, CLIENT, each) for each in (WEB, other, bare)] == ["TCP 8080", "TCP 80", ""]


def test_a_named_port_in_an_egress_rule_resolves_on_the_destination() -> None:
    source = pod("shop/source", {"app": "source"}, [("http", 9999, "TCP")])
    named = policy(
        "shop/p",
        podSelector={"matchLabels": {"app": "source"}},
        policyTypes=["Egress"],
        egress=[{"ports": [{"port": "http"}]}],
    )
    built = engine([source, WEB], [named])
    assert ports(built, source, WEB) == "TCP 8080"
    assert ports(built, source, OUTSIDE) == ""


def test_one_name_on_two_protocols_of_a_pod_is_two_ports() -> None:
    dns = pod("shop/dns", {"app": "dns"}, [("dns", 53, "UDP"), ("dns", 5353, "TCP")])
    items = [{"port": "dns", "protocol": "UDP"}, {"port": "dns"}]
    built = engine(
        [CLIENT, dns], [policy("shop/p", podSelector={"matchLabels": {"app": "dns"}}, ingress=[{"ports": items}])]
    )
    assert ports(built, CLIENT, dns) == "TCP 5353; UDP 53"


def test_a_range_holds_both_its_ends_and_what_lies_between() -> None:
    ranged = policy("shop/p", podSelector=WEB_ONLY, ingress=[{"ports": [{"port": 8000, "endPort": 8002}]}])
    built = engine([CLIENT, WEB], [ranged])
    assert [admits(built, CLIENT, WEB, port) for port in (7999, 8000, 8001, 8002, 8003)] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_a_plugin_without_end_port_admits_the_first_port_only() -> None:
    ranged = policy("shop/p", podSelector=WEB_ONLY, ingress=[{"ports": [{"port": 8000, "endPort": 8002}]}])
    old = replace(UPSTREAM, name="old", supports_end_port=False)
    assert ports(engine([CLIENT, WEB], [ranged], profile=old), CLIENT, WEB) == "TCP 8000"


def test_an_sctp_rule_still_isolates_tcp() -> None:
    sctp = policy("shop/p", podSelector=WEB_ONLY, ingress=[{"ports": [{"protocol": "SCTP", "port": 80}]}])
    assert ports(engine([CLIENT, WEB], [sctp]), CLIENT, WEB) == "SCTP 80"


# Special traffic

NODE = Node("node1", ip_address("172.18.0.2"))
OTHER_NODE = Node("node2", ip_address("172.18.0.3"))
ON_NODE = pod("shop/web", {"app": "web"}, [("http", 8080, "TCP")], ["10.244.1.3"], "node1")
ON_HOST = pod("shop/agent", {"app": "client"}, [("http", 80, "TCP")], ["172.18.0.2"], "node1", True)
ON_OTHER_HOST = pod("shop/agent2", {"app": "client"}, [("http", 80, "TCP")], ["172.18.0.3"], "node2", True)
CLOSED = policy("shop/closed", policyTypes=["Ingress", "Egress"])


def test_traffic_between_a_pod_and_its_own_node_is_always_admitted() -> None:
    built = engine([ON_NODE, ON_HOST, ON_OTHER_HOST], [CLOSED])
    assert ports(built, NODE, ON_NODE) == ports(built, ON_NODE, NODE) == "All"
    assert ports(built, ON_HOST, ON_NODE) == ports(built, ON_NODE, ON_HOST) == "All"


def test_another_node_is_a_source_like_any_other_address() -> None:
    built = engine([ON_NODE, ON_HOST, ON_OTHER_HOST], [CLOSED])
    assert ports(built, OTHER_NODE, ON_NODE) == ports(built, ON_NODE, OTHER_NODE) == ""
    assert ports(built, ON_OTHER_HOST, ON_NODE) == ""
    opened = policy("shop/p", ingress=[{"from": [block("172.18.0.3/32")]}])
    built = engine([ON_NODE, ON_HOST, ON_OTHER_HOST], [opened])
    assert ports(built, OTHER_NODE, ON_NODE) == ports(built, ON_OTHER_HOST, ON_NODE) == "All"


def test_no_policy_applies_to_a_pod_on_the_host_network() -> None:
    twin = pod("shop/twin", {"app": "client"}, [("http", 80, "TCP")], node="node2")
    clients = policy("shop/p", podSelector=CLIENTS, policyTypes=["Ingress", "Egress"])
    built = engine([ON_NODE, ON_OTHER_HOST, twin], [clients])
    assert built.isolating("ingress", twin) == built.isolating("egress", twin) == (clients,)
    assert built.isolating("ingress", ON_OTHER_HOST) == built.isolating("egress", ON_OTHER_HOST) == ()
    assert ports(built, ON_OTHER_HOST, ON_NODE) == ports(built, OUTSIDE, ON_OTHER_HOST) == "All"
    assert explain.verdict(built, OUTSIDE, ON_OTHER_HOST, 80).ingress.unjudged == "host network"


def test_no_selector_matches_a_pod_on_the_host_network() -> None:
    twin = pod("shop/twin", {"app": "client"}, [("http", 80, "TCP")], ["10.244.2.9"], "node2")
    for peer in ({"podSelector": {}}, {"namespaceSelector": {}}, {"podSelector": CLIENTS}):
        built = engine([ON_NODE, ON_OTHER_HOST, twin], [policy("shop/p", ingress=[{"from": [peer]}])])
        assert ports(built, ON_OTHER_HOST, ON_NODE) == "", peer
        assert ports(built, twin, ON_NODE) == "All", peer
    built = engine([ON_NODE, ON_OTHER_HOST], [policy("shop/p", ingress=[{}])])
    assert ports(built, ON_OTHER_HOST, ON_NODE) == "All"


def test_a_host_network_pod_without_an_address_is_known_however_much_the_blocks_cover() -> None:
    lost = pod("shop/lost", host_network=True)
    everything = policy("shop/p", ingress=[{"from": [block("0.0.0.0/0"), block("::/0")]}])
    assert ports(engine([WEB, lost], [everything]), lost, WEB) == ""


def test_sidecar_ports_can_be_named_as_those_of_main_containers() -> None:
    from netpol_lab.manifests import from_object

    spec = {
        "initContainers": [
            {
                "name": "proxy",
                "image": "x",
                "restartPolicy": "Always",
                "ports": [{"name": "mesh", "containerPort": 15001}],
            },
            {"name": "setup", "image": "x", "ports": [{"name": "setup", "containerPort": 99}]},
        ],
        "containers": [{"name": "web", "image": "x"}],
    }
    made = from_object(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}, "spec": spec}
    )
    named = policy("shop/p", ingress=[{"ports": [{"port": "mesh"}, {"port": "setup"}]}])
    assert made.typed is not None
    assert ports(engine([CLIENT, made.typed], [named]), CLIENT, made.typed) == "TCP 15001"  # type: ignore[list-item, arg-type]


@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_a_plugin_enforces_only_the_directions_of_its_profile(direction: str) -> None:
    half = replace(UPSTREAM, name="half", enforces=frozenset({direction}))
    built = engine([CLIENT, WEB], [policy("shop/p", policyTypes=["Ingress", "Egress"])], profile=half)
    assert ports(built, OUTSIDE, WEB) == ("" if direction == "ingress" else "All")
    assert ports(built, WEB, OUTSIDE) == ("" if direction == "egress" else "All")


def test_a_pod_in_a_namespace_that_was_never_declared_has_a_namespace_without_labels() -> None:
    from netpol_lab.engine.compiled import Engine

    anywhere = policy("shop/p", podSelector=WEB_ONLY, ingress=[{"from": [{"namespaceSelector": {}}]}])
    assert admits(Engine([ADMIN, WEB], {}, [anywhere]), ADMIN, WEB)


def test_a_pod_that_is_not_of_this_state_is_an_error_in_words() -> None:
    with pytest.raises(NotFound, match="no pod shop/stranger"):
        engine([CLIENT, WEB], []).connection(pod("shop/stranger", {"app": "x"}), WEB)
