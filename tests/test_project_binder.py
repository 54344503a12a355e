"""The Binder environment: the Dockerfile that repo2docker would build from is the one that was looked at.

After a wanted change: ``python tests/test_project_binder.py`` writes ``binder/Dockerfile.generated`` anew.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
STORED = REPOSITORY / "binder" / "Dockerfile.generated"


def installed() -> str:
    """Return the version of repo2docker, or nothing."""
    try:
        return version("jupyter-repo2docker")
    except PackageNotFoundError:
        return ""


def generated_dockerfile() -> str:
    """Return the Dockerfile that repo2docker makes of this repository's binder folder.

    Made in a folder with nothing but ``binder/``, because repo2docker looks nowhere else when there is one. Where
    repo2docker is installed, its version, and the processor of this machine are taken out.
    """
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(REPOSITORY / "binder", Path(folder, "binder"))
        words = ["--no-build", "--debug", "--user-id", "1000", "--user-name", "jovyan", folder]
        command = [sys.executable, "-m", "repo2docker", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    text = re.sub(
        r"build_script_files/\S*repo2docker-2fbuildpacks-2f(\S+)-[0-9a-f]{6} ", r"build_script_files/\1 ", done.stdout
    )
    text = re.sub(r"(repo2docker\.version=)\"[^\"]*\"", r'\1"-"', text)
    text = re.sub(r"linux-(2d)?(64|aarch64)", r"linux-\g<1>64", text)
    return "".join(f"{line.rstrip()}\n" for line in text.strip().splitlines())


@pytest.mark.skipif(not installed(), reason="jupyter-repo2docker is not installed (it is no part of a Windows install)")
def test_repo2docker_still_makes_the_dockerfile_that_is_stored() -> None:
    assert generated_dockerfile() == STORED.read_text(encoding="utf-8")


def test_the_stored_dockerfile_runs_post_build_on_a_python_of_the_project() -> None:
    text = STORED.read_text(encoding="utf-8")
    assert "RUN ./binder/postBuild" in text
    assert "environment-2epy-2d3-2e13" in text
    assert (REPOSITORY / "binder" / "runtime.txt").read_text(encoding="utf-8") == "python-3.13\n"


def test_post_build_installs_the_project_with_the_pinned_versions() -> None:
    script = REPOSITORY / "binder" / "postBuild"
    assert os.access(script, os.X_OK)
    assert "pip install --no-cache-dir --constraint constraints.txt --editable ." in script.read_text(encoding="utf-8")


@pytest.mark.skipif(os.name == "nt", reason="they are scripts for bash")
@pytest.mark.parametrize("well", [True, False])
def test_on_start_the_self_test_leaves_its_answer_and_holds_nobody_up(tmp_path: Path, well: bool) -> None:
    program = tmp_path / "netpol-lab"
    program.write_text(f"#!/bin/sh\necho $0 $*\nexit {0 if well else 1}\n", "utf-8")
    program.chmod(0o755)
    words = [REPOSITORY / "binder" / "start", "sh", "-c", "sleep 1; exit 7"]
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    assert subprocess.run(words, cwd=tmp_path, env=environment, check=False).returncode == 7
    said = (tmp_path / "self-test.txt").read_text("utf-8")
    assert "netpol-lab doctor notebooks" in said
    assert ("Something is to be repaired" in said) != well
    assert (REPOSITORY / "binder" / "postBuild").read_text("utf-8").splitlines()[-1] == "netpol-lab doctor notebooks"


if __name__ == "__main__":
    STORED.write_text(generated_dockerfile(), encoding="utf-8", newline="\n")
