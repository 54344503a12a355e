"""Small turns of English that every room needs: lists, counts, places in files, and what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from netpol_lab.model.language import spoken
from netpol_lab.model.objects import Direction
from netpol_lab.model.origin import Origin

PEERS_FIELD: Mapping[Direction, str] = {"ingress": "from", "egress": "to"}
"""The field of a rule that holds its peers; also the word for the way to them."""

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ORDINALS = ("first", "second", "third", "fourth", "fifth")


def joined(parts: Sequence[str]) -> Iterator[str]:
    """The parts of a list and the words between them, so that each part may keep its font."""
    for index, part in enumerate(parts):
        if index:
            yield spoken(" and ") if index == len(parts) - 1 else ", "
        yield part


def listed(words: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``; "" for none.

    >>> listed(["web", "api", "db"])
    'web, api and db'
    """
    return "".join(joined(tuple(words)))


def some(words: Sequence[str], most: int, between: str = ", ") -> str:
    """The first ``most`` and how many more there are.

    >>> some(["web", "api", "db"], 1), some(["web"], 1)
    ('web and 2 more', 'web')
    """
    shown = between.join(words[:most])
    return f"{shown} and {len(words) - most} more" if len(words) > most else shown


def in_words(number: int) -> str:
    """``no``, ``one`` … ``ten``, ``11``."""
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


def noun(number: int, one: str, many: str = "") -> str:
    """The form of a noun, or of a verb, that goes with a number.

    >>> noun(1, "pod"), noun(0, "pod"), noun(2, "reaches", "reach")
    ('pod', 'pods', 'reach')
    """
    return one if number == 1 else many or f"{one}s"


def counted(number: int, one: str, many: str = "") -> str:
    """``1 pod``, ``12 policies``: in digits.

    >>> counted(2, "policy", "policies"), counted(1, "pod")
    ('2 policies', '1 pod')
    """
    return spoken(f"{number} {noun(number, one, many)}")


def count(number: int, one: str, many: str = "") -> str:
    """``one policy``, ``two policies``, ``12 pods``: small numbers in words.

    >>> count(2, "policy", "policies"), count(1, "pod"), count(12, "pod")
    ('two policies', 'one pod', '12 pods')
    """
    return spoken(f"{in_words(number)} {noun(number, one, many)}")


def nth(place: int) -> str:
    """The word for a place in a list, which begins with 0.

    >>> nth(1), nth(6)
    ('second', '7th')
    """
    return _ORDINALS[place] if place < len(_ORDINALS) else f"{place + 1}th"


def capital(sentence: object) -> str:
    """The first letter as a capital, the rest as it is."""
    text = str(sentence)
    return text[:1].upper() + text[1:]


def lines_of(origin: Origin | None) -> str:
    """``line 7`` or ``lines 7–9``, or "" when nobody knows."""
    if origin is None:
        return ""
    if origin.first_line == origin.last_line:
        return spoken("line {number}", number=origin.first_line)
    return spoken("lines {first}–{last}", first=origin.first_line, last=origin.last_line)


def place_of(origin: Origin | None) -> str:
    """``allow-web.yaml, lines 7–9``."""
    return place(origin.file, lines_of(origin)) if origin else ""


def first_lines(*origins: Origin | None) -> str:
    """Where something begins: ``web.yaml, line 8``, ``web.yaml, lines 14 and 17``; "" when nobody knows."""
    known = [origin for origin in origins if origin is not None]
    if not known:
        return ""
    numbers = sorted({origin.first_line for origin in known})
    return place(known[0].file, f"{noun(len(numbers), 'line')} {listed(map(str, numbers))}")


def place(file: str, lines: str) -> str:
    """A file and the lines in it, as far as they are known."""
    return ", ".join(filter(None, (file, lines)))


def nearest(word: str, known: Iterable[str], likeness: float = 0.6, most: int = 1) -> list[str]:
    """The known words that are most like this one in any case, closest first; none under ``likeness``.

    >>> nearest("Frontned", ["backend", "frontend"])
    ['frontend']
    """
    from difflib import get_close_matches  # seldom needed, and slow to import

    folded = {each.casefold(): each for each in known}
    return [folded[close] for close in get_close_matches(word.casefold(), folded, most, likeness)]


def did_you_mean(close: Sequence[object], quote: str = "") -> str:
    """The question about the closest word; "" when there is none.

    >>> did_you_mean(nearest("pdos", ["pods", "nodes"]), '"')
    'did you mean "pods"?'
    """
    return f"did you mean {quote}{close[0]}{quote}?" if close else ""
