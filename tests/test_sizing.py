"""The page for trainers tells what a class needs, as computed from the measurement that is stored."""

from __future__ import annotations

import copy
from pathlib import Path

import yaml

from benchmarks import sizing

VALUES = Path(__file__).resolve().parent.parent / "examples" / "zero-to-jupyterhub" / "values.yaml"


def test_the_page_tells_what_the_measurement_gives() -> None:
    assert sizing.PAGE.read_text("utf-8") == sizing.page_with_table()


def test_the_measurement_was_of_thirty_at_once_and_nobody_failed() -> None:
    of = sizing.measured()
    assert (of["students"], of["failed"]) == (30, 0)
    assert of["again"] and of["came_again"] >= of["again"]
    assert len(of["seconds_in_all"]) == of["students"] - of["again"]
    assert min(of["seconds_to_picture"]) > 0


def test_twice_the_students_need_more_of_everything_and_another_measurement_another_table() -> None:
    of = sizing.measured()
    few, many = sizing.needs(200, of), sizing.needs(2000, of)
    assert all(less < more for less, more in zip(few, many, strict=True))
    heavier = copy.copy(of)
    heavier["kernel_megabytes"] *= 2
    assert sizing.needs(200, heavier)[0] > few[0]


def test_the_values_for_kubernetes_give_a_student_what_was_measured() -> None:
    of, memory = sizing.measured(), yaml.safe_load(VALUES.read_text("utf-8"))["singleuser"]["memory"]
    megabytes = {"M": 1, "G": 1000}
    asked = {name: float(value[:-1]) * megabytes[value[-1]] for name, value in memory.items()}
    assert asked["guarantee"] >= sizing.megabytes_of_a_student(of)
    assert asked["limit"] >= 1.25 * sizing.megabytes_of_a_student(of)
