"""``kubectl describe networkpolicy`` (kubectl ``pkg/describe/describe.go``, ``describeNetworkPolicySpec``).

An empty selector inside a peer is printed as ``<none>`` although it matches everything: that is kubectl's way.
Each ``From:`` or ``To:`` block is one peer, one alternative; two selectors in one block must both match.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netpol_lab.kubectl.ages import go_time
from netpol_lab.kubectl.columns import NONE, selector_text
from netpol_lab.kubectl.describe_parts import annotation_lines, label_lines
from netpol_lab.kubectl.resources import metadata
from netpol_lab.manifests.schema import PEER_SELECTORS
from netpol_lab.model.bodies import ReadOnlyBody
from netpol_lab.model.phrases import capital

_ALL_PODS = "<none> (Allowing the specific traffic to all pods in this namespace)"


def describe_policy(body: ReadOnlyBody) -> Iterator[str]:
    """The lines of a policy's description."""
    spec = body.get("spec") or {}
    types = spec.get("policyTypes") or ("Ingress",)
    yield f"Name:\t{metadata(body)['name']}"
    yield f"Namespace:\t{metadata(body)['namespace']}"
    yield f"Created on:\t{go_time(metadata(body).get('creationTimestamp', ''))}"
    yield from label_lines(body)
    yield from annotation_lines(body)
    yield "Spec:"
    selected = selector_text(spec.get("podSelector"))
    # kubectl writes these five spaces itself; they are no column.
    yield f"  PodSelector:     {_ALL_PODS if selected == NONE else selected}"
    for direction, peers, word in (("ingress", "from", "From"), ("egress", "to", "To")):
        if direction.capitalize() in types:
            yield f"  Allowing {direction} traffic:"
            yield from _rules(spec.get(direction) or (), direction, peers, word)
        else:
            yield f"  Not affecting {direction} traffic"
    yield f"  Policy Types: {', '.join(types)}"


def _rules(rules: Sequence[ReadOnlyBody], direction: str, peers: str, word: str) -> Iterator[str]:
    if not rules:
        yield f"    <none> (Selected pods are isolated for {direction} connectivity)"
    for number, rule in enumerate(rules):
        if number:
            yield "    ----------"
        yield from _ports(rule.get("ports") or ())
        yield from _peers(rule.get(peers) or (), word)


def _ports(ports: Sequence[ReadOnlyBody]) -> Iterator[str]:
    if not ports:
        yield "    To Port: <any> (traffic allowed to all ports)"
    for port in ports:
        protocol, number = port.get("protocol", "TCP"), port.get("port")
        if port.get("endPort"):
            yield f"    To Port Range: {number}-{port['endPort']}/{protocol}"
        elif number is None:
            yield f"    To Port: <nil>/{protocol}"
        else:
            yield f"    To Port: {number}/{protocol}"


def _peers(peers: Sequence[ReadOnlyBody], word: str) -> Iterator[str]:
    if not peers:
        what = "source" if word == "From" else "destination"
        yield f"    {word}: <any> (traffic not restricted by {what})"
    for peer in peers:
        yield f"    {word}:"
        for name in sorted(PEER_SELECTORS):
            if peer.get(name) is not None:
                yield f"      {capital(name)}: {selector_text(peer[name])}"
        block = peer.get("ipBlock")
        if block is not None:
            yield "      IPBlock:"
            yield f"        CIDR: {block.get('cidr', '')}"
            yield f"        Except: {', '.join(block.get('except') or ())}"
