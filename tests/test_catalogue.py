"""The catalogues of rules and mistakes: what is cited exists, what exists is used, and a card shows it."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from string import Template

import pytest
import readable_lessons
from test_lessons_claims import CLAIMS

from netpol_lab import Lab
from netpol_lab.engine.profiles import POINTS
from netpol_lab.lessons import causes, exercises, quiz
from netpol_lab.lessons.lesson_data import lessons
from netpol_lab.lessons.recognize import RECOGNIZERS
from netpol_lab.model import datafiles
from netpol_lab.model.errors import LabError
from netpol_lab.model.fields import DataError
from netpol_lab.tell import catalogue

REPOSITORY = Path(__file__).resolve().parent.parent
CITED = re.compile(r"(?<![\"`])\b[Rr]ules? (\d+(?:(?:, | and )\d+)*)(?! of |, second peer)")
"""A rule of the catalogue. ``rule 1`` between quotes and ``rule 1 of web`` are those of some policy."""
ID = re.compile(r"\b(?:M\d{1,2}|S\d\d)\b")
OUTSIDE = re.compile(r"\b(?:semantics|scenarios|look|labs|platform|DESIGN)\.md\b|\bsemantics,? rules?\b")
WRONG = {wrong.mistake for id in readable_lessons.exercise_ids() for wrong in exercises.load(id).wrong}


def prose(path: Path) -> str:
    """What a person reads in a file: of Python the comments and docstrings, of anything else all of it."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return text
    with path.open("rb") as file:
        comments = [token.string for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT]
    nodes = ast.walk(ast.parse(text))
    values = (node.value for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    return "\n".join([*comments, *(each.value for each in values if isinstance(each.value, str))])


def files() -> Iterator[Path]:
    for folder in ("netpol_lab", "tests", "benchmarks"):
        yield from sorted((REPOSITORY / folder).rglob("*.py"))
    yield from sorted((REPOSITORY / "data").rglob("*.yaml"))
    yield from sorted((REPOSITORY / "notebooks" / "source").glob("*.md"))
    yield from sorted(REPOSITORY.glob("*.md"))


PROSE = {path.relative_to(REPOSITORY): prose(path) for path in files() if path != Path(__file__)}


def cited_rules(text: str) -> list[int]:
    return [int(number) for found in CITED.finditer(text) for number in re.findall(r"\d+", found[1])]


# -- what is cited exists --------------------------------------------------------------------------


def test_a_rule_that_is_cited_exists() -> None:
    cited = [(path, n) for path, text in PROSE.items() for n in cited_rules(" ".join(text.split()))]
    assert len(cited) > 10
    for path, number in cited:
        assert catalogue.rule(number), path


def test_a_mistake_or_scenario_that_is_cited_exists() -> None:
    cited = {(path, id) for path, text in PROSE.items() for id in ID.findall(text)}
    assert len({id for _, id in cited}) > 25
    for path, id in cited:
        assert catalogue.mistake(id), path


def test_the_sign_for_what_is_left_to_plugins_stands_with_a_rule_that_says_how_they_differ() -> None:
    found = 0
    for path, text in PROSE.items():
        for before, after in re.findall(r"(.{0,60})◇(.{0,40})", " ".join(text.split())):
            if path.name not in ("rules.yaml", "profiles.py"):  # these two explain the sign
                numbers = cited_rules(after)
                assert numbers and all(catalogue.rule(number).plugins for number in numbers), (path, before)
                found += 1
    assert found >= 5


def test_nothing_is_cited_that_lies_outside_the_repository() -> None:
    for path, text in PROSE.items():
        assert not OUTSIDE.search(" ".join(text.split())), path


def test_each_wrong_answer_names_a_mistake_by_its_own_id() -> None:
    assert set(catalogue.mistakes()) >= WRONG


def test_a_scenario_shows_one_mistake_and_each_of_them_has_one() -> None:
    shown = [scenario for each in catalogue.mistakes().values() for scenario in each.scenarios]
    assert len(shown) == len(set(shown)) and not set(shown) & set(catalogue.mistakes())
    assert {f"S{number:02}" for number in range(1, 37)} <= {*shown, *catalogue.mistakes()}


def test_a_lesson_or_a_question_that_an_entry_names_exists() -> None:
    entries = [*catalogue.rules().values(), *catalogue.mistakes().values(), *catalogue.warnings().values()]
    sentences = [each for cause in catalogue.causes().values() for each in cause.values()]
    assert {each.lesson for each in [*entries, *sentences]} <= set(lessons("quiz"))
    for each in catalogue.mistakes().values():
        assert all(quiz.load(question).text for question in each.quiz)


# -- what exists is used ---------------------------------------------------------------------------


def test_every_rule_is_used() -> None:
    python = [" ".join(text.split()) for path, text in PROSE.items() if path.suffix == ".py"]
    cited = {number for text in python for number in cited_rules(text)}
    claimed = {int(number) for *_, numbers in CLAIMS for number in numbers.split(", ")}
    mistaken = {each.rule.id for each in catalogue.mistakes().values()}
    assert {each.id for each in catalogue.rules().values()} <= cited | claimed | mistaken | set(POINTS)


def test_every_mistake_is_spoken_of_by_a_check_a_warning_a_question_or_the_source() -> None:
    told = {wording.mistake.id for wording in catalogue.warnings().values()}
    told |= {wording.mistake.id for cause in catalogue.causes().values() for wording in cause.values()}
    asked = {each.id for each in catalogue.mistakes().values() if each.quiz}
    source = {id for path, text in PROSE.items() if path.suffix == ".py" for id in ID.findall(text)}
    assert set(catalogue.mistakes()) <= told | asked | source
    assert told >= WRONG


def test_plugins_differ_in_the_rules_that_their_profiles_decide() -> None:
    assert {each.id for each in catalogue.rules().values() if each.plugins} == set(POINTS)


# -- the sentences ---------------------------------------------------------------------------------


SENTENCES = [
    *catalogue.warnings().values(),
    *(wording for cause in catalogue.causes().values() for wording in cause.values()),
]


@pytest.mark.parametrize("wording", SENTENCES, ids=lambda wording: wording.words[:40])
def test_a_sentence_ends_and_has_places_that_can_be_filled(wording: catalogue.Wording) -> None:
    assert wording.words.endswith((".", "$condition")) and "  " not in wording.words
    assert not re.search(r"\b(simply|just|obviously)\b", wording.words)
    assert Template(wording.words).is_valid()
    names = {name.lower() for name in Template(wording.words).get_identifiers()}
    assert "$" not in wording.fill(dict.fromkeys(names, "x"))


def test_a_place_that_begins_a_sentence_has_a_capital() -> None:
    wording = catalogue.Wording(catalogue.mistake("M7"), "", "$Rule admits $port, and $rule is $name.")
    assert wording.fill({"rule": "rule 1 of Out", "port": 80, "name": "$rule"}) == (
        "Rule 1 of Out admits 80, and rule 1 of Out is $rule."
    )


def test_every_cause_is_recognized_and_every_recognizer_has_its_sentences() -> None:
    objects = {
        "object-differs",
        "object-elsewhere",
        "object-misnamed",
        "pod-differs",
        "policy-not-wanted",
        "policy-not-left-alone",
    }
    last_look = {*objects, "label-in-the-way", "label-of-a-pod-alone"}
    assert causes.likely_cause and set(RECOGNIZERS) == set(catalogue.causes()) - last_look


def test_nobody_but_the_engine_and_the_model_compares_labels_or_addresses_of_a_peer() -> None:
    for path in sorted((REPOSITORY / "netpol_lab" / "lessons").glob("*.py")):
        if path.name == "expectations.py":  # its rows have selectors of their own, which are of no policy
            continue
        assert ".matches(" not in path.read_text(encoding="utf-8"), path


# -- the cards -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    lab = Lab("07")
    yield lab
    lab.close()


@pytest.mark.parametrize("number", range(1, 31))
def test_a_rule_is_shown_with_its_source_and_how_plugins_differ(lab: Lab, number: int) -> None:
    picture, entry = lab.rule(number), catalogue.rule(number)
    assert picture.title == f"Rule {number}" and entry.lesson in picture.quiet
    text = " ".join(picture.text.split())
    assert entry.text in text and all(source in text for source in entry.sources)
    assert ("Network plugins differ." in text) == bool(entry.plugins)
    assert picture.text.isascii() and all(len(line) <= 96 for line in picture.text.splitlines())


@pytest.mark.parametrize("id", catalogue.mistakes())
def test_a_mistake_is_shown_with_its_rule_and_how_it_is_recognized(lab: Lab, id: str) -> None:
    picture, entry = lab.mistake(id), catalogue.mistake(id)
    assert picture.title == f"{id}: {entry.name}"
    text = " ".join(picture.text.split())
    assert entry.sentence in text and entry.seen in text and f"Rule {entry.rule.id}: {entry.rule.text}" in text
    assert picture.text.isascii() and picture.html == lab.mistake(id).html


def test_a_mistake_is_found_by_a_scenario_that_shows_it_and_in_small_letters(lab: Lab) -> None:
    assert lab.mistake("S06").title == lab.mistake("m1").title == "M1: A dash too many"


def test_what_a_check_shows_has_passed_and_the_mistake_that_can_be_looked_up(lab: Lab) -> None:
    lab.reset()
    shown = lab.check("00-start-here/1")
    assert (shown.passed, shown.mistake) == (False, None)
    lab.kubectl("create namespace student07")
    shown = lab.check("00-start-here/1")
    assert not shown.passed and shown.mistake == "M17" and lab.mistake(shown.mistake)
    lab.kubectl("create namespace student-$XX")
    shown = lab.check("00-start-here/1")
    assert (shown.passed, shown.mistake) == (True, None)


@pytest.mark.parametrize("number", [0, 31, "x"])
def test_an_unknown_rule_says_which_there_are(lab: Lab, number: int | str) -> None:
    with pytest.raises(LabError, match="numbered from 1 to 30"):
        lab.rule(number)  # type: ignore[arg-type]


def test_an_unknown_mistake_says_what_was_probably_meant_and_what_there_is(lab: Lab) -> None:
    with pytest.raises(LabError, match=r"There is no mistake 'M170'\. Did you mean 'M17'\? There are: M1, M2"):
        lab.mistake("M170")


# -- faults in the data ----------------------------------------------------------------------------

FAULTS = {
    "an unknown field": ("name: One", "name: One\n  title: x", "unknown field 'title'"),
    "no name": ("  name: One\n", "", "the field name is missing"),
    "a rule there is not": ("rule: 1", "rule: 31", "numbered from 1 to 30"),
    "a warning about nothing": ("mistake: M1\n  says: W", "mistake: M2\n  says: W", "M2"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_catalogue_names_its_place(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = """mistakes:
- id: M1
  name: One
  sentence: S.
  rule: 1
  lesson: 01-allow-all
  seen: S.
warnings:
- id: w
  mistake: M1
  says: W.
causes:
- id: c
  mistake: M1
  says: {one: C., two: {mistake: M1, says: D.}}
"""
    catalogue.rules()
    read = catalogue._catalogue.__wrapped__
    monkeypatch.setattr(datafiles, "path", lambda *parts: tmp_path.joinpath(*parts))
    (tmp_path / "mistakes.yaml").write_text(good)
    known, warned, told = read()
    assert (list(known), list(warned), list(told["c"])) == (["M1"], ["w"], ["one", "two"])
    old, new, message = FAULTS[fault]
    assert old in good
    (tmp_path / "mistakes.yaml").write_text(good.replace(old, new))
    with pytest.raises(LabError, match=re.escape(message)):
        read()
    assert issubclass(DataError, LabError)
