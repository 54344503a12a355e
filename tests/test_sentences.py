"""The catalogues of sentences: every id that is asked for exists, and every sentence is said somewhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from netpol_lab.connections.flow import Fact
from netpol_lab.tell.picture_sentences import PICTURES
from netpol_lab.tell.reason_sentences import REASONS, STEP_LINES
from netpol_lab.tell.remedy_sentences import REMEDIES
from netpol_lab.tell.saying import SENTENCES, line, say
from netpol_lab.tell.words import Mono

LIBRARY = Path(__file__).parent.parent / "netpol_lab"
CATALOGUES = {path.name for path in LIBRARY.glob("tell/*_sentences.py")}
SAYING = {"say", "line"}


def trees() -> Iterator[ast.AST]:
    for path in sorted(LIBRARY.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if path.name not in CATALOGUES and ("saying import" in text or path.name == "saying.py"):
            yield ast.parse(text)


def pattern(node: ast.AST) -> str:
    """A text as an expression; what is put into it stands for anything but a dot."""
    if isinstance(node, ast.JoinedStr):
        return "".join(pattern(each) for each in node.values)
    return re.escape(str(node.value)) if isinstance(node, ast.Constant) else r"[^.]+"


NODES = [node for tree in trees() for node in ast.walk(tree)]
PIECES = {id(piece) for node in NODES if isinstance(node, ast.JoinedStr) for piece in node.values}
TEXTS = {pattern(node) for node in NODES if isinstance(node, ast.JoinedStr | ast.Constant) and id(node) not in PIECES}
FAMILIES = {id.partition(".")[0] for id in SENTENCES}
# An id has dots and words, and no bracket as a call in a script has.
ASKED = {each for each in TEXTS if re.match(rf"({'|'.join(FAMILIES)})\\\.\S", each) and r"\(" not in each}


@pytest.mark.parametrize("id", sorted(ASKED))
def test_an_id_that_is_asked_for_exists(id: str) -> None:
    assert any(re.fullmatch(id, known) for known in SENTENCES)


def test_what_is_said_with_a_text_of_its_own_is_in_a_catalogue() -> None:
    said = [
        pattern(node.args[0])
        for node in NODES
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SAYING and node.args
        if isinstance(node.args[0], ast.Constant | ast.JoinedStr)
    ]
    assert len(said) > 80
    assert not [id for id in said if not any(re.fullmatch(id, known) for known in SENTENCES)]


def test_every_sentence_is_said() -> None:
    said = {id for id in SENTENCES if any(re.fullmatch(each, id) for each in ASKED)}
    assert set(SENTENCES) - said == set()


def test_an_id_names_one_sentence() -> None:
    assert len(SENTENCES) == sum(map(len, (REASONS, PICTURES, REMEDIES)))
    assert set(STEP_LINES) == set(get_args(Fact))


def test_a_number_chooses_the_word_and_a_name_is_data() -> None:
    assert line("graph.only", number=1, sources="{a}", target="b") == "Only {a} reaches b"
    assert line("graph.only", number=2, sources="a and c", target="b") == "Only a and c reach b"
    assert [type(part) for part in say("plugins.here", name=Mono("x"))] == [Mono, str]


@pytest.mark.parametrize("id", [*PICTURES, *REMEDIES])
def test_a_sentence_of_a_picture_or_a_remedy_is_plain_american_english(id: str) -> None:
    assert "  " not in SENTENCES[id] and not re.search(r"\b(simply|just|obviously)\b", SENTENCES[id])
    for _, name, forms, _ in Formatter().parse(SENTENCES[id]):
        assert not forms or (name and len(forms.split("|")) == 2)
