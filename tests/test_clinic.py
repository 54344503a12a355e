"""The clinic: every patient is ill in a way that shows, can be cured, and knows a wrong cure by its mistake."""

from __future__ import annotations

import os
import shlex

import pytest

from netpol_lab.cluster.handle import SimulatedCluster
from netpol_lab.connections import naming
from netpol_lab.kubectl import Session, run
from netpol_lab.lessons.checking import check
from netpol_lab.lessons.loading import WrittenAnswer
from netpol_lab.lessons.practice.breaking import WAYS
from netpol_lab.lessons.practice.clinic import of_day, scenario, scenarios
from netpol_lab.lessons.practice.days import broken_day
from netpol_lab.lessons.practice.patients import Patient
from netpol_lab.model.errors import LabError, NotFound
from netpol_lab.tell import catalogue

DAYS = range(1, 1 + int(os.environ.get("NETPOL_LAB_DAYS", "9")))


def prints(cluster: SimulatedCluster, line: str) -> str:
    result = run(Session(cluster, terminal=False), shlex.split(line)[1:])
    return result.stdout + result.stderr


def give(cluster: SimulatedCluster, answer: WrittenAnswer) -> None:
    session = Session(cluster, terminal=False)
    if answer.manifest:
        assert run(session, ["apply", "-f", "-"], lambda: answer.manifest).exit_code == 0
    for line in answer.commands.splitlines():
        assert run(session, shlex.split(line)[1:]).exit_code == 0, line


def is_ill_and_cured_by_its_solution(patient: Patient) -> None:
    cluster = patient.exercise.start_cluster()
    assert patient.symptom.shows in prints(cluster, patient.symptom.command)
    assert not check(cluster, patient.exercise).passed
    give(cluster, patient.exercise.solution)
    assert patient.symptom.shows not in prints(cluster, patient.symptom.command)
    assert check(cluster, patient.exercise).passed


@pytest.mark.parametrize("id", scenarios())
def test_a_named_patient_shows_its_symptom_and_is_cured_by_its_solution(id: str) -> None:
    is_ill_and_cured_by_its_solution(scenario(id))


@pytest.mark.parametrize("id", scenarios())
def test_a_wrong_cure_of_a_named_patient_fails_with_its_mistake(id: str) -> None:
    patient = scenario(id)
    for wrong in patient.exercise.wrong:
        cluster = patient.exercise.start_cluster()
        give(cluster, wrong.answer)
        result = check(cluster, patient.exercise)
        assert (result.passed, result.mistake) == (False, wrong.mistake), wrong.name


@pytest.mark.parametrize("id", scenarios())
def test_the_diagnosis_of_a_named_patient_holds_its_mistakes_and_others(id: str) -> None:
    patient = scenario(id)
    question = patient.diagnosis()
    assert len(question.right) == len(set(patient.mistakes)) < len(question.options)
    assert {catalogue.mistake(each).id for each in patient.mistakes} == set(patient.mistakes)


@pytest.mark.parametrize("day", DAYS)
def test_the_patient_of_a_day_shows_its_symptom_and_is_cured_by_its_solution(day: int) -> None:
    is_ill_and_cured_by_its_solution(of_day(day))


@pytest.mark.parametrize("day", DAYS)
def test_a_repair_of_some_of_the_breaks_of_a_day_is_not_enough(day: int) -> None:
    patient = of_day(day)
    for left_out in broken_day(day).breaks:
        cluster = SimulatedCluster.at(patient.exercise.solved_state())
        for each in left_out.instead:
            give(cluster, WrittenAnswer(manifest=str(each)))
        if left_out.policy not in {
            each["metadata"]["name"] for each in left_out.instead if "namespace" in each["metadata"]
        }:
            give(
                cluster,
                WrittenAnswer(commands=f"kubectl delete networkpolicy {left_out.policy} -n {left_out.namespace}"),
            )
        assert not check(cluster, patient.exercise).passed, left_out


@pytest.mark.parametrize("level", (1, 2, 3))
def test_a_level_is_the_number_of_breaks_and_each_is_of_another_mistake(level: int) -> None:
    for day in DAYS:
        breaks = broken_day(day, level).breaks
        assert len(breaks) == len({each.mistake for each in breaks}) == level


def test_what_is_felt_is_what_a_client_meets() -> None:
    for day in DAYS:
        patient = broken_day(day)
        exercise = of_day(day).exercise
        ill, well = exercise.start_cluster().snapshot(), exercise.solved_state()
        for one in patient.felt:
            ends = (one.source.id, one.destination.id, one.destination.service, "TCP", one.source.namespace)
            passes = [naming.flow(state, *ends).connected for state in (ill, well)]
            assert passes == [not one.wanted, one.wanted]


def test_every_way_to_break_a_world_is_drawn() -> None:
    drawn = {each.mistake for day in range(1, 121) for each in broken_day(day).breaks}
    assert drawn == set(WAYS)


def test_the_same_day_is_the_same_patient() -> None:
    assert of_day(17) == of_day(17)
    assert of_day(17, 1).exercise.given != of_day(18, 1).exercise.given


def test_a_day_a_level_and_a_name_that_are_none_are_told() -> None:
    with pytest.raises(LabError, match="numbered from 1"):
        of_day(0)
    with pytest.raises(LabError, match="levels 1, 2 and 3"):
        of_day(1, 4)
    with pytest.raises(NotFound, match="There is no patient 'S99'"):
        scenario("S99")
