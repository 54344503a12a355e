"""What the engine answers about one connection, and why.

A policy never denies. A connection fails at an end because some policy *isolates* the pod there and
no rule *admits* the connection (D). So a :class:`Gate` lists the policies that isolate, the rules
that admit, and the *near misses*: the rules that do not admit, each with the conditions that failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netpol_lab.model.bodies import Key
from netpol_lab.model.objects import (
    DIRECTIONS,
    Direction,
    Endpoint,
    NetworkPolicy,
    NetworkPolicyPeer,
    NetworkPolicyPort,
    NetworkPolicyRule,
    Origin,
    Pod,
    Requirement,
)

Answer = Literal["allowed", "blocked", "depends on the network plugin"]


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
    """A condition of a rule that this connection does not meet.

    ``kind``: ``pod label``, ``namespace label``, ``namespace`` (a bare podSelector looks into the policy's
    own namespace only), ``address`` (ipBlock), ``port``, ``protocol``, ``named port``, ``outside`` (a selector
    never matches an address outside the cluster).
    ``subject`` is the thing that was looked at (``pod client-07``, ``namespace prod``); ``wanted`` and ``found`` are
    short texts that stand one above the other (``app=frontend`` / ``app=fronted``; found may be ``no label app``).
    ``fix`` is the label that would meet it, as (key, value), where one label alone would. Of a label, ``requirement``
    is what the selector asks and ``value`` what the object has under that key, None where it lacks it. Of an address,
    ``compared`` tells whether the plugin compares ipBlocks with such an end at all.
    """

    kind: str
    subject: str
    wanted: str
    found: str
    origin: Origin | None = None
    fix: tuple[str, str] | None = None
    requirement: Requirement | None = None
    value: str | None = None
    compared: bool = True

    def __str__(self) -> str:
        return f"{self.subject} has {self.found}, the rule wants {self.wanted}"


@dataclass(frozen=True)
class NearMiss:
    """A rule that isolates the pod's way but does not admit, with what failed in its closest peer and port."""

    rule: RuleRef
    failed: tuple[Condition, ...]


@dataclass(frozen=True)
class Gate:
    """One end of a connection: egress at the source, or ingress at the destination.

    ``isolating`` is empty when the pod is not isolated; then ``admitted`` is True and ``admitting`` empty.
    ``note`` explains a gate that no policy judges: an outside address, the pod itself, its own node, the host network.
    ``near_misses`` are sorted: fewest failed conditions first.
    """

    direction: Direction
    endpoint: Endpoint
    admitted: bool
    isolating: tuple[NetworkPolicy, ...] = ()
    admitting: tuple[RuleRef, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
    note: str = ""

    @property
    def isolated(self) -> bool:
        return bool(self.isolating)


CaveatKind = Literal[
    "other policy",  # a kind of policy that can overrule or narrow what NetworkPolicy decides (rule 29)
    "foreign workload",  # its own controller is not simulated: its pods are taken from the template
    "not enforced",  # the network plugin ignores policies, in one direction or in both (rule 28)
]


@dataclass(frozen=True)
class Caveat:
    """One thing that was not judged.

    ``about`` is the object it comes from, None where it is the plugin. ``pods`` are the ids of the pods whose
    connections it may change, None for all. ``directions`` are those that are not enforced.
    """

    kind: CaveatKind
    about: Key | None = None
    pods: frozenset[str] | None = None
    directions: tuple[Direction, ...] = DIRECTIONS

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

    def __bool__(self) -> bool:
        return self.allowed
