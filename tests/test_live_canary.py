"""What the canary makes of a cluster: one that is written here, by what its plugin does; no time passes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from netpol_lab.lab.live.canary import Proof, run_canary
from netpol_lab.lab.live.own_kubectl import KubectlSaid, LiveError, OwnKubectl, Staying
from netpol_lab.lab.live.own_objects import OwnObjects
from netpol_lab.lab.live.waiting import Clock
from netpol_lab.model.objects import Pod


@dataclass
class Plugin:
    """A cluster with a network plugin, seen through kubectl."""

    enforces: frozenset[str] = frozenset({"ingress", "egress"})
    ip_blocks: bool = True
    kept: bool | None = True
    """Whether standing connections live on; None: the image has no program to hold one with."""
    refuses: bool = False
    slow: float = 0.0
    broken: bool = False
    pods: dict[str, Any] = field(default_factory=dict)
    policy: Any = None
    time: float = 0.0
    since: float = 0.0

    # -- what the lab writes

    def create(self, body: Any) -> None:
        if body["kind"] == "NetworkPolicy":
            self.policy, self.since = body["spec"], self.time
            return
        address = {"phase": "Running", "podIP": f"10.0.0.{len(self.pods) + 1}"}
        conditions = [{"type": "Ready", "status": "True"}]
        status = {**address, "podIPs": [{"ip": address["podIP"]}], "conditions": conditions}
        self.pods[body["metadata"]["name"]] = {**body, "status": status}

    def delete(self, kind: str, namespace: str, name: str) -> None:
        if kind == "networkpolicy":
            self.policy = None
        self.pods.pop(name, None)

    # -- what kubectl says

    def read(self, *words: str, seconds: float = 60) -> str:
        names = [word.removeprefix("pod/") for word in words if word.startswith("pod/")]
        found = [self.pods[name] for name in names if name in self.pods]
        return json.dumps(found[0] if len(names) == 1 else {"kind": "List", "items": found}) if found else ""

    # -- what happens in pods

    def passes(self, client: str) -> bool:
        if self.policy is None or self.time - self.since < self.slow:
            return True
        (way,) = self.policy["policyTypes"]
        chosen = self.policy["podSelector"]["matchLabels"]["canary"]
        if way.lower() not in self.enforces or chosen not in ("server", client):
            return True
        peers = [peer for rule in self.policy.get("ingress", ()) for peer in rule["from"]]
        return any(
            peer["podSelector"]["matchLabels"]["canary"] == client
            if "podSelector" in peer
            else self.ip_blocks and client == "friend"
            for peer in peers
        )

    def run(self, pod: Pod, words: Sequence[str]) -> KubectlSaid:
        if not self.broken and self.passes(pod.name.removeprefix("canary-")):
            return KubectlSaid("", "open\n", 0)
        said = "Connection refused" if self.refuses else "Connection timed out"
        return KubectlSaid("", f"nc: 10.0.0.1: {said}\ncommand terminated with exit code 1\n", 1)

    def start(self, pod: Pod, words: Sequence[str]) -> Staying:
        return cast(Staying, Held(self, "cat" in words))

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def proof(self) -> Proof:
        clock = Clock(lambda: self.time, self.sleep)
        kubectl, own = cast(OwnKubectl, self), cast(OwnObjects, self)
        return run_canary(kubectl, own, self.run, self.start, "netpol-lab-07", clock, lambda text: None)


@dataclass
class Held:
    """A connection that stands: a number for each second in which the plugin lets it live."""

    plugin: Plugin
    server: bool
    lines: int = 0
    last: float = 0.0

    def said(self) -> str:
        if self.plugin.kept or self.plugin.passes("friend"):
            self.lines += round(self.plugin.time - self.last)
        self.last = self.plugin.time
        return "\n".join(map(str, range(self.lines)))

    def ended(self) -> int | None:
        return 1 if self.plugin.kept is None else None

    def end(self) -> None: ...


INGRESS, EGRESS = frozenset({"ingress"}), frozenset({"egress"})


@pytest.mark.parametrize(
    ("plugin", "name", "standing"),
    [
        (Plugin(), "calico", "kept"),
        (Plugin(kept=False), "upstream", "cut"),
        (Plugin(kept=None), "upstream", ""),
        (Plugin(ip_blocks=False, kept=False), "cilium", "cut"),
        (Plugin(ip_blocks=False), "cilium", "kept"),
        (Plugin(INGRESS, ip_blocks=False), "weave-2.3", "kept"),
        (Plugin(frozenset()), "flannel", ""),
        (Plugin(EGRESS, ip_blocks=False), "upstream", "kept"),
    ],
)
def test_the_profile_is_the_one_that_the_cluster_behaves_like(plugin: Plugin, name: str, standing: str) -> None:
    proof = plugin.proof()
    assert (proof.profile.name, proof.standing) == (name, standing)
    assert proof.profile.enforces == plugin.enforces
    if standing:
        assert proof.profile.existing_connections == standing
    assert (plugin.pods, plugin.policy) == ({}, None)


def test_what_becomes_of_a_connection_that_stands_is_told_for_each_direction() -> None:
    ingress, egress, *_ = Plugin(kept=False, refuses=True).proof().sentences
    said = "enforced within 1 s; a new connection is refused at once, and one that stands is cut"
    assert (ingress, egress) == (f"ingress: {said}", f"egress: {said}")
    assert "of one that stands nothing was seen" in Plugin(kept=None).proof().sentences[0]


def test_how_fast_is_the_first_connection_that_was_blocked() -> None:
    proof = Plugin(slow=7).proof()
    assert 7 <= proof.seconds <= 8
    assert proof.sentences[0].startswith(f"ingress: enforced within {proof.seconds:.0f} s")


def test_pods_that_cannot_talk_without_a_policy_prove_nothing_and_nothing_stays() -> None:
    plugin = Plugin(broken=True)
    with pytest.raises(LiveError, match="nothing is proved"):
        plugin.proof()
    assert plugin.pods == {}
