"""The builder of notebooks and its lint, on a small lesson; and the canaries: what must go red does."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import build
import nbformat
import pytest
from nbval_runs import run_nbval

from netpol_lab.lessons import quiz
from netpol_lab.lessons.packs import building, lesson_lint

NAME = "00-run-a-small-lesson"
Edit = Callable[[str, str], list[str]]


@pytest.fixture
def lesson(tmp_path: Path, repository: Path) -> Path:
    """The source of a small, faultless lesson in a folder of its own."""
    folder = tmp_path / "notebooks" / "source"
    folder.mkdir(parents=True)
    (tmp_path / "CONTRIBUTING.md").touch()
    return Path(shutil.copy(repository / "tests" / "lessons" / f"{NAME}.md", folder))


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """Both forms of the small lesson. Building takes a kernel, so it is done once; tests change copies."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "CONTRIBUTING.md").touch()
    shutil.copytree(repository / "tests" / "lessons", folder / "notebooks" / "source")
    sources = build.sources(folder / "notebooks" / "source")
    assert build.run(sources, folder / "notebooks", check=False, students_only=False) == []
    return folder / "notebooks"


@pytest.fixture
def built(lesson: Path, built_once: Path) -> Path:
    """The folder in which the small lesson is built, both forms."""
    return Path(shutil.copytree(built_once, lesson.parent.parent, dirs_exist_ok=True))


@pytest.fixture
def faults_after(lesson: Path) -> Edit:
    """Change one text of the lesson and tell what the lint says then."""

    def change(old: str, new: str) -> list[str]:
        text = lesson.read_text(encoding="utf-8")
        assert old in text
        lesson.write_text(text.replace(old, new), encoding="utf-8")
        return lesson_lint.source_faults(lesson, building.read(lesson))

    return change


def sources_of(notebook: nbformat.NotebookNode) -> str:
    return "\n".join(cell.source for cell in notebook.cells)


# What the two forms hold


def test_the_student_gets_the_exercise_and_not_its_solution(lesson: Path) -> None:
    text = sources_of(building.student_form(lesson))
    assert "name: ____" in text
    assert "forty-two" not in text


def test_the_solution_notebook_has_the_solution_in_place_of_the_exercise(lesson: Path) -> None:
    text = sources_of(building.solution_form(lesson))
    assert "name: forty-two" in text
    assert "____" not in text


def test_trainer_notes_reach_neither_form(lesson: Path) -> None:
    assert "Trainer" in lesson.read_text(encoding="utf-8")
    assert "Trainer" not in sources_of(building.student_form(lesson)) + sources_of(building.solution_form(lesson))


def test_hints_are_folded_and_numbered_anew_at_each_exercise(lesson: Path) -> None:
    hints = [cell.source for cell in building.student_form(lesson).cells if "hint" in lesson_lint.tags(cell)]
    assert [hint.splitlines()[1] for hint in hints] == [f"<summary>Hint {number}</summary>" for number in (1, 2, 1)]


def test_a_student_notebook_holds_no_output_and_no_number(lesson: Path) -> None:
    code = [cell for cell in building.student_form(lesson).cells if cell.cell_type == "code"]
    assert code
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


def test_the_solution_notebook_keeps_outputs_numbered_from_one(built: Path) -> None:
    solved = nbformat.read(built / "solutions" / f"{NAME}.ipynb", as_version=4)
    code = [cell for cell in solved.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert code[0].outputs[0].text == "hello\n"


def test_a_relative_link_is_adapted_to_the_deeper_folder_and_a_link_to_a_lesson_is_not() -> None:
    text = "[a](../README.md#use) [b](01-allow-all.ipynb) [c](https://kubernetes.io/docs) [d](#Key-points)"
    assert building.one_folder_deeper(text) == text.replace("../README.md", "../../README.md")


# The same source, the same bytes


def test_a_new_cell_leaves_the_ids_of_the_others_alone(lesson: Path) -> None:
    before = [cell.id for cell in building.student_form(lesson).cells]
    lesson.write_text(
        lesson.read_text(encoding="utf-8").replace("One cell prints.", "Hello.\n\n+++\n\nOne cell prints.")
    )
    after = [cell.id for cell in building.student_form(lesson).cells]
    assert [name for name in after if name in before] == before
    assert len(after) == len(set(after)) == len(before) + 1


def test_no_version_of_python_is_stored(built: Path) -> None:
    for path in built.rglob("*.ipynb"):
        assert "version" not in json.loads(path.read_text(encoding="utf-8"))["metadata"]["language_info"]


def test_streams_that_arrive_in_pieces_become_one_of_each() -> None:
    pieces = [("stderr", "x"), ("stdout", "a"), ("stderr", "y"), ("stdout", "b")]
    outputs = [nbformat.v4.new_output("stream", name=name, text=text) for name, text in pieces]
    assert [(output.name, output.text) for output in building.settled(outputs)] == [("stdout", "ab"), ("stderr", "xy")]


def test_a_widget_leaves_its_text_and_not_its_random_id() -> None:
    data = {"application/vnd.jupyter.widget-view+json": {"model_id": "0f"}, "text/plain": "Dropdown()"}
    (kept,) = building.settled([nbformat.v4.new_output("display_data", data=data)])
    assert kept.data == {"text/plain": "Dropdown()"}


def test_an_output_that_was_a_widget_alone_is_not_stored() -> None:
    data = {"application/vnd.jupyter.widget-view+json": {"model_id": "0f"}}
    assert building.settled([nbformat.v4.new_output("display_data", data=data)]) == []


def test_a_question_can_be_read_in_the_students_notebook_before_its_cell_runs() -> None:
    for source in build.sources():
        cells = building.student_form(source).cells
        for above, cell in itertools.pairwise(cells):
            for id in building.ASKED.findall(cell.source) if cell.cell_type == "code" else ():
                text = quiz.load(id, "$XX").text
                assert re.sub(r"[\\`*]", "", above.source).endswith(text.replace("`", "")), id


@pytest.mark.parametrize("text", ["`a` and *b*", "[x](y) <b>", "a_b_c costs $5", "# no heading"])
def test_the_text_of_a_question_is_no_markdown(text: str) -> None:
    assert not re.search(r"(?<!\\)[`*_\[\]<>$#]", building.as_markdown(text))


def test_a_name_with_the_students_number_is_in_the_font_of_code() -> None:
    assert building.as_markdown("client-$XX asks server-$XX. Who?") == "`client-$XX` asks `server-$XX`. Who?"


# Canaries: each of these must go red


def test_built_again_the_small_lesson_is_the_same_to_the_byte_and_green_so_that_the_canaries_mean_something(
    built: Path, lesson: Path
) -> None:
    assert build.run([lesson], built, check=True, students_only=False) == []
    assert run_nbval([built / "solutions" / f"{NAME}.ipynb"], strict=True).failed == 0
    assert run_nbval([built / f"{NAME}.ipynb"], strict=False).failed == 0


def test_a_sabotaged_solution_notebook_fails_strict_nbval_once_for_each_sabotage(built: Path) -> None:
    path = built / "solutions" / f"{NAME}.ipynb"
    text = path.read_text(encoding="utf-8")
    changed_output, changed_code = ('"hello\\n"', '"hullo\\n"'), ("echo err", "echo error")
    for old, new in (changed_output, changed_code):
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    assert run_nbval([path], strict=True).failed == 2


def test_a_cell_that_raises_fails_even_lax_nbval(built: Path) -> None:
    path = built / f"{NAME}.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("print(greeting)", "raise SystemError(greeting)"))
    assert run_nbval([path], strict=False).failed >= 1


def test_a_notebook_without_code_does_not_pass_as_run(tmp_path: Path) -> None:
    path = tmp_path / "empty.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Nothing")]), path)
    with pytest.raises(AssertionError, match="collected no cell"):
        run_nbval([path], strict=True)


@pytest.mark.parametrize("leak", ["name: forty-two", "Trainer: ask the room first.", "total = 1 + 2 if"])
def test_a_leaked_solution_is_found_in_the_students_notebook(lesson: Path, leak: str) -> None:
    notebook = building.student_form(lesson)
    line = next(line for line in lesson.read_text(encoding="utf-8").splitlines() if line.startswith(leak))
    notebook.cells[3].source += f"\n{line}"
    assert lesson_lint.built_faults(building.read(lesson), building.as_text(notebook), f"{NAME}.ipynb") == [
        f"cell 4 gives away {line!r}"
    ]


def test_an_output_left_in_the_students_notebook_is_found(lesson: Path) -> None:
    notebook = building.student_form(lesson)
    code = next(cell for cell in notebook.cells if cell.cell_type == "code")
    code.outputs = [nbformat.v4.new_output("stream", text="hello\n")]
    assert lesson_lint.built_faults(building.read(lesson), building.as_text(notebook), f"{NAME}.ipynb")


@pytest.mark.parametrize(
    "shown", ["<Digraph object at 0x7f00aa11bb22>", "File /home/ada/lab.py", "…/site-packages/x.py"]
)
def test_an_output_that_belongs_to_one_machine_is_found(lesson: Path, shown: str) -> None:
    notebook = building.solution_form(lesson)
    for number, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), 1):
        cell.execution_count = number
        cell.outputs = [nbformat.v4.new_output("stream", text=shown)] if number == 1 else []
    assert (
        len(lesson_lint.built_faults(building.read(lesson), building.as_text(notebook), f"solutions/{NAME}.ipynb")) == 1
    )


def test_a_stale_student_notebook_is_reported(built: Path, lesson: Path) -> None:
    path = built / f"{NAME}.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("One cell prints.", "One cell printed."), encoding="utf-8")
    assert build.run([lesson], built, check=True, students_only=True) == [
        f"{NAME}.ipynb: differs from what {NAME}.md gives. Run `make notebooks`."
    ]


def test_a_stale_solution_notebook_is_reported(built: Path, lesson: Path) -> None:
    path = built / "solutions" / f"{NAME}.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace('"hello\\n"', '"hullo\\n"'), encoding="utf-8")
    assert build.run([lesson], built, check=True, students_only=False) == [
        f"solutions/{NAME}.ipynb: differs from what {NAME}.md gives. Run `make notebooks`."
    ]


def test_a_missing_notebook_is_reported(built: Path, lesson: Path) -> None:
    (built / f"{NAME}.ipynb").unlink()
    assert len(build.run([lesson], built, check=True, students_only=True)) == 1


def test_a_notebook_without_a_source_is_reported(built: Path) -> None:
    shutil.copy(built / f"{NAME}.ipynb", built / "solutions" / "99-forgotten.ipynb")
    assert [path.name for path in build.orphans(built, {f"{NAME}.ipynb"})] == ["99-forgotten.ipynb"]


def test_a_solution_that_raises_is_reported_with_its_error(lesson: Path) -> None:
    lesson.write_text(lesson.read_text(encoding="utf-8").replace("total = 1 + 2", "total = 1 / 0"), encoding="utf-8")
    (problem,) = build.run([lesson], lesson.parent.parent, check=True, students_only=False)
    assert "ZeroDivisionError" in problem


def test_a_folder_without_lessons_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        build.sources(tmp_path)


def test_a_notebook_that_a_student_ran_and_saved_is_not_stale(built: Path) -> None:
    path = built / f"{NAME}.ipynb"
    wanted = path.read_text(encoding="utf-8")
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    for words in (["init", "-q"], ["add", "."], [*identity, "commit", "-q", "-m", "build"]):
        subprocess.run(["git", *words], cwd=built, check=True)
    path.write_text(wanted.replace("One cell prints.", "One cell prints. I ran it."), encoding="utf-8")
    assert not build.stale(path, wanted)
    assert build.stale(path, wanted.replace("One cell", "A cell"))


# The lint


def test_the_lint_has_nothing_to_say_about_the_small_lesson(lesson: Path) -> None:
    assert lesson_lint.source_faults(lesson, building.read(lesson)) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("# Run a small lesson", "# The small lesson", "'The'"),
        ("# Run a small lesson", "Run a small lesson", "not a Markdown title"),
        ("10 minutes", "a while", "the minutes it takes"),
        ("**You need:** nothing.", "", "what you need"),
        ('{"tags": ["predict"]}', "", "tagged predict"),
        ('{"tags": ["quiz"]}', "", "tagged quiz"),
        (":tags: [cleanup]", ":tags: []", "tagged cleanup"),
        ("## Key points", "## Points", "'Key points'"),
        (":tags: [check]", ":tags: []", "exercise 1 has no check"),
        (':tags: [exercise]\ntotal = ____ if "____" in "" else None', "pass", "1 cells are tagged exercise"),
        ("name: forty-two", "title: forty-two", "'name: ____' is not in its solution"),
        ("The answer is known.", "It is in /home/ada/answer.txt.", "names a path of a machine"),
        ("../CONTRIBUTING.md", "../CONTRIBUTION.md", "leads nowhere"),
        ("(#Exercise-1)", "(#Exercise-7)", "leads nowhere"),
        ("Both streams at once.\n", "```{code-cell}\n1\n```\n", "third code cell in a row"),
        ("- It runs.", ":::{note}\nIt runs.\n:::", "shows MyST directives raw"),
        (":tags: [cleanup]", ":tags: [cleanup, nbval-skip]", "'nbval-skip' is no role"),
    ],
)
def test_the_lint_names_the_fault(faults_after: Edit, old: str, new: str, fault: str) -> None:
    assert fault in "\n".join(faults_after(old, new))
