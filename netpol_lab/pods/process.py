"""A simulated program while it runs: its machine, its streams and its clock. Nothing here sleeps."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Literal

from netpol_lab import connections as flows
from netpol_lab.cluster.server import digest
from netpol_lab.cluster.snapshot import View
from netpol_lab.connections import Flow, Resolver
from netpol_lab.connections.resolving import hostname
from netpol_lab.model.objects import Endpoint, Node, Pod
from netpol_lab.pods import http
from netpol_lab.pods.images import Toolbox
from netpol_lab.pods.messages import Request, Response

Stream = Literal["stdout", "stderr"]
Chunk = tuple[Stream, str]
Write = Callable[[str], None]
Program = Callable[["Process"], int]
"""Runs to its exit code."""

OnFlow = Callable[[Flow, str, str], None]
"""Called for every connection: the flow, the command line, and what the client said about it."""

Attempts = Counter[tuple[str, str, int]]
"""How often a source has dialed a host and port: what chooses among a Service's endpoints, at random and repeatably."""

API_SERVER: Literal["API server"] = "API server"

Forward = tuple[Pod, int] | Literal["API server"]
"""Where a local port leads: to a port of a pod (``kubectl port-forward``), or to the API server (``kubectl proxy``)."""

AccessLogs = dict[str, list[str]]
"""What web servers wrote down about requests, by the address of their pod: ``kubectl logs`` shows it."""

Forwards = Mapping[int, Forward]
"""The ports that kubectl has opened on a student's machine."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

REFUSED = 2
"""Exit code of what the simulator declines to do."""

KERNEL_PATIENCE = 135.0
"""Seconds until the kernel gives up a connection nobody answers (seven SYNs; measured)."""


MOST_TEXT = 1_000_000
"""Characters that one command line may print."""

MOST_WORK = 10_000_000
"""What one command line may do: characters read, written and kept. It bounds time and memory."""

COMMAND_WORK = 1_000
"""What starting a command counts for, beside what it reads and writes."""

LONGEST = 7 * 24 * 3600.0
"""Seconds of simulated time that one command line may take: a week."""


class Stopped(Exception):
    """A command line grew beyond all lessons; ``str`` says what there was too much of."""


@dataclass(frozen=True)
class ProgramResult:
    """What a program left behind. ``chunks`` are (stream, text) in the order written; ``seconds`` is simulated.

    ``started``: False when the image does not contain the program.
    """

    chunks: tuple[Chunk, ...]
    exit_code: int
    seconds: float = 0.0
    started: bool = True

    def __post_init__(self) -> None:
        """A name that is not UTF-8 may be in an answer; every answer can be written all the same."""
        object.__setattr__(self, "chunks", tuple((stream, encodable(text)) for stream, text in self.chunks))

    @property
    def stdout(self) -> str:
        return "".join(text for stream, text in self.chunks if stream == "stdout")

    @property
    def stderr(self) -> str:
        return "".join(text for stream, text in self.chunks if stream == "stderr")


def encodable(text: str) -> str:
    """The text with ``?`` for what no encoding can hold: the half surrogates by which Python keeps foreign bytes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


class ProgramNotFound(Exception):
    """The image does not contain it."""


class Stdin:
    """Standard input, asked for only when a program reads it; whoever reads first gets all of it."""

    def __init__(self, read: Callable[[], str]) -> None:
        self._read: Callable[[], str] | None = read

    @classmethod
    def of(cls, text: str) -> Stdin:
        return cls(lambda: text)

    def read(self) -> str:
        read, self._read = self._read, None
        return read() if read else ""


@dataclass
class Machine:
    """Where programs run: a container of a pod, or a node. One machine serves one command line."""

    world: View
    source: Endpoint
    tools: Toolbox
    env: dict[str, str]
    on_flow: OnFlow
    attempts: Attempts
    image: str = ""
    seconds: float = 0.0
    work: int = 0
    files: MutableMapping[str, str] = field(default_factory=dict)
    forwards: Forwards = field(default_factory=dict)
    own: Mapping[str, Program] = field(default_factory=dict)
    """Programs that only this machine has: a student's has kubectl."""
    access: AccessLogs = field(default_factory=dict)

    def spend(self, work: int) -> None:
        """Count some work. Raises :class:`Stopped` where it is more than any lesson's."""
        self.work += work
        if self.work > MOST_WORK:
            raise Stopped("too much to do")

    def collect(self, texts: list[str]) -> Write:
        """What a pipe or ``$(…)`` keeps: a place to write that adds to ``texts``."""

        def write(text: str) -> None:
            self.spend(len(text))
            texts.append(text)

        return write

    def forwarded(self, host: str, port: int) -> tuple[Pod, int] | None:
        """The pod and port that a port-forward leads to; None without one, or when the pod is gone."""
        found = self.forwards.get(port) if host in LOOPBACK else None
        if found is None or found == API_SERVER:
            return None
        pod = self.world.pod(found[0].namespace, found[0].name)
        return (pod, found[1]) if pod is not None and pod.ip == found[0].ip else None

    def leads_to_api_server(self, host: str, port: int) -> bool:
        """Whether ``kubectl proxy`` listens there."""
        return host in LOOPBACK and self.forwards.get(port) == API_SERVER

    @property
    def resolver(self) -> Resolver:
        """What turns names into addresses here."""
        return Resolver(self.world, self.source)

    @property
    def hostname(self) -> str:
        return hostname(self.source) if isinstance(self.source, Pod) else self.source.name

    @property
    def ip(self) -> str:
        address = self.source.ip if isinstance(self.source, Pod | Node) else self.source.address
        return str(address or "")


@dataclass
class Process:
    """One program: ``argv`` with its name first. It reads ``stdin`` and writes through ``out`` and ``err``."""

    machine: Machine
    argv: tuple[str, ...]
    stdin: Stdin
    out: Write
    err: Write
    forwarded: bool = False
    """Whether the last connection went through a port-forward."""

    @property
    def name(self) -> str:
        return self.argv[0].rpartition("/")[2]

    @property
    def args(self) -> list[str]:
        return list(self.argv[1:])

    def print(self, text: str = "") -> None:
        """A line to standard output."""
        self.out(text + "\n")

    def complain(self, text: str) -> None:
        """A line to standard error."""
        self.err(text + "\n")

    def refuse(self, what: str, instead: str = "") -> int:
        """Say plainly that this works on a real cluster and not here."""
        self.complain(f"{self.name}: {what} is not simulated in this workbook{'; ' + instead if instead else ''}")
        return REFUSED

    def wait(self, seconds: float) -> None:
        """Let simulated time pass."""
        self.machine.seconds += seconds
        if self.machine.seconds > LONGEST:
            raise Stopped("more than a week would pass")

    def connect(self, host: str, port: int, protocol: str = "TCP") -> Flow:
        """Try one connection; tells nobody yet (see :meth:`saw`).

        A port-forward dials inside the pod's own network (catalogue rule 26). It is judged as what comes from the pod's
        own node is: no policy is asked.
        """
        machine = self.machine
        through = machine.forwarded(host, port)
        self.forwarded = through is not None
        if through is not None:
            pod, target = through
            self.err(f"Handling connection for {port}\n")  # port-forward says so, in the same terminal
            node = next((node for node in machine.world.nodes if node.name == pod.node), machine.source)
            return flows.connect(machine.world, node, str(pod.ip), target, protocol)
        key = (machine.source.id if not isinstance(machine.source, Node) else machine.source.name, host, port)
        chance = digest("random", *key, machine.attempts[key])
        machine.attempts[key] += 1
        return flows.connect(machine.world, machine.source, host, port, protocol, attempt=chance)

    def ask(self, flow: Flow, request: Request, agent: str) -> Response | None:
        """The answer to a request over an open connection; nginx writes one line about it into its log."""
        response = http.answer(self.machine.world, flow, request)
        self.served(flow, request, agent, response)
        return response

    def served(
        self, flow: Flow, request: Request, agent: str, response: Response | None, *, through: str = "-"
    ) -> None:
        """Note a request where its server does: in nginx's default format "main", ``through`` the proxies it names."""
        pod = flow.destination
        if isinstance(pod, Pod) and response is not None and response.server.startswith("nginx"):
            size = 0 if request.method == "HEAD" else len(response.body.encode())
            line = f'"{request.method} {request.path} HTTP/1.1" {response.status} {size} "-" "{agent}" "{through}"'
            when = self.machine.world.now.strftime("%d/%b/%Y:%H:%M:%S +0000")
            came_from = getattr(flow.source, "ip", None) or getattr(flow.source, "address", "-")
            self.machine.access.setdefault(str(pod.ip), []).append(
                f"{'127.0.0.1' if self.forwarded else came_from} - - [{when}] {line}\n"
            )

    def saw(self, flow: Flow, words: str) -> None:
        """Report a connection together with what the client said: symptom and cause become one memory."""
        self.machine.on_flow(flow, shlex.join(self.argv), words)
