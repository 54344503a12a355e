"""Where the lessons' data are: manifests, exercises, transcripts; and how a student's number gets into them.

In a checkout (and an editable install) they lie in ``data/`` beside the package, where people edit
them. An installed wheel carries the same files inside the package, in ``netpol_lab/_data``, and the notebooks with
their sources and solutions in ``netpol_lab/_notebooks``. Lesson packs (``pack_folders``) come after them: what the
workbook has, no pack replaces.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from string import Template

from netpol_lab.model import pack_folders
from netpol_lab.model.errors import NotFound
from netpol_lab.model.phrases import did_you_mean, nearest

_PACKAGE = Path(__file__).resolve().parent.parent
_PLACES = pack_folders.OWN_DATA


def path(*parts: str) -> Path:
    """Return the path of a file or folder of the lessons' data.

    ``parts`` are the names below ``data/``, for example ``path("exercises", "02-default-deny.yaml")``;
    without parts it is the folder itself.
    Raises :class:`NotFound` when there is no such file, and when a part leads
    out of the data folder.

    >>> path().is_dir()
    True
    """
    for place in _places():
        wanted = place.joinpath(*parts)
        with contextlib.suppress(OSError, ValueError):  # no file can have such a name
            if wanted.exists() and wanted.resolve().is_relative_to(place.resolve()):
                return wanted
    beside: set[str] = set()
    with contextlib.suppress(OSError, ValueError):
        beside |= {each.name for place in _places() for each in place.joinpath(*parts[:-1]).glob("*")}
    meant = did_you_mean(nearest(parts[-1] if parts else "", beside), "'")
    raise NotFound(f"The lessons have no data file {'/'.join(parts) or 'data'!r}{', ' + meant if meant else '.'}")


def _places() -> Iterator[Path]:
    yield from _PLACES
    yield from (pack / "data" for pack in pack_folders.folders())


def files(kind: str) -> list[Path]:
    """Every file of one kind of data, such as ``exercises``: the workbook's own in their order, then those of packs."""
    return [file for place in _places() for file in sorted((place / kind).glob("*.yaml"))]


def notebooks() -> list[Path]:
    """The lessons' notebooks as a student gets them: the workbook's own in their order, then those of packs.

    >>> notebooks()[0].name
    '00-start-here.ipynb'
    """
    for place in (_PACKAGE / "_notebooks", _PACKAGE.parent / "notebooks"):
        if found := sorted(place.glob("*.ipynb")):
            own = {each.name for each in found}
            brought = (each for pack in pack_folders.folders() for each in sorted(pack.glob("[0-9][0-9]-*.ipynb")))
            return found + [each for each in brought if each.name not in own]
    raise NotFound("This installation holds no notebooks. Install netpol-lab again.")


def lessons_to_teach() -> list[tuple[Path, Path]]:
    """Each lesson as a trainer gets it: its source, which has the notes, and its solved notebook, with the outputs.

    The workbook's own come first, then those of packs.

    >>> [path.name for path in lessons_to_teach()[0]]
    ['00-start-here.md', '00-start-here.ipynb']
    """
    found: dict[str, tuple[Path, Path]] = {}
    for place in (_PACKAGE / "_notebooks", _PACKAGE.parent / "notebooks", *pack_folders.folders()):
        for source in sorted(place.glob("source/[0-9][0-9]-*.md")):
            found.setdefault(source.stem, (source, place / "solutions" / f"{source.stem}.ipynb"))
    if not found:
        raise NotFound("This installation holds no lessons to teach. Install netpol-lab again.")
    return list(found.values())


def tested_versions() -> str:
    """The text of constraints.txt: every package with the version that the tests run with."""
    with contextlib.suppress(OSError):
        return (_PACKAGE.parent / "constraints.txt").read_text(encoding="utf-8")
    with contextlib.suppress(metadata.PackageNotFoundError):
        if text := metadata.distribution("netpol-lab").read_text("extra_metadata/constraints.txt"):
            return text
    raise NotFound("This installation does not say which versions were tested. Install netpol-lab again.")


def fill(text: str, number: str) -> str:
    """Put the student's number in the place of ``$XX`` and ``${XX}``; any other ``$`` stays.

    >>> fill("name: client-$XX", "07")
    'name: client-07'
    """
    return Template(text).safe_substitute(XX=number)
