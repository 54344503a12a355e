"""What the API server takes and warns of: the ``Warning:`` lines of kubectl.

Source: ``pkg/api/{pod,service}/warnings.go`` and ``pkg/registry/networking/networkpolicy`` of Kubernetes 1.36.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from netpol_lab.manifests.name_rules import dns_label
from netpol_lab.manifests.validation import cidrs_by_path
from netpol_lab.model.bodies import ReadOnlyBody

HOSTNAME = (
    "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior;"
    " a DNS label is recommended: [{}]"
)
TWICE = "spec.containers[{0}].ports[{1}]: duplicate port definition with spec.containers[{2}].ports[{3}]"
EXTERNAL_IPS = "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
NOT_CANONICAL = '{}: IPv6 CIDR value "{}" should be in RFC 5952 canonical format ("{}")'


def server_warnings(body: ReadOnlyBody) -> Iterator[str]:
    """The warnings about a valid object that is about to be created."""
    if (body["apiVersion"], body["kind"]) == ("networking.k8s.io/v1", "NetworkPolicy"):
        yield from _policy(body["spec"])
    elif (body["apiVersion"], body["kind"]) == ("v1", "Pod"):
        yield from _pod(body)
    elif (body["apiVersion"], body["kind"]) == ("v1", "Service") and body["spec"].get("externalIPs"):
        yield EXTERNAL_IPS


def _policy(spec: ReadOnlyBody) -> Iterator[str]:
    for path, text in cidrs_by_path(spec):
        right = str(ip_network(text, strict=False)) if ":" in text else text
        if right != text:
            yield NOT_CANONICAL.format(path, text, right)


def _pod(body: ReadOnlyBody) -> Iterator[str]:
    messages = dns_label(body["metadata"]["name"])
    if messages:
        yield HOSTNAME.format(" ".join(messages))
    seen: dict[tuple[str, int], tuple[int, int]] = {}
    for number, container in enumerate(body["spec"].get("containers", ())):
        for index, port in enumerate(container.get("ports", ())):
            what = (port["protocol"], port["containerPort"])
            if what in seen:
                yield TWICE.format(number, index, *seen[what])
            seen.setdefault(what, (number, index))
