"""One place for what nobody foresaw: one honest sentence that names the command, and a report that can be sent.

An error of the library (:class:`LabError`) is an answer, and passes. Any other exception is a fault of the lab, or an
argument of the wrong kind; a student never sees its traceback.
"""

from __future__ import annotations

import functools
import inspect
import platform
import reprlib
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar

from netpol_lab import __version__
from netpol_lab.connections.story import Moment
from netpol_lab.lab.student_files import work_folder
from netpol_lab.model.errors import LabError
from netpol_lab.model.whole_files import write_whole

_inside: ContextVar[bool] = ContextVar("inside", default=False)

REPORT = "netpol-lab-report.txt"

Front = TypeVar("Front", bound=type)

_LOOKING = frozenset(
    {
        *("both_ends", "check", "compare", "endpoints", "graph", "heatmap", "hold", "matrix", "moments", "playground"),
        *("plugins", "policies", "probe", "reach", "scene", "steps", "warnings", "why"),
    }
)
"""The methods that show the cluster: a lab on a real one looks at it first."""

# The annotations of the front door, as they are written there: what is admitted, and how to say it.
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "str": ((str,), "text in quotes"),
    "int": ((int,), "a number"),
    "bool": ((bool,), "True or False"),
    "None": ((NoneType,), "nothing"),
    "Which": ((int, str, Moment), "a moment (its number, or a part of its command)"),
    "Ends": ((str,), "text in quotes"),
    "Sequence[str]": ((list, tuple), "a list of texts"),
    "Iterable[str]": ((list, tuple, set), "a list of texts"),
    "Sequence[Which]": ((list, tuple), "a list of moments"),
    "Iterable[AskedConnection]": ((list, tuple, set), "a list of connections, each (from, to, port)"),
}


class Unforeseen(LabError):
    """A fault of the lab itself."""


def sentence(command: str, error: BaseException) -> str:
    """What to say of a fault, when the report about it is written."""
    place = _report(command, error)
    report = f" A report that you can send to your trainer lies in {place}." if place else ""
    what = f"{type(error).__name__}: {reprlib.repr(str(error))}"
    return f"`{command}` met a fault of the lab, not of yours ({what}). The cluster is as it was.{report}"


@contextmanager
def foreseen(command: str) -> Iterator[None]:
    """Turn any exception that is not the library's own into :class:`Unforeseen`."""
    try:
        yield
    except LabError:
        raise
    except Exception as error:
        raise Unforeseen(sentence(command, error)) from error


def front_door(cls: Front) -> Front:
    """Every public method of the class, and its beginning, answer what is unforeseen in one sentence."""
    for name, method in inspect.getmembers(cls, inspect.isfunction):
        if not name.startswith("_") or name == "__init__":
            setattr(
                cls, name, _guarded(method, cls.__name__ if name == "__init__" else f"{cls.__name__.lower()}.{name}")
            )
    return cls


def _guarded(method: Callable[..., Any], name: str) -> Callable[..., Any]:
    @functools.wraps(method)
    def answer(*args: Any, **kwargs: Any) -> Any:
        if _inside.get():  # one method uses another: the one that was typed answers
            return method(*args, **kwargs)
        shown = ", ".join([*map(reprlib.repr, args[1:]), *(f"{key}={reprlib.repr(kwargs[key])}" for key in kwargs)])
        command = f"{name}({shown})"
        before = _inside.set(True)
        try:
            if method.__name__ in _LOOKING:
                args[0]._look_again()
            return method(*args, **kwargs)
        except LabError:
            raise
        except Exception as error:
            wrong = _wrong_argument(method, args, kwargs)
            if wrong:
                raise LabError(f"{command}: {wrong}") from None
            raise Unforeseen(sentence(command, error)) from error
        finally:
            _inside.reset(before)

    return answer


def _wrong_argument(method: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """What is wrong with the arguments by themselves; "" when their number and their kinds are those asked for."""
    signature = inspect.signature(method)
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        return f"{error}."
    for name, value in list(bound.arguments.items())[1:]:
        parts = [_KINDS.get(part.strip()) for part in str(signature.parameters[name].annotation).split("|")]
        kinds = [part for part in parts if part is not None]
        if len(kinds) == len(parts) and not any(isinstance(value, kind) for types, _ in kinds for kind in types):
            return f"{name} has to be {' or '.join(words for _, words in kinds)}, and {reprlib.repr(value)} is not."
    return ""


def _report(command: str, error: BaseException) -> Path | None:
    """Write what happened: the command and the traceback, nothing else of the student's. None where nothing can be."""
    lines = traceback.format_exception(error)
    text = f"netpol-lab {__version__}, Python {platform.python_version()}\n{command}\n\n{''.join(lines)}"
    for find in (work_folder, lambda: Path(tempfile.gettempdir())):
        try:
            place = find() / REPORT
            write_whole(place, text)
        except (OSError, LabError):
            continue
        return place
    return None
