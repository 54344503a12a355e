"""A lab of your own: what `netpol-lab new-lab` writes builds and passes, and what is wrong with one has its line."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import readable_lessons
from click.testing import CliRunner, Result

from netpol_lab.lab.cli import main
from netpol_lab.lessons import exercises
from netpol_lab.lessons.packs import building, new_lab, proving
from netpol_lab.model import datafiles, pack_folders
from netpol_lab.model.errors import LabError

NAME = "30-bakery"
SOURCE, EXERCISES = f"source/{NAME}.md", f"data/exercises/{NAME}.yaml"
QUIZ, MANIFEST = f"data/quiz/{NAME}.yaml", f"data/manifests/{NAME}/shop.yaml"


@pytest.fixture(autouse=True)
def no_other_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pack_folders.VARIABLE, "")


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    new_lab.write(NAME, tmp_path)
    monkeypatch.setenv(pack_folders.VARIABLE, str(tmp_path))
    return tmp_path


def faults(pack: Path) -> list[str]:
    """What is wrong with the lesson, as far as no kernel is needed to see it."""
    source = pack / SOURCE
    try:
        lesson = building.read(source)
    except LabError as error:
        return [str(error)]
    return [*proving.faults(NAME, lesson), *building.built(source, students_only=True)[1]]


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


# -- what it writes ------------------------------------------------------------------------------


def test_a_new_lesson_has_no_fault_and_the_page_for_authors_beside_it(pack: Path) -> None:
    assert "| `rest` |" in (pack / "AUTHORING.md").read_text("utf-8")
    assert faults(pack) == []


def test_a_new_lesson_is_built_and_tried_beside_one_that_is_broken(tmp_path: Path) -> None:
    for name in ("20-broken", NAME):
        assert run("new-lab", name, "--in", str(tmp_path)).exit_code == 0
    (tmp_path / "data" / "exercises" / "20-broken.yaml").write_text("lesson: [\n", "utf-8")
    built = run("build-lab", "--in", str(tmp_path))
    assert f"{NAME}: built and tried." in built.output, built.output
    assert "data/exercises/20-broken.yaml, line" in built.output
    assert built.exit_code == 1
    assert (tmp_path / f"{NAME}.ipynb").exists() and (tmp_path / "solutions" / f"{NAME}.ipynb").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("20-o'clock", "cannot be the name of a lesson"),
        ("shop", "cannot be the name of a lesson"),
        ("20-Shop", "cannot be the name of a lesson"),
        ("../20-shop", "cannot be the name of a lesson"),
        ("95-shop", "cannot be the name of a lesson"),
        (f"20-{'x' * 60}", "at most 40"),
        ("02-shop", "02 is the number of 02-default-deny already. 20-shop is free."),
        ("02-default-deny", "There is a lesson 02-default-deny already."),
    ],
)
def test_a_name_that_is_none_is_told_in_one_sentence_and_nothing_is_written(
    tmp_path: Path, name: str, said: str
) -> None:
    refused = run("new-lab", name, "--in", str(tmp_path))
    assert refused.exit_code == 2
    assert said in refused.output and len(refused.output.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_over(pack: Path) -> None:
    (pack / QUIZ).write_text("mine", "utf-8")
    (pack / SOURCE).unlink()
    refused = run("new-lab", NAME, "--in", str(pack))
    assert refused.exit_code == 2 and "is there already, and stays as it is" in refused.output
    assert (pack / QUIZ).read_text("utf-8") == "mine" and not (pack / SOURCE).exists()


def test_a_folder_without_lessons_is_told_what_writes_one(tmp_path: Path) -> None:
    told = run("build-lab", "--in", str(tmp_path))
    assert told.exit_code == 2 and "netpol-lab new-lab 20-shop" in told.output


def test_without_jupytext_it_is_told_what_to_install(pack: Path) -> None:
    words = "import sys; sys.modules['jupytext'] = None; from netpol_lab.lab.cli import main; main()"
    told = subprocess.run(
        [sys.executable, "-c", words, "build-lab", "--in", pack], capture_output=True, text=True, check=False
    )
    assert told.returncode == 2 and "pip install 'netpol-lab[author]'" in told.stderr


# -- what is wrong with one ----------------------------------------------------------------------

BROKEN = {
    "no YAML": (EXERCISES, "title: Close the database", "title: [Close", "yaml:"),
    "an unknown field": (EXERCISES, "  rest: start", "  rests: start", "unknown field 'rests', did you mean 'rest'?"),
    "a field that is missing": (EXERCISES, "  title: Close the", "  titel: Close the", "Is 'titel' a slip?"),
    "a field written twice": (EXERCISES, "  rest: start", "  rest: start\n  rest: free", "already set in map"),
    "a number in quotes": (EXERCISES, "port: 5432}", 'port: "5432"}', "port has to be a number, not the text '5432'"),
    "a text without quotes": (EXERCISES, "labels: {app: orders}", "labels: {app: 7}", "labels, app has to be text"),
    "a word that is no choice": (EXERCISES, "  rest: start", "  rest: star", "Did you mean 'start'?"),
    "a list that is none": (EXERCISES, "scope: [shop, guests]", "scope: shop", "has to be a list of texts"),
    "no solution": (EXERCISES, "  solution:\n", "  solutions:\n", "the field solution is missing"),
    "an empty solution": (EXERCISES, "    manifest: |\n", "    manifests: |\n", "unknown field 'manifests'"),
    "an id of another exercise": (EXERCISES, f"id: {NAME}/2", f"id: {NAME}/1", f"the id has to be '{NAME}/2'"),
    "another lesson's name": (EXERCISES, f"lesson: {NAME}", "lesson: 31-bakery", "lesson says '31-bakery'"),
    "rest without a scope": (EXERCISES, "  scope: [shop, guests]\n", "", "rest needs a scope"),
    "a start that is not there": (EXERCISES, f"[{NAME}/shop.yaml]", f"[{NAME}/shpo.yaml]", "no data file"),
    "a pod that is not there": (EXERCISES, "{from: Anyone, to: shop/db}", "{from: Anyone, to: shop/dbx}", "shop/dbx"),
    "a name with a quote": (EXERCISES, "name: orders, labels", 'name: "o\'clock", labels', "o'clock"),
    "a solution that does not pass": (EXERCISES, "            app: db", "            app: web", "does not pass"),
    "a solution that is refused": (EXERCISES, "        - Ingress", "        - Ingres", "Ingres"),
    "a mistake there is not": (EXERCISES, "mistake: M15", "mistake: M99", "there is no mistake 'M99'"),
    "a mistake that is not the one": (EXERCISES, "mistake: M17", "mistake: M8", "the check names M17"),
    "a wrong answer that passes": (EXERCISES, "            app: bd", "            app: db", "passes"),
    "commands that are not kubectl": (
        EXERCISES,
        "    mistake: M8\n",
        "    mistake: M8\n    commands: rm -r x\n",
        "none",
    ),
    "an answer that is no option": (QUIZ, "  answer: b", "  answer: d", "one of a, b, c, not 'd'"),
    "a number as an option": (QUIZ, '      text: "Yes."', "      text: 1", "text has to be text, not 1"),
    "an option without why": (
        QUIZ,
        "      why: Yes. It",
        "      wy: Yes. It",
        "the field why is missing. Is 'wy'",
    ),
    "two options": (QUIZ, "    c: The name db is not known any more.\n", "", "three to five options"),
    "a question nobody asks": (SOURCE, f'lab.quiz("{NAME}/q1", "")', "1", "is in the data, and no cell asks it"),
    "a question there is not": (SOURCE, f'lab.quiz("{NAME}/q1"', f'lab.quiz("{NAME}/q7"', f"did you mean '{NAME}/q1'?"),
    "a manifest that is refused": (MANIFEST, "kind: Service", "kind: Servise", "Servise"),
    "a manifest with a bad name": (MANIFEST, "  name: laptop", "  name: Laptop", "Laptop"),
    "a role there is not": (SOURCE, ":tags: [check]", ":tags: [chek]", "'chek' is no role, did you mean 'check'?"),
    "a role without brackets": (SOURCE, ":tags: [exercise]", ":tags: exercise", "tags are a list"),
    "a head that is no JSON": (SOURCE, '+++ {"tags": ["hint"]}', '+++ {"tags": ["hint"}', "cannot be read"),
    "a cell without an end": (SOURCE, 'lesson="30-bakery")\n```', 'lesson="30-bakery")\n', "close it with ```"),
    "a solution of its own": (
        SOURCE,
        "      app: db\n  policyTypes:\n  - Ingress\n```",
        "      app: web\n```",
        "not the one",
    ),
    "no hint": (SOURCE, '{"tags": ["hint"]}', "{}", "exercise 1 has no hint"),
    "a link that leads nowhere": (SOURCE, "(00-start-here.ipynb)", "(00-stop-here.ipynb)", "leads nowhere"),
    "no minutes": (SOURCE, "20 minutes", "a while", "the minutes it takes"),
    "a title without a verb": (SOURCE, "# Close the database", "# The database", "begin with what the student does"),
}
WHOLE_LESSON = {"no minutes", "a title without a verb", "a question nobody asks", "a manifest that is refused"}
"""Faults of a lesson rather than of a line of the file that was changed."""


@pytest.mark.parametrize("fault", BROKEN)
def test_a_fault_is_told_with_file_and_line(pack: Path, fault: str) -> None:
    name, old, new, said = BROKEN[fault]
    text = (pack / name).read_text("utf-8")
    assert old in text
    (pack / name).write_text(text.replace(old, new), "utf-8")
    told = [each for each in faults(pack) if said in each]
    assert told, faults(pack)
    assert "Traceback" not in told[0]
    if fault not in WHOLE_LESSON:
        assert re.search(rf"{re.escape(Path(name).name)}, line \d+", told[0]), told[0]


def test_a_file_that_is_no_text_is_told(pack: Path) -> None:
    for name in (QUIZ, EXERCISES, SOURCE):
        (pack / name).write_bytes(b"\xff\xfe\x00")
        assert any("no UTF-8 text" in each and Path(name).name in each for each in faults(pack))


def test_a_broken_lesson_hides_no_test_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, asked = readable_lessons.exercise_ids(), readable_lessons.questions()
    shutil.copytree(datafiles.path(), tmp_path / "data")
    for kind in ("exercises", "quiz"):
        (tmp_path / "data" / kind / "20-broken.yaml").write_text("lesson: 20-broken\nexercises: 7\nquiz: 7\n", "utf-8")
    monkeypatch.setattr(datafiles, "_PLACES", (tmp_path / "data",))
    assert "20-broken" in exercises.lessons("exercises")
    assert readable_lessons.exercise_ids() == before
    assert readable_lessons.questions() == asked
