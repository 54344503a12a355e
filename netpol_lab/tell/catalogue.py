"""The catalogues: the rules of NetworkPolicy, the mistakes learners make, the sentences about them, and the glossary.

They are data: ``data/rules.yaml``, ``data/mistakes.yaml`` and ``data/glossary.yaml``, whose heads explain their fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from string import Template

import yaml

from netpol_lab.model import datafiles
from netpol_lab.model.errors import NotFound
from netpol_lab.model.fields import DataError, Fields
from netpol_lab.model.language import spoken
from netpol_lab.model.phrases import capital, did_you_mean, nearest


@dataclass(frozen=True)
class CatalogueRule:
    """One rule of NetworkPolicy. ``sources`` say who says so; ``plugins`` how plugins differ, "" where they do not."""

    id: int
    text: str
    sources: tuple[str, ...]
    plugins: str
    lesson: str


@dataclass(frozen=True)
class Mistake:
    """One mistake learners make. ``scenarios`` are broken set-ups that show it, ``quiz`` the questions about it."""

    id: str
    name: str
    sentence: str
    rule: CatalogueRule
    lesson: str
    scenarios: tuple[str, ...]
    quiz: tuple[str, ...]
    seen: str


@dataclass(frozen=True)
class GlossaryTerm:
    """One word of the glossary. ``found`` are the forms in which the lessons write it, none where it is not linked."""

    name: str
    found: tuple[str, ...]
    means: str
    wrong: str
    rules: tuple[CatalogueRule, ...]
    lesson: str


@dataclass(frozen=True)
class Wording:
    """A sentence about one mistake, with places to fill, and the lesson to look at."""

    mistake: Mistake
    lesson: str
    words: str

    def fill(self, places: Mapping[str, object]) -> str:
        """The sentence. A place that begins with a capital begins a sentence: ``$Rule`` is that of ``rule``.

        Raises KeyError for a place that is not given.
        """
        begin = {name.capitalize(): capital(str(value)) for name, value in places.items()}
        return Template(spoken(self.words)).substitute({**begin, **places})


def rule(number: int | str) -> CatalogueRule:
    """A rule by its number. Raises NotFound with the numbers there are.

    >>> print(rule(1).text)
    A pod that no policy selects in a direction is open in that direction.
    """
    found = rules().get(str(number))
    if found is None:
        raise NotFound(f"There is no rule {number!r}. The rules are numbered from 1 to {len(rules())}.")
    return found


def mistake(id: str) -> Mistake:
    """A mistake by its id, or by the id of a scenario that shows it. Raises NotFound with what there is.

    >>> mistake("M17").name
    'Labels that do not match'
    >>> mistake("S01").id
    'M17'
    """
    wanted = str(id).strip().upper()
    known = {each.id: each for each in mistakes().values()}
    for each in mistakes().values():
        known |= dict.fromkeys(each.scenarios, each)
    if wanted not in known:
        meant = capital(did_you_mean(nearest(wanted, known), "'"))
        raise NotFound(f"There is no mistake {id!r}.{meant and f' {meant}'} There are: {', '.join(mistakes())}.")
    return known[wanted]


def term(name: str) -> GlossaryTerm:
    """A word of the glossary by its name, or by another form of it. Raises NotFound with the nearest words.

    >>> term("policies").name
    'NetworkPolicy'
    """
    known = {form.casefold(): each for each in glossary().values() for form in (*each.found, each.name)}
    wanted = str(name).strip().casefold()
    if wanted not in known:
        meant = capital(did_you_mean(nearest(wanted, [each.name for each in known.values()]), "'"))
        raise NotFound(f"The glossary has no word {name!r}.{meant and f' {meant}'} There are: {', '.join(glossary())}.")
    return known[wanted]


@cache
def glossary() -> Mapping[str, GlossaryTerm]:
    """All words of the glossary by name, in alphabetic order. Raises DataError for a fault in the file."""
    fields = _read("glossary.yaml")
    found = [_term(each) for each in fields.each("terms")]
    fields.done()
    return {each.name: each for each in sorted(found, key=lambda each: each.name.casefold())}


def _term(fields: Fields) -> GlossaryTerm:
    name, also = fields.text("term"), fields.texts("also")
    found = GlossaryTerm(
        name=name,
        found=() if fields.is_false("linked") else (name, f"{name}s", *also),
        means=fields.text("means"),
        wrong=fields.text("wrong"),
        rules=tuple(map(rule, fields.numbers("rules"))),
        lesson=fields.text("lesson"),
    )
    fields.done()
    return found


@cache
def rules() -> Mapping[str, CatalogueRule]:
    """All rules in their order, by number (as text). Raises DataError for a fault in the file."""
    fields = _read("rules.yaml")
    letters = fields.labels("sources")
    found = {}
    for number, each in enumerate(fields.each("rules"), 1):
        if each.number("id") != number:
            raise DataError(f"{each.place}: the id has to be {number}.")
        sources = tuple(letters.get(letter, "") for letter in each.texts("source"))
        if not all(sources):
            raise DataError(f"{each.place}: a source has to be one of {', '.join(letters)}.")
        text, plugins, lesson = each.text("rule"), each.text("plugins", ""), each.text("lesson")
        each.done()
        found[str(number)] = CatalogueRule(number, text, sources, plugins, lesson)
    fields.done()
    return found


def mistakes() -> Mapping[str, Mistake]:
    """All mistakes in their order, by id."""
    return _catalogue()[0]


def warnings() -> Mapping[str, Wording]:
    """What is said of policies that the API server accepts, in the order in which it is told of one line."""
    return _catalogue()[1]


def causes() -> Mapping[str, Mapping[str, Wording]]:
    """What is said of wrong answers, in the order in which causes are looked for. Each has one sentence or more."""
    return _catalogue()[2]


@cache
def _catalogue() -> tuple[dict[str, Mistake], dict[str, Wording], dict[str, dict[str, Wording]]]:
    fields = _read("mistakes.yaml")
    known = {each.id: each for each in map(_mistake, fields.each("mistakes"))}
    warned = {id: words[""] for id, words in (_wordings(each, known) for each in fields.each("warnings"))}
    told = dict(_wordings(each, known) for each in fields.each("causes"))
    fields.done()
    return known, warned, told


def _mistake(fields: Fields) -> Mistake:
    found = Mistake(
        id=fields.text("id"),
        name=fields.text("name"),
        sentence=fields.text("sentence"),
        rule=rule(fields.number("rule") or 0),
        lesson=fields.text("lesson"),
        scenarios=fields.texts("scenarios"),
        quiz=fields.texts("quiz"),
        seen=fields.text("seen"),
    )
    fields.done()
    return found


def _wordings(fields: Fields, known: Mapping[str, Mistake]) -> tuple[str, dict[str, Wording]]:
    """The id of a warning or a cause, and its sentences by name; one alone has the name ""."""
    id, about, lesson = fields.text("id"), fields.choice("mistake", tuple(known), ""), fields.text("lesson", "")
    says = fields.text_or_fields("says")
    fields.done()
    each = [("", about, says)] if isinstance(says, str) else list(_named(says, about, known))
    return id, {name: Wording(known[about], lesson or known[about].lesson, words) for name, about, words in each}


def _named(says: Fields, about: str, known: Mapping[str, Mistake]) -> Iterator[tuple[str, str, str]]:
    for name in says.left:
        words = says.text_or_fields(name)
        if isinstance(words, str):
            yield name, about, words
        else:
            yield name, words.choice("mistake", tuple(known), ""), words.text("says")
            words.done()


def _read(name: str) -> Fields:
    """A catalogue. The fast parser, where PyYAML has it: a lesson's first check waits for this."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return Fields(yaml.load(datafiles.path(name).read_text(encoding="utf-8"), loader), name)
