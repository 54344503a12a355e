"""Run notebooks by nbval in a process of its own, as a maintainer would, and count what it ran."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class NbvalRun:
    """How many cells ran and failed, and what nbval printed."""

    cells: int
    failed: int
    printed: str


def run_nbval(notebooks: Sequence[Path], strict: bool) -> NbvalRun:
    """Run notebooks where they lie. Strict compares the stored outputs, lax only asks that no cell raises.

    Raises ``AssertionError`` when nothing was collected: a run of nothing must not pass.
    """
    folder = notebooks[0].parent
    report = folder / "nbval-report.xml"
    settings = folder / "nbval.ini"
    settings.write_text("[pytest]\n", encoding="utf-8")
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-p", "nbval.plugin", "-p", "no:cacheprovider", "-c", str(settings)),
        *("--nbval" if strict else "--nbval-lax", "--nbval-current-env", f"--junitxml={report}"),
        *map(str, notebooks),
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    # Loading all the other plugins of this environment takes longer than running a small notebook.
    environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment |= {"IPYTHONDIR": str(folder / ".ipython"), "COLUMNS": "80"}
    for private in ("KUBECONFIG", "XX"):
        environment.pop(private, None)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    printed = done.stdout + done.stderr
    assert report.exists(), printed
    suite = ElementTree.parse(report).getroot().find("testsuite")
    assert suite is not None, printed
    counted = {name: int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")}
    report.unlink()
    assert counted["tests"] > 0, f"nbval collected no cell:\n{printed}"
    assert counted["skipped"] == 0, f"nbval skipped cells:\n{printed}"
    return NbvalRun(counted["tests"], counted["failures"] + counted["errors"], printed)
