"""The answers as pandas frames, for a practitioner's own notebook. pandas is imported when asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from netpol_lab.addresses import AddressRange
from netpol_lab.model import External
from netpol_lab.ports import PortSet
from netpol_lab.scene import outside_ranges
from netpol_lab.snapshot import View

if TYPE_CHECKING:
    import pandas

Row = tuple[str, str, str]

COLUMNS = ["source", "destination", "ports"]


def connections(view: View) -> pandas.DataFrame:
    """One row per (source, destination) between which any connection is possible.

    Columns ``source``, ``destination`` (pods as ``namespace/name``; addresses outside as maximal ranges
    ``first-last``, per direction) and ``ports`` (``All``, or like ``TCP 80,8080-8090; UDP 53``).
    Sorted by source, then destination. Pods on the host network and pods to themselves are left out.
    """
    import pandas

    return pandas.DataFrame(sorted(_rows(view)), columns=COLUMNS)


def diff(before: View, after: View) -> pandas.DataFrame:
    """The connections that differ: as :func:`connections`, with ``change`` in added, removed, changed.

    ``ports`` are those after the change; ``ports_before`` those before it; "" where there is none.
    """
    import pandas

    old = {(source, destination): ports for source, destination, ports in _rows(before)}
    new = {(source, destination): ports for source, destination, ports in _rows(after)}
    rows = []
    for pair in sorted({**old, **new}):
        was, now = old.get(pair, ""), new.get(pair, "")
        if was != now:
            change = "changed" if was and now else "added" if now else "removed"
            rows.append((*pair, now, was, change))
    return pandas.DataFrame(rows, columns=[*COLUMNS, "ports_before", "change"])


def _rows(view: View) -> Iterable[Row]:
    engine = view.engine
    pods = [pod for pod in view.pods if not pod.host_network]
    outside = outside_ranges(view)
    for source in pods:
        for destination in pods:
            ports = engine.connection(source, destination) if source is not destination else PortSet.NONE
            if ports:
                yield source.id, destination.id, str(ports)
        for text, ports in _outside(outside, {e: engine.connection(source, e) for e in outside}):
            yield source.id, text, str(ports)
        for text, ports in _outside(outside, {e: engine.connection(e, source) for e in outside}):
            yield text, source.id, str(ports)


def _outside(
    ranges: dict[External, list[AddressRange]], reach: dict[External, PortSet]
) -> Iterable[tuple[str, PortSet]]:
    """Neighboring ranges with the same ports become one."""
    pieces = sorted(
        (int(first), int(last), first, last, reach[e]) for e, all_of in ranges.items() for first, last in all_of
    )
    joined: list[list] = []
    for start, end, first, last, ports in pieces:
        if joined and joined[-1][1] + 1 == start and joined[-1][4] == ports:
            joined[-1][1], joined[-1][3] = end, last
        else:
            joined.append([start, end, first, last, ports])
    return [(f"{first}-{last}", ports) for _, _, first, last, ports in joined if ports]
