"""The JupyterHub of a class: its settings, who may log in, and how a student's server begins.

Everything runs as one user of this machine, because nothing here assumes root. Where bubblewrap is installed, a
student's programs see no other student's folder and processes, and write to their own folder alone. Where it is not,
JupyterLab shows that folder alone and opens no terminal, but Python in a cell can do what this user can.
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from jupyterhub.app import JupyterHub
from jupyterhub.auth import Authenticator
from jupyterhub.spawner import SimpleLocalProcessSpawner
from traitlets import default
from traitlets.config import Config

from netpol_lab.lab.classroom.class_folder import OF_CLASS, ClassFolder
from netpol_lab.lab.classroom.roster import TRAINER, private, read_roster
from netpol_lab.model import pack_folders
from netpol_lab.model.errors import LabError

FIRST = "/lab/tree/00-start-here.ipynb"
_SECONDS = 900
"""How long a server may take to begin: thirty that begin at once on two cores need more than the hub's usual 60 s."""

_KEPT = ("NETPOL_LAB_LIVE", "NETPOL_LAB_SHELL", "KUBECONFIG", pack_folders.VARIABLE)
"""What a class is told by the environment that begins it: about a real cluster, and where lessons of others are."""

_SERVER = (sys.executable, "-m", "jupyterhub.singleuser")
_LOGIN = "Your number and your password stand on your card. A lost card: ask your trainer for a new one."


@dataclass(frozen=True)
class ServedClass:
    """Where a class is reached: the hub listens on ``port``, and for itself on the two after it.

    ``certificate`` and ``key`` are files; without them nothing is encrypted.
    """

    folder: ClassFolder
    proxy: list[str]
    address: str = "127.0.0.1"
    port: int = 8000
    certificate: str = ""
    key: str = ""

    def refuse_taken_ports(self) -> None:
        """Raises :class:`LabError` where one of the three ports is taken, or the address is not this machine's."""
        for address, port in ((self.address, self.port), ("127.0.0.1", self.port + 1), ("127.0.0.1", self.port + 2)):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            try:
                socket.create_server((address, port), family=family).close()
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise LabError(f"Nothing can listen on {address}, port {port}: {error.strerror}.") from None
                raise LabError(
                    f"Port {port} is taken, and the class needs {self.port} to {self.port + 2}. "
                    f"Name others: `netpol-lab class --port {self.port + 10}`. The cards hold the address."
                ) from None


class ByCard(Authenticator):
    """Admits who has the password of a seat. A seat added or a password renewed counts at once."""

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """The number of the seat, or None."""
        file = ClassFolder(Path(os.environ[OF_CLASS])).roster
        name = data["username"].strip().lower()
        for seat in read_roster(file):
            if seat.number in (name, name.zfill(2)):
                right = await asyncio.to_thread(seat.admits, data["password"].strip().lower())
                return seat.number if right else None
        return None


class StudentServer(SimpleLocalProcessSpawner):
    """One student's JupyterLab: in a folder of their own, with newer notebooks brought before it begins."""

    @default("home_dir")
    def _default_home_dir(self) -> str:
        return str(self._class.home(self.user.name))

    @property
    def _class(self) -> ClassFolder:
        return ClassFolder(Path(os.environ[OF_CLASS]))

    async def start(self) -> tuple[str, int]:
        """Begin it. What cannot be written is told to the student; whoever has notebooks already begins anyway."""
        try:
            self._class.bring(self.user.name)
        except LabError as error:
            self.log.error("%s", error)
            if not list(Path(self.home_dir).glob("*.ipynb")):
                error.jupyterhub_message = f"Your folder cannot be filled. Tell your trainer: {error}"  # type: ignore[attr-defined]
                raise
        self.cmd = [*walls(self._class.place, Path(self.home_dir)), *_SERVER]
        with open(self._class.hub / f"server-{self.user.name}.log", "ab") as log:
            self.popen_kwargs = {"stdout": log, "stderr": subprocess.STDOUT}
            place: tuple[str, int] = await super().start()
        return place

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        """What a student's programs find: a home and a place for passing files, both their own."""
        return {**super().user_env(env), "TMPDIR": str(private(Path(self.home_dir) / ".tmp"))}

    def make_preexec_fn(self, name: str) -> Callable[[], None]:
        """Begin in the folder. The wall before a server leaves it to the server to end: it is asked as a group."""
        home = self.home_dir

        def begin() -> None:
            os.chdir(home)
            for each in (signal.SIGINT, signal.SIGTERM):
                signal.signal(each, signal.SIG_IGN)

        return begin

    async def _signal(self, sig: int) -> bool:
        try:
            os.killpg(self.pid, signal.SIGTERM if sig == signal.SIGINT else sig)  # on which it ends its kernels too
        except ProcessLookupError:
            return False
        return True


def walls(hidden: Path, home: Path) -> list[str]:
    """The words before a command that show it this machine as it is, to read, and of ``hidden`` its own ``home``.

    Empty where bubblewrap is not installed, or may not do that here.
    """
    words = [*("bwrap", "--unshare-pid", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc")]
    if not shutil.which("bwrap") or subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        return []
    return [*words, "--tmpfs", str(hidden), "--bind", str(home), str(home), "--"]


class ClassHub(JupyterHub):
    """A hub that says when it is ready."""

    ready: Callable[[], None]

    async def start(self) -> None:
        """Begin to serve."""
        await super().start()
        self.ready()


def settings(served: ServedClass) -> Config:
    """What JupyterHub is told. Servers and the proxy outlive the hub, and a hub that begins again finds them."""
    folder, local = served.folder, "http://127.0.0.1:{}"
    host = f"[{served.address}]" if ":" in served.address else served.address
    config = Config()
    config.JupyterHub.update(
        bind_url=f"{'https' if served.certificate else 'http'}://{host}:{served.port}",
        hub_bind_url=local.format(served.port + 1),
        db_url=f"sqlite:///{folder.hub / 'jupyterhub.sqlite'}",
        cookie_secret_file=str(folder.hub / "cookie-secret"),
        ssl_cert=served.certificate,
        ssl_key=served.key,
        authenticator_class=ByCard,
        spawner_class=StudentServer,
        cleanup_servers=False,
        cleanup_proxy=False,
        concurrent_spawn_limit=0,
        init_spawners_timeout=-1,
        log_level="WARN",
        template_vars={"announcement_login": _LOGIN},
    )
    config.ConfigurableHTTPProxy.update(
        api_url=local.format(served.port + 2), command=served.proxy, pid_file=str(folder.hub / "proxy.pid")
    )
    config.Authenticator.update(allow_all=True, admin_users={TRAINER})  # who has no seat has no password
    config.Spawner.update(
        args=[
            *("--log-level=WARN", "--ServerApp.terminals_enabled=False", "--LanguageServerManager.autodetect=False"),
            *(["--allow-root"] if os.geteuid() == 0 else []),
        ],
        default_url=FIRST,
        environment={OF_CLASS: str(folder.place), **{each: os.environ[each] for each in _KEPT if each in os.environ}},
        http_timeout=_SECONDS,
        start_timeout=_SECONDS,
    )
    return config


def serve(served: ServedClass, ready: Callable[[TextIO], None]) -> None:
    """Run the hub until it is stopped, while the class is :meth:`held <ClassFolder.held>`; it logs to ``hub/hub.log``.

    ``ready`` is called when students may come, with the terminal to say so.

    Raises :class:`LabError` where a port is taken, or it does not begin.
    """
    folder = served.folder
    for left in folder.processes():  # a proxy that outlived its hub holds the port
        if left.pid == _number_in(folder.hub / "proxy.pid"):
            left.terminate()
            left.wait(10)
    served.refuse_taken_ports()
    os.environ[OF_CLASS] = str(folder.place)
    os.chdir(folder.hub)
    with _logged(folder.hub / "hub.log") as terminal:
        ClassHub.ready = staticmethod(lambda: ready(terminal))
        ClassHub.instance(config=settings(served))
        try:
            ClassHub.launch_instance([])
        except SystemExit as ended:
            if ended.code:
                raise LabError(f"The hub did not begin. The end of {folder.hub / 'hub.log'} says why.") from None


@contextmanager
def _logged(file: Path) -> Iterator[TextIO]:
    """All that this process and its children print goes to the file: some of them outlive this terminal. Yields it."""
    log, kept = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), [os.dup(1), os.dup(2)]
    try:
        os.dup2(log, 1)
        os.dup2(log, 2)
        with os.fdopen(os.dup(kept[0]), "w", encoding="utf-8") as terminal:
            yield terminal
    finally:
        os.dup2(kept[0], 1)
        os.dup2(kept[1], 2)
        for each in (log, *kept):
            os.close(each)


def _number_in(file: Path) -> int:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return 0
