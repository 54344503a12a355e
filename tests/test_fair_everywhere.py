"""Every exercise, patient, exam task and capstone against every trick: none passes it, and each is answered.

Each is tried with one trick here, another one for each, and with all of them where ``NETPOL_LAB_SLOW`` is set.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import readable_lessons
import yaml

from netpol_lab import Cluster, Lab
from netpol_lab.lessons import exercises
from netpol_lab.lessons.exercises import Exercise
from netpol_lab.lessons.practice.clinic import scenarios
from netpol_lab.model.objects import Pod, name_of

ALL = [
    *readable_lessons.exercise_ids(),
    *scenarios(),
    *(f"day {day}" for day in (2, 3, 4)),
    *(f"11-exam/{place}" for place in range(1, 13)),
    "13-capstone/1",
    "13-capstone/2",
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("student"))
        opened = Lab("07", lesson="11-exam")
        yield opened
        opened.close()


def others(exercise: Exercise) -> list[Pod]:
    """The pods that no wanted connection begins or ends at: those an answer may have to keep out."""
    ends = {end for cell in exercise.allowed for end in (cell.source, cell.destination)}
    pods = [pod for pod in exercise.start_cluster().pods if pod.namespace != "kube-system"]
    return [pod for pod in pods if f"{pod.namespace}/{name_of(pod)}" not in ends]


def kind_of(pod: Pod) -> str:
    return f"deployment {name_of(pod)}" if pod.owner else f"pod {pod.name}"


def of_each(line: str) -> Callable[[Lab, Exercise], None]:
    """A line for each of the others; $what is its pod or Deployment, $name and $space are its own."""

    def trick(lab: Lab, exercise: Exercise) -> None:
        for pod in others(exercise):
            places = {"$what": kind_of(pod), "$pod": pod.name, "$name": name_of(pod), "$space": pod.namespace}
            filled = line
            for place, value in places.items():
                filled = filled.replace(place, value)
            lab.kubectl(filled)

    return trick


def in_each(line: str) -> Callable[[Lab, Exercise], None]:
    """A line for each namespace of the exercise."""

    def trick(lab: Lab, exercise: Exercise) -> None:
        for space in exercise.scope or ("default",):
            lab.kubectl(line.replace("$space", space))

    return trick


def like_the_admitted(lab: Lab, exercise: Exercise) -> None:
    """The labels of the first that may connect, for everybody."""
    first = exercise.allowed[0].source if exercise.allowed else ""
    pods = exercise.start_cluster().pods
    labels = next((pod.labels for pod in pods if first in (pod.id, f"{pod.namespace}/{name_of(pod)}")), {})
    words = [f"{key}={value}" for key, value in labels.items() if key != "pod-template-hash"]
    for pod in others(exercise):
        lab.kubectl(shlex.join(["label", "pod", pod.name, "-n", pod.namespace, "--overwrite", *words, "vip=yes"]))


def names_of_visitors(lab: Lab, exercise: Exercise) -> None:
    """Pods that are called as those that the check imagines, and carry nothing."""
    for each in exercise.visitors:
        if not each.namespace:
            lab.kubectl(f"create namespace {each.name}")
        elif each.kind == "Pod":
            lab.kubectl(f"run {each.name} -n {each.namespace} --image=busybox:1.36 --labels=a=b -- sleep 1d")


def by_python(lab: Lab, exercise: Exercise) -> None:
    lab.cluster.restore(exercise.start_cluster().snapshot())
    if exercise.solution.manifest:
        lab.cluster.apply(exercise.solution.manifest)


def by_another_cluster(lab: Lab, exercise: Exercise) -> None:
    lab.cluster = Cluster()
    lab.cluster.restore(exercise.solved_state())


def by_the_solved_state(lab: Lab, exercise: Exercise) -> None:
    lab.cluster.restore(exercise.solved_state())


def by_a_record(lab: Lab, exercise: Exercise) -> None:
    line = {"at": "2026-11-28T08:00:00Z", "xx": "07", "lesson": "x", "did": "check", "what": exercise.id}
    with Path("progress-07.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line | {"result": "passed"}) + "\n")


def by_the_shown_objects(lab: Lab, exercise: Exercise) -> None:
    """What a check shows cannot be changed, nor what it wrote down."""
    shown = lab.check()
    with pytest.raises(AttributeError):
        shown.passed = True  # type: ignore[misc]
    with pytest.raises(TypeError):
        lab._exercise.results[exercise.id] = shown  # type: ignore[index]


TRICKS: dict[str, Callable[[Lab, Exercise], Any]] = {
    "delete the others": of_each("delete $what -n $space"),
    "delete their pods": of_each("delete pod $pod -n $space"),
    "scale them to nothing": of_each("scale deployment $name --replicas=0 -n $space"),
    "put them on the host network": of_each(
        """patch deployment $name -n $space -p '{"spec":{"template":{"spec":{"hostNetwork":true}}}}'"""
    ),
    "give them an image that asks nobody": of_each("set image deployment/$name $name=busybox:1.36 -n $space"),
    "take their label app": of_each("label pod $pod -n $space app-"),
    "give them another label": of_each("label pod $pod -n $space --overwrite app=nobody role=nobody"),
    "label them like the admitted": like_the_admitted,
    "move the labels of the namespaces": in_each("label namespace $space --overwrite team=other name=other vip=yes"),
    "delete the namespaces": in_each("delete namespace $space"),
    "delete the others' namespaces": of_each("delete namespace $space"),
    "delete all workloads": in_each("delete deployments,pods --all -n $space"),
    "delete all Services": in_each("delete services --all -n $space"),
    "delete all policies": in_each("delete networkpolicies --all -n $space"),
    "give DNS no pod": lambda lab, _: lab.kubectl("scale deployment coredns --replicas=0 -n kube-system"),
    "delete the Service of DNS": lambda lab, _: lab.kubectl("delete service kube-dns -n kube-system"),
    "label the pods of DNS": lambda lab, _: lab.kubectl("label pods -n kube-system -l k8s-app=kube-dns vip=yes"),
    "take the names of the check's visitors": names_of_visitors,
    "apply the solution from Python": by_python,
    "set back to the solved state": by_the_solved_state,
    "take a solved cluster": by_another_cluster,
    "write the record by hand": by_a_record,
    "change what a check shows": by_the_shown_objects,
}
WITHOUT_AN_ANSWER = {each for each in TRICKS if "solved" in each or "Python" in each}


def opened(exercise: Exercise) -> str:
    """The solution with a rule for everybody in the place of each of its own; "" where it writes no policy."""
    documents = [each for each in yaml.safe_load_all(exercise.solution.manifest or "") if each]
    for document in documents:
        for direction in document["spec"].get("policyTypes", ["Ingress"]) if "spec" in document else ():
            document["spec"][direction.lower()] = [{}]
    return yaml.safe_dump_all(documents)


def begin(lab: Lab, id: str, exercise: Exercise, trick: str) -> None:
    lab.start(id)
    if trick not in WITHOUT_AN_ANSWER and exercise.solution_policies:
        lab.kubectl("apply -f -", opened(exercise))


def tried(lab: Lab, id: str, trick: str) -> None:
    exercise, cluster = exercises.load(id), lab.cluster
    begin(lab, id, exercise, trick)
    if exercise.solution_policies and trick not in WITHOUT_AN_ANSWER and lab.check().passed:
        return  # everybody may, and nothing is to be hidden
    TRICKS[trick](lab, exercise)
    checked = lab.check()
    lab.cluster = cluster
    text = " ".join(checked.text.split())
    assert not checked.passed, f"{id}: {trick}"
    assert len(text) > 60 and "Traceback" not in text, text


@pytest.mark.parametrize("place", range(len(ALL)), ids=ALL)
def test_no_trick_passes_an_exercise_and_each_is_answered(lab: Lab, place: int) -> None:
    names = list(TRICKS)
    for trick in names if os.environ.get("NETPOL_LAB_SLOW") else [names[place % len(names)]]:
        tried(lab, ALL[place], trick)


def test_pods_of_dns_with_another_label_are_told_of(lab: Lab) -> None:
    """With their labels of the start nobody answers DNS under the name that the exercise has for them."""
    tried(lab, "09-plugins-and-limits/2", "label the pods of DNS")


def test_a_student_s_folder_holds_no_answer(lab: Lab) -> None:
    """What an exercise puts there are questions: what is to be repaired, or chosen from, and no solution alone."""
    asked = {name for id in ALL for name, _ in exercises.load(id).files}
    for id in ALL:
        lab.start(id)
    texts = {each.name: each.read_text("utf-8") for each in Path.cwd().rglob("*") if each.is_file()}
    assert {name for name, text in texts.items() if "NetworkPolicy" in text} == asked
    for id in ALL:
        solution = exercises.load(id).solution.manifest
        assert not solution or [name for name, text in texts.items() if solution in text] in ([], ["candidate-b.yaml"])
