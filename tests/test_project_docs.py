"""What people read first: its links lead somewhere, its commands exist, its words are the house's."""

from __future__ import annotations

import re
from pathlib import Path

import build
import pytest
import yaml

from netpol_lab.lessons.packs import author_page, lesson_lint
from netpol_lab.model.fields import Fields
from netpol_lab.model.schemas import Schema

REPOSITORY = Path(__file__).resolve().parent.parent
PAGES = [
    REPOSITORY / "README.md",
    REPOSITORY / "CONTRIBUTING.md",
    REPOSITORY / "TEACHING.md",
    REPOSITORY / "RUNNING-A-CLASS.md",
    REPOSITORY / "AUTHORING.md",
    *sorted((REPOSITORY / "notebooks" / "source").glob("*.md")),
]
EACH_PAGE = pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
# Words that tell a reader who is stuck that it is their fault.
BELITTLING = re.compile(r"\b(simply|just|obviously)\b", re.IGNORECASE)


def prose(page: Path) -> str:
    """Return the page without its code."""
    text = re.sub(r"(?ms)^(`{3,}).*?^\1", "", page.read_text(encoding="utf-8"))
    return re.sub(r"`[^`\n]*`", "", text)


@EACH_PAGE
def test_no_page_belittles_its_reader(page: Path) -> None:
    told_to_avoid = '"simply", "just" or "obviously"'
    assert BELITTLING.findall(prose(page).replace(told_to_avoid, "")) == []


@pytest.mark.parametrize("page", PAGES[:4], ids=[page.name for page in PAGES[:4]])
def test_every_link_of_the_first_pages_leads_to_a_file(page: Path) -> None:
    targets = [match["target"] for match in lesson_lint.RELATIVE_LINK.finditer(page.read_text(encoding="utf-8"))]
    assert targets
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_page_for_authors_is_what_the_code_that_reads_their_files_says() -> None:
    stored = (REPOSITORY / "AUTHORING.md").read_text(encoding="utf-8")
    assert stored == author_page.page(), "`make notebooks` writes it anew"


@pytest.mark.parametrize(
    "schema", [*author_page.EXERCISE_SCHEMAS, *author_page.QUESTION_SCHEMAS], ids=lambda one: one.title
)
def test_an_example_of_the_page_for_authors_is_read_by_what_it_is_an_example_of(schema: Schema) -> None:
    assert not schema.example or schema.read(Fields(yaml.safe_load(schema.example), "the page"))
    assert all(len(field.says) > 8 and field.says.endswith(".") for field in schema.fields)


def test_every_link_within_the_readme_leads_to_a_heading() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    headings = {re.sub(r"\W+", "-", heading.lower()) for heading in re.findall(r"(?m)^#+ (.+)$", text)}
    links = set(lesson_lint.ANCHOR_LINK.findall(text))
    assert len(links) >= 4 and links <= headings


def test_every_make_command_that_is_named_exists() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"(?m)^([a-z-]+):", makefile))
    named = {
        word
        for page in PAGES
        for code in re.findall(r"`{3}sh\n.*?`{3}|`make [^`]*`", page.read_text(encoding="utf-8"), re.DOTALL)
        for word in re.findall(r"(?:^|`)make ([a-z-]+)", code, re.MULTILINE)
    }
    assert {"lab", "test"} <= named
    assert named - targets == set()


def test_the_readme_names_every_lesson() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    for source in build.sources():
        assert re.search(rf"(?m)^\| \[{source.stem}\]\(notebooks/{source.stem}\.ipynb\) \|.*\|$", text), source.stem


def test_readme_and_plan_tell_the_times_that_the_lessons_state() -> None:
    assert build.stale_pages(build.sources()) == []


def test_no_page_names_a_place_where_packages_come_from() -> None:
    for page in PAGES:
        assert not re.search(r"pypi\.org|pythonhosted|registry\.npmjs|index-url", page.read_text(encoding="utf-8")), (
            page.name
        )
