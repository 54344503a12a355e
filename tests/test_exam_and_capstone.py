"""Papers and designs made from a number: each can be solved, is as hard as its neighbor's, and judged by behavior."""

from __future__ import annotations

import os

import pytest
import yaml
from practice_proof import size

from netpol_lab.cluster.handle import SimulatedCluster
from netpol_lab.lessons.checking import check
from netpol_lab.lessons.loading import Exercise
from netpol_lab.lessons.practice import capstone, exam
from netpol_lab.manifests import from_object, read_text
from netpol_lab.model.errors import NotFound

PAPERS = [f"{number:02}" for number in range(1, 1 + int(os.environ.get("NETPOL_LAB_PAPERS", "3")))]


def solved(exercise: Exercise) -> SimulatedCluster:
    return SimulatedCluster.at(exercise.solved_state())


@pytest.mark.parametrize("xx", PAPERS)
def test_each_task_of_a_paper_begins_unsolved_and_passes_with_its_solution(xx: str) -> None:
    tasks = exam.paper(xx)
    assert len(tasks) == 12
    for task in tasks:
        assert not check(task.start_cluster(), task).passed, task.id
        assert check(solved(task), task).passed, task.id


def test_a_task_is_as_large_on_every_paper() -> None:
    sizes = [[size(task) for task in exam.paper(f"{number:02}")] for number in range(1, 31)]
    assert [set(column) for column in zip(*sizes, strict=True)] == [{each} for each in sizes[0]]


def test_the_answer_of_a_neighbor_does_not_fit_and_its_words_are_recognized() -> None:
    mine, theirs = exam.task("11-exam/1", "07"), exam.task("11-exam/1", "12")
    cluster = mine.start_cluster()
    for each in theirs.solution_objects:
        body = dict(each.body)
        body["metadata"] = {**body["metadata"], "namespace": mine.scope[0]}
        cluster.apply(from_object(body))
    assert not check(cluster, mine).passed
    body = yaml.safe_load(theirs.solution.manifest)
    assert exam.foreign_names(mine, [body]) == ["foyer", "seating"]
    assert exam.foreign_names(mine, [yaml.safe_load(mine.solution.manifest)]) == []


def test_the_candidates_of_the_least_permissive_are_in_the_order_of_the_number() -> None:
    orders = set()
    for number in range(1, 13):
        task = exam.task("11-exam/10", f"{number:02}")
        right = yaml.safe_load(task.solution.manifest)
        orders.add(next(name for name, text in task.files if yaml.safe_load(text) == right))
    assert orders == {"candidate-a.yaml", "candidate-b.yaml", "candidate-c.yaml"}


@pytest.mark.parametrize("place", (1, 2))
def test_a_candidate_that_admits_more_is_too_open(place: int) -> None:
    task = exam.task("11-exam/10", "07")
    right = yaml.safe_load(task.solution.manifest)
    wrong = [text for _, text in task.files if yaml.safe_load(text) != right][place - 1]
    cluster = task.start_cluster()
    for each in read_text(wrong):
        cluster.apply(each)
    result = check(cluster, task)
    assert result.feedback is not None
    assert result.feedback.verdict == "too open"


def test_a_policy_that_is_to_be_left_alone_may_not_change() -> None:
    task = exam.task("11-exam/9", "07")
    cluster = solved(task)
    assert check(cluster, task).passed
    cluster.delete("NetworkPolicy", task.scope[0], "default-deny")
    result = check(cluster, task)
    assert (result.passed, result.mistake) == (False, "M16")
    assert "default-deny" in result.sentences[0]


def test_a_task_that_does_not_exist_is_told() -> None:
    with pytest.raises(NotFound, match="11-exam/1 to 11-exam/12"):
        exam.task("11-exam/13", "07")
    with pytest.raises(NotFound, match="13-capstone/1"):
        capstone.design("13-capstone/3", "07")


def test_the_reference_of_a_capstone_is_least_privilege_and_none_of_its_policies_is_idle_but_what_denies() -> None:
    task = capstone.design(capstone.DESIGN, "07")
    found = capstone.grade(task, solved(task).snapshot())
    assert found.least
    assert found.passing == found.wanted == len(task.allowed)
    assert found.pinned == []


def test_a_design_that_opens_too_much_is_measured() -> None:
    task = capstone.design(capstone.DESIGN, "07")
    cluster = task.start_cluster()
    nothing = capstone.grade(task, cluster.snapshot())
    assert nothing.passing == nothing.wanted
    assert nothing.unasked
    assert nothing.ports_too_many
    assert not nothing.least


def test_a_policy_that_pins_the_address_of_a_pod_does_not_survive_a_restart() -> None:
    task = capstone.design(capstone.DESIGN, "07")
    cluster = solved(task)
    space = task.scope[0]
    pod = next(pod for pod in cluster.pods if pod.namespace == space)
    block = {"from": [{"ipBlock": {"cidr": f"{pod.ips[0]}/32"}}]}
    pin = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [block]}
    body = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "pin", "namespace": space},
    }
    cluster.apply(from_object({**body, "spec": pin}))
    assert [each.name for each in capstone.grade(task, cluster.snapshot()).pinned] == ["pin"]


def test_a_policy_without_which_nothing_changes_is_idle() -> None:
    task = capstone.design(capstone.DESIGN, "07")
    cluster = solved(task)
    body = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "again", "namespace": task.scope[0]},
    }
    cluster.apply(from_object({**body, "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}))
    assert "again" in [each.name for each in capstone.grade(task, cluster.snapshot()).idle]
