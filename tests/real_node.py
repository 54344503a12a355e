"""A real node for ``control_plane.py``: containerd and a kubelet in a network namespace, and images made by hand.

It needs root, and a kernel with network namespaces. Policies are enforced on it where kube-router is asked
for. Its images hold one static busybox each, which is also the pause program.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path

from control_plane import kubectl, program, start

PROGRAMS = ("containerd", "containerd-shim-runc-v2", "ctr", "kubelet", "runc", "ip", "nsenter", "busybox")
ENFORCER = "kube-router"
CNI = Path("/usr/lib/cni")
HERE, THERE = "172.31.77.1", "172.31.77.2"
"""The two ends of the wire between this machine and the node."""

SPACE, WIRE = "netpol-lab-node", ("npl-here", "npl-there")

IMAGES = {
    "registry.k8s.io/pause:3.10": (["sleep"], ["/bin/sleep", "2000000000"]),
    "docker.io/library/busybox:1.36": ([], ["/bin/sh"]),
    "docker.io/library/nginx:1.27": ([], ["/bin/httpd", "-f", "-p", "80", "-h", "/www"]),
    "docker.io/library/redis:7": (["httpd"], ["/bin/httpd", "-f", "-p", "6379", "-h", "/www"]),
}
"""Image -> the programs it has (none: all of busybox), and what it runs."""


def missing() -> list[str]:
    """What a node needs and is not here."""
    lacking = [name for name in PROGRAMS if program(name) is None]
    lacking += [] if (CNI / "ptp").exists() else ["the CNI plugins"]
    return lacking + ([] if os.geteuid() == 0 else ["root"])


@contextmanager
def node_wire() -> Iterator[str]:
    """A network namespace for the node, and a wire to it; yields the address of this machine's end."""
    inside = ("netns", "exec", SPACE)
    _ip("netns", "add", SPACE)
    try:
        _ip("link", "add", WIRE[0], "type", "veth", "peer", "name", WIRE[1])
        _ip("link", "set", WIRE[1], "netns", SPACE)
        _ip("addr", "add", f"{HERE}/24", "dev", WIRE[0])
        _ip("link", "set", WIRE[0], "up")
        _ip(*inside, "ip", "addr", "add", f"{THERE}/24", "dev", WIRE[1])
        for device in (WIRE[1], "lo"):
            _ip(*inside, "ip", "link", "set", device, "up")
        _ip(*inside, "ip", "route", "add", "default", "via", HERE)
        _ip(*inside, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        yield HERE
    finally:
        _ip("netns", "delete", SPACE)


def _ip(*words: str) -> None:
    subprocess.run([str(program("ip")), *words], check=True, capture_output=True)


@contextmanager
def real_node(folder: Path, *, enforced: bool) -> Iterator[None]:
    """A node that is Ready, with the images, for the control plane in ``folder``; ``enforced``: it heeds policies."""
    runtime = folder / "runtime"
    socket, cni = runtime / "containerd.sock", runtime / "cni"
    cni.mkdir(parents=True)
    (cni / "10-pods.conflist").write_text(json.dumps(_network(runtime)))
    (runtime / "config.toml").write_text(_containerd(runtime, socket))
    (runtime / "kubelet.json").write_text(json.dumps(_kubelet(socket)))
    with ExitStack() as stack:
        stack.callback(subprocess.run, ["umount", "-l", f"{runtime}/kubelet"], capture_output=True)  # the kubelet's own
        enter = (str(program("nsenter")), f"--net=/run/netns/{SPACE}")  # `ip netns exec` would hide the cgroups
        start(stack, folder, "containerd", f"--config={runtime}/config.toml", before=enter)
        for image, (programs, runs) in IMAGES.items():
            _import(runtime, socket, image, programs, runs)
        words = (f"--config={runtime}/kubelet.json", f"--root-dir={runtime}/kubelet", f"--node-ip={THERE}")
        start(
            stack,
            folder,
            "kubelet",
            *(*words, f"--kubeconfig={folder}/admin", "--hostname-override=node1"),
            before=enter,
        )
        stack.callback(_end_pods, folder, socket)  # with the kubelet still there
        kubectl(folder, "wait", "--for=condition=Ready", "node/node1", "--timeout=5s", patience=90)
        if enforced:
            only = (
                "--run-router=false",
                "--run-service-proxy=false",
                "--run-firewall=true",
                "--run-loadbalancer=false",
            )
            more = ("--service-cluster-ip-range=10.96.0.0/16", "--hostname-override=node1", "--iptables-sync-period=5s")
            start(stack, folder, ENFORCER, f"--kubeconfig={folder}/admin", *only, *more, before=enter)
        yield


def _end_pods(folder: Path, socket: Path) -> None:
    """Delete what may run, and wait until the kubelet has ended all of it: a program would outlive this test."""
    kubectl(folder, "delete", "deployments,replicasets,pods", "-A", "--all", "--grace-period=1", "--wait=false")
    listed = [str(program("ctr")), f"--address={socket}", "--namespace=k8s.io", "tasks", "ls", "-q"]
    for _ in range(60):
        if not subprocess.run(listed, capture_output=True, text=True, check=False).stdout.strip():
            return
        time.sleep(1)


def _network(runtime: Path) -> dict[str, object]:
    ranges = [[{"subnet": "10.244.0.0/24"}]]
    ipam = {"type": "host-local", "dataDir": f"{runtime}/ipam", "ranges": ranges, "routes": [{"dst": "0.0.0.0/0"}]}
    wire = {"type": "ptp", "ipam": ipam}  # routed, so that the rules for forwarding see every packet
    return {"cniVersion": "1.0.0", "name": "pods", "plugins": [wire]}


def _containerd(runtime: Path, socket: Path) -> str:
    return f"""version = 3
root = "{runtime}/root"
state = "{runtime}/state"
[grpc]
address = "{socket}"
[plugins."io.containerd.cri.v1.images"]
snapshotter = "native"
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "registry.k8s.io/pause:3.10"
[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["{CNI}"]
conf_dir = "{runtime}/cni"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
"""


def _kubelet(socket: Path) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "failCgroupV1": False,
        "cgroupDriver": "cgroupfs",
        "cgroupsPerQOS": False,
        "enforceNodeAllocatable": [],
        "failSwapOn": False,
        "containerRuntimeEndpoint": f"unix://{socket}",
        "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": "50Mi"},
        "resolvConf": "",
    }


def _import(runtime: Path, socket: Path, image: str, programs: Sequence[str], runs: Sequence[str]) -> None:
    archive = runtime / "image.tar"
    _write_image(archive, image, programs, runs)
    line = [str(program("ctr")), f"--address={socket}", "--namespace=k8s.io", "images", "import"]
    for _ in range(60):  # until containerd answers
        done = subprocess.run(
            [*line, "--local", "--snapshotter=native", str(archive)], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return
        time.sleep(0.5)
    raise AssertionError(done.stderr)


def _write_image(archive: Path, image: str, programs: Sequence[str], runs: Sequence[str]) -> None:
    """An archive as ``docker save`` writes it: one layer with busybox under the names of its programs."""
    busybox = Path(str(program("busybox"))).resolve()
    names = programs or subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for folder, mode in (("bin", 0o755), ("etc", 0o755), ("www", 0o755), ("tmp", 0o1777)):
            _add(tar, folder, b"", mode, tarfile.DIRTYPE)
        _add(tar, "etc/passwd", b"root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n", 0o644)
        _add(tar, "www/index.html", b"a page\n", 0o644)
        _add(tar, f"bin/{names[0]}", busybox.read_bytes(), 0o755)
        for name in names[1:]:
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname, link.mode = tarfile.LNKTYPE, f"bin/{names[0]}", 0o755
            tar.addfile(link)
    data = layer.getvalue()
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": [*runs], "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(data).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [image], "Layers": ["layer.tar"]}]
    with tarfile.open(archive, "w") as tar:
        _add(tar, "config.json", json.dumps(config).encode(), 0o644)
        _add(tar, "layer.tar", data, 0o644)
        _add(tar, "manifest.json", json.dumps(manifest).encode(), 0o644)


def _add(tar: tarfile.TarFile, name: str, data: bytes, mode: int, kind: bytes = tarfile.REGTYPE) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.type = len(data), mode, kind
    tar.addfile(info, io.BytesIO(data))
