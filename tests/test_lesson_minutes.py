"""The minutes of a lesson: what the model counts, what is stated, and the plan that follows."""

from __future__ import annotations

import re

import build
import nbformat
import pytest
from nbformat import NotebookNode

from netpol_lab.lessons.packs import building, lesson_minutes
from netpol_lab.lessons.packs.lesson_minutes import TimedSection

SOURCES = build.sources()
TIMES = build.stated_times(SOURCES)


def stored(name: str) -> list[TimedSection]:
    source = next(source for source in SOURCES if source.stem == name)
    return building.sections(source, nbformat.read(build.HERE / "solutions" / f"{name}.ipynb", as_version=4))


def code(source: str, *printed: str, role: str = "") -> NotebookNode:
    outputs = [nbformat.v4.new_output("stream", text=text) for text in printed]
    return nbformat.v4.new_code_cell(source, outputs=outputs, metadata={"tags": [role] if role else []})


def lesson(minutes: float) -> list[TimedSection]:
    return [TimedSection("all", minutes * 60)]


def test_a_cell_costs_more_with_each_line_of_code_and_each_line_it_prints() -> None:
    short, longer, talking = code("a"), code("a\nb"), code("a", "one\ntwo\n")
    assert lesson_minutes.cell_seconds(short) < lesson_minutes.cell_seconds(longer)
    assert lesson_minutes.cell_seconds(short) < lesson_minutes.cell_seconds(talking)


def test_a_page_printed_in_full_costs_no_more_than_what_somebody_reads_of_it() -> None:
    most = lesson_minutes.PRINTED_AT_MOST
    assert lesson_minutes.cell_seconds(code("a", "x\n" * most)) == lesson_minutes.cell_seconds(code("a", "x\n" * 99))


def test_an_empty_file_to_fill_takes_longer_than_a_skeleton() -> None:
    answer = code("%%manifest a.yaml\nkind: NetworkPolicy\nname: a", role="solution")
    skeleton = lesson_minutes.cell_seconds(answer, "%%manifest a.yaml\nkind: NetworkPolicy\nname: ____")
    assert lesson_minutes.cell_seconds(answer, "%%manifest a.yaml\n____") > skeleton


def test_a_folded_hint_takes_no_time() -> None:
    assert lesson_minutes.cell_seconds(nbformat.v4.new_markdown_cell("Look.", metadata={"tags": ["hint"]})) == 0


def test_the_sections_of_a_lesson_add_up_to_its_minutes() -> None:
    parts = stored("02-default-deny")
    assert "Quiz" in [part.title for part in parts]
    assert sum(part.seconds for part in parts) == pytest.approx(60 * lesson_minutes.minutes(parts))


def test_a_time_that_has_become_stale_is_a_fault_that_names_the_right_one() -> None:
    (fault,) = lesson_minutes.faults("01-x", "**Time:** 30 minutes.", lesson(41))
    assert "states 30 minutes" in fault and "**Time:** 40 minutes" in fault
    assert list(lesson_minutes.faults("01-x", "**Time:** 40 minutes.", lesson(41))) == []
    assert lesson_minutes.corrected("01-x", "**Time:** 30 minutes.", lesson(41)) == "**Time:** 40 minutes."


def test_a_lesson_that_is_too_long_for_the_class_is_a_fault() -> None:
    (fault,) = lesson_minutes.faults("01-x", "**Time:** 50 minutes.", lesson(51))
    assert "at most 50" in fault


def test_an_appendix_has_no_time() -> None:
    assert list(lesson_minutes.faults("90-appendix", "no time", lesson(80))) == []


def test_every_lesson_states_a_time() -> None:
    assert {"00-start-here", "09-plugins-and-limits"} <= set(TIMES)
    assert all(needed % 5 == 0 for needed in TIMES.values())


def test_the_plan_has_every_lesson_once_and_in_order() -> None:
    named = re.findall(r"\[([^]]+)\]\(notebooks/", lesson_minutes.plan(TIMES))
    assert named == list(TIMES)


def test_a_day_of_the_plan_holds_at_most_six_hours_of_class_and_the_rest_stands_below() -> None:
    times = {f"{number:02}-x": 45 for number in range(16)}
    first, second, later = lesson_minutes.days(times)
    for names in (first, second):
        assert 0 < sum(times[name] + lesson_minutes.TALK for name in names) <= 60 * lesson_minutes.HOURS_A_DAY
    assert later and [*first, *second, *later] == list(times)
    assert "Afterwards" in lesson_minutes.plan(times)


def test_nobody_sits_through_more_than_two_lessons_without_a_break() -> None:
    rows = list(lesson_minutes.day(list(TIMES)[:5], TIMES))
    pauses = [not row.talk for row in rows]
    assert sum(row.what == "lunch" for row in rows) == 1
    assert not any(not any(pauses[n : n + 4]) for n in range(len(pauses) - 3))


def test_times_in_the_table_of_the_readme_follow_those_stated() -> None:
    row = "| [01-x](notebooks/01-x.ipynb) | see 3 things | 20 |"
    assert lesson_minutes.with_times(row, {"01-x": 35}) == row.replace("20", "35")
