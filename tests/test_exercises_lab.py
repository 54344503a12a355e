"""Exercises in a lab: started over, checked after a refusal, compared with where they began, beside what was left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import readable_lessons

from netpol_lab import Lab
from netpol_lab.lessons.exercises import load
from netpol_lab.model.errors import NotFound

CLOSED = "{podSelector: {}, policyTypes: [Ingress]}"
RIGHT = "{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}"

WRITTEN = [id for id in readable_lessons.exercise_ids() if load(id).file and load(id).wrong]


@pytest.fixture
def lab() -> Iterator[Lab]:
    found = Lab("07")
    yield found
    found.close()


@pytest.fixture
def applies(lab: Lab) -> Callable[..., int]:
    """What `kubectl apply -f -` of a policy answers."""

    def apply(spec: str, namespace: str = "production", name: str = "close-db") -> int:
        head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        text = f"{head}metadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"
        return lab.kubectl("apply -f -", text).exit_code

    return apply


def said(picture: object) -> str:
    return " ".join(str(getattr(picture, "text", "")).split())


# -- starting over ---------------------------------------------------------------------------------


@pytest.mark.parametrize("id", readable_lessons.exercise_ids())
def test_an_exercise_can_be_started_at_any_time_and_finds_its_own_start(lab: Lab, id: str) -> None:
    lab.kubectl("create namespace left-behind")
    shown = lab.start(id)
    assert id in shown.title and ("There is no policy" in said(shown) or "The policies:" in said(shown))
    assert lab.cluster.snapshot().objects.keys() == load(id).start_cluster().snapshot().objects.keys()
    assert "Not started yet" in said(lab.check(id))


def test_starting_is_a_moment_and_keeps_those_before(lab: Lab, applies: Callable[..., int]) -> None:
    lab.kubectl("create namespace mine")
    lab.start("02-default-deny/1")
    applies(RIGHT)
    assert lab.check("02-default-deny/1").passed
    assert "lab.start" in said(lab.moments()) and "create namespace mine" in said(lab.moments())


def test_an_exercise_that_is_none_starts_nothing(lab: Lab) -> None:
    with pytest.raises(NotFound):
        lab.start("02-default-deny/9")


def test_where_something_is_missing_the_check_names_the_line_that_starts_over(lab: Lab) -> None:
    lab.start("02-default-deny/1")
    lab.kubectl("delete pod db -n production")
    lab.kubectl("delete deployment db -n production")
    lab.kubectl("label namespace production a=b")
    assert 'start over with lab.start("02-default-deny/1")' in said(lab.check("02-default-deny/1"))


# -- after a refusal -------------------------------------------------------------------------------


def test_after_a_refusal_the_check_says_first_that_it_is_about_what_stood_before(
    lab: Lab, applies: Callable[..., int]
) -> None:
    lab.start("02-default-deny/1")
    applies(CLOSED)
    assert applies("{podSelectr: {}}") != 0
    text = said(lab.check("02-default-deny/1"))
    assert text.index("kubectl refused apply -f -") < text.index("likely cause")
    assert applies(RIGHT) == 0
    assert "refused" not in said(lab.check("02-default-deny/1"))


@pytest.mark.parametrize("id", WRITTEN)
def test_a_refused_file_of_any_exercise_is_told_before_the_verdict_on_what_stood(
    notebook_folder: Path, id: str
) -> None:
    lab, exercise = Lab("07"), load(id)
    lab.start(id)
    wrong = next(each.answer.manifest for each in exercise.wrong if each.answer.manifest)
    lab._write(exercise.file, wrong)
    assert lab.kubectl(f"apply -f {exercise.file}").exit_code == 0
    before = said(lab.check(id))
    lab._write(exercise.file, "# one line more\n" + exercise.solution.manifest.replace("podSelector", "podSelectr"))
    assert lab.kubectl(f"apply -f {exercise.file}").exit_code != 0
    after = said(lab.check(id))
    assert after.lstrip("=<>! ").startswith(f"kubectl refused apply -f {exercise.file}.")
    assert "about the cluster as it stood before, with the line numbers of what was applied then" in after
    for fact in ("likely cause: ", "connections as wanted"):
        told = before.partition(fact)[2][:60]
        assert told in after, "the verdict is the one on what stood before"
    lab.close()


def test_a_refusal_before_anything_was_applied_is_told_where_nothing_is_started(
    lab: Lab, applies: Callable[..., int]
) -> None:
    lab.start("02-default-deny/1")
    assert applies("{podSelectr: {}}") != 0
    text = said(lab.check("02-default-deny/1"))
    assert "Not yet: nothing of this exercise is applied" in text and "kubectl refused apply" in text


def test_a_get_that_finds_nothing_is_no_refusal_of_an_answer(lab: Lab, applies: Callable[..., int]) -> None:
    lab.start("02-default-deny/1")
    applies(CLOSED)
    assert lab.kubectl("get pod nobody").exit_code != 0
    assert "refused" not in said(lab.check("02-default-deny/1"))


@pytest.mark.parametrize(
    ("id", "refused"),
    [
        ("00-start-here/1", "create namespace Student_07"),
        ("02-default-deny/1", "apply -f missing.yaml"),
        ("03-allow-specific/1", "apply -f missing.yaml"),
        ("05-egress-and-dns/2", "apply -f missing.yaml"),
    ],
)
def test_several_refused_lines_are_not_called_not_started(lab: Lab, id: str, refused: str) -> None:
    lab.start(id)
    for _ in range(5):
        assert lab.kubectl(refused).exit_code != 0
        text = said(lab.check(id))
        assert "Not started yet" not in text and f"kubectl refused {refused}" in text
    assert f'lab.start("{id}")' in text


def test_a_name_that_is_taken_is_explained_with_what_changes_it(lab: Lab) -> None:
    lab.start("00-start-here/2")
    run = "run client-07 -n student-07 --image=busybox:1.36 --labels=app=klient -- sleep 1d"
    assert lab.kubectl(run).exit_code == 0 and lab.kubectl(run).exit_code != 0
    text = said(lab.check("00-start-here/2"))
    assert "something of that name is there" in text and "kubectl label" in text and "kubectl delete" in text


def test_a_try_that_changed_something_else_is_not_called_not_started(lab: Lab, applies: Callable[..., int]) -> None:
    lab.start("02-default-deny/1")
    applies(RIGHT, namespace="kube-public", name="close")
    text = said(lab.check("02-default-deny/1"))
    assert "Not started yet" not in text and "changed something" in text and 'lab.start("02-default-deny/1")' in text


def test_the_third_failing_check_names_the_line_that_starts_over(lab: Lab, applies: Callable[..., int]) -> None:
    lab.start("02-default-deny/1")
    applies(CLOSED)
    texts = [said(lab.check("02-default-deny/1")) for _ in range(3)]
    assert ["Start over" in text for text in texts] == [False, False, True]
    applies(RIGHT)
    assert "Start over" not in said(lab.check("02-default-deny/1"))


# -- a file that says something else now -------------------------------------------------------------


def test_a_file_that_was_changed_and_not_applied_again_is_told_first(notebook_folder: Path) -> None:
    lab = Lab("07")
    lab.start("02-default-deny/1")
    answer = load("02-default-deny/1").wrong[0].answer.manifest
    lab._write("close-db.yaml", answer)
    lab.kubectl("apply -f close-db.yaml")
    assert "is not what was applied" not in said(lab.check("02-default-deny/1"))
    lab._write("close-db.yaml", load("02-default-deny/1").solution.manifest)
    text = said(lab.check("02-default-deny/1"))
    assert text.index("close-db.yaml is not what was applied") < text.index("likely cause")
    assert 'class="npl-yaml"' not in lab.policies().html
    Path("close-db.yaml").unlink()
    assert "is not what was applied" not in said(lab.check("02-default-deny/1"))
    lab.close()


# -- what an exercise's answer changed ---------------------------------------------------------------


def test_compare_at_an_exercise_compares_with_its_start_and_not_with_the_attempt_before(
    lab: Lab, applies: Callable[..., int]
) -> None:
    lab.start("02-default-deny/1")
    applies(CLOSED)
    assert not lab.check("02-default-deny/1").passed
    applies(RIGHT)
    assert lab.check("02-default-deny/1").passed
    assert "Start of 02-default-deny/1" in said(lab.compare())
    lab.kubectl("label pod tools -n dev a=b --overwrite")
    lab.kubectl("create namespace later")
    assert "Start of 02-default-deny/1" not in said(lab.compare())


# -- what was left over ----------------------------------------------------------------------------


def test_a_first_try_in_the_wrong_namespace_is_left_over_and_explains_no_later_mistake(
    lab: Lab, applies: Callable[..., int]
) -> None:
    lab.start("02-default-deny/1")
    applies(RIGHT, namespace="default")
    assert lab.check("02-default-deny/1").mistake == "M8"
    applies(CLOSED)
    picture = lab.check("02-default-deny/1")
    assert picture.mistake == "M15"
    assert "kubectl delete networkpolicy close-db -n default removes it" in said(picture)


def test_what_was_left_over_in_a_namespace_of_the_exercise_explains_nothing_either(
    lab: Lab, applies: Callable[..., int]
) -> None:
    lab.start("02-default-deny/1")
    applies(RIGHT, namespace="dev")
    applies("{podSelector: {matchLabels: {app: dbb}}, policyTypes: [Ingress]}")
    picture = lab.check("02-default-deny/1")
    assert picture.mistake == "M17" and "dbb" in said(picture)
    assert "kubectl delete networkpolicy close-db -n dev removes it" in said(picture)


def test_what_the_exercise_before_left_does_not_begin_the_next_one(lab: Lab, applies: Callable[..., int]) -> None:
    lab.start("02-default-deny/2")
    applies(RIGHT, namespace="default")
    assert "nothing of this exercise is applied" in said(lab.check("02-default-deny/2"))


def test_a_pod_that_the_check_imagines_is_called_so(lab: Lab, applies: Callable[..., int]) -> None:
    lab.start("02-default-deny/2")
    applies("{podSelector: {matchLabels: {app: tools}}, policyTypes: [Ingress, Egress]}", "dev", "quarantine")
    text = said(lab.check("02-default-deny/2"))
    assert "The check imagines dev/newcomer" in text or "newcomer" not in text
