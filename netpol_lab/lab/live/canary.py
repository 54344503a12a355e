"""The canary: a proof, in a namespace of the lab's own, of what this cluster does with policies.

Ingress, egress, pods, ipBlock; how fast; dropped or rejected. It names the profile that the cluster behaves like.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from netpol_lab.connections.probed import MetOutcome
from netpol_lab.engine.profiles import CILIUM, FLANNEL, UPSTREAM, WEAVE_2_3, Profile
from netpol_lab.lab.live.own_kubectl import LiveError, OwnKubectl
from netpol_lab.lab.live.own_objects import OwnObjects
from netpol_lab.lab.live.trying import Exec, try_connection
from netpol_lab.lab.live.waiting import Clock, wait_until
from netpol_lab.manifests import from_object
from netpol_lab.model.objects import Pod

PATIENCE = 30.0
"""Seconds that a plugin gets to enforce a policy."""

PORT = 8080
IMAGE = "busybox:1.36"
NAMES = ("server", "friend", "stranger")


@dataclass
class Proof:
    """What the canary saw. ``seconds`` is the slowest change, ``answer`` how a blocked connection ends."""

    ingress: bool = False
    egress: bool = False
    pods: bool = False
    ip_block: bool = False
    answer: MetOutcome = "not tried"
    seconds: float = 0.0
    sentences: list[str] = field(default_factory=list)

    @property
    def profile(self) -> Profile:
        """The profile that the cluster behaves like, as far as this can tell."""
        if not self.ingress and not self.egress:
            return FLANNEL
        if not self.egress:
            return WEAVE_2_3
        return UPSTREAM if self.ip_block else CILIUM


def run_canary(
    kubectl: OwnKubectl, own: OwnObjects, run: Exec, namespace: str, clock: Clock, say: Callable[[str], None]
) -> Proof:
    """Prove it in ``namespace``, which has to be the lab's own. Everything that was made is taken away again.

    Raises :class:`LiveError` where no proof is possible: the pods do not start, or they cannot talk without policies.
    """
    canary = _Canary(kubectl, own, run, namespace, clock, say)
    try:
        canary.prepare()
        return canary.prove()
    finally:
        canary.clean()


class _Canary:
    def __init__(
        self,
        kubectl: OwnKubectl,
        own: OwnObjects,
        run: Exec,
        namespace: str,
        clock: Clock,
        say: Callable[[str], None],
    ) -> None:
        self._kubectl, self._own, self._run, self._clock, self._say = kubectl, own, run, clock, say
        self._namespace = namespace
        self._pods: dict[str, Pod] = {}
        self._proof = Proof()

    def prepare(self) -> None:
        """A server and two clients that run, and can talk."""
        for name in NAMES:
            self._own.create(_pod(name, self._namespace))
        keys = [("Pod", self._namespace, f"canary-{name}") for name in NAMES]
        wait_until(self._kubectl, keys, (), self._say, self._clock)
        for name in NAMES:
            words = ("get", f"pod/canary-{name}", f"--namespace={self._namespace}", "-o", "json")
            typed = from_object(json.loads(self._kubectl.read(*words)), strict=False).typed
            if not isinstance(typed, Pod) or typed.ip is None or typed.phase != "Running":
                raise LiveError(
                    f"The canary's pod canary-{name} does not run, so nothing is proved. {IMAGE} is its image."
                )
            self._pods[name] = typed
        if not self._becomes("friend", open_=True):
            raise LiveError(
                "Without any policy the canary's pods cannot talk to each other, so nothing is proved. Is there a "
                "policy of another kind in the cluster, or a network that does not work?"
            )

    def prove(self) -> Proof:
        """One policy after the other, alone."""
        proof = self._proof
        proof.ingress = self._closes("ingress", _policy(self._namespace, "server", "Ingress"))
        proof.egress = self._closes("egress", _policy(self._namespace, "friend", "Egress"))
        if proof.ingress:
            friend = {"podSelector": {"matchLabels": {"canary": "friend"}}}
            proof.pods = self._admits("a rule with a podSelector", friend)
            ip = self._pods["friend"].ip
            assert ip is not None
            block = {"ipBlock": {"cidr": f"{ip}/{ip.max_prefixlen}"}}
            proof.ip_block = self._admits("a rule with the ipBlock of a pod's address", block)
        return proof

    def clean(self) -> None:
        """Take everything away again, whatever happened."""
        for name in NAMES:
            self._own.delete("pod", self._namespace, f"canary-{name}")
        self._own.delete("networkpolicy", self._namespace, "canary")

    def _closes(self, what: str, policy: dict[str, Any]) -> bool:
        with_policy = self._under(policy, lambda: self._becomes("friend", open_=False))
        said = f"enforced within {self._proof.seconds:.0f} s, and {self._how()}" if with_policy else "NOT enforced"
        self._proof.sentences.append(f"{what}: {said}")
        return with_policy

    def _admits(self, what: str, peer: dict[str, Any]) -> bool:
        """Whether a rule lets the friend in, while the stranger stays out."""
        policy = _policy(self._namespace, "server", "Ingress", [{"from": [peer]}])

        def fits() -> bool:
            return self._becomes("stranger", open_=False) and self._becomes("friend", open_=True)

        admits = self._under(policy, fits)
        self._proof.sentences.append(f"{what}: {'admits that pod alone' if admits else 'does not admit that pod'}")
        return admits

    def _under(self, policy: dict[str, Any], check: Callable[[], bool]) -> bool:
        self._own.create(policy)
        try:
            return check()
        finally:
            self._own.delete("networkpolicy", self._namespace, "canary")
            wait_until(self._kubectl, (), [("NetworkPolicy", self._namespace, "canary")], self._say, self._clock)
            if not self._becomes("friend", open_=True):
                self._say("the canary's policy is gone, and the connection is still closed\n")

    def _becomes(self, client: str, *, open_: bool) -> bool:
        """Whether the client's connection becomes open, or closed, within the patience; the time it took is kept."""
        started = self._clock.now()
        while True:
            server = self._pods["server"].ip
            met = try_connection(self._run, self._pods[client], str(server), PORT).met
            spent = self._clock.now() - started
            if met != "not tried" and (met == "connected") == open_:
                self._proof.seconds = max(self._proof.seconds, spent)
                if not open_:
                    self._proof.answer = met
                return True
            if spent > PATIENCE:
                return False
            self._clock.sleep(1.0)

    def _how(self) -> str:
        return "a blocked connection is refused at once" if self._proof.answer == "refused" else "packets are dropped"


def _pod(name: str, namespace: str) -> dict[str, Any]:
    serve = f"mkdir -p /tmp/www && echo canary > /tmp/www/index.html && httpd -f -p {PORT} -h /tmp/www"
    command: Sequence[str] = ["sh", "-c", serve] if name == "server" else ["sleep", "3600"]
    ports = [{"containerPort": PORT}] if name == "server" else []
    container = {"name": "canary", "image": IMAGE, "command": command, "ports": ports}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"canary-{name}", "namespace": namespace, "labels": {"canary": name}},
        "spec": {
            "containers": [container],
            "terminationGracePeriodSeconds": 0,
            "activeDeadlineSeconds": 900,  # it ends by itself when nobody is left to take it away
        },
    }


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
