"""What a connection attempt was: its five steps, and where it ended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from netpol_lab.engine.verdict import Caveat, Verdict
from netpol_lab.model.objects import Endpoint, IPAddress, Pod, Service, name_of

Outcome = Literal[
    "connected",  # a server answers
    "timed out",  # a policy drops the packets, or nothing answers at that address
    "refused",  # admitted, but nothing listens on that port; or a Service without endpoints
    "bad address",  # DNS answered: no such name
    "dns timed out",  # the question to DNS was dropped
]

StepName = Literal["Name", "Service", "Egress", "Ingress", "Port"]

StepState = Literal["passed", "unused", "open", "admitted", "stopped", "not reached", "would admit"]

Fact = Literal[
    # of the name
    "address used",
    "the client itself",
    "no address",
    "resolved",
    "from /etc/hosts",
    "no such name",
    "no DNS pod",
    "DNS is blocked",
    # of the Service
    "becomes the pod",
    "becomes the node",
    "becomes the address",
    "headless",
    "no Service",
    "no such port",
    "no endpoints",
    "no ready pod",
    "no such address",
    "not on this node",
    # of the gates
    "a rule admits",
    "a rule would admit",
    "would admit",
    "would not admit",
    "not isolated",
    "to itself",
    "through its own Service",
    "outside",
    "a node",
    "host network",
    "its own node",
    "policies are ignored",
    "near misses",
    "no rule admits",
    # of the port
    "listens",
    "declared",
    "nothing listens",
    "nothing is there",
    # of every step after a stop
    "not reached",
]
"""What a step came to. The names, addresses and rules that it speaks of are in the flow."""


@dataclass(frozen=True)
class Step:
    """One of the five steps of a flow, as data; :mod:`netpol_lab.tell.step_words` has the words.

    ``state``: ``passed`` (a lookup that worked), ``unused`` (no name or no Service in this connection),
    ``open`` (pod not isolated), ``admitted`` (isolated, a rule admits), ``stopped`` (it ends here),
    ``not reached``, ``would admit`` (not reached, but this end would have let it through).
    ``fact`` is what it came to.
    """

    name: StepName
    state: StepState
    fact: Fact


@dataclass(frozen=True)
class Flow:
    """What happened to one connection attempt.

    ``host`` and ``port`` are what the client asked for; ``address`` what the name resolved to; ``destination``
    and ``target_port`` are after Service translation (None when it never got there). ``dns`` is the verdict on
    the question to DNS, if one was asked; ``verdict`` the verdict on the connection itself. ``by_address`` is
    the same connection made by address, where only the question to DNS was dropped.
    """

    source: Endpoint
    host: str
    port: int
    protocol: str
    outcome: Outcome
    steps: tuple[Step, ...]
    address: IPAddress | None = None
    service: Service | None = None
    destination: Endpoint | None = None
    target_port: int | None = None
    dns: Verdict | None = None
    verdict: Verdict | None = None
    by_address: Flow | None = None
    on_the_way: tuple[Caveat, ...] = ()
    """What was not judged between the client and the pod: no object of the state shows it."""

    @property
    def connected(self) -> bool:
        return self.outcome == "connected"

    @property
    def stopped_at(self) -> Step | None:
        return next((step for step in self.steps if step.state == "stopped"), None)

    @property
    def target_name(self) -> str:
        """The name people say of the end that was reached for; the host where it never got to one."""
        return name_of(self.destination) if self.destination is not None else self.host

    @property
    def caveats(self) -> tuple[Caveat, ...]:
        """What was not judged and could make it otherwise: on the way, of the question to DNS and of the connection."""
        parts = (self.on_the_way, *(each.caveats for each in (self.dns, self.verdict) if each is not None))
        return tuple(dict.fromkeys(each for part in parts for each in part))

    @property
    def judged(self) -> Verdict | None:
        """The verdict that decides: on the connection, or on the question to DNS where that was dropped."""
        return self.dns if self.outcome == "dns timed out" else self.verdict

    def without_near_misses(self) -> Flow:
        """The same, without the rules that come close: what a packet shows, and nothing of why."""
        facts: dict[Fact, Fact] = {"near misses": "no rule admits"}
        return replace(
            self,
            steps=tuple(replace(step, fact=facts.get(step.fact, step.fact)) for step in self.steps),
            dns=self.dns.without_near_misses() if self.dns is not None else None,
            verdict=self.verdict.without_near_misses() if self.verdict is not None else None,
            by_address=None,
        )

    @property
    def server(self) -> Pod | None:
        """The pod that answers, if one does."""
        return self.destination if self.connected and isinstance(self.destination, Pod) else None


@dataclass(frozen=True)
class Attempt:
    """One connection a client program made: what was typed in the pod, and what the program said."""

    flow: Flow
    command: str
    said: str
