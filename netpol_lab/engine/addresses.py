"""Address space cut at the edges of all ipBlocks, so that addresses no policy tells apart are one class."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from ipaddress import ip_address, summarize_address_range

from netpol_lab.model.objects import IPAddress, IPBlock, IPNetwork

AddressRange = tuple[IPAddress, IPAddress]


class AddressMap:
    """For one set of ipBlocks: which of them hold an address.

    ``AddressMap(blocks).blocks_of(address)`` is a frozenset of indexes into ``blocks``. Every look-up
    is one bisection, however many blocks there are.
    """

    def __init__(self, blocks: Sequence[IPBlock]) -> None:
        self.blocks = tuple(blocks)
        self._starts: dict[int, list[int]] = {}
        self._members: dict[int, list[frozenset[int]]] = {}
        for version, bits in ((4, 32), (6, 128)):
            family = [(index, block) for index, block in enumerate(blocks) if block.network.version == version]
            starts = sorted({0, *_edges((block for _, block in family), 2**bits)})
            members: list[set[int]] = [set() for _ in starts]
            for index, block in family:
                for first in range(*_span(starts, block.network)):
                    members[first].add(index)
                for hole in block.except_networks:
                    for first in range(*_span(starts, hole)):
                        members[first].discard(index)
            self._starts[version] = starts
            self._members[version] = [frozenset(member) for member in members]

    def blocks_of(self, address: IPAddress) -> frozenset[int]:
        """The blocks that hold this address: inside ``cidr``, outside every ``except`` (T)."""
        place = bisect_right(self._starts[address.version], int(address)) - 1
        return self._members[address.version][place]

    def classes(self, version: int = 4, without: Iterable[IPNetwork] = ()) -> dict[frozenset[int], list[AddressRange]]:
        """All addresses of a family by the blocks that hold them, as maximal ranges in order.

        ``without`` are networks to leave out (pods, Services and nodes, when "outside" is asked for).
        """
        top = 2 ** (32 if version == 4 else 128)
        excluded = [network for network in without if network.version == version]
        cuts = {int(n.network_address) for n in excluded} | {int(n.broadcast_address) + 1 for n in excluded}
        starts = sorted({*self._starts[version], *cuts} - {top})
        found: dict[frozenset[int], list[tuple[int, int]]] = {}
        for start, end in zip(starts, [*starts[1:], top], strict=True):
            address = _address(start, version)
            if any(address in network for network in excluded):
                continue
            ranges = found.setdefault(self.blocks_of(address), [])
            if ranges and ranges[-1][1] == start:
                start = ranges.pop()[0]
            ranges.append((start, end))
        return {
            key: [(_address(first, version), _address(last - 1, version)) for first, last in ranges]
            for key, ranges in found.items()
        }


def range_name(first: IPAddress, last: IPAddress) -> str:
    """A range as a CIDR when it is one, else ``first-last``.

    >>> from ipaddress import ip_address
    >>> range_name(ip_address("10.0.0.0"), ip_address("10.0.0.255"))
    '10.0.0.0/24'
    >>> range_name(ip_address("10.0.0.1"), ip_address("10.0.0.6"))
    '10.0.0.1-10.0.0.6'
    """
    networks = list(summarize_address_range(first, last))  # type: ignore[type-var]
    return str(networks[0]) if len(networks) == 1 else f"{first}-{last}"


def _address(number: int, version: int) -> IPAddress:
    # ip_address(int) would take small numbers for IPv4, whatever was meant
    return ip_address(number.to_bytes(4 if version == 4 else 16, "big"))


def _edges(blocks: Iterable[IPBlock], top: int) -> Iterable[int]:
    for block in blocks:
        for network in (block.network, *block.except_networks):
            yield int(network.network_address)
            end = int(network.broadcast_address) + 1
            if end < top:
                yield end


def _span(starts: list[int], network: IPNetwork) -> tuple[int, int]:
    first = bisect_right(starts, int(network.network_address)) - 1
    return first, bisect_right(starts, int(network.broadcast_address))
