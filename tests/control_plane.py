"""A real control plane on this machine: etcd, kube-apiserver, controllers, scheduler; and a node that is only written.

Nothing runs in its pods: what needs a kubelet (exec, logs, packets) cannot be tried here. :func:`hollow_kubelet`
writes the status that a kubelet would, so that pods get addresses and become Ready.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
ADMIN, STUDENT = "admin-of-this-test", "student-of-this-test"


def missing() -> list[str]:
    """The programs that are neither in NETPOL_LAB_LIVE_BIN nor on PATH."""
    return [name for name in PROGRAMS if program(name) is None]


def program(name: str) -> str | None:
    places = [os.environ.get("NETPOL_LAB_LIVE_BIN", ""), os.environ.get("PATH", "")]
    return shutil.which(name, path=os.pathsep.join(filter(None, places)))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def control_plane(folder: Path, address: str = "127.0.0.1") -> Iterator[Path]:
    """A folder with ``bin/kubectl`` and the kubeconfigs ``admin`` and ``student`` of a cluster that answers.

    ``address`` is where the API server listens.
    """
    etcd, peer, port = free_port(), free_port(), free_port()
    key = folder / "sa.key"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
    (folder / "tokens.csv").write_text(f"{ADMIN},admin,1,system:masters\n{STUDENT},student,2\n")
    server = f"https://{address}:{port}"
    for name, token in (("admin", ADMIN), ("student", STUDENT)):
        (folder / name).write_text(json.dumps(_kubeconfig(server, name, token)))
    (folder / "bin").mkdir()
    (folder / "bin" / "kubectl").symlink_to(str(program("kubectl")))
    with ExitStack() as stack:
        urls = f"http://127.0.0.1:{etcd}"
        peers = f"http://127.0.0.1:{peer}"
        start(
            stack,
            folder,
            "etcd",
            *(f"--data-dir={folder}/etcd", "--unsafe-no-fsync", f"--listen-client-urls={urls}"),
            *(f"--advertise-client-urls={urls}", f"--listen-peer-urls={peers}", f"--initial-cluster=default={peers}"),
            f"--initial-advertise-peer-urls={peers}",
        )
        start(
            stack,
            folder,
            "kube-apiserver",
            *(
                f"--etcd-servers={urls}",
                f"--secure-port={port}",
                f"--bind-address={address}",
                f"--cert-dir={folder}/pki",
            ),
            *(f"--token-auth-file={folder}/tokens.csv", "--authorization-mode=RBAC"),
            *("--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={key}"),
            *(f"--service-account-signing-key-file={key}", "--service-cluster-ip-range=10.96.0.0/16"),
            *(f"--advertise-address={address}", "--kubelet-preferred-address-types=InternalIP"),
        )
        kubectl(folder, "get", "--raw", "/readyz", patience=90)
        common = (f"--kubeconfig={folder}/admin", "--leader-elect=false", "--bind-address=127.0.0.1")
        start(
            stack,
            folder,
            "kube-controller-manager",
            *common,
            *(f"--service-account-private-key-file={key}", "--use-service-account-credentials=false"),
            f"--secure-port={free_port()}",
            *("--allocate-node-cidrs", "--cluster-cidr=10.244.0.0/16", "--node-monitor-grace-period=1h"),
        )
        start(stack, folder, "kube-scheduler", *common, f"--secure-port={free_port()}")
        kubectl(folder, "get", "serviceaccount", "default", patience=60)
        yield folder


def _kubeconfig(server: str, name: str, token: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "real", "cluster": {"server": server, "insecure-skip-tls-verify": True}}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": f"{name}@real", "context": {"cluster": "real", "user": name}}],
        "current-context": f"{name}@real",
    }


def start(stack: ExitStack, folder: Path, name: str, *words: str, before: Sequence[str] = ()) -> None:
    """Start a program that ends with the stack; ``before`` are words of a program that starts it."""
    log = stack.enter_context((folder / f"{name}.log").open("wb"))
    process = subprocess.Popen([*before, str(program(name)), *words], stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def end() -> None:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()

    stack.callback(end)


def kubectl(folder: Path, *words: str, stdin: str = "", patience: float = 0) -> str:
    """What the administrator's kubectl prints; tried again for ``patience`` seconds."""
    line = [str(program("kubectl")), f"--kubeconfig={folder}/admin", *words]
    until = time.monotonic() + patience
    while True:
        done = subprocess.run(line, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout
        if time.monotonic() >= until:
            raise AssertionError(f"kubectl {' '.join(words)}: {done.stderr}")
        time.sleep(0.5)


NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "node1", "labels": {"kubernetes.io/hostname": "node1"}},
    "spec": {},
}


@contextmanager
def hollow_kubelet(folder: Path, slowly: float = 0.0) -> Iterator[None]:
    """A node on which every pod gets an address and is Ready, ``slowly`` seconds after it was scheduled.

    A pod that was deleted is gone with the next look.
    """
    kubectl(folder, "apply", "-f", "-", stdin=json.dumps(NODE))
    addresses = [{"type": "InternalIP", "address": "172.18.0.2"}]
    room = {"cpu": "100", "memory": "100Gi", "pods": "1000"}
    ready = [{"type": "Ready", "status": "True", "lastHeartbeatTime": None, "reason": "KubeletReady"}]
    status = {"status": {"addresses": addresses, "capacity": room, "allocatable": room, "conditions": ready}}
    kubectl(folder, "patch", "node", "node1", "--subresource=status", "--type=merge", "-p", json.dumps(status))
    stop = threading.Event()
    thread = threading.Thread(target=_keep_pods, args=(folder, stop, slowly), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=30)


def _keep_pods(folder: Path, stop: threading.Event, slowly: float) -> None:
    seen: dict[str, float] = {}
    while not stop.wait(0.3):
        pods = json.loads(kubectl(folder, "get", "pods", "-A", "-o", "json", patience=10))["items"]
        for pod in pods:
            metadata = pod["metadata"]
            where = ("pod", metadata["name"], "-n", metadata["namespace"])
            first = seen.setdefault(metadata["uid"], time.monotonic())
            if metadata.get("deletionTimestamp"):
                kubectl(folder, "delete", *where, "--grace-period=0", "--force", "--ignore-not-found")
            elif _waits(pod) and time.monotonic() - first >= slowly:
                gates = [each["conditionType"] for each in pod["spec"].get("readinessGates", ())]
                words = json.dumps({"status": _running(f"10.244.0.{len(seen) + 1}", ready=not gates)})
                kubectl(folder, "patch", *where, "--subresource=status", "--type=merge", "-p", words, patience=3)


def _waits(pod: dict[str, Any]) -> bool:
    return bool(pod["spec"].get("nodeName")) and (pod.get("status") or {}).get("phase") == "Pending"


def _running(address: str, ready: bool) -> dict[str, object]:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    kinds = ("Initialized", "ContainersReady", "PodScheduled", *(("Ready",) if ready else ()))
    conditions = [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in kinds]
    return {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "conditions": conditions}
