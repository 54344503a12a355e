"""What did not work, in kubectl's words: its own refusals, the API server's, and what is not simulated."""

from __future__ import annotations

from collections.abc import Iterable

from netpol_lab.model.errors import LabError


class Failure(LabError):
    """A call, or one object of it, that did not work; ``str(failure)`` is what kubectl prints.

    ``prefix`` is ``error: `` for what kubectl itself refuses. kubectl drops it when it reports several failures
    at once, so it is kept apart from ``message``. ``hints`` are lines of our own, printed after kubectl's text.
    """

    def __init__(self, message: str, *, prefix: str = "error: ", hints: Iterable[str] = ()) -> None:
        self.message = message
        self.prefix = prefix
        self.hints = tuple(hints)
        super().__init__(prefix + message)


def from_server(reason: str, message: str, hints: Iterable[str] = ()) -> Failure:
    """The frame kubectl puts around an error of the API server."""
    return Failure(f"Error from server ({reason}): {message}", prefix="", hints=hints)


def usage(message: str, command: str) -> Failure:
    """A command line that kubectl does not understand."""
    return Failure(f"{message}\nSee 'kubectl {command} -h' for help and examples")


def not_simulated(what: str, instead: str = "") -> Failure:
    """The plain refusal: fine on a real cluster, not done here."""
    return Failure(f"{what} is not simulated in this workbook{'; ' + instead if instead else ''}")
