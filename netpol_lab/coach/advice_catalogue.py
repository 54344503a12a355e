"""Every message there is, as data: what is said, where the workbook teaches it, and whose rule it is.

Sources: **D** the NetworkPolicy page of the Kubernetes documentation, **T** ``networking/v1/types.go``,
**V** ``networking/validation``, **F** ``networking/v1/defaults.go``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Message:
    """One kind of advice. ``words`` has places in braces, which a finding fills; ``lesson`` is a notebook's name."""

    id: str
    words: str
    lesson: str
    source: str


_ALL = (
    Message(
        "rules-without-effect",
        "The {direction} rules do nothing: policyTypes does not list {type}, so this policy does not isolate in that"
        " direction and does not admit.",
        "02-default-deny",
        "T, NetworkPolicySpec.policyTypes: rules of a direction that is not listed are accepted and not used",
    ),
    Message(
        "selects-no-pod",
        "No pod in namespace {namespace} has {selector}: this policy protects nobody.",
        "03-allow-specific",
        "T, NetworkPolicySpec.podSelector: it selects pods by their own labels",
    ),
    Message(
        "namespace-without-pods",
        "Namespace {namespace} has no pods, and a policy acts on pods of its own namespace only.",
        "02-default-deny",
        "T, NetworkPolicySpec.podSelector: it selects pods in the policy's namespace",
    ),
    Message(
        "labels-on-workload",
        "{kind} {name} has {selector}, its pods do not. Policies look at the labels of pods: write labels below"
        " spec.template.metadata.",
        "04-selectors",
        "T, NetworkPolicyPeer.podSelector: it selects pods by their own labels",
    ),
    Message(
        "peer-matches-no-pod",
        "{place} admits nobody: no pod {where} has {selector}.",
        "04-selectors",
        "D, behavior of to and from selectors: a podSelector alone looks into the policy's own namespace",
    ),
    Message(
        "namespace-label-nobody-has",
        "{place} admits nobody: no namespace has {selector}.",
        "04-selectors",
        "D, targeting a namespace by its name: every namespace has the label kubernetes.io/metadata.name",
    ),
    Message(
        "named-port-nobody-has",
        "{place}: no pod it is about names a {protocol} port {port}, so this admits nothing.",
        "06-flows-and-services",
        "T, NetworkPolicyPort.port: a name is a port of the pods at the receiving end",
    ),
    Message(
        "service-port",
        "{place}: {port} is the port of Service {service}; its pods listen on {target}. Policies see the pod's port.",
        "06-flows-and-services",
        "D: a policy judges the connection to the pod, after the Service has chosen one",
    ),
    Message(
        "no-dns",
        "No rule lets {pods} ask the cluster's DNS by UDP 53, and egress is isolated there: names will not resolve.",
        "05-egress-and-dns",
        "D, default deny all egress traffic: what is not listed is not allowed, and DNS is traffic as any other",
    ),
    Message(
        "adds-nothing",
        "Without this policy, every connection would be as it is with it.",
        "03-allow-specific",
        "D: policies add up; what one admits, another need not admit again",
    ),
    Message(
        "cidr-with-host-bits",
        "{cidr} names one address and means a whole block: {network}.",
        "05-egress-and-dns",
        "V: the API server accepts bits behind the prefix, and they count for nothing",
    ),
    Message(
        "ip-block-covers-pods",
        "{cidr} holds addresses of pods, such as {pod}. An ipBlock is meant for addresses outside the cluster, and"
        " network plugins differ on whether it admits pods.",
        "05-egress-and-dns",
        "D, ipBlock: these should be cluster-external IPs",
    ),
)

MESSAGES = {message.id: message for message in _ALL}
"""By id, in the order in which findings of one line are told."""
