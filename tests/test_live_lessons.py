"""One contract, two back ends: the lessons' cells on a kubectl that stands on PATH as if it were real.

Behind it is a second simulated cluster in another process (``stand_in.py``), so the live lab has to find out
everything through kubectl. What its cells show is compared with the stored solutions, which are the simulated lab's.
"""

from __future__ import annotations

import re
from pathlib import Path

import build
import nbformat
import pytest
from nbformat import NotebookNode
from stand_in import CONTEXT, on_path, stand_in

from netpol_lab.lessons.packs import building

SOURCES = {source.stem: source for source in build.sources()}

CURL = "curl runs on the student's machine, which is no node of this cluster"
WORK = "dockercoins' worker counts by a clock, and live there are other lines between"
PLUGIN = "the lesson opens a new cluster with another plugin; this cluster stays, and has its own"
WAITED = "live the lab waited until the pod of kubectl run --rm was gone; simulated it is still ending"
ADDRESS = "the cluster had other pods before, and gives other addresses"
LOOSE_LINES = "a Deployment that was read has no lines of its file"
STAYS = "lab.reset does not take away what the student made"
DIFFERENCES: dict[str, dict[str, str]] = {
    "03-allow-specific": {"!kubectl get pods --show-labels": WAITED},
    "06-flows-and-services": {"curl": CURL},
    "08-dockercoins": {"curl": CURL, "logs deploy/worker": WORK, "run stranger --rm": WORK},
    "09-plugins-and-limits": {"": PLUGIN},
    "10-clinic": {"describe service api": ADDRESS},
    "12-policies-as-code": {"lab.audit()": LOOSE_LINES, "lab.expect(": LOOSE_LINES},
    "90-appendix": dict.fromkeys(
        ("lab.reset()", "no-shared-port", "for NS in", "lab.warnings()", "delete namespace guests"), STAYS
    ),
}
"""Lesson -> a part of the cells that differ -> why they may."""

APPLIES_NOTHING = ("00-start-here", "92-glossary")

NO_PAUSE = """
from netpol_lab.lab.live import real_cluster, waiting
real_cluster.SECONDS_FOR_POLICIES = waiting.PAUSE = 0
"""

_OWN = (
    (r"\n*  what you saw:.*(\n   .*)*", ""),  # a live lab does not hear what the program says
    (r"live: .*\n", ""),
    (r"\b(\d+m)?\d+s\b", "AGE"),
    (r"\d{4}-\d\d-\d\d[T ][\d:]+|2026:[\d:]+|09:\d\d:\d\d", "TIME"),
    (r" +", " "),
)


def shown(cell: NotebookNode) -> str:
    """What a cell shows, without ages and times."""
    parts = [
        output.text
        if output.output_type == "stream"
        else output.data.get("text/plain", "")
        if "data" in output
        else f"{output.ename}: {output.evalue}"
        for output in cell.outputs
    ]
    for pattern, instead in _OWN:
        parts = [re.sub(pattern, instead, text) for text in parts]
    return "\n".join(filter(None, parts))


@pytest.mark.parametrize("lesson", SOURCES)
def test_a_lesson_runs_from_top_to_bottom_live_and_shows_what_it_shows_simulated(
    lesson: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = building.solution_form(SOURCES[lesson])
    notebook.cells.insert(0, nbformat.v4.new_code_cell(NO_PAUSE, id="no-pause"))
    with stand_in(tmp_path / "bin") as folder:
        on_path(monkeypatch, folder)
        monkeypatch.setenv("NETPOL_LAB_LIVE", CONTEXT)
        ran = building.execute(notebook)
        assert '"apply"' in (folder / "asked.jsonl").read_text() or lesson in APPLIES_NOTHING
    stored = nbformat.read(build.HERE / "solutions" / f"{lesson}.ipynb", as_version=4)
    cells = [pair for pair in zip(stored.cells, ran.cells[1:], strict=True) if pair[0].cell_type == "code"]
    differ = [(a.source, shown(a), shown(b)) for a, b in cells if shown(a) != shown(b)]
    allowed = DIFFERENCES.get(lesson, {})
    new = [f"{s}\n--- simulated\n{a}\n--- live\n{b}" for s, a, b in differ if not any(part in s for part in allowed)]
    assert not new, "\n\n".join(new)
    unused = [part for part in allowed if not any(part in source for source, _, _ in differ)]
    assert not unused, "these agree now: take them off the list"
    assert cells and len(SOURCES) > 15 and len(differ) <= len(cells) // 2


def test_the_comparison_is_not_blind_to_words_and_signs() -> None:
    def cell(text: str) -> NotebookNode:
        return nbformat.v4.new_code_cell("x", outputs=[nbformat.v4.new_output("stream", text=text)])

    assert shown(cell("server-07  X")) != shown(cell("server-07  ."))
    assert shown(cell("pod/web   12s\nlive: waiting\n")) == shown(cell("pod/web   3m2s\n"))
