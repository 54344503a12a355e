"""What changed between two scenes, cell by cell: solid cells with the new value over the old one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from netpol_lab.connections.cells import Cell, Question, cells, numbered
from netpol_lab.connections.frames import CHANGES
from netpol_lab.connections.scene import Scene, SceneNode
from netpol_lab.display import card
from netpol_lab.display.markup import Markup, ascii_text, escape, plain
from netpol_lab.display.matrix_cells import arranged, short_ports
from netpol_lab.display.matrix_table import RULES, Drawn, Grid, drawn, swatch, table, undecided_rules, undecided_swatch
from netpol_lab.display.matrix_twin import TwinRow, doors, full_name, grid_lines, heads, undecided_keys
from netpol_lab.engine.compare import Difference, Turn
from netpol_lab.engine.pairs import Numbered, beside
from netpol_lab.model.ports import PortSet
from netpol_lab.tell.saying import line
from netpol_lab.tell.words import names, undecided

if TYPE_CHECKING:
    import pandas as pd

MOST_PODS = 20
"""More pods than this: no grid, only the list of changes."""

MOST_CHANGES = 40
"""A text twin lists this many changes and counts the rest."""

Kind = Literal["allowed", "blocked", "ports", "plugin", "new", "gone", "same"]

_KINDS: dict[Turn, Kind] = {"opened": "allowed", "closed": "blocked", "changed": "ports", "same": "ports"}
"""What is the same to this cluster's own profile differed in what other plugins let pass."""

_SIGNS: dict[Kind, str] = {"allowed": "+", "blocked": "−", "ports": "~", "plugin": "?"}
_TWIN_SIGNS = {kind: ascii_text(sign) for kind, sign in _SIGNS.items()}

DELTA_RULES = """
& .npl-grid .npl-plus, & .npl-sw.npl-plus { background: var(--npl-allowed); color: var(--npl-onmark) }
& .npl-grid .npl-minus, & .npl-sw.npl-minus { background: var(--npl-blocked); color: var(--npl-onmark) }
& .npl-grid .npl-tilde, & .npl-sw.npl-tilde { background: var(--npl-changed); color: var(--npl-onmark) }
& .npl-plus .npl-sign, & .npl-minus .npl-sign, & .npl-tilde .npl-sign { font-weight: 700 }
& .npl-was { font-size: 12px }
& .npl-grid .npl-still, & .npl-grid .npl-come, & .npl-sw.npl-still { color: var(--npl-ink2) }
& .npl-tag { font-size: 12px; font-weight: 400; padding: 0 4px; border: 1px solid var(--npl-line);
  color: var(--npl-ink2); white-space: nowrap }
"""


@dataclass(frozen=True)
class Changed:
    """One cell, before and after. None stands for a pod that is not there.

    ``plugin`` is what changed and now depends on the network plugin, whatever this cluster's own decides.
    """

    kind: Kind
    before: Cell | None
    after: Cell | None


class Compared(NamedTuple):
    """All cells of two scenes: how many there are of each, and those that changed, row by row."""

    counts: Counter[Changed]
    changed: Callable[[], Iterator[tuple[tuple[str, str], Changed]]]


@dataclass(frozen=True)
class MatrixDeltaPicture(card.Picture):
    """The cells that changed. :attr:`frame` is the same for pandas."""

    before: Scene
    after: Scene

    @property
    def frame(self) -> pd.DataFrame:
        """One row per changed cell: ``source``, ``destination``, ``change``, ``before``, ``after``.

        ``change`` is ``added``, ``removed`` or ``changed``, as the cluster's own profile decides; pods are
        (namespace, pod) as in a matrix, joined by ``/``.
        """
        import pandas as pd

        union = _union(self.before, self.after)
        rows = [
            (_id(union[a]), _id(union[b]), CHANGES[step.turn], str(step.before), str(step.after))
            for (a, b), c in _compared(self.before, self.after, union).changed()
            if c.before and c.after and (step := Difference(c.before.ports, c.after.ports))
        ]
        return pd.DataFrame(rows, columns=["source", "destination", "change", "before", "after"])


def _id(node: SceneNode) -> str:
    return f"{node.namespace}/{node.name}" if node.namespace else node.name


def matrix_delta(
    before: Scene,
    after: Scene,
    *,
    before_name: str = "",
    after_name: str = "",
) -> MatrixDeltaPicture:
    """The matrix of ``after``, in which only what differs from ``before`` stands out.

    A pod that only one of the scenes has keeps its row and column, marked ``new`` or ``gone``; its cells count
    neither as changed nor as unchanged. ``before_name`` and ``after_name`` tell in the quiet line which moments
    these are.
    """
    union = _union(before, after)
    nodes = tuple(union.values())
    small = len(nodes) <= MOST_PODS
    shown = _changes(before, after, union) if small else {}
    changes = _compared(before, after, union, shown)
    was, now = ({node.id for node in scene.nodes} for scene in (before, after))
    tags = {id: "new" if id in now else "gone" for id in union if not (id in was and id in now)}
    title = escape(_finding(changes.counts, tags, union))
    told = before_name and after_name
    moments = line("cells.moments", before=before_name, after=after_name) if told else ""
    quiet = escape(_quiet(changes.counts, moments))
    labels = short_ports(cell for c in shown.values() for cell in (c.before, c.after) if cell)
    grid = Grid(nodes, {pair: _drawn(c, labels) for pair, c in shown.items()}, tags)
    legend = _legend(shown, grid) if small else []
    many = line("cells.too many", pods=len(nodes))
    return card.figure(
        title,
        quiet,
        table(grid) if small else [],
        [] if small else [card.note(many)],
        legend=legend,
        twin=_twin(nodes, changes, shown, tags),
        label=f"Changed cells of the matrix. {plain(title)}",
        left_out=(*before.caveats, *after.caveats),
        drawn=False,
        rules=RULES + DELTA_RULES + undecided_rules(legend),
        kind=MatrixDeltaPicture,
        before=before,
        after=after,
    )


def _union(before: Scene, after: Scene) -> dict[str, SceneNode]:
    """All nodes of both scenes, as they are after; the ones that are gone stay in their namespace, before outside."""
    ids = {node.id for node in after.nodes}
    gone = [node for node in before.nodes if node.id not in ids]
    inside = [node for node in after.nodes if not node.is_external]
    outside = [node for node in after.nodes if node.is_external]
    scene = arranged(replace(after, nodes=(*inside, *gone, *outside)))
    return {node.id: node for node in scene.nodes}


def _compared(
    before: Scene,
    after: Scene,
    union: Mapping[str, SceneNode],
    known: Mapping[tuple[str, str], Changed] | None = None,
) -> Compared:
    """What changed and how often. ``known`` are the changes of all pairs, where they were worked out already."""
    if not (before.is_large or after.is_large):
        few = known or _changes(before, after, union)
        return Compared(Counter(few.values()), lambda: ((pair, c) for pair, c in few.items() if c.kind in _SIGNS))
    import numpy as np

    nodes = tuple(union.values())
    both = beside(_cells(before, nodes), _cells(after, nodes))
    values = [_changed(*each) for each in both.values]
    counts: Counter[Changed] = Counter()
    for value, number in zip(values, np.bincount(both.numbers.ravel()).tolist(), strict=False):
        counts[value] += number

    def changed() -> Iterator[tuple[tuple[str, str], Changed]]:
        places = np.isin(both.numbers, [number for number, each in enumerate(values) if each.kind in _SIGNS]).nonzero()
        for row, column in zip(*places, strict=True):
            yield (nodes[row].id, nodes[column].id), values[both.numbers[row, column]]

    return Compared(counts, changed)


def _cells(scene: Scene, nodes: Sequence[SceneNode]) -> Numbered[Cell | None]:
    """The cells of a large scene; None in the rows and columns of pods that are not there."""
    found, there = numbered(scene, Question(), nodes, nodes), {node.id for node in scene.nodes}
    missing = [place for place, node in enumerate(nodes) if node.id not in there]
    found.numbers[missing, :] = found.numbers[:, missing] = len(found.values)
    return Numbered(found.numbers, [*found.values, None])


def _changes(before: Scene, after: Scene, union: Mapping[str, SceneNode]) -> dict[tuple[str, str], Changed]:
    old, new = cells(before, Question()), cells(after, Question())
    pairs = [(source, target) for source in union for target in union]
    return {pair: _changed(old.get(pair), new.get(pair)) for pair in pairs}


def _changed(before: Cell | None, after: Cell | None) -> Changed:
    if before is None or after is None:
        return Changed("gone" if after is None else "new", before, after)
    if (before.kind, before.ports, before.certain) == (after.kind, after.ports, after.certain):
        kind: Kind = "same"
    elif after.depends:
        kind = "plugin"
    else:
        # what only some plugins let pass is as good as new, when all do
        was = PortSet.NONE if before.certain == PortSet.NONE and after.ports else before.ports
        kind = _KINDS[Difference(was, after.ports).turn]
    return Changed(kind, before, after)


def _counts(changes: Counter[Changed]) -> dict[str, int]:
    """How many cells of each kind; the diagonal and outside to outside do not count."""
    found = dict.fromkeys(get_args(Kind), 0)
    for c, number in changes.items():
        if (c.after or c.before or Cell("none")).kind not in ("self", "none"):
            found[c.kind] += number
    return found


def _finding(changes: Counter[Changed], tags: Mapping[str, str], union: Mapping[str, SceneNode]) -> str:
    n = _counts(changes)
    changed = n["allowed"] + n["blocked"] + n["ports"] + n["plugin"]
    total = changed + n["same"]
    parts = [line("cells.changed", changed=changed, total=total)] if changed else []
    for tag in ("new", "gone"):
        pods = [union[id].name for id, value in tags.items() if value == tag]
        if pods:
            parts.append(line("cells.tagged", names=names(pods), number=len(pods), tag=tag))
    if not changed:
        parts.append(line("cells.no other" if parts else "cells.none"))
    elif n["plugin"]:
        partly = any(c.after.certain for c in changes if c.after and c.kind == "plugin")
        parts[0] += undecided(n["plugin"], changed, partly, "cell")
    return "; ".join(parts)


def _quiet(changes: Counter[Changed], moments: str) -> str:
    n: dict[str, object] = {**_counts(changes)}
    n["plugin"] = line("cells.quiet.plugin", number=n["plugin"]) if n["plugin"] else ""
    tagged = "".join(line("cells.quiet.tagged", number=n[tag], tag=tag) for tag in ("new", "gone") if n[tag])
    return line("cells.quiet", moments=moments, tagged=tagged, **n)


def _short(answer: Cell | None, labels: Mapping[PortSet, str]) -> str:
    if answer is None or answer.kind != "allowed":
        return "blocked"
    if answer.depends:
        return "plugin"
    return labels[answer.ports]


def _drawn(changed: Changed, labels: Mapping[PortSet, str]) -> Drawn:
    was, now = _short(changed.before, labels), _short(changed.after, labels)
    if changed.kind in ("new", "gone"):
        return _come_or_go(changed, labels)
    assert changed.after is not None
    if changed.kind == "same":
        item = drawn(changed.after, labels)
        if item.kind == "self":
            return item
        shown = item.shown if item.kind in ("ok", "plugin") else ""
        return Drawn("still", item.sign, f"still {item.hidden}".strip(), shown)
    if changed.kind == "plugin":
        item = drawn(changed.after, labels)
        below = ", ".join(filter(None, (item.below, line("cells.was", was=was))))
        return replace(item, hidden="now depends on the network", below=below)
    kind, said = {
        "allowed": ("plus", "newly allowed:"),
        "blocked": ("minus", "newly"),
        "ports": ("tilde", "ports now"),
    }[changed.kind]
    return Drawn(kind, _SIGNS[changed.kind], said, now, True, line("cells.was", was=was))


def _come_or_go(changed: Changed, labels: Mapping[PortSet, str]) -> Drawn:
    answer = changed.after or changed.before
    if answer is None:  # one pod came and the other went: they never met
        return Drawn("self", "–", "never both there")
    item = drawn(answer, labels)
    if item.kind == "self":
        return item
    if changed.kind == "new":
        return Drawn("come", item.sign, item.hidden, item.shown if item.kind in ("ok", "plugin") else "", below="new")
    return Drawn("come", "", "", "gone", below=line("cells.was", was=_short(answer, labels)))


def _legend(changes: Mapping[tuple[str, str], Changed], grid: Grid) -> list[tuple[Markup | str, str]]:
    kinds = {c.kind for c in changes.values()}
    items: list[tuple[Markup | str, str]] = []
    for kind, css, words in (
        ("allowed", "plus", "newly allowed"),
        ("blocked", "minus", "newly blocked"),
        ("ports", "tilde", "ports changed"),
    ):
        if kind in kinds:
            items.append((swatch(css, _SIGNS[kind]), words))  # type: ignore[index]
    if any(c.after and c.after.depends for c in changes.values()):
        items.append(undecided_swatch())
    signs = {item.sign for item in grid.cells.values() if item.kind == "still"}
    marks = [swatch("still", sign) for sign in ("✓", "✕", "?") if sign in signs]
    if marks:
        items.append((Markup(" ".join(marks)), "unchanged"))
    return items


def _twin(
    nodes: tuple[SceneNode, ...],
    changes: Compared,
    shown: Mapping[tuple[str, str], Changed],
    tags: Mapping[str, str],
) -> str:
    """The grid of the cells that are shown, and a list of what changed."""
    lines = [*_grid(nodes, shown, tags), ""] if shown else []
    called = {node.id: full_name(node) for node in nodes}
    listed = list(islice(changes.changed(), MOST_CHANGES))
    arrows = [f"{called[source]} -> {called[target]}" for (source, target), _ in listed]
    width = max(map(len, arrows), default=0)
    for arrow, (_, c) in zip(arrows, listed, strict=True):
        lines.append(f"{_TWIN_SIGNS[c.kind]}  {arrow.ljust(width)}   {_long(c.before)} -> {_long(c.after)}")
    more = sum(number for c, number in changes.counts.items() if c.kind in _SIGNS) - len(listed)
    if more:
        lines.append(f"and {more} more")
    if not listed:
        lines.append("no connection changed")
    key = "+  newly allowed   -  newly blocked   ~  ports changed   .  X  unchanged   #  self"
    if undecided_keys(c.after for c in changes.counts if c.after):
        key += "\n?  depends on the network plugin; the list below the grid has what changed"
    if tags:
        key += "\nnew / gone  a pod that is there only after / only before; its cells are blank when gone"
    return "\n".join([*lines, "", key])


def _long(answer: Cell | None) -> str:
    if answer is None:
        return line("cells.not there")
    if answer.certain is not None:
        always = line("cells.plugin.always", ports=ascii_text(answer.certain.words())) if answer.certain else ""
        return line("cells.plugin", always=always)
    if answer.kind == "allowed":
        return ascii_text(answer.ports.words())
    return line("cells.ports differ" if answer.stop == "ports differ" else "cells.blocked", stop=answer.stop)


def _grid(
    nodes: tuple[SceneNode, ...], changes: Mapping[tuple[str, str], Changed], tags: Mapping[str, str]
) -> list[str]:
    rows = []
    for head, source in zip(heads(nodes), nodes, strict=True):
        tail = " ".join(filter(None, ("out" if source.isolated_egress else "", tags.get(source.id, ""))))
        rows.append(TwinRow(head, tuple(_sign(changes[source.id, target.id]) for target in nodes), tail))
    return grid_lines(rows, doors(nodes), narrowest=4)


def _sign(changed: Changed) -> str:
    if changed.kind in _TWIN_SIGNS:
        return _TWIN_SIGNS[changed.kind]
    if changed.after is None:
        return ""
    return changed.after.sign
