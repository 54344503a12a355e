"""The answers as pandas frames, for a practitioner's own notebook. pandas is imported when asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from netpol_lab.cluster.snapshot import View
from netpol_lab.cluster.workloads import workload_names
from netpol_lab.connections.ends import outside_ranges
from netpol_lab.engine.addresses import AddressRange
from netpol_lab.engine.compare import Difference, Turn
from netpol_lab.engine.compiled import have_a_family
from netpol_lab.engine.pairs import connections_between
from netpol_lab.model.errors import LabError
from netpol_lab.model.objects import DIRECTIONS, External, Pod
from netpol_lab.model.ports import PortSet

if TYPE_CHECKING:
    import pandas

By = Literal["pod", "workload"]
FrameRow = tuple[str, str, PortSet]

COLUMNS = ["source", "destination", "ports"]

CHANGES: dict[Turn, str] = {"opened": "added", "closed": "removed", "changed": "changed"}
"""What frames call what became of a connection."""

MAX_ROWS = 5_000_000
"""More rows than this are no answer, and would fill the memory of a laptop."""


def connections(view: View, by: By = "pod") -> pandas.DataFrame:
    """One row per (source, destination) between which any connection is possible.

    See :meth:`View.connections`.
    """
    import pandas

    rows = ((source, destination, str(ports)) for source, destination, ports in _rows(view, by))
    return pandas.DataFrame(sorted(rows), columns=COLUMNS)


def diff(before: View, after: View, by: By = "pod") -> pandas.DataFrame:
    """The connections that differ: as :func:`connections`, with ``change`` in added, removed, changed.

    ``ports`` are those after the change; ``ports_before`` those before it; "" where there is none.
    """
    import pandas

    old = {(source, destination): ports for source, destination, ports in _rows(before, by)}
    new = {(source, destination): ports for source, destination, ports in _rows(after, by)}
    rows = []
    for pair in sorted({**old, **new}):
        step = Difference(old.get(pair, PortSet.NONE), new.get(pair, PortSet.NONE))
        if step:
            rows.append((*pair, str(step.after), str(step.before), CHANGES[step.turn]))
    return pandas.DataFrame(rows, columns=[*COLUMNS, "ports_before", "change"])


def unselected(view: View) -> pandas.DataFrame:
    """The pods that some direction is open for, because no policy isolates them in it."""
    import pandas

    pods, engine = view.policed_pods, view.engine
    names = workload_names(pods, view.objects)
    rows = [
        (pod.id, names[pod.id], *(not engine.isolating(direction, pod) for direction in DIRECTIONS)) for pod in pods
    ]
    rows = sorted(row for row in rows if any(row[2:]))
    return pandas.DataFrame(rows, columns=["pod", "workload", *DIRECTIONS])


def selected_by(view: View, pod: Pod) -> pandas.DataFrame:
    """The policies that isolate a pod: one row per policy and direction."""
    import pandas

    rows = []
    for direction in DIRECTIONS:
        for policy in sorted(view.engine.isolating(direction, pod), key=lambda policy: policy.id):
            origin = policy.origin
            rows.append((direction, policy.id, origin.file if origin else "", origin.first_line if origin else 0))
    return pandas.DataFrame(rows, columns=["direction", "policy", "file", "line"])


@dataclass(frozen=True)
class _Alike:
    """Pods of one name in the frame that no policy tells apart. Two of them stand for every pair."""

    ids: tuple[str, ...]
    pods: tuple[Pod, ...]


def _groups(view: View, by: By) -> list[_Alike]:
    if by not in ("pod", "workload"):
        raise LabError(f'by={by!r} is neither "pod" nor "workload".')
    pods, engine = view.policed_pods, view.engine
    names = workload_names(pods, view.objects) if by == "workload" else {}
    found: dict[tuple[str, object], list[Pod]] = {}
    for pod in pods:
        found.setdefault((names.get(pod.id, ""), engine.classes_of(pod)), []).append(pod)
    return [
        _Alike(tuple(pod.id for pod in members) if by == "pod" else (name,), tuple(members[:2]))
        for (name, _), members in found.items()
    ]


def _rows(view: View, by: By) -> Iterator[FrameRow]:
    """By workload, the ports of replicas that policies tell apart are added up."""
    groups, outside = _groups(view, by), outside_ranges(view)
    numbers: dict[tuple[str, ...], int] = {}
    ends = [numbers.setdefault(group.ids, len(numbers)) for group in groups]
    inside: dict[tuple[int, int], PortSet] = {}
    outward: dict[int, dict[External, PortSet]] = {}
    inward: dict[int, dict[External, PortSet]] = {}
    rows, names, parts = 0, list(numbers), list(outside)
    for one, other, ports in connections_between(view.engine, [*(group.pods for group in groups), *zip(parts)]):
        if one < len(ends) and other < len(ends):
            pair = (ends[one], ends[other])
            if pair not in inside:  # too large an answer is refused before the first pair becomes rows
                rows += len(names[pair[0]]) * len(names[pair[1]])
                _check_rows(rows)
            inside[pair] = inside.get(pair, PortSet.NONE) | ports
            continue
        group, part, reach = (one, other, outward) if one < len(ends) else (other, one, inward)
        external, pod = parts[part - len(ends)], groups[group].pods[0]
        if have_a_family(pod, external):
            known = reach.setdefault(ends[group], {})
            known[external] = known.get(external, PortSet.NONE) | ports
    for (one, other), ports in inside.items():
        pairs = ((source, destination) for source in names[one] for destination in names[other])
        yield from ((*pair, ports) for pair in pairs if by == "workload" or pair[0] != pair[1])
    for number, ids in enumerate(names):
        for text, ports in _ranges(outside, outward.get(number, {})):
            yield from ((name, text, ports) for name in ids)
        for text, ports in _ranges(outside, inward.get(number, {})):
            yield from ((text, name, ports) for name in ids)


def _check_rows(rows: int) -> None:
    if rows > MAX_ROWS:
        raise LabError(f'The answer has more than {MAX_ROWS:,} rows. Ask by="workload", or about fewer manifests.')


def _ranges(
    ranges: dict[External, list[AddressRange]], reach: dict[External, PortSet]
) -> Iterable[tuple[str, PortSet]]:
    """The addresses that are reached, as ranges: neighboring ones with the same ports become one."""
    pieces = sorted(
        (first.version, int(first), int(last), first, last, ports)
        for external, ports in reach.items()
        for first, last in ranges[external]
    )
    joined: list[list] = []
    for version, start, end, first, last, ports in pieces:
        if joined and joined[-1][:2] == [version, start] and joined[-1][4] == ports:
            joined[-1][1], joined[-1][3] = end + 1, last
        else:
            joined.append([version, end + 1, first, last, ports])
    return [(f"{first}-{last}", ports) for _, _, first, last, ports in joined]
