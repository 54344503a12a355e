"""What a matrix shows, in one sentence: the title of a picture that nobody gave a title."""

from __future__ import annotations

from collections import Counter

from netpol_lab.connections.cells import Cell, Question, cell, tally
from netpol_lab.connections.scene import Scene, SceneNode
from netpol_lab.model.objects import DIRECTIONS
from netpol_lab.model.phrases import capital, listed
from netpol_lab.tell.saying import line
from netpol_lab.tell.words import names, undecided


def finding(scene: Scene, question: Question) -> str:
    """The most telling sentence about the pods of the lesson, and how much of it depends on the network plugin.

    DNS takes part only where nothing else passes.
    """
    nodes = [node for node in scene.nodes if not node.is_dns]
    answers, pairs = (tally(scene, question, each, each) for each in (scene.nodes, nodes))
    return _sentence(scene, nodes, answers, pairs, question) + of_plugins(pairs if allowed_in(pairs) else answers)


def of_plugins(answers: Counter[Cell]) -> str:
    """How many of the allowed cells depend on the network plugin, as the end of a sentence; "" when none does."""
    depends = {answer: number for answer, number in answers.items() if answer.depends}
    return undecided(sum(depends.values()), allowed_in(answers), any(answer.certain for answer in depends))


def allowed_in(answers: Counter[Cell]) -> int:
    """How many of the pairs can connect."""
    return sum(number for answer, number in answers.items() if answer.kind == "allowed")


def _sentence(
    scene: Scene, nodes: list[SceneNode], answers: Counter[Cell], pairs: Counter[Cell], question: Question
) -> str:
    allowed, number = allowed_in(pairs), pairs.total()
    on = line("matrix.on", ports=question.words) if question.words else ""
    if not pairs:
        alone = any(not node.is_external for node in nodes)
        return line("matrix.one pod" if alone else "matrix.no pod")
    if not allowed:
        except_dns = line("matrix.nobody.DNS") if allowed_in(answers) else ""
        return line("matrix.nobody", verb=_verb(question), on=on, except_dns=except_dns)
    if allowed == number:
        whole = all(answer.ports == question.asked for answer in pairs)
        ports = line("matrix.on all" if whole else "matrix.on some")
        return line("matrix.everybody", verb=_verb(question), on=on or ports)
    doors = _closed_doors(scene, nodes, question, on) if question.direction != "egress" else ""
    return doors or _counted(nodes, allowed, number, question, on)


def _verb(question: Question, number: int = 1) -> str:
    return line(f"matrix.verb.{question.direction}", number=number)


def _closed_doors(scene: Scene, nodes: list[SceneNode], question: Question, on: str) -> str:
    """Who still gets into the pods that are isolated for ingress; "" when that is too much for a sentence."""
    closed = [node for node in nodes if node.isolated_ingress]
    reached: list[tuple[str, list[str]]] = []
    empty: list[str] = []
    for target in closed:
        number = allowed_in(tally(scene, question, nodes, [target]))
        if number > 2 or (number and len(reached) == 2):
            return ""
        if number:
            who = [node.name for node in nodes if cell(scene, node, target, question).kind == "allowed"]
            reached.append((target.name, who))
        else:
            empty.append(target.name)
    if not closed:
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
