"""What is wrong with a manifest, and where: :class:`Problem`, and the :class:`Report` that gathers them.

A problem carries two texts: the words of the API server (or of kubectl before it), so that a student
learns to read them, and our own hint, with the file and the line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import Literal

from netpol_lab.manifests.line_map import Lines, Path

ProblemKind = Literal["yaml", "decode", "validation", "mapping", "missing", "twice", "skipped"]
BLANK_LEFT = "`____` is a blank of the exercise; replace it"
MAX_PROBLEMS = 1000
"""A text with more faults than this is no manifest, and is not read to its end."""


@dataclass(frozen=True)
class ObjectReference:
    """Which object of a file is meant, as it stands there: nothing is filled in.

    >>> str(ObjectReference("v1", "Pod", "", "web"))
    'Pod "web"'
    """

    api_version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        return f'{self.kind} "{self.name}"' if self.kind else ""


@dataclass(frozen=True)
class Problem:
    """One fault of a manifest.

    ``kind`` tells who refuses it and so how kubectl frames it:

    - ``yaml``: the text cannot be read (kubectl, ``error parsing FILE: ...``);
    - ``missing``: kubectl lacks ``apiVersion``, ``kind`` or ``metadata.name``;
    - ``mapping``: no such kind in that version (kubectl, ``resource mapping not found ...``);
    - ``decode``: an unknown field or a wrong type (API server, BadRequest);
    - ``validation``: a value that is not allowed (API server, Invalid);
    - ``twice``: a key is written twice (nobody refuses it: the last one counts);
    - ``skipped``: a file or a document of a folder that is no manifest, and is passed over.

    ``message`` has the server's own words, ``field`` its name for the place (``spec.ingress[0].from[0]``),
    ``line`` the line in ``file`` (from 1; 0 when unknown), ``hint`` what was probably meant (or "").
    """

    kind: ProblemKind
    message: str
    file: str = ""
    line: int = 0
    field: str = ""
    object: ObjectReference = ObjectReference()
    hint: str = ""

    @property
    def server(self) -> str:
        """The text as it stands inside kubectl's error message, without kubectl's frame around it."""
        if self.kind == "validation":
            return f"{self.field}: {self.message}"
        if self.kind == "yaml" and self.message.startswith(("yaml: ", "json: unsupported")):
            return f"error converting YAML to JSON: {self.message}"
        return self.message

    def __str__(self) -> str:
        """For people: ``file, line 7: Pod "web": message. Hint.``"""
        where = ", ".join(filter(None, (self.file, f"line {self.line}" if self.line else "")))
        text = f"{self.field}: {self.message}" if self.kind == "validation" else self.message
        parts = [part for part in (where, str(self.object), text) if part]
        return ": ".join(parts) + (f" ({self.hint})" if self.hint else "")


def field_text(path: Sequence[str | int]) -> str:
    """The API server's name for a path.

    >>> field_text(("spec", "ingress", 0, "from", 1))
    'spec.ingress[0].from[1]'
    """
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


@dataclass
class Report:
    """Gathers the problems of one object; knows its file, its lines and its name.

    ``settled``: the CIDRs that the object had before. The server does not judge those again.
    """

    file: str = ""
    lines: Lines | None = None
    object: ObjectReference = ObjectReference()
    settled: Set[str] = frozenset()
    problems: list[Problem] = field(default_factory=list)

    def add(self, kind: ProblemKind, path: Path, message: str, *, hint: str = "", at: Path | None = None) -> None:
        """Note a problem of the field ``path``; ``at`` is the path whose line is shown, if another.

        Where a blank of an exercise is the reason, its own line and hint are told in place of those.
        """
        shown = path if at is None else at
        line = self.lines.first_line(shown) if self.lines else 0
        blank = self.lines.blank(shown, deep=kind == "validation") if self.lines else 0
        if blank:
            line, hint = blank, BLANK_LEFT
        self.problems.append(Problem(kind, message, self.file, line, field_text(path), self.object, hint))

    def invalid(self, path: Path, message: str, *, hint: str = "", at: Path | None = None) -> None:
        """A value the API server would refuse, see :meth:`add`."""
        self.add("validation", path, message, hint=hint, at=at)

    def __bool__(self) -> bool:
        return bool(self.problems)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.problems)
