"""What a lesson claims, it shows: each row of the trainer's table names a cell of that lesson and a rule there is."""

from __future__ import annotations

import re
from pathlib import Path

import jupytext
import pytest

from netpol_lab.tell import catalogue

SOURCES = sorted((Path(__file__).resolve().parent.parent / "notebooks" / "source").glob("[0-9][0-9]-*.md"))
HEAD = "| claim | cell | rule |"


def rows(source: Path) -> list[list[str]]:
    """The table of claims in the notes of a lesson, row by row; none where a lesson has no such table."""
    notes = [cell.source for cell in lesson(source) if "notes" in cell.metadata.get("tags", ())]
    table = next((text.partition(HEAD)[2] for text in notes if HEAD in text), "")
    found = re.match(r"\n\|[-|]+\|\n((?:\|.*\|(?:\n|$))*)", table)
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in found[1].splitlines()] if found else []


def lesson(source: Path) -> list:
    return jupytext.reads(source.read_text(encoding="utf-8"), fmt="md:myst").cells


CLAIMS = [(source, *row) for source in SOURCES for row in rows(source)]
IDS = [f"{source.stem}: {row[0]}" for source, *row in CLAIMS]


def test_the_lessons_on_selectors_and_egress_say_what_they_claim():
    for name in ("04-selectors", "05-egress-and-dns"):
        assert sum(source.stem == name for source, *_ in CLAIMS) >= 10


@pytest.mark.parametrize(("source", "claim", "cell", "rule"), CLAIMS, ids=IDS)
def test_a_claim_is_shown_in_a_code_cell_and_stands_on_a_rule(source: Path, claim: str, cell: str, rule: str):
    shown = [each.source for each in lesson(source) if each.cell_type == "code"]
    assert any(cell.strip("`") in text for text in shown), cell
    numbers = [int(number) for number in rule.split(", ")]
    assert claim and numbers and all(catalogue.rule(number) for number in numbers)
