"""The sentences of a graph: the finding in its title, the quiet line, and what a screen reader hears."""

from __future__ import annotations

from collections.abc import Sequence

from netpol_lab.connections.scene import Scene, SceneNode
from netpol_lab.display.drawn_lines import MOST_BLOCKED, Drawing, Line, blocked_pairs, undecided_pairs
from netpol_lab.model.objects import DIRECTIONS
from netpol_lab.model.phrases import capital, listed
from netpol_lab.tell.saying import line as say
from netpol_lab.tell.words import undecided


def title(scene: Scene, drawing: Drawing, *, folded: bool = False) -> str:
    """What there is to see, as a sentence with a verb; of a ``folded`` drawing only the count is known to be true."""
    return _finding(scene, drawing, folded) + undecided(*undecided_pairs(scene))


def _finding(scene: Scene, drawing: Drawing, folded: bool) -> str:
    blocked, pairs = blocked_pairs(scene)
    share = say("graph.share", open=pairs - blocked, pairs=pairs)
    if folded:
        return share if pairs else say("graph.folded nothing")
    if drawing.pods and {node.namespace for node in drawing.pods} == set(drawing.open):
        outside = any(line.source.is_external for line in drawing.lines)
        return say("graph.nothing closed" if outside else "graph.every pod")
    targets = [node for node in drawing.pods if node.listens]
    if not targets:
        return say("graph.nothing listens")
    named = "" if drawing.open else _by_name(drawing, targets)
    return named or (share if blocked else say("graph.open"))


def _by_name(drawing: Drawing, targets: list[SceneNode]) -> str:
    """Who reaches whom, where that is little enough to say; else ""."""
    ways = {line.ends: line for line in drawing.lines if line.state in ("allowed", "plugin") and not line.dns}
    lines = list(ways.values())
    if len(targets) == 1:
        return _one_target(drawing, [line.source for line in lines], targets[0])
    if not lines:
        return say("graph.nobody")
    return _few(lines) if len(lines) <= 2 else ""


def _one_target(drawing: Drawing, sources: list[SceneNode], only: SceneNode) -> str:
    target, others = only.name, [node for node in drawing.nodes if node.id != only.id and not node.is_dns]
    if not sources:
        return say("graph.nobody.target", target=target)
    if len(sources) == len(others):
        id = "graph.everybody" if len(others) > 1 else "graph.one"
        return say(id, source=others[0].name, target=target)
    if len(sources) > 3:
        return say("graph.many", number=len(sources), others=len(others), target=target)
    return _only(sources, target)


def _only(sources: Sequence[SceneNode], target: str) -> str:
    return say("graph.only", number=len(sources), sources=listed(node.name for node in sources), target=target)


def _few(lines: list[Line]) -> str:
    first, last = lines[0], lines[-1]
    if first is not last and first.target.id == last.target.id:
        sources = listed(line.source.name for line in lines)
        return say("graph.only.nothing else", sources=sources, target=first.target.name)
    only = _only([first.source], first.target.name)
    if first is last:
        return only
    return say("graph.only.and", first=only, source=last.source.name, target=last.target.name)


def quiet(scene: Scene, drawing: Drawing, asked: int, folded: str = "") -> str:
    """Where we are and what the lines mean."""
    parts = [namespaces(drawing)] if drawing.pods else []
    if folded:
        parts.append(folded)
    if drawing.open and {node.namespace for node in drawing.pods} == set(drawing.open):
        count = sum(1 for name in drawing.open for _ in _pairs(drawing, name))
        parts.append(say("graph.in one sentence", number=count))
    else:
        parts.append(say("graph.allowed lines"))
        blocked, pairs = blocked_pairs(scene)
        if asked:
            id = "graph.blocked many" if asked > MOST_BLOCKED else "graph.blocked asked"
            parts.append(say(id, blocked=blocked, pairs=pairs))
    return ". ".join(parts) + "."


def namespaces(drawing: Drawing) -> str:
    """``Namespace web``, ``Namespaces web and db``, ``12 namespaces``."""
    names = list(dict.fromkeys(node.namespace for node in drawing.pods))
    id = "graph.namespaces.many" if len(names) > 4 else "graph.namespaces"
    return say(id, number=len(names), names=listed(names))


def _pairs(drawing: Drawing, namespace: str) -> list[tuple[str, str]]:
    members = [node.id for node in drawing.pods if node.namespace == namespace]
    return [(a, b) for a in members for b in members if a != b]


def description(drawing: Drawing) -> str:
    """Every line in words, as long as there are at most twelve; the twin holds them all."""
    lines = [line for line in drawing.lines if not line.dns]
    parts = [say("graph.open namespace", namespace=name) for name in drawing.open]
    shown = lines if len(lines) <= 12 else lines[:3]
    if len(lines) > 12:
        allowed, plugin = (sum(line.state == state for line in lines) for state in ("allowed", "plugin"))
        some = say("graph.three of.plugin", number=plugin) if plugin else ""
        parts.append(say("graph.three of", allowed=allowed, plugin=some, blocked=len(lines) - allowed - plugin))
    parts += [sentence(line) for line in shown]
    parts += _isolation(drawing)
    parts += [dns_sentence(line) for line in drawing.lines if line.dns]
    return " ".join(parts)


def sentence(line: Line) -> str:
    """One line as a sentence."""
    whole = line.to_namespace and not line.dns
    target = say("line.namespace", namespace=line.target.namespace) if whole else line.target.name
    if line.stop:
        return say("line.blocked", source=line.whence, target=target, ports=line.ports.words(), where=where(line))
    id = "line.plugin" if line.state == "plugin" else "line.both ways" if line.both_ways else "line.allowed"
    return say(id, source=line.whence, target=target, ports=line.ports.words())


def where(line: Line) -> str:
    """Where a blocked line stops, with the names of the ends."""
    id = line.stop if line.stop in ("egress", "both ends") else "ingress"
    return say(f"line.at {id}", source=line.whence, target=line.target.name)


def dns_sentence(line: Line) -> str:
    """DNS in words."""
    if line.state != "dns":
        return sentence(line)
    whole = capital(say("line.namespace", namespace=line.source.namespace))
    return say("line.DNS", source=whole if line.from_namespace else line.source.name, target=line.target.name)


def _isolation(drawing: Drawing) -> list[str]:
    parts, total = [], len(drawing.pods)
    for way in DIRECTIONS:
        number = sum(node.isolated(way) for node in drawing.pods)
        if number:
            id = "graph.isolated.all" if number == total else "graph.isolated"
            parts.append(say(id, number=number, total=total, way=way))
    return parts or [say("graph.isolated.none")]
