"""One moment of a cluster, folded for looking at: who could connect to whom, on which ports.

A :class:`Scene` is the only thing matrices, graphs and deltas are drawn from. Replicas that behave alike
are one node; pods on the host network are left out; the outside is a node of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import Literal

from netpol_lab.cluster.listening import listeners
from netpol_lab.cluster.snapshot import Snapshot, View
from netpol_lab.connections.ends import outside_of, pods_in_order
from netpol_lab.engine.compare import compare
from netpol_lab.engine.compiled import Engine, have_a_family
from netpol_lab.engine.pairs import Numbered, admitted_between
from netpol_lab.engine.verdict import Caveat
from netpol_lab.model.objects import ON_THE_WAY, Direction, Endpoint, NetworkPolicy, Pod
from netpol_lab.model.ports import PortSet

Stop = Literal["", "egress", "ingress", "both ends", "ports differ"]


FEW = 20
"""With up to so many nodes pairs are asked one by one: to import numpy takes longer."""


@dataclass(frozen=True)
class SceneNode:
    """A pod, a set of like replicas, or the outside.

    ``id`` is unique and the same in every scene of a story (``student-07/server-07``; ``External``).
    ``namespace`` is "" outside.
    ``label`` is the one label policies use (``app: server-07``), or "". ``count`` is the number of pods it stands for.
    """

    id: str
    namespace: str
    name: str
    label: str
    endpoint: Endpoint
    count: int = 1
    isolated_ingress: bool = False
    isolated_egress: bool = False
    is_dns: bool = False
    listens: PortSet = PortSet.NONE

    @property
    def is_external(self) -> bool:
        return not self.namespace

    @property
    def counted(self) -> str:
        """The name, with the number of pods it stands for: ``web × 3``."""
        return self.name if self.count == 1 else f"{self.name} × {self.count}"

    def isolated(self, direction: Direction) -> bool:
        """Whether some policy isolates it in that direction."""
        return self.isolated_ingress if direction == "ingress" else self.isolated_egress


@dataclass(frozen=True)
class Reach:
    """From one node to another: what the source may send, what the target lets in, and both together.

    ``certain`` is what is left of it with every network plugin that enforces the whole API; None where they agree.
    """

    egress: PortSet
    ingress: PortSet
    certain: Reach | None = None

    @cached_property
    def ports(self) -> PortSet:
        return self.egress & self.ingress

    @cached_property
    def depends(self) -> PortSet:
        """The ports that pass here and not with every network plugin."""
        return self.ports - self.certain.ports if self.certain else PortSet.NONE

    @property
    def stop(self) -> Stop:
        """Why there is no port at all; "" when there is one."""
        if self.ports:
            return ""
        if self.egress and self.ingress:
            return "ports differ"
        if self.egress:
            return "ingress"
        return "egress" if self.ingress else "both ends"

    def stop_on(self, protocol: str, port: int) -> Stop:
        """Why one port does not pass; "" when it does."""
        out, into = (protocol, port) in self.egress, (protocol, port) in self.ingress
        if out:
            return "" if into else "ingress"
        return "egress" if into else "both ends"


@dataclass(frozen=True)
class Scene:
    """Nodes in the order of the story (lesson namespaces, kube-system, outside) and their reach.

    ``reach`` holds every ordered pair of different node ids, except outside to outside, and a pod and an outside of
    which it has no address family.
    """

    nodes: tuple[SceneNode, ...]
    reach: Mapping[tuple[str, str], Reach] = field(repr=False)
    policies: tuple[NetworkPolicy, ...] = field(default=(), repr=False)
    profile: str = "upstream"
    caveats: tuple[Caveat, ...] = ()

    def node(self, id: str) -> SceneNode:
        return next(node for node in self.nodes if node.id == id)

    @property
    def is_large(self) -> bool:
        """Whether all its pairs are worked out at once."""
        return isinstance(self.reach, _Reaches) and self.reach.is_large

    def numbered(self, sources: Sequence[SceneNode], targets: Sequence[SceneNode]) -> Numbered[Reach | None]:
        """The reach of each source, in rows, to each target, by their ids; None where there is no such pair."""
        ids = [node.id for node in sources], [node.id for node in targets]
        if isinstance(self.reach, _Reaches):
            return self.reach.numbered(*ids)
        import numpy as np

        known: dict[Reach | None, int] = {}
        rows = [[known.setdefault(self.reach.get((a, b)), len(known)) for b in ids[1]] for a in ids[0]]
        return Numbered(np.array(rows, "int32").reshape(len(ids[0]), len(ids[1])), list(known))

    def tally(
        self, sources: Sequence[SceneNode], targets: Sequence[SceneNode], *, by_pod: bool = False
    ) -> Counter[Reach]:
        """How many pairs there are of each reach; ``by_pod``: a node counts as often as it has pods."""
        found: Counter[Reach] = Counter()
        if not self.is_large:
            for source, target in product(sources, targets):
                reach = self.reach.get((source.id, target.id))
                if reach is not None:
                    found[reach] += source.count * target.count if by_pod else 1
            return found
        import numpy as np

        each = self.numbered(sources, targets)
        weights = [np.array([node.count for node in nodes]) for nodes in (sources, targets)]
        counted = np.bincount(each.numbers.ravel(), np.outer(*weights).ravel() if by_pod else None)
        for reach, number in zip(each.values, counted.tolist(), strict=False):
            if reach is not None and number:
                found[reach] += int(number)
        return found

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Namespaces in order of first appearance, without the outside."""
        return tuple(dict.fromkeys(node.namespace for node in self.nodes if node.namespace))


def build(view: View, fold: bool = True, also: Iterable[SceneNode] = ()) -> Scene:
    """Look at one moment.

    ``fold=False`` gives every pod a node of its own. Who takes part: :attr:`View.policed_pods`, the parts of the
    outside, and what else is asked for, such as one address, where its id is not among them.
    """
    pods, dns = pods_in_order(view), _dns_pods(view)
    groups = _groups(pods, view.engine) if fold else [[pod] for pod in pods]
    names = _names(groups, dns) if fold else [pod.name for pod in pods]
    asked = dict.fromkeys(r.key for policy in view.engine.policies for r in policy.pod_selector.requirements)
    nodes = [_node(view, *named, dns if fold else set(), asked) for named in zip(groups, names, strict=True)]
    nodes += [SceneNode(each.name, "", each.name, "", each) for each in outside_of(view, pods)]
    known = {node.id for node in nodes}
    nodes += [node for node in also if node.id not in known]
    engine = view.engine
    return Scene(tuple(nodes), _Reaches(engine, nodes), engine.policies, engine.profile.name, view.caveats)


def effect_of(
    state: Snapshot, policy: NetworkPolicy, scene: Scene | None = None
) -> list[tuple[str, str, PortSet, str]]:
    """What a policy does: (source, destination, ports, "+") for what only it admits, "-" for what only it closes.

    Measured, not guessed: the state with the policy against the same state without it, at the pods that it isolates.
    ``scene`` is that of the state, where it is known.
    """
    nodes = (scene or build(state)).nodes
    without = state.without([("NetworkPolicy", policy.namespace, policy.name)]).engine
    closed = {
        (way, node.id) for way in ON_THE_WAY for node in nodes if policy in state.engine.isolating(way, node.endpoint)
    }
    found = []
    for source, target in product(nodes, nodes):
        if {("egress", source.id), ("ingress", target.id)} & closed and _is_pair(source, target):
            step = compare(without, state.engine, (source.endpoint,) * 2, (target.endpoint,) * 2)
            signs = ((step.opened, "+"), (step.closed, "-"))
            found += [(source.name, target.name, ports, sign) for ports, sign in signs if ports]
    return found


class _Reaches(Mapping[tuple[str, str], Reach]):
    """The reach of every pair, once for all pairs of ends that no policy tells apart.

    Where there are few, a pair is worked out when looked at; else all of them are, in the engine's compressed form.
    """

    def __init__(self, engine: Engine, nodes: Sequence[SceneNode]) -> None:
        self._engine = engine
        kinds: dict[tuple[tuple[int, int], ...], int] = {}
        self._nodes = {
            node.id: (node, kinds.setdefault(engine.classes_of(node.endpoint), len(kinds))) for node in nodes
        }
        self._known: dict[tuple[int, int], Reach | None] = {}
        self.is_large = len(nodes) > FEW

    def __getitem__(self, pair: tuple[str, str]) -> Reach:
        source, source_kind = self._nodes[pair[0]]
        target, target_kind = self._nodes[pair[1]]
        if source is target:
            raise KeyError(pair)
        key = (source_kind, target_kind)
        if key not in self._known:
            self._known[key] = (
                self._table.values[self._table.numbers[key]] if self.is_large else self._reach(source, target)
            )
        found = self._known[key]
        if found is None:
            raise KeyError(pair)
        return found

    def _reach(self, source: SceneNode, target: SceneNode) -> Reach | None:
        if not _is_pair(source, target):
            return None
        engine, ends = self._engine, (source.endpoint, target.endpoint)
        admitted = [engine.admitted(way, *ends) for way in ON_THE_WAY]
        return _reach(*admitted, *(engine.certain(way, *ends) for way in ON_THE_WAY if engine.leaves_open))

    @cached_property
    def _table(self) -> Numbered[Reach | None]:
        """All kinds by all kinds. Two nodes of a kind stand for it: policies do not judge a pod and itself."""
        import numpy as np

        members: dict[int, list[SceneNode]] = {}
        for node, kind in self._nodes.values():
            members.setdefault(kind, []).append(node)
        first, last = ([each[place] for each in members.values()] for place in (0, -1))
        found = admitted_between(self._engine, *([node.endpoint for node in nodes] for nodes in (first, last)))
        numbers = np.pad(found.numbers + 1, (0, 1))  # the last row and column: a node that is not there
        outside = [kind for kind, node in enumerate(first) if node.is_external]
        for one, other in product(outside, range(len(first))):
            if not _is_pair(first[one], first[other]):
                numbers[one, other] = numbers[other, one] = 0
        return Numbered(numbers, [None, *(_reach(*each) for each in found.values)])

    def numbered(self, sources: Sequence[str], targets: Sequence[str]) -> Numbered[Reach | None]:
        """See :meth:`Scene.numbered`."""
        import numpy as np

        rows, columns = ([self._nodes[id][1] if id in self._nodes else -1 for id in ids] for ids in (sources, targets))
        numbers = self._table.numbers[np.ix_(rows, columns)]
        places = {id: place for place, id in enumerate(targets)}
        themselves = [(row, places[id]) for row, id in enumerate(sources) if id in places]
        if themselves:
            numbers[tuple(zip(*themselves, strict=True))] = 0
        return Numbered(numbers, self._table.values)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        nodes = [node for node, _ in self._nodes.values()]
        return ((source.id, target.id) for source in nodes for target in nodes if _is_pair(source, target))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _reach(egress: PortSet, ingress: PortSet, *certain: PortSet) -> Reach:
    here = Reach(egress, ingress)
    return replace(here, certain=Reach(certain[0], certain[1])) if certain and certain != (egress, ingress) else here


def _is_pair(source: SceneNode, target: SceneNode) -> bool:
    if source.is_external or target.is_external:
        return source.is_external != target.is_external and have_a_family(source.endpoint, target.endpoint)
    return source is not target


def _dns_pods(view: View) -> set[str]:
    service = view.dns_service
    return {pod.id for pod in view.pods_of(service)} if service else set()


def _groups(pods: list[Pod], engine: Engine) -> list[list[Pod]]:
    """Replicas of one owner that no policy tells apart."""
    groups: dict[tuple[object, ...], list[Pod]] = {}
    for pod in pods:
        groups.setdefault((pod.namespace, pod.owner or pod.id, engine.classes_of(pod)), []).append(pod)
    return list(groups.values())


def _names(groups: list[list[Pod]], dns: set[str]) -> list[str]:
    """What to call each group: its workload where it is the whole of it, ``kube-dns``, else its first pod.

    Workloads of one name get their kind beside it, as in ``web[StatefulSet]``.
    """
    sizes = Counter((pod.namespace, pod.owner) for group in groups for pod in group)
    names = []
    for group in groups:
        pod = group[0]
        whole = bool(pod.owner) and len(group) == sizes[pod.namespace, pod.owner]
        name = pod.owner.partition("/")[2] if whole else pod.name
        names.append("kube-dns" if {each.id for each in group} == dns else name)
    uses = Counter((group[0].namespace, name) for group, name in zip(groups, names, strict=True))
    for place, (group, name) in enumerate(zip(groups, names, strict=True)):
        if uses[group[0].namespace, name] > 1 and name != group[0].name:
            names[place] = f"{name}[{group[0].owner.partition('/')[0]}]"
    return names


def _node(view: View, group: list[Pod], name: str, dns: set[str], asked: Iterable[str]) -> SceneNode:
    pod, engine = group[0], view.engine
    return SceneNode(
        id=f"{pod.namespace}/{name}",
        namespace=pod.namespace,
        name=name,
        label=_label(pod, asked),
        endpoint=pod,
        count=len(group),
        isolated_ingress=bool(engine.isolating("ingress", pod)),
        isolated_egress=bool(engine.isolating("egress", pod)),
        is_dns=pod.id in dns,
        listens=PortSet.union(PortSet.of(each.port.protocol, each.port.port) for each in listeners(view, pod)),
    )


def _label(pod: Pod, asked: Iterable[str]) -> str:
    """The one label to show: a usual one, else one that policies ask for, else any."""
    usual = ("app", "app.kubernetes.io/name", "k8s-app", "run")
    key = next((key for key in (*usual, *asked, *pod.own_labels) if key in pod.labels), "")
    return f"{key}: {pod.labels[key]}" if key else ""
