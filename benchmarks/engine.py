"""The engine on large clusters: compiling, every pair, one frame, one change, one why, and how they grow.

"Every pair's verdict" stands for the answers about 8 ports, both directions. For 10,000 pods it is one number for each
pair of endpoint classes that some pod has, in which each port is a bit: pods of one class have the same answers. For
100,000 pods it is the compressed form of `engine.reachability` alone, a table of policy groups by kinds of
far ends and a list of what the small sets admit, for each direction: a pair is four look-ups and one "and".

Seconds are those of the processor, of which one core is used, so that other programs do not count.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from time import process_time
from typing import Any

from benchmarks.engine_worlds import ASKED, Cluster, cluster
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections.cells import matrix
from netpol_lab.engine import reasons as explain
from netpol_lab.engine.compiled import Engine
from netpol_lab.engine.reachability import Reachability
from netpol_lab.model.labels import Labels
from netpol_lab.model.objects import Resource

SIZES = ((1_000, 200, 20), (10_000, 2_000, 200), (100_000, 75_000, 25_000))
RUNS, WHYS = 5, 300

EVERY_PAIR = "compile, and every pair on 8 ports"

Row = tuple[str, str, str]


def rows() -> Iterator[Row]:
    """Yield what was measured, the measurement, and the goal. Each size has a process of its own, for its memory."""
    before: float | None = None
    for pods, policies, namespaces in SIZES:
        yield f"{pods:,} pods, {policies:,} policies, {namespaces:,} namespaces", "", ""
        for what, measured, goal in _in_own_process(pods, policies, namespaces):
            yield f"  {what}", measured, goal
            if what == EVERY_PAIR:
                seconds = float(measured.split()[0])
                if before is not None:
                    yield "  growth from a tenth of the pods", f"{seconds / before:.0f} x", "-"
                before = seconds


def _in_own_process(*size: int) -> Iterator[Row]:
    command = [sys.executable, "-m", "benchmarks.engine", *map(str, size)]
    for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
        what, measured, goal = line.split("\t")
        yield what, measured, goal


def measure(pods: int, policies: int, namespaces: int) -> Iterator[Row]:
    """Measure one size in this process. numpy and pandas are loaded before the clock starts."""
    import pandas  # noqa: F401

    world = cluster(pods, policies, namespaces)
    large, middle = pods > 20_000, pods == 10_000
    answer, runs = (_compressed, 1) if large else (_by_class, RUNS)
    seconds, size = _best(lambda: answer(world.engine()), runs)
    yield EVERY_PAIR, f"{seconds:.2f} s", "at most 15 s" if large else "at most 0.5 s" if middle else "-"
    yield _multiple(seconds, size)
    yield "memory of the process", f"{_peak():.0f} MiB", "at most 2048 MiB" if large else "-"
    if large:
        return
    state = _state(world)
    seconds, size = _best(lambda: matrix(replace(state), 80).to_numpy().nbytes)
    yield "compile, and the boolean frame of one port", f"{seconds:.2f} s", "at most 1.5 s" if middle else "-"
    yield _multiple(seconds, size)
    yield from _changes(state, "at most 0.5 s" if middle else "-")
    yield from _whys(world)


def _by_class(engine: Engine) -> int:
    """Every pair of classes as one table."""
    import numpy

    everyone = numpy.arange(len(engine.classes))
    return int(Reachability(engine, ASKED).between(everyone, everyone).nbytes)


def _compressed(engine: Engine) -> int:
    reachability = Reachability(engine, ASKED)
    return reachability.side("egress").size + reachability.side("ingress").size


def _best(work: Callable[[], int], runs: int = RUNS) -> tuple[float, int]:
    """The least seconds it took, and the bytes of the answer."""
    taken = []
    for _ in range(runs):
        start = process_time()
        size = work()
        taken.append(process_time() - start)
    return min(taken), size


def _multiple(seconds: float, size: int) -> Row:
    """How many times as long as writing the answer's bytes, in memory."""
    data = b"\1" * size
    writing, _ = _best(lambda: len(bytearray(data)))
    return f"as a multiple of writing the answer, {size / 1e6:.1f} MB", f"{seconds / writing:,.0f} x", "-"


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _state(world: Cluster) -> Snapshot:
    everything: list[tuple[str, str, Any]] = [
        *(("Namespace", "", each) for each in world.namespaces.values()),
        *(("Pod", each.namespace, each) for each in world.pods),
        *(("NetworkPolicy", each.namespace, each) for each in world.policies),
    ]
    resources = (Resource("v1", kind, namespace, each.name, {}, each) for kind, namespace, each in everything)
    return Snapshot({resource.key: resource for resource in resources})


def _changes(state: Snapshot, goal: str) -> Iterator[Row]:
    """One object more or other, and all verdicts anew."""
    pod = state.all_pods[0]
    policy = replace(state.policies[0], name="one-more")
    labeled = replace(pod, labels=Labels({**pod.labels, "app": "other"}))
    for what, changed in (("one pod relabeled", labeled), ("one policy added", policy)):
        kind = "Pod" if changed is labeled else "NetworkPolicy"
        resource = Resource("v1", kind, changed.namespace, changed.name, {}, changed)
        seconds, _ = _best(lambda resource=resource: _by_class(state.with_objects([resource]).engine))  # type: ignore[misc]
        yield f"{what}, every pair anew", f"{seconds:.2f} s", goal


def _whys(world: Cluster) -> Iterator[Row]:
    """Reasons for random pairs, on an engine of which nothing has been asked: each compiles what it needs."""
    engine, random = world.engine(), Random(1)
    taken = []
    for _ in range(WHYS + 1):
        source, destination = random.choice(world.pods), random.choice(world.pods)
        start = process_time()
        explain.verdict(engine, source, destination, random.choice(ASKED)[1])
        taken.append(process_time() - start)
    first, *rest = taken
    yield "why, for the first pair", f"{first * 1000:.1f} ms", "-"
    yield f"why, for each of {WHYS} further pairs: the middle one", f"{sorted(rest)[WHYS // 2] * 1000:.1f} ms", "-"
    yield f"why, for each of {WHYS} further pairs: the slowest", f"{max(rest) * 1000:.1f} ms", "at most 5 ms"


if __name__ == "__main__":
    for row in measure(*map(int, sys.argv[1:4])):
        print("\t".join(row))
