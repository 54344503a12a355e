"""What one pod can reach: the blast radius of a pod that was taken over."""

from __future__ import annotations

from netpol_lab.display import tables
from netpol_lab.display.card import Picture, figure
from netpol_lab.display.markup import Markup, el, join
from netpol_lab.display.markup import table as columns
from netpol_lab.model import Pod
from netpol_lab.scene import Reach, Scene, SceneNode


def draw(scene: Scene, source_id: str) -> Picture:
    """A table with one row for every other pod and the outside: reached or not, on which ports, and where it stops."""
    source = scene.node(source_id)
    pairs = [(node, scene.reach[(source.id, node.id)]) for node in scene.nodes if (source.id, node.id) in scene.reach]
    pairs.sort(key=lambda pair: (not pair[1].ports, not pair[1].ports & pair[0].listens))
    rows = [_row(node, reach) for node, reach in pairs]
    reached = [node for node, reach in pairs if reach.ports]
    twin = columns([(sign, _full(node), words) for (node, _), (sign, words) in zip(pairs, rows, strict=True)])
    return figure(
        _title(source, reached, [node for node, _ in pairs]),
        f"What someone inside `{source.name}` could connect to. What answers comes first.",
        tables.table(
            ("", "reaches", "namespace", "on"),
            [_cells(node, sign, words) for (node, _), (sign, words) in zip(pairs, rows, strict=True)],
        ),
        twin="\n".join([f"from {_full(source)}", *twin]),
        drawn=False,
        rules=tables.RULES,
    )


def _title(source: SceneNode, reached: list[SceneNode], others: list[SceneNode]) -> str:
    pods = sum(node.count for node in reached if isinstance(node.endpoint, Pod))
    every = sum(node.count for node in others if isinstance(node.endpoint, Pod))
    outside = any(not isinstance(node.endpoint, Pod) for node in reached)
    return f"{source.name} reaches {pods} of {every} pods{' and the outside' if outside else ''}"


def _row(node: SceneNode, reach: Reach) -> tuple[str, str]:
    if not reach.ports:
        return "X", f"blocked: {reach.stop}"
    listening = reach.ports & node.listens
    if not listening:
        return ".", reach.ports.words()
    rest = "" if reach.ports == listening else f" ({reach.ports.words()} allowed)"
    return ".", f"{listening.words()}{rest}"


def _cells(node: SceneNode, sign: str, words: str) -> tuple[Markup | str, ...]:
    allowed = sign == "."
    mark = el("span", "✓" if allowed else "✕", class_="npl-reached" if allowed else "npl-unreached", aria_hidden="true")
    said = el("span", "reached" if allowed else "not reached", class_="npl-hide")
    count = f" × {node.count}" if node.count > 1 else ""
    return join([mark, " ", said]), el("strong", node.name + count), node.namespace or "outside", words


def _full(node: SceneNode) -> str:
    return (node.id if node.namespace else node.name) + (f" x {node.count}" if node.count > 1 else "")
