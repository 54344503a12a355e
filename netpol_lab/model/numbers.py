"""Whole numbers as a student may type them."""

from __future__ import annotations

_MOST_DIGITS = 18
"""More digits than any count, port or time has; Python itself refuses to read very many."""


def whole(text: str) -> int | None:
    """The number that the digits 0 to 9 write; None for anything else: signs, ``²``, and what is too long.

    >>> whole("080"), whole("²"), whole(""), whole("9" * 5000)
    (80, None, None, None)
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None
