"""Recordings of a real Kubernetes 1.36, typed again on the simulated cluster: one place to run and to compare them."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubectl_lines import without_hints

from netpol_lab import Cluster
from netpol_lab.kubectl import Session, run
from netpol_lab.lab.bridge import Bridge
from netpol_lab.model import datafiles as data
from netpol_lab.pods import is_for_the_cluster, run_outside

REAL = Path(__file__).resolve().parent / "real"
LABS = {"lab-a": "lab-a", "lab-c": "lab-c", "lab-d": "lab-b", "lab-e": "lab-e"}
"""The recordings of labs, and the workbook's folder with their manifests: the one called D tells Lab B's story."""


QUICK = "validate-and-dry-run"
"""The recording whose lines took a sixth of a second each: 60 of them between two looks of the API server for its
Service, which it takes every ten seconds, the first of them before line 8."""


@dataclass(frozen=True)
class Said:
    """What a line printed, and its exit code."""

    exit: int
    stdout: str
    stderr: str

    def comparable(self) -> Said:
        """Without what is another cluster's own: names it made up, addresses, ages, times, identifiers."""
        return Said(self.exit, comparable(self.stdout), comparable(without_hints(self.stderr)))


@dataclass(frozen=True)
class Replayed:
    """One recorded line: what the real pair said, and what the simulated one says."""

    number: int
    command: str
    real: Said
    ours: Said

    @property
    def agrees(self) -> bool:
        return self.real.comparable() == self.ours.comparable()


_SAME: tuple[tuple[str, str], ...] = (
    (r"admin@kubernetes", "CONTEXT"),
    (r"netpol-lab(?=[\" ])", "CONTEXT"),
    (r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000", "TIME"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| \+0000( UTC)?)?", "TIME"),
    (r"^W\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ ", "WARNED AT "),
    (r"\b1[67]\d{8}\b", "SECONDS"),
    (r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (\+0000|GMT)", "TIME"),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "UID"),
    (r'(?<=resourceVersion: )"\d+"', "VERSION"),
    (r'(?<="resourceVersion": )"\d+"', "VERSION"),
    (r"(?<=-)[0-9bcdfghjklmnpqrstvwxz]{8,10}-[bcdfghjklmnpqrstvwxz2456789]{5}\b", "HASH-POD"),
    (r"(?<=[-=])(?=[a-z]*\d)[0-9bcdfghjklmnpqrstvwxz]{8,10}\b", "HASH"),
    (r"\bnode\d\b|\bcontrol-plane\b", "NODE"),
    (r"\b(10|172|198)\.\d+\.\d+\.\d+\b", "ADDRESS"),
    (r"(?<=Connection timed out after )\d+|(?<=Resolving timed out after )\d+", "MS"),
    (r"(?<=[ \t])(\d+y)?(\d+d)?(\d+h)?(\d+m)?\d+[smhd](?= *$|   | ago|\t)", "AGE"),
    (r"\b3\d{4}(?=/TCP)", "NODEPORT"),
    (r"time=[\d.]+ ms|min/avg/max = [\d./]+ ms", "MS"),
)


def comparable(text: str) -> str:
    """The text with placeholders; where one was set, the width of columns is not compared either."""
    found = text
    for pattern, placeholder in _SAME:
        found = re.sub(pattern, placeholder, found, flags=re.M)
    return found if found == text else re.sub(r"(?<=\S) {2,}", "  ", found)


@dataclass
class Student:
    """A cluster, its kubectl, and a folder. Plain kubectl lines are run at once, the others by bash."""

    folder: Path
    session: Session

    def type(self, command: str, stdin: str | None = None) -> Said:
        if not re.search(r"[|;&<>$*`\n]", re.sub(r"'[^']*'|\"[^\"$]*\"", "", command)):
            _, *words = shlex.split(command)
            result = run(self.session, words, lambda: stdin or "", str(self.folder))
            return Said(result.exit_code, result.stdout, result.stderr)
        bridge = Bridge(self._answer)
        try:
            done = subprocess.run(
                ["bash", "-c", command], input=stdin or "", capture_output=True, text=True, cwd=self.folder, timeout=60
            )
        finally:
            bridge.close()
        return Said(done.returncode, done.stdout, done.stderr)

    def _answer(self, program: str, words: list[str], stdin: Callable[[], str], cwd: str, *_: object) -> Any:
        session = self.session
        if program == "kubectl":
            return run(session, words, stdin, cwd)
        if not is_for_the_cluster(session.cluster, words, session.forwards):
            return None
        return run_outside(
            session.cluster,
            ["curl", *words],
            stdin,
            session.record,
            attempts=session.dialed,
            forwards=session.forwards,
            access=session.access,
        )

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def recordings() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """(name, entries in order) of each recorded sequence."""
    for lab in LABS:
        yield lab, json.loads((REAL / f"{lab}.json").read_text(encoding="utf-8"))
    yield from json.loads((REAL / "lines.json").read_text(encoding="utf-8")).items()


def replay(name: str, entries: list[dict[str, Any]], folder: Path) -> Iterator[Replayed]:
    """Type a sequence in a cluster of its own, line by line."""
    student = Student(folder, Session(Cluster(), call_seconds=1 / 6 if name == QUICK else 1))
    student.session.cluster.advance(9.0 if name == QUICK else 0)
    if name in LABS:
        for file in data.path("manifests", LABS[name]).iterdir():
            student.write({file.name: data.fill(file.read_text(encoding="utf-8"), "07")})
    for number, entry in enumerate(entries):
        student.write(entry.get("files", {}))
        student.session.cluster.advance(entry.get("wait_seconds", 0))
        if not entry.get("command", "#").startswith("#"):
            real = Said(entry["exit"], entry["stdout"], entry["stderr"])
            ours = student.type(entry["command"], entry.get("stdin"))
            yield Replayed(number, entry["command"], real, ours)
