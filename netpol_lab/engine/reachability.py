"""Every pair at once: on which of a few ports any class of endpoints connects to any other.

The engine's groups and rules are read once and written down so that a pair is a look-up. In one direction there are

* *rows*: the groups of isolated pods, and one row for everyone whom no policy isolates;
* *kinds*: the classes that no rule tells apart as a far end, small sets inside one namespace aside;
* a *table* of rows by kinds, each entry the asked ports that are admitted, one bit for each;
* what the small sets admit besides, as a list of (row, class, ports): a peer that looks into one namespace speaks of a
  few classes, and would otherwise make a kind of each of them.

The table grows with groups and kinds, the list with what the policies write, and neither with pairs of pods.
numpy is imported when a table is made. Long work calls ``progress`` with the share that is done, and can be interrupted
at any moment: nothing half made is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netpol_lab.engine.classes import EndpointClass, Run
from netpol_lab.engine.compiled import CompiledRule, Ends, Engine, Group, exemption, family_of
from netpol_lab.manifests.read import without_garbage_collection
from netpol_lab.model.labels import Labels
from netpol_lab.model.objects import ContainerPort, Direction, Endpoint, NetworkPolicyPort, Node, Pod
from netpol_lab.model.ports import PortSet

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

Asked = tuple[str, int]
"""Protocol and port."""

Progress = Callable[[float], None]

MOST_ASKED = 64
"""Each asked port is one bit of a number."""

_STEP = 1000
"""How many namespaces or rows are done between two calls of ``progress``."""

SMALL = 256
"""A set inside a stretch of at most this many classes goes into the list, a longer one into the table."""


@dataclass(frozen=True)
class Side:
    """What one end of every connection admits: see the module's words for rows, kinds, table and list.

    ``listed`` holds three columns: row, class, ports; sorted, each (row, class) once.
    """

    row_of: Array
    kind_of: Array
    table: Array
    listed: tuple[Array, Array, Array]

    def between(self, subjects: Array, others: Array, others_first: bool = False) -> Array:
        """The asked ports, as bits, that each of ``subjects`` admits for each of ``others``: numbers of classes.

        One row for each subject, or for each of the others. No class may occur twice in ``others``.
        """
        import numpy as np

        rows, place = np.unique(self.row_of[subjects], return_inverse=True)
        found = self.table[rows][:, self.kind_of[others]]
        row, column, ports = self.listed
        row_place, column_place = np.full(len(self.table), -1), np.full(len(self.kind_of), -1)
        row_place[rows], column_place[others] = np.arange(len(rows)), np.arange(len(others))
        wanted = (row_place[row] >= 0) & (column_place[column] >= 0)
        found[row_place[row[wanted]], column_place[column[wanted]]] |= ports[wanted]
        # turned while it is small: many subjects share a row
        whole: Array = found.T.copy().take(place, 1) if others_first else found.take(place, 0)
        return whole

    @property
    def size(self) -> int:
        """How many bytes it takes."""
        return int(sum(part.nbytes for part in (self.row_of, self.kind_of, self.table, *self.listed)))


class Reachability:
    """The answers of an engine about some ports, for all pairs of classes.

    ``asked`` are at most 64 (protocol, port); ports of the destination pod, as everywhere. Raises ValueError for more.
    ``blocks`` as for :meth:`Engine.admitted`.
    """

    def __init__(
        self, engine: Engine, asked: Sequence[Asked], progress: Progress | None = None, *, blocks: bool = True
    ) -> None:
        if len(asked) > MOST_ASKED:
            raise ValueError(f"At most {MOST_ASKED} ports can be asked about at a time, not {len(asked)}.")
        self.engine, self.asked = engine, tuple(asked)
        self._progress, self._blocks = progress, blocks
        self._sides: dict[Direction, Side] = {}

    def side(self, direction: Direction) -> Side:
        """One end of every connection; made when first asked for."""
        if direction not in self._sides:
            with without_garbage_collection():
                self._sides[direction] = _Maker(self.engine, self.asked, direction, self._progress, self._blocks).side()
        return self._sides[direction]

    def between(self, sources: Array, destinations: Array, ends: Ends = "both") -> Array:
        """The asked ports, as bits, on which each source class reaches each destination class; no class twice."""
        found: list[Array] = []
        if ends != "ingress":
            found.append(self.side("egress").between(sources, destinations))
        if ends != "egress":
            found.append(self.side("ingress").between(destinations, sources, others_first=True))
        # D: "both the egress policy on the source pod and the ingress policy on the destination pod need to allow"
        return found[0] & found[1] if len(found) == 2 else found[0]

    def pairs(self, sources: Sequence[Endpoint], destinations: Sequence[Endpoint], ends: Ends = "both") -> Array:
        """The same for endpoints: one row for each source, one column for each destination."""
        import numpy as np

        found: Array = np.zeros((len(sources), len(destinations)), _dtype(len(self.asked)))
        for rows, columns, family in _by_family(sources, destinations):
            from_classes, row_place = self._classes([sources[row] for row in rows], family)
            to_classes, column_place = self._classes([destinations[column] for column in columns], family)
            part = self.between(from_classes, to_classes, ends).take(column_place, 1).take(row_place, 0)
            if part.shape == found.shape:
                found = part
            else:
                found[np.ix_(rows, columns)] = part
        for row, column in _exempt(sources, destinations):
            found[row, column] = (1 << len(self.asked)) - 1
        return found

    def _classes(self, endpoints: Sequence[Endpoint], family: int | None) -> tuple[Array, Array]:
        """The different classes of some endpoints, and the place of each endpoint's class among them."""
        import numpy as np

        numbers = np.array([self.engine.class_of(each, family) for each in endpoints], int)
        return np.unique(numbers, return_inverse=True)


class _Maker:
    """Makes one side of a :class:`Reachability`."""

    def __init__(
        self,
        engine: Engine,
        asked: Sequence[Asked],
        direction: Direction,
        progress: Progress | None = None,
        blocks: bool = True,
    ) -> None:
        self.engine, self.classes, self.asked, self.direction = engine, engine.classes, asked, direction
        self.progress, self.blocks = progress or (lambda share: None), blocks
        self.masks: dict[PortSet, int] = {}
        self.by_name: dict[tuple[NetworkPolicyPort, ...], Array] = {}
        self.port_kinds: dict[tuple[ContainerPort, ...], int] = {(): 0}
        self.listed: tuple[list[int], list[int], list[int]] = ([], [], [])

    def side(self) -> Side:
        """Rows, then kinds, then one line of the table for each row."""
        import numpy as np

        row_of, rows = self._rows()
        large = {
            _key(run): run
            for group, _ in rows
            for rule in group.rules
            for run in self._runs(rule)
            if not self._is_small(run)
        }
        self.port_of = self._port_kinds([group for group, _ in rows])
        kind_of, first = self._kinds(list(large.values()))
        self.port_of_kind = self.port_of[first]
        self.holders = {key: self._members(run)[first] for key, run in large.items()}
        table = np.zeros((len(rows) + 1, len(first)), _dtype(len(self.asked)))
        table[0] = (1 << len(self.asked)) - 1  # D: "By default, a pod is non-isolated"
        for row, (group, own) in enumerate(rows, 1):
            if row % _STEP == 0:
                self.progress(0.5 + 0.5 * row / len(rows))
            for rule in group.rules:
                self._admit(row, table[row], rule, own)
        return Side(row_of, kind_of, table, self._sorted(table.dtype))

    def _rows(self) -> tuple[Array, list[tuple[Group, EndpointClass | None]]]:
        """Each class's row. Named ports of ingress rules resolve on the group's own pods: then those count too."""
        import numpy as np

        row_of = np.zeros(len(self.classes), np.int32)
        rows: dict[tuple[Group, tuple[ContainerPort, ...]], int] = {}
        found: list[tuple[Group, EndpointClass | None]] = []
        for place, namespace in enumerate(self.classes.namespaces):
            if place % _STEP == 0:
                self.progress(0.5 * place / len(self.classes.namespaces))
            for number, group in self.engine.groups(self.direction, namespace).items():
                named = self.direction == "ingress" and any(rule.ports is None for rule in group.rules)
                own = self.classes[number]
                key = (group, own.ports if named else ())
                if key not in rows:
                    rows[key] = len(rows) + 1
                    found.append((group, own if named else None))
                row_of[number] = rows[key]
        return row_of, found

    def _runs(self, rule: CompiledRule) -> Iterator[Run]:
        return (run for peer in rule.peers if self.blocks or not peer.is_block for run in peer.runs)

    def _is_small(self, run: Run) -> bool:
        return run.length <= SMALL and run.length < self.classes.pods

    def _port_kinds(self, groups: Iterable[Group]) -> Array:
        """Each class's container ports as a number; all alike where no egress rule names a port of the far end."""
        import numpy as np

        named = any(rule.ports is None for group in groups for rule in group.rules)
        if self.direction == "ingress" or not named:
            return np.zeros(len(self.classes), np.int64)
        everyone = (self.classes[number] for number in range(len(self.classes)))
        kinds = [self.port_kinds.setdefault(each.ports, len(self.port_kinds)) for each in everyone]
        return np.array(kinds, np.int64)

    def _kinds(self, large: Sequence[Run]) -> tuple[Array, Array]:
        """Each class's kind, and the first class of each kind: classes in the same large sets are of one kind."""
        import numpy as np

        kind_of, first = self.port_of, np.zeros(1, np.int64)
        for start in range(0, len(large) or 1, 32):
            memberships = np.zeros(len(self.classes), np.int64)
            for place, run in enumerate(large[start : start + 32]):
                memberships |= self._members(run).astype(np.int64) << place
            _, first, kind_of = np.unique(kind_of << 32 | memberships, return_index=True, return_inverse=True)
        return kind_of, first

    def _members(self, run: Run) -> Array:
        """A set of classes as booleans, one for each class."""
        import numpy as np

        packed = np.frombuffer(run.bits.to_bytes((run.length + 7) // 8, "little"), np.uint8)
        found = np.zeros(len(self.classes), bool)
        found[run.start : run.start + run.length] = np.unpackbits(packed, count=run.length, bitorder="little")
        return found

    def _admit(self, row: int, line: Array, rule: CompiledRule, own: EndpointClass | None) -> None:
        """Enter what one rule admits."""
        fixed = rule.ports if own is None else rule.ports_on(own, self.engine.profile)
        ports = self._named(rule) if fixed is None else self._mask(fixed)
        if isinstance(ports, int) and not ports:
            return
        admitted = line.dtype.type(ports) if isinstance(ports, int) else ports[self.port_of_kind]
        for run in self._runs(rule):
            if self._is_small(run):
                self._list(row, run, ports)
            else:
                line |= self.holders[_key(run)] * admitted

    def _list(self, row: int, run: Run, ports: int | Array) -> None:
        rows, numbers, masks = self.listed
        members = list(run.members())
        rows += [row] * len(members)
        numbers += members
        masks += [ports] * len(members) if isinstance(ports, int) else ports[self.port_of[members]].tolist()

    def _mask(self, ports: PortSet) -> int:
        """The asked ports in a set, as bits."""
        if ports not in self.masks:
            self.masks[ports] = sum(1 << place for place, asked in enumerate(self.asked) if asked in ports)
        return self.masks[ports]

    def _named(self, rule: CompiledRule) -> Array:
        """The asked ports a rule with named ports admits, for each list of container ports at the far end."""
        import numpy as np

        items = rule.rule.ports
        if items not in self.by_name:
            ends = (EndpointClass("", Labels(), ports, frozenset()) for ports in self.port_kinds)
            masks = [self._mask(rule.ports_on(end, self.engine.profile)) for end in ends]
            self.by_name[items] = np.array(masks, _dtype(len(self.asked)))
        return self.by_name[items]

    def _sorted(self, dtype: Any) -> tuple[Array, Array, Array]:
        """The list in order, with one entry for each row and class."""
        import numpy as np

        rows, numbers, masks = self.listed
        keys = np.array(rows, np.int64) * len(self.classes) + np.array(numbers, np.int64)
        order = np.argsort(keys, kind="stable")
        ports = np.array(masks, dtype)[order]
        keys, starts = np.unique(keys[order], return_index=True)
        merged = np.bitwise_or.reduceat(ports, starts) if len(starts) else ports
        return keys // len(self.classes), keys % len(self.classes), merged


def _key(run: Run) -> tuple[int, int]:
    """Equal for the same set from the same cache: comparing long sets bit by bit would take longer."""
    return run.start, id(run.bits)


def _dtype(asked: int) -> str:
    return next(f"uint{bits}" for bits in (8, 16, 32, 64) if asked <= bits)


def _by_family(
    sources: Sequence[Endpoint], destinations: Sequence[Endpoint]
) -> Iterator[tuple[list[int], list[int], int | None]]:
    """All pairs, in blocks that use one address family: most clusters are a single block."""
    for rows in _alike(sources):
        for columns in _alike(destinations):
            yield rows, columns, family_of(sources[rows[0]], destinations[columns[0]])


def _alike(endpoints: Sequence[Endpoint]) -> Iterable[list[int]]:
    found: dict[tuple[int, ...], list[int]] = {}
    for place, each in enumerate(endpoints):
        found.setdefault(tuple(address.version for address in each.ips), []).append(place)
    return found.values()


def _exempt(sources: Sequence[Endpoint], destinations: Sequence[Endpoint]) -> Iterator[tuple[int, int]]:
    """The pairs that no policy judges: a pod and itself, a pod and its node. No other pairs are looked at."""
    columns: dict[tuple[str, str], list[int]] = {}
    for column, each in enumerate(destinations):
        for key, _ in _bonds(each):
            columns.setdefault(key, []).append(column)
    for row, source in enumerate(sources):
        for _, sought in _bonds(source):
            for column in columns.get(sought, ()):
                if exemption(source, destinations[column]):
                    yield row, column


def _bonds(endpoint: Endpoint) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Under which keys an endpoint is found, each with the key of what it may be exempt with."""
    if isinstance(endpoint, Pod):
        yield ("pod", endpoint.id), ("pod", endpoint.id)
    if isinstance(endpoint, Node):
        yield ("node", endpoint.name), ("on node", endpoint.name)
    elif isinstance(endpoint, Pod) and endpoint.host_network:
        yield ("node", endpoint.node), ("on node", endpoint.node)
    elif isinstance(endpoint, Pod):
        yield ("on node", endpoint.node), ("node", endpoint.node)
