"""The timeline of a notebook as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netpol_lab.display import tables
from netpol_lab.display.card import Picture, figure
from netpol_lab.display.markup import code
from netpol_lab.display.markup import table as columns
from netpol_lab.tell.saying import line

if TYPE_CHECKING:
    from netpol_lab.connections.story import Moment


def draw(moments: Sequence[Moment]) -> Picture:
    """One row per moment, oldest first."""
    changes = len(moments) - 1
    start = line("moments.start")
    rows = [(str(moment.number), moment.command) for moment in moments]
    return figure(
        line("moments.title" if changes else "moments.none", number=changes),
        line("moments.quiet"),
        tables.table(("moment", "command"), [(n, code(command) if command else start) for n, command in rows]),
        twin="\n".join(columns([(n, command or start) for n, command in rows])),
        drawn=False,
        rules=tables.RULES,
    )
