"""``kubectl explain networkpolicy``: what each field means, in the workbook's words."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill

from netpol_lab.kubectl.failure import Failure, not_simulated, usage
from netpol_lab.kubectl.resources import resource_type
from netpol_lab.kubectl.session import Call

_SELECTOR = "A label selector: matchLabels and matchExpressions, all of which must hold. Empty ({}) selects everything."
_PEER = (
    "One end that may connect. podSelector and namespaceSelector in one item must both match; ipBlock stands alone."
    " Several items are alternatives."
)
_PORT = "A port of the pod, not of the Service. Without `port` it means all ports of the protocol."

_FIELDS: Mapping[str, tuple[str, str]] = {
    "": (
        "NetworkPolicy",
        "Which connections the pods it selects may take part in. Policies only allow, and they add up.",
    ),
    "apiVersion": ("string", "networking.k8s.io/v1"),
    "kind": ("string", "NetworkPolicy"),
    "metadata": ("ObjectMeta", "Name, namespace, labels. A policy acts on pods of its own namespace only."),
    "spec": ("NetworkPolicySpec", "The pods it selects and what they may do."),
    "spec.podSelector": ("LabelSelector", f"The pods that the policy isolates and allows. {_SELECTOR}"),
    "spec.policyTypes": (
        "[]string",
        "Ingress, Egress or both: the directions in which the selected pods are isolated. If you leave it out, it is"
        " Ingress, and Egress too when there are egress rules.",
    ),
    "spec.ingress": (
        "[]NetworkPolicyIngressRule",
        "What may come in: a connection that one of the rules admits. An empty list admits nothing; one empty rule"
        " admits everything.",
    ),
    "spec.ingress.from": ("[]NetworkPolicyPeer", f"Where it may come from; empty means anywhere. {_PEER}"),
    "spec.ingress.ports": ("[]NetworkPolicyPort", f"On which ports; empty means all. {_PORT}"),
    "spec.egress": (
        "[]NetworkPolicyEgressRule",
        "What may go out, as ingress. DNS is egress too: without port 53 no name can be looked up.",
    ),
    "spec.egress.to": ("[]NetworkPolicyPeer", f"Where it may go; empty means anywhere. {_PEER}"),
    "spec.egress.ports": ("[]NetworkPolicyPort", f"On which ports; empty means all. {_PORT}"),
    **{
        f"spec.{where}.{field}": text
        for where in ("ingress.from", "egress.to")
        for field, text in {
            "podSelector": ("LabelSelector", f"Pods; alone, those of the policy's own namespace. {_SELECTOR}"),
            "namespaceSelector": ("LabelSelector", f"Namespaces, by their labels. {_SELECTOR}"),
            "ipBlock": ("IPBlock", "Addresses, meant for those outside the cluster."),
            "ipBlock.cidr": ("string", "A range such as 10.0.0.0/8."),
            "ipBlock.except": ("[]string", "Ranges inside cidr that this item does not admit. Another item may."),
        }.items()
    },
    **{
        f"spec.{where}.ports.{field}": text
        for where in ("ingress", "egress")
        for field, text in {
            "port": ("IntOrString", "A number, or the name of a container's port."),
            "endPort": ("integer", "The last port of a range that starts at port."),
            "protocol": ("string", "TCP, UDP or SCTP. TCP if you leave it out."),
        }.items()
    },
}


def run(call: Call) -> int:
    """Explain a field of NetworkPolicy; other kinds are refused plainly."""
    if len(call.args) != 1:
        raise usage(
            'You must specify the type of resource to explain. Use "kubectl api-resources" for a complete list of'
            " supported resources.",
            "explain",
        )
    word, _, path = call.args[0].partition(".")
    kind = resource_type(word)
    if kind is None:
        raise Failure(f'the server doesn\'t have a resource type "{word}"')
    if kind.kind != "NetworkPolicy":
        raise not_simulated(f"kubectl explain {word}", "kubectl explain networkpolicy is")
    if path not in _FIELDS:
        raise Failure(f'field "{path.rpartition(".")[2]}" does not exist')
    type_, text = _FIELDS[path]
    call.print("GROUP:      networking.k8s.io\nKIND:       NetworkPolicy\nVERSION:    v1\n")
    if path:
        call.print(f"FIELD: {path.rpartition('.')[2]} <{type_}>\n")
    call.print("DESCRIPTION:\n" + fill(text, 80, initial_indent="    ", subsequent_indent="    "))
    below = _below(path, all_levels=call.flag("recursive"))
    if below:
        call.print("\nFIELDS:")
        for field in below:
            depth = field.count(".") - (path.count(".") + 1 if path else 0)
            call.print(f"{'  ' * (depth + 1)}{field.rpartition('.')[2]}\t<{_FIELDS[field][0]}>")
    return 0


def _below(path: str, *, all_levels: bool) -> list[str]:
    start = f"{path}." if path else ""
    inside = [field for field in _FIELDS if field and field.startswith(start) and field != path]
    return sorted(field for field in inside if all_levels or "." not in field[len(start) :])
