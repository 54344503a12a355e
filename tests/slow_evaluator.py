"""NetworkPolicy as its API text says it: one connection at a time, nothing compiled, nothing remembered.

It reads policies as people write them (API objects, nothing filled in) and shares no code with the engine.
Above each branch stands the sentence it follows. T: ``networking/v1/types.go``, D: the NetworkPolicy page of the
documentation, F: ``networking/v1/defaults.go``, S: ``labels/selector.go``, E: the upstream end-to-end tests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from netpol_lab.model.objects import Endpoint, External, IPAddress, Node, Pod

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Rules:
    namespaces: Mapping[str, Mapping[str, str]]  # each with its labels
    policies: Sequence[Body]  # as API objects


def allowed(rules: Rules, source: Endpoint, destination: Endpoint, protocol: str, port: int) -> bool:
    # D: "For a connection from a source pod to a destination pod to be allowed, both the egress policy on the
    # source pod and the ingress policy on the destination pod need to allow the connection."
    return all(admits(rules, way, source, destination, protocol, port) for way in ("egress", "ingress"))


def admits(rules: Rules, direction: str, source: Endpoint, destination: Endpoint, protocol: str, port: int) -> bool:
    subject, other = (source, destination) if direction == "egress" else (destination, source)
    # D: "A Pod cannot block access to itself."
    if isinstance(source, Pod) and source == destination:
        return True
    # D: "traffic to and from the node where a Pod is running is always allowed"
    if _same_node(source, destination) or _same_node(destination, source):
        return True
    # D: policies apply to pods; a hostNetwork pod is commonly treated as its node, and is not selected
    if not isinstance(subject, Pod) or subject.host_network:
        return True
    isolating = [policy for policy in rules.policies if _isolates(policy, direction, subject)]
    # D: "By default, a pod is non-isolated for egress; all outbound connections are allowed." (ingress alike)
    if not isolating:
        return True
    # T: "OR if the traffic matches at least one ingress rule across all of the NetworkPolicy objects whose
    # podSelector matches the pod"; no rules: "this NetworkPolicy does not allow any traffic"
    address = _address(other, source, destination)
    return any(
        _peers_match(rules, policy["metadata"]["namespace"], rule or {}, other, address)
        and _ports_match(rule or {}, destination, protocol, port)
        for policy in isolating
        for rule in policy["spec"].get(direction) or []
    )


def _isolates(policy: Body, direction: str, pod: Pod) -> bool:
    spec = policy.get("spec") or {}
    types = spec.get("policyTypes") or []
    # F: no policyTypes: "Ingress", and "Egress" when there is at least one egress rule
    if not types:
        types = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    if direction.capitalize() not in types:
        return False
    # T: "An empty selector matches all pods in the policy's namespace."
    return policy["metadata"]["namespace"] == pod.namespace and _selects(spec.get("podSelector"), pod.labels)


def _peers_match(rules: Rules, home: str, rule: Body, other: Endpoint, address: IPAddress | None) -> bool:
    peers = rule.get("from") or rule.get("to") or []
    # T: "If this field is empty or missing, this rule matches all sources (traffic not restricted by source)."
    # T: "Items in this list are combined using a logical OR operation."
    return not peers or any(_peer_matches(rules, home, peer, other, address) for peer in peers)


def _peer_matches(rules: Rules, home: str, peer: Body, other: Endpoint, address: IPAddress | None) -> bool:
    block, pods, namespaces = peer.get("ipBlock"), peer.get("podSelector"), peer.get("namespaceSelector")
    # T: "If this field is set then neither of the other fields can be."; E: it is compared with pod IPs too
    if block is not None:
        # T: "except is a slice of CIDRs that should not be included within an IPBlock"
        whole, *holes = [ip_network(cidr, strict=False) for cidr in (block["cidr"], *(block.get("except") or []))]
        return address is not None and address in whole and not any(address in hole for hole in holes)
    # D: selectors select pods; D again: a hostNetwork pod is commonly treated as its node
    if not isinstance(other, Pod) or other.host_network:
        return False
    # T: "Otherwise it selects the pods matching podSelector in the policy's own namespace."
    if namespaces is None:
        return other.namespace == home and _selects(pods, other.labels)
    # T: "selects the pods matching podSelector in the namespaces selected by namespaceSelector";
    # without a podSelector "it selects all pods in the namespaces selected by namespaceSelector"
    return _selects(namespaces, rules.namespaces[other.namespace]) and _selects(pods, other.labels)


def _selects(selector: Body | None, labels: Mapping[str, str]) -> bool:
    selector = selector or {}
    # T: "if present but empty, it selects all"; "The requirements are ANDed."
    equal = (labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items())
    return all(equal) and all(_requirement_holds(each, labels) for each in selector.get("matchExpressions") or [])


def _requirement_holds(requirement: Body, labels: Mapping[str, str]) -> bool:
    key, operator, values = requirement["key"], requirement["operator"], requirement.get("values") or []
    # S: a match when "The operator is Exists and Labels has the Requirement's key."
    if operator == "Exists":
        return key in labels
    # S: "The operator is In, Labels has the Requirement's key and Labels' value [...] is in Requirement's value set."
    if operator == "In":
        return key in labels and labels[key] in values
    # S: "The operator is NotIn, Labels has the Requirement's key and Labels' value [...] is not in [...] value set."
    # S: "The operator is DoesNotExist or NotIn and Labels does not have the Requirement's key."
    return key not in labels or (operator == "NotIn" and labels[key] not in values)


def _ports_match(rule: Body, destination: Endpoint, protocol: str, port: int) -> bool:
    # T: "If this field is empty or missing, this rule matches all ports (traffic not restricted by port)."
    items = rule.get("ports") or []
    return not items or any(_port_matches(item or {}, destination, protocol, port) for item in items)


def _port_matches(item: Body, destination: Endpoint, protocol: str, port: int) -> bool:
    # T: "If not specified, this field defaults to TCP."
    if (item.get("protocol") or "TCP") != protocol:
        return False
    wanted = item.get("port")
    # T: "If this field is not provided, this matches all port names and numbers."
    if wanted is None:
        return True
    # T: "This can either be a numerical or named port on a pod."
    if isinstance(wanted, str):
        on_pod = isinstance(destination, Pod) and not destination.host_network
        return on_pod and any((p.name, p.protocol, p.port) == (wanted, protocol, port) for p in destination.ports)
    # T: "the range of ports from port to endPort if set, inclusive, should be allowed by the policy"
    return bool(wanted <= port <= (item.get("endPort") or wanted))


def _same_node(pod: Endpoint, other: Endpoint) -> bool:
    if not isinstance(pod, Pod) or pod.host_network or not pod.node:
        return False
    if isinstance(other, Node):
        return other.name == pod.node
    return isinstance(other, Pod) and other.host_network and other.node == pod.node


def _address(end: Endpoint, source: Endpoint, destination: Endpoint) -> IPAddress | None:
    # A connection has one address family: that of the destination's first address which the source has too
    families = [ip.version for ip in _all(destination) if ip.version in {own.version for own in _all(source)}]
    return next((ip for ip in _all(end) if not families or ip.version == families[0]), None)


def _all(end: Endpoint) -> tuple[IPAddress, ...]:
    return end.ips if isinstance(end, Pod) else (end.address if isinstance(end, External) else end.ip,)
