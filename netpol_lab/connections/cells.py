"""Who can connect to whom, for every pair: what one cell of a matrix says, and all of them as a pandas frame.

Small ones are also drawn: :mod:`netpol_lab.display.matrix`. pandas is imported when asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from netpol_lab.cluster.snapshot import View
from netpol_lab.connections.ends import ends_of
from netpol_lab.connections.scene import Reach, Scene, SceneNode, Stop, build
from netpol_lab.engine.compiled import Ends, have_a_family
from netpol_lab.engine.meter import Meter
from netpol_lab.engine.pairs import Numbered
from netpol_lab.engine.reachability import Reachability
from netpol_lab.model.errors import LabError
from netpol_lab.model.objects import External, Pod
from netpol_lab.model.ports import PortSet

if TYPE_CHECKING:
    import pandas


MOST_GIGABYTES = 0.9
"""A matrix that takes more is refused: a frame is often copied."""


@dataclass(frozen=True)
class Question:
    """What a matrix asks of every pair: any port or one port, both ends or one end."""

    port: int | None = None
    protocol: str = "TCP"
    direction: Ends = "both"

    @property
    def asked(self) -> PortSet:
        """The ports the question is about."""
        return PortSet.ALL if self.port is None else PortSet.of(self.protocol, self.port)

    @property
    def words(self) -> str:
        """``TCP 80``, or "" when the question is about all ports."""
        return "" if self.port is None else f"{self.protocol} {self.port}"


@dataclass(frozen=True)
class Cell:
    """One ordered pair. ``ports`` are those of the question that pass; ``stop`` says where none does.

    ``kind`` is ``self`` for a pod and itself, and ``none`` where the question has no meaning (outside to outside).
    ``certain`` are the ports that pass with every network plugin, None where all of ``ports`` do.
    """

    kind: Literal["allowed", "blocked", "self", "none"]
    ports: PortSet = PortSet.NONE
    stop: Stop = ""
    certain: PortSet | None = None

    @property
    def depends(self) -> bool:
        """Whether network plugins differ on some of the ports that pass."""
        return self.certain is not None

    @property
    def sign(self) -> str:
        """The cell as one ASCII character."""
        return "?" if self.depends else {"allowed": ".", "blocked": "X", "self": "#", "none": "-"}[self.kind]


def cell(scene: Scene, source: SceneNode, target: SceneNode, question: Question) -> Cell:
    """The answer for one pair of nodes of the scene.

    >>> from netpol_lab.model.objects import OUTSIDE
    >>> outside = SceneNode("External", "", "External", "", OUTSIDE)
    >>> cell(Scene((outside,), {}), outside, outside, Question()).kind
    'none'
    """
    if source.id == target.id:
        return Cell("none") if source.is_external else Cell("self", question.asked)
    reach = scene.reach.get((source.id, target.id))
    return Cell("none") if reach is None else _judged(reach, question)


@lru_cache(maxsize=4096)
def _judged(reach: Reach, question: Question) -> Cell:
    """Many pairs of a scene share one reach."""
    ports = _passing(reach, question)
    if ports:
        certain = _passing(reach.certain, question) if reach.certain else ports
        return Cell("allowed", ports, certain=None if certain == ports else certain)
    if question.direction != "both":
        return Cell("blocked", stop="ingress" if question.direction == "ingress" else "egress")
    stop = reach.stop if question.port is None else reach.stop_on(question.protocol, question.port)
    return Cell("blocked", stop=stop)


def _passing(reach: Reach, question: Question) -> PortSet:
    whole = {"both": reach.ports, "ingress": reach.ingress, "egress": reach.egress}[question.direction]
    return whole & question.asked


def cells(scene: Scene, question: Question) -> dict[tuple[str, str], Cell]:
    """All cells by (source id, target id), row by row."""
    return {
        (source.id, target.id): cell(scene, source, target, question)
        for source in scene.nodes
        for target in scene.nodes
    }


def tally(
    scene: Scene,
    question: Question,
    sources: Sequence[SceneNode],
    targets: Sequence[SceneNode],
    *,
    by_pod: bool = False,
) -> Counter[Cell]:
    """How many pairs have each answer; what cannot connect at all does not count. ``by_pod`` as for Scene.tally."""
    found: Counter[Cell] = Counter()
    for reach, number in scene.tally(sources, targets, by_pod=by_pod).items():
        found[_judged(reach, question)] += number
    return found


def numbered(
    scene: Scene, question: Question, sources: Sequence[SceneNode], targets: Sequence[SceneNode]
) -> Numbered[Cell]:
    """All cells of a large matrix, row by row: few of them differ."""
    import numpy as np

    found = scene.numbered(sources, targets)
    values = [Cell("none") if reach is None else _judged(reach, question) for reach in found.values]
    numbers, places = found.numbers.copy(), {node.id: place for place, node in enumerate(targets)}
    inside = [(row, places[node.id]) for row, node in enumerate(sources) if node.namespace and node.id in places]
    if inside:
        numbers[tuple(np.transpose(inside))] = len(values)
    return Numbered(numbers, [*values, Cell("self", question.asked)])


def matrix(view: View, port: int | None = None, protocol: str = "TCP", ends: Ends = "both") -> pandas.DataFrame:
    """All pairs of pods and parts of the outside of one state; see :meth:`View.matrix`."""
    if port is None:
        _check_size(len(ends_of(view)), 8)
        return frame(build(view, fold=False), Question(port, protocol, ends))
    return _on_one_port(view, port, protocol, ends)


def frame(scene: Scene, question: Question) -> pandas.DataFrame:
    """The matrix as pandas: rows start a connection, columns receive it, both indexed (namespace, pod).

    With a port the values are booleans. Without one they are texts: ``All``, ``TCP 80,8080-8090; UDP 53``, or ``""``
    for no connection. They are what the cluster's own profile decides, also where the picture says that plugins
    differ. A pod always reaches itself (its diagonal is True, ``All``); the outside is ``("", "External")``, and
    outside to outside, which no cluster sees, is False or ``""``.
    """
    import numpy as np
    import pandas

    index = pandas.MultiIndex.from_tuples([(n.namespace, n.name) for n in scene.nodes], names=["namespace", "pod"])
    found = numbered(scene, question, scene.nodes, scene.nodes)
    told = [str(each.ports) if question.port is None else bool(each.ports) for each in found.values]
    values = np.array(told, object if question.port is None else bool)[found.numbers]
    return pandas.DataFrame(values, index=index, columns=index)


def _on_one_port(view: View, port: int, protocol: str, ends: Ends) -> pandas.DataFrame:
    """A frame of booleans, for clusters of any size; as :func:`frame` with a port."""
    import pandas

    endpoints = ends_of(view)
    _check_size(len(endpoints), 1)
    with Meter("Comparing pods") as meter:
        answers = Reachability(view.engine, [(protocol, port)], meter)
        values = answers.pairs(endpoints, endpoints, ends).view(bool)  # a bit for the one port: 0 or 1
    inside = sum(not isinstance(each, External) for each in endpoints)
    values[inside:, inside:] = False
    for place, part in enumerate(endpoints[inside:], inside):
        apart = [number for number, pod in enumerate(endpoints[:inside]) if not have_a_family(pod, part)]
        values[apart, place] = values[place, apart] = False
    names = [(each.namespace if isinstance(each, Pod) else "", each.name) for each in endpoints]
    index = pandas.MultiIndex.from_tuples(names, names=["namespace", "pod"])
    return pandas.DataFrame(values, index=index, columns=index, copy=False)


def _check_size(ends: int, each: int) -> None:
    """Raises :class:`LabError` for a matrix that would not fit, with ``each`` bytes for a pair."""
    size = each * ends**2 / 1e9
    if size > MOST_GIGABYTES:
        raise LabError(
            f"This matrix would be too large: {ends:,} pods and parts of the outside make {size:.1f} GB. "
            "Ask connections(by='workload'), or verdict() for a pair."
        )
