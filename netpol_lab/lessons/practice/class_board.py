"""The records of a class as one table: per task how many began and passed it, with how many tries, and what went wrong.

The names are those that the students chose. Nothing is written; a damaged record is read as far as it can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from netpol_lab.lessons.practice.student_record import RecordedLine, read_record
from netpol_lab.lessons.practice.tallies import Tally, most_frequent, tasks
from netpol_lab.model.errors import NotFound

HEAD = ("exercise", "started", "passed", "tries", "most frequent mistakes")


@dataclass(frozen=True)
class BoardRow:
    """One task. ``tries`` is the mean over those who began; ``mistakes`` with the number of students who made them."""

    task: str
    started: int
    passed: int
    tries: float
    mistakes: tuple[tuple[str, int], ...]

    @property
    def cells(self) -> tuple[str, ...]:
        mistakes = ", ".join(f"{id} ({number})" for id, number in self.mistakes)
        return (self.task, str(self.started), str(self.passed), f"{self.tries:.1f}", mistakes)


def collected(folder: Path) -> tuple[dict[str, tuple[RecordedLine, ...]], list[str]]:
    """The records below a folder by student, and what has to be said of the files.

    A student is a name in one file: two who chose the same number are told apart by their files. Raises NotFound where
    there is no record, and OSError.
    """
    found: dict[str, tuple[RecordedLine, ...]] = {}
    notes = []
    for file in sorted(folder.rglob("*.jsonl")):
        if ".damaged-" in file.name:
            continue
        reading = read_record(file.read_bytes())
        place = file.relative_to(folder).as_posix()
        notes += [f"{place}: {note}" for note in reading.notes]
        for name in sorted({line.xx for line in reading.lines}):
            found[f"{name} ({place})"] = tuple(line for line in reading.lines if line.xx == name)
    if not found:
        raise NotFound(f"There is no record in {folder}. A student's is the file work/progress-NUMBER.jsonl.")
    return found, notes


def board(students: Mapping[str, Iterable[RecordedLine]]) -> list[BoardRow]:
    """One row per task that somebody began, in the order of the ids."""
    records = {name: tuple(lines) for name, lines in students.items()}
    tallies = {name: tasks(lines) for name, lines in records.items()}
    known = sorted({task for each in tallies.values() for task in each})
    return [_row(task, records, tallies) for task in known]


KNOWN = (
    "What stands in a record is counted: the board knows which definition of an exercise a line names, and cannot know "
    "who wrote the line."
)


def foreign_definitions(
    students: Mapping[str, Iterable[RecordedLine]], definition: Callable[[str, str], str]
) -> list[str]:
    """What has to be said of lines about an exercise that is another one here: edited, of another version, or of none.

    ``definition`` is the digest here of an exercise, by its id and a student's number.
    """
    told = {
        f"{name}: {line.what} {_OTHER if line.definition else _NONE}"
        for name, lines in students.items()
        for line in lines
        if line.result in ("passed", "failed") and line.definition != definition(line.what, line.xx)
    }
    return sorted(told)


_OTHER = "was checked by a definition that is not the board's: an edited file, or another version of the workbook."
_NONE = (
    "was written down without the exercise's definition, which a check puts into every line: by hand, or by an older "
    "version of the workbook. Ask for the answer itself."
)


def _row(
    task: str, records: Mapping[str, tuple[RecordedLine, ...]], tallies: Mapping[str, Mapping[str, Tally]]
) -> BoardRow:
    own = [each[task] for each in tallies.values() if task in each]
    made = [
        mistake
        for lines in records.values()
        for mistake in {line.mistake for line in lines if line.what == task and line.mistake}
    ]
    passed, tries = sum(each.passed for each in own), sum(each.tries for each in own)
    return BoardRow(task, len(own), passed, tries / len(own), tuple(most_frequent(made)))
