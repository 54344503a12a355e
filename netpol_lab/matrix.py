"""Who can connect to whom on one port, as a pandas frame of booleans, for clusters of any size.

Smaller ones are also drawn, with the ports of every pair: :mod:`netpol_lab.display.matrix`. pandas is imported when
asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from netpol_lab.engine import Ends
from netpol_lab.errors import LabError
from netpol_lab.model import External, Pod
from netpol_lab.progress import Meter
from netpol_lab.reachability import Reachability
from netpol_lab.scene import ends_of
from netpol_lab.snapshot import View

if TYPE_CHECKING:
    import pandas


MOST_ENDS = 30_000
"""A matrix of more rows and columns than this would take a gigabyte or more."""


def matrix(view: View, port: int, protocol: str = "TCP", ends: Ends = "both") -> pandas.DataFrame:
    """Rows start a connection, columns receive it, both indexed (namespace, pod); see ``View.matrix``.

    A pod always reaches itself. What passes from outside to outside no cluster sees: False. Raises
    :class:`~netpol_lab.errors.LabError` for more ends than :data:`MOST_ENDS`: every pair takes a byte.
    """
    import pandas

    endpoints = ends_of(view)
    if len(endpoints) > MOST_ENDS:
        size = f"{len(endpoints):,} pods and parts of the outside make {len(endpoints) ** 2 / 1e9:.1f} GB"
        raise LabError(
            f"This matrix would be too large: {size}. Ask connections(by='workload'), or verdict() for a pair."
        )
    with Meter("Comparing pods") as meter:
        answers = Reachability(view.engine, [(protocol, port)], meter)
        values = answers.pairs(endpoints, endpoints, ends).view(bool)  # a bit for the one port: 0 or 1
    inside = sum(not isinstance(each, External) for each in endpoints)
    values[inside:, inside:] = False
    names = [(each.namespace if isinstance(each, Pod) else "", each.name) for each in endpoints]
    index = pandas.MultiIndex.from_tuples(names, names=["namespace", "pod"])
    return pandas.DataFrame(values, index=index, columns=index, copy=False)
