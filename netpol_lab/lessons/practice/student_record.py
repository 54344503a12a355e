"""The student's record: one plain file of their own, a line for each thing done. It is never sent anywhere.

Each line is JSON: ``at`` (when), ``xx`` (whose), ``lesson``, ``did`` (``check``, ``predict``, ``quiz``, ``recall``,
``patient``, ``diagnose``), ``what`` (its id), ``result`` (``passed``, ``failed``, ``right``, ``wrong``, ``part`` of
what is right, ``shown``), and where there is one the ``mistake`` that was named, the ``answer`` (its key in the data),
and the ``definition``: a digest of the exercise that was checked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from netpol_lab.model.appended_lines import append_line, set_aside
from netpol_lab.model.phrases import counted, listed, noun


@dataclass(frozen=True)
class RecordedLine:
    """One thing that a student did."""

    at: str
    xx: str
    lesson: str
    did: str
    what: str
    result: str
    mistake: str = ""
    answer: str = ""
    definition: str = ""

    @property
    def written(self) -> str:
        return json.dumps({key: value for key, value in asdict(self).items() if value}, ensure_ascii=False)


@dataclass(frozen=True)
class Reading:
    """What stands in a record. ``cut`` counts lines that end in the middle, ``damaged`` numbers those that are none."""

    lines: tuple[RecordedLine, ...] = ()
    cut: int = 0
    damaged: tuple[int, ...] = ()

    @property
    def notes(self) -> list[str]:
        """What has to be said of the file."""
        cut = f"{counted(self.cut, 'line').capitalize()} of it was cut off when a kernel ended, and is left out."
        which = f"{noun(len(self.damaged), 'Line')} {listed(map(str, self.damaged))}"
        damaged = f"{which} of it cannot be read, and {noun(len(self.damaged), 'is', 'are')} left out."
        return [note for note, there in ((cut, self.cut), (damaged, self.damaged)) if there]


class StudentRecord:
    """The record of one student in ``file``. What is done outside a lesson is kept until the notebook ends."""

    def __init__(self, file: Path, xx: str, lesson: str = "") -> None:
        self.file, self.xx, self.lesson = file, xx, lesson
        self._lines: tuple[RecordedLine, ...] = ()

    def add(self, did: str, what: str, result: str, **more: str) -> None:
        """Write down one thing that was done; ``more`` are other fields of :class:`RecordedLine`.

        Raises OSError where the file cannot be written.
        """
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        line = RecordedLine(now, self.xx, self.lesson, did, what, result, **more)
        if self.lesson:
            append_line(self.file, line.written)
        else:
            self._lines += (line,)

    def read(self) -> tuple[tuple[RecordedLine, ...], list[str]]:
        """All lines, and what has to be said of the file. A damaged one is set aside, and the rest of it goes on.

        Raises OSError.
        """
        if not self.file.exists():
            return self._lines, []
        reading = read_record(self.file.read_bytes())
        notes = reading.notes
        if reading.damaged:
            aside = set_aside(self.file, "".join(f"{line.written}\n" for line in reading.lines))
            notes = [*notes, f"The file as it was is kept as {aside.name}."]
        return reading.lines + self._lines, notes


def read_record(content: bytes) -> Reading:
    """Read a record. A line that is none is counted, never raised.

    >>> read_record(b'{"at": "2026-11-28T08:00:00Z", "xx": "07", "did": "qu')
    Reading(lines=(), cut=1, damaged=())
    """
    lines, cut, damaged = [], 0, []
    for number, raw in enumerate(content.split(b"\n"), 1):
        if not raw.strip():
            continue
        line = _line(raw)
        if line is not None:
            lines.append(line)
        elif raw.startswith(b'{"at": ') and not raw.rstrip().endswith(b"}"):
            cut += 1
        else:
            damaged.append(number)
    return Reading(tuple(lines), cut, tuple(damaged))


def _line(raw: bytes) -> RecordedLine | None:
    names = {field.name for field in fields(RecordedLine)}
    try:
        values = json.loads(raw.decode("utf-8"))
        known = {name: value for name, value in values.items() if name in names}
        return RecordedLine(**{"lesson": "", **known}) if _all_texts(known.values()) else None
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None


def _all_texts(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)
