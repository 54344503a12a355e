"""Practice at the front door: patients, papers and the capstone, as a student meets them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from netpol_lab import Lab
from netpol_lab.lessons.practice import clinic, exam, patients
from netpol_lab.model.errors import LabError


@pytest.fixture
def lab(notebook_folder: Path) -> Iterator[Lab]:
    opened = Lab("07")
    yield opened
    opened.close()


def treat(lab: Lab, patient: patients.Patient) -> None:
    assert lab.kubectl("apply -f -", patient.exercise.solution.manifest).exit_code == 0
    for line in patient.exercise.solution.commands.splitlines():
        assert lab.kubectl(line).exit_code == 0


def test_a_patient_is_shown_with_its_symptom_and_without_its_cause(lab: Lab) -> None:
    patient = clinic.of_day(17)
    shown = lab.patient(day=17).text
    assert patient.symptom.command in " ".join(shown.split())
    assert not any(told.split(":")[0].strip("`") in shown for told in patient.told)
    assert patient.symptom.shows in lab.kubectl(patient.symptom.command).stderr


def test_while_a_patient_is_ill_reasons_are_withheld_and_after_a_check_they_are_told(lab: Lab) -> None:
    lab.patient("S07")
    ask = ("shop/api", "shop/db", 8081)
    assert "You treat S07" in lab.why(*ask).text
    lab.kubectl("delete networkpolicy api-out -n shop")
    assert not lab.check().passed
    assert "You treat S07" not in lab.why(*ask).text


def test_the_bill_counts_commands_checks_and_tries_and_says_what_was_done(lab: Lab) -> None:
    lab.patient("S07")
    patient = clinic.scenario("S07")
    question = patient.diagnosis()
    wrong = next(letter for letter, _ in question.options if letter not in question.right)
    assert "not" in lab.diagnose(wrong).text
    assert "= Your diagnosis is right" in lab.diagnose(question.right).text
    lab.kubectl("get networkpolicies -n shop")
    lab.kubectl("delete networkpolicy api-out -n shop")
    assert not lab.check().passed
    treat(lab, patient)
    cured = lab.check()
    assert cured.passed
    text = " ".join(cured.text.split())
    assert "The bill: 3 commands; 2 checks; what was done: named at try 2; 1 try opened more than needed." in text
    assert "the dash before ports began a second rule" in text


def test_a_diagnosis_may_name_mistakes_by_letter_or_id(lab: Lab) -> None:
    lab.patient(day=2)
    ids = " ".join(sorted(set(clinic.of_day(2).mistakes)))
    assert "right" in lab.diagnose(ids).title
    assert "Nothing is said yet" in lab.diagnose("").text
    with pytest.raises(LabError, match="is no option"):
        lab.diagnose("z")


def test_a_diagnosis_is_given_by_buttons_one_letter_after_the_other_and_written_down(lab: Lab) -> None:
    lab.lesson = lab._record.lesson = "10-clinic"
    lab.patient(day=2)
    card, question = lab.diagnose(), clinic.of_day(2).diagnosis()
    assert [letter for letter, _ in card.buttons] == [letter for letter, _ in question.options]
    wrong = next(letter for letter, _ in question.options if letter not in question.right)
    assert "are right" not in card.press(wrong).text
    pressed = [card.press(letter) for letter in question.right]
    assert "more was done" in pressed[0].text or "more were done" in pressed[0].text
    assert "= Your diagnosis is right" in pressed[-1].title and not pressed[-1].buttons
    lab.diagnose(question.right)
    lines = [line for line in lab._record.read()[0] if line.did == "diagnose"]
    assert [line.result for line in lines] == ["wrong", "part", "part", "right"][-len(lines) :]
    assert lines[-1].answer == " ".join(m.id for letter, m in question.options if letter in question.right)
    assert "0 of 1 right" in lab.progress().text


def test_a_button_of_an_earlier_patient_answers_for_that_patient(lab: Lab) -> None:
    lab.patient("S01")
    card, right = lab.diagnose(), clinic.scenario("S01").diagnosis().right
    lab.patient("S13")
    assert "is right" in card.press(right).title
    assert lab._treatment.named == []


def test_what_is_asked_for_without_a_patient_or_an_exercise_is_told(lab: Lab) -> None:
    with pytest.raises(LabError, match="There is no patient"):
        lab.diagnose("a")
    with pytest.raises(LabError, match="Say which exercise"):
        lab.check()
    for names in ({}, {"name": "S07", "day": 3}):
        with pytest.raises(LabError, match="Name a patient or a day"):
            lab.patient(**names)


def test_a_patient_that_was_not_touched_is_not_told_of_blanks(lab: Lab) -> None:
    lab.patient("S01")
    told = lab.check().text
    assert "No policy was applied, changed or deleted" in told
    assert "blank" not in told


def test_who_takes_away_the_policy_that_is_the_fault_is_not_told_to_apply_it_again(lab: Lab) -> None:
    lab.patient(day=23)
    assert lab.kubectl("delete networkpolicy allow-everything -n ferry-data").exit_code == 0
    checked = lab.check()
    assert not checked.passed, "two more things were done to this cluster"
    assert "Apply it again" not in " ".join(checked.text.split())


def test_the_score_sheet_says_of_each_task_how_it_was_answered(lab: Lab) -> None:
    assert "0 of 12 tasks are right" in lab.exam().title
    task = exam.task("11-exam/1", "07")
    lab.start(task.id)
    lab.kubectl("apply -f -", task.solution.manifest)
    assert lab.check().passed
    lab.start("11-exam/2")
    lab.kubectl("apply -f -", task.solution.manifest)
    assert not lab.check().passed
    sheet = lab.exam()
    assert "1 of 12 tasks are right" in sheet.title
    rows = " ".join(sheet.text.split())
    assert "11-exam/1 One client, one port: right." in rows
    assert "11-exam/2 Close the way in: both." in rows
    assert "11-exam/3 A whole namespace: not handed in." in rows
    assert sheet.html.count('<th scope="col">') == 3
    assert sheet.html.count("<tr>") == 1 + 12, "a row for each task, below their headings"


def test_a_task_puts_its_files_into_the_folder_of_the_student(lab: Lab) -> None:
    lab.start("11-exam/10")
    assert sorted(each.name for each in Path.cwd().glob("candidate-*.yaml")) == [f"candidate-{a}.yaml" for a in "abc"]


def test_the_answer_of_a_neighbor_is_explained_and_not_accused(lab: Lab) -> None:
    task = lab.start("11-exam/1") and exam.task("11-exam/1", "07")
    theirs = yaml.safe_load(exam.task("11-exam/1", "12").solution.manifest)
    theirs["metadata"]["namespace"] = task.scope[0]
    lab.kubectl("apply -f -", yaml.safe_dump(theirs))
    text = " ".join(lab.check().text.split())
    assert "Your policy speaks of foyer and seating, and your paper has no such workload" in text


def test_a_capstone_that_is_as_small_as_the_reference_is_least_privilege(lab: Lab) -> None:
    lab.start("13-capstone/2")
    grade = lab.capstone()
    assert "Not least privilege yet" in grade.text
    assert "0 newly allowed, 74 newly blocked" in grade.text
    assert "Too many connections" not in grade.text, "the reference beside it can be seen"
    lab.kubectl("apply -f -", lab._exercise.exercise.solution.manifest)
    assert lab.check().passed
    assert "Least privilege" in lab.capstone().title


def test_a_first_design_that_is_too_open_is_told_why(lab: Lab) -> None:
    """It is far from the reference, which has thirteen policies: not every choice among them is tried."""
    task = lab.start("13-capstone/2") and lab._exercise.exercise
    door = {"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {}}]}]}
    for space in task.scope:
        kinds = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
        lab.kubectl(
            "apply -f -", yaml.safe_dump(kinds | {"metadata": {"name": "in", "namespace": space}, "spec": door})
        )
    checked = lab.check()
    assert not checked.passed
    assert "an empty selector matches everything" in " ".join(checked.text.split())


def test_a_label_that_alone_is_in_the_way_of_a_right_repair_is_named(lab: Lab) -> None:
    lab.patient("S10")
    treat(lab, clinic.load("S10", "07"))
    lab.kubectl("label pod job -n shop app=api --overwrite")
    text = " ".join(lab.check().text.split())
    assert "a label was changed. job has app=api now; it had app=job" in text


def test_a_rule_of_the_cluster_that_came_in_is_cited_without_a_line_of_no_file(lab: Lab) -> None:
    lab.patient("S22")
    lab.kubectl("delete networkpolicy deny-all -n shop")
    text = " ".join(lab.check().text.split())
    assert "Admitted by allow-everything, rule 1." in text
    assert "line " not in text
    assert "a policy cannot take back what another admits" in text


def test_who_deletes_the_policy_to_be_repaired_is_told_how_to_have_it_back(lab: Lab) -> None:
    lab.patient("S32")
    lab.kubectl("delete networkpolicy web -n shop")
    assert 'have it back with lab.start("S32")' in " ".join(lab.check().text.split())


def test_of_a_long_answer_what_is_left_out_is_told(lab: Lab) -> None:
    """Of the reference's thirteen policies three are written: more than a handful are lacking."""
    lab.start("13-capstone/2")
    for each in lab._exercise.exercise.solution.manifest.split("---\n")[:3]:
        assert lab.kubectl("apply -f -", each).exit_code == 0
    assert "policies are left out. What you wrote is right, as far as it goes." in " ".join(lab.check().text.split())


def test_a_rule_that_is_left_out_is_told_from_one_that_is_wrong(lab: Lab) -> None:
    lab.patient("S20")
    policy = yaml.safe_load(clinic.load("S20", "07").exercise.solution.manifest)
    policy["spec"]["egress"] = policy["spec"]["egress"][1:]
    lab.kubectl("apply -f -", yaml.safe_dump(policy))
    assert "a rule is left out. What crawler-out says is needed" in " ".join(lab.check().text.split())


def answered(lab: Lab, task: str, *lines: str, **spec: object) -> str:
    """What a check says of kubectl lines and, with a ``namespace``, a policy of this spec."""
    lab.start(task)
    for line in lines:
        assert lab.kubectl(line).exit_code == 0
    if spec:
        kinds = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
        about = {"name": spec.pop("name", "mine"), "namespace": spec.pop("namespace")}
        assert lab.kubectl("apply -f -", yaml.safe_dump(kinds | {"metadata": about, "spec": spec})).exit_code == 0
    checked = lab.check()
    assert not checked.passed
    return " ".join(checked.text.split())


def test_a_label_on_pods_that_the_next_rollout_takes_away_is_no_answer(lab: Lab) -> None:
    told = answered(lab, "11-exam/11", "label pods -n radio-07 -l app=playlists access=archive")
    assert "Their Deployment does not know of it" in told and "spec.template.metadata.labels" in told


def test_two_ends_of_a_range_are_told_from_the_range(lab: Lab) -> None:
    spaces = {"matchLabels": {"kubernetes.io/metadata.name": "radio-07"}}
    worker = {"namespaceSelector": spaces, "podSelector": {"matchLabels": {"app": "jingle"}}}
    rule = {"from": [worker], "ports": [{"port": 5677}, {"port": 5686}]}
    told = answered(
        lab, "11-exam/7", namespace="radio-data-07", podSelector={"matchLabels": {"app": "requests"}}, ingress=[rule]
    )
    assert "a range of ports is wanted, TCP 5677-5686" in told and "endPort" in told


def test_a_policy_at_the_other_end_in_another_namespace_is_judged(lab: Lab) -> None:
    rule = {"to": [{"podSelector": {"matchLabels": {"app": "player"}}}]}
    told = answered(lab, "11-exam/3", namespace="gateway", podSelector={}, egress=[rule])
    assert "connections as wanted" in told and "No policy was applied" not in told


def test_dns_that_is_forgotten_beside_another_rule_is_named(lab: Lab) -> None:
    rule = {"to": [{"podSelector": {"matchLabels": {"app": "api"}}}], "ports": [{"port": 80}]}
    web = {"matchLabels": {"app": "web"}}
    told = answered(
        lab, "S26", name="web-out", namespace="shop", podSelector=web, policyTypes=["Egress"], egress=[rule]
    )
    assert "DNS is forgotten" in told and "namespaceSelector" not in told


def test_the_sheet_shows_the_packet_of_a_wrong_answer(lab: Lab) -> None:
    answered(lab, "11-exam/2", namespace="radio-data-07", podSelector={}, policyTypes=["Ingress", "Egress"])
    sheet = " ".join(lab.exam().text.split())
    assert "11-exam/2 Close the way in: too strict. radio-data-07/" in sheet and "wanted allowed, and blocked." in sheet


def test_the_list_of_flows_stands_at_the_beginning_of_the_capstone(lab: Lab) -> None:
    assert "radio-07/player to radio-07/playlists, TCP 8087" in " ".join(lab.start("13-capstone/1").text.split())


def test_what_was_done_names_what_was_put_beside_a_policy_or_taken_away() -> None:
    assert clinic.of_day(23).told[0].startswith("`allow-everything` beside `default-deny` in `ferry-data`. ")
    told = [each for day in range(1, 30) for each in clinic.of_day(day).told]
    assert any(" is missing. " in each for each in told) and any(
        "is in `default`, and belongs" in each for each in told
    )


def test_a_file_that_was_used_for_another_policy_is_not_told_to_be_applied_again(lab: Lab) -> None:
    task = exam.task("11-exam/2", "07")
    for name, types in (("one", "Ingress"), ("two", "Egress")):
        body = yaml.safe_load(task.solution.manifest)
        body["metadata"]["name"], body["spec"] = name, {"podSelector": {}, "policyTypes": [types]}
        if name == "one":
            lab.start(task.id)
        lab._write("mine.yaml", yaml.safe_dump(body))
        assert lab.kubectl("apply -f mine.yaml").exit_code == 0
    told = lab.check()
    assert not told.passed and "is not what was applied" not in told.text
