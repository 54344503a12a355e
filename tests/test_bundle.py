"""`netpol-lab bundle`: the right wheels for the other machine, and an installer that finds nothing else to do.

The whole way, with a real index and without any network afterwards, is `tests/bundle_offline.sh`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from packaging.requirements import Requirement

from netpol_lab.lab.classroom import bundle
from netpol_lab.lab.classroom.bundle import PLATFORMS
from netpol_lab.lab.cli import main
from netpol_lab.model.errors import LabError

TESTED = """alpha==1.0
beta==2.0 ; python_full_version < '3.12'
beta==3.0 ; python_full_version >= '3.12'
hub==4.0
windowsonly==1.0 ; sys_platform == 'win32'
"""
ASKED = {
    "netpol-lab": [
        "alpha[more]>=1",
        "windowsonly; sys_platform == 'win32'",
        "pytest; extra == 'test'",
        "hub; extra == 'class'",
    ],
    "alpha": ["beta>=1; extra == 'more'", "gamma; extra == 'less'"],
    "beta": ["Alpha"],
}


def wheel(folder: Path, name: str, version: str) -> Path:
    path = folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    asked = "".join(f"Requires-Dist: {each}\n" for each in ASKED.get(name, ()))
    with zipfile.ZipFile(path, "w") as parts:
        parts.writestr(f"{name}-{version}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\n{asked}\n")
    return path


@pytest.fixture(autouse=True)
def _index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """An index that has everything, and what pip was asked."""
    asked: list[tuple[str, ...]] = []

    def pip(*words: str) -> str:
        asked.append(words)
        for each in words:
            if "==" in each or each in ("editables",):
                wish = Requirement(each)
                wheel(Path(words[words.index("--dest") + 1]), wish.name.lower(), str(wish.specifier).strip("=") or "1")
        return ""

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bundle, "_pip", pip)
    monkeypatch.setattr(bundle, "tested_versions", lambda: TESTED)
    Path("own").mkdir()
    wheel(Path("own"), "netpol-lab", "0.1.0")
    return asked


def bundled(*words: str, ends: int = 0) -> Result:
    own = str(next(Path("own").glob("*.whl")))
    done = CliRunner().invoke(main, ["bundle", "--wheel", own, *words], prog_name="netpol-lab")
    assert done.exit_code == ends, done.output
    return done


def names(folder: str) -> list[str]:
    return [each.name.removesuffix("-py3-none-any.whl") for each in sorted(Path(folder, "wheels").iterdir())]


def test_versions_are_those_of_the_other_machine_s_python_and_system() -> None:
    rest = ["editables-1", "hatchling-1.33.0", "netpol_lab-0.1.0"]
    for platform, python, wanted in (
        ("linux-x86_64", "3.12", ["alpha-1.0", "beta-3.0"]),
        ("macos-arm64", "3.11", ["alpha-1.0", "beta-2.0"]),
        ("windows-amd64", "3.13.1", ["alpha-1.0", "beta-3.0", "windowsonly-1.0"]),
    ):
        bundled("--for", platform, "--python", python)
        assert names(f"netpol-lab-{platform}-{python}") == sorted([*wanted, *rest])


def test_what_a_class_needs_comes_where_it_is_asked_for() -> None:
    bundled("--for", "linux-x86_64", "--python", "3.12", "--into", "stick", "--class")
    assert {"hub-4.0", "alpha-1.0"} <= set(names("stick")) and "pytest" not in " ".join(names("stick"))


def test_pip_is_asked_for_wheels_of_that_machine_alone(_index: list[tuple[str, ...]]) -> None:
    bundled("--for", "linux-aarch64", "--python", "3.12")
    for words in _index:
        assert words[:5] == ("download", "--no-deps", "--only-binary=:all:", "--python-version", "3.12")
        assert {each for each in words if each.startswith("--platform=")} == {
            f"--platform={tag}" for tag in PLATFORMS["linux-aarch64"]
        }


def test_a_second_time_the_wheels_of_an_earlier_version_go() -> None:
    bundled("--for", "linux-x86_64", "--python", "3.12", "--into", "stick")
    wheel(Path("stick", "wheels"), "alpha", "0.9")
    wheel(Path("stick", "wheels"), "netpol-lab", "0.0.9")
    before = names("netpol-lab-linux-x86_64-3.12") if Path("netpol-lab-linux-x86_64-3.12").exists() else None
    bundled("--for", "linux-x86_64", "--python", "3.12", "--into", "stick")
    assert before is None
    assert not {"alpha-0.9", "netpol_lab-0.0.9"} & set(names("stick"))


def test_what_builds_a_clone_is_what_the_project_builds_with(repository: Path) -> None:
    built_with = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    assert set(built_with) <= set(bundle.BUILD_TOOLS)


def test_an_unknown_machine_and_an_old_python_are_told() -> None:
    said = bundled("--for", "amiga", ends=2).output
    assert all(platform in " ".join(said.split()) for platform in PLATFORMS)
    assert "An example is 3.12." in bundled("--for", "linux-x86_64", "--python", "3.9", ends=2).output


def test_what_pip_refuses_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    with pytest.raises(
        LabError, match=r"^pip could not download: No matching distribution found for no-such-thing==1\.$"
    ):
        bundle._pip("download", "--no-index", "--no-deps", "no-such-thing==1")


@pytest.mark.skipif(os.name == "nt", reason="it is a script for sh")
def test_the_installer_refuses_a_machine_without_that_python_and_is_clean_shell(tmp_path: Path) -> None:
    bundled("--for", "linux-x86_64", "--python", "3.99", "--into", "stick")
    words = ["sh", "stick/install.sh", str(tmp_path / "env")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("These wheels are for Python 3.99 on linux-x86_64")
    assert not (tmp_path / "env").exists()
    assert "@" not in "".join(Path("stick", each).read_text() for each in ("install.sh", "README.txt"))


@pytest.mark.skipif(os.name == "nt" or shutil.which("sh") is None, reason="it is a script for sh")
def test_the_installer_makes_an_environment_beside_nothing_else(tmp_path: Path) -> None:
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    bundled("--for", "linux-x86_64", "--python", here, "--into", "a stick")
    place, programs = tmp_path / "env", tmp_path / "programs"
    programs.mkdir()
    (programs / "python3").symlink_to(sys.executable)
    environment = {
        "PATH": f"{programs}{os.pathsep}/usr/bin{os.pathsep}/bin",
        "HOME": str(tmp_path),
        "PIP_NO_INDEX": "1",
    }
    words = ["sh", "a stick/install.sh", str(place)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    assert (place / "bin" / "python").exists()
    assert done.returncode and "invalid wheel" in done.stderr  # the one of this test is empty: pip says so
