"""Answers that differ from a solution in one thing: a sample. All of them: ``python tests/answer_mutants.py``."""

from __future__ import annotations

from dataclasses import replace

import pytest
import readable_lessons
from answer_mutants import judgements, mutants, row

from netpol_lab.lessons.exercises import load


@pytest.mark.parametrize("id", readable_lessons.exercise_ids())
def test_no_answer_with_one_change_that_behaves_differently_is_accepted(id: str) -> None:
    found = judgements(load(id), every=9)
    assert any(each.differs for each in found)
    assert [each.mutant.change for each in found if each.accepted] == []


def test_a_check_without_its_visitors_is_seen_to_accept_what_it_should_not() -> None:
    exercise = replace(load("03-allow-specific/1"), visitors=(), denied=())
    accepted = [each.mutant.change for each in judgements(exercise, every=3) if each.accepted]
    assert accepted and "ACCEPTED" not in row("x", [])[0]


def test_each_kind_of_change_is_tried() -> None:
    tried = [mutant.change for id in readable_lessons.exercise_ids() for mutant in mutants(load(id))]
    kinds = ("left out", "second policy that opens", "split by a dash", "policyTypes", "65535", "Exists", "by UDP")
    assert all(any(kind in change for change in tried) for kind in kinds)
    assert len(tried) > 800
