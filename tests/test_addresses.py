"""Addresses by the ipBlocks that hold them."""

from __future__ import annotations

import itertools
from ipaddress import ip_address, ip_network
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from worlds import BLOCKS

from netpol_lab.engine.addresses import AddressMap, range_name
from netpol_lab.model.objects import IPBlock


def block(cidr: str, *excepts: str) -> IPBlock:
    holes = tuple(ip_network(hole, strict=False) for hole in excepts)
    return IPBlock(cidr, excepts, ip_network(cidr, strict=False), holes)


blocks = st.lists(
    st.sampled_from(BLOCKS).flatmap(
        lambda item: st.lists(st.sampled_from(item[1] or (item[0],)), max_size=2).map(
            lambda holes: block(item[0], *(hole for hole in holes if hole != item[0]))
        )
    ),
    max_size=5,
)


def edges(many: list[IPBlock]) -> list[str]:
    """The addresses at and around both ends of every network."""
    found = []
    for each in many:
        for network in (each.network, *each.except_networks):
            top = 2**network.max_prefixlen
            for number in (int(network.network_address), int(network.broadcast_address)):
                found += [
                    str(type(network.network_address)(n)) for n in (number - 1, number, number + 1) if 0 <= n < top
                ]
    return found


@given(blocks)
def test_the_map_says_of_every_edge_what_each_block_says_itself(many: list[IPBlock]) -> None:
    addresses = AddressMap(many)
    for text in (*edges(many), "0.0.0.0", "255.255.255.255", "::", "ffff::"):
        address = ip_address(text)
        expected = {index for index, each in enumerate(many) if each.matches(address)}
        assert addresses.blocks_of(address) == expected, text


@given(blocks, st.sampled_from([4, 6]))
def test_classes_cover_every_address_once_in_maximal_ranges(many: list[IPBlock], version: int) -> None:
    addresses = AddressMap(many)
    classes = addresses.classes(version)
    pieces = sorted((int(first), int(last), key) for key, ranges in classes.items() for first, last in ranges)
    assert pieces[0][0] == 0
    assert pieces[-1][1] == 2 ** (32 if version == 4 else 128) - 1
    for (_, last, key), (first, _, following) in itertools.pairwise(pieces):
        assert first == last + 1
        assert key != following
    for key, ranges in classes.items():
        assert all(addresses.blocks_of(end) == key for span in ranges for end in span)


@given(blocks)
def test_networks_left_out_are_in_no_range(many: list[IPBlock]) -> None:
    without = [ip_network("10.244.0.0/16"), ip_network("203.0.113.0/25"), ip_network("fd00:244::/64")]
    for ranges in AddressMap(many).classes(4, without).values():
        for first, last in ranges:
            for network in without[:2]:
                assert last < network.network_address or network.broadcast_address < first


def test_a_small_ipv6_address_is_not_taken_for_ipv4() -> None:
    ((first, last),) = AddressMap([]).classes(6)[frozenset()]
    assert (str(first), last.version) == ("::", 6)


def test_an_ipv4_block_over_everything_holds_no_ipv6_address() -> None:
    addresses = AddressMap([block("0.0.0.0/0")])
    assert addresses.blocks_of(ip_address("255.255.255.255")) == {0}
    assert addresses.blocks_of(ip_address("::1")) == frozenset()


def test_an_exception_leaves_a_hole_that_another_block_can_fill() -> None:
    addresses = AddressMap([block("10.0.0.0/8", "10.1.0.0/16"), block("10.1.2.0/24")])
    assert addresses.blocks_of(ip_address("10.1.2.3")) == {1}
    assert addresses.blocks_of(ip_address("10.1.3.3")) == frozenset()
    assert addresses.blocks_of(ip_address("10.2.0.0")) == {0}


def test_exceptions_may_overlap_each_other() -> None:
    holes = AddressMap([block("10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24")])
    assert holes.blocks_of(ip_address("10.1.2.3")) == holes.blocks_of(ip_address("10.1.255.255")) == frozenset()
    assert holes.blocks_of(ip_address("10.2.0.0")) == {0}


def test_a_range_is_named_as_a_cidr_when_it_is_one() -> None:
    def name(first: str, last: str) -> str:
        return range_name(ip_address(first), ip_address(last))

    assert name("10.0.0.0", "10.255.255.255") == "10.0.0.0/8"
    assert name("10.0.0.1", "10.0.0.1") == "10.0.0.1/32"
    assert name("0.0.0.0", "9.255.255.255") == "0.0.0.0-9.255.255.255"
    assert name("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") == "::/0"


def test_many_blocks_in_any_order_give_the_same_classes() -> None:
    many = [block(cidr, *holes) for cidr, holes in BLOCKS]
    shuffled = list(many)
    Random(1).shuffle(shuffled)
    for version in (4, 6):
        one = {frozenset(many[i] for i in key): r for key, r in AddressMap(many).classes(version).items()}
        other = {frozenset(shuffled[i] for i in key): r for key, r in AddressMap(shuffled).classes(version).items()}
        assert one == other
