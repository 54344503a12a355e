"""A file of the user's own that is no manifest: expectations, settings of the audit. Every fault has its line."""

from __future__ import annotations

import os
from pathlib import Path

from netpol_lab.manifests.problem import Problem
from netpol_lab.manifests.source import documents
from netpol_lab.model.errors import NotFound
from netpol_lab.model.fields import DataError, Fields


def read_fields(file: str | os.PathLike[str], begins: str) -> Fields:
    """The fields of the file's one document, which ``begins`` with that field, as an example for a message.

    Raises NotFound for a file that is not there, and :class:`DataError` for one that cannot be read, is no mapping, or
    has a key twice.
    """
    name = os.fspath(file)
    try:
        text = Path(file).read_text("utf-8")
    except FileNotFoundError:
        raise NotFound(f"There is no file {name}.", "file", name) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"{name!r} cannot be read: {why}.") from None
    problems: list[Problem] = []
    found = list(documents(text, name, problems, problems))
    if problems:
        raise DataError("\n".join(map(str, problems)))
    if len(found) != 1 or not isinstance(found[0].value, dict):
        raise DataError(f"{name}: one YAML document is expected here, and it begins with `{begins}:`.")
    lines = found[0].lines
    return Fields(found[0].value, name, lines.first_line if lines else lambda _: 0)
