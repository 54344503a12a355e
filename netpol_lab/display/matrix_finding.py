"""What a matrix shows, in one sentence: the title of a picture that nobody gave a title."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netpol_lab.connections.cells import Cell, Question, cells
from netpol_lab.connections.scene import Scene, SceneNode
from netpol_lab.model.phrases import capital, listed
from netpol_lab.tell.words import names, undecided

Answers = Mapping[tuple[str, str], Cell]

_VERBS = {"both": "reaches", "ingress": "is let into", "egress": "may send to"}


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
    verb, on = _VERBS[question.direction], f" on {question.words}" if question.words else ""
    if not pairs:
        alone = any(not node.is_external for node in nodes)
        return "One pod alone: there is nobody to connect to" if alone else "No pod yet, besides the cluster's own"
    if not allowed:
        return f"Nobody {verb} anybody{on}" + (", DNS excepted" if _any(answers) else "")
    if len(allowed) == len(pairs):
        return _all_pass(pairs, verb, on, question)
    doors = _closed_doors(nodes, allowed, verb, on) if question.direction != "egress" else ""
    return doors or _counted(nodes, len(allowed), len(pairs), question, on)


def _all_pass(pairs: Answers, verb: str, on: str, question: Question) -> str:
    sentence = f"Every pod {verb} every other"
    if on:
        return sentence + on
    whole = all(answer.ports == question.asked for answer in pairs.values())
    return sentence + (", on all ports" if whole else ", but not on all ports")


def _closed_doors(nodes: list[SceneNode], allowed: list[tuple[str, str]], verb: str, on: str) -> str:
    """Who still gets into the pods that are isolated for ingress; "" when that is too much for a sentence."""
    name = {node.id: node.name for node in nodes}
    closed = [node for node in nodes if node.isolated_ingress]
    sources: dict[str, list[str]] = {node.id: [] for node in closed}
    for source, target in allowed:
        if target in sources:
            sources[target].append(name[source])
    reached = [node for node in closed if sources[node.id]]
    empty = [node.name for node in closed if not sources[node.id]]
    if not closed or len(reached) > 2 or any(len(sources[node.id]) > 2 for node in reached):
        return ""
    parts = [_only(sources[node.id], verb, node.name, on) for node in reached]
    if empty:
        parts.append(f"nobody {verb} {names(empty)}" + ("" if parts else on))
    sentence = "; ".join(parts)
    return capital(sentence)


def _only(sources: list[str], verb: str, target: str, on: str) -> str:
    if len(sources) > 1:
        verb = {"reaches": "reach", "is let into": "are let into"}[verb]
    return f"only {listed(sources)} {verb} {target}{on}"


def _counted(nodes: list[SceneNode], allowed: int, pairs: int, question: Question, on: str) -> str:
    what = {"both": "can connect", "ingress": "are let in", "egress": "may send"}[question.direction]
    sentence = f"{allowed} of {pairs} pairs {what}{on}"
    isolated = {
        "ingress": sum(node.isolated_ingress for node in nodes),
        "egress": sum(node.isolated_egress for node in nodes),
    }
    asked = [way for way in ("ingress", "egress") if question.direction in ("both", way)]
    ways = [f"{_pods(isolated[way])} isolated for {way}" for way in asked if isolated[way]]
    return f"{sentence}; {listed(ways)}" if ways else sentence


def _pods(number: int) -> str:
    return "one pod is" if number == 1 else f"{number} pods are"
