"""The glossary: one definition a word, its page, and the links that lead there from a lesson's first use of a word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import build
import nbformat
import pytest
from markdown_it import MarkdownIt
from nbformat import NotebookNode

from netpol_lab import Lab
from netpol_lab.lessons.lesson_data import lessons
from netpol_lab.lessons.packs import building, glossary_links
from netpol_lab.lessons.packs.lesson_lint import tags
from netpol_lab.model import datafiles
from netpol_lab.model.errors import LabError
from netpol_lab.tell import catalogue

WORDS = catalogue.glossary()
LINK = re.compile(rf"\]\({glossary_links.PAGE}\.ipynb#([^)]+)\)")
SOURCES = [source for source in build.sources() if source.stem != glossary_links.PAGE]
LESSONS = pytest.mark.parametrize("source", SOURCES, ids=[source.stem for source in SOURCES])


def markdown(*texts: str) -> list[NotebookNode]:
    return [nbformat.v4.new_markdown_cell(text) for text in texts]


def linked(text: str) -> str:
    return str(glossary_links.linked(markdown(text))[0].source)


def pieces(cell: NotebookNode) -> Iterator[tuple[str, str]]:
    """What a Markdown parser sees in a cell: each text that is no code, with where it links to, or "heading"."""
    inside = ""
    for token in MarkdownIt().enable("table").parse(cell.source):
        inside = "heading" if token.type == "heading_open" else "" if token.type == "heading_close" else inside
        target = inside
        for part in token.children or ():
            target = str(part.attrGet("href")) if part.type == "link_open" else target
            target = inside if part.type == "link_close" else target
            if part.type == "text":
                yield part.content, target


def reading(source: Path) -> Iterator[tuple[str, str]]:
    """The pieces of a lesson as a student reads it, without what is folded and what the data ask."""
    for cell in building.student_form(source).cells:
        if (
            cell.cell_type == "markdown"
            and not tags(cell) & {"hint"}
            and not re.match(r"\*\*(Question|Predict)\.", cell.source)
        ):
            yield from pieces(cell)


def is_form(text: str, word: catalogue.GlossaryTerm) -> bool:
    return text in word.found or text[:1].lower() + text[1:] in word.found


# -- the words -------------------------------------------------------------------------------------


def test_there_are_words_enough_and_no_form_means_two_of_them() -> None:
    forms = [form.casefold() for word in WORDS.values() for form in word.found]
    assert len(WORDS) >= 40 and len(forms) == len(set(forms))


@pytest.mark.parametrize("name", WORDS)
def test_a_word_has_a_short_definition_and_what_people_get_wrong(name: str) -> None:
    word = WORDS[name]
    assert word.lesson in lessons("quiz")
    for text in (word.means, word.wrong):
        assert text.endswith(".") and "  " not in text and len(text) < 260
        assert not re.search(r"\b(simply|just|obviously|policy (denies|blocks))\b", text)
        assert all(len(sentence.split()) <= 30 for sentence in re.split(r"(?<=[.;])\s", text))


def test_a_lab_shows_a_word_by_any_of_its_forms_and_says_what_was_probably_meant() -> None:
    lab = Lab("07")
    try:
        picture = lab.term("Policies")
        assert picture.title == "NetworkPolicy" and WORDS["NetworkPolicy"].means in " ".join(picture.text.split())
        assert "Rule 4: " in picture.text and picture.text.isascii()
        with pytest.raises(LabError, match=r"no word .isolted.\. Did you mean .isolated."):
            lab.term("isolted")
    finally:
        lab.close()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  wrong: W.\n", "", "the field wrong is missing"),
        ("[1]", "[31]", "numbered from 1 to 30"),
        ("[1]", "1", "rules has to be a list of numbers"),
        ("means", "meens", "the field means is missing. Is 'meens' a slip?"),
    ],
)
def test_a_fault_in_the_glossary_names_its_place(
    old: str, new: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = "terms:\n- term: pod\n  means: M.\n  wrong: W.\n  rules: [1]\n  lesson: 01-allow-all\n"
    catalogue.rules()
    monkeypatch.setattr(datafiles, "path", lambda *parts: tmp_path.joinpath(*parts))
    (tmp_path / "glossary.yaml").write_text(good)
    assert list(catalogue.glossary.__wrapped__()) == ["pod"]
    (tmp_path / "glossary.yaml").write_text(good.replace(old, new))
    with pytest.raises(LabError, match=re.escape(message)):
        catalogue.glossary.__wrapped__()


# -- the links -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "`pod` and ``a `pod` in``",
        "```sh\nkubectl get pod\n```",
        "    pod: indented",
        "# A pod\n## Pods",
        "[a pod](01-allow-all.ipynb) ![pod](pod.png)",
        '<a title="pod">',
        "pod-07, my-pod, pod.yaml, v1/pod, tripods",
        "A service and a deployment are no Kubernetes words.",
    ],
)
def test_code_headings_links_and_parts_of_names_are_left_alone(text: str) -> None:
    assert linked(text) == text


def test_a_word_is_linked_once_in_the_form_it_has_and_the_longest_wins() -> None:
    assert linked("**Pods**: a pod, a named port.") == (
        "**[Pods](92-glossary.ipynb#pod)**: a pod, a [named port](92-glossary.ipynb#named-port)."
    )


def test_hints_solutions_and_notes_keep_their_words() -> None:
    for role in ("hint", "solution", "notes"):
        cell = nbformat.v4.new_markdown_cell("A pod.", metadata={"tags": [role]})
        assert glossary_links.linked([cell])[0].source == "A pod."


@LESSONS
def test_a_lesson_links_each_word_where_it_first_uses_it_and_nowhere_else(source: Path) -> None:
    seen: list[str] = []
    for text, target in reading(source):
        if target.startswith(glossary_links.PAGE):
            seen.append(target.partition("#")[2])
            assert seen[-1] in {glossary_links.anchor(word.name) for word in WORDS.values() if is_form(text, word)}
        elif not target:
            for word in WORDS.values():
                if glossary_links.anchor(word.name) not in seen:
                    for form in word.found:
                        assert not re.search(rf"(?<![\w/.-]){re.escape(form)}(?![\w/-]|\.\w)", text), (word.name, text)
    assert len(seen) == len(set(seen)) >= 5


@LESSONS
def test_both_forms_of_a_lesson_have_the_same_links(source: Path) -> None:
    student, solution = (
        LINK.findall("\n".join(cell.source for cell in made.cells if cell.cell_type == "markdown"))
        for made in (building.student_form(source), building.solution_form(source))
    )
    assert student == solution


def test_every_word_has_the_heading_that_its_links_lead_to() -> None:
    page = building.student_form(build.SOURCE / f"{glossary_links.PAGE}.md")
    headings = [cell.source.partition("\n")[0] for cell in page.cells if cell.source.startswith("### ")]
    assert headings == [f"### {name}" for name in WORDS]
    assert not LINK.search("\n".join(cell.source for cell in page.cells))


def test_a_lesson_without_a_glossary_beside_it_gets_no_links(repository: Path) -> None:
    lesson = repository / "tests" / "lessons" / "00-run-a-small-lesson.md"
    assert not LINK.search(building.as_text(building.student_form(lesson)))
