"""Records counted: by task, by question, by mistake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from netpol_lab.lessons.practice.student_record import RecordedLine


@dataclass(frozen=True)
class Tally:
    """What one student did at one task: ``tries`` until it was passed, or so far."""

    passed: bool
    tries: int


def tasks(lines: Iterable[RecordedLine]) -> dict[str, Tally]:
    """Everything that can be passed and was begun, in the order of its ids.

    >>> tried = [RecordedLine("", "07", "x", "check", "x/1", result) for result in ("failed", "passed", "failed")]
    >>> tasks(tried)
    {'x/1': Tally(passed=True, tries=2)}
    """
    found: dict[str, Tally] = {}
    for line in lines:
        before = found.get(line.what, Tally(False, 0))
        if line.result in ("passed", "failed") and not before.passed:
            found[line.what] = Tally(line.result == "passed", before.tries + 1)
    return dict(sorted(found.items()))


def first_answers(lines: Iterable[RecordedLine], did: str) -> dict[str, bool]:
    """The questions of one kind that were answered, and whether the first answer was right."""
    found: dict[str, bool] = {}
    for line in lines:
        if line.did == did and line.result in ("right", "wrong", "shown"):
            found.setdefault(line.what, line.result == "right")
    return found


def most_frequent(mistakes: Sequence[str], most: int = 3) -> list[tuple[str, int]]:
    """The mistakes that occur most often, each with its number; equals in the order of their ids.

    >>> most_frequent(["M5", "M1", "M5", "M2", "M17"])
    [('M5', 2), ('M1', 1), ('M17', 1)]
    """
    return sorted(Counter(mistakes).items(), key=lambda pair: (-pair[1], pair[0]))[:most]
