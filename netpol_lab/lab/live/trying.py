"""One real connection from inside a pod, with whatever client the pod has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from netpol_lab.connections.probed import MetOutcome
from netpol_lab.lab.live.own_kubectl import KubectlSaid, LiveError
from netpol_lab.model.objects import Pod
from netpol_lab.pods.images import toolbox

PATIENCE = 3
"""Seconds that a client waits for an answer."""

Exec = Callable[[Pod, Sequence[str]], KubectlSaid]
"""Run a program in a pod. Raises :class:`LiveError` where kubectl did not end in time."""

_NO_PROGRAM = (
    *("executable file not found", "no such file or directory", "not found in $PATH", "not found: unknown"),
    *("invalid option", "unrecognized option"),
)


@dataclass(frozen=True)
class Tried:
    """What one try met, and what was said where it is not clear. ``client`` False: the pod has none."""

    met: MetOutcome
    words: str = ""
    client: bool = True


def try_connection(run: Exec, pod: Pod, host: str, port: int) -> Tried:
    """Try TCP from a pod, by nc, curl or wget, the one that its image is known for first."""
    tools = toolbox(pod.containers[0].image if pod.containers else "")
    clients = sorted(("nc", "curl", "wget"), key=lambda name: not tools.has(name))
    for client in clients:
        try:
            said = run(pod, _words(client, host, port))
        except LiveError as error:
            return Tried("not tried", str(error))
        if any(words in said.stderr for words in _NO_PROGRAM) or said.exit_code in (126, 127):
            continue  # it is not there, or is another one that knows no such option
        met = _outcome(client, said)
        last = [each for each in said.stderr.strip().splitlines() if _ENDED not in each][-1:] or [""]
        return Tried(met, last[0][:120] if met == "not tried" else "")
    return Tried("not tried", client=False)


def _words(client: str, host: str, port: int) -> list[str]:
    if client == "nc":
        return ["nc", "-z", "-v", "-w", str(PATIENCE), host, str(port)]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
    if client == "curl":
        return ["curl", "-sS", "-o", "/dev/null", "-m", str(PATIENCE), url]
    return ["wget", "-q", "-O", "/dev/null", "-T", str(PATIENCE), url]


_ENDED = "command terminated with exit code"

_REACHED = ("server returned error", "empty reply", "http/0.9", "reset by peer", "short read")
"""What clients say of a server that answers and speaks no HTTP, or answers with an error."""

_REJECTED = ("refused", "exit code 7\n", "no route to host", "host is unreachable", "prohibited")
"""What they say of a port without a program, and of packets that are refused on the way."""

_SILENT = ("timed out", "timeout", "exit code 28", "exit code 143")


def _outcome(client: str, said: KubectlSaid) -> MetOutcome:
    """What the client met. Where kubectl tells no exit code of a program, none was run to its end."""
    text = (said.stdout + said.stderr).lower()
    if said.exit_code == 0:
        return "connected"
    if _ENDED not in text:
        return "not tried"
    if any(words in text for words in _SILENT):
        return "timed out"
    if any(words in text for words in _REJECTED):
        return "refused"
    if any(words in text for words in _REACHED):
        return "connected"
    quiet = all(_ENDED in line for line in text.splitlines())  # the nc of BusyBox says nothing of a refusal
    return "refused" if client == "nc" and quiet else "not tried"
