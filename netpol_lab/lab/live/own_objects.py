"""What the lab itself writes to a real cluster: only in namespaces with its label and the student's number.

The label is looked up anew before every write. The one thing of the whole cluster that the lab makes and deletes is a
namespace of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from netpol_lab.lab.live.own_kubectl import LiveError, NotThere, OwnKubectl, trouble
from netpol_lab.lab.live.place import ClusterPlace, current_place
from netpol_lab.lab.live.waiting import Clock, wait_until
from netpol_lab.model.bodies import Body

STUDENT = "netpol-lab/student"
"""A namespace with this label, and the student's number as its value, may be written to by the lab."""

MADE_BY = "netpol-lab/made-by"
"""On everything that the lab made, namespaces too: whose lab it was."""

KINDS = "pods,networkpolicies.networking.k8s.io"
"""All that the lab ever makes inside a namespace."""


IMAGE = "busybox:1.36"
"""The image of every pod that the lab makes."""

LIFETIME = 900
"""Seconds after which such a pod ends by itself, where nobody is left to take it away."""


def own_pod(name: str, namespace: str, labels: Mapping[str, str], command: Sequence[str] = (), **spec: Any) -> Body:
    """A pod with a client that a namespace of the strictest Pod Security Standard admits, and that is gone at once.

    Without a ``command`` it sleeps. ``spec`` are more fields of its spec.
    """
    strict = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {
        "name": "client",
        "image": IMAGE,
        "command": [*command] or ["sleep", str(LIFETIME)],
        "securityContext": strict,
    }
    nobody = {"runAsNonRoot": True, "runAsUser": 65534, "seccompProfile": {"type": "RuntimeDefault"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {**labels}},
        "spec": {
            "containers": [container],
            "securityContext": nobody,
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "activeDeadlineSeconds": LIFETIME,
            **spec,
        },
    }


class OwnObjects:
    """The lab's own objects of one student on one cluster."""

    def __init__(self, kubectl: OwnKubectl, place: ClusterPlace, number: str, clock: Clock) -> None:
        self._kubectl, self._place, self._number, self._clock = kubectl, place, number, clock

    @property
    def selector(self) -> str:
        return f"{MADE_BY}={self._number}"

    def make_namespace(self, name: str) -> None:
        """Make a namespace of the lab's own; one that is there must be. Raises :class:`LiveError`."""
        self._check_server()
        try:
            self._check_namespace(name)
        except NotThere:
            labels = {STUDENT: self._number, MADE_BY: self._number}
            self._send(
                "create", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
            )

    def create(self, body: Body) -> None:
        """Make a pod or a policy. Raises :class:`LiveError` for a namespace that is not the lab's."""
        namespace = body["metadata"]["namespace"]
        if body["kind"] not in ("Pod", "NetworkPolicy"):
            raise LiveError(f"The lab makes no {body['kind']}.")
        self._check_server()
        self._check_namespace(namespace)
        metadata = {**body["metadata"], "labels": {**body["metadata"].get("labels", {}), MADE_BY: self._number}}
        self._send("create", {**body, "metadata": metadata}, f"--namespace={namespace}")

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Take away one object that the lab made."""
        self._check_server()
        self._check_namespace(namespace)
        self._run("delete", f"{kind}/{name}", f"--namespace={namespace}", "--ignore-not-found", "--wait=false")

    def clean(self, say: Callable[[str], None]) -> list[str]:
        """Take away all that the lab made for this student; returns what it was.

        Raises :class:`LiveError` where something is left: what is there afterwards is looked up.
        """
        self._check_server()
        mine = [name for name in self._names("namespaces", f"{STUDENT}={self._number}") if name]
        made = [name for name in self._names("namespaces", f"{self.selector},{STUDENT}={self._number}") if name]
        gone: list[str] = []
        for namespace in mine:
            if namespace in made:
                self._run("delete", f"namespace/{namespace}", "--ignore-not-found", "--wait=false")
                gone.append(f"namespace/{namespace}")
                continue
            inside = self._inside(namespace)
            if inside:
                self._check_namespace(namespace)
                words = (KINDS, f"--namespace={namespace}", f"--selector={self.selector}", "--wait=false")
                self._run("delete", *words)
                gone += [f"{each} in {namespace}" for each in inside]
        wait_until(self._kubectl, (), [("Namespace", "", name) for name in made], say, self._clock)
        left = [f"namespace/{name}" for name in self._names("namespaces", self.selector)]
        left += [each for name in mine if name not in made for each in self._inside(name, ending=False)]
        if left:
            raise LiveError(f"Still there, and made by this lab: {', '.join(left[:5])}. Run lab.reset() again later.")
        return gone

    # -- checks ----------------------------------------------------------------------------------

    def _check_server(self) -> None:
        now = current_place(self._kubectl)
        if now.server != self._place.server:
            raise LiveError(
                f"The context {self._place.context!r} leads to {now.server} now, and not to {self._place.server} as "
                "you confirmed. The lab writes nothing there."
            )

    def _check_namespace(self, name: str) -> None:
        body = json.loads(self._kubectl.read("get", f"namespace/{name}", "-o", "json"))
        labels = body["metadata"].get("labels") or {}
        if labels.get(STUDENT) != self._number:
            raise LiveError(
                f"The namespace {name} does not carry the label {STUDENT}={self._number}, so the lab writes nothing "
                f"there. If it is yours and may be written to: kubectl label namespace {name} {STUDENT}={self._number}"
            )

    # -- kubectl ---------------------------------------------------------------------------------

    def _inside(self, namespace: str, ending: bool = True) -> list[str]:
        text = self._kubectl.read("get", KINDS, f"--namespace={namespace}", f"--selector={self.selector}", "-o", "json")
        items = json.loads(text or '{"items": []}')["items"]
        chosen = [each for each in items if ending or not each["metadata"].get("deletionTimestamp")]
        return [f"{each['kind'].lower()}/{each['metadata']['name']}" for each in chosen]

    def _names(self, kind: str, selector: str) -> list[str]:
        text = self._kubectl.read("get", kind, f"--selector={selector}", "-o", "json")
        return [each["metadata"]["name"] for each in json.loads(text or '{"items": []}')["items"]]

    def _send(self, verb: str, body: dict[str, Any], *where: str) -> None:
        self._run(verb, "-f", "-", *where, stdin=json.dumps(body))

    def _run(self, *words: str, stdin: str = "") -> None:
        said = self._kubectl.say(*words, stdin=stdin)
        if said.exit_code:
            raise trouble(words, said)
