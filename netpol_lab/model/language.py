"""The language in which a lab speaks to its student: English, or one that has a folder ``data/LANGUAGE``.

``sentences.yaml`` of that folder maps each sentence of the library, as it stands in the source in English, to its
translation with the same places in braces. What has none stays English. kubectl and the programs in pods always speak
English, as they do on a real cluster.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import yaml

from netpol_lab.model.errors import LabError
from netpol_lab.model.pack_folders import OWN_DATA

ENGLISH = "en"
VARIABLE = "NETPOL_LAB_LANGUAGE"

_lab_speaks: str = ENGLISH
_here: ContextVar[str] = ContextVar("language")
_translations: dict[str, Mapping[str, str]] = {ENGLISH: {}}


def languages() -> list[str]:
    """The languages there are, English first.

    >>> languages()
    ['en', 'de']
    """
    return [ENGLISH, *sorted(_files())]


def chosen() -> str:
    """The language that ``NETPOL_LAB_LANGUAGE`` names, or English. Raises LabError for one that is not there."""
    return _known(os.environ.get(VARIABLE) or ENGLISH)


def speak(language: str | None = None) -> None:
    """Speak this language from now on, in every thread; None: the one that ``NETPOL_LAB_LANGUAGE`` names, or English.

    Raises LabError for a language that is not there.
    """
    global _lab_speaks
    _lab_speaks = _known(language) if language else chosen()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak this language in a block, in this thread alone."""
    before = _here.set(_known(language))
    try:
        yield
    finally:
        _here.reset(before)


def language() -> str:
    """The language that is spoken here.

    >>> language()
    'en'
    """
    return _here.get(_lab_speaks)


def spoken(english: str, /, **parts: object) -> str:
    """A sentence of the library in the language that is spoken. ``parts`` fill its places; they are data.

    >>> with speaking("de"):
    ...     spoken("Exercise {id}: {title}.", id="x/1", title="T"), spoken("No translation has this.")
    ('Übung x/1: T.', 'No translation has this.')
    """
    words = _translations[language()].get(english, english)
    return words.format(**parts) if parts else words


def _files() -> dict[str, Path]:
    return {file.parent.name: file for place in OWN_DATA for file in place.glob("*/sentences.yaml")}


def _known(language: str) -> str:
    """The language, with its sentences read."""
    if language not in _translations:
        if language not in languages():
            raise LabError(f"There is no language {language!r}. There are: {', '.join(languages())}.")
        try:
            text = _files()[language].read_text(encoding="utf-8")
            _translations[language] = dict(yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
        except (OSError, ValueError, TypeError, yaml.YAMLError) as error:
            raise LabError(f"data/{language}/sentences.yaml cannot be read: {error}.") from None
    return language
