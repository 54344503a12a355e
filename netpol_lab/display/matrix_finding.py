"""What a matrix shows, in one sentence: the title of a picture that nobody gave a title."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netpol_lab.connections.cells import Cell, Question, cells
from netpol_lab.connections.scene import Scene, SceneNode
from netpol_lab.model.objects import DIRECTIONS
from netpol_lab.model.phrases import capital, listed
from netpol_lab.tell.saying import line
from netpol_lab.tell.words import names, undecided

Answers = Mapping[tuple[str, str], Cell]


def finding(scene: Scene, question: Question) -> str:
    """The most telling sentence about the pods of the lesson, and how much of it depends on the network plugin.

    DNS takes part only where nothing else passes.
    """
    nodes = [node for node in scene.nodes if not node.is_dns]
    answers = {pair: answer for pair, answer in cells(scene, question).items() if answer.kind in ("allowed", "blocked")}
    lesson = {node.id for node in nodes}
    pairs = {pair: answer for pair, answer in answers.items() if set(pair) <= lesson}
    return _sentence(nodes, answers, pairs, question) + of_plugins((pairs if _any(pairs) else answers).values())


def of_plugins(answers: Iterable[Cell]) -> str:
    """How many of the allowed cells depend on the network plugin, as the end of a sentence; "" when none does."""
    allowed = [answer.certain for answer in answers if answer.kind == "allowed"]
    depends = [certain for certain in allowed if certain is not None]
    return undecided(len(depends), len(allowed), any(depends))


def _any(answers: Answers) -> bool:
    return any(answer.kind == "allowed" for answer in answers.values())


def _sentence(nodes: list[SceneNode], answers: Answers, pairs: Answers, question: Question) -> str:
    allowed = [pair for pair, answer in pairs.items() if answer.kind == "allowed"]
    on = line("matrix.on", ports=question.words) if question.words else ""
    if not pairs:
        alone = any(not node.is_external for node in nodes)
        return line("matrix.one pod" if alone else "matrix.no pod")
    if not allowed:
        except_dns = line("matrix.nobody.DNS") if _any(answers) else ""
        return line("matrix.nobody", verb=_verb(question), on=on, except_dns=except_dns)
    if len(allowed) == len(pairs):
        whole = all(answer.ports == question.asked for answer in pairs.values())
        ports = line("matrix.on all" if whole else "matrix.on some")
        return line("matrix.everybody", verb=_verb(question), on=on or ports)
    doors = _closed_doors(nodes, allowed, question, on) if question.direction != "egress" else ""
    return doors or _counted(nodes, len(allowed), len(pairs), question, on)


def _verb(question: Question, number: int = 1) -> str:
    return line(f"matrix.verb.{question.direction}", number=number)


def _closed_doors(nodes: list[SceneNode], allowed: list[tuple[str, str]], question: Question, on: str) -> str:
    """Who still gets into the pods that are isolated for ingress; "" when that is too much for a sentence."""
    name = {node.id: node.name for node in nodes}
    sources: dict[str, list[str]] = {node.id: [] for node in nodes if node.isolated_ingress}
    for source, target in allowed:
        if target in sources:
            sources[target].append(name[source])
    reached = [(name[id], who) for id, who in sources.items() if who]
    empty = [name[id] for id, who in sources.items() if not who]
    if not sources or len(reached) > 2 or any(len(who) > 2 for _, who in reached):
        return ""
    parts = [
        line("matrix.only", sources=listed(who), verb=_verb(question, len(who)), target=target, on=on)
        for target, who in reached
    ]
    if empty:
        parts.append(line("matrix.closed", verb=_verb(question), targets=names(empty), on="" if parts else on))
    return capital("; ".join(parts))


def _counted(nodes: list[SceneNode], allowed: int, pairs: int, question: Question, on: str) -> str:
    sentence = line(f"matrix.count.{question.direction}", allowed=allowed, pairs=pairs, on=on)
    ways = []
    for way in DIRECTIONS:
        number = sum(node.isolated(way) for node in nodes)
        if number and question.direction in ("both", way):
            ways.append(line("matrix.isolated.one" if number == 1 else "matrix.isolated", number=number, way=way))
    return f"{sentence}; {listed(ways)}" if ways else sentence
