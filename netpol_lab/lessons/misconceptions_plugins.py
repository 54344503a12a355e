"""What people get wrong about the API server: it is reached through a Service, and it is no pod of the pod network.

Works like the detectors of :mod:`netpol_lab.lessons.misconceptions`.
"""

from __future__ import annotations

from netpol_lab.engine.verdict import RuleRef
from netpol_lab.lessons.evidence import Cause, Evidence, lines
from netpol_lab.model.networks import API_SERVER_PORT, NODE_NETWORK, SERVICE_NETWORK
from netpol_lab.model.objects import External


def api_server(evidence: Evidence) -> Cause | None:
    """M13: egress to the API server by a selector, by the Service's address, or on the Service's port."""
    verdict = evidence.missing
    if verdict is None or verdict.port != API_SERVER_PORT or not isinstance(verdict.destination, External):
        return None
    address = verdict.destination.address
    if address not in NODE_NETWORK:
        return None
    for miss in evidence.near_misses():
        if miss.rule.direction == "egress" and [condition.kind for condition in miss.failed] != ["protocol"]:
            text = _what_is_wrong(evidence, miss.rule, verdict.destination)
            return Cause("M13", text, lines(miss.rule.origin))
    return None


def _what_is_wrong(evidence: Evidence, rule: RuleRef, server: External) -> str:
    peers, address = rule.rule.peers, server.address
    blocks = [peer.ip_block for peer in peers if peer.ip_block is not None]
    if any(block.network.version == 4 and block.network.subnet_of(SERVICE_NETWORK) for block in blocks):
        return (
            "that is the address of the Service. A policy looks at a connection after the Service is translated: then "
            f"it goes to `{address}`, TCP {API_SERVER_PORT}."
        )
    if peers and not blocks:
        return (
            "the API server is no pod of the pod network. It is on the host network, so no selector matches it. Name "
            f"its address with an `ipBlock`: `{address}/32`, and its port, TCP {API_SERVER_PORT}."
        )
    if blocks and all(evidence.failures(rule.policy, peer, server) for peer in peers):
        return f"the address is another one. The API server is at `{address}`, and `{blocks[0]}` does not hold that."
    return (
        f"the API server is missed. It listens on TCP {API_SERVER_PORT} of `{address}`; 443 is the port of the Service "
        "in front of it, and no policy ever sees that one."
    )
