"""What a container's file system and environment show: the files Kubernetes writes, and a few small programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netpol_lab.cluster.listening import container_body, repository
from netpol_lab.cluster.snapshot import View
from netpol_lab.connections import Flow
from netpol_lab.connections.resolving import NDOTS
from netpol_lab.connections.resolving import hostname as hostname_of
from netpol_lab.model.objects import Container, Pod
from netpol_lab.pods import http
from netpol_lab.pods.messages import Request
from netpol_lab.pods.process import Machine, Process

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
_ROOT = ["bin", "dev", "etc", "home", "lib", "proc", "root", "sys", "tmp", "usr", "var"]


def environment(world: View, pod: Pod, container: Container | None) -> dict[str, str]:
    """The variables of a container: the image's, the manifest's, and the API server's address.

    The variables of other Services, which a real kubelet adds at start, are left out: DNS is the way.
    """
    env = {"PATH": _PATH, "HOSTNAME": hostname_of(pod), "HOME": "/root"}
    resource = world.get("Pod", pod.namespace, pod.name)
    written = container_body(resource.body, container) if resource and container else {}
    for item in written.get("env") or ():
        value = item.get("value", "") if "valueFrom" not in item else _field(pod, item["valueFrom"])
        env[str(item.get("name", ""))] = str(value)
    api = world.service("default", "kubernetes")
    if api is not None and api.cluster_ip is not None:
        address = str(api.cluster_ip)
        env |= {
            "KUBERNETES_PORT": f"tcp://{address}:443",
            "KUBERNETES_SERVICE_HOST": address,
            "KUBERNETES_SERVICE_PORT": "443",
            "KUBERNETES_SERVICE_PORT_HTTPS": "443",
        }
    return env


def _field(pod: Pod, source: Mapping[str, Any]) -> str:
    """The downward API, as far as manifests of lessons go."""
    path = (source.get("fieldRef") or {}).get("fieldPath", "")
    known = {
        "metadata.name": pod.name,
        "metadata.namespace": pod.namespace,
        "status.podIP": str(pod.ip or ""),
        "spec.nodeName": pod.node,
    }
    return known.get(path, "")


def read_file(machine: Machine, path: str) -> str | None:
    """The text of a file, or None when there is no such file."""
    path = path.removeprefix("./")
    if path in machine.files:
        return machine.files[path]
    if path == "/etc/hostname":
        return machine.hostname + "\n"
    if path == "/etc/resolv.conf":
        return _resolv_conf(machine)
    if path == "/etc/hosts":
        return _hosts(machine)
    source = machine.source
    if isinstance(source, Pod):
        if path == _SERVICE_ACCOUNT:
            return source.namespace
        if path == "/usr/share/nginx/html/index.html" and repository(machine.image).endswith("nginx"):
            return _own_page(machine, source)
    return "" if path == "/dev/null" else None


def _own_page(machine: Machine, pod: Pod) -> str | None:
    verdict = machine.world.verdict(pod, pod)
    flow = Flow(pod, "localhost", 80, "TCP", "connected", (), destination=pod, target_port=80, verdict=verdict)
    response = http.answer(machine.world, flow, Request())
    return response.body if response else None


def _resolv_conf(machine: Machine) -> str:
    """As the kubelet writes it for dnsPolicy ClusterFirst; the node's own otherwise."""
    resolver = machine.resolver
    if not resolver.uses_cluster_dns:
        return f"nameserver {resolver.nameserver}\n"
    return f"search {' '.join(resolver.search)}\nnameserver {resolver.nameserver}\noptions ndots:{NDOTS}\n"


def _hosts(machine: Machine) -> str:
    """As the kubelet writes it; on the host network and on a node it is the machine's own."""
    managed = isinstance(machine.source, Pod) and not machine.source.host_network
    first = "# Kubernetes-managed hosts file.\n" if managed else ""
    return (
        f"{first}127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n"
        f"fe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n{machine.ip}\t{machine.hostname}\n"
    )


def cat(process: Process) -> int:
    """Print files, or standard input; exit code 1 when a file is missing."""
    code = 0
    for path in [word for word in process.args if word == "-" or not word.startswith("-")] or ["-"]:
        text = process.stdin.read() if path == "-" else read_file(process.machine, path)
        if text is None:
            process.complain(f"cat: can't open '{path}': No such file or directory")
            code = 1
        else:
            process.out(text)
    return code


def ls(process: Process) -> int:
    """List the few directories that are simulated."""
    paths = [word for word in process.args if not word.startswith("-")]
    code = 0
    for path in paths or ["/"]:
        names = _listing(process.machine, path)
        if names is None:
            process.complain(f"ls: {path}: No such file or directory")
            code = 1
        for name in names or ():
            process.print(name)
    return code


def _listing(machine: Machine, path: str) -> list[str] | None:
    if read_file(machine, path) is not None:
        return [path]
    folder = path.rstrip("/")
    known = {"": _ROOT, "/etc": ["hostname", "hosts", "resolv.conf"], "/root": [], "/home": []}
    written = [name.rpartition("/")[2] for name in machine.files if name.rpartition("/")[0] in (folder, path)]
    if folder in (".", ""):
        written += [name for name in machine.files if "/" not in name]
        return sorted({*_ROOT, *written})
    if folder == "/tmp":
        return sorted(set(written))
    return known.get(folder)


def hostname(process: Process) -> int:
    """The host name; with ``-i`` (or ``-I``) the address."""
    if not process.args:
        process.print(process.machine.hostname)
    elif process.args[0] in ("-i", "-I", "--ip-address"):
        process.print(process.machine.ip)
    else:
        return process.refuse(f"option {process.args[0]}")
    return 0


def env(process: Process) -> int:
    """Print the environment, or (``printenv NAME``) one variable."""
    names = process.args
    if process.name == "env" and names:
        return process.refuse("running a program through env", "run the program itself")
    if not names:
        for name, value in process.machine.env.items():
            process.print(f"{name}={value}")
        return 0
    missing = [name for name in names if name not in process.machine.env]
    for name in names:
        if name not in missing:
            process.print(process.machine.env[name])
    return 1 if missing else 0
