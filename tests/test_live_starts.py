"""lab.start and lab.patient on a real cluster: where the lab may write, and what it leaves alone."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from stand_in import CONTEXT, live_cluster

from netpol_lab import Lab
from netpol_lab.lab.live.own_kubectl import LiveError
from netpol_lab.lab.live.own_objects import STUDENT, OwnObjects
from netpol_lab.lessons.practice import clinic

EVERYTHING = "namespaces,pods,services,deployments,statefulsets,networkpolicies"


@pytest.fixture
def cluster(tmp_path_factory, monkeypatch, notebook_folder) -> Iterator[Path]:
    with live_cluster(tmp_path_factory, monkeypatch) as folder:
        yield folder


@pytest.fixture
def lab(cluster: Path) -> Iterator[Lab]:
    opened = Lab("07", live=CONTEXT)
    yield opened
    opened.close()


def kubectl(cluster: Path, *words: str) -> str:
    done = subprocess.run([cluster / "kubectl", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def names(cluster: Path) -> set[str]:
    return set(kubectl(cluster, "get", EVERYTHING, "-A", "-o", "name").split())


def simulated(id: str) -> object:
    lab = Lab("07", live=False)
    lab.start(id)
    found = lab.cluster.connections(by="workload")
    lab.close()
    return found


def test_an_exercise_begins_with_the_connections_that_it_begins_with_simulated(cluster, monkeypatch):
    wanted = simulated("04-selectors/2")
    lab = Lab("07", live=CONTEXT)
    lab.start("04-selectors/2")
    assert lab.cluster.connections(by="workload").equals(wanted)
    assert lab._story.now.name == "lab.start('04-selectors/2')"
    assert {"namespace/production", "namespace/monitoring"} <= names(cluster)
    lab.close()


def test_the_next_start_takes_the_place_of_the_one_before_and_a_reset_leaves_nothing(lab, cluster):
    before = names(cluster)
    lab.start("04-selectors/2")
    lab.patient("S06")
    assert "namespace/monitoring" not in names(cluster) - before
    lab.kubectl("run mine --image=nginx -n shop")
    lab.kubectl("label namespace shop mine=yes")
    lab.patient("S06")
    assert "pod/mine" not in names(cluster)
    assert "mine=yes" not in kubectl(cluster, "get", "namespace", "shop", "--show-labels")
    lab.reset()
    assert names(cluster) == before


def test_a_patient_is_healed_on_a_real_cluster(lab, cluster):
    lab.patient("S06")
    assert not lab.check("S06").passed
    for resource in clinic.load("S06").exercise.solution_objects:
        assert lab.kubectl("apply -f -", json.dumps(dict(resource.body))).exit_code == 0
    assert lab.check("S06").passed


def test_a_namespace_of_somebody_is_not_written_to_and_the_sentence_says_what_to_do(lab, cluster):
    kubectl(cluster, "create", "namespace", "shop")
    before = names(cluster)
    with pytest.raises(LiveError, match=f"kubectl label namespace shop {STUDENT}=07"):
        lab.patient("S06")
    assert names(cluster) == before


def test_what_the_student_made_in_a_labeled_namespace_is_named_and_stays(lab, cluster):
    kubectl(cluster, "create", "namespace", "shop")
    kubectl(cluster, "label", "namespace", "shop", f"{STUDENT}=07")
    kubectl(cluster, "run", "precious", "--image=nginx", "-n", "shop")
    before = names(cluster)
    with pytest.raises(LiveError, match="kubectl delete -n shop pod/precious"):
        lab.patient("S06")
    assert names(cluster) == before
    kubectl(cluster, "delete", "-n", "shop", "pod/precious")
    lab.patient("S06")
    lab.reset()
    assert names(cluster) == before - {"pod/precious"}


def test_a_kernel_that_died_in_a_start_leaves_what_the_next_reset_cleans(lab, cluster, monkeypatch):
    before = names(cluster)

    def dies(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(OwnObjects, "apply", dies)
    with pytest.raises(SystemExit):
        lab.patient("S06")
    assert names(cluster) > before
    lab.reset()
    assert names(cluster) == before
