"""A check is passed by doing the exercise: what else one may try is answered in a sentence, and passes nothing."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from netpol_lab import Cluster, Lab
from netpol_lab.lab.cli import main
from netpol_lab.lessons import checking, exercises
from netpol_lab.lessons.practice import clinic
from netpol_lab.model import datafiles
from netpol_lab.model.errors import LabError

TASK = "11-exam/1"
"""Only `player` may reach `playlists`; `jingle` stands beside them in the namespace and may not."""
PLACES = datafiles._PLACES

HEAD = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: NAME, namespace: radio-07}\n"
POLICY = f"""{HEAD}spec:
  podSelector: {{matchLabels: {{app: playlists}}}}
  policyTypes: [Ingress]
  ingress:
  - from: [PEER]
    ports: [{{port: 8087}}]
"""
ALL_OF_IT = "{podSelector: {}}"
MEANT = "{podSelector: {matchLabels: {app: player}}}"
VIP = "{podSelector: {matchLabels: {vip: 'yes'}}}"
ANYWHERE = "{namespaceSelector: {}, podSelector: {matchLabels: {app: player}}}"


@pytest.fixture
def lab(notebook_folder: Path) -> Iterator[Lab]:
    found = Lab("07")
    yield found
    found.close()


def said(picture: object) -> str:
    text = " ".join(str(getattr(picture, "text", "")).split())
    assert "Traceback" not in text
    return text


def patched(workload: str, template: str) -> str:
    return f"""patch deployment {workload} -n radio-07 -p '{{"spec":{{"template":{template}}}}}'"""


def tried(lab: Lab, peer: str, *lines: str, name: str = "one-client") -> tuple[bool, str]:
    """Whether a check passes after these lines and a policy that admits a peer, and what it says."""
    lab.start(TASK)
    for line in lines:
        result = lab.kubectl(line)
        assert result.exit_code == 0, result.stderr
    assert not peer or lab.kubectl("apply -f -", POLICY.replace("PEER", peer).replace("NAME", name)).exit_code == 0
    checked = lab.check()
    return checked.passed, said(checked)


NO_LONGER = "jingle in radio-07 had a pod that policies apply to when the exercise began, and has none now."
HOST = patched("jingle", '{"spec":{"hostNetwork":true}}')
VIP_PLAYER = patched("player", '{"metadata":{"labels":{"vip":"yes"}}}')

TRICKS = {
    "delete the pod that is to be kept out": (ALL_OF_IT, ["delete deployment jingle -n radio-07"], NO_LONGER),
    "scale it to nothing": (ALL_OF_IT, ["scale deployment jingle --replicas=0 -n radio-07"], NO_LONGER),
    "put it on the host network": (ALL_OF_IT, [HOST], NO_LONGER),
    "delete the pod that is to be closed": (
        ALL_OF_IT,
        ["delete deployment playlists -n radio-07"],
        "The pod radio-07/playlists is not there.",
    ),
    "scale that to nothing": (
        ALL_OF_IT,
        ["scale deployment playlists --replicas=0 -n radio-07"],
        "The pod radio-07/playlists is not there.",
    ),
    "delete all workloads": (
        "",
        ["delete deployments --all -n radio-07"],
        "nothing of this exercise is applied",
    ),
    "delete all pods, which come back": (ALL_OF_IT, ["delete pods --all -n radio-07"], "Too open"),
    "delete the namespace": ("", ["delete namespace radio-07"], "nothing that this exercise looks at"),
    "delete who asks from elsewhere": (
        MEANT,
        ["delete deployment prometheus -n monitoring"],
        "prometheus in monitoring had a pod",
    ),
    "delete the Service": (ALL_OF_IT, ["delete service playlists -n radio-07"], "Too open"),
    "take an image that listens on nothing": (
        ALL_OF_IT,
        ["set image deployment/playlists playlists=busybox:1.36 -n radio-07"],
        "Too open",
    ),
    "label the one that may, in the template": (VIP, [VIP_PLAYER], "because a label was changed: player has"),
    "label the one that may, in the pod": (
        VIP,
        ["label pods -l app=player vip=yes -n radio-07"],
        "because a label was changed: player has",
    ),
    "take the label of the one that may not": (
        "{podSelector: {matchExpressions: [{key: app, operator: Exists}]}}",
        ["label pods -l app=jingle app- -n radio-07"],
        "because a label was changed: jingle has",
    ),
    "label the namespace": (
        "{namespaceSelector: {matchLabels: {vip: 'yes'}}, podSelector: {matchLabels: {app: player}}}",
        ["label namespace radio-07 vip=yes"],
        "because a label was changed: the namespace radio-07 has",
    ),
    "take the name of the check's visitor": (
        ANYWHERE,
        ["create namespace elsewhere", "run another-2 --image=busybox:1.36 --labels=a=b -n elsewhere -- sleep 1d"],
        "because a label was changed: another-2 has a=b",
    ),
    "admit the check's visitor": (f"{VIP}, {ANYWHERE}", [], "Too open"),
    "give DNS no pod": (
        MEANT,
        ["scale deployment coredns --replicas=0 -n kube-system"],
        "No pod answers DNS any more.",
    ),
    "delete the Service beside a right policy": (
        MEANT,
        ["delete service playlists -n radio-07"],
        "The Service playlists in radio-07 is gone or leads elsewhere",
    ),
    "lead the Service elsewhere beside a right policy": (
        MEANT,
        ["""patch service playlists -n radio-07 -p '{"spec":{"selector":{"app":"jingle"}}}'"""],
        "The Service playlists in radio-07 is gone or leads elsewhere",
    ),
    "take an image that listens on nothing beside a right policy": (
        MEANT,
        ["set image deployment/playlists playlists=busybox:1.36 -n radio-07"],
        "What answered on TCP 8087 of playlists in radio-07 does not run any more",
    ),
    "apply nothing": ("", [], "Not started yet"),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_a_change_of_the_cluster_instead_of_the_policies_passes_nothing(lab: Lab, trick: str) -> None:
    peer, lines, answer = TRICKS[trick]
    passed, text = tried(lab, peer, *lines)
    # A peer that is wide enough for the trick may let in a stranger of the check, too; then that is said first.
    assert not passed and (answer in text or (peer != MEANT and "Too open" in text))


def test_without_a_trick_the_same_task_passes(lab: Lab) -> None:
    assert tried(lab, MEANT)[0]
    assert tried(lab, MEANT, "rollout restart deployment/jingle -n radio-07")[0]


def test_the_name_of_a_policy_means_nothing(lab: Lab) -> None:
    passed, text = tried(lab, ALL_OF_IT, name="jingle")
    assert not passed and "Admitted by jingle" in text


def test_an_empty_file_is_no_answer(lab: Lab) -> None:
    lab.start(TASK)
    assert lab.kubectl("apply -f -", "").exit_code != 0
    checked = lab.check()
    assert not checked.passed and "kubectl refused apply -f -" in said(checked)


@pytest.mark.parametrize("profile", ["flannel", "aws-vpc-cni"])
def test_a_plugin_that_enforces_less_makes_nothing_pass(notebook_folder: Path, profile: str) -> None:
    lab = Lab("07", profile=profile)
    passed, _ = tried(lab, VIP)
    lab.close()
    assert not passed


# -- at the lab, from Python -----------------------------------------------------------------------


def solve_from_python(lab: Lab) -> None:
    lab.cluster.apply(exercises.load(TASK).solution.manifest)


def set_back_to_the_solution(lab: Lab) -> None:
    lab.cluster.restore(exercises.load(TASK).solved_state())


def take_another_cluster(lab: Lab) -> None:
    lab.cluster = Cluster()
    set_back_to_the_solution(lab)


@pytest.mark.parametrize("trick", [solve_from_python, set_back_to_the_solution, take_another_cluster])
def test_what_no_command_did_is_nobodys_answer(lab: Lab, trick: Callable[[Lab], None]) -> None:
    lab.start(TASK)
    trick(lab)
    checked = lab.check()
    assert not checked.passed and "Something other than a command changed this cluster" in said(checked)


def test_the_exercise_that_is_checked_is_the_one_of_the_data(lab: Lab) -> None:
    lab.start(TASK)
    lab._exercise.exercise = dataclasses.replace(exercises.load(TASK), denied=(), rest="free")
    lab.kubectl("apply -f -", POLICY.replace("PEER", ALL_OF_IT).replace("NAME", "x"))
    checked = lab.check()
    assert not checked.passed and "Too open" in said(checked)


def test_what_was_shown_and_what_was_reached_stay_as_they_are(lab: Lab) -> None:
    tried(lab, ALL_OF_IT)
    checked = lab.check()
    with pytest.raises(dataclasses.FrozenInstanceError):
        checked.passed = True
    with pytest.raises(TypeError):
        lab._exercise.results[TASK] = checked
    assert "0 of 12 tasks are right" in lab.exam().title


def test_another_check_put_in_the_place_of_the_check_is_not_asked(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    done = checking.CheckResult(exercises.load(TASK), "done")
    monkeypatch.setattr(checking, "check", lambda *_: done)
    passed, text = tried(lab, ALL_OF_IT)
    assert not passed and "Too open" in text


def test_variables_of_the_environment_open_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LIVE", "PYTHON", "BRIDGE", "SHELL", "PASSED"):
        monkeypatch.setenv(f"NETPOL_LAB_{name}", "1")
    assert not tried(lab, ALL_OF_IT)[0]


# -- with the names of exercises -------------------------------------------------------------------


def test_starting_over_after_the_answer_takes_it_away(lab: Lab) -> None:
    tried(lab, MEANT)
    lab.start(TASK)
    checked = lab.check()
    assert not checked.passed and "Not started yet" in said(checked)


def test_the_answer_of_one_exercise_passes_no_other(lab: Lab) -> None:
    lab.start("02-default-deny/1")
    lab.kubectl("apply -f -", exercises.load("02-default-deny/1").solution.manifest)
    for other in ("02-default-deny/2", "03-allow-specific/1", TASK, "13-capstone/1", "S07"):
        checked = lab.check(other)
        assert not checked.passed and said(checked)
    with pytest.raises(LabError, match="There is no exercise"):
        lab.check("02-default-deny/9")


def test_a_second_lab_knows_nothing_of_the_first(lab: Lab) -> None:
    tried(lab, MEANT)
    second = Lab("07", lesson="03-allow-specific")
    checked = second.check(TASK)
    second.close()
    assert not checked.passed and "Not started yet" in said(checked)


# -- at a patient, and the capstone ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["S07", "day 17"])
def test_a_patient_without_policies_is_not_well(lab: Lab, name: str) -> None:
    lab.start(name)
    for space in clinic.load(name).exercise.scope:
        lab.kubectl(f"delete networkpolicies --all -n {space}")
    checked = lab.check()
    assert not checked.passed and "The bill" not in said(checked)


def test_a_patient_without_those_who_are_to_be_kept_out_is_not_well(lab: Lab) -> None:
    lab.start("day 17")
    lab.kubectl("apply -f -", clinic.load("day 17").exercise.solution.manifest)
    lab.kubectl("scale deployment --all --replicas=0 -n bikes")
    assert not lab.check().passed


def test_naming_every_mistake_is_no_diagnosis(lab: Lab) -> None:
    lab.patient("S07")
    assert "Not this, or not all" in lab.diagnose("abcde").title


def test_a_capstone_whose_names_nobody_resolves_is_not_passed(lab: Lab) -> None:
    lab.start("13-capstone/2")
    for document in exercises.load("13-capstone/2").solution.manifest.split("---\n"):
        if "allow-dns" not in document:
            lab.kubectl("apply -f -", document)
    lab.kubectl("delete deployment coredns -n kube-system")
    checked = lab.check()
    assert not checked.passed and "No pod answers DNS any more." in said(checked)


# -- in the data, and the record -------------------------------------------------------------------


def on_the_board(folder: Path) -> tuple[str, str]:
    done = CliRunner().invoke(main, ["board", str(folder)])
    assert done.exit_code == 0
    return done.stdout, done.stderr


@pytest.fixture
def edited(notebook_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The lessons' data, copied to where a student may edit them."""
    copy = notebook_folder / "data"
    shutil.copytree(datafiles.path(), copy)
    monkeypatch.setattr(datafiles, "_PLACES", (copy,))
    return copy


def test_an_exercise_that_was_edited_is_named_by_the_board(edited: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = edited / "exercises" / "02-default-deny.yaml"
    file.write_text(file.read_text("utf-8").replace("rest: start", "rest: free"), "utf-8")
    lab = Lab("07", lesson="02-default-deny")
    lab.start("02-default-deny/1")
    lab.kubectl("apply -f -", exercises.load("02-default-deny/1").solution.manifest)
    assert lab.check("02-default-deny/1").passed
    lab.close()
    monkeypatch.setattr(datafiles, "_PLACES", PLACES)
    out, err = on_the_board(edited.parent)
    assert "02-default-deny/1 was checked by a definition that is not the board's" in err
    assert "cannot know who wrote the line" in " ".join(out.split())


def test_an_honest_record_has_nothing_to_be_named(notebook_folder: Path) -> None:
    lab = Lab("07", lesson="02-default-deny")
    lab.start("02-default-deny/1")
    lab.kubectl("apply -f -", exercises.load("02-default-deny/1").solution.manifest)
    assert lab.check("02-default-deny/1").passed
    lab.close()
    assert on_the_board(notebook_folder)[1] == ""
    (record,) = notebook_folder.rglob("*.jsonl")
    line = json.loads(record.read_text("utf-8").splitlines()[-1])
    assert line["definition"] == exercises.definition(exercises.load("02-default-deny/1"))


def test_a_line_written_by_hand_is_named_by_the_board_and_nobody_is_accused(notebook_folder: Path) -> None:
    lab = Lab("07", lesson="02-default-deny")
    lab.close()
    line = {"at": "2026-11-28T08:00:00Z", "xx": "07", "lesson": "x", "did": "check", "what": TASK, "result": "passed"}
    (notebook_folder / "progress-07.jsonl").write_text(f"{json.dumps(line)}\n", "utf-8")
    told = " ".join(on_the_board(notebook_folder)[1].split())
    assert f"{TASK} was written down without the exercise's definition" in told and "Ask for the answer itself" in told


def test_words_and_hints_are_no_part_of_a_definition() -> None:
    task = exercises.load("02-default-deny/1")
    same = dataclasses.replace(task, question="Said otherwise.", wrong=())
    assert exercises.definition(same) == exercises.definition(task)
    opened = {"allowed": task.allowed + task.denied[:1], "denied": task.denied[1:]}
    for change in (opened, {"denied": task.denied[1:]}, {"rest": "free"}, {"start": ()}):
        assert exercises.definition(dataclasses.replace(task, **change)) != exercises.definition(task)
