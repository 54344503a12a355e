"""Selectors, peers and ports in words. A sentence is a tuple of parts; labels and names are :class:`Mono` parts.

>>> from netpol_lab.model.labels import LabelSelector, Requirement
>>> text(selector_words("pods", LabelSelector((Requirement("app", "=", ("web",)),))))
'pods with app=web'
>>> text(selector_words("pods", LabelSelector()))
'every pod'
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netpol_lab.model.labels import METADATA_NAME, LabelSelector
from netpol_lab.model.language import spoken
from netpol_lab.model.objects import Direction, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicyRule
from netpol_lab.model.phrases import PEERS_FIELD, joined, listed


class Mono(str):
    """A part of a sentence that is data (a label, a name, a command) and is set in the mono font."""

    __slots__ = ()


class Quiet(str):
    """A part that stands back: line numbers, places, numbers of pods."""

    __slots__ = ()


Sentence = tuple[str, ...]


def text(sentence: Iterable[str]) -> str:
    """The sentence without its fonts."""
    return "".join(sentence)


def parts(items: Sequence[str]) -> Sentence:
    """``a, b and c`` as a sentence whose parts keep their fonts."""
    return tuple(joined(items))


def names(items: Sequence[str], most: int = 3, noun: str = "pod") -> str:
    """Names in a sentence: all of them, or how many there are.

    >>> names(["a", "b"]), names(["a", "b", "c", "d"])
    ('a and b', '4 pods')
    """
    return listed(items) if len(items) <= most else f"{len(items)} {noun}s"


def undecided(number: int, of: int, partly: bool = False, noun: str = "pair") -> str:
    """What a finding adds when network plugins differ on ``number`` of the ``of`` pairs that it counts as allowed.

    ``partly``: some of them have ports on which no plugins differ.

    >>> undecided(2, 5), undecided(1, 5), undecided(0, 5)
    ('; 2 pairs depend on the network plugin', '; 1 pair depends on the network plugin', '')
    >>> undecided(5, 5), undecided(1, 1, partly=True)
    ('; all of these pairs depend on the network plugin', '; this depends on the network plugin, at least in part')
    """
    if not number:
        return ""
    some = f"{number} {noun}{'s' if number > 1 else ''}"
    if number == of:
        some = f"all of these {noun}s" if of > 1 else "this"
    part = ", at least in part" if partly else ""
    return f"; {some} {'depends' if number == 1 else 'depend'} on the network plugin{part}"


def selector_words(noun: str, selector: LabelSelector) -> Sentence:
    """``every pod`` or ``pods with app=web and tier in (a,b)``."""
    if selector.is_empty:
        return (spoken(f"every {noun.removesuffix('s')}"),)
    return (spoken(f"{noun} with "), *parts([Mono(requirement) for requirement in selector.requirements]))


def peer_words(peer: NetworkPolicyPeer, namespace: str) -> Sentence:
    """Whom one item of ``from`` or ``to`` matches, for a policy in ``namespace``."""
    if peer.ip_block is not None:
        holes = peer.ip_block.excepts
        without: Sentence = (" except ", *parts([Mono(hole) for hole in holes])) if holes else ()
        return ("addresses in ", Mono(peer.ip_block.cidr), *without)
    pods = selector_words("pods", peer.pod_selector or LabelSelector())
    if peer.namespace_selector is None:
        return (*pods, " in ", namespace)
    return (*pods, " in ", *_namespaces_words(peer.namespace_selector))


def _namespaces_words(selector: LabelSelector) -> Sentence:
    """One namespace chosen by its automatic label is said by its name."""
    if selector.is_empty:
        return ("every namespace",)
    only = selector.requirements[0]
    if len(selector.requirements) == 1 and only.key == METADATA_NAME and only.operator == "=":
        return ("namespace ", only.values[0])
    return selector_words("namespaces", selector)


def peers_words(rule: NetworkPolicyRule, namespace: str, direction: Direction) -> Sentence:
    """``from pods with app=web in shop, or from …``; a rule without peers means everyone."""
    way = PEERS_FIELD[direction]
    if not rule.peers:
        return ("from any source" if way == "from" else "to any destination", ", inside and outside the cluster")
    words: list[str] = []
    for index, peer in enumerate(rule.peers):
        words += [f", or {way} " if index else f"{way} ", *peer_words(peer, namespace)]
    return tuple(words)


def ports_words(ports: Sequence[NetworkPolicyPort]) -> str:
    """``TCP 80``, ``UDP 53 and TCP 53``, ``all ports``."""
    return listed(map(str, ports)) or "all ports"
