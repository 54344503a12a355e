"""Cards of questions: asked, answered, told. All that a click does not unfold stands in their text as well."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from netpol_lab.display import card
from netpol_lab.display.card import Picture
from netpol_lab.display.markup import Markup, ascii_text, el, join, prose, wrap_twin
from netpol_lab.lessons.quiz import Option, QuizQuestion
from netpol_lab.model.language import spoken


def asked(question: QuizQuestion, chosen: Option | None = None) -> Picture:
    """A prediction before the command: the options, and an acknowledgment of an answer, never the truth."""
    said = (
        spoken("You expect {letter}. Now see what happens.", letter=chosen.letter)
        if chosen
        else how_to_answer(question)
    )
    return _card(spoken("Predict: {question}", question=question.text), said, question.options, mark=chosen)


def compared(question: QuizQuestion, chosen: Option | None) -> Picture:
    """A prediction after the command: what happened, beside what was said; None: nothing was, and it was shown."""
    right = question.answer
    if chosen is None:
        title = spoken("What happened")
        quiet = spoken("You made no prediction this time. It was {right}.", right=right)
    elif chosen.letter == right:
        title = spoken("= As you predicted")
        quiet = spoken("You said {right}, and so it is.", right=right)
    else:
        title = spoken("≠ Not what you predicted")
        said = "You said {letter}; it was {right}. Good: here is something to learn."
        quiet = spoken(said, letter=chosen.letter, right=right)
    options = [option for option in question.options if option == chosen or option.letter == right]
    return _card(title, quiet, options, mark=chosen, after=question.truth)


def not_predicted(question: QuizQuestion) -> Picture:
    """A prediction after the command, when none was made: it is asked once more, and what happened stays folded."""
    said = spoken('You made no prediction. Make one now, in the cell above or by a button; or say "show me".')
    right = next(option for option in question.options if option.letter == question.answer)
    fold = _fold(spoken("What happened"), [_row(right, False, True, ()), el("div", prose(question.truth))])
    return _card(spoken("Predict: {question}", question=question.text), said, question.options, fold=fold)


def open_question(question: QuizQuestion, before: str = "") -> Picture:
    """A quiz question nobody answered yet; the answer is folded. ``before`` is a sentence that stands first."""
    whys = [_row(option, False, option.letter == question.answer, question.options) for option in question.options]
    fold = _fold(spoken("The answer, with the why of every option"), whys)
    return _card(question.text, f"{before} {how_to_answer(question)}".strip(), question.options, fold=fold)


def second_try(question: QuizQuestion, chosen: Option) -> Picture:
    """A first wrong answer: why it is wrong, and nothing about the others."""
    said = spoken(
        '{letter} is not right, for the reason under it. Try once more, or say "show me".', letter=chosen.letter
    )
    return _card(f"≠ {question.text}", said, question.options, mark=chosen, told=[chosen])


def told(question: QuizQuestion, chosen: Option | None) -> Picture:
    """The answer, with the why of every option. ``chosen`` None: it was asked for."""
    right = question.answer
    if chosen is None:
        sign, said = "", spoken("The answer is {right}.", right=right)
    elif chosen.letter == right:
        sign, said = "= ", spoken("{right} is right.", right=right)
    else:
        sign, said = "≠ ", spoken("{letter} is not right; {right} is.", letter=chosen.letter, right=right)
    return _card(f"{sign}{question.text}", said, question.options, mark=chosen, right=right, told=question.options)


def how_to_answer(question: QuizQuestion) -> str:
    """What to do with a question."""
    first, last = question.options[0].letter, question.options[-1].letter
    said = "Put one letter from {first} to {last} between the quotes, and run the cell again."
    return spoken(said, first=first, last=last)


def _card(
    title: str,
    quiet: str,
    options: Sequence[Option],
    *,
    mark: Option | None = None,
    right: str = "",
    told: Collection[Option] = (),
    fold: Markup | None = None,
    after: str = "",
) -> Picture:
    """Options as a list. ``mark`` is the student's choice, ``right`` the right letter where it is told.

    ``told`` are the options whose whys are told. ``fold`` is what a click unfolds, ``after`` a closing sentence.
    """
    body = [_row(option, option == mark, option.letter == right, told) for option in options]
    twin = [line for option in options for line in _lines(option, option == mark, option.letter == right, told)]
    boxes = [card.box("", after)] if after else []
    shown: Picture = card.figure(title, quiet, [*body, fold] if fold else body, boxes, drawn=False, rules=_RULES)
    # The card is text already: the twin serves print and terminals, and is not repeated below it.
    return replace(shown, twin=wrap_twin("\n".join([*twin, *(["", ascii_text(after)] if after else [])])))


def _fold(summary: str, content: Iterable[Markup]) -> Markup:
    return el("details", el("summary", summary), *content, class_="npl-option")


def _row(option: Option, chosen: bool, right: bool, told: Collection[Option]) -> Markup:
    words = _words(chosen, right)
    head = join([el("strong", f"{option.letter})"), " ", prose(option.text), el("em", words) if words else ""])
    if option not in told or not option.why:
        return el("div", head, class_="npl-option")
    # Right answer and own choice stand open; the others are folded, and their whys are worth a click.
    why = el("details", el("summary", head), el("div", prose(option.why)), open="open" if right or chosen else None)
    return el("div", why, class_="npl-option")


def _words(chosen: bool, right: bool) -> str:
    said = ("(right, your answer)" if chosen else "(right)") if right else "(your answer)" if chosen else ""
    return said and f" {spoken(said)}"


def _lines(option: Option, chosen: bool, right: bool, told: Collection[Option]) -> list[str]:
    head = ascii_text(f"{option.letter}) {option.text}{_words(chosen, right)}".replace("`", ""))
    return [head, f"   {ascii_text(option.why.replace('`', ''))}"] if option in told and option.why else [head]


_RULES = """
& .npl-option { margin-top: 6px; padding: 2px 0 }
& .npl-option em { font-style: normal; color: var(--npl-ink2) }
& .npl-option details > div { margin: 2px 0 4px 18px; color: var(--npl-ink2) }
& .npl-option summary { cursor: pointer; display: list-item }
"""
