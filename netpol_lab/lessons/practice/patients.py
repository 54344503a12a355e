"""Patients: broken clusters, each with a complaint, a line that shows the symptom, a repair, and a diagnosis.

A patient is an exercise whose cause is not told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from string import ascii_lowercase

from netpol_lab.lessons.loading import Exercise
from netpol_lab.manifests import from_object
from netpol_lab.model.errors import LabError
from netpol_lab.model.objects import Resource
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


def newcomers(spaces: Iterable[str], keys: Iterable[str] = ("app",)) -> tuple[Resource, ...]:
    """Pods without a part in the application: they show what opens to everybody, or to more than the pods of DNS.

    In each of its namespaces a newcomer, whose labels have these keys and values of its own, and one with the label of
    DNS; and one beside DNS in ``kube-system``.
    """
    new = dict.fromkeys(keys, "newcomer")
    each = (_visitor(space, *who) for space in spaces for who in (("newcomer", new), ("resolver", _DNS)))
    return (*each, _visitor("kube-system", "metrics", {"k8s-app": "metrics-server"}))


_DNS = {"k8s-app": "kube-dns"}


def lookalikes(labels: Iterable[Mapping[str, str]]) -> tuple[Resource, ...]:
    """Pods with these labels in a namespace of their own: they show what opens to a label, wherever its pod is."""
    home = from_object({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "elsewhere"}})
    each = {tuple(sorted(one.items())): one for one in labels}
    made = (_visitor("elsewhere", f"another-{number}", one) for number, one in enumerate(each.values(), 1))
    return (home, *made)


def _visitor(space: str, name: str, labels: Mapping[str, str]) -> Resource:
    spec = {"containers": [{"name": "visitor", "image": "busybox:1.36", "command": ["sleep", "3600"]}]}
    metadata = {"namespace": space, "name": name, "labels": dict(labels)}
    return from_object({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})


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
