"""Two labels one above the other, and the letters in which they differ."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

from netpol_lab.engine.verdict import Condition
from netpol_lab.model.language import spoken
from netpol_lab.tell.condition_words import found_words, wanted_words

_ALIKE = 0.6
"""Under this similarity two values are simply different, and letter by letter would mislead."""


@dataclass(frozen=True)
class Piece:
    """A stretch of both texts; where they differ the shorter one is filled up with ``_``."""

    wanted: str
    found: str
    same: bool


@dataclass(frozen=True)
class Comparison:
    """Both texts in pieces, and what differs in words ("1 letter missing"), or "" when that says nothing."""

    pieces: tuple[Piece, ...]
    note: str = ""

    @property
    def marks(self) -> str:
        """``^`` under what differs, as wide as the texts."""
        return "".join(" " * len(p.found) if p.same else "^" * len(p.found) for p in self.pieces).rstrip()


def compare(condition: Condition) -> Comparison:
    """What a rule wants above what was found: letter by letter where both are values of one label."""
    asked, value = condition.requirement, condition.value
    if asked is None or asked.operator != "=" or value is None:
        return Comparison((Piece(wanted_words(condition), found_words(condition), True),))
    aligned = align(asked.values[0], value)
    key = f"{asked.key}="
    return Comparison((Piece(key, key, True), *aligned.pieces), aligned.note)


def align(value: str, other: str) -> Comparison:
    """Align two values of a label letter by letter where they are alike.

    >>> align("frontend", "fronted").note
    '1 letter missing'
    >>> "".join(piece.found for piece in align("frontend", "fronted").pieces)
    'fronte_d'
    >>> align("web", "Web").note
    'capital and small letters count'
    """
    matcher = SequenceMatcher(None, value, other, autojunk=False)
    if value.lower() != other.lower() and matcher.ratio() < _ALIKE:
        return Comparison((Piece(value, other, False),), spoken("another value"))
    pieces = tuple(_piece(tag, value[a:b], other[c:d]) for tag, a, b, c, d in matcher.get_opcodes())
    if value.lower() == other.lower():
        return Comparison(pieces, "capital and small letters count")
    return Comparison(pieces, _note(pieces))


def _piece(tag: str, wanted: str, found: str) -> Piece:
    width = max(len(wanted), len(found))
    return Piece(wanted.ljust(width, "_"), found.ljust(width, "_"), tag == "equal")


def _note(pieces: tuple[Piece, ...]) -> str:
    pairs = [pair for piece in pieces if not piece.same for pair in zip(piece.wanted, piece.found, strict=True)]
    counts = (
        (sum(found == "_" for _, found in pairs), "missing", "missing"),
        (sum(wanted == "_" for wanted, _ in pairs), "too many", "too many"),
        (sum("_" not in pair for pair in pairs), "differs", "differ"),
    )
    noun = "letter" if all(char.isalpha() or char == "_" for pair in pairs for char in pair) else "character"
    return ", ".join(
        f"{number} {noun}{'s' if number > 1 else ''} {many if number > 1 else one}"
        for number, one, many in counts
        if number
    )
