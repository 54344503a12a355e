"""The list of mutants stays usable: each of them can still be made. Whether it is caught, ``mutants.py`` tells."""

from __future__ import annotations

from pathlib import Path

import mutants
import pytest

ALL = mutants.mutants()


@pytest.mark.parametrize("mutant", ALL, ids=[each.name for each in ALL])
def test_a_mutant_can_still_be_made_and_is_another_program(mutant: mutants.Mutant) -> None:
    assert mutants.out_of_date(mutant) == ""
    assert mutant.mutated() != mutant.file.read_text("utf-8")
    compile(mutant.mutated(), mutant.where, "exec")


def test_the_names_of_mutants_are_unique() -> None:
    assert len({mutant.name for mutant in ALL}) == len(ALL)


def test_every_mutant_has_tests_that_exist() -> None:
    for place, names in {mutant.where: mutant.tests for mutant in ALL}.items():
        for name in names:
            assert list(Path(mutants.__file__).parent.glob(f"test_{name}.py")), (place, name)
