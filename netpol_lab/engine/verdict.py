"""What the engine answers about one connection, and why.

A policy never denies. A connection fails at an end because some policy *isolates* the pod there and
no rule *admits* the connection (D). So a :class:`Gate` lists the policies that isolate, the rules
that admit, and the *near misses*: the rules that do not admit, each with the conditions that failed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from netpol_lab.model.bodies import Key
from netpol_lab.model.labels import METADATA_NAME, Labels, Requirement
from netpol_lab.model.objects import (
    DIRECTIONS,
    Direction,
    Endpoint,
    IPAddress,
    IPBlock,
    Namespace,
    NetworkPolicy,
    NetworkPolicyPeer,
    NetworkPolicyPort,
    NetworkPolicyRule,
    Pod,
)
from netpol_lab.model.origin import Origin

Answer = Literal["allowed", "blocked", "depends on the network plugin"]

Unjudged = Literal[
    "itself",  # D: "A Pod cannot block access to itself"
    "own node",  # D and T: traffic to and from the node where a pod is running is always allowed
    "pod of its node",  # the same, where the other end is a pod on the host network of that node
    "outside",  # D: policies apply to pods; not to addresses outside,
    "node",  # not to nodes,
    "host network",  # and not to pods on the host network
    "own Service",  # a pod that calls itself through its own Service: plugins differ (rule 25)
    "not enforced",  # D: without a plugin that implements it, a NetworkPolicy has no effect
]
"""Why no policy judges an end of a connection, though one might select it."""

ConditionKind = Literal[
    "pod label",
    "namespace label",
    "namespace",  # a bare podSelector looks into the policy's own namespace only
    "address",  # ipBlock
    "outside",  # a selector never matches an address outside the cluster
    "port",
    "protocol",
    "named port",
]


@dataclass(frozen=True)
class RuleRef:
    """One rule of one policy; ``peer`` and ``port`` tell which of its items matched (None: "any")."""

    policy: NetworkPolicy
    direction: Direction
    index: int
    peer: NetworkPolicyPeer | None = None
    port: NetworkPolicyPort | None = None

    @property
    def rule(self) -> NetworkPolicyRule:
        return self.policy.rules(self.direction)[self.index]

    @property
    def origin(self) -> Origin | None:
        return self.rule.origin

    def __str__(self) -> str:
        """Rules are counted from 1, as people do: ``rule 1 of allow-web``."""
        return f"rule {self.index + 1} of {self.policy.name}"


@dataclass(frozen=True)
class Condition:
    """A condition of a rule that this connection does not meet, as data; :mod:`netpol_lab.tell` has the words.

    ``subject`` is what was looked at: the other end, its namespace, or the end that receives where a port is the
    trouble. ``wanted`` is what the rule asks for: of a label the requirement; of a namespace its name; of an address
    the ipBlock; of an end outside the whole peer; of a port the items of ``ports`` (they are ORed). What was found is
    in the subject, or in ``address`` and in ``protocol`` and ``port`` of the connection. ``ignored_by`` names the
    plugin that does not compare ipBlocks with such an end at all.
    """

    kind: ConditionKind
    subject: Endpoint | Namespace
    wanted: Requirement | str | IPBlock | NetworkPolicyPeer | tuple[NetworkPolicyPort, ...]
    origin: Origin | None = None
    address: IPAddress | None = None
    ignored_by: str = ""
    protocol: str = ""
    port: int = 0

    @property
    def requirement(self) -> Requirement | None:
        """Of a label: what the selector asks."""
        return self.wanted if isinstance(self.wanted, Requirement) else None

    @property
    def value(self) -> str | None:
        """Of a label: what the subject has under that key, None where it lacks it."""
        return self._labels.get(self.requirement.key) if self.requirement else None

    @property
    def mixed_up(self) -> tuple[str, str] | None:
        """Of a label that the subject lacks: the one it has that was likely meant, as (key, value)."""
        asked = self.requirement
        if asked is None or asked.key in self._labels:
            return None
        if asked.key == "name" and METADATA_NAME in self._labels:
            return METADATA_NAME, self._labels[METADATA_NAME]
        return next(((key, value) for key, value in self._labels.items() if value in asked.values), None)

    @property
    def fix(self) -> tuple[str, str] | None:
        """The label that would meet it, as (key, value), where setting one would."""
        asked = self.requirement
        if asked is None or not asked.needs_key:
            return None
        return asked.key, asked.values[0] if asked.values else "true"

    @property
    def _labels(self) -> Labels:
        return self.subject.labels if isinstance(self.subject, Pod | Namespace) else Labels()

    @property
    def _found(self) -> str:
        if self.requirement is not None:
            return f"no {self.requirement.key}" if self.value is None else f"{self.requirement.key}={self.value}"
        if self.kind == "outside":
            return "host network" if isinstance(self.subject, Pod) else "no pod"
        if self.kind == "namespace" and isinstance(self.subject, Pod):
            return self.subject.namespace
        return str(self.address) if self.kind == "address" else f"{self.protocol} {self.port}"

    def __str__(self) -> str:
        """A notation for who looks at a verdict in Python: ``pod label of shop/web: app=wbe, wanted app=web``."""
        subject = self.subject.id if isinstance(self.subject, Pod) else self.subject.name
        wanted: Iterable[object] = (self.wanted,)
        if isinstance(self.wanted, NetworkPolicyPeer):
            wanted = self.wanted.selectors.values()
        elif isinstance(self.wanted, tuple):
            wanted = self.wanted
        return f"{self.kind} of {subject}: {self._found}, wanted {', '.join(map(str, wanted))}"


@dataclass(frozen=True)
class NearMiss:
    """A rule that isolates the pod's way but does not admit, with what failed in its closest peer and port."""

    rule: RuleRef
    failed: tuple[Condition, ...]


@dataclass(frozen=True)
class Gate:
    """One end of a connection: egress at the source, or ingress at the destination.

    ``isolating`` is empty when the pod is not isolated; then ``admitted`` is True and ``admitting`` empty.
    ``unjudged`` tells why no policy judges here, None where policies may. ``ignored`` are the policies that would
    isolate the pod if the network plugin ``ignored_by`` did not ignore them.
    ``near_misses`` are sorted: fewest failed conditions first.
    """

    direction: Direction
    endpoint: Endpoint
    admitted: bool
    isolating: tuple[NetworkPolicy, ...] = ()
    admitting: tuple[RuleRef, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
    unjudged: Unjudged | None = None
    ignored: tuple[NetworkPolicy, ...] = ()
    ignored_by: str = ""

    @property
    def isolated(self) -> bool:
        return bool(self.isolating)


CaveatKind = Literal[
    "other policy",  # a kind of policy that can overrule or narrow what NetworkPolicy decides (rule 29)
    "foreign workload",  # its own controller is not simulated: its pods are taken from the template
    "unknown object",  # its own controller may make pods, and there is no template to tell which
    "not enforced",  # the network plugin ignores policies, in one direction or in both (rule 28)
    "address family",  # policies may admit it, and the two ends have no address of one family
    "node's address",  # the pod may see a node's address in place of the client's (rule 18)
    "client's address",  # the pod sees the client's, unless something in front translates it (rule 18)
    "own Service",  # a pod that calls itself through its own Service (rule 25)
    "host port",  # a plugin of its own passes it on
    "UDP refusal",  # an ICMP message, and kernels limit how many they send
]


@dataclass(frozen=True)
class Caveat:
    """One thing that was not judged.

    ``about`` is the object it comes from, None where it is the ``plugin``. ``pods`` are the ids of the pods whose
    connections it may change, None for all. ``directions`` are those that are not enforced.
    """

    kind: CaveatKind
    about: Key | None = None
    pods: frozenset[str] | None = None
    directions: tuple[Direction, ...] = DIRECTIONS
    plugin: str = ""

    def touches(self, *pods: object) -> bool:
        """Whether it may change what these ends of a connection see."""
        return self.pods is None or any(isinstance(pod, Pod) and pod.id in self.pods for pod in pods)


@dataclass(frozen=True)
class Verdict:
    """Whether ``source`` may open a connection to ``destination`` on the POD's ``port``, and why.

    Both gates say what the cluster's own profile decides, and so do :attr:`allowed` and :attr:`stops_at`: it is what
    clients in the simulated cluster see. ``upstream`` decides as the end-to-end tests of Kubernetes expect.
    ``answer`` says more: under ``upstream``, where the plugins that enforce the whole API differ, it is "depends on the
    network plugin", and ``by_profile`` holds the answer of each.
    """

    source: Endpoint
    destination: Endpoint
    protocol: str
    port: int
    egress: Gate
    ingress: Gate
    answer: Answer
    by_profile: tuple[tuple[str, Answer], ...] = ()
    """Where network plugins differ: each profile's answer; empty when all agree."""
    caveats: tuple[Caveat, ...] = ()
    """What was not judged and could make it otherwise."""

    @property
    def gates(self) -> tuple[Gate, Gate]:
        """The two ends in the order in which a packet meets them: egress, ingress."""
        return self.egress, self.ingress

    @property
    def allowed(self) -> bool:
        """Whether both ends admit it, as the cluster's own profile has it."""
        return self.egress.admitted and self.ingress.admitted

    @property
    def depends(self) -> bool:
        """Whether plugins that enforce the whole API differ here."""
        return bool(self.by_profile)

    @property
    def stops_at(self) -> Literal["", "egress", "ingress", "both ends"]:
        """Which end does not admit; empty when both do."""
        if self.egress.admitted:
            return "" if self.ingress.admitted else "ingress"
        return "egress" if self.ingress.admitted else "both ends"

    def without_near_misses(self) -> Verdict:
        """The same judgement, without the rules that come close to admitting."""
        egress, ingress = (replace(gate, near_misses=()) for gate in self.gates)
        return replace(self, egress=egress, ingress=ingress)

    def __bool__(self) -> bool:
        return self.allowed
