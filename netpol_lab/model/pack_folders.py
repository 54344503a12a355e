"""Where lesson packs are: folders with ``source/`` and ``data/`` as the workbook has them, written by somebody else.

A pack is found in three ways: it is the folder you are in, or one above it; it is in ``NETPOL_LAB_PACKS``; or it came
with an installed package.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator
from functools import cache
from importlib import util
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
OWN_DATA = (_PACKAGE / "_data", _PACKAGE.parent / "data")
"""Where the workbook's own data are: inside an installed package, or beside it in a checkout."""

VARIABLE = "NETPOL_LAB_PACKS"
"""Folders of packs, separated as in PATH."""

GROUP = "netpol_lab.lessons"
"""The entry point group of packs that are installed: the value names the package whose folder is the pack."""


def folders() -> Iterator[Path]:
    """The folder of each pack, once. Nothing of a pack is imported: it is data."""
    seen: set[Path] = set()
    for folder in (*_around(), *_named(), *_installed()):
        if folder not in seen and (folder / "data").is_dir():
            seen.add(folder)
            yield folder


def _around() -> Iterator[Path]:
    with contextlib.suppress(OSError):  # the folder was deleted
        here = Path.cwd()
        yield from (each for each in (here, *here.parents) if any(each.glob("source/[0-9][0-9]-*.md")))


def _named() -> Iterator[Path]:
    yield from (Path(each).absolute() for each in os.environ.get(VARIABLE, "").split(os.pathsep) if each)


@cache
def _installed() -> tuple[Path, ...]:
    found = []
    from importlib import metadata

    for point in sorted(metadata.entry_points(group=GROUP), key=lambda each: each.name):
        spec = util.find_spec(point.module.partition(".")[0])  # a part of a package would import the package
        places = (spec.submodule_search_locations if spec else None) or ()
        found += [Path(place, *point.module.split(".")[1:]) for place in places]
        if not places:
            warnings.warn(
                f"The lesson pack {point.name} is in {point.value!r}, which is no package here.", stacklevel=2
            )
    return tuple(found)
