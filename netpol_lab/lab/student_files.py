"""The student's files: the folder they lie in, and how they are written, whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netpol_lab.manifests import read_text
from netpol_lab.model.datafiles import fill, path
from netpol_lab.model.errors import LabError, NotFound
from netpol_lab.model.objects import NetworkPolicy
from netpol_lab.model.whole_files import write_whole

_home: Path | None = None
_held: tuple[Path, int] | None = None


def work_folder(name: str = "") -> Path:
    """The folder ``work/<name>`` beside the notebook, made if missing. Without a name, ``work``.

    Raises :class:`LabError` where there can be no such folder.
    """
    folder = _notebook_folder() / "work" / name
    with told(f"The folder {folder} for your files cannot be made"):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def work_in(lesson: str | None, number: str) -> Iterator[Path]:
    """Change into the folder for a student's files of a lesson, ``work/<lesson>-<number>``, and stay there.

    Without a lesson it is the notebook's own. Raises :class:`LabError` where that cannot be. Then, and where what is
    done inside fails, nothing has changed.
    """
    folder, before = work_folder(f"{lesson}-{number}") if lesson else _notebook_folder(), here()
    with told(f"The folder {folder} for your files cannot be entered"):
        os.chdir(folder)
    try:
        yield folder
    except BaseException:
        with contextlib.suppress(OSError):  # it was deleted
            os.chdir(before)
        raise


def is_shared(folder: Path) -> bool:
    """Whether another notebook that is running works in that folder. This one counts for the others until it ends."""
    global _held
    if os.name == "nt" or (_held and _held[0] == folder):  # Windows has no such locks
        return False
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:  # where a file system knows no locks, nobody can say
        os.close(descriptor)
        return isinstance(error, BlockingIOError)
    if _held:
        os.close(_held[1])
    _held = folder, descriptor
    return False


def record_file(number: str) -> Path:
    """Where the record of a student lies; it need not be there yet. Beside the folders of the lessons."""
    return _notebook_folder() / "work" / f"progress-{number}.jsonl"


def _notebook_folder() -> Path:
    global _home
    with told("The folder of this notebook is not there any more. Save the notebook elsewhere and open it again"):
        _home = _home or Path.cwd()
    return _home


@contextmanager
def told(what: str) -> Iterator[None]:
    """An error of the file system in a sentence: what could not be done, and why."""
    try:
        yield
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else "") or str(error)
        raise LabError(f"{what}: {why.lower()}.") from None


def here() -> str:
    """The working folder; a place that holds nothing, when it was deleted."""
    try:
        return os.getcwd()
    except OSError:
        return "/the folder was deleted"


def leads_away(name: str) -> bool:
    """Whether a file of that name would lie outside of the working folder."""
    place = Path(name)
    return bool(place.anchor) or ".." in place.parts or name.startswith("~")


def write_manifest(name: str, text: str, number: str) -> str:
    """Write one manifest into the working folder; returns one line for the student.

    Raises :class:`LabError` for a name that is missing or leads out of the folder.
    """
    place = Path(name)
    if leads_away(name) or not place.name or len(name.split()) > 1:
        raise LabError("Name a file in this folder after %%manifest, for example: %%manifest default-deny.yaml")
    filled = fill(text, number)
    with told(f"{name} was not written, and what was there is as it was"):
        write_whole(place, filled)
    return f"wrote {name} ({len(filled.splitlines())} lines)"


def copy_manifest(name: str, number: str) -> str:
    """Copy one of the workbook's manifests into the working folder, filled in; returns its text.

    Raises :class:`NotFound` for a name that is not there.
    """
    unknown = NotFound(f"The workbook has no manifest {name!r}. An example is 'lab-a/netpol-apps.yaml'.")
    parts = name.split("/")
    try:
        place = path("manifests", *parts)
    except NotFound:
        raise unknown from None
    if ".." in parts or not place.is_file():
        raise unknown
    text = fill(place.read_text(encoding="utf-8"), number)
    write_manifest(place.name, text, number)
    return text


def still_says(policy: NetworkPolicy) -> bool:
    """Whether the file that a policy came from still has it, in the same lines; False where it came from none."""
    return any(each == policy and each.origin == policy.origin for each in _in_its_file(policy) or ())


def says_otherwise(policy: NetworkPolicy) -> bool:
    """Whether that file cannot be read any more, or has another policy of the same name."""
    found = _in_its_file(policy)
    return found is None or (not still_says(policy) and any(each.id == policy.id for each in found))


def _in_its_file(policy: NetworkPolicy) -> list[NetworkPolicy] | None:
    """The policies in the file that a policy came from; None where it is gone, or nobody can read it any more."""
    origin = policy.origin
    try:
        text = Path(origin.file).read_text(encoding="utf-8") if origin and origin.file else ""
        found = [resource.typed for resource in read_text(text, origin.file if origin else "")]
    except (OSError, ValueError, LabError):
        return None
    return [each for each in found if isinstance(each, NetworkPolicy)]
