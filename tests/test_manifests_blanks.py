"""A blank of an exercise that nobody filled in: whatever the server says of it, the hint names the blank."""

from __future__ import annotations

import re

import pytest

from netpol_lab.manifests import Problem, read_text
from netpol_lab.model.errors import ManifestError

HINT = "`____` is a blank of the exercise; replace it"
FILLED = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: allow-web
  namespace: shop
  labels:
    team: shop
spec:
  podSelector:
    matchLabels:
      app: api
    matchExpressions:
    - key: tier
      operator: In
      values:
      - web
  policyTypes:
  - Ingress
  ingress:
  - from:
    - podSelector:
        matchLabels:
          app: web
    - ipBlock:
        cidr: 10.0.0.0/8
        except:
        - 10.1.0.0/16
    ports:
    - protocol: TCP
      port: 8080
      endPort: 8090
"""
LINES = FILLED.splitlines()
FIELDS = [number for number, line in enumerate(LINES, 1) if re.search(r"^ *(- )?[\w/.]+:", line)]
VALUES = [number for number, line in enumerate(LINES, 1) if not line.endswith(":")]


def problems_of(*lines: str) -> tuple[Problem, ...]:
    with pytest.raises(ManifestError) as caught:
        read_text("\n".join(lines) + "\n", "answer.yaml")
    return caught.value.problems


def put(number: int, text: str) -> list[str]:
    return [*LINES[: number - 1], text, *LINES[number:]]


def test_the_manifest_is_good_when_its_blanks_are_filled_in() -> None:
    assert read_text(FILLED)


@pytest.mark.parametrize("number", VALUES, ids=lambda number: LINES[number - 1].strip())
def test_a_blank_for_a_value_is_named_on_its_line(number: int) -> None:
    line = LINES[number - 1]
    value = re.search(r"[^ ]+$", line)
    assert value is not None
    problems = problems_of(*put(number, f"{line[: value.start()]}____"))
    assert (number, HINT) in {(problem.line, problem.hint) for problem in problems}
    assert {problem.hint for problem in problems if problem.line == number} == {HINT}


@pytest.mark.parametrize("number", FIELDS, ids=lambda number: LINES[number - 1].strip())
def test_a_blank_for_a_key_is_named_on_its_line(number: int) -> None:
    problems = problems_of(*put(number, re.sub(r"[\w/.]+:", "____:", LINES[number - 1], count=1)))
    assert (number, HINT) in {(problem.line, problem.hint) for problem in problems}


@pytest.mark.parametrize(
    ("first", "last"), [(10, 11), (9, 16), (18, 18), (20, 27), (21, 23), (22, 23), (25, 27), (28, 31), (29, 31)]
)
def test_a_blank_for_several_lines_is_named_on_its_line(first: int, last: int) -> None:
    line = LINES[first - 1]
    blank = " " * (len(line) - len(line.lstrip())) + ("- ____" if line.lstrip().startswith("- ") else "____")
    problems = problems_of(*LINES[: first - 1], blank, *LINES[last:])
    assert [(problem.line, problem.hint) for problem in problems] == [(first, HINT)]


def test_a_blank_below_its_key_is_named_on_its_own_line() -> None:
    (problem,) = problems_of(*LINES[:10], "      ____", *LINES[16:])
    assert (problem.line, problem.hint) == (11, HINT)
    assert problem.server == (
        "json: cannot unmarshal string into Go struct field LabelSelector.spec.podSelector.matchLabels of type"
        " map[string]string"
    )


def test_a_blank_in_quotes_or_in_a_flow_is_one_too() -> None:
    for text in ('      app: "____"', "      {app: ____}"):
        (problem,) = problems_of(*put(11, text))
        assert (problem.line, problem.hint) == (11, HINT)


def test_two_blanks_as_keys_of_one_object_are_named() -> None:
    problems = problems_of(*LINES[:10], "      ____: a", "      ____: b", *LINES[16:])
    assert {problem.hint for problem in problems} == {HINT}


def test_a_fault_beside_a_blank_keeps_its_own_hint() -> None:
    typo = [line.replace("policyTypes", "policytypes") for line in put(11, "      app: ____")]
    (problem,) = problems_of(*typo)
    assert (problem.line, problem.hint) == (17, "did you mean `policyTypes`?")


def test_a_word_that_holds_more_than_a_blank_is_none() -> None:
    (problem,) = problems_of(*put(11, "      app: my____"))
    assert problem.hint != HINT
    (problem,) = problems_of("# fill in ____", "apiVersion: [v1")
    assert problem.hint != HINT
