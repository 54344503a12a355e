"""The answer to an exercise: a sign, a sentence, one packet that shows what is wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netpol_lab.display import feedback_card as feedback
from netpol_lab.tell.feedback import CounterExample, Feedback
from tests.picture_checks import check
from tests.scenes import NASTY

LEAK = CounterExample(
    "blue/cron",
    "shop/db",
    "",
    "",
    "TCP",
    5432,
    False,
    True,
    "Admitted by `allow-blue`, rule 1, second peer.",
    "line 17",
)
MISSING = CounterExample(
    "demo/backend", "demo/database", "", "", "TCP", 80, True, False, "Stops at egress of backend.", stops_at="egress"
)
CAUSE = "a dash too many. Two items under `from` mean or."

RIGHT = Feedback("equivalent", 20, 20, 0, 0)
OPEN = Feedback("too open", 20, 18, 2, 0, (LEAK,), CAUSE, "lines 14 and 17")
STRICT = Feedback("too strict", 20, 19, 0, 1, (MISSING,))
BOTH = Feedback("both", 20, 17, 2, 1, (LEAK, MISSING), CAUSE)


@pytest.mark.parametrize("result", [RIGHT, OPEN, STRICT, BOTH])
def test_every_verdict_keeps_the_rules_of_pictures(result: Feedback) -> None:
    check(lambda: feedback.draw(result))


def test_the_verdict_is_a_sentence_and_a_count() -> None:
    assert feedback.draw(OPEN).title == "> Too open: your policies let in more than was wanted"
    assert feedback.draw(OPEN).quiet == "18 of 20 connections as wanted, 2 leak, 0 missing. One of the leaks:"
    assert feedback.draw(STRICT).quiet == "19 of 20 connections as wanted, 0 leak, 1 missing."


def test_solid_means_done_and_framed_means_not_yet() -> None:
    assert "npl-verdict npl-done" in feedback.draw(RIGHT).html
    for result in (OPEN, STRICT, BOTH):
        assert "npl-verdict npl-open" in feedback.draw(result).html


def test_a_counter_example_has_two_lines_and_says_what_they_mean() -> None:
    page = check(lambda: feedback.draw(OPEN))
    assert "blue/cron to shop/db on TCP 5432: wanted blocked, your policies allowed." in page.text
    assert "wanted ✕ blocked" in page.text and "your policies ✓ allowed" in page.text


@pytest.mark.parametrize("namespace", ["kube-system", "netpol-capstone-students"])
def test_the_boxes_are_as_wide_as_their_words(namespace: str) -> None:
    example = replace(LEAK, source=f"{namespace}/visitor-from-elsewhere", source_note=f"namespace {namespace}")
    html = feedback.draw(replace(OPEN, counterexamples=(example,))).html
    assert f">namespace {namespace}</text>" in html and ">visitor-from-elsewhere</text>" in html


def test_what_has_to_be_known_first_stands_in_the_title() -> None:
    told = feedback.draw(replace(STRICT, first="kubectl refused `apply -f db.yaml`: repair that first."))
    assert told.title == "< kubectl refused apply -f db.yaml. What stood before is too strict"


def test_a_blocked_line_ends_in_a_bar_where_it_stops() -> None:
    at_source, at_target = feedback.draw(STRICT).html, feedback.draw(OPEN).html
    bar = '<rect x="{}" y="{}" width="5" height="18" fill="#bf3a12"/>'
    assert bar.format(159, 54) in at_source
    assert bar.format(698, 17) in at_target


def test_both_show_a_leak_and_then_a_missing_connection() -> None:
    html = feedback.draw(BOTH).html
    assert 0 < html.index("blue/cron") < html.index("demo/backend")
    assert feedback.draw(BOTH).twin.startswith("!  TOO OPEN AND TOO STRICT")


def test_the_first_sentence_of_the_cause_is_bold_and_lines_stand_behind() -> None:
    html = feedback.draw(OPEN).html
    assert "<b>Likely cause: a dash too many.</b>" in html
    assert "lines 14 and 17" in html


def test_equivalent_says_how_it_was_checked() -> None:
    assert "not by comparing YAML" in feedback.draw(RIGHT).twin


def test_notes_stand_on_lines_of_their_own_with_a_bold_head() -> None:
    noted = Feedback("equivalent", 20, 20, 0, 0, how="By `hand`.", notes=("It depends: with `a`, b.", "No head."))
    picture = feedback.draw(noted)
    assert "<b>It depends:</b> with <code" in picture.html and "<b>No head.</b>" in picture.html
    assert picture.html.index("It depends") < picture.html.index("No head.") < picture.html.index("How it was checked")
    assert "   note: It depends: with a, b.\n\n   note: No head.\n\n   how it was checked: By hand." in picture.twin
    check(lambda: feedback.draw(noted))


def test_the_outside_is_round() -> None:
    outside = Feedback("too open", 2, 1, 1, 0, (CounterExample("External", "a/b", "", "", "TCP", 80, False, True, ""),))
    assert "<ellipse" in feedback.draw(outside).html


def test_the_text_without_a_stylesheet_says_all() -> None:
    twin = feedback.draw(OPEN).twin
    assert "blue/cron -> shop/db  TCP 5432" in twin
    assert "wanted         X  blocked" in twin and "your policies  .  allowed" in twin


@pytest.mark.parametrize("name", NASTY)
def test_nasty_names_stay_names(name: str) -> None:
    example = CounterExample(f"{name}/{name}", name, name, name, "TCP", 80, True, False, name, name)
    check(lambda: feedback.draw(Feedback("too strict", 1, 0, 0, 1, (example,), name, name, name, (name,))))
