"""The answers as pandas frames, for a practitioner's own notebook. pandas is imported when asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from netpol_lab.cluster.snapshot import View
from netpol_lab.cluster.workloads import workload_names
from netpol_lab.connections.scene import outside_ranges
from netpol_lab.engine.addresses import AddressRange
from netpol_lab.engine.compiled import Engine
from netpol_lab.engine.pairs import connections_between
from netpol_lab.model.errors import LabError
from netpol_lab.model.objects import DIRECTIONS, External, Pod
from netpol_lab.model.ports import PortSet

if TYPE_CHECKING:
    import pandas

By = Literal["pod", "workload"]
FrameRow = tuple[str, str, str]

COLUMNS = ["source", "destination", "ports"]

MAX_ROWS = 5_000_000
"""More rows than this are no answer, and would fill the memory of a laptop."""


def connections(view: View, by: By = "pod") -> pandas.DataFrame:
    """One row per (source, destination) between which any connection is possible.

    See :meth:`View.connections`.
    """
    import pandas

    return pandas.DataFrame(sorted(_rows(view, by)), columns=COLUMNS)


def diff(before: View, after: View, by: By = "pod") -> pandas.DataFrame:
    """The connections that differ: as :func:`connections`, with ``change`` in added, removed, changed.

    ``ports`` are those after the change; ``ports_before`` those before it; "" where there is none.
    """
    import pandas

    old = {(source, destination): ports for source, destination, ports in _rows(before, by)}
    new = {(source, destination): ports for source, destination, ports in _rows(after, by)}
    rows = []
    for pair in sorted({**old, **new}):
        was, now = old.get(pair, ""), new.get(pair, "")
        if was != now:
            change = "changed" if was and now else "added" if now else "removed"
            rows.append((*pair, now, was, change))
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

    name: str
    ids: tuple[str, ...]
    pods: tuple[Pod, ...]


Pair = tuple[_Alike, _Alike, PortSet]


def _groups(view: View, by: By) -> list[_Alike]:
    if by not in ("pod", "workload"):
        raise LabError(f'by={by!r} is neither "pod" nor "workload".')
    pods, engine = view.policed_pods, view.engine
    names = workload_names(pods, view.objects) if by == "workload" else {}
    found: dict[tuple[str, object], list[Pod]] = {}
    for pod in pods:
        found.setdefault((names.get(pod.id, ""), engine.classes_of(pod)), []).append(pod)
    return [
        _Alike(name, tuple(pod.id for pod in members) if by == "pod" else (name,), tuple(members[:2]))
        for (name, _), members in found.items()
    ]


def _rows(view: View, by: By) -> Iterator[FrameRow]:
    """By workload, the ports of replicas that policies tell apart are added up."""
    groups = _groups(view, by)
    if by == "pod":
        for one, other, ports in _counted(_inside(view.engine, groups)):
            for source in one.ids:
                for destination in other.ids:
                    if source != destination:
                        yield source, destination, str(ports)
    else:
        found: dict[tuple[str, str], PortSet] = {}
        for one, other, ports in _inside(view.engine, groups):
            found[one.name, other.name] = found.get((one.name, other.name), PortSet.NONE) | ports
            _check_rows(len(found))
        for pair, ports in found.items():
            yield (*pair, str(ports))
    yield from _with_the_outside(view, groups, by)


def _counted(pairs: Iterable[Pair]) -> list[Pair]:
    """All pairs of groups, before the first of them becomes rows: an answer that is too large is refused early."""
    found, rows = [], 0
    for pair in pairs:
        rows += len(pair[0].ids) * len(pair[1].ids)
        _check_rows(rows)
        found.append(pair)
    return found


def _check_rows(rows: int) -> None:
    if rows > MAX_ROWS:
        raise LabError(f'The answer has more than {MAX_ROWS:,} rows. Ask by="workload", or about fewer manifests.')


def _inside(engine: Engine, groups: Sequence[_Alike]) -> Iterator[Pair]:
    for one, other, ports in connections_between(engine, [group.pods for group in groups]):
        yield groups[one], groups[other], ports


def _with_the_outside(view: View, groups: Sequence[_Alike], by: By) -> Iterator[FrameRow]:
    """The addresses outside as maximal ranges, for each direction apart."""
    engine, outside = view.engine, outside_ranges(view)
    together: dict[tuple[str, ...], list[_Alike]] = {}
    for group in groups:
        together.setdefault(group.ids, []).append(group)
    for names, members in together.items():
        pods = [group.pods[0] for group in members]
        to = {end: PortSet.union(engine.connection(pod, end) for pod in pods) for end in outside}
        into = {end: PortSet.union(engine.connection(end, pod) for pod in pods) for end in outside}
        for name in names:
            yield from ((name, text, str(ports)) for text, ports in _ranges(outside, to))
            yield from ((text, name, str(ports)) for text, ports in _ranges(outside, into))


def _ranges(
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
