"""What an answer leaves out: a caveat says so, and never changes a verdict.

The objects of a state that could change an answer and are not judged each give a :class:`Caveat`. It travels with the
verdicts about the pods it touches.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping

from netpol_lab.cluster.controllers import is_foreign_workload
from netpol_lab.engine.profiles import Profile
from netpol_lab.engine.verdict import Caveat
from netpol_lab.model.bodies import Key
from netpol_lab.model.objects import DIRECTIONS, NetworkPolicy, Pod, Resource

OTHER_POLICIES = frozenset(
    {
        ("k8s.ovn.org", "EgressFirewall"),
        ("policy.linkerd.io", "AuthorizationPolicy"),
        ("policy.linkerd.io", "Server"),
        ("security.istio.io", "AuthorizationPolicy"),
        ("security.istio.io", "PeerAuthentication"),
    }
)
"""Policies of others, by API group and kind, besides all whose kind ends in ``NetworkPolicy``."""

WITHOUT_PODS = frozenset(
    {
        "acme.cert-manager.io",
        "cert-manager.io",
        "cilium.io",
        "crd.antrea.io",
        "crd.projectcalico.org",
        "external-secrets.io",
        "keda.sh",
        "kyverno.io",
        "networking.istio.io",
        "policy.linkerd.io",
        "projectcalico.org",
        "security.istio.io",
        "telemetry.istio.io",
        "traefik.containo.us",
        "traefik.io",
    }
)
"""API groups of others whose objects are known to make no pods."""

KINDS_WITHOUT_PODS = frozenset(
    {
        "AlertmanagerConfig",
        "Application",
        "AppProject",
        "AnalysisTemplate",
        "PodMonitor",
        "Probe",
        "PrometheusRule",
        "ScrapeConfig",
        "SealedSecret",
        "ServiceMonitor",
    }
)
"""The same, of groups of which other kinds do."""


def is_other_policy(resource: Resource) -> bool:
    """Whether an object is a policy of a kind that is not judged, in whatever version of its group."""
    group = resource.api_version.rpartition("/")[0]
    if resource.kind.endswith("NetworkPolicy"):
        # a staged policy of Calico is counted and not enforced
        return group != "networking.k8s.io" and not resource.kind.startswith("Staged")
    return (group, resource.kind) in OTHER_POLICIES


def caveats(resources: Iterable[Resource], pods: Iterable[Pod], profile: Profile) -> tuple[Caveat, ...]:
    """What the answers about a state leave out: its objects, its pods, and the plugin's ``profile``."""
    resources, pods = tuple(resources), tuple(pods)
    owners = {owner for resource in resources for owner in _owners(resource)}
    found = [each for resource in resources for each in _of_object(resource, pods, owners)]
    policies = [resource.typed for resource in resources if isinstance(resource.typed, NetworkPolicy)]
    return (*found, *_not_enforced(policies, pods, profile), *_families(pods))


def _families(pods: Iterable[Pod]) -> Iterator[Caveat]:
    """Policies are asked about two pods of different families too, and no packet ever is."""
    taking_part = [pod for pod in pods if pod.phase == "Running" and not pod.host_network and pod.ips]
    families = {frozenset(address.version for address in pod.ips) for pod in taking_part}
    if {frozenset({4}), frozenset({6})} <= families:
        yield Caveat("address family")


def _of_object(resource: Resource, pods: Iterable[Pod], owners: Container[Key]) -> Iterator[Caveat]:
    if is_other_policy(resource):
        # without a namespace it may be about any pod: whom its selectors mean is not read
        inside = frozenset(pod.id for pod in pods if pod.namespace == resource.namespace)
        yield Caveat("other policy", resource.key, inside if resource.namespace else None)
    elif is_foreign_workload(resource):
        owner = f"{resource.kind}/{resource.name}"
        made = frozenset(pod.id for pod in pods if (pod.namespace, pod.owner) == (resource.namespace, owner))
        yield Caveat("foreign workload", resource.key, made)
    elif _may_make_pods(resource) and (resource.kind, resource.namespace, resource.name) not in owners:
        # whom it would touch is not known: its pods are not here
        yield Caveat("unknown object", resource.key, frozenset())


def _may_make_pods(resource: Resource) -> bool:
    """Whether an object's own controller may run pods for it that nobody can tell from the object."""
    group = resource.api_version.rpartition("/")[0]
    ours = "." not in group or group.endswith((".k8s.io", ".kubernetes.io"))
    known = ours or group in WITHOUT_PODS or resource.kind in KINDS_WITHOUT_PODS
    return bool(resource.namespace) and not known


def _owners(resource: Resource) -> Iterator[Key]:
    """What an object was made by: whoever has objects of its own here has its pods here too."""
    references = (resource.body.get("metadata") or {}).get("ownerReferences")
    for each in references if isinstance(references, list) else ():
        if isinstance(each, Mapping):
            yield str(each.get("kind")), resource.namespace, str(each.get("name"))


def _not_enforced(policies: Iterable[NetworkPolicy], pods: Iterable[Pod], profile: Profile) -> Iterator[Caveat]:
    """D: creating a NetworkPolicy without a controller that implements it has no effect."""
    ignored = tuple(direction for direction in DIRECTIONS if direction not in profile.enforces)
    meant = [policy for policy in policies if any(map(policy.isolates, ignored))]
    selected = frozenset(pod.id for pod in pods if any(policy.selects(pod) for policy in meant))
    if selected:
        yield Caveat("not enforced", None, selected, ignored, profile.name)
