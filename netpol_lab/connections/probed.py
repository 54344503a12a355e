"""A prediction beside what a real connection met: data for a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netpol_lab.connections.flow import Flow

MetOutcome = Literal["connected", "timed out", "refused", "not tried"]

Surprise = Literal[
    "agrees",
    "agrees when asked again",  # the policy was not programmed yet
    "not enforced",
    "other policy",
    "plugin",
    "changed meanwhile",
    "nothing listens",
    "something listens",
    "rejected",
    "translated address",
    "dropped on the way",
    "no client",
    "not tried",
]
"""How what was met stands to what was predicted, with the likely reason where they differ."""


@dataclass(frozen=True)
class Probed:
    """One connection. ``words`` are what the client said, where it was not tried or the reason is not clear.

    ``double``: it was made from a pod of the lab's own with the labels of the source.
    """

    flow: Flow
    met: MetOutcome
    surprise: Surprise
    words: str = ""
    double: bool = False

    @property
    def is_surprise(self) -> bool:
        return self.met != "not tried" and not self.surprise.startswith("agrees")


def why_differs(flow: Flow, met: MetOutcome, changed: bool) -> Surprise:
    """The likely reason of a difference; ``changed``: labels or policies were other ones a moment later."""
    if met == "not tried":
        return "not tried"
    if met == flow.outcome or (met == "timed out" and not flow.connected and flow.outcome != "refused"):
        return "agrees"
    if changed:
        return "changed meanwhile"
    verdict = flow.verdict
    if any(each.kind == "other policy" for each in flow.caveats):
        return "other policy"
    if verdict is not None and len({answer for _, answer in verdict.by_profile}) > 1:
        return "plugin"
    if met == "timed out":
        return "translated address" if _by_address(flow) else "dropped on the way"
    if verdict is None or verdict.allowed:
        return "something listens" if met == "connected" else "nothing listens"
    return "rejected" if met == "refused" else "not enforced"


def _by_address(flow: Flow) -> bool:
    """Whether the rules that let it in look at the source's address, which may be another one on arrival."""
    rules = flow.verdict.ingress.admitting if flow.verdict is not None else ()
    return bool(rules) and all(rule.peer is not None and rule.peer.ip_block is not None for rule in rules)
