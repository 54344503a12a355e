"""208 manifests, applied to a real API server by a real kubectl, both 1.36: the same answers here, to the letter.

``tests/real/validation.json`` holds each manifest with the exit code, stdout and stderr of the real pair. The
``hint:`` lines that stand below kubectl's text here are the workbook's own.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kubectl_lines import Terminal, without_hints

RECORDED = json.loads((Path(__file__).parent / "real" / "validation.json").read_text(encoding="utf-8"))

BEFORE = {
    "ns-specx.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: cp-b}\n",
}
"""What was in the cluster already: there, this one manifest was applied over an object of its name."""


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["file"])
def test_kubectl_answers_as_the_real_pair_did(case: dict, tmp_path: Path) -> None:
    (tmp_path / case["file"]).write_text(case["manifest"], encoding="utf-8")
    terminal = Terminal(folder=tmp_path)
    if case["file"] in BEFORE:
        terminal.out("apply -f -", BEFORE[case["file"]])
    result = terminal.type(f"kubectl apply -f {case['file']}")
    said = (result.exit_code, result.stdout, without_hints(result.stderr))
    assert said == (case["exit"], case["stdout"], case["stderr"])


def test_the_recording_is_whole() -> None:
    assert len(RECORDED) == len({case["file"] for case in RECORDED}) == 208
    assert 100 < sum(case["exit"] == 1 for case in RECORDED) < 208
