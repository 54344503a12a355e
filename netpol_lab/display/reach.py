"""What one pod can reach: the blast radius of a pod that was taken over."""

from __future__ import annotations

from netpol_lab.connections.scene import Reach, Scene, SceneNode
from netpol_lab.display import tables
from netpol_lab.display.card import Picture, figure
from netpol_lab.display.markup import Markup, el, join
from netpol_lab.display.markup import table as columns
from netpol_lab.model.objects import Pod
from netpol_lab.tell.saying import line
from netpol_lab.tell.words import undecided

_SIGNS = {
    ".": ("✓", "npl-reached", "reached"),
    "X": ("✕", "npl-unreached", "not reached"),
    "?": ("?", "npl-undecided", "perhaps reached"),
}
"""By the sign of the text: the sign of the page, its class, and its word."""


def draw(scene: Scene, source_id: str) -> Picture:
    """A table with one row for every other pod and the outside: reached or not, on which ports, and where it stops.

    What only some network plugins let through is a row of its own kind, and the title counts these rows.
    """
    source = scene.node(source_id)
    pairs = [(node, scene.reach[(source.id, node.id)]) for node in scene.nodes if (source.id, node.id) in scene.reach]
    pairs.sort(key=lambda pair: (not pair[1].ports, not pair[1].ports & pair[0].listens))
    rows = [_row(node, reach) for node, reach in pairs]
    reached = [node for node, reach in pairs if reach.ports]
    plugin = [node for node, reach in pairs if reach.depends]
    partly = any(reach.depends != reach.ports for _, reach in pairs if reach.depends)
    twin = columns([(sign, _full(node), words) for (node, _), (sign, words) in zip(pairs, rows, strict=True)])
    return figure(
        _title(source, reached, [node for node, _ in pairs]) + undecided(_pods(plugin), _pods(reached), partly, "pod"),
        line("reach.quiet", source=source.name),
        tables.table(
            ("", "reaches", "namespace", "on"),
            [_cells(node, sign, words) for (node, _), (sign, words) in zip(pairs, rows, strict=True)],
        ),
        twin="\n".join([f"from {_full(source)}", *twin]),
        left_out=scene.caveats,
        drawn=False,
        rules=tables.RULES + (tables.UNDECIDED if plugin else ""),
    )


def _title(source: SceneNode, reached: list[SceneNode], others: list[SceneNode]) -> str:
    outside = any(not isinstance(node.endpoint, Pod) for node in reached)
    end = line("reach.outside") if outside else ""
    return line("reach.title", source=source.name, reached=_pods(reached), others=_pods(others), outside=end)


def _pods(nodes: list[SceneNode]) -> int:
    return sum(node.count for node in nodes if isinstance(node.endpoint, Pod))


def _row(node: SceneNode, reach: Reach) -> tuple[str, str]:
    if not reach.ports:
        return "X", line("reach.blocked", stop=reach.stop)
    listening = reach.ports & node.listens
    words = (listening or reach.ports).words()
    if listening and reach.ports != listening:
        words += line("reach.rest", ports=reach.ports.words())
    if not reach.depends:
        return ".", words
    some = "" if reach.depends == reach.ports else line("reach.plugin.some", ports=reach.depends.words())
    return "?", line("reach.plugin", words=words, some=some)


def _cells(node: SceneNode, sign: str, words: str) -> tuple[Markup | str, ...]:
    shown, css, said = _SIGNS[sign]
    mark = el("span", shown, class_=css, aria_hidden="true")
    return (
        join([mark, " ", el("span", said, class_="npl-hide")]),
        el("strong", node.counted),
        node.namespace or "outside",
        words,
    )


def _full(node: SceneNode) -> str:
    return (node.id if node.namespace else node.name) + (f" x {node.count}" if node.count > 1 else "")
