"""A folder from which netpol-lab is installed without the Internet: all wheels for one kind of machine, and installers.

Which wheels is decided for the other machine, not for this one: the markers of the tested versions (constraints.txt)
and of what each wheel asks for are read with the other machine's Python and system.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from email.parser import HeaderParser
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from netpol_lab import __version__
from netpol_lab.lab.classroom.installers import POWERSHELL, READ_ME, SHELL
from netpol_lab.lab.student_files import told
from netpol_lab.model.datafiles import tested_versions
from netpol_lab.model.errors import LabError, NotFound
from netpol_lab.model.whole_files import write_whole

BUILD_TOOLS = ("hatchling==1.33.0", "editables")
"""What an install from a clone needs besides. The first is what pyproject.toml builds with."""

_MARKERS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    "macos": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    "windows": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
}


def _linux(chip: str) -> tuple[str, ...]:
    """Wheels for glibc 2.28 (2018) and older: they run on every Linux that is still looked after."""
    return (*(f"manylinux_2_{each}_{chip}" for each in range(28, 4, -1)), f"manylinux2014_{chip}", f"linux_{chip}")


PLATFORMS: Mapping[str, tuple[str, ...]] = {
    "linux-x86_64": _linux("x86_64"),
    "linux-aarch64": _linux("aarch64"),
    "macos-arm64": ("macosx_14_0_arm64",),
    "macos-x86_64": ("macosx_14_0_x86_64",),
    "windows-amd64": ("win_amd64",),
}
"""The kinds of machine, each with the tags of the wheels that run there."""


def fill(folder: Path, platform: str, python: str, own: Path | None = None, extra: str = "") -> list[str]:
    """Fill ``folder``: ``wheels``, ``install.sh``, ``install.ps1``, ``README.txt``. Returns the names of the wheels.

    ``python`` is ``3.12`` or ``3.12.1``. ``own`` is netpol-lab's wheel; without it, it is built from the clone that
    runs this, or fetched. ``extra`` is one of its own, such as ``class``. What is there already is not fetched again.
    Raises :class:`LabError` with pip's words.
    """
    wheels = folder / "wheels"
    with told(f"The folder {wheels} cannot be made"):
        wheels.mkdir(parents=True, exist_ok=True)
    machine = _environment(platform, python)
    pins = {_name(each): each for each in _pins(machine)}
    first = _own_wheel(wheels, own)
    taken = {first.name}
    asked = [Requirement(f"netpol-lab[{extra}]")] if extra else []
    wanted, known = [*_asked_for([first], machine, asked), *map(Requirement, BUILD_TOOLS)], {"netpol-lab[]"}
    while wanted := [each for each in wanted if _key(each) not in known]:
        known |= {_key(each) for each in wanted}
        named = {str(_pinned(each, pins)) for each in wanted}
        brought = _fetched(wheels, sorted(named), PLATFORMS[platform], python)
        taken |= {each.name for each in brought}
        wanted = _asked_for(brought, machine, wanted)
    for left in wheels.glob("*.whl"):  # of an earlier version
        if left.name not in taken:
            left.unlink()
    minor = ".".join(python.split(".")[:2])
    for name, text in (("install.sh", SHELL), ("install.ps1", POWERSHELL), ("README.txt", READ_ME)):
        with told(f"{folder / name} was not written"):
            write_whole(folder / name, text.replace("@PYTHON@", minor).replace("@PLATFORM@", platform))
    return sorted(taken)


def _environment(platform: str, python: str) -> dict[str, str]:
    """What markers are read with. Of 3.12 the first, because what runs on it runs on the later ones too."""
    system, _, chip = platform.partition("-")
    numbers = [*python.split("."), "0"][:3]
    return {
        **_MARKERS[system],
        "platform_machine": chip.upper() if system == "windows" else chip,
        "python_version": ".".join(numbers[:2]),
        "python_full_version": ".".join(numbers),
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }


def _pins(machine: dict[str, str]) -> Iterator[Requirement]:
    for line in tested_versions().splitlines():
        if line and not line.startswith("#"):
            pin = Requirement(line)
            if pin.marker is None or pin.marker.evaluate(machine):
                yield pin


def _pinned(wanted: Requirement, pins: Mapping[str, Requirement]) -> Requirement:
    return Requirement(f"{wanted.name}{pins.get(_name(wanted), wanted).specifier}")


def _name(of: Requirement | str) -> str:
    return str(canonicalize_name(of if isinstance(of, str) else of.name))


def _key(wanted: Requirement) -> str:
    return f"{_name(wanted)}{sorted(wanted.extras)}"


def _asked_for(wheels: Iterable[Path], machine: dict[str, str], asked: Sequence[Requirement] = ()) -> list[Requirement]:
    """What these wheels need on that machine, with the extras that were asked of them."""
    found = []
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as parts:
            name = next(each for each in parts.namelist() if each.endswith(".dist-info/METADATA"))
            said = HeaderParser().parsestr(parts.read(name).decode("utf-8"))
        own = {"", *(extra for each in asked if _name(each) == _name(said["Name"]) for extra in each.extras)}
        for need in map(Requirement, said.get_all("Requires-Dist") or ()):
            if need.marker is None or any(need.marker.evaluate({**machine, "extra": each}) for each in own):
                found.append(need)
    return found


def _fetched(wheels: Path, named: list[str], tags: Iterable[str], python: str) -> list[Path]:
    """Fetch these, and nothing that they need; returns their wheels."""
    words = [*("--no-deps", "--only-binary=:all:", "--python-version", python), *(f"--platform={tag}" for tag in tags)]
    done = _pip("download", *words, "--dest", str(wheels), *named)
    names = {_name(each): each for each in map(Requirement, named)}
    found = []
    for wheel in sorted(wheels.glob("*.whl")):
        name, version = wheel.name.split("-")[:2]
        wish = names.get(_name(name))
        if wish and wish.specifier.contains(version, prereleases=True):
            found.append(wheel)
    assert len(found) >= len(names), done
    return found


def _own_wheel(wheels: Path, given: Path | None) -> Path:
    clone = Path(__file__).resolve().parents[3]
    for old in wheels.glob("netpol_lab-*.whl"):
        old.unlink()
    if given:
        with told(f"{given} was not copied"):
            (wheels / given.name).write_bytes(given.read_bytes())
    elif (clone / "pyproject.toml").is_file():
        _pip("wheel", "--no-deps", "--wheel-dir", str(wheels), str(clone))
    else:
        try:
            _pip("download", "--no-deps", "--dest", str(wheels), f"netpol-lab=={__version__}")
        except LabError as error:
            raise NotFound(f"{error} Give the wheel that you installed: --wheel FILE.") from None
    found = sorted(wheels.glob("netpol_lab-*.whl"))
    if not found:
        raise NotFound(f"{given} is no wheel of netpol-lab. Its name begins with netpol_lab-.")
    return found[0]


def _pip(*words: str) -> str:
    """What pip says. Raises :class:`LabError` with its last error where it fails."""
    command = [sys.executable, "-m", "pip", words[0], "--disable-pip-version-check", *words[1:]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        errors = [line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        why = (errors or done.stderr.splitlines() or ["pip gave no reason"])[-1].rstrip(".")
        raise LabError(f"pip could not {words[0]}: {why}.")
    return done.stdout
