"""What the API server refuses in a NetworkPolicy (catalogue rule 30, mistake M18), in its own words.

Source: ``pkg/apis/networking/validation`` (V) and ``meta/v1/validation`` of Kubernetes 1.36. The order
of the checks is the server's, and so is the order of the messages.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netpol_lab.manifests import name_rules as names
from netpol_lab.manifests.line_map import Path
from netpol_lab.manifests.name_rules import quoted
from netpol_lab.manifests.problem import Report
from netpol_lab.manifests.schema import PEER_SELECTORS
from netpol_lab.model.bodies import ReadOnlyBody
from netpol_lab.model.objects import IPNetwork
from netpol_lab.model.phrases import did_you_mean, nearest
from netpol_lab.model.ports import PROTOCOLS

MUST_SPECIFY_A_PEER = "Required value: must specify a peer"
BOTH_IP_BLOCK_AND_PEER = "Forbidden: may not specify both ipBlock and another peer"
STRICT_SUBSET = "must be a strict subset of `cidr`"
END_PORT_BELOW = "must be greater than or equal to `port`"
END_PORT_NAMED = "may not be specified when `port` is non-numeric"
END_PORT_ALONE = "may not be specified when `port` is not specified"
TOO_MANY_TYPES = "may not specify more than two policyTypes"
VALUES_REQUIRED = "Required value: must be specified when `operator` is 'In' or 'NotIn'"
VALUES_FORBIDDEN = "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
NOT_AN_OPERATOR = "not a valid selector operator"

HINT_PEER = "a peer has a podSelector, a namespaceSelector, both, or an ipBlock; the selector that selects all is `{}`"
HINT_IP_BLOCK = "two peers are two items: give the ipBlock a dash of its own"
HINT_SLASH = "write the prefix length too, for one address {}/{}"
HINT_EXCEPT = "the exception must lie inside {} and be smaller than it"
HINT_CIDR = "write `cidr:` below `ipBlock:`, one step further to the right"
HINT_NUMBER = "a port number goes without quotes"


def bad(value: Any, words: str) -> str:
    """The message for a value that breaks a rule: ``Invalid value: 0: must be ...``."""
    return f"Invalid value: {quoted(value) if isinstance(value, str) else value}: {words}"


def as_json(value: Any) -> str:
    """A value as the server's messages show what is neither a text nor a number."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def unsupported(value: str, supported: Sequence[str]) -> str:
    """The message for a word that is none of a fixed set."""
    return f"Unsupported value: {quoted(value)}: supported values: {', '.join(map(quoted, supported))}"


def close_word(value: str, words: Sequence[str]) -> str:
    """The hint for a word in the wrong case, or nearly right."""
    return did_you_mean(nearest(value, words), "`")


def network_policy(spec: ReadOnlyBody, report: Report) -> None:
    """All faults of a policy's ``spec`` go into ``report``."""
    label_selector(spec.get("podSelector", {}), ("spec", "podSelector"), report)
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction, ())):
            path: Path = ("spec", direction, index)
            for i, port in enumerate(rule.get("ports", ())):
                _policy_port(port, (*path, "ports", i), report)
            for i, peer in enumerate(rule.get(peers, ())):
                _peer(peer, (*path, peers, i), report)
    _policy_types(spec.get("policyTypes", ()), ("spec", "policyTypes"), report)


_POLICY_TYPES = ("Ingress", "Egress")


def _policy_types(types: Sequence[str], path: Path, report: Report) -> None:
    if len(types) > 2:
        report.invalid(path, f"Invalid value: {as_json(types)}: {TOO_MANY_TYPES}")
        return
    for index, name in enumerate(types):
        if name not in _POLICY_TYPES:
            hint = close_word(name, _POLICY_TYPES)
            report.invalid((*path, index), unsupported(name, _POLICY_TYPES), hint=hint)


def protocol(value: Any, path: Path, report: Report, listed: Sequence[str] = ("SCTP", "TCP", "UDP")) -> None:
    """TCP, UDP or SCTP, in capitals. ``listed``: the order in which the server lists them."""
    if value not in PROTOCOLS:
        report.invalid(path, unsupported(value, listed), hint=close_word(value, PROTOCOLS))


def _policy_port(port: ReadOnlyBody, path: Path, report: Report) -> None:
    protocol(port.get("protocol", "TCP"), (*path, "protocol"), report, ("TCP", "UDP", "SCTP"))
    number, end = port.get("port"), port.get("endPort")
    if number is None:
        if end is not None:
            report.invalid((*path, "endPort"), bad(end, END_PORT_ALONE))
        return
    if isinstance(number, str):
        if end is not None:
            report.invalid((*path, "endPort"), bad(end, END_PORT_NAMED))
        for message in names.port_name(number):
            report.invalid((*path, "port"), bad(number, message), hint=HINT_NUMBER if number.isdecimal() else "")
        return
    for message in names.port_number(number):
        report.invalid((*path, "port"), bad(number, message))
    if end is not None:
        if end < number:
            report.invalid((*path, "endPort"), bad(number, END_PORT_BELOW))  # the server shows the port here
        for message in names.port_number(end):
            report.invalid((*path, "endPort"), bad(end, message))


def cidrs_by_path(spec: ReadOnlyBody) -> Iterator[tuple[str, str]]:
    """All addresses that a policy's ``spec`` names, each with its field."""
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for number, rule in enumerate(spec.get(direction) or ()):
            for index, peer in enumerate((rule or {}).get(peers) or ()):
                block, path = (peer or {}).get("ipBlock") or {}, f"spec.{direction}[{number}].{peers}[{index}].ipBlock"
                if "cidr" in block:
                    yield f"{path}.cidr", block["cidr"]
                yield from ((f"{path}.except[{i}]", text) for i, text in enumerate(block.get("except") or ()))


def _peer(peer: ReadOnlyBody, path: Path, report: Report) -> None:
    for name in PEER_SELECTORS:
        if name in peer:
            label_selector(peer[name], (*path, name), report)
    if "ipBlock" in peer:
        _ip_block(peer["ipBlock"], (*path, "ipBlock"), report)
    if not peer:
        report.invalid(path, MUST_SPECIFY_A_PEER, hint=HINT_PEER)
    elif "ipBlock" in peer and len(peer) > 1:
        report.invalid(path, BOTH_IP_BLOCK_AND_PEER, hint=HINT_IP_BLOCK)


def _ip_block(block: ReadOnlyBody, path: Path, report: Report) -> None:
    """``except`` must lie strictly inside ``cidr``."""
    cidr = block.get("cidr", "")
    if not cidr:
        report.invalid((*path, "cidr"), "Required value", hint=HINT_CIDR)
        return
    whole = _cidr(cidr, (*path, "cidr"), report)
    if whole is None:
        return
    for index, text in enumerate(block.get("except", ())):
        at = (*path, "except", index)
        hole = _cidr(text, at, report)
        if hole is not None and not _strictly_inside(hole, whole):
            report.invalid(at, bad(text, STRICT_SUBSET), hint=HINT_EXCEPT.format(cidr))


def _cidr(text: str, path: Path, report: Report) -> IPNetwork | None:
    network, single = names.network(text), names.address(text)
    hint = HINT_SLASH.format(text, single.max_prefixlen) if single else did_you_mean([network] if network else (), "`")
    for message in names.cidr(text) if network is None or text not in report.settled else ():
        report.invalid(path, bad(text, message), hint=hint)
    return network


def _strictly_inside(hole: IPNetwork, whole: IPNetwork) -> bool:
    return (
        hole.version == whole.version and hole.prefixlen > whole.prefixlen and hole.network_address in whole  # type: ignore[operator]
    )


def label_selector(selector: ReadOnlyBody, path: Path, report: Report) -> None:
    """``matchLabels`` and ``matchExpressions``: keys, operators, values."""
    labels(selector.get("matchLabels", {}), (*path, "matchLabels"), report)
    for index, expression in enumerate(selector.get("matchExpressions", ())):
        _requirement(expression, (*path, "matchExpressions", index), report)


_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def _requirement(expression: ReadOnlyBody, path: Path, report: Report) -> None:
    operator, values = expression.get("operator", ""), expression.get("values", ())
    if operator in ("In", "NotIn"):
        if not values:
            report.invalid((*path, "values"), VALUES_REQUIRED)
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            report.invalid((*path, "values"), VALUES_FORBIDDEN)
    else:
        report.invalid((*path, "operator"), bad(operator, NOT_AN_OPERATOR), hint=close_word(operator, _OPERATORS))
    key = expression.get("key", "")
    for message in names.qualified_name(key):
        report.invalid((*path, "key"), bad(key, message))
    for index, value in enumerate(values):
        for message in names.label_value(value):
            report.invalid((*path, "values", index), bad(value, message))


def labels(values: Mapping[str, str], path: Path, report: Report) -> None:
    """Label keys and values. The server names the map, we show the line of the entry."""
    for key, value in values.items():
        for message in names.qualified_name(key):
            report.invalid(path, bad(key, message), at=(*path, key))
        for message in names.label_value(value):
            report.invalid(path, bad(value, message), at=(*path, key))
