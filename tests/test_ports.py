"""Sets of ports: what they hold, how they combine, how they read."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from netpol_lab.model.ports import FIRST_PORT, LAST_PORT, PROTOCOLS, PortSet

PORTS = (1, 2, 3, 79, 80, 81, 82, 65534, 65535)


@st.composite
def ranges(draw: st.DrawFn) -> tuple[str, int, int]:
    first, last = sorted((draw(st.sampled_from(PORTS)), draw(st.sampled_from(PORTS))))
    return draw(st.sampled_from(PROTOCOLS)), first, last


port_sets = st.lists(ranges(), max_size=5).map(PortSet.from_ranges) | st.sampled_from([PortSet.ALL, PortSet.NONE])


def members(ports: PortSet) -> set[tuple[str, int]]:
    """The members among the ports that the random ranges can begin, end or miss."""
    return {(protocol, port) for protocol in PROTOCOLS for port in PORTS if (protocol, port) in ports}


@given(port_sets, port_sets)
def test_union_meet_and_difference_are_those_of_sets(one: PortSet, other: PortSet) -> None:
    assert members(one | other) == members(one) | members(other)
    assert members(one & other) == members(one) & members(other)
    assert members(one - other) == members(one) - members(other)


@given(port_sets, port_sets)
def test_equal_sets_are_written_alike_however_they_were_made(one: PortSet, other: PortSet) -> None:
    assert one | other == other | one
    assert one & other == other & one
    assert (one - other) | (one & other) == one
    assert PortSet.from_ranges(reversed(one.ranges)) == one
    assert hash(one | other) == hash(other | one)


@given(st.lists(ranges(), max_size=6))
def test_ranges_are_sorted_disjoint_and_never_touch(many: list[tuple[str, int, int]]) -> None:
    kept = PortSet.from_ranges(many).ranges
    assert sorted(kept, key=lambda each: (PROTOCOLS.index(each[0]), each[1])) == list(kept)
    for (protocol, _, last), (following, first, _) in itertools.pairwise(kept):
        assert protocol != following or last + 1 < first


def test_a_range_inside_another_does_not_shorten_it() -> None:
    assert PortSet.from_ranges([("TCP", 1, 100), ("TCP", 5, 6)]).ranges == (("TCP", 1, 100),)


def test_all_is_every_port_of_every_protocol_and_nothing_less() -> None:
    three = PortSet.of("TCP") | PortSet.of("UDP") | PortSet.of("SCTP")
    assert three == PortSet.ALL and three.is_all
    assert not (PortSet.ALL - PortSet.of("SCTP", LAST_PORT)).is_all
    assert not (PortSet.ALL - PortSet.of("TCP", FIRST_PORT)).is_all
    assert not PortSet.NONE and not PortSet.NONE.is_all


def test_a_port_is_in_a_set_with_its_protocol_only() -> None:
    assert ("TCP", 80) in PortSet.of("TCP", 80)
    assert ("UDP", 80) not in PortSet.of("TCP", 80)


def test_sets_read_as_the_workbook_writes_them() -> None:
    several = PortSet.of("UDP", 53) | PortSet.of("TCP", 80) | PortSet.of("TCP", 8080, 8090)
    assert str(several) == "TCP 80,8080-8090; UDP 53"
    assert str(PortSet.of("TCP")) == "TCP All"
    assert str(PortSet.ALL) == "All"
    assert str(PortSet.NONE) == ""
    assert several.words() == "TCP 80, 8080-8090; UDP 53"
    assert several.words(protocol=False) == "80, 8080-8090, 53"
    assert PortSet.NONE.words() == "no port"
    assert PortSet.of("UDP").words(protocol=False) == "UDP all"
