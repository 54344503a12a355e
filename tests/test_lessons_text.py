"""The lessons' texts: plain words, every id known, the lab's own commands, and data that notebooks repeat exactly."""

from __future__ import annotations

import re
from pathlib import Path

import build
import pytest
import readable_lessons
from nbformat import NotebookNode

from netpol_lab.lessons import exercises, quiz
from netpol_lab.lessons.packs import building
from netpol_lab.lessons.packs.lesson_lint import is_appendix
from netpol_lab.model import datafiles as data

LESSONS = readable_lessons.sources()
ASKING = [name for name in LESSONS if not is_appendix(name)]

BELITTLING = "simply just obviously clearly easily trivial trivially merely basically"
FILLING = "actually very really quite utilize leverage furthermore moreover robust seamless delve crucial"
BRITISH = "colour behaviour favour neighbour labelled labelling modelled centre organise recognise analyse grey licence"


def prose(lesson: NotebookNode) -> str:
    """What a lesson says in words: Markdown without code."""
    text = "\n\n".join(cell.source for cell in lesson.cells if cell.cell_type == "markdown")
    return re.sub(r"`[^`\n]*`|\]\([^)]*\)|^ {4}.*$", " ", text, flags=re.MULTILINE)


def code(lesson: NotebookNode) -> str:
    return "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "code")


def filled(cell: NotebookNode) -> str:
    """A cell as the student with number 07 has it."""
    return cell.source.replace("$XX", "07")


def tags(cell: NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", ()))


def data_texts() -> str:
    files = [*data.path("exercises").glob("*.yaml"), *data.path("quiz").glob("*.yaml")]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


TEXTS = {**{name: prose(lesson) for name, lesson in LESSONS.items()}, "data": data_texts()}


@pytest.mark.parametrize("source", build.sources(), ids=lambda source: source.stem)
def test_every_source_can_be_read(source: Path):
    assert building.read(source).cells


def test_all_four_lessons_are_there():
    assert {"00-start-here", "01-allow-all", "02-default-deny", "03-allow-specific"} <= set(LESSONS)


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("words", [BELITTLING, FILLING, BRITISH], ids=["belittling", "filling", "British"])
def test_no_word_that_belittles_fills_or_is_spelled_the_british_way(name: str, words: str):
    found = re.findall(rf"\b(?:{'|'.join(words.split())})\b", TEXTS[name], re.IGNORECASE)
    assert not found


@pytest.mark.parametrize("name", LESSONS)
def test_sentences_are_short_enough_to_read_aloud(name: str):
    paragraphs = [re.sub(r"\s+", " ", part) for part in TEXTS[name].split("\n\n") if "|" not in part]
    sentences = [s for part in paragraphs for s in re.split(r"(?<=[.?!:])\s|\s(?=\d\. |- )", part)]
    too_long = [s for s in sentences if len(s.split()) > 36]
    assert not too_long


@pytest.mark.parametrize("name", TEXTS)
def test_no_sentence_says_that_a_policy_denies(name: str):
    found = [
        line
        for line in re.findall(r"[^\n.]*polic(?:y|ies)[^\n.]{0,12} (?:denies|deny|blocks|block)\b[^\n.]*", TEXTS[name])
        if not re.search(r"never|cannot|default-deny|default deny|\"the policy denies\"", line)
    ]
    assert not found


@pytest.mark.parametrize("name", ASKING)
def test_exercises_and_questions_of_a_lesson_are_those_of_its_data(name: str):
    used = re.findall(r'lab\.(?:check|predict|quiz)\("([^"]+)"', code(LESSONS[name]))
    questions = quiz.of_lesson(name)
    # Practice makes its exercises from a number.
    made = ["13-capstone/1", "13-capstone/2"] if name == "13-capstone" else []
    own = exercises.ids(name) if name in exercises.lessons("exercises") else made
    known = [*own, *(question.id for question in questions if not question.about)]
    assert set(used) == set(known)
    for id in known:
        assert used.count(id) == (2 if "/p" in id else 1), id
    assert code(LESSONS[name]).count("lab.recall(") == any(question.about for question in questions)


@pytest.mark.parametrize("name", ASKING)
def test_a_prediction_stands_before_its_command_and_is_compared_after_it(name: str):
    cells = [cell for cell in LESSONS[name].cells if cell.cell_type == "code"]
    for question in quiz.of_lesson(name):
        if question.truth:
            places = [n for n, cell in enumerate(cells) if f'"{question.id}"' in cell.source]
            between = "\n".join(cell.source for cell in cells[places[0] + 1 : places[1]])
            assert any(command in between for command in ("kubectl", "netpol-lab", "lab.expect"))
            assert f'"{question.id}", ""' in cells[places[0]].source


def decisive_lines(id: str) -> list[set[str]]:
    """Of each document of a solution the lines that a student has to find: what the skeleton does not hold.

    Where a student begins with an empty file, its rules; of a policy without rules, what it selects.
    """
    name, _, number = id.partition("/")
    begun = [filled(cell) for cell in LESSONS[name].cells if "exercise" in tags(cell)][int(number) - 1]
    answer = exercises.load(id).solution
    if answer.commands:
        return [{line} for line in answer.commands.splitlines()]
    skeleton = begun.partition("\n")[2].split("---\n")
    found = []
    for place, document in enumerate(answer.manifest.split("---\n")):
        if skeleton == ["____"]:
            document = re.split(r"(?m)^  (?:in|e)gress:\n|^spec:\n", document)[-1]
        given = leaves(skeleton[place]) if len(skeleton) > place else set()
        found.append(leaves(document) - given)
    return found


def leaves(text: str) -> set[str]:
    """The lines that say a value, without their indentation and dashes."""
    return {line.lstrip(" -") for line in text.splitlines() if line.strip() and not line.endswith(":")}


def at_exercise(id: str) -> list[NotebookNode]:
    """The cells of a lesson from the one that an exercise begins with to its check."""
    name, _, number = id.partition("/")
    cells = LESSONS[name].cells
    begin = [n for n, cell in enumerate(cells) if "exercise" in tags(cell)][int(number) - 1]
    end = next(n for n, cell in enumerate(cells) if n > begin and "check" in tags(cell))
    return cells[begin : end + 1]


@pytest.mark.parametrize("id", readable_lessons.exercise_ids())
def test_two_or_three_hints_leave_something_to_write(id: str):
    hints = [filled(cell) for cell in at_exercise(id) if "hint" in tags(cell)]
    assert 2 <= len(hints) <= 3
    for hint in hints:
        for lines in filter(None, decisive_lines(id)):
            assert not lines <= leaves(hint), hint
            assert not any(line in hint for line in lines if line.startswith("kubectl"))


@pytest.mark.parametrize("id", readable_lessons.exercise_ids())
def test_the_solution_in_the_notebook_is_that_of_the_data(id: str):
    name, exercise, cells = id.partition("/")[0], exercises.load(id), at_exercise(id)
    solution = next(filled(cell) for cell in cells if "solution" in tags(cell))
    answer = exercise.solution
    expected = f"%%manifest {exercise.file}\n{answer.manifest}" if answer.manifest else f"!{answer.commands}"
    assert solution.strip() == expected.strip()
    assert f'lab.check("{id}")' in cells[-1].source
    assert not exercise.file or f"kubectl apply -f {exercise.file}" in code(LESSONS[name])


def test_the_manifests_a_student_types_are_those_the_checks_start_from():
    typed = {}
    for lesson in LESSONS.values():
        for cell in lesson.cells:
            if cell.source.startswith("%%manifest ") and not tags(cell) & {"exercise", "solution"}:
                head, _, body = cell.source.partition("\n")
                if "kind: " in body:  # a table of expectations is no manifest
                    typed[head.split()[1]] = body.strip()
    assert {"netpol-apps.yaml", "default-deny.yaml", "allow-client-to-server.yaml"} <= set(typed)
    for file, body in typed.items():
        stored = [path.read_text(encoding="utf-8").strip() for path in data.path("manifests").glob(f"*/{file}")]
        assert body in stored, file


def test_every_file_a_lesson_asks_for_is_there():
    asked = [file for lesson in LESSONS.values() for file in re.findall(r'lab\.file\("([^"]+)"\)', code(lesson))]
    assert len(asked) >= 8
    for file in asked:
        assert data.path("manifests", *file.split("/")).is_file()


@pytest.mark.parametrize("name", LESSONS)
def test_bash_cells_do_not_raise(name: str):
    cells = LESSONS[name].cells
    for cell in cells:
        if cell.source.startswith("%%bash"):
            assert cell.source.startswith("%%bash --no-raise-error\n")


@pytest.mark.parametrize("name", LESSONS)
def test_braces_stay_out_of_exclamation_lines(name: str):
    """IPython would read ``{.items}`` as Python; jsonpath belongs to bash cells."""
    assert not [line for line in code(LESSONS[name]).splitlines() if line.startswith("!") and "{" in line]


def test_the_five_common_problems_and_the_five_habits_are_taught():
    text = " ".join(TEXTS["03-allow-specific"].split())
    for problem in (
        "no effect",
        "still open after default deny",
        "what was allowed is blocked",
        "names do not resolve",
    ):
        assert problem in text and problem in " ".join(TEXTS["02-default-deny"].split())
    habits = re.findall(r"(?m)^\d\. \*\*", prose(LESSONS["03-allow-specific"]))
    assert len(habits) == 5
