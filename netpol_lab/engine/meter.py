"""How far long work is: one line in the notebook, after two seconds of work, gone when the work is done.

Nothing is shown outside a notebook, nor for work that is done before. The work itself can be interrupted as any cell
can (the square button, or `I` twice).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import Any, Protocol, TypeVar

PATIENCE = 2.0
"""Seconds of work before a line is shown, and half of that between two lines."""

T = TypeVar("T")


class _Handle(Protocol):
    """What IPython gives for something that is shown and can be shown anew."""

    def update(self, data: dict[str, str], *, raw: bool) -> None: ...


class Meter:
    """Call it with the share that is done, from 0 to 1; use it as a context, so that its line goes in the end."""

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._next = monotonic() + PATIENCE
        self._line: _Handle | None = None

    def __call__(self, share: float) -> None:
        if monotonic() < self._next:
            return
        self._next = monotonic() + PATIENCE / 2
        self._say(f"{self._doing}: {share:.0%}")

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._line is not None:
            self._line.update({"text/plain": ""}, raw=True)

    def _say(self, words: str) -> None:
        if self._line is not None:
            self._line.update({"text/plain": words}, raw=True)
        else:
            self._line = _show(words)


def watched(items: Sequence[T], doing: str) -> Iterator[T]:
    """The items one by one, with a :class:`Meter` that follows them."""
    with Meter(doing) as meter:
        for done, item in enumerate(items):
            meter(done / len(items))
            yield item


def _show(words: str) -> _Handle | None:
    """A line in the running notebook; None where there is none, and then nothing is imported."""
    ipython: Any = sys.modules.get("IPython")
    if ipython is None or ipython.get_ipython() is None:
        return None
    handle: _Handle = ipython.display.display({"text/plain": words}, raw=True, display_id=True)
    return handle
