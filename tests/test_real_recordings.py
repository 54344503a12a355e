"""The golden data of a real Kubernetes 1.36 (``tests/real``): its lines, typed again, say the same here.

What differs is listed in ``tests/real/differences.yaml``, each line by its number and with the reason. A line on the
list that agrees meanwhile has to leave it.
"""

from __future__ import annotations

import shutil

import pytest
import yaml
from replay import LABS, REAL, Replayed, Said, comparable, recordings, replay

RECORDINGS = dict(recordings())
DIFFERENCES: dict[str, dict[str, list[int]]] = yaml.safe_load((REAL / "differences.yaml").read_text(encoding="utf-8"))
"""Reason -> recording -> numbers of lines."""


def listed(name: str) -> set[int]:
    return {number for where in DIFFERENCES.values() for number in where.get(name, [])}


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("jq")), reason="some lines are a shell's")
@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recorded_line_says_the_same_here_or_is_listed_with_a_reason(name: str, tmp_path):
    lines = list(replay(name, RECORDINGS[name], tmp_path))
    differ = {line.number for line in lines if not line.agrees}
    new = [_shown(line) for line in lines if line.number in differ - listed(name)]
    assert not new, "\n".join(new)
    assert sorted(listed(name) - differ) == [], "these agree now: take them off the list"


def _shown(line: Replayed) -> str:
    real, ours = line.real.comparable(), line.ours.comparable()
    return f"{line.number} $ {line.command}\n--- a real cluster\n{real}\n--- here\n{ours}"


def test_the_recordings_are_all_there_and_no_reason_is_empty():
    count = {name: sum("command" in entry for entry in entries) for name, entries in RECORDINGS.items()}
    assert [count[lab] for lab in LABS] == [44, 50, 25, 31]
    assert sum(count.values()) - sum(count[lab] for lab in LABS) == 469
    assert all(reason.strip() and where for reason, where in DIFFERENCES.items())


def test_only_what_is_another_clusters_own_is_passed_over():
    assert comparable("pod/web-555fd5f5d8-hrzsr   10.244.0.23   5s") == "pod/web-HASH-POD  ADDRESS  AGE"
    assert comparable("a    b") == "a    b"
    said = Said(1, "", "hint: look there\nerror: no\n")
    assert said.comparable() == Said(1, "", "error: no\n")
    assert said.comparable() != Said(0, "", "error: no\n")
