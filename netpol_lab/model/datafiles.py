"""Where the lessons' data are: manifests, exercises, transcripts; and how a student's number gets into them.

In a checkout (and an editable install) they lie in ``data/`` beside the package, where people edit
them. An installed wheel carries the same files inside the package, in ``netpol_lab/_data``.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from string import Template

from netpol_lab.model.errors import NotFound

_PACKAGE = Path(__file__).resolve().parent.parent
_PLACES = (_PACKAGE / "_data", _PACKAGE.parent / "data")


def path(*parts: str) -> Path:
    """Return the path of a file or folder of the lessons' data.

    ``parts`` are the names below ``data/``, for example ``path("exercises", "02-default-deny.yaml")``;
    without parts it is the folder itself.
    Raises :class:`NotFound` when there is no such file, and when a part leads
    out of the data folder.

    >>> path().is_dir()
    True
    """
    for place in _PLACES:
        wanted = place.joinpath(*parts)
        with contextlib.suppress(OSError, ValueError):  # no file can have such a name
            if wanted.exists() and wanted.resolve().is_relative_to(place.resolve()):
                return wanted
    raise NotFound(f"The lessons have no data file {'/'.join(parts) or 'data'!r}.")


def fill(text: str, number: str) -> str:
    """Put the student's number in the place of ``$XX`` and ``${XX}``; any other ``$`` stays.

    >>> fill("name: client-$XX", "07")
    'name: client-07'
    """
    return Template(text).safe_substitute(XX=number)
