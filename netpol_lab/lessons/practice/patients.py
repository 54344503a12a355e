"""Patients of the clinic: broken clusters, each with a complaint, a line that shows the symptom, and a repair.

A patient is an exercise whose cause is not told. Those with a name, ``S07``, stand in ``data/clinic``; those with a
day are made by :mod:`netpol_lab.lessons.practice.days`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from string import ascii_lowercase

import yaml

from netpol_lab.lessons.loading import Exercise, WantedCell, WrittenAnswer, read_exercise
from netpol_lab.lessons.practice.days import Break, BrokenDay, Felt, broken_day, id_of
from netpol_lab.manifests import from_object, read_text
from netpol_lab.model import datafiles as data
from netpol_lab.model.errors import LabError, NotFound
from netpol_lab.model.fields import DataError, Fields
from netpol_lab.model.objects import Resource
from netpol_lab.model.phrases import listed
from netpol_lab.tell import catalogue

CHOICES = 5
"""How many mistakes a diagnosis is chosen from, at least."""


@dataclass(frozen=True)
class Symptom:
    """A kubectl line, and what it prints while the patient is ill, and not when it is well."""

    command: str
    shows: str


@dataclass(frozen=True)
class Patient:
    """A broken cluster. ``mistakes`` are what was done to it, by id; ``told`` says it in words, for afterwards.

    ``wants`` are sentences about what has to work, and ``level`` 1 to 3 tells how hard it is.
    """

    exercise: Exercise
    level: int
    complaint: str
    symptom: Symptom
    wants: tuple[str, ...]
    mistakes: tuple[str, ...]
    told: tuple[str, ...]

    @property
    def id(self) -> str:
        return self.exercise.id

    def diagnosis(self) -> Diagnosis:
        """What was done to the cluster, to choose from."""
        return _choice(self)


def scenarios() -> list[str]:
    """The ids of the patients that have a name, in their order."""
    return sorted(path.stem for path in data.path("clinic").glob("S*.yaml"))


def scenario(id: str, xx: str = "07") -> Patient:
    """The patient of a name, such as ``S07``.

    Raises NotFound with the names there are, and :class:`DataError` when its file has a fault.
    """
    if id not in scenarios():
        raise NotFound(f"There is no patient {id!r}. There are {', '.join(scenarios())}, and one for every day.")
    place = f"clinic/{id}.yaml"
    try:
        text = data.fill(data.path("clinic", f"{id}.yaml").read_text(encoding="utf-8"), xx)
        fields = Fields(yaml.safe_load(text), place)
    except yaml.YAMLError as error:
        raise DataError(f"{place}: {error}") from None
    symptom = fields.inner("symptom")
    shown = Symptom(symptom.text("command"), symptom.text("shows"))
    symptom.done()
    own = {
        "level": fields.number("level") or 1,
        "complaint": fields.text("complaint"),
        "symptom": shown,
        "wants": fields.texts("wants"),
        "mistakes": fields.texts("mistakes"),
        "told": fields.texts("told"),
    }
    given = tuple(read_text(fields.text("cluster"), place))
    return Patient(read_exercise(fields, id, xx, given), **own)  # type: ignore[arg-type]


def load(id: str, xx: str = "07") -> Patient:
    """A patient by id: ``S07``, ``day 17`` or ``day 17 level 2``. Raises NotFound for what is no patient's id."""
    day = re.fullmatch(r"day (\d{1,9})(?: level (\d))?", id)
    return of_day(int(day[1]), int(day[2]) if day[2] else None, xx) if day else scenario(id, xx)


def is_patient(id: str) -> bool:
    """Whether an id is that of a patient, be there one or not."""
    return re.fullmatch(r"S\d+|day .*", id) is not None


# -- the patient of a day --------------------------------------------------------------------------


def of_day(number: int, level: int | None = None, xx: str = "07") -> Patient:
    """The patient of a day, from 1 on; the same for everybody. ``level`` 1 to 3, else by the day.

    Raises LabError for a day and a level that are none.
    """
    day = broken_day(number, level)
    made, first = day.world, day.felt[0]
    wanted = tuple(WantedCell(f.source.id, f.destination.id, f.destination.port, "TCP") for f in made.flows)
    exercise = Exercise(
        id=f"day {number}" if level is None else f"day {number} level {level}",
        title=f"{made.company[0].upper()}{made.company[1:]}, level {day.level}",
        question="Repair the policies: what has to work works again, and nothing else opens.",
        visitors=_newcomers(made.spaces),
        allowed=wanted,
        asks=(),
        rest="solution",
        labels="kept",
        scope=made.spaces,
        solution=_cure(day),
        xx=xx,
        given=tuple(from_object(each) for each in [*made.objects(), *day.policies()]),
    )
    return Patient(
        exercise=exercise,
        level=day.level,
        complaint=_complaint(made.company, day.felt),
        symptom=_symptom(first),
        wants=tuple(f"{f.source.id} asks {f.destination.id}, TCP {f.destination.port}" for f in made.flows),
        mistakes=tuple(each.mistake for each in day.breaks),
        told=tuple(_told(each) for each in day.breaks),
    )


def _newcomers(spaces: Iterable[str]) -> tuple[Resource, ...]:
    """A pod without a part in the application, in each of its namespaces: it shows what opens to everybody."""
    spec = {"containers": [{"name": "visitor", "image": "busybox:1.36", "command": ["sleep", "3600"]}]}
    bodies = ({"namespace": space, "name": "newcomer", "labels": {"app": "newcomer"}} for space in spaces)
    return tuple(from_object({"apiVersion": "v1", "kind": "Pod", "metadata": body, "spec": spec}) for body in bodies)


def _complaint(company: str, felt: Sequence[Felt]) -> str:
    missing, open_ = ([f for f in felt if f.wanted is wanted] for wanted in (True, False))
    parts = []
    if missing:
        parts.append(f"{missing[0].source.id} gets no answer from {missing[0].destination.id} any more")
    if open_:
        parts.append(f"{open_[0].destination.id} answers {open_[0].source.id}, and nobody asked for that")
    more = len(felt) - len(parts)
    rest = (
        f" {'One more connection is' if more == 1 else f'{more} more connections are'} not as wanted." if more else ""
    )
    return f"The cluster of {company}. {listed(parts)}.{rest}"


def _symptom(felt: Felt) -> Symptom:
    target = felt.destination
    url = f"http://{target.name}.{target.namespace}:{target.service}"
    line = f"kubectl exec -n {felt.source.namespace} deploy/{felt.source.name} -- wget -qO- -T 2 {url}"
    return Symptom(line, "wget: " if felt.wanted else target.name)


def _told(each: Break) -> str:
    """What was done, for afterwards."""
    mistake = catalogue.mistake(each.mistake)
    return f"`{each.policy}` in `{each.namespace}`. {mistake.name}: {mistake.sentence}"


def _cure(day: BrokenDay) -> WrittenAnswer:
    """The healthy form of what was broken; policies that only the illness has are deleted."""
    healthy = {id_of(each): each for each in day.world.policies()}
    extra = [id_of(each) for each in day.policies() if id_of(each) not in healthy]
    return WrittenAnswer(
        manifest=yaml.safe_dump_all([healthy[each.namespace, each.policy] for each in day.breaks], sort_keys=False),
        commands="\n".join(f"kubectl delete networkpolicy {name} -n {space}" for space, name in extra),
    )


# -- diagnosis -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Diagnosis:
    """What was done to a cluster, to choose from: letters and mistakes, and the letters of what is right."""

    options: tuple[tuple[str, catalogue.Mistake], ...]
    right: str

    def letters(self, answer: str) -> str:
        """The letters of an answer, which names mistakes by letter or by id: ``bd`` or ``M5 M17``.

        Raises LabError for a word that is no option.
        """
        by_id = {mistake.id.lower(): letter for letter, mistake in self.options}
        found: set[str] = set()
        for word in answer.lower().replace(",", " ").split():
            letters = by_id.get(word, word)
            if not set(letters) <= {letter for letter, _ in self.options}:
                known = ", ".join(letter for letter, _ in self.options)
                raise LabError(f"{word!r} is no option. The options are {known}; name one or several, such as 'a'.")
            found |= set(letters)
        return "".join(sorted(found))


def _choice(patient: Patient) -> Diagnosis:
    """All that is right among others, in an order that the patient's name decides."""
    random = Random(f"diagnosis {patient.id}")
    right = sorted(set(patient.mistakes))
    others = sorted({mistake.id for mistake in catalogue.mistakes().values() if mistake.scenarios} - set(right))
    chosen = [*right, *random.sample(others, max(2, CHOICES - len(right)))]
    random.shuffle(chosen)
    options = tuple((letter, catalogue.mistake(id)) for letter, id in zip(ascii_lowercase, chosen, strict=False))
    return Diagnosis(options, "".join(letter for letter, mistake in options if mistake.id in right))
