"""Which kinds exist in which apiVersion, and which live in a namespace."""

from __future__ import annotations

from collections.abc import Mapping

from netpol_lab.manifests.problem import ObjectReference
from netpol_lab.manifests.schema import KINDS
from netpol_lab.model.objects import Resource


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


BUILT_IN: Mapping[str, frozenset[str]] = {
    "v1": _set(
        "Binding ComponentStatus ConfigMap Endpoints Event LimitRange Namespace Node PersistentVolume"
        " PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret Service"
        " ServiceAccount"
    ),
    "apps/v1": _set("ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet"),
    "batch/v1": _set("CronJob Job"),
    "networking.k8s.io/v1": _set("Ingress IngressClass IPAddress NetworkPolicy ServiceCIDR"),
}
"""The kinds of the API groups the simulator knows in full."""

REMOVED: frozenset[str] = _set(
    "extensions/v1beta1 networking.k8s.io/v1beta1 apps/v1beta1 apps/v1beta2 batch/v1beta1 batch/v2alpha1"
)
"""Versions that Kubernetes once served and no longer does."""

CLUSTER_SCOPED: frozenset[str] = _set(
    "APIService CertificateSigningRequest ClusterRole ClusterRoleBinding ComponentStatus CSIDriver CSINode"
    " CustomResourceDefinition FlowSchema IngressClass IPAddress MutatingWebhookConfiguration Namespace Node"
    " PersistentVolume PriorityClass PriorityLevelConfiguration RuntimeClass ServiceCIDR StorageClass"
    " ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration VolumeAttachment"
    " AdminNetworkPolicy BaselineAdminNetworkPolicy ClusterNetworkPolicy CiliumClusterwideNetworkPolicy"
    " GlobalNetworkPolicy IPPool"
)
"""Kinds without a namespace, among them well-known ones of network plugins."""


def in_namespace(kind: str) -> bool:
    """Whether objects of that kind live in a namespace. Unknown kinds are taken to."""
    return kind not in CLUSTER_SCOPED


def simulated(resource: Resource) -> str:
    """The kind of an object that the simulator acts on; "" for others, among them Knative's Service."""
    return resource.kind if (resource.api_version, resource.kind) in KINDS else ""


def mapping_fault(reference: ObjectReference) -> tuple[str, str] | None:
    """(kubectl's words, our hint) when the server has no such kind in that version."""
    version, kind = reference.api_version, reference.kind
    known = BUILT_IN.get(version)
    if (known is None or kind in known) and version not in REMOVED and (known or not _served_elsewhere(version, kind)):
        return None
    words = f'no matches for kind "{kind}" in version "{version}"'
    return words, _mapping_hint(version, kind)


def _served_elsewhere(version: str, kind: str) -> bool:
    """A built-in kind under a version of a built-in group, such as ``apps/v2`` or ``v2``."""
    group = version.partition("/")[0]
    ours = group in {known.partition("/")[0] for known in BUILT_IN} or "/" not in version
    return ours and (any(kind in kinds for kinds in BUILT_IN.values()) or "/" not in version)


def _mapping_hint(version: str, kind: str) -> str:
    for right_version, kinds in BUILT_IN.items():
        if kind in kinds:
            return f"write `apiVersion: {right_version}`"
    from difflib import get_close_matches

    lower = {name.lower(): name for kinds in BUILT_IN.values() for name in kinds}
    close = get_close_matches(kind.lower(), lower, n=1, cutoff=0.75)
    return f"did you mean `kind: {lower[close[0]]}`?" if close else ""
