"""The clients against recordings of the real programs."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubectl_lines import without_hints

from netpol_lab import Cluster
from netpol_lab.model import datafiles
from netpol_lab.pods import run_in_pod

DATA = Path(__file__).parent / "clients"
CASES: list[dict[str, Any]] = yaml.safe_load((DATA / "transcripts.yaml").read_text())
METER_LINE = "\r  0     0    0     0    0     0      0      0 --:--:-- {:>8} --:--:--     0"
METER = (
    "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n"
    "                                 Dload  Upload   Total   Spent    Left  Speed\n"
    + "".join(METER_LINE.format(spent) for spent in ("--:--:--", "0:00:01", "0:00:02", "0:00:03"))
    + "\n"
)


@pytest.fixture(scope="module")
def recorded() -> Cluster:
    cluster = Cluster()
    cluster.apply(DATA / "world.yaml")
    return cluster


@pytest.fixture(scope="module")
def without_dns(recorded: Cluster) -> Cluster:
    cluster = Cluster.at(recorded.snapshot())
    cluster.apply(DATA / "dns-dropped.yaml")
    return cluster


def _name(case: dict[str, Any]) -> str:
    return f"{case['pod']}: {case['run']}" + ("" if case.get("dns", True) else " (DNS dropped)")


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_a_client_says_what_the_real_one_said(case: dict[str, Any], recorded: Cluster, without_dns: Cluster) -> None:
    cluster = recorded if case.get("dns", True) else without_dns
    pod = cluster.pod("default", case["pod"])
    assert pod is not None
    result = run_in_pod(cluster, pod, shlex.split(case["run"]))
    assert (result.stdout, without_hints(result.stderr), result.exit_code) == (
        _fill(case.get("out", "")),
        _fill(case.get("err", "")),
        case["code"],
    )
    assert result.seconds == pytest.approx(case["seconds"], abs=0.3)


def _fill(text: str) -> str:
    page = datafiles.path("nginx-index.html").read_text(encoding="utf-8")
    return text.replace("{page}", page).replace("{size:>6}", f"{len(page):>6}").replace("{meter}", METER)


def test_the_recordings_are_all_there() -> None:
    assert len(CASES) >= 45
