"""The timeline of a notebook as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netpol_lab.display import tables
from netpol_lab.display.card import Picture, figure
from netpol_lab.display.markup import code
from netpol_lab.display.markup import table as columns

if TYPE_CHECKING:
    from netpol_lab.connections.story import Moment


def draw(moments: Sequence[Moment]) -> Picture:
    """One row per moment, oldest first."""
    changes = len(moments) - 1
    title = "Nothing has changed yet" if not changes else f"{changes} change{'s' if changes > 1 else ''} so far"
    rows = [(str(moment.number), moment.command) for moment in moments]
    return figure(
        title,
        "A command that changes the cluster makes a moment. `lab.compare()` takes its number, or a part of it.",
        tables.table(("moment", "command"), [(n, code(command) if command else "the start") for n, command in rows]),
        twin="\n".join(columns([(n, command or "the start") for n, command in rows])),
        drawn=False,
        rules=tables.RULES,
    )
