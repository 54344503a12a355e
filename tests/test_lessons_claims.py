"""What a lesson claims, it shows: each row of the trainer's table names a cell of that lesson and a rule there is."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import build
import pytest
import readable_lessons

from netpol_lab.tell import catalogue

LESSONS = readable_lessons.sources()
SOURCES = [build.SOURCE / f"{name}.md" for name in LESSONS]
NOTED = [source for source in SOURCES if source.stem < "10"]
HEAD = "| claim | cell | rule |"


def rows(source: Path) -> list[list[str]]:
    """The table of claims in the notes of a lesson, row by row; none where a lesson has no such table."""
    notes = [cell.source for cell in lesson(source) if "notes" in cell.metadata.get("tags", ())]
    table = next((text.partition(HEAD)[2] for text in notes if HEAD in text), "")
    found = re.match(r"\n\|[-|]+\|\n((?:\|.*\|(?:\n|$))*)", table)
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in found[1].splitlines()] if found else []


def lesson(source: Path) -> list:
    return LESSONS[source.stem].cells


CLAIMS = [(source, *row) for source in SOURCES for row in rows(source)]
IDS = [f"{source.stem}: {row[0]}" for source, *row in CLAIMS]


def test_every_lesson_says_what_it_claims():
    claimed = Counter(source.stem for source, *_ in CLAIMS)
    assert min(claimed[source.stem] for source in SOURCES if source.stem < "06") >= 4
    assert claimed["04-selectors"] >= 10 and claimed["05-egress-and-dns"] >= 10


def sections(source: Path) -> dict[str, str]:
    """The trainer's notes of a lesson by the section they stand in; "" for a section without."""
    noted: dict[str, str] = {}
    title = ""
    for cell in lesson(source):
        if cell.cell_type != "markdown":
            continue
        heading = re.search(r"(?m)^## (.+?)\s*$", cell.source)
        title = heading[1] if heading else title
        noted.setdefault(title, "")
        if "notes" in cell.metadata.get("tags", ()):
            noted[title] += cell.source
    return noted


@pytest.mark.parametrize("source", NOTED, ids=[source.stem for source in NOTED])
def test_every_section_tells_the_trainer_what_to_say_what_they_ask_and_what_to_leave_out(source: Path):
    for title, notes in sections(source).items():
        if title not in {"", "Key points", "Quiz", "Clean up", "Further reading"}:
            for part in ("**Say:**", "**They ask:**", "**Short of time:**"):
                assert part in notes, title


@pytest.mark.parametrize(("source", "claim", "cell", "rule"), CLAIMS, ids=IDS)
def test_a_claim_is_shown_in_a_code_cell_and_stands_on_a_rule(source: Path, claim: str, cell: str, rule: str):
    shown = [each.source for each in lesson(source) if each.cell_type == "code"]
    assert any(cell.strip("`") in text for text in shown), cell
    numbers = [int(number) for number in rule.split(", ")]
    assert claim and numbers and all(catalogue.rule(number) for number in numbers)
