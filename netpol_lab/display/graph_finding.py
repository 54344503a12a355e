"""The sentences of a graph: the finding in its title, the quiet line, and what a screen reader hears."""

from __future__ import annotations

from netpol_lab.connections.scene import Scene, SceneNode
from netpol_lab.display.drawn_lines import MOST_BLOCKED, Drawing, Line, blocked_pairs, undecided_pairs
from netpol_lab.model.phrases import listed
from netpol_lab.tell.words import undecided


def title(scene: Scene, drawing: Drawing, *, folded: bool = False) -> str:
    """What there is to see, as a sentence with a verb; of a ``folded`` drawing only the count is known to be true."""
    return _finding(scene, drawing, folded) + undecided(*undecided_pairs(scene))


def _finding(scene: Scene, drawing: Drawing, folded: bool) -> str:
    blocked, pairs = blocked_pairs(scene)
    share = f"{pairs - blocked} of {pairs} pairs can connect"
    if folded:
        return share if pairs else "Nothing listens"
    if drawing.pods and {node.namespace for node in drawing.pods} == set(drawing.open):
        outside = any(line.source.is_external for line in drawing.lines)
        return "Nothing is closed: every pod reaches every pod" if outside else "Every pod reaches every pod"
    targets = [node for node in drawing.pods if node.listens]
    if not targets:
        return "Nothing listens, so nobody reaches anything"
    named = "" if drawing.open else _by_name(drawing, targets)
    return named or (share if blocked else "Every pod that listens is open to everyone")


def _by_name(drawing: Drawing, targets: list[SceneNode]) -> str:
    """Who reaches whom, where that is little enough to say; else ""."""
    ways = {line.ends: line for line in drawing.lines if line.state in ("allowed", "plugin") and not line.dns}
    lines = list(ways.values())
    if len(targets) == 1:
        return _one_target(drawing, [line.source for line in lines], targets[0])
    if not lines:
        return "Nobody reaches any pod"
    return _few(lines) if len(lines) <= 2 else ""


def _one_target(drawing: Drawing, sources: list[SceneNode], target: SceneNode) -> str:
    others = [node for node in drawing.nodes if node.id != target.id and not node.is_dns]
    if not sources:
        return f"Nobody reaches {target.name}"
    if len(sources) == len(others):
        return f"Everybody reaches {target.name}" if len(others) > 1 else f"{others[0].name} reaches {target.name}"
    if len(sources) > 3:
        return f"{len(sources)} of {len(others)} reach {target.name}"
    verb = "reaches" if len(sources) == 1 else "reach"
    return f"Only {listed([node.name for node in sources])} {verb} {target.name}"


def _few(lines: list[Line]) -> str:
    if len(lines) == 2 and lines[0].target.id == lines[1].target.id:
        sources = listed([line.source.name for line in lines])
        return f"Only {sources} reach {lines[0].target.name}; nothing else is open"
    parts = [f"{'' if i else 'Only '}{line.source.name} reaches {line.target.name}" for i, line in enumerate(lines)]
    return ", and ".join([parts[0], *(f"only {part}" for part in parts[1:])])


def quiet(scene: Scene, drawing: Drawing, asked: int, folded: str = "") -> str:
    """Where we are and what the lines mean."""
    parts = [namespaces(drawing)] if drawing.pods else []
    if folded:
        parts.append(folded)
    if drawing.open and {node.namespace for node in drawing.pods} == set(drawing.open):
        count = sum(1 for name in drawing.open for _ in _pairs(drawing, name))
        parts.append(f"One sentence in the frame replaces {count} lines between the pods")
    else:
        parts.append("Allowed lines: ports on which something listens")
        blocked, pairs = blocked_pairs(scene)
        if asked > MOST_BLOCKED:
            parts.append(f"{blocked} of {pairs} pairs blocked, see the matrix")
        elif asked:
            parts.append("Blocked lines: only where you asked")
    return ". ".join(parts) + "."


def namespaces(drawing: Drawing) -> str:
    """``Namespace web``, ``Namespaces web and db``, ``12 namespaces``."""
    names = list(dict.fromkeys(node.namespace for node in drawing.pods))
    if len(names) > 4:
        return f"{len(names)} namespaces"
    return f"{'Namespace' if len(names) == 1 else 'Namespaces'} {listed(names)}"


def _pairs(drawing: Drawing, namespace: str) -> list[tuple[str, str]]:
    members = [node.id for node in drawing.pods if node.namespace == namespace]
    return [(a, b) for a in members for b in members if a != b]


def description(drawing: Drawing) -> str:
    """Every line in words, as long as there are at most twelve; the twin holds them all."""
    lines = [line for line in drawing.lines if not line.dns]
    parts = [f"In {name} every pod reaches every pod on all ports." for name in drawing.open]
    shown = lines if len(lines) <= 12 else lines[:3]
    if len(lines) > 12:
        allowed, plugin = (sum(line.state == state for line in lines) for state in ("allowed", "plugin"))
        open_ = f"{allowed} connections allowed, " + (f"{plugin} as the network plugin decides, " if plugin else "")
        parts.append(f"{open_}{len(lines) - allowed - plugin} blocked. Three of them:")
    parts += [sentence(line) for line in shown]
    parts += _isolation(drawing)
    parts += [dns_sentence(line) for line in drawing.lines if line.dns]
    return " ".join(parts)


def sentence(line: Line) -> str:
    """One line as a sentence."""
    source = line.whence
    target = f"every pod of {line.target.namespace}" if line.to_namespace and not line.dns else line.target.name
    if line.stop:
        return f"{source} is blocked at {where(line)} on the way to {target} on {line.ports.words()}."
    if line.state == "plugin":
        return f"Whether {source} reaches {target} on {line.ports.words()} depends on the network plugin."
    if line.both_ways:
        return f"{source} and {target} reach each other on {line.ports.words()}."
    return f"{source} reaches {target} on {line.ports.words()}."


def where(line: Line) -> str:
    """Where a blocked line stops, with the names of the ends."""
    source = line.whence
    if line.stop == "egress":
        return f"the egress of {source}"
    if line.stop == "both ends":
        return f"the egress of {source} and the ingress of {line.target.name}"
    return f"the ingress of {line.target.name}"


def dns_sentence(line: Line) -> str:
    """DNS in words."""
    if line.state == "dns":
        who = f"Every pod of {line.source.namespace}" if line.from_namespace else line.source.name
        return f"{who} reaches {line.target.name} on port 53."
    return sentence(line)


def _isolation(drawing: Drawing) -> list[str]:
    ways = (
        ("ingress", [n.isolated_ingress for n in drawing.pods]),
        ("egress", [n.isolated_egress for n in drawing.pods]),
    )
    parts = []
    for way, flags in ways:
        if sum(flags):
            total = len(flags)
            who = "All pods are" if sum(flags) == total else f"{sum(flags)} of {total} pods {_are(sum(flags))}"
            parts.append(f"{who} isolated for {way}.")
    return parts or ["No pod is isolated."]


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
