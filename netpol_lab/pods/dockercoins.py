"""DockerCoins, the demonstration application of Lab C: which of its connections work, and what it shows of them.

A worker asks rng for random bytes, sends them to hasher, and counts in redis; webui reads the count from redis and
shows it to users. Everything here is a function of the present state of the cluster. The application has no memory:
its log and its page tell what the worker did in the last seconds if nothing changed in them.

Names, ports, the 3 to 4 hashes a second and the worker's words are facts of the lab.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from netpol_lab.cluster.listening import repository
from netpol_lab.cluster.snapshot import View
from netpol_lab.connections import Flow, connect
from netpol_lab.model.numbers import whole
from netpol_lab.model.objects import Endpoint, Pod

NAMES = ("rng", "hasher", "redis", "webui", "worker")
NEEDS: Mapping[str, tuple[tuple[str, int], ...]] = {
    "worker": (("rng", 80), ("hasher", 80), ("redis", 6379)),
    "webui": (("redis", 6379),),
}
"""The Services each part needs, in the order in which it dials them."""

_UNITS = (4, 3, 4, 4, 3, 4, 3)
"""Units of work in successive seconds: rng and hasher take a tenth of a second each, and so does the worker."""
_COIN_EVERY = 16
"""A coin is a hash that begins with the hexadecimal digit 0: one in sixteen."""
_MOST = 10.0
"""Hashes a second that one rng pod allows, however many workers ask: it serves one request after the other."""
_WINDOW = 20
"""Seconds of the log that are told."""


@dataclass(frozen=True)
class Edge:
    """One connection the application needs, with one flow for each endpoint behind the name.

    ``works`` only when every endpoint answers: a worker that meets a dead one every few requests does not get far.
    """

    source: str
    destination: str
    port: int
    flows: tuple[Flow, ...]

    @property
    def trouble(self) -> Flow | None:
        """The first connection that fails, or None."""
        return next((flow for flow in self.flows if not flow.connected), None)

    @property
    def works(self) -> bool:
        return bool(self.flows) and self.trouble is None

    def __str__(self) -> str:
        return f"{self.source} -> {self.destination}:{self.port}"


def part_of(pod: Pod) -> str:
    """Which part of DockerCoins a pod is: a name of :data:`NAMES`, or ""; redis is the public image.

    >>> from netpol_lab.model.objects import Container
    >>> part_of(Pod("default", "rng-1", containers=(Container("rng", "dockercoins/rng:v0.1"),)))
    'rng'
    """
    for container in pod.containers:
        maker, _, name = repository(container.image).rpartition("/")
        if name in NAMES and (maker == "dockercoins" or name == "redis"):
            return name
    return ""


def pod_edges(world: View, pod: Pod) -> tuple[Edge, ...]:
    """What one worker or web UI needs, by name as it dials; none for other pods."""
    part = part_of(pod)
    return tuple(Edge(part, name, port, _dial(world, pod, name, port)) for name, port in NEEDS.get(part, ()))


def hash_rate(world: View, namespace: str = "default") -> float:
    """Hashes a second of all workers of a namespace: 3 to 4 for one that is healthy, 0 for one with a cut edge."""
    workers = _pods(world, namespace, "worker")
    healthy = sum(all(edge.works for edge in pod_edges(world, pod)) for pod in workers)
    each = sum(_UNITS) / len(_UNITS)
    return min(healthy * each, _MOST * len(_pods(world, namespace, "rng")))


def log_lines(world: View, pod: Pod) -> Sequence[str]:
    """What a running container has printed, by its image; nothing for an image that is not known to print.

    >>> from netpol_lab.cluster.handle import SimulatedCluster as Cluster
    >>> log_lines(Cluster(), Cluster().pods[0])
    ()
    """
    printer = _LOGS.get(part_of(pod))
    return printer(world, pod) if printer and pod.phase == "Running" else ()


def worker_log(world: View, pod: Pod) -> list[str]:
    """The worker's last lines: the units of work done in each second, or the error that stops it.

    A cut edge shows as an exception, and ten seconds later the worker tries again. (A real worker sets no time-out of
    its own. It hangs in a dropped connection for about two minutes before it prints this.)
    """
    for edge in pod_edges(world, pod):
        if edge.trouble is not None:
            return ["ERROR:__main__:In work loop:", *_traceback(edge, edge.trouble), "ERROR:__main__:" + _RESTART]
    return _work(pod, world.now, _seconds(world, pod))


def page(world: View, pod: Pod, method: str, path: str, body: str) -> tuple[int, str, str, str] | None:
    """The answer of rng, hasher or webui to an HTTP request: status, text, content type, and where it redirects to.

    None for a pod of another kind. A real web UI draws its rate in the browser; this one writes it into the page.
    """
    part = part_of(pod)
    if part not in ("rng", "hasher", "webui"):
        return None
    if part == "webui":
        return _web_ui(world, pod, path)
    if path == "/" and (part, method) != ("hasher", "POST"):
        return 200, f"{part.upper()} running on {pod.name}\n", _TEXT, ""
    count = whole(path.strip("/"))
    if part == "rng" and count is not None:
        return 200, _digits(pod.name, path)[: min(count, 64)], _TEXT, ""
    if part == "hasher" and path == "/":
        return 200, hashlib.sha256(body.encode()).hexdigest(), _TEXT, ""
    return 404, "Not Found\n", _TEXT, ""


# -- connections ---------------------------------------------------------------------------------


def _pods(world: View, namespace: str, part: str) -> list[Pod]:
    return [pod for pod in world.pods if pod.namespace == namespace and pod.phase == "Running" and part_of(pod) == part]


def _dial(world: View, source: Endpoint, host: str, port: int) -> tuple[Flow, ...]:
    """One connection to each endpoint behind a name; one for a name that leads nowhere."""
    first = connect(world, source, host, port)
    count = len({pod.id for pod, _, _ in world.endpoints(first.service)}) if first.service else 1
    return (first, *(connect(world, source, host, port, attempt=turn) for turn in range(1, count)))


# -- the worker's words --------------------------------------------------------------------------

_RESTART = "Waiting 10s and restarting."
_TEXT = "text/plain"

_ERRNO = {
    "timed out": "[Errno 110] Operation timed out",
    "refused": "[Errno 111] Connection refused",
    "bad address": "[Errno -2] Name does not resolve",
    "dns timed out": "[Errno -3] Try again",
}
"""What the C library of the worker's image (musl) says of a connection that fails."""


def _traceback(edge: Edge, flow: Flow) -> list[str]:
    """The exception in this workbook's own few words: what was dialed, and the system's error."""
    kind = "redis.exceptions.ConnectionError" if edge.destination == "redis" else "requests.exceptions.ConnectionError"
    return [
        "Traceback (most recent call last):",
        f"{kind}: {edge.destination}:{edge.port}: {_ERRNO[flow.outcome]}",
    ]


def _work(pod: Pod, now: datetime, seconds: int) -> list[str]:
    lines = []
    for second in range(int(now.timestamp()) - seconds, int(now.timestamp())):
        found = _digits(pod.name, second)
        if int(found[:4], 16) % _COIN_EVERY < _UNITS[second % len(_UNITS)]:
            lines.append(f"INFO:__main__:Coin found: 0{found[:7]}...")
        lines.append(f"INFO:__main__:{_UNITS[second % len(_UNITS)]} units of work done, updating hash counter")
    return lines


def _seconds(world: View, pod: Pod) -> int:
    """How long the pod has been at work, as far as the log tells."""
    resource = world.get("Pod", pod.namespace, pod.name)
    started = ((resource.body.get("status") or {}).get("startTime") if resource else None) or ""
    try:
        age = world.now - datetime.fromisoformat(str(started).replace("Z", "+00:00"))
    except ValueError:
        return _WINDOW
    return max(0, min(int(age.total_seconds()), _WINDOW))


_LOGS: Mapping[str, Callable[[View, Pod], Sequence[str]]] = {"worker": worker_log}
"""The images of the lab that print, by part."""


# -- the web UI ----------------------------------------------------------------------------------


def _web_ui(world: View, pod: Pod, path: str) -> tuple[int, str, str, str]:
    if path == "/":
        return 302, "Found. Redirecting to /index.html\n", _TEXT, "/index.html"
    if path != "/index.html":
        return 404, "Not Found\n", _TEXT, ""
    (redis,) = pod_edges(world, pod)
    rate = hash_rate(world, pod.namespace)
    speed = f"{rate:.1f} hashes/second" if redis.works else "unknown: redis does not answer"
    title, line = "DockerCoin Miner WebUI", escape(f"Current mining speed: {speed}")
    head = f"<html>\n<head><title>{title}</title></head>\n"
    text = f"{head}<body>\n<h1>{title}</h1>\n<p>{line}</p>\n</body>\n</html>\n"
    return 200, text, "text/html", ""


def _digits(*words: object) -> str:
    """Hexadecimal digits that look random and are the same each time."""
    return hashlib.sha256(" ".join(map(str, words)).encode()).hexdigest()
