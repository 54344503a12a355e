"""The lessons' data files: one for each lesson and kind, with the student's number filled in."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from netpol_lab.manifests.line_map import Lines, Span
from netpol_lab.manifests.problem import Problem
from netpol_lab.manifests.source import documents
from netpol_lab.model import datafiles as data
from netpol_lab.model.errors import NotFound
from netpol_lab.model.fields import DataError, Fields, LinesOf
from netpol_lab.model.language import ENGLISH, language
from netpol_lab.model.phrases import did_you_mean, nearest


def lessons(kind: str) -> list[str]:
    """The lessons that have a file of this kind (``exercises``, ``quiz``), in their order, those of packs too."""
    return sorted({file.stem for file in data.files(kind)})


def read(kind: str, lesson: str, xx: str) -> Fields:
    """The file of one lesson, with the student's number filled in.

    Raises NotFound for a lesson without such a file, and :class:`DataError` for one that is not well-formed, with its
    line, and for a lesson that is there twice.
    """
    found = [file for file in data.files(kind) if file.stem == lesson]
    if not found:
        meant = did_you_mean(nearest(lesson, lessons(kind)), "'")
        said = f"There is no lesson {lesson!r} with {kind}{', ' + meant if meant else '.'}"
        raise NotFound(f"{said} There are: {', '.join(lessons(kind))}.")
    if len(found) > 1:
        raise DataError(f"{found[0]} and {found[1]}: a lesson {lesson} is there twice. Give yours another name.")
    place = f"data/{kind}/{lesson}.yaml"
    text, value = _yaml(found[0], place, xx)
    for file in data.files(f"{language()}/{kind}") if language() != ENGLISH else []:
        if file.stem == lesson:
            _, words = _yaml(file, f"data/{language()}/{kind}/{lesson}.yaml", xx)
            value = _translated(value, words, f"data/{language()}/{kind}/{lesson}.yaml")
    fields = Fields(value, place, lines_of(text, place))
    if (named := fields.text("lesson")) != lesson:
        raise DataError(f"{fields.at('lesson')}: lesson says {named!r}, and the file is named {lesson}.yaml.")
    return fields


def _yaml(file: Path, place: str, xx: str) -> tuple[str, Any]:
    """The text of a file, with the student's number filled in, and its value."""
    try:
        text = data.fill(file.read_text(encoding="utf-8"), xx)
        # The fast parser, where PyYAML has it. Lines are found when an error needs one.
        return text, yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except UnicodeDecodeError as error:
        raise DataError(f"{place}: this is no UTF-8 text: {error.reason}.") from None
    except yaml.YAMLError:
        problems = faults(text, place)
        raise DataError("\n".join(map(str, problems)) or f"{place}: this is no YAML.") from None


def _translated(value: Any, words: Any, place: str) -> Any:
    """A value with the texts of its translation, which holds nothing else and may leave texts out."""
    if isinstance(value, dict) and isinstance(words, dict):
        if odd := sorted(map(str, words.keys() - value.keys())):
            raise DataError(f"{place}: {odd[0]!r} translates nothing.")
        return value | {name: _translated(value[name], said, f"{place}, {name}") for name, said in words.items()}
    if isinstance(value, list) and isinstance(words, list) and len(value) == len(words):
        return [_translated(old, new, f"{place}[{n}]") for n, (old, new) in enumerate(zip(value, words, strict=True))]
    if isinstance(value, str) and isinstance(words, str):
        return words
    raise DataError(f"{place}: this is not built as what it translates.")


def faults(text: str, place: str) -> list[Problem]:
    """What is wrong with a text as YAML: where it cannot be read, and every field that is written twice."""
    problems: list[Problem] = []
    for _ in documents(text, place, problems, problems):
        pass
    return problems


def lines_of(text: str, place: str) -> LinesOf:
    """On which line of a text as YAML a part begins, such as ``("exercises", 0, "solution")``."""
    return lambda path: _lines(text, place).first_line(path)


@lru_cache(maxsize=8)
def _lines(text: str, place: str) -> Lines:
    found = [document.lines for document in documents(text, place, [], []) if document.lines]
    return found[0] if found else Lines(place, Span(1, 1))
