"""What can go wrong, in words a student can act on.

Every error the library raises on purpose is a :class:`LabError`. In a notebook it is shown as its
message alone, without a traceback. Nothing else may leave the library.
"""

from __future__ import annotations


class LabError(Exception):
    """Base of all errors the library raises; ``str(error)`` is one clear message."""

    def _render_traceback_(self) -> list[str]:
        """IPython asks for this: the message stands alone, no traceback is shown."""
        return [f"{type(self).__name__}: {self}".replace("\x1b", "^[")]


class NotFound(LabError):
    """A pod, Service, file or lesson of that name does not exist. ``kind`` and ``name`` say which, where known."""

    def __init__(self, message: str, kind: str = "", name: str = "") -> None:
        super().__init__(message)
        self.kind, self.name = kind, name


class AlreadyExists(LabError):
    """An object of that kind and name is there already."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"{kind} {name!r} already exists")
        self.kind, self.name = kind, name


class ManifestError(LabError):
    """A manifest that the API server, or kubectl before it, would refuse.

    ``problems`` holds one :class:`Problem` per fault found.
    """

    def __init__(self, problems: tuple) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class NotSimulated(LabError):
    """The request is fine on a real cluster; the simulated one does not do it."""
