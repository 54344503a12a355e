"""The programs inside pods, in their own words: wget, curl, nc, nslookup, ping, a small shell and small tools.

Which programs there are depends on the container's image. Every connection is a :class:`Flow`
of the simulated cluster; time is simulated, nothing sleeps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, MutableMapping, Sequence

from netpol_lab.cluster.listening import SHELLS
from netpol_lab.cluster.server import digest
from netpol_lab.cluster.snapshot import View
from netpol_lab.connections import Flow
from netpol_lab.connections.resolving import ZONE, parse_address
from netpol_lab.model.errors import NotFound
from netpol_lab.model.networks import NETWORKS
from netpol_lab.model.objects import Container, External, Pod
from netpol_lab.pods import urls
from netpol_lab.pods.container_files import environment, read_file
from netpol_lab.pods.images import Toolbox, toolbox
from netpol_lab.pods.process import (
    LOOPBACK,
    MOST_TEXT,
    REFUSED,
    AccessLogs,
    Attempts,
    Forwards,
    Machine,
    OnFlow,
    Process,
    Program,
    ProgramNotFound,
    ProgramResult,
    Stdin,
    Stopped,
    Stream,
    encodable,
)
from netpol_lab.pods.programs import start

__all__ = [
    "Attempts",
    "OnFlow",
    "Process",
    "Program",
    "ProgramResult",
    "file_in_pod",
    "is_for_the_cluster",
    "run_in_pod",
    "run_outside",
    "run_script",
]

NOT_STARTED = 1
"""kubectl's exit code when the container's runtime could not start the program."""

_SMALL_PROGRAMS = "[ bash cat echo false grep head printf sed seq sh sleep sort tail test timeout true uniq wc"


def _no_stdin() -> str:
    return ""


def _nobody(flow: Flow, command: str, words: str) -> None:
    """Nobody listens to the connections."""


def run_in_pod(
    cluster: View,
    pod: Pod,
    argv: Sequence[str],
    stdin: Callable[[], str] = _no_stdin,
    on_flow: OnFlow = _nobody,
    *,
    container: str | None = None,
    attempts: Attempts | None = None,
    access: AccessLogs | None = None,
    files: dict[str, str] | None = None,
) -> ProgramResult:
    """Run a command line in a container of a pod, as ``kubectl exec`` does.

    ``cluster`` is a Cluster or a Snapshot. ``stdin`` is called once, and only when the program reads. ``on_flow`` is
    called for every connection with the flow, the command line and what the client said. ``container`` names one of
    several; the first is the default. ``attempts`` is a :class:`collections.Counter` that the caller keeps, so that
    requests to a Service meet its endpoints at random, and the same ones again. ``access`` and ``files`` are kept, too:
    what web servers noted, and what programs wrote in this pod.

    A program that the image lacks gives the container runtime's message and exit code 1. What is not simulated
    says so and exits with 2. Raises :class:`NotFound` for a container the pod does not have.

    >>> from netpol_lab.cluster.handle import SimulatedCluster as Cluster
    >>> cluster = Cluster.from_manifests('''
    ... apiVersion: v1
    ... kind: Pod
    ... metadata: {name: client, namespace: default}
    ... spec: {containers: [{name: client, image: "busybox:1.36", command: [sleep, "3600"]}]}
    ... ''')
    >>> run_in_pod(cluster, cluster.pods[0], ["hostname"]).stdout
    'client\\n'
    """
    chosen = _container(pod, container)
    image = chosen.image if chosen else ""
    env, kept = environment(cluster, pod, chosen), {} if access is None else access
    machine = Machine(cluster, pod, toolbox(image), env, on_flow, _or_new(attempts), image=image, access=kept)
    if files is not None:
        machine.files = files
    return _run(machine, argv, stdin, files_last=files is not None)


def run_outside(
    cluster: View,
    argv: Sequence[str],
    stdin: Callable[[], str] = _no_stdin,
    on_flow: OnFlow = _nobody,
    *,
    attempts: Attempts | None = None,
    forwards: Forwards | None = None,
    access: AccessLogs | None = None,
) -> ProgramResult:
    """Run a command line on the control plane's node, as when you are logged in there.

    ``forwards`` are the open port-forwards: ``localhost`` and such a port lead to the pod.

    A node's traffic to the pods it runs itself is always admitted (catalogue rule 26); to pods of other nodes it
    comes from the node's address, which only ``from``-less rules and ipBlocks can admit. Nodes do not ask kube-dns.
    """
    node = cluster.control_plane
    if node is None:
        raise NotFound("The cluster has no node to run this on.", "Node")
    tools = Toolbox(toolbox("nicolaka/netshoot").programs | {"wget"})
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOSTNAME": node.name, "HOME": "/root"}
    kept = {} if access is None else access
    machine = Machine(cluster, node, tools, env, on_flow, _or_new(attempts), forwards=forwards or {}, access=kept)
    return _run(machine, argv, stdin)


def run_script(
    cluster: View, script: str, own: Mapping[str, Program], env: Mapping[str, str], files: MutableMapping[str, str]
) -> ProgramResult:
    """Run a script on a student's machine, in the shell that the pods have, called ``bash``.

    ``own`` are the programs that machine has beside the small ones of every pod: kubectl and its like. ``files`` are
    its files. What the shell does not have says so and exits with 2.
    """
    tools = Toolbox(frozenset(_SMALL_PROGRAMS.split()) | frozenset(own))
    machine = Machine(cluster, External(), tools, dict(env), _nobody, Counter(), files=files, own=own)
    return _run(machine, ["bash", "-c", script], _no_stdin, files_last=True)


def is_for_the_cluster(cluster: View, words: Sequence[str], forwards: Forwards | None = None) -> bool:
    """Whether a command line names an address or a name that only the simulated cluster has, or an open port-forward.

    The notebook's own ``curl`` asks this: anything else is meant for the real network.

    >>> from netpol_lab.cluster.handle import SimulatedCluster as Cluster
    >>> is_for_the_cluster(Cluster(), ["-m3", "10.244.1.2"]), is_for_the_cluster(Cluster(), ["https://example.com"])
    (True, False)
    """
    known = {str(pod.ip) for pod in cluster.pods} | {str(service.cluster_ip) for service in cluster.services}
    known |= {str(node.ip) for node in cluster.nodes} | {node.name for node in cluster.nodes}
    places = [url for url in map(urls.parse, words) if url is not None]
    if any(url.host in LOOPBACK and url.port in (forwards or {}) for url in places):
        return True
    hosts = [url.host for url in places]
    return any(host in known or host.endswith(f".{ZONE}") or _in_cluster_network(host) for host in hosts)


def _in_cluster_network(host: str) -> bool:
    address = parse_address(host)
    return address is not None and any(address in network for network in NETWORKS)


def _or_new(attempts: Attempts | None) -> Attempts:
    return Counter() if attempts is None else attempts


def _container(pod: Pod, name: str | None) -> Container | None:
    if name is None:
        return pod.containers[0] if pod.containers else None
    for each in pod.containers:
        if each.name == name:
            return each
    raise NotFound(f"container {name} is not valid for pod {pod.name}", "Container", name)


class _Output:
    """Both streams in the order written."""

    def __init__(self) -> None:
        self.chunks: list[tuple[Stream, str]] = []
        self._size = 0

    def out(self, text: str) -> None:
        self._add("stdout", text)

    def err(self, text: str) -> None:
        self._add("stderr", text)

    def _add(self, stream: Stream, text: str) -> None:
        self._size += len(text)
        if self._size > MOST_TEXT:
            raise Stopped("too much output")
        if text:
            self.chunks.append((stream, text))


def file_in_pod(cluster: View, pod: Pod, path: str, container: str, files: dict[str, str]) -> str | None:
    """The text of a file in a container, or None when there is no such file; ``files`` are those written before."""
    image = next((each.image for each in pod.containers if each.name == container), "")
    return read_file(Machine(cluster, pod, toolbox(image), {}, _nobody, Counter(), image=image, files=files), path)


def _run(machine: Machine, argv: Sequence[str], stdin: Callable[[], str], *, files_last: bool = False) -> ProgramResult:
    output = _Output()
    words = tuple(map(encodable, argv)) or ("",)
    code, last, started = 0, "", True
    try:
        code = start(Process(machine, words, Stdin(stdin), output.out, output.err))
    except ProgramNotFound as error:
        # what the runtime says through kubectl exec
        number = f"{digest(str(error), machine.hostname, machine.world.now):064x}"
        last = (
            "error: Internal error occurred: Internal error occurred: error executing command in container: failed to"
            f' exec in container: failed to start exec "{number}": OCI runtime exec failed: exec failed: unable to'
            f' start container process: exec: "{error}": executable file not found in $PATH: unknown\n'
        )
        code, started = NOT_STARTED, False
    except Stopped as error:
        last, code = f"{words[0]}: stopped: {error}\n", REFUSED
    except RecursionError:
        last, code = f"{words[0]}: stopped: nested too deeply\n", REFUSED
    if machine.files and words[0] not in SHELLS and not files_last:
        names = ", ".join(sorted(machine.files))
        last += f"note: {names} is not kept; in this workbook a file lasts as long as the command line\n"
    chunks = (*output.chunks, *([("stderr", last)] if last else ()))
    return ProgramResult(chunks, code, round(machine.seconds, 3), started)
