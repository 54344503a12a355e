"""What one kubectl call gets and gives: session, call, result.

A :class:`Session` is what a student's kubeconfig and cluster are together: it lives as long as the notebook.
A :class:`Call` is one command line of it; verbs write to the call and raise :class:`Failure` to end it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from netpol_lab.connections import Attempt, Flow
from netpol_lab.kubectl.arguments import Parsed
from netpol_lab.kubectl.failure import Failure
from netpol_lab.model.bodies import Key, ReadOnlyBody
from netpol_lab.pods.process import AccessLogs, Chunk, Forward

if TYPE_CHECKING:
    from netpol_lab.cluster.handle import SimulatedCluster


_WALL = 400
"""Characters of an answer in which nobody finds the line that matters."""


@dataclass
class Session:
    """The simulated cluster, and what kubectl remembers between calls.

    ``attempts`` is the log of every connection a client program made, oldest first. ``dialed`` counts them by
    target, so that requests to a Service meet its endpoints at random, and the same ones again. ``logs`` holds what
    finished containers printed, by (namespace, pod). ``forwards`` are the ports that
    port-forward and proxy opened on the student's machine. ``access`` is what web servers noted about requests.
    ``files`` holds what was written into containers, by the address of their pod.
    ``refused`` holds names that were refused because what had them is still ending.
    ``terminal``: whether standard input is one where a call does not tell; it decides what ``-t`` prints.
    """

    cluster: SimulatedCluster
    namespace: str = "default"
    context: str = "netpol-lab"
    namespace_was_set: bool = False
    attempts: list[Attempt] = field(default_factory=list)
    dialed: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    logs: dict[tuple[str, str], str] = field(default_factory=dict)
    forwards: dict[int, Forward] = field(default_factory=dict)
    access: AccessLogs = field(default_factory=dict)
    files: dict[str, dict[str, str]] = field(default_factory=dict)
    refused: set[Key] = field(default_factory=set)
    terminal: bool = False
    call_seconds: float = 1.0
    """How much simulated time a call takes by itself."""

    @property
    def context_namespace(self) -> str:
        """The namespace the context names; "" while it names none."""
        return self.namespace if self.namespace_was_set or self.namespace != "default" else ""

    def record(self, flow: Flow, command: str, said: str) -> None:
        """Note one connection: clients call this."""
        self.attempts.append(Attempt(flow, command, said))


def _shown(text: str) -> str:
    """Data cannot speak to the terminal: kubectl writes an escape byte as ``^[``."""
    return text.replace("\x1b", "^[").replace("\x9b", "^[[")


@dataclass
class Call:
    """One command line while it runs. ``args`` are the words before ``--``; ``command`` those after it, or None.

    ``read_special`` reads a file that is no regular one, for the program that was started; it raises OSError.
    """

    session: Session
    verb: str
    parsed: Parsed
    read_stdin: Callable[[], str]
    cwd: str
    read_special: Callable[[str], bytes]
    terminal: bool | None = None
    chunks: list[Chunk] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    collected: list[ReadOnlyBody] | None = None
    """The objects that are printed together at the end, where a verb does so."""

    @property
    def cluster(self) -> SimulatedCluster:
        return self.session.cluster

    @property
    def has_terminal(self) -> bool:
        return self.session.terminal if self.terminal is None else self.terminal

    @property
    def args(self) -> tuple[str, ...]:
        return self.parsed.args

    @property
    def command(self) -> tuple[str, ...] | None:
        return self.parsed.after_dash

    def flag(self, name: str) -> Any:
        """The value of a flag of this verb: as typed, or its default."""
        return self.parsed.values[name]

    @property
    def namespace(self) -> str:
        """The namespace the call is about: ``-n``, else the one of the context."""
        return self.parsed.values.get("namespace") or self.session.namespace

    @property
    def namespace_is_given(self) -> bool:
        return bool(self.parsed.values.get("namespace"))

    def write(self, *texts: str) -> None:
        """Data, to stdout."""
        self.chunks += [("stdout", _shown(text)) for text in texts]

    @property
    def has_data(self) -> bool:
        return any(stream == "stdout" for stream, _ in self.chunks)

    def print(self, text: str) -> None:
        """A line of data, to stdout."""
        self.write(text + "\n")

    def warn(self, text: str) -> None:
        """A line that is not data, to stderr."""
        self.chunks.append(("stderr", _shown(text) + "\n"))

    def write_raw(self, *texts: str) -> None:
        """What a program in a container wrote, as it is."""
        self.chunks += [("stdout", text) for text in texts]

    def report(self, failures: list[Failure]) -> int:
        """Print what went wrong, as kubectl does for one or several failures; return the exit code.

        Our hints stand below; above where the server's answer is a wall of text, as that to a patch is.
        """
        said = [str(failure) if len(failures) == 1 else failure.message for failure in failures]
        hints = [f"hint: {hint}" for hint in (*self.hints, *(hint for failure in failures for hint in failure.hints))]
        for line in [*hints, *said] if any(len(each) > _WALL for each in said) else [*said, *hints]:
            self.warn(line)
        return 1 if failures else 0
