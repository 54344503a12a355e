"""What a check of an exercise found: plain data, made by the checks and drawn by the display.

A check compares connections, never YAML. So its result is a count of connections that are as wanted,
and one counter-example for each way in which the answer is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FeedbackVerdict = Literal["equivalent", "too open", "too strict", "both"]


@dataclass(frozen=True)
class CounterExample:
    """One connection on which the answer and the wanted behavior differ.

    ``source`` and ``destination`` are ``namespace/pod``, or ``External``; the notes are short second lines for their
    boxes (``namespace blue``, ``app: cron``) and may be empty. ``wanted`` and ``got`` tell whether the connection
    is allowed. ``reason`` is one sentence without its connection: the rule that admits it, or the gate where it stops
    (``Admitted by allow-blue-clients, rule 1, second peer.``). ``reason_lines`` says where (``line 17``), or is empty.
    ``stops_at`` names the end that does not admit, on whichever of the two sides is blocked.
    """

    source: str
    destination: str
    source_note: str
    destination_note: str
    protocol: str
    port: int
    wanted: bool
    got: bool
    reason: str
    reason_lines: str = ""
    stops_at: Literal["egress", "ingress", "both ends"] = "ingress"

    @property
    def leak(self) -> bool:
        """True when the answer lets through what was to be blocked."""
        return self.got and not self.wanted


@dataclass(frozen=True)
class Feedback:
    """The verdict on an answer: how many connections are as wanted, and why the others are not.

    ``wanted_cells`` counts all connections that were checked, ``right`` those as wanted; ``leaks`` are allowed but were
    to be blocked, ``missing`` the reverse. ``counterexamples`` holds at most one leak and one missing connection, the
    leak first. ``cause`` is the likely mistake in one or two sentences; its first sentence is shown bold.
    ``cause_lines`` says where in the answer it stands (``lines 14 and 17``). ``how`` tells how it was checked. The last
    three may be empty. ``first`` is what has to be known before anything else, a head and a sentence. ``notes`` are
    what to mind about an answer that passes, or what is left over, each a head and a sentence (``It depends on the
    network plugin: with ...``); the head is shown bold.
    """

    verdict: FeedbackVerdict
    wanted_cells: int
    right: int
    leaks: int
    missing: int
    counterexamples: tuple[CounterExample, ...] = ()
    cause: str = ""
    cause_lines: str = ""
    how: str = ""
    notes: tuple[str, ...] = ()
    first: str = ""

    @property
    def passed(self) -> bool:
        return self.verdict == "equivalent"
