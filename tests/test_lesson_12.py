"""What lesson 12 says holds: the counts, the broken rows, the change, and the workflow, whose steps are run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from netpol_lab import Cluster
from netpol_lab.lab import kernel_start
from netpol_lab.lessons.exercises import load
from netpol_lab.model import datafiles as data

REPOSITORY = Path(__file__).resolve().parent.parent
LESSON = (REPOSITORY / "notebooks" / "source" / "12-policies-as-code.md").read_text("utf-8")
APPLICATION = load("12-policies-as-code/1").start


def written(name: str) -> str:
    """The text of the last cell that writes a file: of an exercise, the solution."""
    return re.findall(rf"%%manifest {re.escape(name)}\n(.*?)```", LESSON, re.DOTALL)[-1]


@pytest.fixture
def repository_of_theirs(tmp_path: Path) -> Path:
    """What the lesson's folder holds before its exercises."""
    (tmp_path / "manifests").mkdir()
    for name in APPLICATION:
        file = data.path("manifests", *name.split("/"))
        (tmp_path / "manifests" / file.name).write_text(file.read_text("utf-8"), "utf-8")
    for name in ("expectations.yaml", "audit.yaml"):
        (tmp_path / name).write_text(written(name), "utf-8")
    return tmp_path


def solve(folder: Path) -> None:
    for name in ("manifests/cart-out.yaml", "manifests/observe-policies.yaml"):
        (folder / name).write_text(written(name), "utf-8")


def steps() -> list[str]:
    workflow = yaml.safe_load(re.findall("```yaml\n(name: policies.*?)```", LESSON, re.DOTALL)[0])
    (job,) = workflow["jobs"].values()
    return [step["run"] for step in job["steps"] if "run" in step]


def run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """One line of a workflow, in the shell of a machine on which the command is installed."""
    path = os.pathsep.join([str(Path(kernel_start.__file__).parent / "programs"), os.environ["PATH"]])
    told = {**os.environ, "PATH": path, "NETPOL_LAB_PYTHON": sys.executable, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(["bash", "-c", line], cwd=folder, env=told, capture_output=True, text=True)


def test_the_application_has_the_size_that_the_lesson_states() -> None:
    cluster = load("12-policies-as-code/1").start_cluster()
    ours = [pod for pod in cluster.pods if pod.namespace != "kube-system" and not pod.host_network]
    assert len({(pod.namespace, pod.owner) for pod in ours}) == 14
    assert len({pod.namespace for pod in ours}) == 4
    assert len(cluster.policies) == 25
    assert "fourteen workloads in four namespaces, and 25 policies" in LESSON


def test_two_of_the_twelve_rows_are_broken_until_the_exercises_are_done(repository_of_theirs: Path) -> None:
    file = repository_of_theirs / "expectations.yaml"
    before = Cluster.from_manifests(repository_of_theirs / "manifests").expect(file)
    assert len(before) == 12
    assert [each.expectation.expect for each in before if not each.held] == ["allow", "deny"]
    solve(repository_of_theirs)
    assert all(each.held for each in Cluster.from_manifests(repository_of_theirs / "manifests").expect(file))


def test_the_solutions_of_the_lesson_are_those_of_the_exercises() -> None:
    for number, name in ((1, "manifests/cart-out.yaml"), (2, "manifests/observe-policies.yaml")):
        solution = load(f"12-policies-as-code/{number}").solution.manifest
        assert list(yaml.safe_load_all(written(name))) == list(yaml.safe_load_all(solution))


def test_the_pull_request_opens_a_few_connections_inside_the_shop_and_no_other(repository_of_theirs: Path) -> None:
    solve(repository_of_theirs)
    before = Cluster.from_manifests(repository_of_theirs / "manifests")
    after = Cluster.at(before.snapshot())
    after.apply(data.path("manifests", "tickets", "simpler.yaml").read_text("utf-8"))
    changes = before.diff(after, by="workload")
    assert set(changes["change"]) == {"added"}
    assert all(name.startswith("storefront/") for row in changes[["source", "destination"]].values for name in row)
    assert sum(changes["source"] == changes["destination"]) == 3  # "three lines of the text have no arrow"
    assert 5 < len(changes) < 15


def test_the_row_of_the_quiz_holds_and_has_a_note(repository_of_theirs: Path) -> None:
    row = "from: storefront/cart, to: payment/checkout, port: 443, expect: deny, because: so"
    (repository_of_theirs / "q1.yaml").write_text(f"expectations: [{{{row}}}]", "utf-8")
    solve(repository_of_theirs)
    (result,) = Cluster.from_manifests(repository_of_theirs / "manifests").expect(repository_of_theirs / "q1.yaml")
    assert result.held and "443 is the port of Service payment/checkout" in result.reasons[0]


def test_the_steps_of_the_workflow_pass_when_the_exercises_are_done_and_not_before(repository_of_theirs: Path) -> None:
    install, *checks = steps()
    assert install == "pip install netpol-lab"
    assert [line.split()[1] for line in checks] == ["test", "audit", "document"]
    assert [run(line, repository_of_theirs).returncode for line in checks[:2]] == [1, 1]
    solve(repository_of_theirs)
    run("netpol-lab document manifests --title Tickets -o connectivity.md", repository_of_theirs)
    run("git init -q . && git add connectivity.md", repository_of_theirs)
    for line in checks:
        done = run(line, repository_of_theirs)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
    assert {"junit.xml", "audit.sarif"} <= {path.name for path in repository_of_theirs.iterdir()}


def test_a_page_that_was_not_written_anew_stops_the_workflow(repository_of_theirs: Path) -> None:
    last = steps()[-1]
    run("netpol-lab document manifests --title Tickets -o connectivity.md", repository_of_theirs)
    run("git init -q . && git add connectivity.md", repository_of_theirs)
    assert run(last, repository_of_theirs).returncode == 0
    solve(repository_of_theirs)
    assert run(last, repository_of_theirs).returncode == 1
