"""Which kinds exist in which apiVersion, and which live in a namespace."""

from __future__ import annotations

from collections.abc import Container, Mapping

from netpol_lab.manifests.problem import ObjectReference
from netpol_lab.manifests.schema import KINDS
from netpol_lab.model.objects import Resource
from netpol_lab.model.phrases import did_you_mean, nearest


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
    "admissionregistration.k8s.io/v1": _set(
        "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration ValidatingAdmissionPolicy"
        " ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration"
    ),
    "apiextensions.k8s.io/v1": _set("CustomResourceDefinition"),
    "apiregistration.k8s.io/v1": _set("APIService"),
    "authentication.k8s.io/v1": _set("SelfSubjectReview TokenReview"),
    "authorization.k8s.io/v1": _set(
        "LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview"
    ),
    "autoscaling/v1": _set("HorizontalPodAutoscaler"),
    "autoscaling/v2": _set("HorizontalPodAutoscaler"),
    "certificates.k8s.io/v1": _set("CertificateSigningRequest"),
    "coordination.k8s.io/v1": _set("Lease"),
    "discovery.k8s.io/v1": _set("EndpointSlice"),
    "events.k8s.io/v1": _set("Event"),
    "flowcontrol.apiserver.k8s.io/v1": _set("FlowSchema PriorityLevelConfiguration"),
    "node.k8s.io/v1": _set("RuntimeClass"),
    "policy/v1": _set("Eviction PodDisruptionBudget"),
    "rbac.authorization.k8s.io/v1": _set("ClusterRole ClusterRoleBinding Role RoleBinding"),
    "resource.k8s.io/v1": _set("DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice"),
    "scheduling.k8s.io/v1": _set("PriorityClass"),
    "storage.k8s.io/v1": _set(
        "CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment VolumeAttributesClass"
    ),
}
"""The kinds that Kubernetes 1.36 serves by itself, by apiVersion."""

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


def mapping_fault(reference: ObjectReference, installed: Container[tuple[str, str]] | None) -> tuple[str, str] | None:
    """(kubectl's words, our hint) when there is no such kind in that version.

    ``installed``: what custom resource definitions bring to this cluster, as (apiVersion, kind). None: nobody knows
    what the cluster has that the object comes from; then a group of someone else's is taken as it is.
    """
    version, kind = reference.api_version, reference.kind
    if kind in BUILT_IN.get(version, ()) or (version, kind) in (installed or ()):
        return None
    if installed is None and version not in BUILT_IN and not _misspelled(version, kind):
        return None
    return f'no matches for kind "{kind}" in version "{version}"', _mapping_hint(version, kind)


def _misspelled(version: str, kind: str) -> bool:
    """Whether a version that is not ours can only be one of Kubernetes' own, written wrong or long gone."""
    group = version.rpartition("/")[0]
    right = next((api_version.rpartition("/")[0] for api_version, known in KINDS if known == kind), None)
    if right is None:  # no policy, nor what a policy is about: nothing is lost when it is only stored
        return "/" not in version and "." not in version
    ours = "." not in group or group.endswith(("k8s.io", "kubernetes.io"))
    return ours or bool(nearest(group, [right], 0.8))


def _mapping_hint(version: str, kind: str) -> str:
    for right_version, kinds in BUILT_IN.items():
        if kind in kinds:
            return f"write `apiVersion: {right_version}`"
    close = nearest(kind, (name for kinds in BUILT_IN.values() for name in kinds), 0.75)
    if close:
        return did_you_mean([f"kind: {close[0]}"], "`")
    return "" if version in BUILT_IN else f"Kubernetes itself has no {kind}, and nothing on this cluster brings it"
