"""What a kernel gets before its first cell: a `kubectl` that never reaches a real cluster, and sentences for slips.

The folder ``programs`` stands first on PATH from the import of ``netpol_lab`` to the end of the process, whatever
becomes of a lab. Its programs ask the lab that ``NETPOL_LAB_BRIDGE`` names (see ``bridge.py``). Without one, `kubectl`
refuses and `curl` is the machine's. The folder ``last_programs`` stands last: `jq`, where the machine has none.

Nothing slow is imported here: every kernel of the environment runs it (see ``ipython_startup.py``).
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from netpol_lab.model.errors import LabError

BRIDGE = "NETPOL_LAB_BRIDGE"
"""The variable that tells the programs of a shell the lab's port and token."""

SHELL = "NETPOL_LAB_SHELL"
"""The variable that chooses the shell of `!` and `%%bash`: ``own`` or ``machine``. Without it the machine decides."""

PROGRAMS = ("kubectl", "curl", "k")

_ROOM = Path(__file__).parent
_ANSWERED = r"\.(quiz|predict|recall|diagnose)\("
_SHOW_ME = _ANSWERED + r"([^\n]*,)?\s*show\s+me"
_FIRST_CELL = "Run the first code cell of this lesson, then the cells below it."


def programs_first() -> None:
    """Put our programs on PATH, `kubectl` before any other. Calling it again does no harm.

    Raises :class:`LabError` where no folder of this machine can hold programs.
    """
    room = _usable_room()
    first, last = str(room / "programs"), str(room / "last_programs")
    places = [each for each in os.environ.get("PATH", os.defpath).split(os.pathsep) if each not in (first, last)]
    os.environ["PATH"] = os.pathsep.join([first, *places, last])
    os.environ["NETPOL_LAB_PYTHON"] = sys.executable


@functools.cache
def _usable_room() -> Path:
    """Our own folder; a copy where PATH cannot name it, or its files may not be run (a zip, a mount with noexec)."""
    if _works(_ROOM):
        return _ROOM
    for make in (lambda: Path.home() / ".cache" / "netpol-lab", lambda: Path(tempfile.mkdtemp(prefix="netpol-lab-"))):
        with contextlib.suppress(OSError, RuntimeError):
            room = make()
            for part in ("programs", "last_programs"):
                shutil.copytree(_ROOM / part, room / part, dirs_exist_ok=True)
                for program in (room / part).iterdir():
                    program.chmod(0o755)
            for part in ("bridge_client.py", "jq_program.py"):
                shutil.copyfile(_ROOM / part, room / part)
            if _works(room):
                return room
    raise LabError(
        "No folder here can hold the lab's kubectl, so `kubectl` would be this machine's own. Move the workbook to a "
        f"folder without {os.pathsep!r} in its path, on a disk that may hold programs."
    )


def _works(room: Path) -> bool:
    return os.pathsep not in str(room) and all(os.access(room / "programs" / each, os.X_OK) for each in PROGRAMS)


def takes_own_shell() -> bool:
    """Whether the lab's own shell runs the notebook's lines: on Windows, and where there is no bash."""
    choice = os.environ.get(SHELL)
    return choice == "own" if choice in ("own", "machine") else os.name == "nt" or shutil.which("bash") is None


def in_kernel() -> None:
    """Prepare the kernel that runs this as it starts. A lab of a notebook that started this kernel is not its own."""
    os.environ.pop(BRIDGE, None)
    programs_first()
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return
    ip: Any = get_ipython()
    if ip is not None:
        ip.register_magic_function(_manifest_without_lab, "cell", "manifest")
        if takes_own_shell():
            ip.register_magic_function(_bash_without_lab, "cell", "bash")
        speak_plainly(ip)


def _manifest_without_lab(line: str, cell: str = "") -> None:
    """Say that there is no lab yet: until then %%manifest has no folder to write to."""
    raise LabError(f"There is no lab in this kernel yet, so nothing was written. {_FIRST_CELL}")


def _bash_without_lab(line: str, cell: str = "") -> None:
    """Say that there is no lab yet: on this machine it brings the shell."""
    raise LabError(f"There is no lab in this kernel yet, so nothing was run. {_FIRST_CELL}")


def speak_plainly(ip: Any) -> None:
    """Answer a student's commonest slips by one sentence instead of Python's own words."""
    if getattr(ip, "_netpol_lab_speaks", False):
        return
    show = ip._showtraceback

    def show_plainly(kind: type, error: BaseException, lines: list[str]) -> None:
        cells = ip.user_ns.get("_ih") or [""]
        sentence = slip(error, cells[-1], "lab" in ip.user_ns)
        show(kind, error, [sentence] if sentence else lines)

    ip._showtraceback, ip._netpol_lab_speaks = show_plainly, True


def slip(error: BaseException, cell: str, has_lab: bool = False) -> str:
    """What to say for an error that is a slip of the hand; "" for any other.

    >>> slip(NameError("name 'b' is not defined", name="b"), 'lab.quiz("02-default-deny/q1", b)')
    'Put the letter between quotes: "b".'
    >>> slip(NameError("name 'C' is not defined", name="C"), 'lab.recall(C)')
    'Put the letter between quotes: "C".'
    >>> slip(SyntaxError("invalid syntax"), 'lab.recall(show me)')
    'Put it between quotes: "show me".'
    """
    line = (getattr(error, "text", None) or cell).strip()
    if isinstance(error, SyntaxError):
        return 'Put it between quotes: "show me".' if re.search(_SHOW_ME, cell) else _shell_line(line)
    if isinstance(error, subprocess.CalledProcessError) and "run_cell_magic(" in cell:  # such as %%bash
        return f"The last command of this cell ended with exit code {error.returncode}. What it says stands above."
    if not isinstance(error, NameError):
        return ""
    name = getattr(error, "name", None) or ""
    if name == "lab" and not has_lab:
        return (
            "There is no lab in this kernel yet. A kernel that was restarted has forgotten everything, and so has its "
            f"simulated cluster. {_FIRST_CELL}"
        )
    if re.fullmatch("[a-f]", name, re.IGNORECASE) and re.search(_ANSWERED, cell):
        return f'Put the letter between quotes: "{name}".'
    return _shell_line(next((each for each in cell.splitlines() if each.strip().startswith(name)), "")) if name else ""


def _shell_line(line: str) -> str:
    words = line.split()
    if words[:1] not in (["kubectl"], ["k"]):
        return ""
    return "kubectl is no Python. Put an exclamation mark before the line: !" + " ".join(["kubectl", *words[1:]])
