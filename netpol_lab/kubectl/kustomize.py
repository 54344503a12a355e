"""``-k``: the objects of a kustomization, as ``kubectl kustomize`` builds them. Fields that are not read are refused.

Sources: kustomization file reference of kustomize; what its label transformer changes, among it the selectors of
NetworkPolicies, is ``api/internal/konfig/builtinpluginconsts/commonlabels.go``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from netpol_lab.kubectl.failure import Failure, not_simulated
from netpol_lab.model.bodies import Body

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")

Read = Callable[[Path], list[Any]]
"""The objects of one file. Raises :class:`Failure`."""

_FIRST = (
    "Namespace ResourceQuota StorageClass CustomResourceDefinition ServiceAccount Role ClusterRole RoleBinding"
    " ClusterRoleBinding ConfigMap Secret Endpoints Service LimitRange PriorityClass PersistentVolume"
    " PersistentVolumeClaim Deployment StatefulSet CronJob PodDisruptionBudget"
)
"""The order in which kustomize writes kinds; all others follow by their name."""

_MOST_FOLDERS = 500
"""Two lines in each of thirty folders name the next one a milliard times."""

_CLUSTER_WIDE = ("Namespace", "Node", "ClusterRole", "ClusterRoleBinding", "PersistentVolume", "StorageClass")
_SELECTORS = ("spec.selector.matchLabels", "spec.template.metadata.labels")
_LABELED: Mapping[str, tuple[str, ...]] = {
    "Service": ("spec.selector",),
    "Deployment": _SELECTORS,
    "ReplicaSet": _SELECTORS,
    "DaemonSet": _SELECTORS,
    "StatefulSet": _SELECTORS,
    "Job": ("spec.template.metadata.labels",),
    "CronJob": ("spec.jobTemplate.spec.template.metadata.labels",),
}
"""Where common labels go besides ``metadata.labels``."""


def build(folder: Path, shown: str, read: Read) -> list[Body]:
    """All objects of a kustomization, changed as it says, in kustomize's order. Raises :class:`Failure`."""
    try:
        found = list(_built(folder, shown, read, []))
        return sorted(found, key=lambda body: (_rank(body), str(body["metadata"].get("name", ""))))
    except (AttributeError, LookupError, OSError, TypeError, ValueError):
        # Nobody has looked at the types yet: kustomize works on what is written, and the server refuses it later.
        raise Failure(
            f"invalid Kustomization: '{shown}': a field there, or of what it changes, takes another kind of value"
        ) from None


def _rank(body: Body) -> tuple[int, str]:
    kind = str(body.get("kind", ""))
    first = _FIRST.split()
    return (first.index(kind), "") if kind in first else (len(first), kind)


def _built(folder: Path, shown: str, read: Read, visited: list[Path], above: tuple[Path, ...] = ()) -> Iterator[Body]:
    root = folder.resolve()
    if root in above:
        raise Failure(f"accumulating resources: cycle detected: '{shown}' is a resource of itself")
    visited.append(root)
    if len(visited) > _MOST_FOLDERS:
        raise Failure(f"accumulating resources: more than {_MOST_FOLDERS} folders")
    file = next((folder / name for name in NAMES if (folder / name).is_file()), None)
    if file is None:
        raise Failure(f"unable to find one of {_quoted(NAMES)} in directory '{shown}'")
    says = next(iter(read(file)), None) or {}
    if not isinstance(says, Mapping):
        raise Failure(f"invalid Kustomization: {shown}: it is no mapping")
    unknown = [key for key in says if key not in (*_CHANGES, "apiVersion", "kind", "metadata", "resources", "bases")]
    if unknown:
        raise not_simulated(f"`{unknown[0]}` of a kustomization", "write the change into the manifest")
    for name in (*(says.get("resources") or ()), *(says.get("bases") or ())):
        if "://" in str(name) or str(name).startswith("github.com/"):
            raise not_simulated("a resource of a kustomization with a URL", "save it to a file first")
        path = folder / str(name)
        if not path.exists():
            words = (
                f"accumulating resources from '{name}': evalsymlink failure on '{path.name}': no such file or directory"
            )
            raise Failure(f"accumulating resources: {words}")
        for body in _built(path, str(name), read, visited, (*above, root)) if path.is_dir() else read(path):
            if isinstance(body, Mapping):
                yield _changed(dict(body), says)


def _quoted(names: tuple[str, ...]) -> str:
    *first, last = (f"'{name}'" for name in names)
    return f"{', '.join(first)} or {last}"


def _changed(body: Body, says: Mapping[str, Any]) -> Body:
    body["metadata"] = dict(body.get("metadata") or {})
    for key, change in _CHANGES.items():
        if says.get(key):
            change(body, says[key])
    return body


def _namespace(body: Body, name: Any) -> None:
    if body.get("kind") not in _CLUSTER_WIDE:
        body["metadata"]["namespace"] = str(name)


def _prefix(body: Body, text: Any) -> None:
    if body.get("kind") != "Namespace":
        body["metadata"]["name"] = f"{text}{body['metadata'].get('name', '')}"


def _suffix(body: Body, text: Any) -> None:
    if body.get("kind") != "Namespace":
        body["metadata"]["name"] = f"{body['metadata'].get('name', '')}{text}"


def _annotations(body: Body, wanted: Any) -> None:
    body["metadata"]["annotations"] = {**(body["metadata"].get("annotations") or {}), **wanted}


def _common_labels(body: Body, wanted: Any) -> None:
    body["metadata"]["labels"] = {**(body["metadata"].get("labels") or {}), **wanted}
    for path in _LABELED.get(str(body.get("kind")), ()):
        _merge(body, path.split("."), wanted)
    if body.get("kind") == "NetworkPolicy":
        for selector in _pod_selectors(body.get("spec") or {}):
            if selector.get("matchLabels"):  # kustomize adds to the labels that are there, and makes none
                selector["matchLabels"] = {**selector["matchLabels"], **wanted}


def _pod_selectors(spec: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    peers = [
        peer
        for rules, side in (("ingress", "from"), ("egress", "to"))
        for rule in spec.get(rules) or ()
        for peer in (rule or {}).get(side) or ()
    ]
    for holder in (spec, *peers):
        if isinstance(holder.get("podSelector"), dict):
            yield holder["podSelector"]


def _merge(body: Body, path: list[str], wanted: Mapping[str, str]) -> None:
    place: Any = body
    for key in path:
        place = place.setdefault(key, {})
    place.update(wanted)


def _labels(body: Body, groups: Any) -> None:
    for group in groups:
        if group.get("includeTemplates") and not group.get("includeSelectors"):
            raise not_simulated("`includeTemplates` of a kustomization", "use includeSelectors, or write the labels")
        if group.get("includeSelectors"):
            _common_labels(body, group.get("pairs") or {})
        else:
            body["metadata"]["labels"] = {**(body["metadata"].get("labels") or {}), **(group.get("pairs") or {})}


_CHANGES: Mapping[str, Callable[[Body, Any], None]] = {
    "namespace": _namespace,
    "namePrefix": _prefix,
    "nameSuffix": _suffix,
    "commonLabels": _common_labels,
    "labels": _labels,
    "commonAnnotations": _annotations,
}
"""What a kustomization can change, in kustomize's order."""
