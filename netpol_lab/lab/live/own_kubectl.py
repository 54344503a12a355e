"""The student's own kubectl, run without a shell: what it printed, or one sentence about what went wrong.

Only what kubectl prints is read. The lab never opens a kubeconfig, so it never holds a credential.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

from netpol_lab.lab.kernel_start import BRIDGE
from netpol_lab.model.errors import LabError

SECONDS = 60
"""How long one question to the cluster may take."""

PAUSES = (0.5, 1.0, 2.0)
"""Seconds before a question is asked again, where the cluster was busy or the answer was cut."""

_OURS = "programs"

Taken = TypeVar("Taken")


class LiveError(LabError):
    """What a real cluster, or the way to it, did not give. ``again``: whether asking again may help."""

    def __init__(self, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.again = again


class NotAllowed(LiveError):
    """The cluster knows the student and refuses; the message has the rule that would allow it."""


class NotThere(LiveError):
    """What was asked for is not there."""


@dataclass(frozen=True)
class KubectlSaid:
    """What kubectl printed, and its exit code."""

    stdout: str
    stderr: str
    exit_code: int


_FORBIDDEN = re.compile(
    r'(?P<what>\S+) is forbidden: User "(?P<user>[^"]*)" cannot (?P<verb>\S+) resource "(?P<resource>[^"]*)"'
    r' in API group "(?P<group>[^"]*)"(?: (?P<cluster>at the cluster scope)| in the namespace "(?P<namespace>[^"]*)")?'
)

_TROUBLES: tuple[tuple[str, str, bool], ...] = (
    (
        r"must be logged in to the server|Unauthorized",
        "The API server does not know you: your login has ended or was never made. Log in to the cluster again, as "
        "its administrator told you, then run this again.",
        False,
    ),
    (
        r"x509: certificate has expired or is not yet valid",
        "The certificate of the API server or yours is not valid at this machine's time ({now}). Check the clock "
        "first, then the certificate.",
        False,
    ),
    (r"x509:|certificate signed by unknown", "The API server's certificate is not trusted by your kubectl.", False),
    (
        r"TooManyRequests|too many requests|\b429\b",
        "The API server is busy and asked to be left alone for a while (429). Wait a minute, then run this again.",
        True,
    ),
    (
        r"Expired|too old resource version|continue parameter is too old|\b410\b",
        "The cluster changed while its long list was read in parts, and the rest had expired (410). Run this again.",
        True,
    ),
    (
        r"Conflict|the object has been modified",
        "Somebody changed the object in the same moment (409). Nothing of this was written; run it again.",
        True,
    ),
    (
        r"connection reset|unexpected EOF|http2: |broken pipe|INTERNAL_ERROR",
        "The connection to the API server broke. Nothing was lost; run this again.",
        True,
    ),
    (
        r"i/o timeout|deadline exceeded|Client\.Timeout|TLS handshake timeout|Timeout: request did not complete",
        "The API server did not answer in time. See whether `kubectl get namespaces` answers in a terminal.",
        True,
    ),
    (
        r"connection refused|no route to host|network is unreachable|no such host|was refused",
        "The API server cannot be reached. Is the cluster running, and is its context the current one? `kubectl "
        "config current-context` says which it is.",
        True,
    ),
    (
        r"current-context (is not set|must exist)|context .* does not exist|no context exists|localhost:8080",
        "Your kubectl has no context that leads to a cluster. `kubectl config get-contexts` lists those it has.",
        False,
    ),
)


def trouble(words: Sequence[str], said: KubectlSaid, now: str = "") -> LiveError:
    """The sentence for a line that failed, with kubectl's own last words."""
    text = said.stderr
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        return NotAllowed(f"You may not {_right(forbidden)}")
    if re.search(r"\(NotFound\)|not found", text):
        return NotThere(_last_line(text))
    for pattern, sentence, again in _TROUBLES:
        if re.search(pattern, text):
            return LiveError(
                f"{sentence.format(now=now or time.strftime('%Y-%m-%d %H:%M'))} {_heard(text)}", again=again
            )
    return LiveError(f"`kubectl {' '.join(words[:3])} ...` ended with exit code {said.exit_code}. {_heard(text)}")


def missing_rights(text: str) -> list[str]:
    """What each refusal in kubectl's words would need: one sentence with the rule per kind of object."""
    return list(dict.fromkeys(f"You may not {_right(each)}" for each in _FORBIDDEN.finditer(text)))


def _right(found: re.Match[str]) -> str:
    verb, resource = found["verb"], found["resource"]
    where = f"in namespace {found['namespace']}" if found["namespace"] else "in the whole cluster"
    kind = "Role" if found["namespace"] else "ClusterRole"
    rule = f'- apiGroups: ["{found["group"]}"]\n  resources: ["{resource}"]\n  verbs: ["{verb}"]'
    return f"{verb} {resource} {where}. The rule of a {kind} that would allow it:\n{rule}"


def _heard(text: str) -> str:
    line = _last_line(text)
    return f"kubectl said: {line}" if line else "kubectl said nothing."


def _last_line(text: str) -> str:
    """The last line of an error, without what could speak to a terminal, and not longer than a screen."""
    lines = ["".join(c for c in line if c.isprintable()).strip() for line in text.splitlines()]
    return next((line for line in reversed(lines) if line), "")[:300]


def own_kubectl_path() -> str | None:
    """The kubectl on PATH that is not the workbook's."""
    return shutil.which("kubectl", path=_own_path())


def _own_path() -> str:
    """PATH without the workbook's programs, wherever a copy of them stands (see ``kernel_start.py``)."""
    places = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(each for each in places if not _is_ours(each))


def _is_ours(place: str) -> bool:
    folder = Path(place or ".")
    return folder.name == _OURS and (folder.parent / "bridge_client.py").exists()


class Staying:
    """A kubectl that was started and stays. It ends with this process at the latest."""

    def __init__(self, process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
        self._process, self._log = process, log
        self.end = weakref.finalize(self, _end, process, log)

    def said(self) -> str:
        """All that it printed so far. Read without moving the place in the file: the program writes at the same one."""
        return os.pread(self._log.fileno(), 1 << 24, 0).decode(errors="replace")

    def ended(self) -> int | None:
        """Its exit code, once it has ended."""
        return self._process.poll()


def _end(process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    process.terminate()
    process.wait()
    log.close()


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != BRIDGE} | {"PATH": _own_path()}


class OwnKubectl:
    """The student's kubectl, for one context."""

    def __init__(self, context: str = "", *, sleep: Callable[[float], None] = time.sleep) -> None:
        found = own_kubectl_path()
        if found is None:
            raise LiveError(
                "There is no kubectl on your PATH besides the workbook's own. Install kubectl, see that it reaches "
                "your cluster in a terminal, and restart this kernel."
            )
        self.path, self.context, self._sleep = found, context, sleep

    def say(self, *words: str, stdin: str = "", seconds: float = SECONDS, cwd: str | None = None) -> KubectlSaid:
        """Run one line. Raises :class:`LiveError` only where it did not end in time or could not be started."""
        line, env = self._line(words), _environment()
        try:
            done = subprocess.run(
                line, input=stdin.encode(), capture_output=True, timeout=seconds, env=env, cwd=cwd, check=False
            )
        except subprocess.TimeoutExpired:
            raise LiveError(
                f"`kubectl {' '.join(words[:3])} ...` did not end within {seconds:g} s. The API server is slow or "
                "gone; run this again.",
                again=True,
            ) from None
        except OSError as error:
            raise LiveError(f"{self.path} cannot be run: {(error.strerror or str(error)).lower()}.") from None
        return KubectlSaid(done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"), done.returncode)

    def start(self, *words: str, cwd: str | None = None) -> Staying:
        """Start a line that stays."""
        log = tempfile.TemporaryFile()  # noqa: SIM115 (it is closed with the process)
        try:
            started = subprocess.Popen(
                self._line(words), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment(), cwd=cwd
            )
        except OSError as error:
            log.close()
            raise LiveError(f"{self.path} cannot be run: {(error.strerror or str(error)).lower()}.") from None
        return Staying(started, log)

    def _line(self, words: Sequence[str]) -> list[str]:
        return [self.path, *(("--context", self.context) if self.context else ()), *words]

    def read(self, *words: str, seconds: float = SECONDS) -> str:
        """What a line that changes nothing prints; asked again where that may help. Raises :class:`LiveError`."""

        def take(said: KubectlSaid) -> str:
            if said.exit_code:
                raise trouble(words, said)
            return said.stdout

        return self.ask(words, take, seconds=seconds)

    def ask(self, words: Sequence[str], take: Callable[[KubectlSaid], Taken], *, seconds: float = SECONDS) -> Taken:
        """As :meth:`read`, with what ``take`` makes of the answer; it raises :class:`LiveError` for a broken one."""
        for pause in (*PAUSES, None):
            try:
                return take(self.say(*words, seconds=seconds))
            except LiveError as error:
                if pause is None or not error.again:
                    raise
            self._sleep(pause)
        raise AssertionError
