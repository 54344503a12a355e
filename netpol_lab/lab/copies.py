"""The notebooks in a folder of the student's own. What a student changed is never written over."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path

from netpol_lab.lab.student_files import told
from netpol_lab.model.datafiles import notebooks
from netpol_lab.model.errors import LabError, NotFound
from netpol_lab.model.language import chosen, languages
from netpol_lab.model.whole_files import write_whole

RECORD = ".netpol-lab.json"
"""In the student's folder: the sum of each notebook as it was brought last. It tells a student's change from ours."""

_NUMBER = "number"
_ANY_NUMBER = rb"XX = \"07\""
"""How a lesson's first cell stands in the file of a notebook."""


def bring(folder: Path, number: str = "") -> list[str]:
    """Copy every notebook that is not there, and renew those that the student did not change.

    With a ``number`` the notebooks begin with that one, and the folder remembers it. Returns one line for each notebook
    that was written or that is the student's. A changed one stays; where ours is newer, it is put beside it. Raises
    :class:`LabError` for what cannot be written; what was there is as it was.
    """
    record = _record(folder)
    if number:
        record[_NUMBER] = number
    said = []
    for source in _sources(folder):
        fresh = _fresh(source, record)
        said.append(_bring(folder / source.name, fresh, record.get(source.name, "")))
        record[source.name] = _sum(fresh)
    _write(folder / RECORD, json.dumps(record, indent=1, sort_keys=True).encode() + b"\n")
    return [line for line in said if line]


def reset(folder: Path, wanted: str) -> str:
    """Set one notebook back to how it came; the student's stays beside it. Returns what was done, in one line.

    ``wanted`` is its name or the beginning of it. Raises :class:`NotFound` for a name that is none, and
    :class:`LabError` for what cannot be written; then the student's notebook is where it was.
    """
    source = _meant(_sources(folder), wanted)
    return put_anew(folder / source.name, _fresh(source, _record(folder)))


def put_anew(file: Path, fresh: bytes) -> str:
    """Write a notebook as it comes; what the student has stays beside it. Returns what was done, in one line.

    Raises :class:`LabError` for what cannot be written; then the student's notebook is where it was.
    """
    own = _bytes(file)
    if own == fresh:
        return f"{file.name}: is as it came, so there is nothing to set back."
    if own is None:
        _write(file, fresh)
        return f"{file.name}: copied."
    kept = _free(file, "before-reset")
    with told(f"{file} was not set back"):
        os.replace(file, kept)
    try:
        _write(file, fresh)
    except BaseException:
        os.replace(kept, file)
        raise
    return (
        f"{file.name}: is as it came. Yours is {kept.name}. Where it is open in JupyterLab, choose File, Reload "
        "Notebook from Disk."
    )


def _bring(file: Path, fresh: bytes, last: str) -> str:
    own = _bytes(file)
    if own == fresh:
        return ""
    if own is None or _sum(own) == last:
        _write(file, fresh)
        return f"{file.name}: copied." if own is None else f"{file.name}: renewed. You had not changed it."
    yours = f"{file.name}: yours, left as it is."
    if not _is_notebook(own):
        again = f"netpol-lab lab --reset {file.stem}"
        yours = f"{file.name}: no whole notebook, left as it is. A fresh one, with this one kept: `{again}`."
    if last == _sum(fresh):
        return yours
    beside = _free(file, "new")
    _write(beside, fresh)
    return f"{yours} The newer one is {beside.name}."


def _sources(folder: Path) -> list[Path]:
    found = notebooks()
    if folder.resolve() in {each.parent.resolve() for each in found}:
        raise LabError(f"{folder} is where the notebooks come from. Name a folder of your own.")
    translated = {each.name: each for each in found[0].parent.glob(f"{chosen()}/*.ipynb")}
    return [translated.get(each.name, each) for each in found]


def _fresh(source: Path, record: dict[str, str]) -> bytes:
    """A notebook as it comes: with the number of the folder's student, where there is one.

    A translated one stands beside the others there, and not in a folder below them.
    """
    content = source.read_bytes()
    if source.parent.name in languages():
        content = content.replace(b"](../", b"](")
    return content.replace(_ANY_NUMBER, _ANY_NUMBER.replace(b"07", str(record.get(_NUMBER, "07")).encode()))


def _meant(sources: list[Path], wanted: str) -> Path:
    stem = wanted.removesuffix(".ipynb")
    found = [each for each in sources if each.stem == stem] or [each for each in sources if each.stem.startswith(stem)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(each.stem for each in found or sources)
    raise NotFound(
        f"{'Several notebooks begin' if found else 'No notebook begins'} with {wanted!r}. There are: {names}."
    )


def _free(file: Path, word: str) -> Path:
    """A name beside the file that nothing has yet: what lies there may be a student's work too."""
    number, place = 1, file.with_name(f"{file.stem}.{word}.ipynb")
    while os.path.lexists(place):
        number += 1
        place = file.with_name(f"{file.stem}.{word}-{number}.ipynb")
    return place


def _record(folder: Path) -> dict[str, str]:
    """What was brought last. Nothing, where nobody can read it: then whatever differs counts as the student's."""
    with contextlib.suppress(OSError, ValueError):
        record = json.loads((folder / RECORD).read_bytes())
        if isinstance(record, dict):
            return record
    return {}


def _bytes(file: Path) -> bytes | None:
    with told(f"{file} cannot be read, and is as it was"), contextlib.suppress(FileNotFoundError):
        return file.read_bytes()
    return None


def _write(file: Path, content: bytes) -> None:
    with told(f"{file} was not written, and what was there is as it was"):
        write_whole(file, content.decode("utf-8"))


def _is_notebook(content: bytes) -> bool:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and isinstance(found.get("cells"), list)


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
