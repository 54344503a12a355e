"""What an answer leaves out, in one short line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import get_args

from netpol_lab.engine.verdict import Caveat, CaveatKind
from netpol_lab.model.bodies import Key
from netpol_lab.model.phrases import in_words, listed
from netpol_lab.tell.saying import line

_MOST = 2
"""So many objects of a kind are named, and of more one and how many there are."""


def caveat_line(caveats: Iterable[Caveat]) -> str:
    """One line about all of them; "" when nothing was left out.

    >>> caveat_line([Caveat("other policy", ("AdminNetworkPolicy", "", "deny"))])
    'Not judged: AdminNetworkPolicy deny, which can overrule what NetworkPolicy decides.'
    >>> caveat_line([Caveat("not enforced", plugin="flannel")])
    'The plugin flannel ignores policies: no rule is enforced.'
    """
    caveats = list(dict.fromkeys(caveats))
    of_kinds = ((kind, [each for each in caveats if each.kind == kind]) for kind in get_args(CaveatKind))
    return " ".join(_sentence(kind, found) for kind, found in of_kinds if found)


def _sentence(kind: CaveatKind, found: Sequence[Caveat]) -> str:
    first = found[0]
    if kind == "not enforced" and len(first.directions) == 1:
        return line("caveat.not enforced.one way", plugin=first.plugin, way=first.directions[0])
    return line(f"caveat.{kind}", number=len(found), objects=_objects(kind, found), plugin=first.plugin)


def _objects(kind: CaveatKind, found: Sequence[Caveat]) -> str:
    names = [_name(each.about) for each in found if each.about is not None]
    if len(names) <= _MOST:
        return listed(names)
    return line(f"caveat.many.{kind}", number=in_words(len(names)), first=names[0])


def _name(key: Key) -> str:
    kind, namespace, name = key
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"
