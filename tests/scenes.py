"""Scenes of the labs, written by hand: what the display is tested with, without a cluster.

A :class:`PodSpec` says for each direction whom the pod's policies admit: ``None`` means not isolated, a mapping from
node id to ports means isolated, with these exceptions (``"*"``: everybody).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from netpol_lab.connections.scene import Reach, Scene, SceneNode
from netpol_lab.model.labels import Labels
from netpol_lab.model.objects import OUTSIDE, Container, ContainerPort, Pod
from netpol_lab.model.ports import PortSet

DNS = PortSet.of("UDP", 53) | PortSet.of("TCP", 53)
DNS_ID = "kube-system/kube-dns"
Admits = Mapping[str, PortSet] | None


def tcp(*ports: int) -> PortSet:
    """Some TCP ports."""
    return PortSet.from_ranges(("TCP", port, port) for port in ports)


@dataclass(frozen=True)
class PodSpec:
    id: str
    label: str = ""
    listens: PortSet = PortSet.NONE
    ingress: Admits = None
    egress: Admits = None
    count: int = 1
    owner: str = ""


def scene(pods: Sequence[PodSpec], *, dns: bool = True, outside: bool = True) -> Scene:
    """A scene of these pods, kube-dns and the outside."""
    specs = list(pods)
    if dns:
        specs.append(PodSpec(DNS_ID, "k8s-app: kube-dns", DNS, count=2))
    nodes = [_node(spec, i) for i, spec in enumerate(specs)]
    if outside:
        specs.append(PodSpec("External"))
        nodes.append(SceneNode("External", "", "External", "", OUTSIDE))
    reach = {
        (source.id, target.id): Reach(_admitted(source.egress, target.id), _admitted(target.ingress, source.id))
        for source in specs
        for target in specs
        if source.id != target.id
    }
    return Scene(tuple(nodes), reach)


def _node(spec: PodSpec, index: int) -> SceneNode:
    namespace, name = spec.id.split("/", 1)
    key, _, value = spec.label.partition(": ")
    ports = tuple(ContainerPort(first, protocol) for protocol, first, _ in spec.listens)
    pod = Pod(
        namespace,
        name,
        Labels({key: value} if key else {}),
        (IPv4Address("10.244.1.10") + index,),
        (Container("main", "nginx:1.27", ports),),
        owner=spec.owner,
    )
    return SceneNode(
        spec.id,
        namespace,
        name,
        spec.label,
        pod,
        spec.count,
        spec.ingress is not None,
        spec.egress is not None,
        spec.id == DNS_ID,
        spec.listens,
    )


def _admitted(admits: Admits, other: str) -> PortSet:
    if admits is None:
        return PortSet.ALL
    return admits.get(other, PortSet.NONE) | admits.get("*", PortSet.NONE)


def lab_a(step: int, *, unauthorized: bool = True) -> Scene:
    """Lab A after step 1 (no policy), 2 (default deny) or 3 (allow client to server)."""
    closed: Admits = None if step == 1 else {}
    server = {"student-07/client-07": tcp(80)} if step == 3 else closed
    pods = [
        PodSpec("student-07/client-07", "app: client-07", ingress=closed),
        PodSpec("student-07/server-07", "app: server-07", tcp(80), ingress=server),
    ]
    if unauthorized:
        pods.insert(1, PodSpec("student-07/unauthorized-07", "run: unauthorized-07", ingress=closed))
    return scene(pods)


def lab_b(tightened: bool) -> Scene:
    """Lab B's production before and after tightening: one way opened, two closed, one narrowed, one unchanged."""
    ns = "production/"
    dns = {DNS_ID: DNS}
    api_from = {ns + "web": tcp(8080) if tightened else tcp(8080, 9090)}
    db_from = {ns + "api": tcp(5432)}
    web_to = {ns + "api": tcp(8080), **dns} if tightened else {ns + "api": tcp(8080, 9090), ns + "db": tcp(5432), **dns}
    if tightened:
        api_from["monitoring/prometheus"] = tcp(9090)
    else:
        db_from |= {ns + "web": tcp(5432), "dev/tools": tcp(5432)}
    return scene(
        [
            PodSpec(ns + "web", "app: web", ingress={}, egress=web_to),
            PodSpec(ns + "api", "app: api", tcp(8080, 9090), api_from, {ns + "db": tcp(5432), **dns}),
            PodSpec(ns + "db", "app: db", tcp(5432), db_from, dns),
            PodSpec("monitoring/prometheus", "app: prometheus"),
            PodSpec("dev/tools", "app: tools"),
        ]
    )


def lab_b_matrix() -> Scene:
    """Lab B with all policies of the lesson: web cannot reach api, because its own egress is closed."""
    ns = "production/"
    dns = {DNS_ID: DNS}
    api_from = {ns + "web": tcp(8080), "monitoring/prometheus": tcp(9090)}
    return scene(
        [
            PodSpec(ns + "web", "app: web", tcp(80), ingress={}, egress=dns),
            PodSpec(ns + "api", "app: api", tcp(8080, 9090), api_from, dns),
            PodSpec(ns + "db", "app: db", tcp(5432), {}, dns),
            PodSpec("monitoring/prometheus", "app: prometheus", tcp(9090)),
            PodSpec("dev/tools", "app: tools"),
        ]
    )


def lab_e(policies: bool = True) -> Scene:
    """Lab E, three tiers: with all seven policies of the lab, or before any."""
    ns = "netpol-demo/"
    names = ("external-client", "frontend", "backend", "database")
    into: dict[str, Admits] = dict.fromkeys(names)
    out: dict[str, Admits] = dict.fromkeys(names)
    if policies:
        dns = {"*": DNS}
        into = {
            "external-client": {},
            "frontend": {"*": tcp(80)},
            "backend": {ns + "frontend": tcp(80)},
            "database": {ns + "backend": tcp(80)},
        }
        out = {name: dict(dns) for name in names}
        out["frontend"] = {**dns, ns + "backend": tcp(80)}
    return scene(
        [
            PodSpec(
                ns + name,
                f"app: {name}",
                tcp() if name == "external-client" else tcp(80),
                into[name],
                out[name],
            )
            for name in names
        ]
    )


LAB_E_ASKED = (
    ("netpol-demo/external-client", "netpol-demo/frontend", "TCP", 80),
    ("netpol-demo/backend", "netpol-demo/database", "TCP", 80),
)
LAB_A_ASKED = (
    ("External", "student-07/server-07", "TCP", 80),
    ("student-07/unauthorized-07", "student-07/server-07", "TCP", 80),
)

NASTY = (
    '"><script>alert(1)</script>',
    'it\'s "quoted"',
    "two\nlines",
    "%%{init}%%",
    "</style><b>",
    "`tick` #quot; [x]",
)


def nasty() -> Scene:
    """Names that try to break out of HTML, SVG, DOT and Mermaid; no API server admits them."""
    pods = [PodSpec(f'ns<{i}>"/{name}', f"app: {name}", tcp(80), {} if i % 2 else None) for i, name in enumerate(NASTY)]
    return scene(pods)


def many(pods: int, namespaces: int = 1, replicas: int = 1) -> Scene:
    """A larger cluster without policies; every ``replicas`` pods have one owner."""
    return scene(
        [
            PodSpec(
                f"ns-{i % namespaces}/app-{i // replicas}-{i % replicas}",
                f"app: app-{i // replicas}",
                tcp(80),
                {"*": tcp(80)} if i % 3 else None,
                owner=f"ReplicaSet/app-{i // replicas}",
            )
            for i in range(pods)
        ]
    )
