"""Exercises as data: what is asked, what is wanted, and which wrong answers a check must recognize.

They are written in ``data/exercises/<lesson>.yaml``. A wrong answer names its mistake by its id in
``data/mistakes.yaml``.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeVar

from netpol_lab.cluster.handle import SimulatedCluster, hypothetical
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.kubectl import Session, run
from netpol_lab.kubectl.writing import with_last_applied
from netpol_lab.lessons.lesson_data import lessons, read
from netpol_lab.manifests import from_object, read_text
from netpol_lab.model import datafiles as data
from netpol_lab.model.datafiles import fill
from netpol_lab.model.errors import NotFound
from netpol_lab.model.fields import DataError, Fields
from netpol_lab.model.objects import Endpoint, NetworkPolicy, Pod, Resource

Rest = Literal["free", "start", "denied", "solution"]
"""What is wanted of connections that an exercise does not name: nothing, no change, to be blocked, or as solved."""

Freedom = Literal["free", "added", "kept"]
"""What an answer may do to labels, or to policies: change what is there, add to it only, or neither."""


@dataclass(frozen=True)
class WantedCell:
    """One connection, wanted or not. Ends are ``namespace/name`` or ``External``; ``port`` None is every port.

    ``rest`` is what is wanted of the other ports of these two: "" says no more than the exercise does.
    """

    source: str
    destination: str
    port: int | None
    protocol: str
    rest: Rest | Literal[""] = ""


@dataclass(frozen=True)
class WantedObject:
    """An object that has to be there, with at least these labels. ``namespace`` is "" for kinds without one.

    Of a pod also its image, the words it runs, and a port it declares, where they are not "" and None.
    """

    kind: str
    namespace: str
    name: str
    labels: dict[str, str]
    image: str = ""
    command: str = ""
    port: int | None = None


@dataclass(frozen=True)
class WrittenAnswer:
    """What a student could write: a manifest, kubectl lines, or one after the other."""

    manifest: str = ""
    commands: str = ""


@dataclass(frozen=True)
class WrongAnswer:
    name: str
    mistake: str
    answer: WrittenAnswer


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """One exercise, with the student's number filled in.

    ``start`` names manifests below ``data/manifests``, and ``given`` are further objects of the start. ``files`` go
    into the student's folder then: names, and what is in them. ``visitors`` are pods that only the check sees:
    strangers, whom the answer must keep out or let in; some bring a namespace along. ``asks`` are the connections of
    which the student is to find out why they do not pass; the lesson shows them above the exercise. ``scope`` limits
    ``rest`` to connections with an end in these namespaces. ``labels`` is ``kept`` where the answer has to hold with
    the labels there were at the start, and ``policies`` where no policy is to be written. ``ignore`` names policies of
    earlier exercises that are no part of the answer.
    """

    id: str
    title: str
    question: str
    start: tuple[str, ...] = ()
    objects: tuple[WantedObject, ...] = ()
    visitors: tuple[Resource, ...] = ()
    allowed: tuple[WantedCell, ...] = ()
    denied: tuple[WantedCell, ...] = ()
    asks: tuple[WantedCell, ...] = ()
    rest: Rest = "free"
    labels: Freedom = "free"
    policies: Freedom = "free"
    scope: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    file: str = ""
    hints: tuple[str, ...] = ()
    solution: WrittenAnswer
    wrong: tuple[WrongAnswer, ...] = ()
    xx: str
    given: tuple[Resource, ...] = ()
    files: tuple[tuple[str, str], ...] = ()

    @property
    def cells(self) -> tuple[WantedCell, ...]:
        return self.allowed + self.denied

    @cached_property
    def solution_objects(self) -> tuple[Resource, ...]:
        """What the solution applies. Kubectl lines apply nothing."""
        return tuple(read_text(self.solution.manifest)) if self.solution.manifest else ()

    @cached_property
    def solution_policies(self) -> tuple[NetworkPolicy, ...]:
        """The policies of the solution; a policy of the student that has the name of one is meant as the answer."""
        return tuple(each.typed for each in self.solution_objects if isinstance(each.typed, NetworkPolicy))

    @cached_property
    def given_policies(self) -> frozenset[NetworkPolicy]:
        """The policies in the files of the lessons from which the exercise takes its start, all versions of each."""
        folders = sorted({name.partition("/")[0] for name in self.start})
        files = (file for folder in folders for file in sorted(data.path("manifests", folder).glob("*.yaml")))
        texts = (fill(file.read_text(encoding="utf-8"), self.xx) for file in files)
        found = (resource.typed for text in texts for resource in read_text(text))
        return frozenset(typed for typed in found if isinstance(typed, NetworkPolicy))

    def is_visitor(self, end: Endpoint) -> bool:
        """Whether an end of a connection is a pod that the student has never seen."""
        return isinstance(end, Pod) and ("Pod", end.namespace, end.name) in {each.key for each in self.visitors}

    @property
    def answer_names(self) -> set[str]:
        return {policy.name for policy in self.solution_policies}

    def start_cluster(self, profile: str = "upstream") -> SimulatedCluster:
        """A fresh cluster as the exercise begins, with this network plugin."""
        cluster = SimulatedCluster(profile)
        texts = ((name, data.path("manifests", *name.split("/")).read_text(encoding="utf-8")) for name in self.start)
        files = (each for name, text in texts for each in read_text(fill(text, self.xx), name))
        for resource in (*files, *self.given):
            # As `kubectl apply` leaves it: so a later apply takes away what its file no longer says.
            cluster.apply(replace(resource, body=with_last_applied(resource.body)))
        return cluster

    def solved_state(self, profile: str = "upstream") -> Snapshot:
        """The state in which the exercise's own solution is applied: its manifest, then its kubectl lines."""
        cluster = self.start_cluster(profile)
        for resource in self.solution_objects:
            cluster.apply(resource)
        session = Session(cluster, terminal=False)
        for line in self.solution.commands.splitlines():
            run(session, shlex.split(line)[1:])
        return cluster.snapshot()

    def rest_state(self) -> Snapshot:
        """The state in which everything that the exercise does not name behaves as wanted."""
        return self.solved_state() if self.rest == "solution" else self.start_cluster().snapshot()

    def with_visitors(self, state: Snapshot) -> Snapshot:
        """The state with the visitors it lacks, where their namespace exists. What the student made stays."""
        brought = (visitor.name for visitor in self.visitors if not visitor.namespace)
        known = {"", *(space.name for space in state.namespaces), *brought}
        return hypothetical(state, (v for v in self.visitors if v.key not in state.lasting and v.namespace in known))


def ids(lesson: str | None = None) -> list[str]:
    """The ids of all exercises, or of one lesson's, in their order."""
    return [exercise.id for name in ([lesson] if lesson else lessons("exercises")) for exercise in of_lesson(name)]


def load(exercise: str, xx: str = "07") -> Exercise:
    """One exercise by id, such as ``02-default-deny/1``. Raises NotFound with the ids there are."""
    lesson = exercise.partition("/")[0]
    found = next((each for each in of_lesson(lesson, xx) if each.id == exercise), None)
    if found is None:
        raise NotFound(f"There is no exercise {exercise!r}. In this lesson: {', '.join(ids(lesson))}.")
    return found


def of_lesson(lesson: str, xx: str = "07") -> list[Exercise]:
    """All exercises of a lesson. Raises :class:`DataError` when the file has a fault."""
    fields = read("exercises", lesson, xx)
    found = [read_exercise(each, xx) for each in fields.each("exercises")]
    for number, exercise in enumerate(found, 1):
        _complete(exercise, f"{lesson}/{number}", f"exercises/{lesson}.yaml, exercises[{number - 1}]")
    fields.done()
    return found


def read_exercise(fields: Fields, xx: str) -> Exercise:
    """What is left of ``fields`` as an exercise. Raises :class:`DataError` for a fault in one of them."""
    exercise = Exercise(
        id=fields.text("id"),
        title=fields.text("title"),
        question=fields.text("question"),
        start=fields.texts("start"),
        objects=_all(fields, "objects", _object),
        visitors=tuple(each for brought in _all(fields, "visitors", _visitor) for each in brought),
        allowed=_all(fields, "allowed", _cell),
        denied=_all(fields, "denied", _cell),
        asks=_all(fields, "asks", _cell),
        rest=fields.choice("rest", ("free", "start", "denied", "solution"), "free"),  # type: ignore[arg-type]
        labels=fields.choice("labels", ("free", "kept"), "free"),  # type: ignore[arg-type]
        policies=fields.choice("policies", ("free", "kept"), "free"),  # type: ignore[arg-type]
        scope=fields.texts("scope"),
        ignore=fields.texts("ignore"),
        file=fields.text("answer", ""),
        hints=fields.texts("hints"),
        solution=_solution(fields.inner("solution")),
        wrong=_all(fields, "wrong", _wrong),
        xx=xx,
        files=tuple(fields.labels("files").items()),
    )
    fields.done()
    return exercise


def _complete(exercise: Exercise, id: str, place: str) -> None:
    """What every exercise must have, whatever its kind."""
    faults = {
        f"the id has to be {id!r}": exercise.id != id,
        "two or three hints are expected": not 2 <= len(exercise.hints) <= 3,
        "at least two wrong answers are expected": len(exercise.wrong) < 2,
        "it wants nothing: neither objects nor connections": not exercise.objects and not exercise.cells,
        "rest needs a scope": exercise.rest != "free" and not exercise.scope,
    }
    for fault, holds in faults.items():
        if holds:
            raise DataError(f"{place}: {fault}.")


T = TypeVar("T")


def _all(fields: Fields, name: str, build: Callable[[Fields], T]) -> tuple[T, ...]:
    items = []
    for item in fields.each(name):
        items.append(build(item))
        item.done()
    return tuple(items)


def _cell(fields: Fields) -> WantedCell:
    protocol = fields.choice("protocol", ("TCP", "UDP", "SCTP"), "TCP")
    rest = fields.choice("rest", ("", "free", "start", "denied", "solution"), "")
    return WantedCell(fields.text("from"), fields.text("to"), fields.number("port"), protocol, rest)  # type: ignore[arg-type]


def _object(fields: Fields) -> WantedObject:
    place = fields.text("kind"), fields.text("namespace", ""), fields.text("name"), fields.labels("labels")
    return WantedObject(*place, fields.text("image", ""), fields.text("command", ""), fields.number("port"))


def _visitor(fields: Fields) -> list[Resource]:
    """A pod, after the namespace that it brings along where ``namespaceLabels`` are given, be they none."""
    brings, space = "namespaceLabels" in fields, fields.text("namespace")
    home = {"name": space, "labels": fields.labels("namespaceLabels")}
    metadata = {"namespace": space, "name": fields.text("name"), "labels": fields.labels("labels")}
    spec = {"containers": [{"name": "visitor", "image": "busybox:1.36", "command": ["sleep", "3600"]}]}
    pod = from_object({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    return [*([from_object({"apiVersion": "v1", "kind": "Namespace", "metadata": home})] if brings else []), pod]


def _answer(fields: Fields) -> WrittenAnswer:
    answer = WrittenAnswer(fields.text("manifest", ""), fields.text("commands", ""))
    if not answer.manifest and not answer.commands:
        raise DataError(f"{fields.place}: manifest or commands is expected.")
    return answer


def _solution(fields: Fields) -> WrittenAnswer:
    answer = _answer(fields)
    fields.done()
    return answer


def _wrong(fields: Fields) -> WrongAnswer:
    return WrongAnswer(fields.text("name"), fields.text("mistake"), _answer(fields))
