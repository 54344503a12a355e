"""Many patients and many exam papers, each proved: ``python tests/practice_proof.py --patients 1000 --papers 1000``.

Of a patient: its line shows the symptom and its check fails, with the solution neither does, and it has as many breaks
as its level says. Of a paper: each task fails at its start, passes with its solution, and is as large as on the first
one. Prints one line per kind, and exits with 1 when anything fails.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from netpol_lab.cluster.handle import SimulatedCluster  # noqa: E402
from netpol_lab.cluster.snapshot import Snapshot  # noqa: E402
from netpol_lab.kubectl import Session, run  # noqa: E402
from netpol_lab.lessons.behavior import judge  # noqa: E402
from netpol_lab.lessons.loading import Exercise  # noqa: E402
from netpol_lab.lessons.practice import clinic, exam  # noqa: E402
from netpol_lab.lessons.practice.days import broken_day  # noqa: E402


def is_right(exercise: Exercise, state: Snapshot) -> bool:
    return all(each.right for each in judge(exercise, exercise.with_visitors(state)))


def shows(state: Snapshot, command: str, words: str) -> bool:
    result = run(Session(SimulatedCluster.at(state), terminal=False), shlex.split(command)[1:])
    return words in result.stdout + result.stderr


def size(exercise: Exercise) -> tuple[int, ...]:
    """What a solver has to write: policies, rules, peers, ports, holes; or the number of kubectl lines."""
    rules = [rule for each in exercise.solution_policies for rule in (*each.ingress, *each.egress)]
    peers = [peer for rule in rules for peer in rule.peers]
    holes = [hole for peer in peers if peer.ip_block for hole in peer.ip_block.excepts]
    counted = (exercise.solution_policies, rules, peers, [port for rule in rules for port in rule.ports], holes)
    return *map(len, counted), len(exercise.solution.commands.splitlines())


def of_patient(day: int) -> list[str]:
    """The faults of the patient of a day, in words."""
    patient = clinic.of_day(day)
    ill, well = patient.exercise.start_cluster().snapshot(), patient.exercise.solved_state()
    symptom = (patient.symptom.command, patient.symptom.shows)
    faults = {
        "no symptom": not shows(ill, *symptom),
        "the symptom stays": shows(well, *symptom),
        "well at the start": is_right(patient.exercise, ill),
        "not cured by its solution": not is_right(patient.exercise, well),
        "another level than its breaks": len(broken_day(day).breaks) != patient.level,
    }
    return [f"day {day}: {fault}" for fault, holds in faults.items() if holds]


def of_paper(xx: str, sizes: list[tuple[int, ...]]) -> list[str]:
    """The faults of a paper; ``sizes`` are those of the tasks of another one."""
    found = []
    for task, wanted in zip(exam.paper(xx), sizes, strict=True):
        faults = {
            "solved at the start": is_right(task, task.start_cluster().snapshot()),
            "not solved by its solution": not is_right(task, task.solved_state()),
            "another size": size(task) != wanted,
        }
        found += [f"paper {xx}, {task.id}: {fault}" for fault, holds in faults.items() if holds]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="Prove patients and exam papers.")
    parser.add_argument("--patients", type=int, default=100)
    parser.add_argument("--papers", type=int, default=10)
    options = parser.parse_args()
    began, drawn = time.monotonic(), Counter[str]()
    faults = [fault for day in range(1, options.patients + 1) for fault in of_patient(day)]
    for day in range(1, options.patients + 1):
        drawn.update(each.mistake for each in broken_day(day).breaks)
    print(f"{options.patients} patients, {len(faults)} faults, {time.monotonic() - began:.0f} s")
    print(f"  what was done to them: {dict(sorted(drawn.items()))}")
    began, sizes = time.monotonic(), [size(task) for task in exam.paper("07")]
    papers = [fault for number in range(1, options.papers + 1) for fault in of_paper(f"{number:02}", sizes)]
    print(f"{options.papers} papers of 12 tasks, {len(papers)} faults, {time.monotonic() - began:.0f} s")
    print("\n".join([*faults, *papers]))
    return int(bool(faults or papers))


if __name__ == "__main__":
    sys.exit(main())
