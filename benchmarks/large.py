"""A real cluster's size: what was dumped or listed of it is loaded, and each view of it is made once.

5,000 pods in 1,000 workloads, 50 namespaces and 500 policies (:mod:`benchmarks.large_cluster`). Seconds are those of
the processor, as in :mod:`benchmarks.engine`; what the API server and kubectl take is not in them.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time
from typing import Any

from benchmarks.large_cluster import NAMESPACES, PODS, POLICIES, WORKLOADS, dump, namespace

Row = tuple[str, str, str]

TABLE = """
expectations:
- {from: team-00/app-0, to: team-03/app-1, expect: deny, because: they have nothing to say to each other}
- {from: "team-01/*", to: External, expect: deny, because: nothing leaves}
- {from: "team-02/*", to: "*", expect: deny, because: it is closed}
"""
# What kubectl prints of the lists that a live lab asks for; kubectl itself reads them page by page.
KUBECTL = """#!/bin/sh
case "$*" in *api-resources*) ;; *) exec cat "$(dirname "$0")/dump.json" ;; esac
"""


def rows() -> Iterator[Row]:
    """Yield what was measured, the measurement, and the goal; in a process of its own, for its memory."""
    yield f"{PODS:,} pods of {WORKLOADS:,} workloads, {POLICIES} policies, {NAMESPACES} namespaces", "", ""
    command = [sys.executable, "-m", "benchmarks.large"]
    for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
        what, measured, goal = line.split("\t")
        yield f"  {what}", measured, goal


def measure(folder: Path) -> Iterator[Row]:
    """Load it both ways, then look at it. The first picture also imports numpy and pandas."""
    from netpol_lab import Cluster
    from netpol_lab.coach.admit import smallest_change
    from netpol_lab.connections import naming
    from netpol_lab.connections.scene import build
    from netpol_lab.display import delta, graph, heatmap, matrix, reach, why
    from netpol_lab.display.matrix_delta import matrix_delta
    from netpol_lab.engine.profiles import UPSTREAM
    from netpol_lab.lab.live.own_kubectl import OwnKubectl
    from netpol_lab.lab.live.reading import read_cluster

    file, table, kubectl = (folder / name for name in ("dump.json", "table.yaml", "kubectl"))
    file.write_text(dump())
    table.write_text(TABLE)
    kubectl.write_text(KUBECTL)
    kubectl.chmod(0o755)
    os.environ["PATH"] = os.pathsep.join([str(folder), os.environ["PATH"]])

    live, _ = _timed(lambda: read_cluster(OwnKubectl(), UPSTREAM))
    yield "load as a live lab does", f"{live:.1f} s", "-"
    load, cluster = _timed(lambda: Cluster.from_kubectl_dump(file))
    yield f"load a dump of {file.stat().st_size / 1e6:.0f} MB", f"{load:.1f} s", "-"
    draw, _ = _timed(lambda: matrix.draw(build(cluster)).html)
    yield "the matrix, as HTML", f"{draw:.1f} s", "-"
    yield "load and matrix together, the slower of both", f"{max(live, load) + draw:.1f} s", "at most 10 s"
    yield "memory of the process until then", f"{_peak():.0f} MiB", "-"

    state = cluster.snapshot()
    fewer = state.without([("NetworkPolicy", namespace(0), "policy-0")])
    ends = f"{namespace(0)}/app-0", f"{namespace(3)}/app-1"

    def compare() -> None:
        scenes = build(fewer), build(cluster)
        delta.draw(*scenes)
        matrix_delta(*scenes)

    def explain() -> None:
        flow = naming.flow(state, *ends, 80, "TCP", "default")
        why.draw(flow, change=smallest_change(state, flow.judged) if flow.judged and not flow.connected else None)

    views: tuple[tuple[str, Callable[[], Any]], ...] = (
        ("the frame of all pairs of pods", cluster.matrix),
        ("the graph, which says that it would be a hairball", lambda: graph.draw(build(cluster))),
        ("compare with a policy fewer", compare),
        ("reach", lambda: reach.draw(build(cluster), ends[0])),
        ("why, with the smallest change", explain),
        ("heat map", lambda: heatmap.draw(build(cluster, fold=False)).png),
        ("connections(by='workload')", lambda: cluster.connections(by="workload")),
        ("warnings", cluster.warnings),
        ("audit", cluster.audit),
        ("expect, three rows", lambda: cluster.expect(table)),
        ("document", cluster.document),
    )
    for what, view in views:
        seconds, _ = _timed(view)
        yield what, f"{seconds:.1f} s", "at most 10 s"
    yield "memory of the process at the end", f"{_peak():.0f} MiB", "-"


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = process_time()
    found = work()
    return process_time() - start, found


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        for row in measure(Path(name)):
            print("\t".join(row), flush=True)
