"""How long a lesson takes, by one stated model, and the two-day plan that follows.

Nobody has measured a class with a clock yet. The constants below are estimates with their reasons; put a measured
number in the place of one of them, and every stated time follows. ``python notebooks/build.py --minutes`` prints
the table and writes the numbers where they are told; the build compares them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode

from netpol_lab.lessons.packs.lesson_lint import BLANK, is_appendix, tags

WORDS_PER_MINUTE = 150
"""Reading prose. Reading for pleasure is near 240; a text that teaches, often in a second language, is slower."""
SECONDS = {
    # Run the cell, wait for it, and find what it printed.
    "cell": 10,
    # Read one line of YAML or one command.
    "line": 2,
    # Look at a line of output; most are compared with what is known.
    "printed": 1.5,
    # Find your way in a picture, a table or a card.
    "picture": 20,
    # Decide on an answer before looking.
    "question": 30,
    # Understand what is wanted, apply it, read the check, and make one mistake.
    "exercise": 210,
    # Find and type one line of an answer.
    "answer": 12,
}
PRINTED_AT_MOST = 15
"""Nobody reads the lines of a long output one by one: after so many, it is looked over."""
LONGEST = 50
"""Minutes. What is longer is not finished before the break, and is cut or split."""
SLACK = 4
"""Minutes by which a stated time may differ: the stated ones are multiples of five, and hold for small edits."""

STATED = re.compile(r"(?<=\*\*Time:\*\* )\d+(?= minutes)")


@dataclass(frozen=True)
class TimedSection:
    """A part of a lesson under one heading, and the seconds it takes."""

    title: str
    seconds: float


def sections(student: NotebookNode, solved: NotebookNode) -> list[TimedSection]:
    """Return the sections of a lesson with their times, from its two forms; the solved one has its outputs."""
    asked = iter([cell.source for cell in student.cells if "exercise" in tags(cell)])
    times: dict[str, float] = {}
    title = "Title"
    for cell in solved.cells:
        heading = re.search(r"(?m)^##+ (.+?)\s*$", cell.source) if cell.cell_type == "markdown" else None
        title = heading[1] if heading else title
        stub = next(asked, "") if cell.cell_type == "code" and "solution" in tags(cell) else ""
        times[title] = times.get(title, 0) + cell_seconds(cell, stub)
    return [TimedSection(name, seconds) for name, seconds in times.items()]


def cell_seconds(cell: NotebookNode, stub: str = "") -> float:
    """Return the seconds one cell of a solution notebook takes; ``stub`` is the exercise that it answers.

    >>> cell_seconds(NotebookNode(cell_type="markdown", source="five words on a line", metadata={}))
    2.0
    """
    if cell.cell_type == "markdown":
        return 0 if "hint" in tags(cell) else len(cell.source.split()) * 60 / WORDS_PER_MINUTE
    lines = written(cell.source)
    typed, seconds = 0, 0.0
    if "solution" in tags(cell):
        typed = max(1, len(lines) - sum(BLANK not in line for line in written(stub)))
        seconds = SECONDS["exercise"] + SECONDS["answer"] * typed
    seconds += SECONDS["cell"] + SECONDS["line"] * (len(lines) - typed)
    printed = sum(len(output.text.splitlines()) for output in cell.outputs if output.output_type == "stream")
    seconds += SECONDS["printed"] * min(printed, PRINTED_AT_MOST)
    seconds += SECONDS["picture"] * sum(output.output_type != "stream" for output in cell.outputs)
    if re.search(r'lab\.((predict|quiz)\("[^"]+", |recall\()', cell.source):
        seconds += SECONDS["question"]
    return float(seconds)


def written(source: str) -> list[str]:
    """Return the lines of a cell that hold something."""
    return [line for line in source.splitlines() if line.strip()]


def minutes(parts: Sequence[TimedSection]) -> float:
    """Return the minutes of a lesson."""
    return sum(part.seconds for part in parts) / 60


def rounded(parts: Sequence[TimedSection]) -> int:
    """Return the minutes as a lesson states them: a multiple of five."""
    return 5 * round(minutes(parts) / 5)


def stated(source: str) -> int | None:
    """Return the minutes that the text of a lesson's source states."""
    found = STATED.search(source)
    return int(found[0]) if found else None


def faults(name: str, source: str, parts: Sequence[TimedSection]) -> Iterator[str]:
    """Yield what is wrong with the time of a lesson: too long, or stated wrongly."""
    needed = minutes(parts)
    if is_appendix(name):
        return
    if needed > LONGEST:
        yield f"takes {needed:.0f} minutes by the model of lesson_minutes; a lesson takes at most {LONGEST}"
    said = stated(source)
    if said is None or abs(said - needed) > SLACK:
        yield f"states {said} minutes where the model gives {needed:.0f}: say **Time:** {rounded(parts)} minutes"


def corrected(name: str, source: str, parts: Sequence[TimedSection]) -> str:
    """Return the text of a lesson's source with the time that the model gives, where the stated one is wrong."""
    said = stated(source)
    wrong = said is not None and abs(said - minutes(parts)) > SLACK
    return STATED.sub(str(rounded(parts)), source) if wrong and not is_appendix(name) else source


def table(lessons: dict[str, list[TimedSection]]) -> str:
    """Return the times of all lessons and their sections as text."""
    lines = []
    for name, parts in lessons.items():
        lines.append(f"{name:58}{minutes(parts):6.1f}")
        lines += [f"    {part.title[:52]:54}{part.seconds / 60:6.1f}" for part in parts]
    total = sum(minutes(parts) for name, parts in lessons.items() if not is_appendix(name))
    return "\n".join([*lines, f"{'all lessons':58}{total:6.1f}"])


# The plan: the stated minutes of the lessons, laid into two days of class.

HOURS_A_DAY = 6
TALK = 10
"""Minutes a class takes beyond the lesson: a vote, questions, and those who are not done yet."""
DAY_STARTS = 9 * 60
BREAK = 15
LUNCH = 60
LUNCH_FROM = 11 * 60 + 30
WITHOUT_A_BREAK = 110
"""Minutes that a class works at most before it gets up."""


class Hour(NamedTuple):
    """A row of the plan: when, the name of a lesson (or ``lunch``, or ``break``), and the minutes of both kinds."""

    clock: str
    what: str
    minutes: int
    talk: int = 0


def plan(times: dict[str, int]) -> str:
    """Return the two-day plan as a Markdown table; what does not fit into the two days stands under it.

    >>> print(plan({"00-a": 50, "01-b": 45, "02-c": 40}))
    | day | time | what | minutes |
    |---|---|---|---|
    | 1 | 9:00 | [00-a](notebooks/00-a.ipynb) | 50 + 10 |
    | 2 | 9:00 | [01-b](notebooks/01-b.ipynb) | 45 + 10 |
    | 2 | 9:55 | [02-c](notebooks/02-c.ipynb) | 40 + 10 |
    <BLANKLINE>
    Class time: 1 h 00 on day 1, 1 h 45 on day 2, breaks not counted.
    """
    first, second, later = days(times)
    lines = ["| day | time | what | minutes |", "|---|---|---|---|"]
    lines += [f"| {n} | {row(hour)} |" for n, names in ((1, first), (2, second)) for hour in day(names, times)]
    taken = [sum(times[name] + TALK for name in names) for names in (first, second)]
    clock = [f"{total // 60} h {total % 60:02d} on day {number}" for number, total in enumerate(taken, 1)]
    lines += ["", f"Class time: {', '.join(clock)}, breaks not counted."]
    if later:
        lines += ["", f"Afterwards, alone or on a third day: {', '.join(link(name) for name in later)}."]
    return "\n".join(lines)


def days(times: dict[str, int]) -> tuple[list[str], list[str], list[str]]:
    """Return the lessons of the first day, of the second, and those left over.

    As many lessons as fit are in the two days; among the ways to do that, the days are as even as can be.
    """
    names = list(times)

    def taken(begin: int, end: int) -> int:
        return sum(times[name] + TALK for name in names[begin:end])

    fitting = [
        (cut, end)
        for end in range(len(names) + 1)
        for cut in range(end + 1)
        if max(taken(0, cut), taken(cut, end)) <= 60 * HOURS_A_DAY
    ]
    cut, end = min(fitting, key=lambda both: (-both[1], abs(taken(0, both[0]) - taken(*both)), -both[0]))
    return names[:cut], names[cut:end], names[end:]


def day(names: Sequence[str], times: dict[str, int]) -> Iterator[Hour]:
    """Yield the rows of one day: its lessons, a break where the next one would be too long without, and lunch."""
    clock, since, eaten = DAY_STARTS, 0, False
    for name in names:
        takes = times[name] + TALK
        lunch = clock >= LUNCH_FROM and not eaten
        if lunch or since + takes > WITHOUT_A_BREAK:
            pause = LUNCH if lunch else BREAK
            yield Hour(f"{clock // 60}:{clock % 60:02d}", "lunch" if lunch else "break", pause)
            clock, since, eaten = clock + pause, 0, eaten or lunch
        yield Hour(f"{clock // 60}:{clock % 60:02d}", name, times[name], TALK)
        clock, since = clock + takes, since + takes


def row(hour: Hour) -> str:
    """Return a row of the plan as Markdown."""
    what, talk = (link(hour.what), f" + {hour.talk}") if hour.talk else (hour.what, "")
    return f"{hour.clock} | {what} | {hour.minutes}{talk}"


def link(name: str) -> str:
    """Return a lesson as a Markdown link, as seen from the repository's top."""
    return f"[{name}](notebooks/{name}.ipynb)"


# The pages that tell the times.

PLAN = re.compile(r"(?s)(?<=<!-- plan: written by notebooks/build\.py --minutes -->\n).*?(?=\n<!-- end of plan -->)")


def with_plan(page: str, times: dict[str, int]) -> str:
    """Return TEACHING.md with the plan that follows from these times."""
    return PLAN.sub(lambda _: plan(times), page, count=1)


def with_times(page: str, times: dict[str, int]) -> str:
    """Return README.md with these times in its table of lessons."""
    for name, needed in times.items():
        row = re.compile(rf"(?m)^(\| \[{name}\]\(notebooks/{name}\.ipynb\) \|.*\| )\d+( \|)$")
        page = row.sub(rf"\g<1>{needed}\g<2>", page)
    return page


def pages(top: Path, times: dict[str, int]) -> dict[Path, str]:
    """Return what the pages that tell times must hold."""
    made = {top / "README.md": with_times, top / "TEACHING.md": with_plan}
    return {page: fill(page.read_text(encoding="utf-8"), times) for page, fill in made.items()}
