"""Lesson packs: folders of somebody else, found where they lie, and never in the place of the workbook's own."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from netpol_lab import Lab
from netpol_lab.lab.copies import bring
from netpol_lab.lessons import exercises, quiz
from netpol_lab.model import datafiles, pack_folders
from netpol_lab.model.errors import LabError, NotFound
from netpol_lab.model.fields import DataError

EXERCISES = """lesson: 20-shop
exercises:
- id: 20-shop/1
  title: T
  question: Q
  start: [20-shop/shop.yaml]
  answer: close-db.yaml
  denied: [{from: shop/web, to: shop/db}]
  solution: {commands: kubectl get pods}
  wrong:
  - {name: one, mistake: M1, commands: k}
  - {name: two, mistake: M2, commands: k}
"""
QUIZ = """lesson: 20-shop
quiz:
- id: 20-shop/q1
  question: Q?
  options: {a: {text: A, why: Yes.}, b: {text: B, why: No.}, c: {text: C, why: No.}}
  answer: a
"""


def write_pack(folder: Path) -> Path:
    for name, text in {
        "source/20-shop.md": "# Look",
        "data/exercises/20-shop.yaml": EXERCISES,
        "data/quiz/20-shop.yaml": QUIZ,
        "data/manifests/20-shop/shop.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n",
        "20-shop.ipynb": "{}",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.fixture(autouse=True)
def nothing_installed() -> Iterator[None]:
    pack_folders._installed.cache_clear()
    yield
    pack_folders._installed.cache_clear()


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return write_pack(tmp_path / "acme")


def found() -> bool:
    return "20-shop" in exercises.lessons("exercises")


def test_a_pack_is_found_from_its_own_folder_and_from_those_in_it(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not found()
    inside = pack / "work-07" / "20-shop"
    inside.mkdir(parents=True)
    for folder in (pack, inside):
        monkeypatch.chdir(folder)
        assert [each.id for each in exercises.of_lesson("20-shop")] == ["20-shop/1"]
        assert [each.id for each in quiz.of_lesson("20-shop")] == ["20-shop/q1"]


def test_a_pack_is_found_by_the_environment(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pack_folders.VARIABLE, os.pathsep.join(["/nowhere", str(pack)]))
    assert exercises.load("20-shop/1").start_cluster().snapshot().get("Namespace", "", "shop")


def test_a_pack_is_found_in_an_installed_package_without_importing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pack(tmp_path / "acme_lessons" / "lab")
    (tmp_path / "acme_lessons" / "__init__.py").write_text("raise SystemExit('imported')")
    metadata = tmp_path / "acme_lessons-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-lessons\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[netpol_lab.lessons]\nacme = acme_lessons.lab\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert exercises.load("20-shop/1").title == "T"


def test_an_entry_point_that_leads_nowhere_is_told_and_hides_no_other_lesson(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = tmp_path / "gone-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: gone\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[netpol_lab.lessons]\ngone = gone_lessons\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.warns(UserWarning, match="gone_lessons"):
        assert "02-default-deny" in exercises.lessons("exercises")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # once is enough
        assert exercises.lessons("exercises")


def test_a_lab_begins_an_exercise_of_a_pack(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(pack)
    monkeypatch.setattr("netpol_lab.lab.student_files._home", None)
    lab = Lab("07", lesson="20-shop")
    try:
        assert "20-shop/1" in lab.start("20-shop/1").text
        assert "apiVersion" in lab.file("20-shop/shop.yaml")
    finally:
        lab.close()


def test_the_notebooks_of_a_pack_are_copied_with_the_workbooks(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(pack)
    bring(Path("mine"))
    assert {"20-shop.ipynb", "00-start-here.ipynb"} <= {each.name for each in Path("mine").iterdir()}
    with pytest.raises(LabError, match="Name a folder of your own"):
        bring(Path("."))


def test_no_pack_replaces_a_file_of_the_workbook(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = datafiles.path("manifests", "lab-a", "namespace.yaml")
    (pack / "data" / "manifests" / "lab-a").mkdir()
    (pack / "data" / "manifests" / "lab-a" / "namespace.yaml").write_text("other")
    monkeypatch.chdir(pack)
    assert datafiles.path("manifests", "lab-a", "namespace.yaml") == own


def test_a_lesson_that_is_there_twice_is_no_lesson_and_both_places_are_named(
    pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = write_pack(tmp_path / "other")
    monkeypatch.setenv(pack_folders.VARIABLE, os.pathsep.join([str(pack), str(other)]))
    with pytest.raises(DataError, match=r"acme.*other.*is there twice"):
        exercises.of_lesson("20-shop")
    assert exercises.of_lesson("02-default-deny")


def test_a_lesson_that_is_not_there_is_told_with_the_nearest_that_is() -> None:
    with pytest.raises(NotFound, match="did you mean '02-default-deny'"):
        exercises.of_lesson("02-defaultdeny")
