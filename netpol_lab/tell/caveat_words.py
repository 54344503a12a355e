"""What an answer leaves out, in one short line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netpol_lab.engine.verdict import Caveat
from netpol_lab.model.bodies import Key
from netpol_lab.model.phrases import in_words, listed

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
    lines = [_SENTENCES[kind](found) for kind in _SENTENCES if (found := [c for c in caveats if c.kind == kind])]
    return " ".join(lines)


def _other_policies(found: Sequence[Caveat]) -> str:
    return f"Not judged: {_objects(found, 'other policies')}, which can overrule what NetworkPolicy decides."


def _foreign_workloads(found: Sequence[Caveat]) -> str:
    theirs = "its pods are" if len(found) == 1 else "their pods are"
    return f"Not simulated: {_objects(found, 'workloads')}; {theirs} taken from the pod template."


def _unknown_objects(found: Sequence[Caveat]) -> str:
    theirs = "it" if len(found) == 1 else "they"
    return f"Not simulated: {_objects(found, 'objects')}; {theirs} may have pods that are not here."


def _not_enforced(found: Sequence[Caveat]) -> str:
    directions = found[0].directions
    if len(directions) == 1:
        return f"The plugin {found[0].plugin} ignores {directions[0]} rules: only the other direction is enforced."
    return f"The plugin {found[0].plugin} ignores policies: no rule is enforced."


def _address_family(found: Sequence[Caveat]) -> str:
    return "Not judged: whether packets get there. Ends without an address of the same family never meet."


def _nodes_address(found: Sequence[Caveat]) -> str:
    return (
        f"Behind {_objects(found, 'Services')} (externalTrafficPolicy: Cluster) a pod usually sees a node's address in "
        "place of the client's: which of them policies see is left to the plugin."
    )


def _clients_address(found: Sequence[Caveat]) -> str:
    return (
        f"Behind {_objects(found, 'Services')} (externalTrafficPolicy: Local) a pod sees the client's address, unless "
        "something in front translates it."
    )


def _own_service(found: Sequence[Caveat]) -> str:
    return (
        f"Through {_objects(found, 'Services')} a pod meets itself from another address: where a policy isolates it, "
        "some plugins drop that."
    )


def _host_port(found: Sequence[Caveat]) -> str:
    return (
        f"The hostPort of {_objects(found, 'pods')} works where the plugin passes it on; which source address the pod "
        "sees is left to it."
    )


def _udp_refusal(found: Sequence[Caveat]) -> str:
    return "UDP is refused by an ICMP message; a kernel limits how many it sends, so the client may meet silence."


_SENTENCES = {
    "other policy": _other_policies,
    "foreign workload": _foreign_workloads,
    "unknown object": _unknown_objects,
    "not enforced": _not_enforced,
    "address family": _address_family,
    "node's address": _nodes_address,
    "client's address": _clients_address,
    "own Service": _own_service,
    "host port": _host_port,
    "UDP refusal": _udp_refusal,
}


def _objects(caveats: Sequence[Caveat], many: str) -> str:
    names = [_name(each.about) for each in caveats if each.about is not None]
    if len(names) <= _MOST:
        return listed(names)
    return f"{in_words(len(names))} {many} ({names[0]} and others)"


def _name(key: Key) -> str:
    kind, namespace, name = key
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"
