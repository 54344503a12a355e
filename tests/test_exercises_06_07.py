"""Lessons 06 and 07: replies, Services, and a published lab whose own table is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import jupytext
import pytest
from nbformat import NotebookNode

from netpol_lab import Cluster
from netpol_lab.connections import connect
from netpol_lab.kubectl import Session, run
from netpol_lab.lessons import exercises, quiz
from netpol_lab.lessons.exercises import CheckResult, Exercise, check, load
from netpol_lab.lessons.loading import WrittenAnswer
from netpol_lab.manifests import read_text
from netpol_lab.model import datafiles as data

LESSONS = ("06-flows-and-services", "07-three-tiers")
SOURCE = Path(__file__).resolve().parent.parent / "notebooks" / "source"


def lesson(name: str) -> NotebookNode:
    return jupytext.reads((SOURCE / f"{name}.md").read_text(encoding="utf-8"), fmt="md:myst")


def answered(exercise: Exercise, manifest: str = "", *commands: str) -> CheckResult:
    cluster = exercise.start_cluster()
    for resource in read_text(manifest, exercise.file) if manifest else ():
        cluster.apply(resource)
    for line in commands:
        result = run(Session(cluster), line.split(), lambda: "", ".")
        assert result.exit_code == 0, result.stderr
    return check(cluster, exercise)


def policy(name: str, namespace: str, spec: str) -> str:
    return f"{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: {name}, namespace: {namespace}}}, spec: {spec}}}"  # noqa: E501


# -- lesson 06 -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "egress",
    [
        "[{to: [{podSelector: {matchLabels: {run: testcurl}}}]}]",
        "[{to: [{podSelector: {matchLabels: {run: testcurl}}}], ports: [{port: 1024, endPort: 65535}]}]",
        "[{to: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 32768, endPort: 60999}]}]",
    ],
)
def test_any_rule_that_was_meant_for_replies_is_called_one(egress: str):
    spec = f"{{podSelector: {{matchLabels: {{app: testweb}}}}, policyTypes: [Egress], egress: {egress}}}"
    result = answered(load("06-flows-and-services/1"), policy("let-testweb-answer", "default", spec))
    assert result.mistake == "M22"
    assert result.feedback is not None and result.feedback.cause.startswith("a reply needs no rule.")


def test_leaving_the_rules_out_is_as_good_as_an_empty_list():
    spec = "{podSelector: {matchLabels: {app: testweb}}, policyTypes: [Egress]}"
    assert answered(load("06-flows-and-services/1"), policy("let-testweb-answer", "default", spec)).passed


def test_isolating_testweb_in_both_directions_at_once_passes_too():
    spec = (
        "{podSelector: {matchLabels: {app: testweb}}, policyTypes: [Ingress, Egress],"
        " ingress: [{from: [{podSelector: {matchLabels: {run: testcurl}}}]}]}"
    )
    assert answered(load("06-flows-and-services/1"), policy("let-testweb-answer", "default", spec)).passed


def test_labeling_the_second_pod_repairs_half_a_service_as_well_as_the_policy():
    assert answered(load("06-flows-and-services/2"), "", "label pod api-2 -n store tier=backend").passed


def test_both_numbers_are_as_good_as_the_name_only_where_no_other_port_opens():
    numbers = (
        "{podSelector: {matchLabels: {app: api}}, ingress: [{from: [{podSelector: {matchLabels: {app: till}}}],"
        " ports: [{port: 8080}, {port: 9090}]}]}"
    )
    result = answered(load("06-flows-and-services/2"), policy("allow-till-to-api", "store", numbers))
    assert result.feedback is not None and result.feedback.verdict == "too open"


def test_the_service_whose_port_was_written_is_named():
    exercise = load("06-flows-and-services/2")
    wrong = next(wrong for wrong in exercise.wrong if wrong.name == "the port of the Service")
    feedback = answered(exercise, wrong.answer.manifest).feedback
    assert feedback is not None and "TCP 80 is the port of the Service `api`." in feedback.cause


def test_a_port_of_no_service_names_none():
    exercise = load("07-three-tiers/2")
    wrong = next(wrong for wrong in exercise.wrong if wrong.mistake == "M7")
    feedback = answered(exercise, wrong.answer.manifest).feedback
    assert feedback is not None and "Service `" not in feedback.cause


def test_the_reply_of_a_pod_closed_for_egress_arrives():
    cluster = load("06-flows-and-services/1").start_cluster()
    for resource in read_text(data.path("manifests", "lab-c", "no-egress-for-testweb.yaml").read_text()):
        cluster.apply(resource)
    session = Session(cluster)
    line = "run testcurl --rm -i --image=centos -- curl -s -m3"
    result = run(session, [*line.split(), str(cluster.endpoint("testweb", "default").ip)], lambda: "", ".")
    assert "Welcome to nginx!" in result.stdout


def test_half_of_the_store_answers_until_it_is_repaired():
    exercise = load("06-flows-and-services/2")
    cluster = exercise.start_cluster()
    till = cluster.pod("store", "till")

    def outcomes() -> list[str]:
        return [connect(cluster, till, "api", 80, attempt=n).outcome for n in range(4)]

    assert outcomes() == ["connected", "timed out"] * 2
    for resource in read_text(exercise.solution.manifest):
        cluster.apply(resource)
    assert outcomes() == ["connected"] * 4


# -- lesson 07 -----------------------------------------------------------------------------------

TABLE = {  # as in the list of the labs: what really happens, and which end stops it
    ("external-client", "frontend"): "egress",
    ("external-client", "database"): "both ends",
    ("frontend", "backend"): "",
    ("frontend", "database"): "both ends",
    ("external-client", "backend"): "both ends",
    ("backend", "database"): "egress",
}
LETTERS = {"": "a", "ingress": "b", "egress": "c", "both ends": "d"}


def verdict(cluster: Cluster, source: str, destination: str):
    return cluster.verdict(f"netpol-demo/{source}", f"netpol-demo/{destination}", 80)


@pytest.mark.parametrize(("source", "destination"), TABLE)
def test_the_labs_table_comes_out_as_it_really_is(source: str, destination: str):
    cluster = load("07-three-tiers/1").start_cluster()
    assert verdict(cluster, source, destination).stops_at == TABLE[(source, destination)]


@pytest.mark.parametrize(("number", "row"), [(1, 1), (2, 6)])
def test_each_prediction_is_answered_as_the_cluster_answers(number: int, row: int):
    question, pair = quiz.load(f"07-three-tiers/p{number}"), list(TABLE)[row - 1]
    assert f"Row {row}. {pair[0]} asks {pair[1]} " in question.text
    assert question.answer == LETTERS[TABLE[pair]]


def test_the_two_repairs_open_two_connections_and_no_third():
    cluster = load("07-three-tiers/1").start_cluster()
    before = cluster.snapshot()
    for id in exercises.ids("07-three-tiers"):
        for resource in read_text(load(id).solution.manifest):
            cluster.apply(resource)
    pods = [pod for pod in before.pods if not pod.host_network]
    opened = {
        (source.name, target.name, port, protocol)
        for source in pods
        for target in pods
        for port, protocol in ((80, "TCP"), (8080, "TCP"), (53, "UDP"), (53, "TCP"), (443, "TCP"))
        if source != target
        and bool(before.verdict(source, target, port, protocol))
        != bool(cluster.verdict(source, target, port, protocol))
    }
    assert opened == {("external-client", "frontend", 80, "TCP"), ("backend", "database", 80, "TCP")}
    assert {pair for pair in TABLE if verdict(cluster, *pair)} == {
        ("external-client", "frontend"),
        ("frontend", "backend"),
        ("backend", "database"),
    }


def test_a_policy_that_is_too_wide_at_one_end_passes_where_the_other_end_keeps_it_narrow():
    """By behavior: every pod may send to database, and database still admits backend alone."""
    wide = (
        "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: database}}}],"
        " ports: [{port: 80}]}]}"
    )
    assert answered(load("07-three-tiers/2"), policy("wide", "netpol-demo", wide)).passed


# -- texts ---------------------------------------------------------------------------------------


def here_documents(name: str) -> list[str]:
    """What the lesson pipes into kubectl."""
    text = "\n".join(cell.source for cell in lesson(name).cells if cell.cell_type == "code")
    return re.findall(r"cat << 'EOF' \| kubectl apply -f -\n(.*?)\nEOF\n", text + "\n", re.DOTALL)


def test_the_labs_here_document_is_the_manifest_the_checks_start_from():
    """The other files are typed with %%manifest; ``test_lessons_text`` compares those."""
    files = ("three-tiers", "default-deny", "allow-dns-egress", "allow-paths")
    wanted = data.path("manifests", "lab-e", "three-tiers.yaml").read_text(encoding="utf-8").strip()
    assert here_documents("07-three-tiers") == [wanted]
    assert load("07-three-tiers/1").start[1:] == tuple(f"lab-e/{file}.yaml" for file in files)


@pytest.mark.parametrize("name", LESSONS)
def test_each_lesson_ties_its_claims_to_cells(name: str):
    """That each cell is there, ``test_lessons_claims`` checks."""
    notes = next(cell for cell in lesson(name).cells if "notes" in cell.metadata.get("tags", ()))
    assert len(re.findall(r"(?m)^\| .+ \| `.+` \| \d+ \|$", notes.source)) >= 9


def test_no_answer_of_these_lessons_is_given_by_commands_alone():
    """Each solution is a manifest, so that the notebook shows it."""
    for name in LESSONS:
        for id in exercises.ids(name):
            assert load(id).solution != WrittenAnswer() and load(id).solution.manifest


def test_what_the_first_half_of_lesson_06_left_is_no_answer_to_its_second_exercise():
    first, second = (load(id) for id in exercises.ids("06-flows-and-services"))
    cluster = first.start_cluster()
    for resource in read_text(first.solution.manifest):
        cluster.apply(resource)
    for resource in second.start_cluster().snapshot().objects.values():
        if resource.namespace == "store" or resource.name == "store":
            cluster.apply(resource)
    assert check(cluster, second).status == "not started"
