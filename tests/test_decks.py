"""Decks: from the lessons' own files, whole in themselves, paced, with notes, and readable on a projector."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
import deck_checks
import real_jupyterlab
from click.testing import CliRunner

from netpol_lab.lab.cli import main
from netpol_lab.lessons.decks import deck_page, talks
from netpol_lab.lessons.decks.deck_choice import TALKS, deck_names, deck_text
from netpol_lab.lessons.decks.deck_page import page
from netpol_lab.lessons.decks.slides import DeckSlide, lesson_slides, section_slides, total_seconds
from netpol_lab.lessons.decks.taught import lesson_names, read_lesson, taught
from netpol_lab.model.datafiles import lessons_to_teach
from netpol_lab.model.errors import LabError, NotFound

LESSONS = lesson_names()
NAMED = pytest.mark.parametrize("name", LESSONS)


class Addresses(HTMLParser):
    """Every address that the attributes of a page name."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {"href", "src", "srcset", "action", "data", "poster", "xlink:href"}
        self.found += [value or "" for name, value in attrs if name in names]


@pytest.mark.parametrize("name", [*LESSONS, *TALKS])
def test_a_deck_names_no_address_and_asks_for_no_file(name: str) -> None:
    text = deck_text(name)
    assert [each for each in Addresses(text).found if not each.startswith("#")] == []
    style = re.findall(r"(?s)<style>(.*?)</style>", text)
    assert [each for each in style if re.search(r"@import|url\((?!#|data:)", each)] == []


def test_the_same_lesson_gives_the_same_bytes() -> None:
    assert deck_text("02-default-deny") == deck_text("02-default-deny")


@NAMED
def test_a_deck_takes_as_long_as_its_lesson_without_what_is_left_out(name: str) -> None:
    lesson = taught(name)
    left_out = sum(each.seconds for each in lesson.sections if each.title in {"Clean up", "Further reading"})
    whole = sum(each.seconds for each in lesson.sections)
    assert total_seconds(lesson_slides(lesson)) == pytest.approx(whole - left_out, abs=1)


def test_an_hours_talk_fits_and_leaves_time_for_questions() -> None:
    assert 35 * 60 < total_seconds(talks.hour()[1]) <= 50 * 60


def test_the_course_has_its_breaks_and_each_of_its_lessons() -> None:
    title, slides = talks.course()
    titles = [slide.title for slide in slides]
    assert titles.count("Lunch") == 2 and titles.count("Break") >= 4
    assert taught("00-start-here").title in titles and taught("09-plugins-and-limits").title in titles
    agenda = "".join(slide.body for slide in slides if "agenda" in slide.body)
    assert "9:00" in agenda and "lunch" in agenda.lower() and title


def test_a_section_that_has_gone_from_a_talk_is_named_with_those_there_are() -> None:
    with pytest.raises(NotFound, match=r"no section 'The moon'\. There are: .*The story"):
        taught("02-default-deny").section("The moon")


def test_what_a_command_prints_comes_after_it_and_its_notes_say_what_to_do_when_it_fails() -> None:
    slides = section_slides(taught("02-default-deny").section("What default-deny-ingress does not touch"))
    (run,) = [slide for slide in slides if slide.kind == "run"]
    assert run.body.index("nslookup") < run.body.index("printed fragment")
    assert "If it fails" in run.notes and "They ask" in run.notes


def test_no_sentence_of_a_lesson_is_lost_between_slides_and_notes() -> None:
    section = taught("02-default-deny").section("The story")
    shown = re.sub(r"<[^>]+>", "", "".join(slide.body + slide.notes for slide in section_slides(section)))
    for sentence in ("closed first, then open what is needed.", "Today you do the first half.", "no policy."):
        assert sentence in shown, sentence


def test_the_solution_of_an_exercise_is_on_no_slide_before_its_task() -> None:
    slides = section_slides(taught("02-default-deny").section("Exercise 1: close one pod and leave the others open"))
    kinds = [slide.kind for slide in slides]
    task = kinds.index("exercise")
    assert "____" in slides[task].body and "Hint 3" in slides[task].notes
    assert "solution" in kinds[task:] and not any("app: db" in slide.body for slide in slides[:task])


@NAMED
def test_every_section_says_what_to_say_what_they_will_ask_and_what_to_leave_out(name: str) -> None:
    for section in taught(name).sections[1:]:
        if section.title not in {"Clean up", "Further reading"}:
            notes = section_slides(section)[0].notes
            missing = [word for word in ("Say", "They ask", "Short of time") if f"<strong>{word}:" not in notes]
            assert missing == [], section.title


def test_names_that_mean_no_deck_are_told_with_those_there_are() -> None:
    assert deck_names([]) == [*LESSONS, "hour", "course"]
    done = CliRunner().invoke(main, ["slides", "77"])
    assert (done.exit_code, "No lesson begins with '77'" in done.output) == (2, True)


def test_without_reveal_js_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deck_page, "find_spec", lambda name: None)
    done = CliRunner().invoke(main, ["slides", "91"])
    assert done.exit_code == 2 and "netpol-lab[slides]" in done.output and "Traceback" not in done.output


def test_a_half_saved_notebook_is_named_and_no_deck_is_written(tmp_path: Path) -> None:
    source, solved = lessons_to_teach()[0]
    half = tmp_path / solved.name
    half.write_bytes(solved.read_bytes()[:5000])
    with pytest.raises(LabError, match=r"00-start-here\.ipynb is no whole notebook"):
        read_lesson(source, half)
    with pytest.raises(LabError, match="was not made from"):
        read_lesson(source, lessons_to_teach()[1][1])


def test_a_hostile_word_in_a_cell_stays_a_word() -> None:
    text = page("x", "<script>alert(1)</script>", [DeckSlide("told", "<img src=x onerror=alert(1)>", "<p>a</p>")])
    assert "<img src=x" not in text and "<script>alert" not in text


# -- in a browser ---------------------------------------------------------------------------------

BROWSER = real_jupyterlab.browser()
IN_BROWSER = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on PATH")


@IN_BROWSER
def test_no_slide_overflows_and_no_letter_is_small_with_the_network_off(tmp_path: Path) -> None:
    deck = tmp_path / "00-start-here.html"
    deck.write_text(deck_text("00-start-here"), encoding="utf-8")
    with real_jupyterlab.chromium(str(BROWSER)) as opened:
        found = deck_checks.check(opened, deck, scheme="dark")
    assert found.faults == []
    assert found.slides > 30 and found.minutes == round(total_seconds(lesson_slides(taught("00-start-here"))) / 60)


@IN_BROWSER
def test_the_check_of_slides_sees_what_is_too_wide_too_small_and_asked_of_a_network(tmp_path: Path) -> None:
    deck = tmp_path / "bad.html"
    bad = [
        DeckSlide("told", "wide", '<div style="width: 3000px">far</div>'),
        DeckSlide("told", "small", '<p style="font-size: 9px">tiny</p>'),
        DeckSlide("told", "asking", '<img src="https://example.com/a.png">'),
    ]
    deck.write_text(page("bad", "bad", bad), encoding="utf-8")
    with real_jupyterlab.chromium(str(BROWSER)) as opened:
        faults = "\n".join(deck_checks.check(opened, deck).faults)
    for expected in ("1: div far leaves the slide", "2: letters of 9.0 px", "asks https://example.com"):
        assert expected in faults
