"""The student's record: appended by several notebooks at once, readable by people, and never lost to a fault."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from netpol_lab import Lab
from netpol_lab.lab.cli import main
from netpol_lab.lessons import exercises, quiz
from netpol_lab.lessons.practice.repeating import AFTER, question_about, recognizing, returning
from netpol_lab.lessons.practice.student_record import RecordedLine, StudentRecord, read_record
from netpol_lab.model.appended_lines import append_line
from netpol_lab.model.errors import LabError
from netpol_lab.tell import catalogue


@pytest.fixture
def notebook(notebook_folder: Path) -> Path:
    """The folder of a notebook."""
    return notebook_folder


def opened(notebook: Path, lesson: str | None, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A lab in that folder, as a notebook of its own has it."""
    monkeypatch.chdir(notebook)
    return Lab("07", lesson=lesson)


def line(lesson: str, did: str, what: str, result: str, mistake: str = "") -> RecordedLine:
    return RecordedLine("2026-11-28T08:00:00Z", "07", lesson, did, what, result, mistake)


def record_of(notebook: Path) -> list[dict[str, str]]:
    text = (notebook / "work" / "progress-07.jsonl").read_text("utf-8")
    return [json.loads(each) for each in text.splitlines()]


# -- what is written -----------------------------------------------------------------------------


def test_checks_predictions_and_answers_are_written_one_line_each(notebook: Path, monkeypatch: pytest.MonkeyPatch):
    lab = opened(notebook, "02-default-deny", monkeypatch)
    lab.check("02-default-deny/1")  # nothing to judge yet: no try
    assert not (notebook / "work" / "progress-07.jsonl").exists()
    wrong = next(each for each in exercises.load("02-default-deny/1").wrong if each.answer.manifest)
    lab.start("02-default-deny/1")
    Path("answer.yaml").write_text(wrong.answer.manifest, "utf-8")
    lab.kubectl("apply -f answer.yaml")
    named = lab.check("02-default-deny/1").mistake
    lab.quiz("02-default-deny/q1", quiz.load("02-default-deny/q1").answer)
    lab.predict("02-default-deny/p1", quiz.load("02-default-deny/p1").answer)
    lab.predict("02-default-deny/p1")
    told = [(each["did"], each["what"], each["result"]) for each in record_of(notebook)]
    assert told == [
        ("check", "02-default-deny/1", "failed"),
        ("quiz", "02-default-deny/q1", "right"),
        ("predict", "02-default-deny/p1", "right"),
    ]
    first = record_of(notebook)[0]
    assert named and first["mistake"] == named
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first["at"])
    assert (first["xx"], first["lesson"]) == ("07", "02-default-deny")


def test_outside_a_lesson_no_file_is_written_and_progress_is_shown_all_the_same(
    notebook: Path, monkeypatch: pytest.MonkeyPatch
):
    lab = opened(notebook, None, monkeypatch)
    lab.start("01-allow-all/1")
    lab.kubectl("create namespace x")
    lab.check("01-allow-all/1")
    lab.quiz("01-allow-all/q1", "show me")
    assert not (notebook / "work").exists()
    assert "nothing is written down" not in lab.progress().title


def test_two_notebooks_that_write_at_once_lose_no_line(tmp_path: Path):
    file = tmp_path / "progress-07.jsonl"
    code = (
        "import sys; from pathlib import Path; from netpol_lab.lessons.practice.student_record import StudentRecord\n"
        "record = StudentRecord(Path(sys.argv[1]), sys.argv[2], 'x')\n"
        "for n in range(200): record.add('quiz', f'x/q{n}', 'right', answer='é' * n)"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(file), name]) for name in ("07", "08")]
    assert [each.wait() for each in running] == [0, 0]
    reading = read_record(file.read_bytes())
    assert (len(reading.lines), reading.cut, reading.damaged) == (400, 0, ())
    for name in ("07", "08"):
        assert [each.what for each in reading.lines if each.xx == name] == [f"x/q{n}" for n in range(200)]


def test_a_record_that_cannot_be_written_is_said_once_and_the_lesson_goes_on(
    notebook: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    lab = opened(notebook, "02-default-deny", monkeypatch)
    (notebook / "work" / "progress-07.jsonl").mkdir()
    for letter in "abc":
        assert lab.quiz("02-default-deny/q1", letter).title
    assert capsys.readouterr().err.count("Your progress is not written down: progress-07.jsonl: Is a directory") == 1
    assert "cannot be read" in lab.progress().text


# -- what cannot be read -------------------------------------------------------------------------


def test_a_kernel_that_dies_in_the_middle_loses_its_last_line_and_no_other(tmp_path: Path):
    record = StudentRecord(tmp_path / "progress-07.jsonl", "07", "x")
    record.add("quiz", "x/q1", "right")
    record.file.write_bytes(record.file.read_bytes() + b'{"at": "2026-11-28T08:00:00Z", "xx": "07", "did": "qu')
    record.add("quiz", "x/q2", "right")
    lines, notes = record.read()
    assert [each.what for each in lines] == ["x/q1", "x/q2"]
    assert notes == ["1 line of it was cut off when a kernel ended, and is left out."]
    assert [file.name for file in tmp_path.iterdir()] == ["progress-07.jsonl"]


DAMAGE = {
    "no JSON": b"hello\n",
    "another kind of value": b"[1, 2]\n",
    "a field that is missing": b'{"at": "2026"}\n',
    "a number where text belongs": b'{"at": "1", "xx": 7, "did": "quiz", "what": "x", "result": "right"}\n',
    "no UTF-8": b'{"at": "\xff\xfe"}\n',
    "zeros of a crashed disk": b"\0" * 100 + b"\n",
    "too deep": b"[" * 100_000 + b"\n",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_record_is_told_and_set_aside_and_the_rest_goes_on(tmp_path: Path, damage: str):
    record = StudentRecord(tmp_path / "progress-07.jsonl", "07", "x")
    for number in (1, 2):  # a second time the first copy stays what it is
        record.add("quiz", f"x/q{number}", "right")
        content = record.file.read_bytes() + DAMAGE[damage]
        record.file.write_bytes(content)
        lines, notes = record.read()
        assert [each.what for each in lines] == [f"x/q{n}" for n in range(1, number + 1)]
        assert notes[0] == f"Line {number + 1} of it cannot be read, and is left out."
        assert notes[1] == f"The file as it was is kept as progress-07.damaged-{number}.jsonl."
        assert (tmp_path / f"progress-07.damaged-{number}.jsonl").read_bytes() == content
        assert record.read() == (lines, [])


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such lock")
def test_a_line_that_waited_while_the_record_was_set_aside_is_in_the_new_file(tmp_path: Path):
    import fcntl

    file = tmp_path / "progress-07.jsonl"
    file.write_text("old\n")
    code = (
        "import sys; from pathlib import Path; from netpol_lab.model.appended_lines import append_line\n"
        "print('ready', flush=True); append_line(Path(sys.argv[1]), 'new')"
    )
    with file.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        waiting = subprocess.Popen([sys.executable, "-c", code, str(file)], stdout=subprocess.PIPE)
        assert waiting.stdout is not None and waiting.stdout.readline() == b"ready\n"
        waits_for_lock(waiting.pid)
        file.rename(tmp_path / "aside")
        file.write_text("kept\n")
    assert waiting.wait() == 0
    assert file.read_text() == "kept\nnew\n"
    assert (tmp_path / "aside").read_text() == "old\n"


def waits_for_lock(pid: int) -> None:
    """Wait until a process waits for a lock; where that cannot be seen, a moment has to do."""
    for _ in range(100):
        locks = Path("/proc/locks")
        if not locks.exists() or re.search(rf"-> FLOCK .* {pid} ", locks.read_text()):
            return
        time.sleep(0.05)


def test_a_line_that_is_appended_after_a_new_file_took_the_place_is_in_the_new_file(tmp_path: Path):
    file = tmp_path / "lines"
    append_line(file, "one")
    file.rename(tmp_path / "elsewhere")
    append_line(file, "two")
    assert file.read_text() == "two\n"


# -- what comes back -----------------------------------------------------------------------------


def test_a_mistake_returns_after_one_lesson_and_after_three():
    assert AFTER == (1, 3)
    record = [line("02", "check", "02/1", "failed", "M8")]

    def due(lesson: str) -> bool:
        return any(each.is_due for each in returning(record, lesson))

    assert not due("02")
    assert due("03")
    record.append(line("03", "recall", "02-default-deny/q2", "right", "M8"))
    assert not due("03")
    record += [line("04", "quiz", "04/q1", "right"), line("05", "quiz", "05/q1", "right")]
    assert not due("05")
    assert due("06")
    record.append(line("06", "recall", "recall/M8", "right", "M8"))
    assert returning(record, "07") == []


@pytest.mark.parametrize("result", ["wrong", "shown"])
def test_a_mistake_that_is_missed_again_begins_anew(result: str):
    record = [line("02", "check", "02/1", "failed", "M8"), line("03", "recall", "q", result, "M8")]
    record.append(line("03", "recall", "q", "right", "M8"))  # the second try
    assert [each.is_due for each in returning(record, "03")] == [False]
    assert [(each.is_due, each.asked) for each in returning(record, "04")] == [(True, 0)]


def test_a_mistake_that_is_no_longer_in_the_catalogue_does_not_come_back():
    assert returning([line("02", "check", "02/1", "failed", "M999")], "03") == []


@pytest.mark.parametrize("id", catalogue.mistakes())
def test_every_mistake_can_be_asked_about_and_the_wrong_options_show_otherwise(id: str):
    mistake = catalogue.mistake(id)
    question = recognizing(mistake, "07")
    right = next(option for option in question.options if option.letter == question.answer)
    assert right.text == mistake.name and mistake.seen in question.text
    assert len({option.text for option in question.options}) == 3
    record = [line("00-start-here", "check", "00-start-here/1", "failed", mistake.id)]
    (back,) = returning(record, "09-plugins-and-limits")
    assert question_about(back, "09-plugins-and-limits", "07").options


def test_a_named_mistake_is_asked_in_the_next_lesson(notebook: Path, monkeypatch: pytest.MonkeyPatch):
    lab = opened(notebook, "02-default-deny", monkeypatch)
    lab._write_down("check", "02-default-deny/1", "failed", mistake="M17")
    assert lab.recall("").quiet.startswith("From lesson 01-allow-all.")  # not yet: the lesson's own question
    lab = opened(notebook, "03-allow-specific", monkeypatch)
    asked = lab.recall("")
    assert asked.quiet.startswith("It comes back from 02-default-deny/1.")
    assert "`lab.recall()` asks you about it." not in asked.text
    assert "M17, Labels that do not match: lab.recall() asks you about it." in " ".join(lab.progress().text.split())
    answer = lab._recalled[0].answer  # type: ignore[index]
    assert lab.recall(answer).quiet == f"{answer} is right."
    assert lab.recall("").quiet == f"{answer} is right.", "the cell is run again"
    assert lab.recall().quiet.startswith("From lesson 02-default-deny.")
    lab.recall("show me")
    with pytest.raises(LabError, match="Nothing is left to repeat"):
        lab.recall()
    assert [(each["did"], each["result"], each.get("mistake")) for each in record_of(notebook)][1:] == [
        ("recall", "right", "M17"),
        ("recall", "shown", None),
    ]


# -- what is shown -------------------------------------------------------------------------------

STORY = [
    line("02-default-deny", "check", "02-default-deny/1", "failed", "M8"),
    line("02-default-deny", "check", "02-default-deny/1", "failed", "M8"),
    line("02-default-deny", "check", "02-default-deny/1", "passed"),
    line("02-default-deny", "check", "02-default-deny/1", "failed"),  # tried out after it was passed
    line("02-default-deny", "predict", "02-default-deny/p1", "wrong"),
    line("02-default-deny", "quiz", "02-default-deny/q1", "wrong"),
    line("02-default-deny", "quiz", "02-default-deny/q1", "right"),
    line("03-allow-specific", "check", "03-allow-specific/1", "failed", "M17"),
]


def written(file: Path, lines: list[RecordedLine], xx: str = "07") -> None:
    file.parent.mkdir(exist_ok=True)
    for each in lines:
        append_line(file, RecordedLine(**{**each.__dict__, "xx": xx}).written)


def test_progress_shows_evidence_what_comes_back_and_what_to_repeat(notebook: Path, monkeypatch: pytest.MonkeyPatch):
    written(notebook / "work" / "progress-07.jsonl", STORY)
    card = opened(notebook, "03-allow-specific", monkeypatch).progress()
    assert card.title == "Your progress: 1 exercise passed"
    rows = [" ".join(row.split()) for row in card.twin.splitlines()]
    assert "02-default-deny 1 of 2 3 0 of 1 right 0 of 1 right" in rows
    assert "M8, The wrong namespace 2 times 02-default-deny/1 0 of 2" in rows
    assert "M8, The wrong namespace: lab.recall() asks you about it." in rows
    assert "03-allow-specific/1 was begun and is not passed yet." in rows
    assert not any("M17, Labels" in row and "recall" in row for row in rows), (
        "a mistake of this lesson is not due in it"
    )
    for text in (card.text, card.html):
        assert "2026-11" not in text, "no clock in what a notebook stores"


def test_progress_of_nobody_says_so(notebook: Path, monkeypatch: pytest.MonkeyPatch):
    lab = opened(notebook, "02-default-deny", monkeypatch)
    assert lab.progress().title == "Your progress: nothing is written down yet"


def test_names_in_a_record_are_data(notebook: Path, monkeypatch: pytest.MonkeyPatch):
    evil = line("<script>", "check", "<img src=x>", "failed", "M8")
    written(notebook / "work" / "progress-07.jsonl", [evil])
    html = opened(notebook, "02-default-deny", monkeypatch).progress().html
    assert "<script>" not in html and "<img" not in html


def ran(*words: str) -> Any:
    return CliRunner().invoke(main, ["board", *words])


def test_a_board_merges_the_records_of_a_class(tmp_path: Path):
    written(tmp_path / "anna" / "progress-07.jsonl", STORY)
    written(tmp_path / "bob.jsonl", STORY[1:3], "07")
    written(tmp_path / "carl.jsonl", [line("x", "check", "02-default-deny/1", "failed", "M5")] * 4, "carl")
    (tmp_path / "bob.jsonl").write_bytes((tmp_path / "bob.jsonl").read_bytes() + b"oops\n")
    before = {file: file.read_bytes() for file in tmp_path.rglob("*.jsonl")}
    done = ran(str(tmp_path))
    assert done.exit_code == 0
    rows = [" ".join(row.split()) for row in done.stdout.splitlines()]
    assert rows[0] == "exercise started passed tries most frequent mistakes"
    assert rows[1] == "02-default-deny/1 3 2 3.0 M8 (2), M5 (1)"
    assert rows[2] == "03-allow-specific/1 1 0 1.0 M17 (1)"
    assert "M8: The wrong namespace" in rows
    assert rows[-1] == "3 students: 07 (anna/progress-07.jsonl), 07 (bob.jsonl), carl (carl.jsonl)"
    assert done.stderr.startswith("bob.jsonl: Line 3 of it cannot be read, and is left out.\n")
    assert "02-default-deny/1 was written down without the exercise's definition" in done.stderr
    assert {file: file.read_bytes() for file in tmp_path.rglob("*.jsonl")} == before


def test_a_folder_without_records_is_misuse(tmp_path: Path):
    done = ran(str(tmp_path))
    assert done.exit_code == 2 and "There is no record in" in done.stderr
