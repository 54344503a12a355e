"""The kinds of the API: their names, short names and groups, and how kubectl spells an object.

>>> resource_type("netpol").plural, resource_type("deploy").qualified
('networkpolicies', 'deployments.apps')
>>> resource_type("netpols") is None
True
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from netpol_lab.manifests.kinds import in_namespace
from netpol_lab.manifests.schema import KINDS
from netpol_lab.model.bodies import ReadOnlyBody


@dataclass(frozen=True)
class ResourceType:
    """One kind of the API, with the words that mean it."""

    kind: str
    plural: str
    short: tuple[str, ...] = ()
    group: str = ""
    version: str = "v1"

    @property
    def namespaced(self) -> bool:
        return in_namespace(self.kind)

    @property
    def simulated(self) -> bool:
        """Whether the cluster acts on it, or only stores it. Some follow from Services and pods (see derived.py)."""
        return (self.api_version, self.kind) in KINDS or self.kind in ("Endpoints", "EndpointSlice", "Event")

    @property
    def singular(self) -> str:
        return self.kind.lower()

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """Plural with group, as errors name it: ``networkpolicies.networking.k8s.io``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def singular_qualified(self) -> str:
        """Singular with group, as results name it: ``deployment.apps``."""
        return f"{self.singular}.{self.group}" if self.group else self.singular

    @property
    def in_full(self) -> str:
        """As the longer errors of ``apply`` name a kind."""
        group_version = f"{self.group}/{self.version}"
        return f'"{group_version}, Resource={self.plural}", GroupVersionKind: "{group_version}, Kind={self.kind}"'

    def named(self, name: str) -> str:
        """As apply, label and ``-o name`` print an object: ``deployment.apps/web``."""
        return f"{self.singular_qualified}/{name}"


_NETWORKING = "networking.k8s.io"
_RBAC = "rbac.authorization.k8s.io"

TYPES = (
    ResourceType("ConfigMap", "configmaps", ("cm",)),
    ResourceType("Endpoints", "endpoints", ("ep",)),
    ResourceType("Event", "events", ("ev",)),
    ResourceType("LimitRange", "limitranges", ("limits",)),
    ResourceType("Namespace", "namespaces", ("ns",)),
    ResourceType("Node", "nodes", ("no",)),
    ResourceType("PersistentVolumeClaim", "persistentvolumeclaims", ("pvc",)),
    ResourceType("PersistentVolume", "persistentvolumes", ("pv",)),
    ResourceType("Pod", "pods", ("po",)),
    ResourceType("ReplicationController", "replicationcontrollers", ("rc",)),
    ResourceType("ResourceQuota", "resourcequotas", ("quota",)),
    ResourceType("Secret", "secrets"),
    ResourceType("ServiceAccount", "serviceaccounts", ("sa",)),
    ResourceType("Service", "services", ("svc",)),
    ResourceType("CustomResourceDefinition", "customresourcedefinitions", ("crd", "crds"), "apiextensions.k8s.io"),
    ResourceType("DaemonSet", "daemonsets", ("ds",), "apps"),
    ResourceType("Deployment", "deployments", ("deploy",), "apps"),
    ResourceType("ReplicaSet", "replicasets", ("rs",), "apps"),
    ResourceType("StatefulSet", "statefulsets", ("sts",), "apps"),
    ResourceType("HorizontalPodAutoscaler", "horizontalpodautoscalers", ("hpa",), "autoscaling", "v2"),
    ResourceType("CronJob", "cronjobs", ("cj",), "batch"),
    ResourceType("Job", "jobs", (), "batch"),
    ResourceType("EndpointSlice", "endpointslices", (), "discovery.k8s.io"),
    ResourceType("IngressClass", "ingressclasses", (), _NETWORKING),
    ResourceType("Ingress", "ingresses", ("ing",), _NETWORKING),
    ResourceType("NetworkPolicy", "networkpolicies", ("netpol",), _NETWORKING),
    ResourceType("PodDisruptionBudget", "poddisruptionbudgets", ("pdb",), "policy"),
    ResourceType("ClusterRoleBinding", "clusterrolebindings", (), _RBAC),
    ResourceType("ClusterRole", "clusterroles", (), _RBAC),
    ResourceType("RoleBinding", "rolebindings", (), _RBAC),
    ResourceType("Role", "roles", (), _RBAC),
    ResourceType("PriorityClass", "priorityclasses", ("pc",), "scheduling.k8s.io"),
    ResourceType("StorageClass", "storageclasses", ("sc",), "storage.k8s.io"),
)
"""In the order of ``kubectl api-resources``: by group, then by name."""

ALL_CATEGORY = ("Pod", "Service", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet", "CronJob", "Job")
"""The kinds of ``kubectl get all``. NetworkPolicies are not among them."""


@cache
def _names() -> Mapping[str, ResourceType]:
    """Every word that means a kind, in lower case."""
    words: dict[str, ResourceType] = {}
    for kind in TYPES:
        plain = (kind.plural, kind.singular, *kind.short)
        full = tuple(f"{name}{suffix}" for name in (kind.plural, kind.singular) for suffix in _group_suffixes(kind))
        words.update(dict.fromkeys((*plain, *full), kind))
    return words


def _group_suffixes(kind: ResourceType) -> tuple[str, ...]:
    return (
        (f".{kind.group}", f".{kind.version}.{kind.group}") if kind.group else (f".{kind.version}", f".{kind.version}.")
    )


def resource_type(word: str) -> ResourceType | None:
    """The kind a word means: plural, singular or short name, with or without group, in any case."""
    return _names().get(word.lower())


@cache
def type_of_kind(kind: str, api_version: str = "v1") -> ResourceType:
    """The type of a stored object; kinds that are not in the table get a name the way Kubernetes makes plurals."""
    group, _, version = api_version.rpartition("/")
    known = next((row for row in TYPES if row.kind == kind and (not group or row.group == group)), None)
    if known:
        return known
    lower = kind.lower()
    ending = "es" if lower.endswith(("s", "x", "ch")) else "s"
    plural = lower[:-1] + "ies" if lower.endswith("y") else lower + ending
    return ResourceType(kind, plural, (), group, version)


def type_of(body: ReadOnlyBody) -> ResourceType:
    """The type of an object body, from its ``kind`` and ``apiVersion``."""
    return type_of_kind(str(body.get("kind", "")), str(body.get("apiVersion", "v1")))


def metadata(body: ReadOnlyBody) -> Mapping[str, Any]:
    """The metadata of an object body; empty when it has none."""
    about = body.get("metadata") if isinstance(body, Mapping) else None
    return about if isinstance(about, Mapping) else {}
