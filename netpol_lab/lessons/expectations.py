"""Policies as code: a table of expected connections, and whether the policies keep it.

A table is a YAML file. Each row is one sentence about connections, with the reason why it has to hold::

    expectations:
    - {from: shop/web, to: shop/cart, port: 8080, expect: allow, because: the page shows the cart}
    - {from: "shop/*", to: External, expect: deny, because: only the mailer leaves the cluster}

An end is named as in the exercises, or by one of these:

- ``shop/web``: a pod, or all pods of a workload;
- ``shop/app=web``, ``*/app.kubernetes.io/part-of in (shop, pay)``: all pods with these labels;
  the part after the slash is written as for ``kubectl -l``;
- ``shop/*``, ``*``: all pods of a namespace, and all pods;
- ``203.0.113.10``, ``10.0.0.0/8``: addresses outside the cluster; ``External``: those that no row names;
- ``Anyone``: all pods, and External.

``port`` is the pod's, as policies see it; without it a row is about every port. ``protocol`` is TCP unless it is
written. A row holds when every connection that it speaks of is as expected. A pod and itself are no connection.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from itertools import product
from typing import Literal

from netpol_lab.cluster.snapshot import Snapshot, View
from netpol_lab.connections.ends import outside_ranges
from netpol_lab.connections.naming import node_holding, not_shown
from netpol_lab.connections.scene import SceneNode, build
from netpol_lab.engine.verdict import Verdict
from netpol_lab.kubectl.choosing import parse_labels
from netpol_lab.kubectl.failure import Failure
from netpol_lab.lessons.behavior import Judged, is_called
from netpol_lab.manifests.own_file import read_fields
from netpol_lab.model.errors import LabError
from netpol_lab.model.fields import DataError, Fields
from netpol_lab.model.labels import LabelSelector
from netpol_lab.model.objects import OUTSIDE, IPBlock, IPNetwork
from netpol_lab.model.phrases import capital, did_you_mean, nearest
from netpol_lab.model.ports import FIRST_PORT, LAST_PORT, PROTOCOLS, PortSet
from netpol_lab.tell.deciding import deciding


@dataclass(frozen=True)
class Expectation:
    """One row of a table. ``port`` None is every port. ``file`` and ``line`` are where it is written."""

    source: str
    destination: str
    port: int | None
    protocol: str
    expect: Literal["allow", "deny"]
    because: str
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        on = "every port" if self.port is None else f"{self.protocol} {self.port}"
        return f"{self.source} -> {self.destination}, {on}: {self.expect}"

    @property
    def where(self) -> str:
        """``expectations.yaml, line 7``."""
        return f"{self.file}, line {self.line}"

    @property
    def ends(self) -> tuple[str, str]:
        return self.source, self.destination

    @property
    def asked(self) -> PortSet:
        return PortSet.ALL if self.port is None else PortSet.of(self.protocol, self.port)


@dataclass(frozen=True)
class ExpectationResult:
    """What the policies make of one row.

    ``connections`` is the number of those it speaks of, ``broken`` are those that are not as expected, ``verdict`` is
    that of the first of them. ``notes`` are sentences about any row, such as that network plugins differ on it.
    """

    expectation: Expectation
    connections: int
    broken: tuple[Judged, ...] = ()
    verdict: Verdict | None = None
    notes: tuple[str, ...] = ()

    @property
    def held(self) -> bool:
        return not self.broken

    @property
    def reasons(self) -> list[str]:
        """Why it is broken, who decides it, and where that is written; then the notes."""
        lines: list[str] = []
        if self.verdict is not None:
            first, on = self.broken[0], f"{self.verdict.protocol} {self.verdict.port}"
            what = "passes" if self.verdict.allowed else "is blocked"
            rest = f" ({len(self.broken)} of {self.connections} connections)" if self.connections > 1 else ""
            lines += [f"{first.source.id} -> {first.destination.id}, {on} {what}{rest}.", *deciding(self.verdict)]
        return [*lines, *self.notes]

    @property
    def told(self) -> tuple[bool, str, str, str, list[str]]:
        """What a report says of it: whether it holds, where it stands, its words, its reason, and :attr:`reasons`."""
        row = self.expectation
        return self.held, row.where, str(row), row.because, self.reasons


def read(file: str | os.PathLike[str]) -> tuple[Expectation, ...]:
    """The rows of a table. Raises :class:`DataError` with the faults of all rows, each with its line.

    Raises NotFound for a file that is not there.
    """
    fields = read_fields(file, "expectations")
    rows, faults = [], []
    for row in fields.each("expectations"):
        try:
            rows.append(_row(row))
        except DataError as fault:
            faults.append(str(fault))
    if not faults:
        fields.done()
    if not rows and not faults:
        faults.append(f"{fields.place}: there is no row below `expectations:`.")
    if faults:
        raise DataError("\n".join(faults))
    return tuple(rows)


def _row(fields: Fields) -> Expectation:
    row = Expectation(
        source=fields.text("from"),
        destination=fields.text("to"),
        port=fields.number("port"),
        protocol=fields.choice("protocol", PROTOCOLS, "TCP"),
        expect=fields.choice("expect", ("allow", "deny"), ""),  # type: ignore[arg-type]
        because=fields.text("because"),
        file=fields.place,
        line=fields.line,
    )
    fields.done()
    if row.port is not None and not FIRST_PORT <= row.port <= LAST_PORT:
        raise DataError(f"{row.where}: port has to be from {FIRST_PORT} to {LAST_PORT}, not {row.port}.")
    return row


def judge(view: View, rows: Iterable[Expectation]) -> tuple[ExpectationResult, ...]:
    """What the policies of a state make of each row.

    Raises :class:`DataError` with all names that mean nobody, each with its line and the closest name there is.
    """
    rows = tuple(rows)
    judges = _Judges(view.snapshot(), rows)
    found, faults = [], []
    for row in rows:
        try:
            found.append(judges.result(row))
        except LabError as fault:
            faults.append(f"{row.where}: {fault}")
    if faults:
        raise DataError("\n".join(faults))
    return tuple(found)


class _Judges:
    """One state, and the parts of the outside that some policy or some row tells apart."""

    def __init__(self, state: Snapshot, rows: Sequence[Expectation]) -> None:
        self._state = state
        self._networks = {name: network for row in rows for name in row.ends if (network := _network(name))}
        blocks = [IPBlock(str(each), (), each, ()) for each in self._networks.values()]
        parts = outside_ranges(state, apart=blocks)
        self._outside = [SceneNode(f"{each.address}", "", each.name, "", each) for each in parts]
        self._scene = build(state, fold=False, also=self._outside)
        self._pods = [node for node in self._scene.nodes if not node.is_external]

    def result(self, row: Expectation) -> ExpectationResult:
        sources, targets = (self._named(name) for name in row.ends)
        wanted = row.asked if row.expect == "allow" else PortSet.NONE
        connections, broken, differs = 0, [], ""
        known: dict[int, tuple[bool, bool]] = {}  # many pairs of a scene share one reach
        for source, target in product(sources, targets):
            found = self._scene.reach.get((source.id, target.id))
            if found is None:
                continue
            if id(found) not in known:
                is_right = found.ports & row.asked == wanted
                known[id(found)] = is_right, bool(found.depends & row.asked)
            right, depends = known[id(found)]
            connections += 1
            if not right:
                broken.append(Judged(source, target, wanted, found.ports, row.asked, row.asked))
            if depends and not differs:
                differs = f"{source.id} -> {target.id}"
        if not connections:
            raise LabError(f"{row.source} and {row.destination} are no two ends between which a packet could pass.")
        notes = [
            f"Network plugins differ on {differs}; judged as {self._scene.profile} decides." if differs else "",
            self._served_as(row, targets),
        ]
        return ExpectationResult(row, connections, tuple(broken), self._verdict(broken), tuple(filter(None, notes)))

    def _verdict(self, broken: Sequence[Judged]) -> Verdict | None:
        if not broken:
            return None
        first = broken[0]
        protocol, port = first.telling_port(first.leak or first.missing)
        return self._state.verdict(first.source.endpoint, first.destination.endpoint, port, protocol)

    def _served_as(self, row: Expectation, targets: Iterable[SceneNode]) -> str:
        """The commonest slip: the row names the port of a Service, and policies see the pod's."""
        silent = [] if row.port is None else [node.endpoint for node in targets if not row.asked & node.listens]
        for service in self._state.services if silent else ():
            for pod, port, number in self._state.endpoints(service):
                if pod in silent and (port.port, port.protocol) == (row.port, row.protocol) and number != row.port:
                    return f"{row.port} is the port of Service {service.id}; policies see the pod's, {number}."
        return ""

    def _named(self, name: str) -> list[SceneNode]:
        """Whom a name of the table means. Raises LabError where it is nobody."""
        if name in self._networks:
            return self._at(name, self._networks[name])
        if name == OUTSIDE.name or name == "Anyone":
            named = self._networks.values()
            rest = [each for each in self._outside if not any(_holds(network, each) for network in named)]
            return [*self._pods, *rest] if name == "Anyone" else rest
        if name == "*":
            return self._pods
        namespace, slash, what = name.partition("/")
        if slash and (what == "*" or _SELECTOR.search(what)):
            selector = _selector("" if what == "*" else what)
            here = [node for node in self._pods if namespace in ("*", node.namespace)]
            picks = self._state.engine.picks
            found = [node for node in here if picks(node.namespace, selector, node.endpoint)]  # type: ignore[arg-type]
            if not found:
                raise LabError(self._nobody(name, namespace, what))
            return found
        found = [node for node in self._pods if is_called(node, name)]
        if not found:
            raise self._no_pod(name)
        return found

    def _at(self, name: str, network: IPNetwork) -> list[SceneNode]:
        """The parts of the outside in a network; the pod that has the one address of it."""
        pods = [pod for pod in self._state.pods if network.num_addresses == 1 and network[0] in pod.ips]
        nodes = filter(None, (node_holding(self._scene, pod) for pod in pods))
        found = list(nodes) or [each for each in self._outside if _holds(network, each)]
        if not found:
            raise LabError(f"{name} holds no address outside the cluster.")
        return found

    def _nobody(self, name: str, namespace: str, what: str) -> str:
        spaces = {node.namespace for node in self._pods}
        if namespace in ("*", *spaces):
            return f"No pod of {'any namespace' if namespace == '*' else namespace} has the labels {what}."
        return f"There is no pod in a namespace {namespace!r}.{_meant(namespace, spaces)}"

    def _no_pod(self, name: str) -> LabError:
        if "/" not in name:
            known = {node.id for node in self._pods if node.name == name} or {node.id for node in self._pods}
            likely = sorted(each for each in known if each.endswith(f"/{name}")) or nearest(name, sorted(known))
            spaces = {node.namespace for node in self._pods}
            likely = [f"{name}/*"] if name in spaces else likely
            return LabError(f"{name!r} has no namespace. {capital(did_you_mean(likely, chr(39)))}".strip())
        return not_shown(self._state, name, "")


_SELECTOR = re.compile(r"[=!(,]| in | notin ")


def _selector(text: str) -> LabelSelector:
    try:
        return LabelSelector(parse_labels(text))
    except Failure:
        raise LabError(f"{text} is no selector of labels, such as app=web or tier in (a, b).") from None


def _network(name: str) -> IPNetwork | None:
    """The network an end is, one address included; None for any other name."""
    try:
        return ip_network(name)
    except ValueError:
        return None


def _holds(network: IPNetwork, node: SceneNode) -> bool:
    return any(address in network for address in node.endpoint.ips)


def _meant(word: str, known: Iterable[str]) -> str:
    meant = did_you_mean(nearest(word, sorted(known)), "'")
    return meant and f" {capital(meant)}"
