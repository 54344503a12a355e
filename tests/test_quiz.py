"""Predictions and quiz questions: blank answers are fine, there is a second try, and every option has its why."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
import readable_lessons

from netpol_lab.lessons import quiz
from netpol_lab.lessons.given_answers import GivenAnswers
from netpol_lab.lessons.lesson_data import lessons
from netpol_lab.model.errors import LabError, NotFound
from netpol_lab.model.fields import DataError

QUESTIONS = [question.id for question in readable_lessons.questions() if not question.truth]
PREDICTIONS = [question.id for question in readable_lessons.questions() if question.truth]
NUMBERS = [f"{number:02}" for number in range(1, 13)]


@functools.cache
def of_lesson(lesson: str, xx: str) -> list[quiz.QuizQuestion]:
    return quiz.of_lesson(lesson, xx)


def question_of(id: str, xx: str = "07") -> quiz.QuizQuestion:
    return next(each for each in of_lesson(id.partition("/")[0], xx) if each.id == id)


def flat(text: str) -> str:
    return " ".join(text.split())


def wrong_letters(question: quiz.QuizQuestion) -> list[str]:
    return [option.letter for option in question.options if option.letter != question.answer]


@pytest.mark.parametrize("lesson", lessons("quiz"))
def test_the_questions_of_every_lesson_can_be_read(lesson: str):
    assert quiz.of_lesson(lesson)


def test_every_lesson_has_a_prediction_and_three_questions():
    for lesson in lessons("quiz"):
        assert sum(id.startswith(lesson) for id in PREDICTIONS) >= 1
        assert sum(id.startswith(f"{lesson}/q") for id in QUESTIONS) >= 3


def test_every_lesson_but_the_first_has_a_question_about_an_earlier_one():
    for lesson in lessons("quiz"):
        earlier = [question.about for question in quiz.of_lesson(lesson) if question.about]
        assert all(about in lessons("quiz") and about < lesson for about in earlier)
        assert bool(earlier) == (lesson != "00-start-here")


# -- what the form of a question gives away ------------------------------------------------------


def place_by_length(question: quiz.QuizQuestion) -> str:
    """Whether the right option is the longest, the shortest, or neither."""
    lengths = [len(option.text) for option in question.options]
    right = next(len(option.text) for option in question.options if option.letter == question.answer)
    return "longest" if right == max(lengths) else "shortest" if right == min(lengths) else "between"


@pytest.mark.parametrize("ids", [QUESTIONS, PREDICTIONS], ids=["quiz", "predictions"])
def test_the_length_of_an_option_tells_nothing(ids: list[str]):
    places = [place_by_length(question_of(id)) for id in ids]
    assert 0.2 <= places.count("longest") / len(ids) <= 0.45
    assert places.count("shortest") / len(ids) <= 0.45


@pytest.mark.parametrize("xx", NUMBERS)
def test_no_letter_is_right_in_half_of_the_questions(xx: str):
    letters = [question.answer for lesson in lessons("quiz") for question in of_lesson(lesson, xx)]
    assert max(letters.count(letter) for letter in "abcd") < len(letters) * 0.5


def test_over_a_class_each_of_three_letters_is_right_in_about_a_third():
    three = [id for id in QUESTIONS if len(question_of(id).options) == 3]
    letters = [question_of(id, xx).answer for id in three for xx in NUMBERS]
    assert all(0.28 < letters.count(letter) / len(letters) < 0.39 for letter in "abc")


@pytest.mark.parametrize("id", QUESTIONS)
def test_a_number_gives_one_order_and_the_right_option_goes_with_it(id: str):
    orders = {xx: question_of(id, xx) for xx in NUMBERS}
    for question in orders.values():
        assert [option.letter for option in question.options] == list("abcd")[: len(question.options)]
        right = next(option for option in question.options if option.letter == question.answer)
        assert right.why.startswith(next(o.why for o in orders["01"].options if o.key == right.key)[:3])
    assert len({tuple(option.key for option in question.options) for question in orders.values()}) > 2
    assert len({next(o.key for o in q.options if o.letter == q.answer) for q in orders.values()}) == 1


def test_a_scale_keeps_its_order_for_everybody():
    for xx in NUMBERS:
        assert quiz.load("07-three-tiers/p1", xx).options[0].text == "200"


# -- answers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("id", QUESTIONS)
@pytest.mark.parametrize("blank", [None, "", "  "])
def test_a_blank_answer_shows_the_options_and_gives_nothing_away(id: str, blank: str | None):
    question, text = question_of(id), flat(GivenAnswers("07").quiz(id, blank).text)
    for option in question.options:
        assert f"{option.letter}) " in text
        assert flat(option.why) not in text
    assert "(right" not in text


@pytest.mark.parametrize("id", QUESTIONS)
def test_a_right_answer_shows_the_why_of_every_option(id: str):
    question = question_of(id)
    picture = GivenAnswers("07").quiz(id, question.answer.upper())
    assert picture.title.startswith("= ")
    assert flat(picture.text).count("(right, your answer)") == 1
    assert picture.html.count("<details") == len(question.options)
    assert picture.html == GivenAnswers("07").quiz(id, question.answer).html


@pytest.mark.parametrize("id", QUESTIONS)
def test_a_first_wrong_answer_tells_its_own_why_and_no_other(id: str):
    question = question_of(id)
    for letter in wrong_letters(question):
        answers = GivenAnswers("07")
        for _ in range(2):  # the cell is run again: that is no second try
            picture = answers.quiz(id, letter)
            both = flat(picture.text) + picture.html
            assert picture.title.startswith("≠ ") and "Try once more" in picture.quiet
            assert "(right" not in both
            told = [option.letter for option in question.options if flat(option.why) in flat(picture.text)]
            assert told == [letter]
        assert "(right, your answer)" in flat(answers.quiz(id, question.answer).text)


@pytest.mark.parametrize("id", QUESTIONS)
def test_a_second_wrong_answer_tells_all(id: str):
    question, answers = question_of(id), GivenAnswers("07")
    first, second = wrong_letters(question)[:2]
    answers.quiz(id, first)
    picture = answers.quiz(id, second)
    assert picture.quiet == f"{second} is not right; {question.answer} is."
    assert all(flat(option.why) in flat(picture.text) for option in question.options)


def test_show_me_tells_all_at_once_and_the_blank_cell_shows_it_from_then_on():
    answers, question = GivenAnswers("07"), quiz.load("02-default-deny/q1")
    shown = answers.quiz(question.id, " Show  me ")
    assert shown.quiet == f"The answer is {question.answer}."
    assert answers.quiz(question.id, "").html == shown.html


def test_every_new_answer_is_heard_once_by_its_key_in_the_data():
    heard: list[tuple[str, str, str]] = []
    answers = GivenAnswers("42", lambda question, outcome, key: heard.append((question.id, outcome, key)))
    question = quiz.load("02-default-deny/q1", "42")
    wrong = next(option for option in question.options if option.letter != question.answer)
    for answer in ("", wrong.letter, wrong.letter, question.answer, "show me"):
        answers.quiz(question.id, answer)
    answers.predict("02-default-deny/p1", "")
    answers.predict("02-default-deny/p1")
    answers.predict("02-default-deny/p1", "show me")
    assert heard == [
        ("02-default-deny/q1", "wrong", wrong.key),
        ("02-default-deny/q1", "right", "b"),
        ("02-default-deny/q1", "shown", ""),
        ("02-default-deny/p1", "shown", ""),
    ]


@pytest.mark.parametrize("id", QUESTIONS)
def test_a_right_answer_does_not_begin_with_no(id: str):
    question = question_of(id)
    for option in question.options:
        assert option.why.startswith(("No", "Not", "Nothing", "It may", "That")) or option.letter == question.answer
        assert not option.why.startswith("No.") or option.letter != question.answer


@pytest.mark.parametrize("id", PREDICTIONS)
def test_a_prediction_is_taken_down_before_and_compared_after(id: str):
    question = question_of(id)
    for option in question.options:
        answers = GivenAnswers("07")
        assert flat(question.truth) not in flat(answers.predict(id, option.letter).text)
        after = answers.predict(id)
        assert ("= As you predicted" if option.letter == question.answer else "≠ Not what you predicted") == after.title
        assert flat(question.truth.split(".")[0][:40]) in flat(after.text)


@pytest.mark.parametrize("id", PREDICTIONS)
def test_without_a_prediction_it_is_asked_once_more_and_what_happened_is_folded(id: str):
    answers, question = GivenAnswers("07"), question_of(id)
    assert "between the quotes" in answers.predict(id, "").text
    late = answers.predict(id)
    assert "You made no prediction" in late.text and flat(question.truth) not in flat(late.text)
    assert "<summary>What happened</summary>" in late.html
    shown = answers.predict(id, "show me")
    assert flat(question.truth.split(".")[0][:40]) in flat(shown.text)
    assert answers.predict(id).html == shown.html


def test_a_prediction_that_is_made_late_is_compared_at_once():
    answers, question = GivenAnswers("07"), quiz.load("01-allow-all/p1")
    assert answers.compare(question, question.answer).title == "= As you predicted"


def test_the_number_of_the_student_is_filled_in():
    assert "server-42" in GivenAnswers("42").predict("01-allow-all/p1", "").text


def test_a_letter_that_is_no_option_is_refused_with_those_there_are():
    with pytest.raises(LabError, match="a, b, c, d"):
        GivenAnswers("07").quiz("01-allow-all/q1", "x")


def test_a_refused_prediction_is_not_taken_down():
    answers = GivenAnswers("07")
    with pytest.raises(LabError):
        answers.predict("01-allow-all/p1", "z")
    assert "You made no prediction" in answers.predict("01-allow-all/p1").text


def test_an_unknown_question_names_those_there_are():
    with pytest.raises(NotFound, match="01-allow-all/q1"):
        GivenAnswers("07").quiz("01-allow-all/q99")


# -- the data ------------------------------------------------------------------------------------


FAULTS = {
    "an option without its why": ("b: {text: B, why: No.}", "b: {text: B}", "why is missing"),
    "two options": (", c: {text: C, why: No.}", "", "three to five options"),
    "an answer that is no option": ("answer: a", "answer: d", "the answer has to be one of a, b, c, not 'd'"),
    "a gap in the letters": ("c: {text", "e: {text", "three to five options"),
    "an order nobody knows": ("answer: a", "answer: a\n  order: reversed", "one of own, kept"),
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
    monkeypatch.setattr("netpol_lab.model.datafiles._PLACES", (tmp_path,))
    file.write_text(good)
    assert [question.id for question in quiz.of_lesson("x")] == ["x/q1"]
    old, new, message = FAULTS[fault]
    assert old in good
    file.write_text(good.replace(old, new))
    with pytest.raises(DataError, match=r"quiz/x\.yaml") as caught:
        quiz.of_lesson("x")
    assert message in str(caught.value)
