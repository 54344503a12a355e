"""The rooms of the library: few, each named where people look for it, with one file for one name."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
LIBRARY = REPOSITORY / "netpol_lab"
ROOMS = sorted(each.parent.name for each in LIBRARY.glob("*/__init__.py"))
CONTRIBUTING = (REPOSITORY / "CONTRIBUTING.md").read_text("utf-8")


def layers() -> list[str]:
    """The rooms as the contract of `make lint` has them, from the bottom to the top."""
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    found: list[str] = next(each["layers"] for each in contracts if each["type"] == "layers")
    return found[::-1]


def test_there_are_at_most_twelve_rooms_and_nothing_lies_beside_them() -> None:
    assert len(ROOMS) <= 12
    assert [each.name for each in LIBRARY.iterdir() if each.is_file()] == ["__init__.py"]


def test_the_contract_names_every_room() -> None:
    assert sorted(layers()) == ROOMS


def test_contributing_tells_of_each_room_what_its_first_sentence_says_in_the_order_of_the_contract() -> None:
    rows = re.findall(r"(?m)^\| `([a-z]+)` \| (.+) \|$", CONTRIBUTING)
    assert [name for name, _ in rows] == layers()
    for name, sentence in rows:
        first = (LIBRARY / name / "__init__.py").read_text("utf-8").splitlines()[0]
        assert first.strip('"') == sentence, name


def test_the_picture_in_contributing_names_every_room() -> None:
    picture = "\n".join(line for line in CONTRIBUTING.splitlines() if "─>" in line)
    assert sorted(set(re.findall(r"─> ([a-z]+)", picture))) == ROOMS


def test_a_file_name_means_one_file() -> None:
    places = [LIBRARY, *(REPOSITORY / part for part in ("benchmarks", "notebooks", "tests"))]
    names = Counter(path.name for place in places for path in place.rglob("*.py"))
    del names["__init__.py"]
    assert [name for name, number in names.items() if number > 1] == []


def test_the_name_of_a_class_or_a_type_means_one_thing() -> None:
    places: dict[str, set[str]] = {}
    for path in LIBRARY.rglob("*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            named = [node.name] if isinstance(node, ast.ClassDef) else []
            if isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                named = [each.id for each in targets if isinstance(each, ast.Name) and not each.id.isupper()]
            for name in named:
                if name.lstrip("_")[:1].isupper():
                    places.setdefault(name.lstrip("_"), set()).add(path.relative_to(LIBRARY).as_posix())
    assert {name: where for name, where in places.items() if len(where) > 1} == {}
