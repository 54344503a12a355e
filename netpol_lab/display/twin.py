"""The pictures as ASCII text: what `text/plain`, screen readers and untrusted notebooks get."""

from __future__ import annotations

from collections.abc import Iterable

from netpol_lab.connections.scene import SceneNode
from netpol_lab.display.drawn_lines import Drawing, Line
from netpol_lab.display.markup import ascii_text, table
from netpol_lab.model.language import spoken
from netpol_lab.model.ports import PortSet

SIGNS = {
    "allowed": ".",
    "blocked": "X",
    "plugin": "?",
    "opened": "+",
    "closed": "-",
    "changed": "~",
    "same": "",
    "dns": ".",
}

UNDECIDED_KEY = "?  depends on the network plugin"

MOST_ROWS = 60
"""Longer lists are cut and say so; the matrix has them all."""


def graph_twin(drawing: Drawing) -> str:
    """Namespaces with their pods and what they are isolated for, then one row per line, allowed ones first."""
    blocks = []
    for name in dict.fromkeys(node.namespace for node in drawing.pods):
        members = [node for node in drawing.pods if node.namespace == name]
        rows = [
            [spoken("namespace {name}", name=name), spoken("isolated")],
            *([f"  {counted(node)}", isolation(node)] for node in members),
        ]
        blocks.append("\n".join(table(rows, gap=4)))
    rows = [_open_row(drawing, name) for name in drawing.open]
    rows += line_rows(drawing, [item for item in drawing.lines if item.state != "blocked"])
    rows += line_rows(drawing, [item for item in drawing.lines if item.state == "blocked"])
    more = f"... and {len(rows) - MOST_ROWS} more: see the matrix" if len(rows) > MOST_ROWS else ""
    rows = rows[:MOST_ROWS]
    return "\n\n".join([*blocks, *([line_table(rows)] if rows else []), *([more] if more else [])])


def counted(node: SceneNode) -> str:
    """The name of a node, with the number of pods it stands for."""
    return node.name if node.count == 1 or node.is_dns else f"{node.name} x {node.count}"


def isolation(node: SceneNode) -> str:
    """``ingress, egress``, or ``open`` for a pod no policy isolates."""
    ways = [name for name, on in (("ingress", node.isolated_ingress), ("egress", node.isolated_egress)) if on]
    return ", ".join(ways) or spoken("open")


def line_rows(drawing: Drawing, lines: Iterable[Line]) -> list[list[str]]:
    """Sign, source, target, ports and a note for each line."""
    several = len({node.namespace for node in drawing.pods}) > 1
    rows = []
    for item in lines:
        source = _group(drawing, item.source) if item.from_namespace else name(item.source, several)
        target = _group(drawing, item.target) if item.to_namespace and not item.dns else name(item.target, several)
        rows.append([SIGNS[item.state], source, f"-> {target}", ports(item), _note(item)])
        if item.both_ways:
            rows.append([SIGNS[item.state], target, f"-> {source}", ports(item), ""])
    return rows


def line_table(rows: list[list[str]]) -> str:
    """Rows of :func:`line_rows`, aligned; the sign stands apart."""
    rows = [[ascii_text(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in (1, 2, 3)]
    return "\n".join(
        f"{sign or ' '}  {source:{widths[0]}}  {target:{widths[1]}}    {passing:{widths[2]}}    {remark}".rstrip()
        for sign, source, target, passing, remark in rows
    )


def name(node: SceneNode, several: bool) -> str:
    """The short name where one namespace is shown, ``namespace/name`` where there are several."""
    text = counted(node)
    return f"{node.namespace}/{text}" if several and node.namespace and not node.is_dns else text


def ports(line: Line) -> str:
    """``TCP 80``; DNS is told as everybody knows it, UDP first."""
    if line.dns and line.ports == PortSet.from_ranges([("UDP", 53, 53), ("TCP", 53, 53)]):
        return "UDP 53, TCP 53"
    return line.ports.words() + (f", {line.remark}" if line.remark else "")


def _note(line: Line) -> str:
    """What the last column says: where it stops, what it was, who decides, or the namespace of DNS."""
    if line.state == "plugin":
        return "depends on the network plugin" + (f", was {line.was.words()}" if line.was else "")
    if line.was:
        return f"was {line.was.words()}"
    if line.state == "dns":
        return line.target.namespace
    stops = {"egress": [line.source], "ingress": [line.target], "both ends": [line.source, line.target]}.get(
        line.stop, []
    )
    ways = ["egress", "ingress"] if line.stop == "both ends" else [line.stop]
    who = ["every pod" if line.from_namespace and node is line.source else node.name for node in stops]
    return (
        ", ".join(spoken("{way} of {end}", way=way, end=end) for way, end in zip(ways, who, strict=False)) or line.stop
    )


def _group(drawing: Drawing, node: SceneNode) -> str:
    count = sum(other.count for other in drawing.pods if other.namespace == node.namespace)
    if count == 1:
        return node.name
    several = len({other.namespace for other in drawing.pods}) > 1
    of = "all {count} pods of {namespace}" if several else "all {count} pods"
    return spoken(of, count=count, namespace=node.namespace)


def _open_row(drawing: Drawing, namespace: str) -> list[str]:
    several = len({node.namespace for node in drawing.pods}) > 1
    return [".", "every pod", "-> every pod" + (f" of {namespace}" if several else ""), "all ports", ""]
