"""Predictions and quiz questions: blank answers are fine, and every option has its why."""

from __future__ import annotations

from pathlib import Path

import pytest

from netpol_lab.lessons import quiz
from netpol_lab.lessons.lesson_data import lessons
from netpol_lab.model.errors import LabError, NotFound
from netpol_lab.model.fields import DataError

IDS = [question.id for lesson in lessons("quiz") for question in quiz.of_lesson(lesson)]
QUESTIONS = [id for id in IDS if "/q" in id]
PREDICTIONS = [id for id in IDS if "/p" in id]


def flat(text: str) -> str:
    return " ".join(text.split())


def test_every_lesson_has_a_prediction_and_three_questions():
    for lesson in ("00-start-here", "01-allow-all", "02-default-deny", "03-allow-specific"):
        assert sum(id.startswith(lesson) for id in PREDICTIONS) >= 1
        assert sum(id.startswith(lesson) for id in QUESTIONS) >= 3


@pytest.mark.parametrize("id", QUESTIONS)
@pytest.mark.parametrize("blank", [None, "", "  "])
def test_a_blank_answer_shows_the_options_and_gives_nothing_away(id: str, blank: str | None):
    question, text = quiz.load(id), flat(quiz.quiz(id, blank).text)
    for option in question.options:
        assert f"{option.letter}) " in text
        assert flat(option.why) not in text
    assert "(right" not in text


@pytest.mark.parametrize("id", QUESTIONS)
def test_any_answer_shows_the_why_of_every_option(id: str):
    question = quiz.load(id)
    for option in question.options:
        picture = quiz.quiz(id, option.letter.upper())
        assert ("= " if option.letter == question.answer else "≠ ") == picture.title[:2]
        assert picture.text.count("(right") == 1 and picture.text.count("your answer)") == 1
        assert picture.html.count("<details") == len(question.options)
        assert picture.html == quiz.quiz(id, option.letter).html


@pytest.mark.parametrize("id", QUESTIONS)
def test_a_right_answer_does_not_begin_with_no(id: str):
    question = quiz.load(id)
    for option in question.options:
        assert option.why.startswith(("No", "Not", "Nothing", "It may", "That")) or option.letter == question.answer
        assert not option.why.startswith("No.") or option.letter != question.answer


def test_the_right_letters_are_not_always_the_same():
    letters = [quiz.load(id).answer for id in QUESTIONS]
    assert max(letters.count(letter) for letter in letters) <= len(letters) * 0.6


@pytest.mark.parametrize("id", PREDICTIONS)
def test_a_prediction_is_taken_down_before_and_compared_after(id: str):
    question = quiz.load(id)
    for option in question.options:
        ask = quiz.Predictions("07")
        assert flat(question.truth) not in flat(ask(id, option.letter).text)
        after = ask(id)
        assert ("= As you predicted" if option.letter == question.answer else "≠ Not what you predicted") == after.title
        assert flat(question.truth.split(".")[0][:40]) in flat(after.text)


@pytest.mark.parametrize("id", PREDICTIONS)
def test_without_a_prediction_the_truth_is_told_all_the_same(id: str):
    ask = quiz.Predictions("07")
    assert "between the quotes" in ask(id, "").text
    assert "You made no prediction" in ask(id).text
    assert "You made no prediction" in quiz.Predictions("07")(id).text


def test_the_number_of_the_student_is_filled_in():
    assert "server-42" in quiz.Predictions("42")("01-allow-all/p1", "").text


def test_a_letter_that_is_no_option_is_refused_with_those_there_are():
    with pytest.raises(LabError, match="a, b, c, d"):
        quiz.quiz("01-allow-all/q1", "x")


def test_a_refused_prediction_is_not_taken_down():
    ask = quiz.Predictions("07")
    with pytest.raises(LabError):
        ask("01-allow-all/p1", "z")
    assert "You made no prediction" in ask("01-allow-all/p1").text


def test_an_unknown_question_names_those_there_are():
    with pytest.raises(NotFound, match="01-allow-all/q1"):
        quiz.quiz("01-allow-all/q99")


FAULTS = {
    "an option without its why": ("b: {text: B, why: No.}", "b: {text: B}", "why is missing"),
    "two options": (", c: {text: C, why: No.}", "", "three to five options"),
    "an answer that is no option": ("answer: a", "answer: d", "one of them as answer"),
    "a gap in the letters": ("c: {text", "e: {text", "three to five options"),
    "an unknown field": ("answer: a", "answer: a\n  points: 3", "unknown field 'points'"),
    "another lesson's name": ("lesson: x", "lesson: y", "lesson says 'y'"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_data_names_its_file_and_place(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    good = """lesson: x
quiz:
- id: x/q1
  question: Q?
  options: {a: {text: A, why: Yes.}, b: {text: B, why: No.}, c: {text: C, why: No.}}
  answer: a
"""
    (tmp_path / "quiz").mkdir()
    file = tmp_path / "quiz" / "x.yaml"
    monkeypatch.setattr("netpol_lab.lessons.lesson_data.data.path", lambda *parts: tmp_path.joinpath(*parts))
    file.write_text(good)
    assert [question.id for question in quiz.of_lesson("x")] == ["x/q1"]
    old, new, message = FAULTS[fault]
    assert old in good
    file.write_text(good.replace(old, new))
    with pytest.raises(DataError, match=r"quiz/x\.yaml") as caught:
        quiz.of_lesson("x")
    assert message in str(caught.value)
