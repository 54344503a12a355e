"""Exercises: the start does not pass, the solution does, and each wrong answer is answered by its mistake."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import readable_lessons
from hypothesis import given, settings
from hypothesis import strategies as st

from netpol_lab import Cluster
from netpol_lab.kubectl import Session, run
from netpol_lab.lessons import exercises
from netpol_lab.lessons.exercises import CheckResult, Exercise, check, load
from netpol_lab.lessons.loading import WantedCell, WrittenAnswer
from netpol_lab.manifests import read_text
from netpol_lab.model import datafiles as data
from netpol_lab.model.errors import NotFound
from netpol_lab.model.fields import DataError

ALL = readable_lessons.exercise_ids()
WRONG = [(id, wrong.name) for id in ALL for wrong in load(id).wrong]


def apply(cluster: Cluster, answer: WrittenAnswer, file: str = "answer.yaml") -> None:
    """Do what a student who gave this answer did."""
    for resource in read_text(answer.manifest, file) if answer.manifest else ():
        cluster.apply(resource)
    session = Session(cluster)
    for line in answer.commands.splitlines():
        program, *words = shlex.split(line)
        assert program == "kubectl"
        result = run(session, words, lambda: "", ".")
        assert result.exit_code == 0, result.stderr


def answered(exercise: Exercise, answer: WrittenAnswer) -> CheckResult:
    cluster = exercise.start_cluster()
    apply(cluster, answer, exercise.file)
    return check(cluster, exercise)


def policy(name: str, namespace: str, spec: str) -> WrittenAnswer:
    """A NetworkPolicy whose spec is given in flow style, on one line."""
    head = (
        f"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: {namespace}}}\n"
    )
    return WrittenAnswer(manifest=f"{head}spec: {spec}\n")


# -- every exercise ------------------------------------------------------------------------------


@pytest.mark.parametrize("lesson", exercises.lessons("exercises"))
def test_the_exercises_of_every_lesson_can_be_read(lesson: str):
    assert exercises.of_lesson(lesson)


def test_there_are_at_least_two_exercises_a_lesson():
    for lesson in ("00-start-here", "01-allow-all", "02-default-deny", "03-allow-specific"):
        assert len(exercises.ids(lesson)) >= 2


@pytest.mark.parametrize("id", ALL)
def test_the_start_is_met_with_kindness_and_does_not_pass(id: str):
    exercise = load(id)
    result = check(exercise.start_cluster(), id)
    assert result.status == "not started"
    assert "Not started yet" in exercises.show(result).text


def test_an_exercise_that_was_not_begun_names_the_file_to_fill_in():
    exercise = load("04-selectors/3")
    text = exercises.show(check(exercise.start_cluster(), exercise)).text
    assert f"Fill in the blanks of {exercise.file}, run that cell, apply the file" in " ".join(text.split())


@pytest.mark.parametrize("id", ALL)
@pytest.mark.parametrize("xx", ["07", "42"])
def test_the_solution_passes_for_every_number(id: str, xx: str):
    exercise = load(id, xx)
    result = answered(exercise, exercise.solution)
    assert result.passed
    assert result.feedback is None or result.feedback.verdict == "equivalent"


@pytest.mark.parametrize(("id", "name"), WRONG)
def test_a_wrong_answer_does_not_pass_and_its_mistake_is_named(id: str, name: str):
    exercise = load(id)
    wrong = next(wrong for wrong in exercise.wrong if wrong.name == name)
    result = answered(exercise, wrong.answer)
    assert not result.passed
    assert result.mistake == wrong.mistake
    said = [*result.sentences, result.feedback.cause if result.feedback else ""]
    assert any(len(sentence) > 30 for sentence in said)


@pytest.mark.parametrize(("id", "name"), WRONG)
def test_a_wrong_connection_is_shown_with_what_was_wanted_and_what_is(id: str, name: str):
    exercise = load(id)
    wrong = next(wrong for wrong in exercise.wrong if wrong.name == name)
    feedback = answered(exercise, wrong.answer).feedback
    if feedback is None:
        return
    wrong_pairs = {(example.source, example.destination) for example in feedback.counterexamples}
    assert feedback.right + len(wrong_pairs) <= feedback.wanted_cells
    assert [example.leak for example in feedback.counterexamples] == sorted(
        (example.leak for example in feedback.counterexamples), reverse=True
    )
    for example in feedback.counterexamples:
        assert example.wanted != example.got
        assert example.reason


@pytest.mark.parametrize("id", ALL)
def test_checking_changes_nothing_and_says_the_same_twice(id: str):
    exercise = load(id)
    cluster = exercise.start_cluster()
    apply(cluster, exercise.wrong[0].answer, exercise.file)
    before = cluster.snapshot()
    first, second = (exercises.show(check(cluster, id)) for _ in range(2))
    assert cluster.snapshot() is before
    assert first.html == second.html and first.text == second.text


@pytest.mark.parametrize("id", ALL)
def test_a_check_in_an_empty_cluster_does_not_raise(id: str):
    result = check(Cluster(), id)
    assert not result.passed
    assert exercises.show(result).text


# -- behavior, not YAML --------------------------------------------------------------------------


def test_a_second_peer_in_the_old_policy_passes_as_well_as_a_new_policy():
    both = policy(
        "allow-client-to-server",
        "student-07",
        "{podSelector: {matchLabels: {app: server-07}}, ingress: [{from: ["
        "{podSelector: {matchLabels: {app: client-07}}}, {podSelector: {matchLabels: {app: monitor-07}}}],"
        " ports: [{port: 80}]}]}",
    )
    assert answered(load("03-allow-specific/2"), both).passed


def test_match_expressions_pass_where_match_labels_were_shown():
    expressions = policy(
        "lock", "production", "{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web, api]}]}}"
    )
    assert answered(load("02-default-deny/1"), expressions).passed


def test_every_address_as_ip_block_publishes_too():
    block = policy(
        "publish",
        "student-07",
        "{podSelector: {matchLabels: {app: server-07}}, ingress: "
        "[{from: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 80}]}]}",
    )
    assert answered(load("03-allow-specific/3"), block).passed


def test_a_part_of_the_outside_alone_does_not_publish():
    some = policy(
        "publish",
        "student-07",
        "{podSelector: {matchLabels: {app: server-07}}, ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24}},"
        " {namespaceSelector: {}}], ports: [{port: 80}]}]}",
    )
    result = answered(load("03-allow-specific/3"), some)
    assert result.feedback is not None and result.feedback.verdict == "too strict"


def test_the_policy_with_the_typo_is_the_nearest_miss():
    verdict = load("03-allow-specific/1").start_cluster().verdict("student-07/reporter-07", "student-07/server-07", 80)
    assert verdict.ingress.near_misses[0].rule.policy.name == "allow-reporter-to-server"


def test_policies_of_an_earlier_exercise_are_no_part_of_the_answer():
    exercise = load("03-allow-specific/2")
    cluster = exercise.start_cluster()
    earlier = load("03-allow-specific/1")
    apply(
        cluster,
        WrittenAnswer(manifest=data.path("manifests", "lab-a", "reporter.yaml").read_text().replace("$XX", "07")),
    )
    apply(cluster, earlier.solution)
    assert check(cluster, exercise).status == "not started"
    apply(cluster, exercise.solution)
    assert check(cluster, exercise).passed


def test_a_policy_of_an_earlier_exercise_that_is_written_over_is_the_students():
    web = "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]"
    rule = "{to: [{podSelector: {matchLabels: {app: api}}}], ports: [{port: 8080}]}"
    result = answered(load("05-egress-and-dns/1"), policy("allow-dns", "production", f"{{{web}, egress: [{rule}]}}"))
    assert result.status == "not yet" and result.mistake == "M16"
    assert result.feedback is not None and "give yours a name of its own" in result.feedback.cause


def test_another_way_to_write_an_earlier_answer_is_no_answer_to_this_exercise():
    dns = "{namespaceSelector: {}, podSelector: {matchExpressions: [{key: k8s-app, operator: In, values: [kube-dns]}]}}"
    rule = f"{{to: [{dns}], ports: [{{protocol: UDP, port: 53}}, {{port: 53}}]}}"
    spec = f"{{podSelector: {{}}, policyTypes: [Egress], egress: [{rule}]}}"
    assert answered(load("05-egress-and-dns/1"), policy("allow-dns", "production", spec)).status == "not started"


def test_a_file_of_the_lesson_that_was_applied_once_more_is_no_answer():
    nowhere = data.path("manifests", "lab-b", "allow-dns-to-nowhere.yaml").read_text()
    assert answered(load("05-egress-and-dns/1"), WrittenAnswer(manifest=nowhere)).status == "not started"


def test_pods_that_you_add_yourself_do_not_count():
    exercise = load("03-allow-specific/2")
    cluster = exercise.start_cluster()
    apply(cluster, exercise.solution)
    apply(cluster, WrittenAnswer(commands="kubectl run mine --image=busybox:1.36 -n student-07 -- sleep 60"))
    assert check(cluster, exercise).passed


def test_a_deleted_pod_is_missed_in_words():
    exercise = load("03-allow-specific/2")
    cluster = exercise.start_cluster()
    apply(cluster, exercise.solution)
    cluster.delete("Pod", "student-07", "monitor-07")
    result = check(cluster, exercise)
    assert result.status == "not there" and "Run the cells above" in result.sentences[0]


def test_too_open_and_too_strict_at_once_shows_the_leak_first():
    exercise = load("03-allow-specific/3")
    wrong = next(wrong for wrong in exercise.wrong if wrong.mistake == "M7")
    feedback = answered(exercise, wrong.answer).feedback
    assert feedback is not None and feedback.verdict == "both"
    assert [example.leak for example in feedback.counterexamples] == [True, False]


# -- any answer at all ---------------------------------------------------------------------------

SELECTORS = st.sampled_from(
    ["{}", "{matchLabels: {app: db}}", "{matchLabels: {app: web}}", "{matchLabels: {app: nobody}}"]
)
PEERS = st.builds(
    lambda kind, selector: f"{{{kind}: {selector}}}",
    st.sampled_from(["podSelector", "namespaceSelector"]),
    SELECTORS,
)
PORTS = st.sampled_from(
    ["", ", ports: [{port: 5432}]", ", ports: [{protocol: UDP}]", ", ports: [{port: 53}, {port: 80}]"]
)
RULES = st.lists(
    st.builds(lambda peers, ports: f"{', '.join(peers)}|{ports}", st.lists(PEERS, max_size=2), PORTS), max_size=2
)


def written(side: str, rules: list[str]) -> str:
    parts = [rule.split("|") for rule in rules]
    return ", ".join(f"{{{side}: [{peers}]{ports}}}" for peers, ports in parts)


@given(SELECTORS, RULES, RULES, st.sampled_from(["[Ingress]", "[Egress]", "[Ingress, Egress]"]))
@settings(max_examples=60)
def test_no_answer_makes_a_check_raise_or_contradict_itself(selector, ingress, egress, types):
    spec = f"{{podSelector: {selector}, policyTypes: {types}, ingress: [{written('from', ingress)}], "
    exercise = load("02-default-deny/1")
    result = answered(exercise, policy("any", "production", f"{spec}egress: [{written('to', egress)}]}}"))
    feedback = result.feedback
    assert feedback is not None
    assert result.passed == (feedback.right == feedback.wanted_cells) == (not feedback.counterexamples)
    assert bool(feedback.leaks) == any(example.leak for example in feedback.counterexamples)
    assert bool(feedback.missing) == any(not example.leak for example in feedback.counterexamples)


# -- mistakes that no exercise of these lessons provokes by itself -----------------------------------


@pytest.fixture
def only_this() -> Callable[..., Exercise]:
    """An exercise with another start and other wanted connections."""

    def make(
        start: tuple[str, ...], allowed: tuple[WantedCell, ...] = (), denied: tuple[WantedCell, ...] = ()
    ) -> Exercise:
        exercise = load("02-default-deny/1")
        return replace(exercise, start=start, allowed=allowed, denied=denied, rest="free", scope=("production",))

    return make


WEB_TO_API = WantedCell("production/web", "production/api", 8080, "TCP")


def test_a_deny_that_is_meant_to_beat_an_older_allow_is_recognized(only_this):
    exercise = only_this(("lab-b/production.yaml", "lab-b/allow-web-to-api.yaml"), denied=(WEB_TO_API,))
    result = answered(exercise, policy("deny", "production", "{podSelector: {matchLabels: {app: api}}}"))
    assert result.mistake == "M16"


def test_opening_one_end_only_is_recognized(only_this):
    exercise = only_this(("lab-b/production.yaml", "lab-b/default-deny-all.yaml"), allowed=(WEB_TO_API,))
    answer = WrittenAnswer(manifest=data.path("manifests", "lab-b", "allow-web-to-api.yaml").read_text())
    result = answered(exercise, answer)
    assert result.mistake == "M9"
    assert result.feedback is not None and result.feedback.counterexamples[0].stops_at == "egress"


def test_deleting_the_default_deny_is_recognized():
    exercise = load("03-allow-specific/2")
    gone = WrittenAnswer(commands="kubectl delete networkpolicy default-deny-ingress -n student-07")
    assert answered(exercise, gone).mistake == "M16"


# -- the data ------------------------------------------------------------------------------------


def test_an_unknown_exercise_names_those_there_are():
    with pytest.raises(NotFound, match="02-default-deny/1"):
        load("02-default-deny/9")
    with pytest.raises(NotFound, match="01-allow-all"):
        load("99-nowhere/1")


FAULTS = {
    "a field nobody reads": ("title:", "titel: x\n  title:", "unknown field 'titel'"),
    "a missing question": ("question: Q", "", "question is missing"),
    "an id out of order": ("id: x/1", "id: x/2", "the id has to be 'x/1'"),
    "no wanted behavior": ("objects: [{kind: Namespace, name: n}]", "", "it wants nothing"),
    "a port as text": (
        "objects:",
        "allowed: [{from: a/b, to: c/d, port: http}]\n  objects:",
        "port has to be a number",
    ),
    "a word for rest": ("title:", "rest: same\n  title:", "rest has to be one of"),
    "a word for labels": ("title:", "labels: same\n  title:", "labels has to be one of"),
    "no solution": ("solution: {commands: k}", "solution: {}", "manifest or commands"),
    "no YAML": ("title: T", "title: [", "expected"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_data_names_its_file_and_place(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    good = """lesson: x
exercises:
- id: x/1
  title: T
  question: Q
  objects: [{kind: Namespace, name: n}]
  solution: {commands: k}
  wrong:
  - {name: one, mistake: M1, commands: k}
  - {name: two, mistake: M2, commands: k}
"""
    (tmp_path / "exercises").mkdir()
    file = tmp_path / "exercises" / "x.yaml"
    monkeypatch.setattr("netpol_lab.model.datafiles._PLACES", (tmp_path,))
    file.write_text(good)
    assert [exercise.id for exercise in exercises.of_lesson("x")] == ["x/1"]
    old, new, message = FAULTS[fault]
    assert old in good
    file.write_text(good.replace(old, new))
    with pytest.raises(DataError, match=r"exercises/x\.yaml") as caught:
        exercises.of_lesson("x")
    assert message in str(caught.value)
