"""The clinic: patients with a name, ``S07``, from ``data/clinic``, and one for every day."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import yaml

from netpol_lab.lessons.loading import Exercise, WantedCell, WrittenAnswer, read_exercise
from netpol_lab.lessons.practice.days import Break, BrokenDay, Felt, broken_day, id_of
from netpol_lab.lessons.practice.healthy_worlds import Manifest, partners, pod_of, service_of
from netpol_lab.lessons.practice.patients import Patient, Symptom, lookalikes, newcomers
from netpol_lab.manifests import from_object
from netpol_lab.model import datafiles as data
from netpol_lab.model.errors import NotFound
from netpol_lab.model.fields import DataError, Fields
from netpol_lab.model.phrases import capital, listed
from netpol_lab.tell import catalogue


def load(id: str, xx: str = "07") -> Patient:
    """A patient by id: ``S07``, ``day 17`` or ``day 17 level 2``. Raises NotFound for what is no patient's id."""
    day = re.fullmatch(r"day (\d{1,9})(?: level (\d))?", id)
    return of_day(int(day[1]), int(day[2]) if day[2] else None, xx) if day else scenario(id, xx)


def is_patient(id: str) -> bool:
    """Whether an id is that of a patient, be there one or not."""
    return re.fullmatch(r"S\d+|day .*", id) is not None


# -- patients with a name --------------------------------------------------------------------------


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
        fields = Fields({"id": id, **yaml.safe_load(data.path("clinic", f"{id}.yaml").read_text("utf-8"))}, place)
    except yaml.YAMLError as error:
        raise DataError(f"{place}: {error}") from None
    symptom, level = fields.inner("symptom"), fields.number("level")
    shown = Symptom(symptom.text("command"), symptom.text("shows"))
    symptom.done()
    complaint, wants, mistakes = fields.text("complaint"), fields.texts("wants"), fields.texts("mistakes")
    told = fields.texts("told")
    cast = list(_cast(fields))
    # Without the lines of a file that the student does not have.
    brought = yaml.safe_load_all(fields.text("cluster")) if "cluster" in fields else ()
    given = tuple(from_object(each) for each in (*cast, *brought))
    read = read_exercise(fields, xx)
    if level not in (1, 2, 3) or not read.wrong or not read.cells or not mistakes or not told:
        raise DataError(f"{place}: a level from 1 to 3, cells, mistakes, told, and a wrong answer are expected.")
    spaces = tuple(dict.fromkeys(each["metadata"]["name"] for each in cast if each["kind"] == "Namespace"))
    carried = [labels for each in given if (labels := _carried(each.body))]
    keys = dict.fromkeys(("app", *(key for labels in carried for key in labels)))
    visitors = (*read.visitors, *newcomers(spaces, keys), *lookalikes(carried))
    exercise = replace(read, given=given, visitors=visitors, scope=spaces, rest="solution")
    return Patient(exercise, level, complaint, shown, wants, mistakes, told)


def _carried(made: Mapping[str, Any]) -> dict[str, str]:
    """The labels of the pods that an object brings; none for one without pods."""
    about = made["spec"]["template"] if made["kind"] == "Deployment" else made
    return dict(about["metadata"].get("labels") or {}) if made["kind"] in ("Pod", "Deployment") else {}


def _cast(fields: Fields) -> Iterator[Manifest]:
    """The namespaces, pods and Services of a file. A row of ``pods`` is a pod, or a Deployment with its template.

    ``namespaces`` gives labels; those without any need not be named. ``service`` is the port of a Service.
    """
    labels = fields.mapping("namespaces") if "namespaces" in fields else {}
    rows = list(fields.each("pods"))
    made: list[Manifest] = []
    for row in rows:
        space, _, name = row.text("pod").partition("/")
        labels.setdefault(space, {})
        carries, port, service = row.labels("labels"), row.number("port") or 80, row.number("service")
        above = row.labels("deployment") if "deployment" in row else None
        made.append(pod_of(space, name, carries, port, above, row.text("port name", "")))
        made += [service_of(space, name, carries, service, port)] if service else []
        row.done()
    for space, carried in labels.items():
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space, "labels": carried}}
    yield from made


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
        title=f"{capital(made.company)}, level {day.level}",
        question="Repair the policies: what has to work works again, and nothing else opens.",
        visitors=(*newcomers(made.spaces), *lookalikes(partners(made))),
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
    found = [id_of(one) for one in each.instead]
    beside = [f"`{name}`" for _, name in found if name != each.policy]
    if not found:
        place = f"`{each.policy}` of `{each.namespace}` is missing"
    elif found[0][0] != each.namespace:
        place = f"`{each.policy}` is in `{found[0][0]}`, and belongs into `{each.namespace}`"
    else:
        place = f"{' beside '.join([*beside, f'`{each.policy}`'])} in `{each.namespace}`"
    return f"{place}. {mistake.name}: {mistake.sentence}"


def _cure(day: BrokenDay) -> WrittenAnswer:
    """The healthy form of what was broken; policies that only the illness has are deleted."""
    healthy = {id_of(each): each for each in day.world.policies()}
    extra = [id_of(each) for each in day.policies() if id_of(each) not in healthy]
    return WrittenAnswer(
        manifest=yaml.safe_dump_all([healthy[each.namespace, each.policy] for each in day.breaks], sort_keys=False),
        commands="\n".join(f"kubectl delete networkpolicy {name} -n {space}" for space, name in extra),
    )
