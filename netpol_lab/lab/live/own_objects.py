"""What the lab itself writes to a real cluster: only in namespaces with its label and the student's number.

The label is looked up anew before every write. The one thing of the whole cluster that the lab makes and deletes is a
namespace of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from netpol_lab.lab.live.own_kubectl import LiveError, NotThere, OwnKubectl, trouble
from netpol_lab.lab.live.place import ClusterPlace, current_place
from netpol_lab.lab.live.waiting import Clock, is_ending, look_up, wait_until
from netpol_lab.model.bodies import Body, ReadOnlyBody

STUDENT = "netpol-lab/student"
"""A namespace with this label, and the student's number as its value, may be written to by the lab."""

MADE_BY = "netpol-lab/made-by"
"""On everything that the lab made, namespaces too: whose lab it was."""

KINDS = "pods,services,deployments.apps,statefulsets.apps,networkpolicies.networking.k8s.io"
"""All that the lab ever makes inside a namespace."""

_MADE = ("Pod", "Service", "Deployment", "StatefulSet", "NetworkPolicy")


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
            self.check_namespace(name)
        except NotThere:
            labels = {STUDENT: self._number, MADE_BY: self._number}
            self._send(
                "create", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
            )

    def create(self, body: Body) -> None:
        """Make a pod or a policy. Raises :class:`LiveError` for a namespace that is not the lab's."""
        namespace = body["metadata"]["namespace"]
        self._check_kinds([body])
        self._check_server()
        self.check_namespace(namespace)
        self._send("create", _with(body, "labels", {MADE_BY: self._number}), f"--namespace={namespace}")

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Take away one object that the lab made."""
        self._check_server()
        self.check_namespace(namespace)
        self._run("delete", f"{kind}/{name}", f"--namespace={namespace}", "--ignore-not-found", "--wait=false")

    def apply(self, namespace: str, bodies: Sequence[Body]) -> None:
        """Apply objects of an exercise, all in one namespace.

        Where that is the student's own they carry the lab's mark as an annotation: a label is seen by selectors.
        """
        if not bodies:
            return
        self._check_kinds(bodies)
        self._check_server()
        if not self.is_made(self.check_namespace(namespace)):
            bodies = [_with(each, "annotations", {MADE_BY: self._number}) for each in bodies]
        self._send("apply", {"apiVersion": "v1", "kind": "List", "items": [*bodies]}, f"--namespace={namespace}")

    def put_namespace(self, body: Body, *, replace: bool) -> None:
        """Make a namespace of the lab's own with labels of an exercise, or set it back to them."""
        self._check_server()
        if replace:
            self.check_namespace(body["metadata"]["name"])
        marks = {STUDENT: self._number, MADE_BY: self._number}
        self._send("replace" if replace else "create", _with(body, "labels", marks))

    def clean(self, say: Callable[[str], None]) -> list[str]:
        """Take away all that the lab made for this student; returns what it was.

        Raises :class:`LiveError` where something is left: what is there afterwards is looked up.
        """
        gone = self.clear((), say)
        left = [f"namespace/{name}" for name in self._names("namespaces", self.selector)]
        mine = self._names("namespaces", f"{STUDENT}={self._number}")
        left += [_called(each) for name in mine for each in self._inside(name) if not is_ending(each)]
        if left:
            raise LiveError(f"Still there, and made by this lab: {', '.join(left[:5])}. Run lab.reset() again later.")
        return gone

    def clear(self, kept: Collection[str], say: Callable[[str], None]) -> list[str]:
        """Take away all that the lab made, and everything in a namespace that it made; the namespaces ``kept`` stay."""
        self._check_server()
        mine = self._names("namespaces", f"{STUDENT}={self._number}")
        made = self._names("namespaces", f"{self.selector},{STUDENT}={self._number}")
        gone, waited = [], []
        for name in mine:
            if name in made and name not in kept:
                self._run("delete", f"namespace/{name}", "--ignore-not-found", "--wait=false")
                gone.append(f"namespace/{name}")
                waited.append(("Namespace", "", name))
                continue
            objects = self._listed(name) if name in made else self._inside(name)
            waited += [(each["kind"], name, each["metadata"]["name"]) for each in objects]
            if objects:
                self.check_namespace(name)
                words = ("--ignore-not-found", "--grace-period=1", "--wait=false")
                self._run("delete", *map(_called, objects), f"--namespace={name}", *words)
            gone += [f"{_called(each)} in {name}" for each in objects]
        wait_until(self._kubectl, (), waited, say, self._clock)
        return gone

    # -- checks ----------------------------------------------------------------------------------

    def _check_server(self) -> None:
        now = current_place(self._kubectl)
        if now.server != self._place.server:
            raise LiveError(
                f"The context {self._place.context!r} leads to {now.server} now, and not to {self._place.server} as "
                "you confirmed. The lab writes nothing there."
            )

    def _check_kinds(self, bodies: Iterable[Body]) -> None:
        for each in bodies:
            if each["kind"] not in _MADE:
                raise LiveError(f"The lab makes no {each['kind']}.")

    def check_namespace(self, name: str) -> ReadOnlyBody:
        """A namespace that the lab may write to. Raises :class:`LiveError` for another one."""
        body: Body = json.loads(self._kubectl.read("get", f"namespace/{name}", "-o", "json"))
        labels = body["metadata"].get("labels") or {}
        if labels.get(STUDENT) != self._number:
            raise LiveError(
                f"The namespace {name} does not carry the label {STUDENT}={self._number}, so the lab writes nothing "
                f"there. If it is yours and may be written to: kubectl label namespace {name} {STUDENT}={self._number}"
            )
        return body

    # -- what is there ---------------------------------------------------------------------------

    def namespaces(self, names: Iterable[str], say: Callable[[str], None]) -> dict[str, ReadOnlyBody]:
        """Those of the namespaces that are there; one that is ending is waited for until it is gone."""
        keys = [("Namespace", "", name) for name in names]
        found = look_up(self._kubectl, keys)
        ending = [key for key, body in found.items() if is_ending(body)]
        if ending:
            wait_until(self._kubectl, (), ending, say, self._clock)
            found = look_up(self._kubectl, keys)
        return {key[2]: body for key, body in found.items()}

    def is_made(self, body: ReadOnlyBody) -> bool:
        """Whether the lab made an object for this student."""
        metadata = body["metadata"]
        marks = [(metadata.get(part) or {}).get(MADE_BY) for part in ("labels", "annotations")]
        return self._number in marks

    def not_made(self, namespace: str) -> list[str]:
        """What is in a namespace that neither the lab nor a controller nor the cluster itself made."""
        own = [each for each in self._listed(namespace) if not self.is_made(each)]
        return [_called(each) for each in own if (namespace, _called(each)) != ("default", "service/kubernetes")]

    # -- kubectl ---------------------------------------------------------------------------------

    def _inside(self, namespace: str) -> list[Body]:
        return [each for each in self._listed(namespace) if self.is_made(each)]

    def _listed(self, namespace: str) -> list[Body]:
        """The objects of a namespace that no controller made."""
        text = self._kubectl.read("get", KINDS, f"--namespace={namespace}", "-o", "json")
        items = json.loads(text or '{"items": []}')["items"]
        return [each for each in items if not _is_controlled(each)]

    def _names(self, kind: str, selector: str) -> list[str]:
        text = self._kubectl.read("get", kind, f"--selector={selector}", "-o", "json")
        return [each["metadata"]["name"] for each in json.loads(text or '{"items": []}')["items"]]

    def _send(self, verb: str, body: dict[str, Any], *where: str) -> None:
        self._run(verb, "-f", "-", *where, stdin=json.dumps(body))

    def _run(self, *words: str, stdin: str = "") -> None:
        said = self._kubectl.say(*words, stdin=stdin)
        if said.exit_code:
            raise trouble(words, said)


def _called(body: ReadOnlyBody) -> str:
    return f"{body['kind'].lower()}/{body['metadata']['name']}"


def _is_controlled(body: ReadOnlyBody) -> bool:
    """Whether a workload made it. A pod that is controlled by a pod is a double (see doubles.py)."""
    owners = body["metadata"].get("ownerReferences") or ()
    return any(each.get("controller") and each.get("kind") != "Pod" for each in owners)


def _with(body: Body, part: str, more: Mapping[str, str]) -> Body:
    """The object with more labels or annotations."""
    metadata = body["metadata"]
    return {**body, "metadata": {**metadata, part: {**(metadata.get(part) or {}), **more}}}
