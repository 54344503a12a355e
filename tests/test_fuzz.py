"""Whatever a student types, by whatever door, answers come, and what is stored can be shown.

``python tests/fuzz.py`` is the same for as long as you like. What it found once is kept in ``fuzz_found.json``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from odd_inputs import INPUTS, Step
from student_session import StudentSession

from netpol_lab import Lab
from netpol_lab.lab import student_files

FOUND: list[list[Step]] = json.loads((Path(__file__).parent / "fuzz_found.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudentSession]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("fuzz"))
        patch.setattr(student_files, "_home", None)
        patch.setenv("XX", "")
        lab = Lab("07")
        yield StudentSession(lab).fails_loudly(patch.setattr)
        lab.close()


@pytest.mark.parametrize("number", range(len(FOUND)))
def test_what_was_found_once_is_mended(student: StudentSession, number: int) -> None:
    student.take(FOUND[number])


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(INPUTS)
def test_any_input_gets_an_answer_and_after_every_change_every_view_can_be_drawn(
    student: StudentSession, steps: list[Step]
) -> None:
    student.take(steps)


def test_the_inputs_do_change_the_cluster(student: StudentSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """A canary: with nothing but refusals the test above would see no view at all."""
    looked: list[Step] = []
    monkeypatch.setattr(student, "look", looked.append)

    @settings(max_examples=100, suppress_health_check=list(HealthCheck))
    @given(INPUTS)
    def count(steps: list[Step]) -> None:
        student.take(steps)

    count()
    assert len(looked) >= 20
