"""What a network plugin decides, as data.

The API text and the upstream end-to-end tests leave some points to the plugin: the rules with ``plugins`` in
``data/rules.yaml``, ◇ in comments. A :class:`Profile` answers each of them by name, with its source; the engine reads
nothing else about plugins.

Letters as everywhere: **D** the NetworkPolicy page of the Kubernetes documentation, **T** ``networking/v1/types.go``,
**E** the upstream end-to-end tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netpol_lab.model.errors import LabError
from netpol_lab.model.objects import Endpoint, External, Pod

POINTS = {
    9: "a connection that stands when the policies change",
    17: "an ipBlock and the address of a pod",
    18: "the source address after a translation",
    22: "endPort",
    23: "ICMP (ping)",
    25: "a pod and its own Service",
    27: "a pod on the host network",
}
"""The points that are left to plugins, by the number of the rule in ``data/rules.yaml`` that says so."""


@dataclass(frozen=True)
class Decision:
    """How one plugin decides one of the :data:`POINTS`: in words, and who says so."""

    rule: int
    words: str
    source: str


@dataclass(frozen=True)
class Profile:
    """One network plugin's answers.

    ``enforces`` holds the directions it enforces at all; a plugin that enforces nothing ignores policies silently (D).
    ``ip_block_matches_outside``, ``_nodes``, ``_pods``: what an ipBlock is compared with; a peer that is compared with
    nothing admits nothing. ``supports_end_port``: without support only ``port`` counts (D).
    ``masquerades``: whether ingress rules see a node's address behind a NodePort whose Service does not say Local.
    ``existing_connections``: whether a connection lives on when a change of policies no longer admits it.
    ``decisions`` say the same in words, and what a verdict about one new connection does not depend on.
    """

    name: str
    summary: str
    enforces: frozenset[str] = frozenset({"ingress", "egress"})
    ip_block_matches_outside: bool = True
    ip_block_matches_nodes: bool = True
    ip_block_matches_pods: bool = True
    supports_end_port: bool = True
    masquerades: bool = False
    existing_connections: Literal["kept", "cut", "undefined"] = "undefined"
    decisions: tuple[Decision, ...] = ()

    def compares_ip_blocks_with(self, endpoint: Endpoint) -> bool:
        """Whether an ipBlock can match this endpoint's address. A pod on the host network is like its node (D)."""
        if isinstance(endpoint, External):
            return self.ip_block_matches_outside
        on_pod_network = isinstance(endpoint, Pod) and not endpoint.host_network
        return self.ip_block_matches_pods if on_pod_network else self.ip_block_matches_nodes

    def decision(self, rule: int) -> Decision:
        """How it decides one of the :data:`POINTS`; raises KeyError for any other number."""
        return {each.rule: each for each in self.decisions}[rule]


def _decisions(**decided: tuple[str, str]) -> tuple[Decision, ...]:
    return tuple(Decision(int(rule.removeprefix("rule_")), words, source) for rule, (words, source) in decided.items())


UPSTREAM = Profile(
    "upstream",
    "The API text, and the Kubernetes end-to-end tests where the text is silent.",
    decisions=_decisions(
        rule_9=("left to the plugin", "D: it is implementation defined whether the change takes effect"),
        rule_17=("matches", "E: the tests of ipBlock and except use pod addresses; D means addresses outside"),
        rule_18=("left to the plugin", "D: not defined whether this happens before or after NetworkPolicy processing"),
        rule_22=("supported", "T: the range from port to endPort, inclusive; D: a plugin without it applies port"),
        rule_23=("left to the plugin", "D: policies are about TCP, UDP and SCTP; others vary across plugins"),
        rule_25=("left to the plugin", "D: a pod cannot block access to itself; its own Service is not mentioned"),
        rule_27=(
            "not selected; as a peer its node's address",
            "D: hostNetwork pods are commonly treated as node traffic",
        ),
    ),
)

CALICO = Profile(
    "calico",
    "Enforces the whole API; ipBlocks match pods too, and connections that stand are kept.",
    masquerades=True,
    existing_connections="kept",
    decisions=_decisions(
        rule_9=("kept until they end", "projectcalico/calico issues 2759 and 6399"),
        rule_17=("matches", "rules become address sets, whoever has the address: projectcalico/calico issue 6634"),
        rule_18=("the node's, unless externalTrafficPolicy is Local", "Calico documentation, policy for node ports"),
        rule_22=("supported", "projectcalico/calico libcalico-go/lib/backend/k8s/conversion"),
        rule_23=(
            "only a rule without ports admits it",
            "a rule with ports becomes a rule of those protocols: same file",
        ),
        rule_25=("admitted: translated, it comes from its own node", "kube-proxy masquerades such connections"),
        rule_27=("not selected; as a peer its node's address", "Calico documentation, workload and host endpoints"),
    ),
)

CILIUM = Profile(
    "cilium",
    "Enforces the whole API by identities: ipBlocks match neither pods nor nodes, and standing connections are cut.",
    ip_block_matches_nodes=False,
    ip_block_matches_pods=False,
    masquerades=True,
    existing_connections="cut",
    decisions=_decisions(
        rule_9=("cut: every packet is looked up", "cilium/cilium pull request 3605"),
        rule_17=("does not match", "cilium/cilium issues 9209 and 19601"),
        rule_18=("the node's, unless externalTrafficPolicy is Local", "Cilium documentation, client source IP"),
        rule_22=("supported from 1.16 on; before, only port", "cilium/cilium pull request 33389 and issue 28684"),
        rule_23=("only a rule without ports admits it", "Cilium documentation, layer 3 and layer 4 policies"),
        rule_25=("admitted", "cilium/cilium bpf/bpf_lxc.c: policy is skipped for a pod's own Service"),
        rule_27=("not selected; as a peer a node, which no ipBlock matches", "cilium/cilium issues 12277 and 16308"),
    ),
)

WEAVE_2_3 = Profile(
    "weave-2.3",
    "Enforces ingress only; egress is ignored, and an ipBlock peer admits nothing.",
    enforces=frozenset({"ingress"}),
    ip_block_matches_outside=False,
    ip_block_matches_nodes=False,
    ip_block_matches_pods=False,
    supports_end_port=False,
    existing_connections="kept",
    decisions=_decisions(
        rule_9=("kept until they end", "weaveworks/weave npc: established connections are accepted first"),
        rule_17=("no ipBlock at all", "weaveworks/weave release notes: ipBlock came with 2.5.0, egress with 2.4.0"),
        rule_18=("does not matter", "no ipBlock compares addresses: weaveworks/weave release notes, 2.5.0"),
        rule_22=("only port counts", "the field is younger: Kubernetes KEP-2079, first in 1.21"),
        rule_23=("only a rule without ports admits it", "weaveworks/weave npc: a rule with ports names a protocol"),
        rule_25=("admitted: translated, it comes from its own node", "kube-proxy masquerades such connections"),
        rule_27=(
            "not selected; no peer matches it",
            "D: selectors match pods of the pod network, and there is no ipBlock",
        ),
    ),
)


def _enforcing_nothing(name: str, summary: str, source: str) -> Profile:
    ignored = tuple(Decision(rule, "policies are ignored", source) for rule in POINTS)
    return Profile(name, summary, enforces=frozenset(), existing_connections="kept", decisions=ignored)


FLANNEL = _enforcing_nothing(
    "flannel",
    "By itself enforces nothing: policies are accepted, listed, and silently ignored.",
    "flannel README: policies are for an engine beside it, such as Calico or kube-network-policies",
)

AWS_VPC_CNI = _enforcing_nothing(
    "aws-vpc-cni",
    "Enforces nothing until its policy agent is switched on: as installed, policies are silently ignored.",
    "aws/amazon-vpc-cni-k8s docs/network-policy-faq.md: network policies are not enabled by default",
)

PROFILES = {profile.name: profile for profile in (UPSTREAM, CALICO, CILIUM, WEAVE_2_3, FLANNEL, AWS_VPC_CNI)}

CONFORMANT = (UPSTREAM, CALICO, CILIUM)
"""The profiles that enforce the whole API. Where they differ, the API leaves the answer to the plugin."""


def profile_named(name: str) -> Profile:
    """The profile of that name; raises :class:`LabError` with the known names."""
    try:
        return PROFILES[name]
    except KeyError:
        known = ", ".join(PROFILES)
        raise LabError(f"There is no network plugin profile {name!r}. Known profiles: {known}.") from None
