"""The graph and the strip as Mermaid text, for Markdown files and web pages.

Mermaid knows one theme only, so every color is given, legible on white and on black. Names are data: a label
holds letters, digits and harmless marks as they are, everything else as a numeric entity.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from netpol_lab.connections.scene import SceneNode
from netpol_lab.display.card import wanted
from netpol_lab.display.drawn_lines import Drawing, Line
from netpol_lab.display.graph_finding import description
from netpol_lab.display.markup import wrap_twin
from netpol_lab.display.theme import MERMAID, PALETTE

_PLAIN = frozenset(" -_.,:/()+=?⇥↦✓✕→−×")


@dataclass(frozen=True)
class MermaidPicture:
    """A Mermaid diagram. Notebooks draw it; ``print`` shows its text, ready to be pasted into a Markdown file."""

    title: str
    twin: str = field(repr=False)
    source: str = field(repr=False)

    def __str__(self) -> str:
        return self.source

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        bundle = {"text/vnd.mermaid": self.source, "text/plain": wrap_twin(f"{self.title}\n\n{self.twin}")}
        return {kind: value for kind, value in bundle.items() if wanted(kind, include, exclude)}


@dataclass(frozen=True)
class StepSource:
    """One step of a strip: its caption, the role of its background, what led to it, and what it shows."""

    caption: str
    role: str
    footer: str
    drawing: Drawing


def escape(text: str) -> str:
    """Text for a quoted label.

    >>> escape('<b>"x"')
    '#60;b#62;#34;x#34;'
    """
    flat = " ".join(text.split())
    return "".join(char if char.isalnum() or char in _PLAIN else f"#{ord(char)};" for char in flat)


def _sentence(text: str) -> str:
    """Text for accTitle and accDescr, where Mermaid knows no entities: what could be syntax becomes a blank."""
    return " ".join("".join(char if char.isalnum() or char in " -_.,:/()+=→" else " " for char in text).split())


def graph_source(drawing: Drawing, title: str) -> str:
    """A graph: namespaces as subgraphs, isolated pods with a firm frame, DNS in the title of its namespace."""
    pods = [node for node in drawing.nodes if not node.is_dns]
    ids = {node.id: f"n{i}" for i, node in enumerate(pods)}
    groups = {name: f"ns{i}" for i, name in enumerate(dict.fromkeys(node.namespace for node in pods if node.namespace))}
    text = [*_head(title, description(drawing), 26, 60, 6), "flowchart LR", *_accessible(title, description(drawing))]
    for name, group in groups.items():
        members = [_node(ids[node.id], node) for node in pods if node.namespace == name]
        text += [f'  subgraph {group}["{escape(_caption(drawing, name))}"]', *members, "  end"]
    text += [f'  {ids[node.id]}(["<b>{escape(node.name)}</b>"]):::open' for node in pods if node.is_external]
    styles = []
    for line in (line for line in drawing.lines if not line.dns):
        start = groups[line.source.namespace] if line.from_namespace else ids[line.source.id]
        end = groups[line.target.namespace] if line.to_namespace else ids[line.target.id]
        text.append(f"  {start} {_arrow(line, escape(line.label()[0]))} {end}")
        styles.append(_link(line, ""))
    return "\n".join([*text, *_classes(), *_link_styles(styles)]) + "\n"


def strip_source(steps: Sequence[StepSource], title: str, desc: str) -> str:
    """Three steps, one below the other: side by side their type would shrink to 10 px."""
    text = [*_head(title, desc, 18, 40, 14), "flowchart TB", *_accessible(title, desc)]
    styles: list[str] = []
    for i, step in enumerate(steps):
        ids = {node.id: f"s{i}n{j}" for j, node in enumerate(step.drawing.nodes)}
        text += [f'  subgraph s{i}["{escape(step.caption)}"]', "    direction LR"]
        text += [_plain_node(ids[node.id], node) for node in step.drawing.nodes]
        for line in step.drawing.lines:
            text.append(f"    {ids[line.source.id]} {_arrow(line, line.label()[0][:1])} {ids[line.target.id]}")
            styles.append(_link(line, "text"))
        text.append("  end")
    for i, step in enumerate(steps[1:]):
        text.append(f'  s{i} -->|"{escape(step.footer)}"| s{i + 1}')
        styles.append(f"stroke:{MERMAID['grey']},stroke-width:2.5px,color:{MERMAID['text']}")
    bands = [
        f"  style s{i} fill:{PALETTE[step.role][0]},stroke:{MERMAID['grey']},color:{MERMAID['text']}"
        for i, step in enumerate(steps)
    ]
    return "\n".join([*text, *_classes(), *bands, *_link_styles(styles)]) + "\n"


def _head(title: str, desc: str, node_spacing: int, rank_spacing: int, title_margin: int) -> list[str]:
    settings = {
        "theme": "base",
        "themeVariables": {
            "edgeLabelBackground": MERMAID["node"],
            "lineColor": MERMAID["grey"],
            "primaryTextColor": MERMAID["text"],
            "titleColor": MERMAID["title"],
            "clusterBkg": MERMAID["cluster"],
            "clusterBorder": MERMAID["grey"],
        },
        "flowchart": {
            "curve": "linear",
            "nodeSpacing": node_spacing,
            "rankSpacing": rank_spacing,
            "padding": 10,
            "subGraphTitleMargin": {"top": 2, "bottom": title_margin},
        },
    }
    return [f"%%{{init: {json.dumps(settings)}}}%%"]


def _accessible(title: str, desc: str) -> list[str]:
    return [f"  accTitle: {_sentence(title)}", f"  accDescr: {_sentence(desc)}"]


def _caption(drawing: Drawing, namespace: str) -> str:
    """DNS stands in the title: as a line it would push the outside across the namespace's name."""
    dns = [line for line in drawing.lines if line.dns and line.source.namespace == namespace]
    words = f"namespace {namespace}"
    if namespace in drawing.open:
        words += ", every pod reaches every pod"
    if dns and all(line.state == "dns" for line in dns):
        words += ", DNS reachable from all pods"
    for state, said in (("blocked", "DNS blocked"), ("plugin", "DNS as the network plugin decides")):
        lines = [line for line in dns if line.state == state]
        words += f", {said} for {_who(lines)}" if lines else ""
    return words


def _who(lines: Sequence[Line]) -> str:
    return "all pods" if any(line.from_namespace for line in lines) else ", ".join(line.source.name for line in lines)


def _node(id: str, node: SceneNode) -> str:
    into, out = node.isolated_ingress, node.isolated_egress
    state = {
        (True, True): "⇥ ingress + egress ↦",
        (True, False): "⇥ ingress isolated",
        (False, True): "egress isolated ↦",
    }.get((into, out), "")
    below = f"<br/>{state}" if state else ""
    return f'    {id}["<b>{escape(node.counted)}</b>{below}"]:::{"locked" if state else "open"}'


def _plain_node(id: str, node: SceneNode) -> str:
    if node.is_external:
        return f'    {id}(["{escape(node.name)}"]):::open'
    return f'    {id}["{escape(node.name)}"]:::{"locked" if node.isolated_ingress or node.isolated_egress else "open"}'


def _arrow(line: Line, label: str) -> str:
    if line.state == "blocked":
        return f'-. "{label}" .-x'
    if line.state == "plugin":
        return f'-. "{label}" .->'
    return f'{"<-->" if line.both_ways else "-->"}|"{label}"|'


def _link(line: Line, tint: str) -> str:
    """The style of a line; ``tint`` "text" takes the darker color, for a colored ground."""
    return f"stroke:{MERMAID[line.state + tint]},stroke-width:2.5px,color:{MERMAID[line.state + 'text']}"


def _link_styles(styles: list[str]) -> list[str]:
    """Mermaid knows links by their number only, in the order in which they were written."""
    return [f"  linkStyle {i} {style}" for i, style in enumerate(styles)]


def _classes() -> list[str]:
    node, text = MERMAID["node"], MERMAID["text"]
    return [
        f"  classDef open fill:{node},stroke:{MERMAID['open']},stroke-width:1.5px,color:{text}",
        f"  classDef locked fill:{node},stroke:{MERMAID['locked']},stroke-width:4px,color:{text}",
    ]
