"""What a student is to find out first: one lock for exercises and for patients.

While a lock is closed, `why` says whether a connection passes and where it stops; what comes close, remedies and
advice are held back. It opens at the first check, or when the student asks to be shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.engine.verdict import Verdict
from netpol_lab.lessons.given_answers import SHOW_ME
from netpol_lab.model.errors import NotFound
from netpol_lab.model.objects import NetworkPolicy
from netpol_lab.tell.saying import line

if TYPE_CHECKING:
    from netpol_lab.display.card import Picture


def _all_connections(state: Snapshot, verdict: Verdict) -> bool:
    return True


def _all_policies(policy: NetworkPolicy) -> bool:
    return True


@dataclass(frozen=True)
class Lock:
    """Holds something back. ``id`` tells what it belongs to (an exercise, a patient); ``reason`` is one sentence for
    the student: why, and what opens it. It covers every connection and every policy, unless it is told which.
    """

    id: str
    reason: str
    connection: Callable[[Snapshot, Verdict], bool] = _all_connections
    policy: Callable[[NetworkPolicy], bool] = _all_policies


class Locks:
    """The locks of one lab. ``at_first`` gives those that are closed from the beginning, when somebody first asks."""

    def __init__(self, at_first: Callable[[], Iterable[Lock]] = tuple) -> None:
        self._at_first: Callable[[], Iterable[Lock]] | None = at_first
        self._closed: dict[str, Lock] = {}
        self._asked: tuple[str, Callable[[], Picture]] | None = None
        self.opened: set[str] = set()
        """The ids of what was checked or shown: it is never held back again."""

    def close(self, lock: Lock) -> None:
        """Hold back what a lock covers, unless it was opened before."""
        if lock.id not in self.opened:
            self._closed[lock.id] = lock

    def open(self, id: str) -> None:
        """Give it free, for good."""
        self.opened.add(id)
        self._closed.pop(id, None)

    def on(self, state: Snapshot, verdict: Verdict | None) -> Lock | None:
        """What holds back the reasons of a connection; None where nothing does, or nothing was judged."""
        return next((each for each in self._all() if verdict is not None and each.connection(state, verdict)), None)

    def on_policy(self, policy: NetworkPolicy) -> Lock | None:
        """What holds back advice about a policy."""
        return next((each for each in self._all() if each.policy(policy)), None)

    def held_back(self, lock: Lock, again: Callable[[], Picture]) -> str:
        """Remember what a lock held back, for :meth:`show`; returns its reason."""
        self._asked = (lock.id, again)
        return lock.reason

    def with_show_me(self, picture: Picture) -> Picture:
        """What was held back last, with a button that shows it."""
        from netpol_lab.lab.pressed import with_buttons

        assert self._asked is not None
        id, again = self._asked

        def show(_: str) -> Picture:
            self.open(id)
            return again()

        return with_buttons(picture, [(SHOW_ME, "the reasons of this connection")], show)

    def show(self, id: str | None) -> Picture:
        """Open the lock ``id``, without one that of the last answer held back, and give that answer in full.

        Raises NotFound for a lock that was never closed.
        """
        from netpol_lab.display import card

        asked, again = self._asked or (None, None)
        wanted = id or asked
        if wanted is None:
            return card.told(line("locks.nothing"), line("locks.nothing.quiet"), [])
        if wanted not in {each.id for each in self._all()} | self.opened:
            raise NotFound(line("locks.unknown", exercise=wanted), "Exercise", wanted)
        self.open(wanted)
        if again is None or wanted != asked:
            return card.told(line("locks.opened", exercise=wanted), line("locks.opened.quiet"), [])
        self._asked = None
        return again()

    def _all(self) -> list[Lock]:
        at_first, self._at_first = self._at_first, None
        for lock in at_first() if at_first else ():
            self.close(lock)
        return list(self._closed.values())
