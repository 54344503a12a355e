"""Questions of a lab, answered by a button: the card is an output of its own, and the buttons only ask it anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netpol_lab import Lab
from netpol_lab.lab import pressed
from netpol_lab.lessons import quiz
from netpol_lab.model.errors import LabError

ID = "02-default-deny/q4"


@pytest.fixture
def lab(notebook_folder: Path) -> Any:
    opened = Lab("07", lesson="02-default-deny")
    yield opened
    opened.close()


def pressing(picture: pressed.PressedPicture) -> tuple[Any, list[dict[str, Any]], Any]:
    """A way to press a button, what was shown, and the place where it is said."""
    shown: list[dict[str, Any]] = []
    row = picture.row(shown.append)
    buttons = {child.description: child for child in row.children if type(child).__name__ == "Button"}
    return (lambda word: buttons[word].click()), shown, row.children[-1]


def test_a_press_is_the_same_as_the_letter_in_quotes(lab: Lab) -> None:
    question = quiz.load(ID)
    wrong = next(option.letter for option in question.options if option.letter != question.answer)
    press, shown, said = pressing(lab.quiz(ID, ""))
    press(wrong)
    assert shown[-1]["text/html"] == lab.quiz(ID, wrong).html
    assert 'role="alert"' in said.value and f"{wrong} is not right" in said.value
    press(question.answer)
    assert f"{question.answer} is right." in said.value
    assert shown[-1]["text/plain"] == lab.quiz(ID, question.answer).text


def test_each_button_says_what_it_stands_for(lab: Lab) -> None:
    row = lab.quiz(ID, "").row(lambda shown: None)
    made = [(child.description, child.tooltip) for child in row.children if type(child).__name__ == "Button"]
    options = [(option.letter, option.text) for option in quiz.load(ID).options]
    assert made == [*options, ("show me", "the answer, with its reasons")]


def test_a_prediction_has_no_show_me_before_its_command_and_has_it_after(lab: Lab) -> None:
    assert "show me" not in dict(lab.predict("02-default-deny/p1", "").buttons)
    press, shown, _ = pressing(lab.predict("02-default-deny/p1"))
    press("show me")
    assert "What happened" in shown[-1]["text/plain"]


def test_a_pressed_prediction_is_compared_after_the_command(lab: Lab) -> None:
    right = quiz.load("02-default-deny/p1").answer
    press, shown, said = pressing(lab.predict("02-default-deny/p1", ""))
    press(right)
    assert f"You expect {right}" in said.value and "(your answer)" in shown[-1]["text/plain"]
    assert lab.predict("02-default-deny/p1").title == "= As you predicted"


def test_nothing_is_left_to_press_when_all_is_told(lab: Lab) -> None:
    assert lab.quiz(ID, quiz.load(ID).answer).buttons == ()
    lab.predict("02-default-deny/p1", "a")
    assert lab.predict("02-default-deny/p1").buttons == ()


def test_a_fault_behind_a_button_is_said_beside_it(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(word: str) -> Any:
        raise ZeroDivisionError("somewhere deep")

    press, shown, said = pressing(pressed.with_buttons(lab.quiz(ID, ""), [("a", "A")], broken))
    press("a")
    assert "met a fault of the lab" in said.value and shown == []


def test_what_is_stored_has_no_random_part(lab: Lab) -> None:
    assert lab.quiz(ID, "")._repr_mimebundle_() == lab.quiz(ID, "")._repr_mimebundle_()
    assert set(lab.quiz(ID, "")._repr_mimebundle_()) == {"text/html", "text/plain"}


def test_the_question_about_an_earlier_lesson_is_answered_like_a_quiz(lab: Lab) -> None:
    assert "From lesson 01-allow-all." in lab.recall("").quiet
    assert lab.recall("show me").quiet.startswith("The answer is ")


def test_a_lesson_with_nothing_before_it_has_nothing_to_repeat(lab: Lab) -> None:
    lab.lesson = "00-start-here"
    with pytest.raises(LabError, match="Nothing is left to repeat"):
        lab.recall()


def test_what_an_exercise_holds_back_is_shown_by_a_press(lab: Lab) -> None:
    lab.start("02-default-deny/2")
    asked = ("dev/tools", "production/db", 5432)
    held = lab.why(*asked)
    assert isinstance(held, pressed.PressedPicture) and held.buttons == (("show me", "the reasons of this connection"),)
    press, shown, said = pressing(held)
    press("show me")
    assert shown[-1]["text/html"] == lab.why(*asked).html != held.html
    assert 'role="alert"' in said.value
