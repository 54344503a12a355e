"""Two labels one above the other, and the letters in which they differ."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

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


def compare(wanted: str, found: str) -> Comparison:
    """Align two labels letter by letter where they are alike.

    >>> compare("app=frontend", "app=fronted").note
    '1 letter missing'
    >>> "".join(piece.found for piece in compare("app=frontend", "app=fronted").pieces)
    'app=fronte_d'
    >>> compare("app=web", "app=Web").note
    'capital and small letters count'
    """
    key, equals, value = wanted.partition("=")
    other_key, _, other = found.partition("=")
    if not equals or key != other_key or " " in other:
        return Comparison((Piece(wanted, found, True),))
    head = Piece(f"{key}=", f"{key}=", True)
    matcher = SequenceMatcher(None, value, other, autojunk=False)
    if value.lower() != other.lower() and matcher.ratio() < _ALIKE:
        return Comparison((head, Piece(value, other, False)), "another value")
    pieces = tuple(_piece(tag, value[a:b], other[c:d]) for tag, a, b, c, d in matcher.get_opcodes())
    if value.lower() == other.lower():
        return Comparison((head, *pieces), "capital and small letters count")
    return Comparison((head, *pieces), _note(pieces))


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
