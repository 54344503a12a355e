"""Exercises in a lab: started over, checked after a refusal, compared with where they began, beside what was left."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from netpol_lab import Lab
from netpol_lab.lessons import exercises
from netpol_lab.lessons.exercises import load
from netpol_lab.model.errors import NotFound

CLOSED = "{podSelector: {}, policyTypes: [Ingress]}"
RIGHT = "{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}"


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


@pytest.mark.parametrize("id", exercises.ids())
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


def test_a_refusal_before_anything_was_applied_is_told_where_nothing_is_started(
    lab: Lab, applies: Callable[..., int]
) -> None:
    lab.start("02-default-deny/1")
    assert applies("{podSelectr: {}}") != 0
    text = said(lab.check("02-default-deny/1"))
    assert "Not started yet" in text and "kubectl refused apply" in text


def test_a_get_that_finds_nothing_is_no_refusal_of_an_answer(lab: Lab, applies: Callable[..., int]) -> None:
    lab.start("02-default-deny/1")
    applies(CLOSED)
    assert lab.kubectl("get pod nobody").exit_code != 0
    assert "refused" not in said(lab.check("02-default-deny/1"))


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


def test_what_the_exercise_before_left_does_not_begin_the_next_one(lab: Lab, applies: Callable[..., int]) -> None:
    lab.start("02-default-deny/2")
    applies(RIGHT, namespace="default")
    assert "Not started yet" in said(lab.check("02-default-deny/2"))


def test_a_pod_that_the_check_imagines_is_called_so(lab: Lab, applies: Callable[..., int]) -> None:
    lab.start("02-default-deny/2")
    applies("{podSelector: {matchLabels: {app: tools}}, policyTypes: [Ingress, Egress]}", "dev", "quarantine")
    text = said(lab.check("02-default-deny/2"))
    assert "The check imagines dev/newcomer" in text or "newcomer" not in text
