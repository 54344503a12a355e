"""The matrix in plain ASCII: numbers for columns, one sign or a port list a cell."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from netpol_lab.connections.cells import Cell, Question, cells
from netpol_lab.connections.scene import Scene, SceneNode
from netpol_lab.display.markup import TWIN_WIDTH, ascii_text
from netpol_lab.display.matrix_cells import short_ports
from netpol_lab.display.twin import UNDECIDED_KEY
from netpol_lab.model.language import spoken
from netpol_lab.model.ports import PortSet

LONGEST_NAME = 40
LONGEST_PORTS = 5

PORTS_KEY = ".  allowed, all ports   8080  allowed, this port   X  blocked   #  self"
CERTAIN_KEY = "8080?  allowed, this port; others depend on the network plugin"
DOORS_KEY = "in / out  isolated for ingress / egress"


def short(text: str, longest: int = LONGEST_NAME) -> str:
    """One line of ASCII of at most ``longest`` characters; the middle of a longer text is left out.

    >>> short("abcdefghijklmnop", 9)
    'abc...nop'
    """
    safe = ascii_text(text)
    if len(safe) <= longest:
        return safe
    head = (longest - 3) // 2
    return f"{safe[:head]}...{safe[len(safe) - (longest - 3 - head) :]}"


def full_name(node: SceneNode) -> str:
    """``namespace/name``; the outside has its name alone."""
    return short(node.name if node.is_external else f"{node.namespace}/{node.name}")


@dataclass(frozen=True)
class TwinRow:
    """One line of a grid: its head, its cells, and what stands behind the last one."""

    head: str
    cells: tuple[str, ...]
    tail: str = ""


def grid_lines(rows: Sequence[TwinRow], foot: Sequence[str] = (), narrowest: int = 2) -> list[str]:
    """Rows under numbered columns, cut into blocks of columns that fit; ``foot`` stands under the columns."""
    count = len(rows[0].cells)
    head = max(len(row.head) for row in rows) + 1
    tail = max((len(row.tail) for row in rows), default=0)
    texts = [text for row in rows for text in row.cells] + list(foot) + [str(count)]
    cell = max(narrowest, max(map(len, texts)) + 1)
    fit = max(1, (TWIN_WIDTH - head - (tail + 3 if tail else 0)) // cell)
    lines: list[str] = []
    for first in range(0, count, fit):
        part = slice(first, first + fit)
        if lines:
            lines.append("")
        lines.append(" " * head + _cells([str(n + 1) for n in range(count)][part], cell))
        lines += [row.head.ljust(head) + _cells(row.cells[part], cell) + _tail(row.tail) for row in rows]
        if any(foot[part]):
            lines.append(" " * head + _cells(foot[part], cell))
    return [line.rstrip() for line in lines]


def _cells(texts: Sequence[str], width: int) -> str:
    return "".join(text.rjust(width) for text in texts)


def _tail(text: str) -> str:
    return f"   {text}" if text else ""


def heads(nodes: Sequence[SceneNode]) -> list[str]:
    """``1 production/web``, the numbers aligned."""
    digits = len(str(len(nodes)))
    return [f"{number:>{digits}} {full_name(node)}" for number, node in enumerate(nodes, 1)]


def doors(nodes: Sequence[SceneNode]) -> list[str]:
    """``in`` under every column of a pod that is isolated for ingress."""
    return ["in" if node.isolated_ingress else "" for node in nodes]


def ports_twin(scene: Scene, question: Question) -> str:
    """All ports: ``.`` for all, a short port list, ``p1`` with a key below for a long one."""
    answers = cells(scene, question)
    texts, key = _port_texts(answers.values())
    rows = [
        TwinRow(
            head,
            tuple(_text(answers[source.id, target.id], texts) for target in scene.nodes),
            "out" if source.isolated_egress else "",
        )
        for head, source in zip(heads(scene.nodes), scene.nodes, strict=True)
    ]
    lines = grid_lines(rows, doors(scene.nodes), narrowest=5)
    return "\n".join([*lines, "", PORTS_KEY, *key, *undecided_keys(answers.values()), DOORS_KEY])


def undecided_keys(answers: Iterable[Cell]) -> list[str]:
    """What ``?`` means, where a cell has it."""
    open_to_plugins = [answer for answer in answers if answer.depends]
    keys = [UNDECIDED_KEY] if open_to_plugins else []
    return [*keys, CERTAIN_KEY] if any(answer.certain for answer in open_to_plugins) else keys


def _port_texts(answers: Iterable[Cell]) -> tuple[dict[PortSet, str], list[str]]:
    texts: dict[PortSet, str] = {}
    key: list[str] = []
    for ports, text in short_ports(answers).items():
        if ports.is_all:
            texts[ports] = "."
        elif len(text) <= LONGEST_PORTS and " " not in text:
            texts[ports] = text
        else:
            texts[ports] = f"p{len(key) + 1}"
            key += _wrapped(f"{texts[ports]}  ", ports.words())
    return texts, key


def _wrapped(head: str, text: str) -> list[str]:
    return textwrap.wrap(text, TWIN_WIDTH, initial_indent=head, subsequent_indent=" " * len(head))


def _text(answer: Cell, texts: dict[PortSet, str]) -> str:
    if answer.certain:
        return texts[answer.certain] + "?"
    return texts[answer.ports] if answer.sign == "." else answer.sign


def signs_twin(scene: Scene, questions: Sequence[tuple[str, Question]]) -> str:
    """One or three grids of signs in the truth-table manner, side by side where they fit."""
    nodes = scene.nodes
    left = [head.ljust(max(map(len, heads(nodes))) + 2) for head in heads(nodes)]
    blocks = [_signs_block(scene, title, question) for title, question in questions]
    width = len(left[0]) + sum(len(block[0]) for block in blocks) + 4 * (len(blocks) - 1)
    if width <= TWIN_WIDTH:
        margin = [" " * len(left[0])] * (2 if blocks[0][0].strip() else 1)
        body = [block if blocks[0][0].strip() else block[1:] for block in blocks]
        lines = ["    ".join(parts) for parts in zip(*body, strict=True)]
        grid = [(head + line).rstrip() for head, line in zip([*margin, *left], lines, strict=True)]
        return "\n".join([*grid, *_key(scene, questions), *_isolation_lines(nodes)])
    grid = []
    for title, question in questions:
        grid += [title] if title else []
        grid += [*grid_lines(_sign_rows(scene, question)), ""]
    return "\n".join([*grid[:-1], *_key(scene, questions), *_isolation_lines(nodes)])


def _sign_rows(scene: Scene, question: Question) -> list[TwinRow]:
    answers = cells(scene, question)
    return [
        TwinRow(head, tuple(answers[source.id, target.id].sign for target in scene.nodes))
        for head, source in zip(heads(scene.nodes), scene.nodes, strict=True)
    ]


def _signs_block(scene: Scene, title: str, question: Question) -> list[str]:
    """Title, column numbers and one line a row, all of one width."""
    wide = len(str(len(scene.nodes)))
    numbers = " ".join(str(n).rjust(wide) for n in range(1, len(scene.nodes) + 1))
    lines = [numbers, *(" ".join(c.rjust(wide) for c in row.cells) for row in _sign_rows(scene, question))]
    head = ascii_text(spoken(title))
    width = max(len(numbers), len(head))
    return [line.ljust(width) for line in (head, *lines)]


def _key(scene: Scene, questions: Sequence[tuple[str, Question]]) -> list[str]:
    answers = [answer for _, question in questions for answer in cells(scene, question).values()]
    return ["", spoken(".  allowed   X  blocked   #  self"), *undecided_keys(answers)[:1]]


def _isolation_lines(nodes: Sequence[SceneNode]) -> list[str]:
    """Who is isolated, by number: the truth table has no room for it beside the grid."""
    lines = []
    for word, isolated in (
        ("ingress", [str(n) for n, node in enumerate(nodes, 1) if node.isolated_ingress]),
        ("egress", [str(n) for n, node in enumerate(nodes, 1) if node.isolated_egress]),
    ):
        lines += _wrapped(f"{ascii_text(spoken('isolated for'))} {word + ':':<9}", " ".join(isolated) or spoken("none"))
    return lines
