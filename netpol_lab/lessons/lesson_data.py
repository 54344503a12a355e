"""The lessons' data files: one for each lesson and kind, with the student's number filled in."""

from __future__ import annotations

import yaml

from netpol_lab.model import datafiles as data
from netpol_lab.model.errors import NotFound
from netpol_lab.model.fields import DataError, Fields


def lessons(kind: str) -> list[str]:
    """The lessons that have a file of this kind (``exercises``, ``quiz``), in their order."""
    return sorted(path.stem for path in data.path(kind).glob("*.yaml"))


def read(kind: str, lesson: str, xx: str) -> Fields:
    """The file of one lesson, with the student's number filled in.

    Raises NotFound for a lesson without such a file, and :class:`DataError` for one that is not well-formed.
    """
    if lesson not in lessons(kind):
        raise NotFound(f"There is no lesson {lesson!r} with {kind}. There are: {', '.join(lessons(kind))}.")
    place = f"{kind}/{lesson}.yaml"
    try:
        text = data.fill(data.path(kind, f"{lesson}.yaml").read_text(encoding="utf-8"), xx)
        # The fast parser, where PyYAML has it.
        fields = Fields(yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)), place)
    except yaml.YAMLError as error:
        raise DataError(f"{place}: {error}") from None
    if (named := fields.text("lesson")) != lesson:
        raise DataError(f"{place}: lesson says {named!r}.")
    return fields
