"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from netpol_lab.lab import student_files

# The same examples in every run, and no deadline: no test may fail because a machine is slow.
settings.register_profile(
    "repeatable", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=False
)
settings.load_profile("repeatable")

collect_ignore = ["fuzz.py"]  # a program of its own

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture
def notebook_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, as a kernel that has just begun finds it: no lab was opened, no number is set."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(student_files, "_home", None)
    monkeypatch.setenv("XX", "")
    return tmp_path


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout's folder."""
    return REPOSITORY
