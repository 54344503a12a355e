"""The canary: a proof, in a namespace of the lab's own, of what this cluster does with policies.

Ingress, egress, pods, ipBlock; how fast; dropped or rejected; and what becomes of standing connections. It names the
profile that the cluster behaves like.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

from netpol_lab.connections.probed import MetOutcome
from netpol_lab.engine.profiles import PROFILES, UPSTREAM, Profile
from netpol_lab.lab.live.held_open import HeldOpen
from netpol_lab.lab.live.own_kubectl import LiveError, OwnKubectl, Staying
from netpol_lab.lab.live.own_objects import OwnObjects, own_pod
from netpol_lab.lab.live.reading import running_pod
from netpol_lab.lab.live.trying import Exec, try_connection
from netpol_lab.lab.live.waiting import Clock, wait_until
from netpol_lab.model.objects import Pod

PATIENCE = 30.0
"""Seconds that a plugin gets to enforce a policy."""

PORT = 8080
NAMES = ("server", "friend", "stranger")
T = TypeVar("T")


@dataclass
class Proof:
    """What the canary saw. ``seconds`` is the slowest change, ``answer`` how a blocked connection ends.

    ``standing``: whether a connection that stood was kept or cut when policies no longer admitted it; "" where that
    was not seen.
    """

    ingress: bool = False
    egress: bool = False
    pods: bool = False
    ip_block: bool = False
    answer: MetOutcome = "not tried"
    standing: Literal["kept", "cut", ""] = ""
    seconds: float = 0.0
    sentences: list[str] = field(default_factory=list)

    @property
    def profile(self) -> Profile:
        """The profile that the cluster behaves like, as far as this can tell; with what was seen in place of its own.

        >>> Proof(ingress=True, egress=True, pods=True, ip_block=True, standing="kept").profile.name
        'calico'
        """
        enforces = frozenset(way for way in ("ingress", "egress") if getattr(self, way))
        alike = [
            each
            for each in PROFILES.values()
            if each.enforces == enforces and (not self.ingress or each.ip_block_matches_pods == self.ip_block)
        ]
        alike = alike or [replace(UPSTREAM, enforces=enforces)]
        best = next((each for each in alike if each.existing_connections == self.standing), alike[0])
        return replace(best, existing_connections=self.standing) if self.standing else best


def run_canary(
    kubectl: OwnKubectl,
    own: OwnObjects,
    run: Exec,
    start: Callable[[Pod, Sequence[str]], Staying],
    namespace: str,
    clock: Clock,
    say: Callable[[str], None],
) -> Proof:
    """Prove it in ``namespace``, which has to be the lab's own. Everything that was made is taken away again.

    ``run`` runs a program in a pod, ``start`` starts one that stays. Raises :class:`LiveError` where no proof is
    possible: the pods do not start, or they cannot talk without policies.
    """
    canary = _Canary(kubectl, own, run, start, namespace, clock, say)
    try:
        canary.prepare()
        return canary.prove()
    finally:
        canary.clean()


@dataclass
class _Canary:
    kubectl: OwnKubectl
    own: OwnObjects
    run: Exec
    start: Callable[[Pod, Sequence[str]], Staying]
    namespace: str
    clock: Clock
    say: Callable[[str], None]
    pods: dict[str, Pod] = field(default_factory=dict)
    proof: Proof = field(default_factory=Proof)

    def prepare(self) -> None:
        """A server and two clients that run, and can talk."""
        serve = f"mkdir -p /tmp/www && echo canary > /tmp/www/index.html && httpd -f -p {PORT} -h /tmp/www"
        for name in NAMES:
            command = ["sh", "-c", serve] if name == "server" else []
            self.own.create(own_pod(f"canary-{name}", self.namespace, {"canary": name}, command))
        keys = [("Pod", self.namespace, f"canary-{name}") for name in NAMES]
        wait_until(self.kubectl, keys, (), self.say, self.clock)
        for name in NAMES:
            self.pods[name] = running_pod(self.kubectl, self.namespace, f"canary-{name}")
        if self._becomes("friend", open_=True) is None:
            raise LiveError(
                "Without any policy the canary's pods cannot talk to each other, so nothing is proved. Is there a "
                "policy of another kind in the cluster, or a network that does not work?"
            )

    def prove(self) -> Proof:
        """One policy after the other, alone."""
        proof = self.proof
        proof.ingress = self._closes("ingress", _policy(self.namespace, "server", "Ingress"))
        proof.egress = self._closes("egress", _policy(self.namespace, "friend", "Egress"))
        if proof.ingress:
            friend = {"podSelector": {"matchLabels": {"canary": "friend"}}}
            proof.pods = self._admits("a rule with a podSelector", friend)
            ip = self.pods["friend"].ip
            assert ip is not None
            block = {"ipBlock": {"cidr": f"{ip}/{ip.max_prefixlen}"}}
            proof.ip_block = self._admits("a rule with the ipBlock of a pod's address", block)
        return proof

    def clean(self) -> None:
        """Take everything away again, whatever happened."""
        for name in NAMES:
            self.own.delete("pod", self.namespace, f"canary-{name}")
        self.own.delete("networkpolicy", self.namespace, "canary")

    def _closes(self, what: str, policy: dict[str, Any]) -> bool:
        """Whether new connections are closed; what becomes of one that stands is told, too."""
        with HeldOpen(self.start, self.pods["friend"], self.pods["server"], self.clock) as held:
            stood = held.moves()

            def closes() -> str:
                seconds = self._becomes("friend", open_=False)
                if seconds is None:
                    return ""
                how = "is refused at once" if self.proof.answer == "refused" else "gets no answer"
                return f"enforced within {max(seconds, 1):.0f} s; a new connection {how}, {self._fate(held, stood)}"

            said = self._under(policy, closes)
        self.proof.sentences.append(f"{what}: {said or 'NOT enforced'}")
        return bool(said)

    def _fate(self, held: HeldOpen, stood: bool) -> str:
        if not stood:
            return "and of one that stands nothing was seen"
        fate: Literal["kept", "cut"] = "kept" if held.moves() else "cut"
        self.proof.standing = "cut" if "cut" in (fate, self.proof.standing) else "kept"
        return f"and one that stands is {fate}"

    def _admits(self, what: str, peer: dict[str, Any]) -> bool:
        """Whether a rule lets the friend in, while the stranger stays out."""
        policy = _policy(self.namespace, "server", "Ingress", [{"from": [peer]}])

        def fits() -> bool:
            closed = self._becomes("stranger", open_=False) is not None
            return closed and self._becomes("friend", open_=True) is not None

        admits = self._under(policy, fits)
        self.proof.sentences.append(f"{what}: {'admits that pod alone' if admits else 'does not admit that pod'}")
        return admits

    def _under(self, policy: dict[str, Any], check: Callable[[], T]) -> T:
        self.own.create(policy)
        try:
            return check()
        finally:
            self.own.delete("networkpolicy", self.namespace, "canary")
            if self._becomes("friend", open_=True) is None:
                self.say("the canary's policy is gone, and the connection is still closed\n")

    def _becomes(self, client: str, *, open_: bool) -> float | None:
        """Seconds until the first connection of the client that is open, or closed; None where the patience ended."""
        started = self.clock.now()
        while True:
            spent = self.clock.now() - started
            met = try_connection(self.run, self.pods[client], str(self.pods["server"].ip), PORT).met
            if met != "not tried" and (met == "connected") == open_:
                self.proof.seconds = max(self.proof.seconds, spent)
                if not open_:
                    self.proof.answer = met
                return spent
            if spent > PATIENCE:
                return None
            self.clock.sleep(1.0)


def _policy(namespace: str, pod: str, way: str, rules: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "canary", "namespace": namespace},
        "spec": {
            "podSelector": {"matchLabels": {"canary": pod}},
            "policyTypes": [way],
            **({way.lower(): list(rules)} if rules else {}),
        },
    }
