"""Who reaches whom: the connectivity graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from netpol_lab.connections.scene import Scene
from netpol_lab.display import graph_finding as finding
from netpol_lab.display import swatches
from netpol_lab.display.card import Picture, figure, note
from netpol_lab.display.drawn_lines import AskedLine, Drawing, drawing
from netpol_lab.display.fold import fold
from netpol_lab.display.layout import NoLayout
from netpol_lab.display.markup import Markup, svg
from netpol_lab.display.mermaid import MermaidPicture, graph_source
from netpol_lab.display.sketch import Sketch, doors_of, dot, finished, placed
from netpol_lab.display.twin import graph_twin
from netpol_lab.model.language import spoken
from netpol_lab.model.phrases import listed


@dataclass(frozen=True)
class GraphPicture(Picture):
    """A graph: a card in a notebook, and its parts for elsewhere.

    ``svg`` is the picture alone (light), ``dot`` its Graphviz source; both are "" when nothing was drawn.
    """

    svg: str = field(default="", repr=False)
    dot: str = field(default="", repr=False)
    drawing: Drawing = field(default=Drawing((), ()), repr=False)

    def mermaid(self) -> MermaidPicture:
        """The same graph as Mermaid, for Markdown files and web pages."""
        return MermaidPicture(self.title, self.twin, graph_source(self.drawing, self.title))


def draw(scene: Scene, *, blocked: Sequence[AskedLine] = ()) -> GraphPicture:
    """Draw who reaches whom, on ports on which something listens.

    ``blocked`` are the questions that were asked, as (source id, target id, protocol, port): their answers are drawn
    even when nothing passes, at most six. Large scenes are folded by owner, then by namespace.
    Raises :class:`NotFound` for a name nobody has.
    """
    folded = fold(scene)
    asked = folded.asked(tuple(blocked))
    picture = drawing(folded.scene, asked, partial=folded.partial)
    title = finding.title(scene, picture, folded=bool(folded.by))
    stopped = sum(_stops(folded.scene, question) for question in asked)
    twin = graph_twin(picture)
    if not folded.fits:
        return _too_large(scene, title, twin, picture)
    words = finding.quiet(scene, picture, stopped, folded.by)
    sketch = Sketch(picture, doors_of(picture.nodes))
    try:
        where = placed([sketch])
    except NoLayout as error:
        return _undrawn(scene, title, words, note(str(error)), twin, picture)
    width, height, content = finished(sketch, where)
    namespaces = listed(list(dict.fromkeys(node.namespace for node in picture.pods)) or [spoken("the outside")])
    image = svg(
        width,
        height,
        spoken("Who reaches whom in {namespaces}", namespaces=namespaces),
        finding.description(picture),
        content,
    )
    return figure(
        title,
        words,
        image,
        legend=legend_of(sketch),
        twin=twin,
        left_out=scene.caveats,
        kind=GraphPicture,
        svg=str(image),
        dot=dot(where),
        drawing=picture,
    )


def legend_of(*sketches: Sketch) -> swatches.Legend:
    """What the lines and doors of these pictures mean."""
    used = [(line.state, line.stop) for sketch in sketches for line in sketch.drawing.lines]
    return swatches.lines(used) + swatches.doors(doors for sketch in sketches for doors in sketch.doors.values())


def _stops(scene: Scene, question: AskedLine) -> bool:
    source, target, protocol, port = question
    reach = scene.reach.get((source, target))
    return reach is not None and bool(reach.stop_on(protocol, port))


def _too_large(scene: Scene, title: str, twin: str, picture: Drawing) -> GraphPicture:
    pods = sum(node.count for node in picture.pods)
    words = note(
        f"A graph of {pods} pods and all their lines would be a hairball. The matrix or the heat map shows them."
    )
    below = finding.namespaces(picture) + "."
    return _undrawn(scene, title, below, words, twin, picture)


def _undrawn(scene: Scene, title: str, below: str, instead: Markup, twin: str, picture: Drawing) -> GraphPicture:
    kind, left_out = GraphPicture, scene.caveats
    return figure(title, below, instead, twin=twin, left_out=left_out, drawn=False, kind=kind, drawing=picture)
