"""Who can connect to whom, as a table of all pairs: rows start a connection, columns receive it.

``draw`` answers for both ends or for one of them, on all ports or on one; ``both_ends`` sets the two ends and
their meet side by side. What changed between two scenes is in :mod:`netpol_lab.display.matrix_delta`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from netpol_lab.connections.cells import Question, cells, frame, tally
from netpol_lab.connections.scene import Scene
from netpol_lab.display import card
from netpol_lab.display.markup import Markup, escape, plain
from netpol_lab.display.matrix_cells import arranged, protocol_note, short_ports
from netpol_lab.display.matrix_delta import MatrixDeltaPicture, matrix_delta
from netpol_lab.display.matrix_ends import RULES as ENDS_RULES
from netpol_lab.display.matrix_ends import ends_tables
from netpol_lab.display.matrix_finding import allowed_in, finding, of_plugins
from netpol_lab.display.matrix_groups import RULES as GROUP_RULES
from netpol_lab.display.matrix_groups import group_legend, group_table, group_twin
from netpol_lab.display.matrix_table import RULES, Grid, drawn, swatch, table, undecided_rules, undecided_swatch
from netpol_lab.display.matrix_twin import ports_twin, signs_twin
from netpol_lab.display.shares import share_by_namespace
from netpol_lab.engine.compiled import Ends
from netpol_lab.model.language import spoken

if TYPE_CHECKING:
    import pandas as pd

MOST_COLUMNS = 20
"""More columns than this are shown by namespace, with the share of pairs that can connect."""

_QUIET = {
    "both": "Rows start a connection, columns receive it. Both ends must admit it.",
    "ingress": "Only the ingress of the receiving pod, in columns: what it lets in.",
    "egress": "Only the egress of the starting pod, in rows: what it may send.",
}
_ENDS: tuple[tuple[str, Ends], ...] = (("egress", "egress"), ("ingress", "ingress"), ("connection", "both"))


@dataclass(frozen=True)
class MatrixPicture(card.Picture):
    """A matrix to look at. :attr:`frame` is the same for pandas."""

    scene: Scene = field(repr=False)
    question: Question = field(repr=False)

    @property
    def frame(self) -> pd.DataFrame:
        """Rows and columns are (namespace, pod); see :func:`frame`."""
        return frame(self.scene, self.question)


def draw(
    scene: Scene,
    *,
    port: int | None = None,
    protocol: str = "TCP",
    direction: Ends = "both",
) -> MatrixPicture:
    """All pairs of a scene.

    ``port`` asks for one port of ``protocol``; without it each cell lists the ports that pass. ``direction`` asks for
    one end only. Up to 8 columns carry names, up to 20 numbers, more are shown by namespace.
    """
    question = Question(port, protocol, direction)
    scene = arranged(scene)
    title = escape(finding(scene, question))
    if len(scene.nodes) > MOST_COLUMNS:
        return _grouped(scene, question, title)
    answers = cells(scene, question)
    labels = short_ports(answers.values())
    one_port = port is not None
    grid = Grid(scene.nodes, {pair: drawn(a, labels, one_port) for pair, a in answers.items()}, {})
    legend = _legend(scene, grid, one_port)
    about = question.words + "." if one_port else protocol_note(labels)
    return card.figure(
        title,
        " ".join(filter(None, (spoken(_QUIET[direction]), about))),
        table(grid),
        legend=legend,
        twin=_twin(scene, question),
        label=spoken("Matrix of connections. {title}", title=plain(title)),
        left_out=scene.caveats,
        drawn=False,
        rules=RULES + undecided_rules(legend),
        kind=MatrixPicture,
        scene=scene,
        question=question,
    )


def _legend(scene: Scene, grid: Grid, one_port: bool) -> list[tuple[Markup | str, str]]:
    """Only what this table uses."""
    kinds = {item.kind for item in grid.cells.values()}
    items: list[tuple[Markup | str, str]] = []
    if "ok" in kinds:
        ports = one_port or not grid.named
        items.append((swatch("ok", "✓"), "allowed" if ports else "allowed, on these ports"))
    if "no" in kinds:
        items.append((swatch("no", "✕"), "blocked, and where" if grid.named else "blocked"))
    if "plugin" in kinds:
        items.append(undecided_swatch())
    items.append((swatch("self", "#"), "the pod itself"))
    if any(node.isolated_ingress for node in scene.nodes):
        items.append((swatch("chip", "⇥"), "isolated for ingress"))
    if any(node.isolated_egress for node in scene.nodes):
        items.append((swatch("chip", "↦"), "isolated for egress"))
    return items


def _twin(scene: Scene, question: Question) -> str:
    if question.port is None:
        return ports_twin(scene, question)
    if question.direction != "both":
        return signs_twin(scene, [(question.direction, question)])
    return signs_twin(scene, [(name, Question(question.port, question.protocol, ends)) for name, ends in _ENDS])


def _grouped(scene: Scene, question: Question, title: str) -> MatrixPicture:
    """A table by namespace for a scene with too many pods."""
    about = f" on {question.words}" if question.words else ""
    shares = share_by_namespace(scene, question, outside=True)
    legend = group_legend(shares)
    pointer = f"{len(scene.nodes)} rows are too many to read pod by pod. The heat map shows every pair."
    return card.figure(
        title,
        f"{_QUIET[question.direction]} Each cell: the share of pairs that pass{about}.",
        group_table(shares),
        [card.note(pointer)],
        legend=legend,
        twin=group_twin(shares),
        label=f"Matrix of connections by namespace. {plain(title)}",
        left_out=scene.caveats,
        drawn=False,
        rules=RULES + GROUP_RULES + undecided_rules(legend),
        kind=MatrixPicture,
        scene=scene,
        question=question,
    )


def both_ends(scene: Scene, port: int | None = None, protocol: str = "TCP") -> MatrixPicture:
    """Three grids: what the source may send, what the target lets in, and what connects: the meet of both."""
    scene = arranged(scene)
    questions = [(name, Question(port, protocol, ends)) for name, ends in _ENDS]
    title = _ends_finding(scene, questions)
    on = f" on {questions[0][1].words}" if port is not None else ""
    many = len(scene.nodes) > MOST_COLUMNS
    shares = {name: share_by_namespace(scene, question, outside=True) for name, question in questions if many}
    legend = group_legend(*shares.values()) if many else _ends_legend(scene, questions)
    return card.figure(
        title,
        f"Left: what the source may send{on}. Middle: what the target lets in. Right: what works.",
        [group_table(each, name) for name, each in shares.items()] if many else ends_tables(scene, questions),
        legend=legend,
        twin="\n\n".join(group_twin(each, name) for name, each in shares.items())
        if many
        else signs_twin(scene, questions),
        label=f"Egress, ingress and both together. {plain(title)}",
        left_out=scene.caveats,
        drawn=False,
        rules=RULES + (GROUP_RULES if many else ENDS_RULES) + undecided_rules(legend),
        kind=MatrixPicture,
        scene=scene,
        question=questions[2][1],
    )


def _ends_legend(scene: Scene, questions: list[tuple[str, Question]]) -> list[tuple[Markup | str, str]]:
    one_port = questions[0][1].port is not None
    undecided = any(answer.depends for _, question in questions for answer in cells(scene, question).values())
    admitted = "admitted" if one_port else "admitted on at least one port"
    return [
        (swatch("ok", "✓"), admitted),
        (swatch("no", "✕"), "not admitted"),
        *([undecided_swatch()] if undecided else []),
        (swatch("self", "#"), "the pod itself"),
    ]


def _ends_finding(scene: Scene, questions: list[tuple[str, Question]]) -> str:
    grids = [tally(scene, question, scene.nodes, scene.nodes) for _, question in questions]
    egress, ingress, both = map(allowed_in, grids)
    plugins = of_plugins(grids[2])
    on = f" on {questions[0][1].words}" if questions[0][1].words else ""
    if egress == ingress == both:
        return f"Both ends agree on {both} pairs{on}{plugins}"
    fewer = "only" if both < min(egress, ingress) else "and"
    return f"Both ends must admit: egress admits {egress} pairs, ingress {ingress}, {fewer} {both} connect{on}{plugins}"


__all__ = ["MatrixDeltaPicture", "MatrixPicture", "both_ends", "draw", "matrix_delta"]
