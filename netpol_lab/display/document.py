"""A connectivity document: Markdown that says who may talk to whom, on which ports, and which rules admit it.

It is generated from the policies and holds no time: kept beside them, it changes when what they let through changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections.scene import Scene, SceneNode, build
from netpol_lab.display.drawn_lines import drawing
from netpol_lab.display.fold import fold
from netpol_lab.display.graph_finding import title as graph_title
from netpol_lab.display.mermaid import graph_source
from netpol_lab.engine.compiled import CompiledRule
from netpol_lab.model.objects import DIRECTIONS, ON_THE_WAY, Direction, Endpoint, Pod
from netpol_lab.model.phrases import counted, first_lines, listed
from netpol_lab.model.ports import PortSet
from netpol_lab.tell.caveat_words import caveat_line
from netpol_lab.tell.saying import line

Replicas = Mapping[tuple[str, str], Sequence[Pod]]
"""The pods of each namespace and owner."""


class Flowing(NamedTuple):
    """What passes to one target: the ports, and who admits it at each end."""

    ports: str
    leaving: str
    entering: str


def document(state: Snapshot, name: str) -> str:
    """The document about one state, as Markdown text; ``name`` is its title."""
    scene = build(state)
    parts = [f"# {name}", _summary(state, scene), "", *_picture(scene)]
    replicas: dict[tuple[str, str], list[Pod]] = {}
    for pod in state.policed_pods:
        replicas.setdefault((pod.namespace, pod.owner), []).append(pod)
    for namespace in (*scene.namespaces, ""):
        parts += ["", *_namespace(state, scene, namespace, replicas)]
    caveats = caveat_line(state.caveats)
    parts += ["", f"## {line('document.left out')}", "", caveats] if caveats else []
    return "\n".join(parts) + "\n"


def _summary(state: Snapshot, scene: Scene) -> str:
    workloads = sum(not node.is_external for node in scene.nodes)
    numbers = {"workloads": counted(workloads, "workload"), "namespaces": counted(len(scene.namespaces), "namespace")}
    policies = counted(len(state.policies), "policy", "policies")
    return "\n" + line("document.summary", **numbers, policies=policies, profile=scene.profile)


def _picture(scene: Scene) -> Iterator[str]:
    """Folded as the graph of a notebook is. Who is not drawn stands in the tables."""
    folded = fold(scene)
    drawn = drawing(folded.scene, partial=folded.partial)
    title = graph_title(scene, drawn, folded=bool(folded.by))
    yield f"## {title}"
    yield ""
    yield line("document.picture") + (f" {folded.by}." if folded.by else "")
    yield ""
    yield "```mermaid"
    yield graph_source(drawn, title).rstrip("\n")
    yield "```"


def _namespace(state: Snapshot, scene: Scene, namespace: str, replicas: Replicas) -> Iterator[str]:
    targets = [node for node in scene.nodes if node.namespace == namespace]
    yield f"## {line('document.namespace', namespace=namespace) if namespace else line('document.outside')}"
    yield ""
    if namespace:
        for way in DIRECTIONS:
            names = [f"`{node.name}`" for node in targets if not node.isolated(way)]
            told = line(f"document.open.{way}", names=listed(names)) if names else line("document.isolated", way=way)
            yield f"- {told}"
        yield ""
    yield "| to | from | ports | leaves by | enters by |"
    yield "|---|---|---|---|---|"
    rows = [row for node in targets for row in _rows(state, scene, node, replicas)]
    yield from rows or [f"| {line('document.nobody')} | | | | |"]


def _rows(state: Snapshot, scene: Scene, target: SceneNode, replicas: Replicas) -> Iterator[str]:
    """One row for all sources that reach a target on the same ports by the same rules."""
    found: dict[Flowing, list[str]] = {}
    everybody = 0
    for source in scene.nodes:
        itself = _replicas_of(state, target, replicas) if source is target else None
        reach = scene.reach.get((source.id, target.id))
        ports = state.engine.connection(*itself) if itself else reach.ports if reach else None
        everybody += ports is not None
        if ports:
            words = line("document.depends", ports=ports) if reach and reach.depends else str(ports)
            ends = itself or (source.endpoint, target.endpoint)
            told = Flowing(words, *(_admitted(state, way, *ends, ports) for way in ON_THE_WAY))
            found.setdefault(told, []).append(source.name if source.is_external else source.id)
    for told, sources in found.items():
        who = line("document.everybody") if len(sources) == everybody > 1 else ", ".join(f"`{s}`" for s in sources)
        yield f"| `{target.counted}` | {who} | {' | '.join(map(_cell, told))} |"


def _replicas_of(state: Snapshot, node: SceneNode, replicas: Replicas) -> tuple[Pod, Pod] | None:
    """Two replicas of a workload, between which a packet may pass."""
    pod = node.endpoint
    if not isinstance(pod, Pod) or node.count == 1:
        return None
    classes = state.engine.classes_of(pod)
    others = (each for each in replicas[pod.namespace, pod.owner] if each.id != pod.id)
    return next(((pod, each) for each in others if state.engine.classes_of(each) == classes), None)


def _admitted(state: Snapshot, way: Direction, source: Endpoint, target: Endpoint, ports: PortSet) -> str:
    subject = target if way == "ingress" else source
    if not state.engine.isolating(way, subject):
        return line("document.not isolated")
    rules = state.engine.admitting(way, source, target)
    return ", ".join(_rule(rule) for rule, admitted in rules if admitted & ports) or line("document.not judged")


def _rule(rule: CompiledRule) -> str:
    where = first_lines(rule.rule.origin)
    return f"{rule.policy.name}, rule {rule.index + 1}" + (f" ({where})" if where else "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
