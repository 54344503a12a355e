"""`netpol-lab lab`: the notebooks come into the student's folder, and nothing of the student's is lost."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from netpol_lab.lab import copies
from netpol_lab.lab.cli import main
from netpol_lab.model import datafiles, whole_files

NAMES = ("00-start-here.ipynb", "01-allow-all.ipynb", "02-default-deny.ipynb")
MINE, HALF = '{"cells": ["mine"]}', b'{"cells": [{"source": ["half \xc3'


def notebook(text: str) -> str:
    return json.dumps({"cells": [{"source": text}]})


def ship(place: Path, text: str) -> None:
    for name in NAMES:
        (place / name).write_text(notebook(f"{text} {name}"), "utf-8")


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What an installation brings; and the folder to work in."""
    place = tmp_path / "shipped"
    place.mkdir()
    ship(place, "first")
    monkeypatch.setattr(copies, "notebooks", lambda: sorted(place.glob("*.ipynb")))
    monkeypatch.chdir(tmp_path)
    return place


def lab(*words: str) -> Result:
    return CliRunner().invoke(main, ["lab", *words], prog_name="netpol-lab")


def copied(*words: str) -> list[str]:
    """What was said of the notebooks."""
    done = lab("--no-open", *words)
    assert done.exit_code == 0, done.output
    *lines, last = done.stdout.splitlines()
    assert last.startswith("The notebooks are in ")
    return lines


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != copies.RECORD}


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_every_notebook_is_copied_and_a_second_time_there_is_nothing_to_do(shipped: Path) -> None:
    assert copied() == [f"{name}: copied." for name in NAMES]
    assert contents(Path("netpol-lab")) == contents(shipped)
    assert copied() == []


def test_a_clone_brings_its_own_notebooks_and_none_of_the_solutions(tmp_path: Path, repository: Path) -> None:
    assert [path.parent for path in datafiles.notebooks()] == [repository / "notebooks"] * len(datafiles.notebooks())
    assert copied(str(tmp_path / "mine"))[0] == "00-start-here.ipynb: copied."


def test_a_changed_notebook_stays_and_the_newer_one_is_put_beside_it_once(shipped: Path) -> None:
    copied("mine")
    changed = Path("mine", NAMES[1])
    changed.write_text(MINE, "utf-8")
    assert copied("mine") == [f"{NAMES[1]}: yours, left as it is."]
    ship(shipped, "second")
    beside = "01-allow-all.new.ipynb"
    assert f"{NAMES[1]}: yours, left as it is. The newer one is {beside}." in copied("mine")
    assert changed.read_text("utf-8") == MINE
    assert Path("mine", beside).read_bytes() == (shipped / NAMES[1]).read_bytes()
    assert copied("mine") == [f"{NAMES[1]}: yours, left as it is."]
    Path("mine", beside).write_text(MINE + "\n", "utf-8")
    ship(shipped, "third")
    assert "01-allow-all.new-2.ipynb" in " ".join(copied("mine"))
    assert Path("mine", beside).read_text("utf-8") == MINE + "\n"


def test_a_notebook_that_nobody_changed_is_renewed(shipped: Path) -> None:
    copied("mine")
    ship(shipped, "second")
    assert copied("mine") == [f"{name}: renewed. You had not changed it." for name in NAMES]
    assert contents(Path("mine")) == contents(shipped)


@pytest.mark.parametrize("record", [b"", b'{"00-st', b"[1]", b"\xff"])
def test_without_a_readable_record_whatever_differs_is_the_student_s(shipped: Path, record: bytes) -> None:
    copied("mine")
    Path("mine", copies.RECORD).write_bytes(record)
    ship(shipped, "second")
    before = contents(Path("mine"))
    assert all("yours, left as it is." in line for line in copied("mine"))
    assert contents(Path("mine")).items() >= before.items()


def test_a_half_saved_notebook_stays_and_the_way_back_is_told_and_works(shipped: Path) -> None:
    copied("mine")
    torn = Path("mine", NAMES[2])
    torn.write_bytes(HALF)
    (line,) = copied("mine")
    assert line == (
        f"{NAMES[2]}: no whole notebook, left as it is. "
        "A fresh one, with this one kept: `netpol-lab lab --reset 02-default-deny`."
    )
    assert torn.read_bytes() == HALF
    assert lab("mine", "--reset", "02-default-deny").exit_code == 0
    assert torn.read_bytes() == (shipped / NAMES[2]).read_bytes()
    assert Path("mine", "02-default-deny.before-reset.ipynb").read_bytes() == HALF


@pytest.mark.parametrize("name", ["01", "01-allow-all", "01-allow-all.ipynb"])
def test_a_reset_brings_one_notebook_back_and_keeps_each_of_the_students(shipped: Path, name: str) -> None:
    copied("mine")
    before = contents(Path("mine"))
    for kept in ("01-allow-all.before-reset.ipynb", "01-allow-all.before-reset-2.ipynb"):
        Path("mine", NAMES[1]).write_text(MINE + kept, "utf-8")
        done = lab("mine", "--reset", name)
        assert done.exit_code == 0 and f"Yours is {kept}." in done.stdout
        assert Path("mine", kept).read_text("utf-8") == MINE + kept
    assert contents(Path("mine")).items() >= before.items()
    assert "nothing to set back" in lab("mine", "--reset", name).stdout


@pytest.mark.parametrize(
    ("name", "said"), [("0", "Several notebooks begin with '0'"), ("lesson", "No notebook begins")]
)
def test_a_reset_of_none_or_of_several_is_misuse_and_names_what_there_is(shipped: Path, name: str, said: str) -> None:
    copied("mine")
    done = lab("mine", "--reset", name)
    assert done.exit_code == 2
    assert said in done.stderr and "01-allow-all" in done.stderr


@pytest.mark.parametrize("folder", ["taken", "taken/below"])
def test_a_folder_that_is_a_file_is_one_sentence_and_the_file_stays(shipped: Path, folder: str) -> None:
    Path("taken").write_text("a letter", "utf-8")
    done = lab("--no-open", folder)
    assert done.exit_code == 2
    assert "taken" in done.stderr and "Traceback" not in done.output
    assert Path("taken").read_text("utf-8") == "a letter"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_disk_that_takes_nothing_is_one_sentence_and_every_notebook_stays(
    shipped: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    copied("mine")
    ship(shipped, "second")
    before = contents(Path("mine"))
    monkeypatch.setattr(whole_files.tempfile, "mkstemp", refuse)
    done = lab("--no-open", "mine")
    assert done.exit_code == 2
    why = os.strerror(number).lower()
    place = Path("mine", NAMES[0])
    assert done.stderr == f"Error: {place} was not written, and what was there is as it was: {why}.\n"
    assert contents(Path("mine")) == before
    monkeypatch.undo()


def test_a_reset_on_a_full_disk_leaves_the_students_notebook_where_it_was(
    shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied("mine")
    Path("mine", NAMES[1]).write_text(MINE, "utf-8")
    before = contents(Path("mine"))
    monkeypatch.setattr(whole_files.tempfile, "mkstemp", full)
    done = lab("mine", "--reset", "01")
    assert done.exit_code == 2 and "no space left on device" in done.stderr
    assert contents(Path("mine")) == before


def test_the_place_the_notebooks_come_from_is_nobodys_folder(shipped: Path) -> None:
    before = contents(shipped)
    for words in (["--no-open"], ["--reset", "01"]):
        done = lab(str(shipped), *words)
        assert done.exit_code == 2 and "is where the notebooks come from" in done.stderr
    assert contents(shipped) == before and not (shipped / copies.RECORD).exists()


def test_jupyterlab_opens_the_first_lesson_in_the_folder_and_in_its_own_again(
    shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[Path, list[str]]] = []
    monkeypatch.setattr("jupyterlab.labapp.LabApp.launch_instance", lambda words: started.append((Path.cwd(), words)))
    above = Path.cwd()
    assert lab("--no-browser", "--port", "9000").exit_code == 0
    assert lab().exit_code == 0  # now in the folder: it makes no second one inside
    assert [place for place, _ in started] == [above / "netpol-lab"] * 2
    assert started[0][1][0] == NAMES[0] and started[0][1][-2:] == ["--no-browser", "--port=9000"]


def test_an_environment_without_jupyterlab_gets_its_notebooks_and_is_sent_to_the_doctor(
    shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jupyterlab.labapp", None)
    done = lab("mine")
    assert done.exit_code == 2
    assert done.stderr == "Error: JupyterLab is not installed here. `netpol-lab doctor` says what to do.\n"
    assert contents(Path("mine")) == contents(shipped)


def test_a_port_that_is_none_is_misuse(shipped: Path) -> None:
    assert lab("--port", "70000").exit_code == 2
    assert not Path("netpol-lab").exists()
