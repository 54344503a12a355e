"""What passes is looked at once more: with every network plugin, and with the labels there were."""

from __future__ import annotations

from dataclasses import replace

import pytest
import readable_lessons
from test_exercises import answered, apply, policy

from netpol_lab import Cluster
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.engine.profiles import CILIUM, profile_named
from netpol_lab.lessons import exercises
from netpol_lab.lessons.exercises import check, load
from netpol_lab.lessons.loading import Exercise, WrittenAnswer
from netpol_lab.lessons.passing import plugin_note

SERVER = "podSelector: {matchLabels: {app: server-07}}"
EVERY_ADDRESS = policy(
    "publish-server",
    "student-07",
    f"{{{SERVER}, ingress: [{{from: [{{ipBlock: {{cidr: 0.0.0.0/0}}}}], ports: [{{port: 80}}]}}]}}",
)
PODS_AND_ADDRESSES = policy(
    "publish-server",
    "student-07",
    f"{{{SERVER}, ingress: [{{from: [{{namespaceSelector: {{}}}}, {{ipBlock: {{cidr: 0.0.0.0/0}}}}],"
    " ports: [{port: 80}]}]}",
)


def answer_state(exercise: Exercise, answer: WrittenAnswer) -> Snapshot:
    cluster = exercise.start_cluster()
    apply(cluster, answer, exercise.file)
    return exercise.with_visitors(cluster.snapshot())


# -- network plugins -------------------------------------------------------------------------------


def test_an_answer_that_one_plugin_sees_otherwise_passes_and_says_so():
    result = answered(load("03-allow-specific/3"), EVERY_ADDRESS)
    assert result.passed and result.feedback is not None
    (note,) = result.sentences
    assert result.feedback.notes == (note,)
    assert note == (
        "It depends on the network plugin: with `cilium`, student-07/unauthorized-07 does not reach "
        "student-07/server-07 on TCP 80. There an `ipBlock` does not match pods: take selectors for pods, and blocks "
        "for the outside."
    )
    picture = exercises.show(result)
    assert "Equivalent here, and not with every network plugin" in picture.html
    for words in ("depends on the network plugin: with cilium", "take selectors for pods"):
        assert words in " ".join(picture.text.split())


def test_selectors_for_pods_and_a_block_for_the_outside_pass_with_every_plugin():
    result = answered(load("03-allow-specific/3"), PODS_AND_ADDRESSES)
    assert result.passed and result.sentences == ()


@pytest.mark.parametrize("id", readable_lessons.exercise_ids())
def test_no_solution_is_said_to_depend_on_the_plugin_or_to_open_another_door(id: str):
    exercise = load(id)
    result = answered(exercise, exercise.solution)
    assert result.passed
    assert result.feedback is None or not (result.sentences or result.feedback.notes)


def test_a_plugin_with_which_the_solution_fails_too_is_not_named():
    exercise = load("03-allow-specific/3")
    assert plugin_note(exercise, answer_state(exercise, EVERY_ADDRESS))
    same = replace(exercise, solution=EVERY_ADDRESS)
    assert not plugin_note(same, answer_state(same, EVERY_ADDRESS))


def test_where_the_cluster_has_the_odd_plugin_the_others_are_named():
    exercise = load("05-egress-and-dns/2")
    spec = (
        "{podSelector: {matchLabels: {app: test-pod}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr:"
        " 0.0.0.0/0, except: [172.18.0.0/16, 169.254.169.254/32]}}], ports: [{port: 443}]}, {to: [{namespaceSelector:"
        " {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}],"
        " ports: [{protocol: UDP, port: 53}, {port: 53}]}]}"
    )
    cluster = Cluster(CILIUM.name)
    for resource in exercise.start_cluster().snapshot().objects.values():
        cluster.put(resource) if resource.key in cluster.objects else cluster.apply(resource)
    apply(cluster, policy("allow-internet", "default", spec))
    assert cluster.profile == profile_named("cilium")
    result = check(cluster, exercise)
    assert result.passed
    assert result.sentences[0].startswith(
        "It depends on the network plugin: with `upstream` and `calico`, default/test-pod reaches default/agent"
    )
    assert "There an `ipBlock` matches pods too" in result.sentences[0]


# -- doors at one end ------------------------------------------------------------------------------

TO_API = "{to: [{podSelector: {matchLabels: {app: api}}}], ports: [{port: 8080}]}"
TO_DB = "{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 5432}]}"


def notes(id: str, *answers: WrittenAnswer) -> tuple[str, ...]:
    """What is said about an answer that passes."""
    exercise = load(id)
    cluster = exercise.start_cluster()
    for answer in answers:
        apply(cluster, answer)
    result = check(cluster, exercise)
    assert result.passed and result.feedback is not None
    assert "not with every network plugin" not in exercises.show(result).text
    return result.feedback.notes


def out_of_web(*rules: str) -> WrittenAnswer:
    spec = f"{{podSelector: {{matchLabels: {{app: web}}}}, policyTypes: [Egress], egress: [{', '.join(rules)}]}}"
    return policy("web-out", "production", spec)


def test_a_door_that_only_the_other_end_keeps_closed_is_told():
    assert notes("05-egress-and-dns/1", out_of_web(TO_API, TO_DB)) == (
        "It also opens a door that is closed only at the other end: web → db, TCP 5432.",
    )


def test_a_rule_without_ports_opens_more_of_the_door_than_is_wanted():
    (note,) = notes("05-egress-and-dns/1", out_of_web("{to: [{podSelector: {matchLabels: {app: api}}}]}"))
    assert note.endswith("web → api, TCP 80.")


def test_an_exact_rule_opens_no_other_door():
    assert notes("05-egress-and-dns/1", out_of_web(TO_API)) == ()


def test_a_pod_that_is_selected_beside_the_one_that_is_meant_gets_a_door_too():
    spec = (
        "{podSelector: {matchExpressions: [{key: app, operator: In, values: [frontend, backend]}]}, policyTypes:"
        " [Egress], egress: [{to: [{podSelector: {matchLabels: {app: database}}}], ports: [{port: 80}]}]}"
    )
    assert notes("07-three-tiers/2", policy("out", "netpol-demo", spec)) == (
        "It also opens a door that is closed only at the other end: frontend → database, TCP 80.",
    )


def test_an_ingress_door_that_the_source_cannot_reach_is_told_as_well():
    into_db = (
        "{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress], ingress: [{from: [{podSelector:"
        " {matchLabels: {app: web}}}], ports: [{port: 5432}]}]}"
    )
    (note,) = notes("05-egress-and-dns/1", out_of_web(TO_API), policy("into-db", "production", into_db))
    assert note.endswith("closed only at the other end: web → db, TCP 5432.")


def test_a_replica_that_may_come_later_is_named_as_such():
    spec = (
        "{podSelector: {matchLabels: {app: testweb}}, policyTypes: [Egress],"
        " egress: [{to: [{podSelector: {matchLabels: {app: testweb}}}]}]}"
    )
    assert notes("06-flows-and-services/1", policy("let-testweb-answer", "default", spec)) == (
        "It also opens a door that is closed only at the other end: testweb → another-testweb, TCP 80. "
        "another-testweb stands for any pod that comes later.",
    )


# -- labels ----------------------------------------------------------------------------------------


def test_a_pod_that_is_given_the_typo_does_not_repair_the_policy():
    relabel = WrittenAnswer(commands="kubectl label pod reporter-07 -n student-07 app=reportre-07 --overwrite")
    result = answered(load("03-allow-specific/1"), relabel)
    assert result.status == "not yet" and result.mistake == "M17"
    assert "reporter-07 has `app=reportre-07`, and had `app=reporter-07`" in result.sentences[0]
    assert "Not yet: it connects, because of a label" in exercises.show(result).html


def test_a_label_that_no_rule_asks_for_is_no_fault():
    exercise = load("03-allow-specific/1")
    cluster = exercise.start_cluster()
    apply(cluster, exercise.solution)
    apply(cluster, WrittenAnswer(commands="kubectl label pod reporter-07 -n student-07 team=press"))
    assert check(cluster, exercise).passed


def test_a_new_label_that_the_answer_rests_on_is_a_fault_where_labels_are_to_be_kept():
    exercise = load("03-allow-specific/2")
    cluster = exercise.start_cluster()
    apply(cluster, WrittenAnswer(commands="kubectl label pod monitor-07 -n student-07 role=watch"))
    rule = "{from: [{podSelector: {matchLabels: {role: watch}}}], ports: [{port: 80}]}"
    apply(cluster, policy("allow-monitor-to-server", "student-07", f"{{{SERVER}, ingress: [{rule}]}}"))
    result = check(cluster, exercise)
    assert result.status == "not yet" and "monitor-07 has `app=monitor-07,role=watch`" in result.sentences[0]


def test_labels_may_be_changed_where_an_exercise_does_not_want_them_kept():
    label = WrittenAnswer(commands="kubectl label namespace default name=default")
    assert load("04-selectors/1").labels == "free"
    assert answered(load("04-selectors/1"), label).passed
