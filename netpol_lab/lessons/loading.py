"""Exercises as data: what is asked, what is wanted, and which wrong answers a check must recognize.

They are written in ``data/exercises/<lesson>.yaml``. A wrong answer names its mistake by its id in
``data/mistakes.yaml``.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from netpol_lab.cluster.handle import SimulatedCluster, hypothetical
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.kubectl import Session, run
from netpol_lab.kubectl.writing import with_last_applied
from netpol_lab.lessons.lesson_data import read
from netpol_lab.manifests import from_object, read_text
from netpol_lab.model import datafiles as data
from netpol_lab.model import schemas
from netpol_lab.model.datafiles import fill
from netpol_lab.model.errors import LabError, NotFound
from netpol_lab.model.fields import DataError, Fields
from netpol_lab.model.objects import Endpoint, NetworkPolicy, Pod, Resource
from netpol_lab.model.schemas import Schema

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
    """One exercise, with the student's number filled in; :data:`EXERCISE` says what each field of it means.

    ``given`` are objects of the start that are in no file. ``visitors`` may bring a namespace along.
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
    solution: WrittenAnswer
    wrong: tuple[WrongAnswer, ...] = ()
    xx: str
    given: tuple[Resource, ...] = ()
    files: tuple[tuple[str, str], ...] = ()

    @property
    def start_line(self) -> str:
        """What to type to have the cluster as the exercise begins."""
        return f'lab.start("{self.id}")'

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


def ids(lesson: str) -> list[str]:
    """The ids of a lesson's exercises, in their order."""
    return [exercise.id for exercise in of_lesson(lesson)]


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
    found = [
        _checked(read_exercise(each, xx), f"{lesson}/{number}", each.at())
        for number, each in enumerate(fields.each("exercises"), 1)
    ]
    fields.done()
    return found


def read_exercise(fields: Fields, xx: str) -> Exercise:
    """What is left of ``fields`` as an exercise. Raises :class:`DataError` for a fault in one of them."""
    return replace(EXERCISE.read(fields), xx=xx)


def _checked(exercise: Exercise, id: str, place: str) -> Exercise:
    """The exercise of a lesson. Raises :class:`DataError` where it lacks what every one must have."""
    faults = {
        f"the id has to be {id!r}, not {exercise.id!r}": exercise.id != id,
        "at least two wrong answers are expected": len(exercise.wrong) < 2,
        "it wants nothing: neither objects nor connections": not exercise.objects and not exercise.cells,
        "rest needs a scope": exercise.rest != "free" and not exercise.scope,
    }
    for fault, holds in faults.items():
        if holds:
            raise DataError(f"{place}: {fault}.")
    return exercise


# -- the schema of an exercise: read by it, and printed on the page for authors -----------------------


def _visitor(namespace: str, name: str, labels: dict[str, str], brings: dict[str, str] | None) -> list[Resource]:
    """A pod, after the namespace that it brings along where that has labels, be they none."""
    metadata = {"namespace": namespace, "name": name, "labels": labels}
    spec = {"containers": [{"name": "visitor", "image": "busybox:1.36", "command": ["sleep", "3600"]}]}
    made: list[dict[str, Any]] = [{"kind": "Pod", "metadata": metadata, "spec": spec}]
    if brings is not None:
        made.insert(0, {"kind": "Namespace", "metadata": {"name": namespace, "labels": brings}})
    return [from_object({"apiVersion": "v1", **each}) for each in made]


def _answer(manifest: str, commands: str) -> WrittenAnswer:
    if not manifest and not commands:
        raise LabError("manifest or commands is expected.")
    return WrittenAnswer(manifest, commands)


def _wrong(name: str, mistake: str, **answer: str) -> WrongAnswer:
    return WrongAnswer(name, mistake, _answer(**answer))


def _exercise(visitors: tuple[list[Resource], ...], files: dict[str, str], **fields: Any) -> Exercise:
    known = tuple(each for brought in visitors for each in brought)
    return Exercise(visitors=known, files=tuple(files.items()), xx="", **fields)


_RESTS = ("free", "start", "denied", "solution")

CONNECTION = Schema(
    "Connection",
    WantedCell,
    (
        schemas.text(
            "from",
            "Who connects: a pod as `namespace/name`; the name of a Deployment instead, for each of its pods; an "
            "address such as `203.0.113.10`; `External` for all of the outside; `Anyone` for everybody.",
            into="source",
        ),
        schemas.text("to", "Who is connected to, named in the same way.", into="destination"),
        schemas.number("port", "The port of the pod, which need not be that of its Service.", "every port"),
        schemas.choice("protocol", "What is asked on that port.", ("TCP", "UDP", "SCTP"), "TCP"),
        schemas.choice(
            "rest",
            "What is wanted of the other ports of these two, where the exercise's own `rest` is not meant.",
            ("", *_RESTS),
            "",
        ),
    ),
    "{from: shop/web, to: shop/orders, port: 80, rest: denied}",
)

WANTED_OBJECT = Schema(
    "Wanted object",
    WantedObject,
    (
        schemas.text("kind", "Such as `Pod`, `Namespace`, `NetworkPolicy`."),
        schemas.text("namespace", "Its namespace, for kinds that have one.", ""),
        schemas.text("name", "Its name."),
        schemas.labels("labels", "Labels it has to carry; others may be there too."),
        schemas.text("image", "Of a pod: its image, without the registry.", ""),
        schemas.text("command", "Of a pod: words that what it runs has to contain.", ""),
        schemas.number("port", "Of a pod: a containerPort it has to declare."),
    ),
    "{kind: Pod, namespace: shop, name: probe, labels: {app: probe}, image: busybox:1.36, command: sleep}",
)

VISITOR = Schema(
    "Visitor",
    _visitor,
    (
        schemas.text("namespace", "Where it stands. It counts only while that namespace is there."),
        schemas.text("name", "Its name. `allowed` and `denied` may name it."),
        schemas.labels("labels", "What it carries: near the right labels, so that an answer too wide lets it in."),
        schemas.labels_or_none(
            "namespaceLabels",
            "With this field, be it `{}`, it brings its namespace along, with these labels.",
            into="brings",
        ),
    ),
    "{namespace: staging, namespaceLabels: {environment: test}, name: orders, labels: {app: orders}}",
)

_WRITTEN = (
    schemas.text("manifest", "What is applied. `manifest`, `commands` or both are expected.", ""),
    schemas.text("commands", "kubectl lines, one a line, run after the manifest.", ""),
)
SOLUTION = Schema("Solution", _answer, _WRITTEN)

WRONG_ANSWER = Schema(
    "Wrong answer",
    _wrong,
    (
        schemas.text("name", "What the student thought, in a few words."),
        schemas.text(
            "mistake", 'The id of the mistake that the check has to name, such as `M17` (`lab.mistake("M17")`).'
        ),
        *_WRITTEN,
    ),
)

EXERCISE = Schema(
    "Exercise",
    _exercise,
    (
        schemas.text("id", "The lesson and the number: `20-shop/1`, `20-shop/2`, in this order."),
        schemas.text("title", "What it is about, in a few words."),
        schemas.text("question", "What is wanted, in words a student can act on. Say what may not change as well."),
        schemas.texts(
            "start",
            "The manifests it begins with, applied in this order: paths below `data/manifests/`, of the pack or of the "
            "workbook. `lab.start` puts the cluster into this state.",
        ),
        schemas.labels("files", "Files that `lab.start` puts into the student's folder: a name, and the text in it."),
        schemas.text("answer", "The file that the exercise's cell writes. Writing it begins the exercise.", "", "file"),
        schemas.each("allowed", "Connections that have to pass.", CONNECTION),
        schemas.each("denied", "Connections that have to be blocked.", CONNECTION),
        schemas.choice(
            "rest",
            "What is wanted of all other connections with an end in `scope`: `free` nothing; `start` what passed at "
            "the start; `denied` nothing may pass; `solution` what passes with the solution.",
            _RESTS,
            "free",
        ),
        schemas.texts("scope", "The namespaces that `rest` speaks of. Every `rest` but `free` needs it."),
        schemas.each("objects", "Objects that have to be there.", WANTED_OBJECT),
        schemas.each(
            "visitors", "Pods that only the check puts in: strangers whom the answer must keep out, or let in.", VISITOR
        ),
        schemas.each(
            "asks",
            "Connections whose fault the student is to find: `lab.why` holds its answer back until a check.",
            CONNECTION,
        ),
        schemas.choice("labels", "`kept`: the answer has to hold with the start's labels.", ("free", "kept"), "free"),
        schemas.choice("policies", "`kept`: the answer is no policy, and none may be added.", ("free", "kept"), "free"),
        schemas.texts("ignore", "Policies of earlier exercises, by name, that are no part of this answer."),
        schemas.inner("solution", "One answer that passes. Others with the same behavior pass too.", SOLUTION),
        schemas.each("wrong", "At least two answers that do not pass, each with its mistake.", WRONG_ANSWER),
    ),
)
