"""How many pairs of pods can connect, by namespace: what is left of a matrix too large to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netpol_lab.connections.cells import Question, tally
from netpol_lab.connections.scene import Scene, SceneNode
from netpol_lab.display.markup import TWIN_WIDTH
from netpol_lab.display.matrix_cells import groups
from netpol_lab.display.matrix_twin import short

if TYPE_CHECKING:
    import pandas as pd

OUTSIDE_GROUP = "outside"
UNDECIDED_KEY = "?  some of these pairs depend on the network plugin"


@dataclass(frozen=True)
class Share:
    """Pairs of one namespace with another: how many there are, and how many can connect.

    ``depends`` of those that can, can so with some network plugins only.
    """

    connected: int = 0
    pairs: int = 0
    depends: int = 0

    def __add__(self, other: Share) -> Share:
        return Share(self.connected + other.connected, self.pairs + other.pairs, self.depends + other.depends)

    @property
    def percent(self) -> int | None:
        """Rounded, but 0 and 100 only when it is none and all of them; None without any pair.

        >>> Share(1, 1000).percent, Share(999, 1000).percent, Share().percent
        (1, 99, None)
        """
        if not self.pairs:
            return None
        if self.connected in (0, self.pairs):
            return 100 if self.connected else 0
        return min(99, max(1, round(100 * self.connected / self.pairs)))

    @property
    def words(self) -> str:
        """``17 %``, or ``–`` where there is no pair."""
        return "–" if self.percent is None else f"{self.percent} %"


@dataclass(frozen=True)
class Shares:
    """The table by namespace: ``names`` in the order of the scene, ``sizes`` their pods, ``table`` by (from, to)."""

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    table: dict[tuple[str, str], Share]

    @property
    def total(self) -> Share:
        return sum(self.table.values(), Share())


def share_by_namespace(scene: Scene, question: Question | None = None, outside: bool = False) -> Shares:
    """Count the pairs of different nodes that can connect, between and within namespaces.

    A node that stands for several replicas counts as often as it has pods. The outside takes part only with
    ``outside=True``, as a group of its own.
    """
    asked = question or Question()
    nodes = [node for node in scene.nodes if outside or not node.is_external]
    parts = [(name or OUTSIDE_GROUP, members) for name, members in groups(nodes)]
    table = {
        (from_name, to_name): _share(scene, asked, sources, targets)
        for from_name, sources in parts
        for to_name, targets in parts
    }
    sizes = tuple(sum(node.count for node in members) for _, members in parts)
    return Shares(tuple(name for name, _ in parts), sizes, table)


def _share(scene: Scene, asked: Question, sources: Sequence[SceneNode], targets: Sequence[SceneNode]) -> Share:
    found = tally(scene, asked, sources, targets, by_pod=True)
    allowed = {answer: number for answer, number in found.items() if answer.kind == "allowed"}
    depends = sum(number for answer, number in allowed.items() if answer.depends)
    return Share(sum(allowed.values()), sum(found.values()), depends)


def shares_twin(shares: Shares) -> str:
    """The table as ASCII: columns by name where they fit, else by number; with what ``?`` means where it occurs."""
    heads = [short(name) for name in shares.names]
    columns = heads
    left = max(map(len, heads), default=0) + 2
    widths = [max(5, len(head)) + 2 for head in heads]
    if left + sum(widths) > TWIN_WIDTH:
        digits = len(str(len(heads)))
        columns = [str(number) for number in range(1, len(heads) + 1)]
        heads = [f"{number:>{digits}} {head}" for number, head in enumerate(heads, 1)]
        widths, left = [6] * len(heads), left + digits + 1
    fit = len(columns) if left + sum(widths) <= TWIN_WIDTH else (TWIN_WIDTH - left) // 6
    lines: list[str] = []
    for first in range(0, len(columns), fit):
        part = slice(first, first + fit)
        lines += [""] if lines else []
        lines.append((" " * left + _right(columns[part], widths[part])).rstrip())
        for head, source in zip(heads, shares.names, strict=True):
            texts = [_percent(shares.table[source, target]) for target in shares.names[part]]
            lines.append(head.ljust(left) + _right(texts, widths[part]))
    return "\n".join([*lines, "", UNDECIDED_KEY] if shares.total.depends else lines)


def _right(texts: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(text.rjust(width) for text, width in zip(texts, widths, strict=True))


def _percent(share: Share) -> str:
    return "-" if share.percent is None else f"{share.percent}%{'?' if share.depends else ''}"


def shares_frame(shares: Shares) -> pd.DataFrame:
    """The share of pairs that can connect, from 0 to 1: rows start a connection, columns receive it."""
    import pandas as pd

    rows = [[_ratio(shares.table[source, target]) for target in shares.names] for source in shares.names]
    index = pd.Index(shares.names, name="namespace")
    return pd.DataFrame(rows, index=index, columns=index.copy())


def _ratio(share: Share) -> float:
    return share.connected / share.pairs if share.pairs else float("nan")
