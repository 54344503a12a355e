"""Healthy worlds from a number: an application, the connections it needs, and the policies that admit no others.

The same number gives the same world on every machine. Worlds of one size have the same workloads, flows and policies;
only their names differ, so that they are equally hard. What they are made of stands in ``data/practice/worlds.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

import yaml

from netpol_lab.model import datafiles as data
from netpol_lab.model.fields import Fields

Manifest = dict[str, Any]
"""One object as its YAML has it."""

IMAGE = "registry.k8s.io/e2e-test-images/agnhost:2.47"
"""It serves its pod's name on any port, and has wget, nc and nslookup to ask with."""

OPEN_SPACES = ("gateway", "monitoring")
"""The namespaces no policy closes: their pods may ask anybody."""


@dataclass(frozen=True)
class Workload:
    """A Deployment with its Service. ``port`` is the pods', ``service`` the Service's; policies select by ``role``."""

    role: str
    namespace: str
    name: str
    port: int
    service: int

    @property
    def id(self) -> str:
        return f"{self.namespace}/{self.name}"

    def objects(self) -> Iterator[Manifest]:
        """Its Deployment and its Service, which chooses pods by ``app``."""
        labels = {"app": self.name, "role": self.role}
        yield pod_of(self.namespace, self.name, labels, self.port, {})
        yield service_of(self.namespace, self.name, labels, self.service, self.port)


@dataclass(frozen=True)
class WantedFlow:
    """A connection the application needs, on the port where its destination listens."""

    source: Workload
    destination: Workload


@dataclass(frozen=True)
class HealthyWorld:
    """An application. ``spaces`` are its own namespaces, which policies close in both directions."""

    company: str
    spaces: tuple[str, ...]
    workloads: tuple[Workload, ...]
    flows: tuple[WantedFlow, ...]

    def role(self, name: str) -> Workload:
        """The workload of a role, such as ``db``."""
        return next(each for each in self.workloads if each.role == name)

    def objects(self) -> list[Manifest]:
        """Namespaces, Deployments and Services: everything but policies."""
        names = dict.fromkeys(each.namespace for each in self.workloads)
        spaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in names]
        return [*spaces, *(made for each in self.workloads for made in each.objects())]

    def policies(self) -> list[Manifest]:
        """The policies that admit each wanted flow and nothing else, in the order they are read best."""
        return [each for space in self.spaces for each in (deny_policy(space), dns_policy(space), *self._of(space))]

    def _of(self, space: str) -> Iterator[Manifest]:
        for mine in (each for each in self.workloads if each.namespace == space):
            sources = [flow.source for flow in self.flows if flow.destination == mine]
            if sources:
                rule = {"from": [peer(each, space) for each in sources], "ports": [port_of(mine.port)]}
                yield policy(space, f"to-{mine.name}", {"role": mine.role}, ingress=[rule])
            targets = [flow.destination for flow in self.flows if flow.source == mine]
            if targets:
                rules = [{"to": [peer(each, space)], "ports": [port_of(each.port)]} for each in targets]
                yield policy(space, f"from-{mine.name}", {"role": mine.role}, egress=rules)


def world(number: int, size: int = 1, suffix: str = "", shift: int = 0) -> HealthyWorld:
    """The world of a number. ``size`` 1 to 3 gives 6, 9 or 10 workloads.

    ``suffix`` is appended to the names of the application's namespaces, and ``shift`` added to the pods' ports.

    >>> [each.id for each in world(17).workloads][:3] == [each.id for each in world(17).workloads][:3]
    True
    """
    parts = _parts()
    theme = Random(f"world {number}").choice(parts.themes)
    spaces = {space: theme[space] + suffix for space in ("app", "data")}
    made = [
        Workload(role, spaces.get(space, space), theme.get(role, _PLAIN.get(role, role)), port + shift, service)
        for role, space, port, service, smallest in parts.roles
        if smallest <= size
    ]
    by_role = {each.role: each for each in made}
    flows = tuple(WantedFlow(by_role[a], by_role[b]) for a, b in parts.flows if a in by_role and b in by_role)
    return HealthyWorld(theme["company"], tuple(spaces.values()), tuple(made), flows)


def partners(made: HealthyWorld) -> list[dict[str, str]]:
    """The labels of all pods that a policy of a world speaks of."""
    ends = dict.fromkeys(end for flow in made.flows for end in (flow.source, flow.destination))
    return [{"app": each.name, "role": each.role} for each in ends]


_PLAIN: Mapping[str, str] = {"gateway": "router", "scraper": "prometheus", "board": "grafana"}


@dataclass(frozen=True)
class _WorldParts:
    themes: tuple[dict[str, str], ...]
    roles: tuple[tuple[str, str, int, int, int], ...]
    flows: tuple[tuple[str, str], ...]


@cache
def _parts() -> _WorldParts:
    place = "practice/worlds.yaml"
    fields = Fields(yaml.safe_load(data.path("practice", "worlds.yaml").read_text(encoding="utf-8")), place)
    themes = tuple({name: each.text(name) for name in each.left} for each in fields.each("themes"))
    roles = tuple(
        (each.text("role"), each.text("space"), *(each.number(name) or 0 for name in ("port", "service", "size")))
        for each in fields.each("roles")
    )
    flows = tuple((each.text("from"), each.text("to")) for each in fields.each("flows"))
    fields.done()
    return _WorldParts(themes, roles, flows)  # type: ignore[arg-type]


# -- objects -------------------------------------------------------------------------------------


def policy(
    space: str,
    name: str,
    selects: Mapping[str, str],
    *,
    ingress: Iterable[Manifest] | None = None,
    egress: Iterable[Manifest] | None = None,
) -> Manifest:
    """A NetworkPolicy with the directions it has rules for."""
    sides = {"Ingress": ingress, "Egress": egress}
    rules = {side.lower(): list(given) for side, given in sides.items() if given is not None}
    spec: Manifest = {"podSelector": {"matchLabels": dict(selects)} if selects else {}}
    spec |= {"policyTypes": [side for side in sides if side.lower() in rules], **rules}
    kind = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
    return {**kind, "metadata": {"name": name, "namespace": space}, "spec": spec}


def peer(workload: Workload, seen_from: str) -> Manifest:
    """The peer that means a workload, in a policy of the namespace ``seen_from``."""
    selector: Manifest = {"podSelector": {"matchLabels": {"role": workload.role}}}
    if workload.namespace != seen_from:
        selector = {"namespaceSelector": {"matchLabels": named(workload.namespace)}, **selector}
    return selector


def named(space: str) -> dict[str, str]:
    return {"kubernetes.io/metadata.name": space}


def port_of(port: int, protocol: str = "TCP") -> Manifest:
    return {"protocol": protocol, "port": port}


def deny_policy(space: str) -> Manifest:
    return policy(space, "default-deny", {}, ingress=[], egress=[])


def dns_policy(space: str) -> Manifest:
    to = {
        "namespaceSelector": {"matchLabels": named("kube-system")},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    }
    return policy(space, "allow-dns", {}, egress=[{"to": [to], "ports": [port_of(53, "UDP"), port_of(53)]}])


def pod_of(
    space: str,
    name: str,
    labels: Mapping[str, str],
    port: int,
    deployment: Mapping[str, str] | None = None,
    port_name: str = "",
) -> Manifest:
    """A pod that serves its name on a port; with the labels of a ``deployment``, that Deployment with such a pod."""
    serves = ["serve-hostname", "--http", f"--port={port}"]
    declared = {"containerPort": port} | ({"name": port_name} if port_name else {})
    spec = {"containers": [{"name": name, "image": IMAGE, "args": serves, "ports": [declared]}]}
    metadata = {"name": name, "namespace": space}
    if deployment is None:
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {**metadata, "labels": dict(labels)}, "spec": spec}
    template = {"metadata": {"labels": dict(labels)}, "spec": spec}
    selector = {"matchLabels": dict([next(iter(labels.items()))])}
    made: Manifest = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {**metadata, "labels": dict(deployment)},
    }
    return {**made, "spec": {"selector": selector, "template": template}}


def service_of(space: str, name: str, labels: Mapping[str, str], port: int, target: int) -> Manifest:
    """A Service of the name, which chooses pods by the first of the labels."""
    selector = dict([next(iter(labels.items()))])
    spec = {"selector": selector, "ports": [{"port": port, "targetPort": target}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": space}, "spec": spec}
