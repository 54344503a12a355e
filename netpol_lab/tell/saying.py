"""Say a sentence of the catalogues by its id. They stand in the modules ``…_sentences``.

>>> line("condition.found.instead", key="name", label="team=ops")
'no label name, it has team=ops'
>>> line("graph.isolated", number=1, total=3, way="egress")
'1 of 3 pods is isolated for egress.'
"""

from __future__ import annotations

from string import Formatter
from typing import cast

from netpol_lab.model.language import spoken
from netpol_lab.model.phrases import noun
from netpol_lab.tell.picture_sentences import PICTURES
from netpol_lab.tell.reason_sentences import REASONS
from netpol_lab.tell.remedy_sentences import REMEDIES
from netpol_lab.tell.words import Sentence, text

SENTENCES = {**REASONS, **PICTURES, **REMEDIES}


def say(id: str, **parts: object) -> Sentence:
    """One sentence with its parts. A part that is a sentence is put in whole, and each part keeps its font.

    ``{number:is|are}`` is the word that goes with the number.
    """
    words: list[str] = []
    for before, name, forms, _ in Formatter().parse(spoken(SENTENCES[id])):
        part = parts[name] if name else ()
        if forms:
            part = noun(cast(int, part), *forms.split("|"))
        words += [before, *(part if isinstance(part, tuple) else [part if isinstance(part, str) else str(part)])]
    return tuple(filter(None, words))


def line(id: str, **parts: object) -> str:
    """The same without fonts."""
    return text(say(id, **parts))
