"""The guest lab in examples/packs: somebody else's lesson, made by AUTHORING.md alone, is a lesson like ours."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from netpol_lab.lessons import exercises, quiz
from netpol_lab.lessons.decks.taught import lesson_names, taught
from netpol_lab.lessons.packs import build_lab, proving
from netpol_lab.lessons.packs.lesson_lint import tags
from netpol_lab.model import pack_folders

NAME = "30-ferries"


@pytest.fixture(autouse=True)
def pack(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = repository / "examples" / "packs" / "ferries"
    monkeypatch.setenv(pack_folders.VARIABLE, str(folder))
    return folder


def test_it_is_of_the_size_that_was_asked_for() -> None:
    state = exercises.load(f"{NAME}/1").start_cluster().snapshot()
    assert 5 <= len([pod for pod in state.pods if pod.namespace != "kube-system"]) <= 8
    assert len(exercises.ids(NAME)) == 3
    assert [each.id for each in quiz.of_lesson(NAME)] == [f"{NAME}/{part}" for part in ("p1", "q1", "q2", "r1")]


def test_it_is_taught_from_a_deck_like_a_lesson_of_the_workbook() -> None:
    assert lesson_names("30") == [NAME]
    lesson = taught(NAME)
    assert lesson.minutes == 30 and lesson.section("Quiz")


def test_it_builds_runs_blank_runs_twice_the_same_and_is_what_is_stored(pack: Path) -> None:
    """What is stored is renewed by `make notebooks`. Look at what changed."""
    files, faults = build_lab.build(pack / "source" / f"{NAME}.md")
    assert faults == []
    assert {name: (pack / name).read_text("utf-8") for name in files} == files
    solved = nbformat.reads(files[f"solutions/{NAME}.ipynb"], as_version=4)
    checks = [cell.outputs[0].data["text/plain"] for cell in solved.cells if "check" in tags(cell)]
    assert len(checks) == 3 and all(text.startswith("= Equivalent") for text in checks)


def test_its_solutions_pass_and_each_wrong_answer_is_rejected_with_its_mistake() -> None:
    named = set()
    for exercise in exercises.of_lesson(NAME):
        assert proving.answered(exercise, exercise.solution).passed
        for wrong in exercise.wrong:
            result = proving.answered(exercise, wrong.answer)
            assert not result.passed and result.mistake == wrong.mistake
            named.add(wrong.mistake)
    assert len(named) >= 6
