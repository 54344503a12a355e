"""Labs A and E typed in a live lab, whose kubectl answers with the words of a real cluster where one line is its own.

The transcript is that of the recordings, and so is the simulated lab's (``test_real_recordings.py``): up to names,
addresses and times, and to the differences that are listed there.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from replay import LABS, REAL, Said, recordings
from stand_in import CONTEXT, is_plain, live_cluster
from test_real_recordings import listed

from netpol_lab import Lab
from netpol_lab.model import datafiles as data

RECORDINGS = dict(recordings())


@pytest.mark.skipif(not shutil.which("bash"), reason="the recorded lines are a shell's")
@pytest.mark.parametrize("name", ["lab-a", "lab-e"])
def test_a_lab_typed_live_has_the_transcript_of_a_real_cluster(name, tmp_path_factory, notebook_folder, monkeypatch):
    for file in data.path("manifests", LABS[name]).iterdir():
        Path(file.name).write_text(data.fill(file.read_text(encoding="utf-8"), "07"), encoding="utf-8")
    with live_cluster(tmp_path_factory, monkeypatch, f"recorded={REAL / name}.json"):
        lab = Lab("07", live=CONTEXT)
        differ = {}
        for number, entry in enumerate(RECORDINGS[name]):
            for file, text in entry.get("files", {}).items():
                Path(file).write_text(text, encoding="utf-8")
            if entry["command"].startswith("#"):
                continue
            real, live = Said(entry["exit"], entry["stdout"], entry["stderr"]), typed(entry["command"])
            if live != real and (is_plain(entry["command"]) or live.comparable() != real.comparable()):
                differ[number] = f"{entry['command']}\n--- a real cluster\n{real}\n--- live\n{live}"
        lab.close()
    assert not (new := {n: words for n, words in differ.items() if n not in listed(name)}), "\n".join(new.values())


def typed(command: str) -> Said:
    """What a line printed, without what the lab said of its waiting."""
    done = subprocess.run(["bash", "-c", command], input="", capture_output=True, text=True, timeout=120, check=False)
    return Said(done.returncode, done.stdout, re.sub(r"^live: .*\n", "", done.stderr, flags=re.M))
