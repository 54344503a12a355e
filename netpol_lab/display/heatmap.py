"""Every pair of a large cluster in one picture: blocked, some ports, all ports.

matplotlib draws it, on a canvas of its own: no global backend is touched. The bytes of a PNG differ between builds,
so what is compared and read aloud is the text: the share of pairs by namespace.
"""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from netpol_lab.connections.cells import Question, numbered
from netpol_lab.connections.scene import Scene, SceneNode
from netpol_lab.display.card import Picture, wanted
from netpol_lab.display.markup import ascii_text, fit, wrap_twin
from netpol_lab.display.matrix_cells import arranged
from netpol_lab.display.shares import Shares, share_by_namespace, shares_frame, shares_twin
from netpol_lab.display.theme import HEAT, PALETTE
from netpol_lab.model.objects import Pod
from netpol_lab.tell.caveat_words import caveat_line
from netpol_lab.tell.saying import line
from netpol_lab.tell.words import undecided

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from netpol_lab.engine.reachability import Array

_DPI, _WIDTH, _HEIGHT = 100, 8.62, 8.72
_LEFT, _BOTTOM, _SIDE = 134 / 862, 61 / 872, 716  # px: the square of the map
_MIXED = 20
"""A block gets its percentage only with this many pods on both sides."""

_KEY = "share of pod pairs that can connect, rows to columns; a pod and itself do not count"


@dataclass(frozen=True)
class HeatMapPicture(Picture):
    """A heat map: ``image/png`` with a text twin, no HTML."""

    scene: Scene = field(repr=False)
    left_out: str = ""
    """What was not judged, in one line."""

    @cached_property
    def shares(self) -> Shares:
        return share_by_namespace(self.scene)

    @property
    def frame(self) -> pd.DataFrame:
        """The share of pairs that can connect, 0 to 1, by namespace; NaN where there is no pair."""
        return shares_frame(self.shares)

    @property
    def png(self) -> bytes:
        """The picture, drawn when asked for."""
        return _Painter(self).draw()

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        makers = {"text/plain": lambda: self.text, "image/png": lambda: self.png}
        return {kind: make() for kind, make in makers.items() if wanted(kind, include, exclude)}


def draw(scene: Scene) -> HeatMapPicture:
    """The heat map of a scene, best built with ``fold=False``: one row and one column for each pod."""
    scene = _by_owner(scene)
    shares = share_by_namespace(scene)
    title = line("heat.title", share=shares.total.words)
    title += undecided(shares.total.depends, shares.total.connected)
    marks = line("heat.marks.plugin" if shares.total.depends else "heat.marks")
    quiet = line("heat.quiet", pods=sum(shares.sizes), marks=marks)
    left_out = caveat_line(scene.caveats)
    twin = "\n\n".join(filter(None, (shares_twin(shares), _KEY, wrap_twin(ascii_text(left_out)))))
    return HeatMapPicture(title=title, quiet=quiet, twin=twin, html="", scene=scene, left_out=left_out)


def _by_owner(scene: Scene) -> Scene:
    """Pods of one namespace side by side, and in it the pods of one owner; the outside is left out."""
    inside = replace(scene, nodes=tuple(n for n in scene.nodes if not n.is_external))
    nodes = arranged(inside).nodes
    owners: dict[tuple[str, str], int] = {}
    for node in nodes:
        owners.setdefault(_owner(node), len(owners))
    places = {name: i for i, name in enumerate(dict.fromkeys(node.namespace for node in nodes))}
    ordered = sorted(nodes, key=lambda node: (places[node.namespace], owners[_owner(node)]))
    return replace(scene, nodes=tuple(ordered))


def _owner(node: SceneNode) -> tuple[str, str]:
    owner = node.endpoint.owner if isinstance(node.endpoint, Pod) else ""
    return node.namespace, owner or node.id


def _edges(keys: list[Any]) -> list[int]:
    """Where a new group begins, 0 and the end included."""
    starts = [i for i in range(len(keys)) if i == 0 or keys[i] != keys[i - 1]]
    return [*starts, len(keys)]


class _Painter:
    """Draws one heat map. Its parts share the axes and the colors."""

    def __init__(self, picture: HeatMapPicture) -> None:
        self.picture = picture
        self.nodes = picture.scene.nodes
        self.spaces = _edges([node.namespace for node in self.nodes])

    def _color(self, role: str) -> str:
        return PALETTE[role][0]

    def draw(self) -> bytes:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DPI, facecolor=self._color("card"))
        FigureCanvasAgg(figure)
        axes = figure.add_axes((_LEFT, _BOTTOM, _SIDE / 862, _SIDE / 872))
        self._map(axes)
        self._lines(axes)
        self._labels(axes)
        self._percents(axes)
        self._around(axes)
        data = io.BytesIO()
        figure.savefig(data, format="png", facecolor=self._color("card"), metadata={"Software": None})
        return data.getvalue()

    def _classes(self) -> Array:
        """0 blocked, 1 some ports, 2 all ports; a pod reaches itself on all. Of more pods than pixels, some."""
        import numpy

        size = min(len(self.nodes), _SIDE)
        shown = [self.nodes[(2 * place + 1) * len(self.nodes) // (2 * size)] for place in range(size)]
        found = numbered(self.picture.scene, Question(), shown, shown)
        kinds = numpy.array([2 if a.ports.is_all else 1 if a.ports else 0 for a in found.values], "uint8")
        return kinds[found.numbers]

    def _map(self, axes: Axes) -> None:
        import numpy
        from matplotlib.colors import ListedColormap

        classes = self._classes() if self.nodes else numpy.zeros((1, 1), "uint8")
        size = max(1, len(self.nodes))
        colors = ListedColormap([HEAT[name][0] for name in ("blocked", "some", "all")])
        extent = (0, size, size, 0)
        axes.imshow(classes, cmap=colors, vmin=0, vmax=2, interpolation="nearest", aspect="auto", extent=extent)
        self._hatch(axes, classes)
        axes.set_xlim(0, size)
        axes.set_ylim(size, 0)
        axes.set_axis_off()

    def _hatch(self, axes: Axes, classes: Array) -> None:
        """Where some ports pass: one patch of all runs of cells, so that the hatch goes on across them."""
        import numpy
        from matplotlib import rc_context
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        y, edges = numpy.diff(classes == 1, prepend=False, append=False).nonzero()  # a run begins, it ends, and so on
        corners = (edges[::2], y[::2]), (edges[1::2], y[::2]), (edges[1::2], y[::2] + 1), (edges[::2], y[::2] + 1)
        scale = max(1, len(self.nodes)) / len(classes)
        runs = [Path([*each, each[0]], closed=True) for each in numpy.transpose(corners, (2, 0, 1)) * scale]
        if runs:
            with rc_context({"hatch.linewidth": 1.0}):
                whole = Path.make_compound_path(*runs)
                patch = PathPatch(whole, facecolor="none", edgecolor=self._color("ink"), linewidth=0, hatch="////")
                axes.add_artist(patch)

    def _lines(self, axes: Axes) -> None:
        """Thin lines between owners; between namespaces a dark line in a light casing, seen on every color."""
        size = max(1, len(self.nodes))
        for at in _edges([_owner(node) for node in self.nodes])[1:-1]:
            for across in (axes.axhline, axes.axvline):
                across(at, color=self._color("clusterline"), linewidth=0.6 * 0.72)
        for width, role in ((4.6, "card"), (1.6, "ink")):
            for at in self.spaces:
                ends: dict[str, Any] = {"color": self._color(role), "linewidth": width * 0.72, "clip_on": False}
                axes.plot([0, size], [at, at], **ends)
                axes.plot([at, at], [0, size], **ends)

    def _text(self, axes: Axes, x: float, y: float, words: str, **options: Any) -> None:
        """Text at pixels from the top left corner of the image. ``$`` in a name is no mathematics."""
        place: dict[str, Any] = {"transform": axes.figure.transFigure, "parse_math": False, "fontfamily": "DejaVu Sans"}
        place |= {"fontsize": 10, "color": self._color("ink"), "va": "center"} | options
        axes.text(x / 862, 1 - y / 872, words, **place)

    def _labels(self, axes: Axes) -> None:
        scale = _SIDE / max(1, len(self.nodes))
        left, top = 134, 872 - 61 - _SIDE
        crowded, lowest = 0, -13.0
        for first, last in pairwise(self.spaces):
            name, middle = self.nodes[first].namespace, (first + last) / 2 * scale
            pods = sum(node.count for node in self.nodes[first:last])
            if middle - lowest >= 13:
                lowest = middle
                self._text(axes, left - 8, top + middle, f"{fit(name, 98, 13.9)}  {pods}", ha="right")
            wide = (last - first) * scale >= _width(name)
            if wide:
                self._text(axes, left + middle, top - 16, name, ha="center")
            elif crowded < 3:
                self._leader(axes, name, left + middle, crowded)
                crowded += 1

    def _leader(self, axes: Axes, name: str, x: float, step: int) -> None:
        """A column too narrow for its name has it below, at the end of a line."""
        bottom, y = 872 - 61, 872 - 61 + 28 + 14 * step
        style: dict[str, Any] = {
            "color": self._color("ink2"),
            "linewidth": 0.8,
            "clip_on": False,
            "transform": axes.figure.transFigure,
        }
        axes.plot([x / 862, (x - 20) / 862], [1 - bottom / 872, 1 - (y - 10) / 872], **style)
        self._text(axes, min(x + 10, 850), y, fit(name, 140, 13.9), ha="right")

    def _percents(self, axes: Axes) -> None:
        shares = self.picture.shares
        scale = _SIDE / max(1, len(self.nodes))
        left, top = 134, 872 - 61 - _SIDE
        for from_name, rows in zip(shares.names, self._spans(), strict=True):
            for to_name, columns in zip(shares.names, self._spans(), strict=True):
                share = shares.table[from_name, to_name]
                large = min(rows[1] - rows[0], columns[1] - columns[0]) >= _MIXED
                mixed = large and share.percent not in (0, 100, None)
                if mixed or share.depends:
                    box = {"facecolor": self._color("card"), "edgecolor": "none", "pad": 1.5}
                    x, y = left + columns[0] * scale + 6, top + rows[1] * scale - 13
                    words = " ".join([share.words] * mixed + ["?"] * bool(share.depends))
                    self._text(axes, x, y, words, fontsize=10.5, fontweight="bold", bbox=box)

    def _spans(self) -> list[tuple[int, int]]:
        return list(pairwise(self.spaces))

    def _around(self, axes: Axes) -> None:
        """Title, quiet line, corner and legend."""
        from matplotlib.patches import Rectangle

        self._text(axes, 16, 21, _cut(self.picture.title, 80), fontsize=13, fontweight="bold")
        self._text(axes, 16, 47, _cut(self.picture.quiet, 110), color=self._color("ink2"))
        self._text(axes, 16, 62, _cut(self.picture.left_out, 110), color=self._color("ink2"))
        self._text(axes, 126, 78, "from ↓  to →", ha="right", color=self._color("ink2"), fontsize=9.5)
        x = 134
        for name, words in (("all", "all ports"), ("some", "some ports"), ("blocked", "blocked")):
            place: dict[str, Any] = {"transform": axes.figure.transFigure, "clip_on": False}
            patch = Rectangle((x / 862, 1 - 860 / 872), 29 / 862, 24 / 872, **place)
            patch.set(facecolor=HEAT[name][0], edgecolor=self._color("ink"), linewidth=0.8)
            if name == "some":
                patch.set_hatch("////")
            axes.add_patch(patch)
            self._text(axes, x + 37, 848, words)
            x += 160


def _width(name: str) -> float:
    return 8.2 * len(name) + 6


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"
