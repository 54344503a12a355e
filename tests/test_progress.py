"""The line that tells how far long work is."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from netpol_lab.engine import meter as progress


class Screen:
    """Stands in for IPython: remembers every text that was shown in its one place."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.display = SimpleNamespace(display=self._display)

    def get_ipython(self) -> object:
        return self

    def _display(self, data, *, raw, display_id):
        self.update(data, raw=raw)
        return self

    def update(self, data, *, raw):
        self.shown.append(data["text/plain"])


@pytest.fixture
def clock(monkeypatch):
    now = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(progress, "monotonic", lambda: now.seconds)
    return now


@pytest.fixture
def screen(monkeypatch):
    notebook = Screen()
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    return notebook


def test_short_work_shows_nothing(clock, screen):
    assert list(progress.watched("abc", "Comparing")) == ["a", "b", "c"]
    assert screen.shown == []


def test_long_work_shows_its_share_and_takes_the_line_away_in_the_end(clock, screen):
    for _ in progress.watched(range(4), "Comparing"):
        clock.seconds += 2.5
    assert screen.shown == ["Comparing: 25%", "Comparing: 50%", "Comparing: 75%", ""]


def test_an_interrupt_goes_through_and_leaves_no_line(clock, screen):
    with pytest.raises(KeyboardInterrupt), progress.Meter("Comparing") as meter:
        clock.seconds = 3
        meter(0.5)
        raise KeyboardInterrupt
    assert screen.shown == ["Comparing: 50%", ""]


def test_outside_a_notebook_nothing_is_shown(clock, screen, monkeypatch):
    monkeypatch.setattr(Screen, "get_ipython", lambda self: None)
    for _ in progress.watched(range(3), "Comparing"):
        clock.seconds += 5
    assert screen.shown == []
