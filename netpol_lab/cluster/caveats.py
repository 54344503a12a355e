"""What an answer leaves out: a caveat says so, and never changes a verdict.

The objects of a state that could change an answer and are not judged each give a :class:`Caveat`. It travels with the
verdicts about the pods it touches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from netpol_lab.cluster.controllers import is_foreign_workload
from netpol_lab.engine.profiles import Profile
from netpol_lab.engine.verdict import Caveat
from netpol_lab.model.objects import DIRECTIONS, NetworkPolicy, Pod, Resource

OTHER_POLICIES: Mapping[str, frozenset[str]] = {
    "policy.networking.k8s.io": frozenset({"AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"}),
    "cilium.io": frozenset({"CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"}),
    "crd.projectcalico.org": frozenset({"NetworkPolicy", "GlobalNetworkPolicy"}),
    "projectcalico.org": frozenset({"NetworkPolicy", "GlobalNetworkPolicy"}),
    "crd.antrea.io": frozenset({"NetworkPolicy", "ClusterNetworkPolicy"}),
    "security.istio.io": frozenset({"AuthorizationPolicy", "PeerAuthentication"}),
    "k8s.cni.cncf.io": frozenset({"MultiNetworkPolicy"}),
}
"""Kinds of policies besides NetworkPolicy, by API group."""


def is_other_policy(resource: Resource) -> bool:
    """Whether an object is a policy of a kind that is not judged, in whatever version of its group."""
    return resource.kind in OTHER_POLICIES.get(resource.api_version.partition("/")[0], ())


def caveats(resources: Iterable[Resource], pods: Iterable[Pod], profile: Profile) -> tuple[Caveat, ...]:
    """What the answers about a state leave out: its objects, its pods, and the plugin's ``profile``."""
    resources, pods = tuple(resources), tuple(pods)
    found = [each for resource in resources for each in _of_object(resource, pods)]
    policies = [resource.typed for resource in resources if isinstance(resource.typed, NetworkPolicy)]
    return (*found, *_not_enforced(policies, pods, profile), *_families(pods))


def _families(pods: Iterable[Pod]) -> Iterator[Caveat]:
    """Policies are asked about two pods of different families too, and no packet ever is."""
    taking_part = [pod for pod in pods if pod.phase == "Running" and not pod.host_network and pod.ips]
    families = {frozenset(address.version for address in pod.ips) for pod in taking_part}
    if {frozenset({4}), frozenset({6})} <= families:
        yield Caveat("address family")


def _of_object(resource: Resource, pods: Iterable[Pod]) -> Iterator[Caveat]:
    if is_other_policy(resource):
        # without a namespace it may be about any pod: whom its selectors mean is not read
        inside = frozenset(pod.id for pod in pods if pod.namespace == resource.namespace)
        yield Caveat("other policy", resource.key, inside if resource.namespace else None)
    elif is_foreign_workload(resource):
        owner = f"{resource.kind}/{resource.name}"
        made = frozenset(pod.id for pod in pods if (pod.namespace, pod.owner) == (resource.namespace, owner))
        yield Caveat("foreign workload", resource.key, made)


def _not_enforced(policies: Iterable[NetworkPolicy], pods: Iterable[Pod], profile: Profile) -> Iterator[Caveat]:
    """D: creating a NetworkPolicy without a controller that implements it has no effect."""
    ignored = tuple(direction for direction in DIRECTIONS if direction not in profile.enforces)
    meant = [policy for policy in policies if any(map(policy.isolates, ignored))]
    selected = frozenset(pod.id for pod in pods if any(policy.selects(pod) for policy in meant))
    if selected:
        yield Caveat("not enforced", None, selected, ignored, profile.name)
