"""What a plain YAML word means to Kubernetes.

kubectl reads YAML 1.1 in the manner of go-yaml v2: ``yes``, ``on`` and ``true`` are booleans, ``0777``
is octal, ``1_000`` is a number, a date stays text. That is why ``access: true`` is no label.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_WORDS: dict[str, Any] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("+.inf", "+.Inf", "+.INF", ".inf", ".Inf", ".INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_LONGEST_NUMBER = 400
"""No number that a double can hold is written with more digits, so longer words are text."""


@lru_cache(maxsize=4096)
def resolve(word: str) -> Any:
    """The value of an unquoted word: None, a boolean, a number, or the word itself.

    >>> [resolve(word) for word in ("true", "No", "80", "0x50", "1e2", "08", "v1", "2026-11-20")]
    [True, False, 80, 80, 100, 8, 'v1', '2026-11-20']
    """
    if word in _WORDS:
        return _WORDS[word]
    if word[0] not in "+-.0123456789" or len(word) > _LONGEST_NUMBER:
        return word
    digits = word.replace("_", "") if word[0] != "." else word
    number: int | float | None = _integer(digits)
    if number is None and _FLOAT.fullmatch(digits):
        number = plain_number(float(digits))
    return word if number is None else number


def plain_number(number: float) -> int | float | None:
    """A float as it survives the way through JSON: a whole number comes out as an integer."""
    if number in (float("inf"), float("-inf")):
        return None
    return int(number) if number.is_integer() and abs(number) < 1e21 else number


def _integer(digits: str) -> int | None:
    match = _INTEGER.fullmatch(digits)
    if not match:
        return None
    sign, hexadecimal, binary, octal, decimal = match.groups()
    for text, base in ((hexadecimal, 16), (binary, 2), (octal, 8), (decimal, 10)):
        if text:
            number = int(text, base)
            number = -number if sign == "-" else number
            return number if -(2**63) <= number < 2**64 else None
    return None
