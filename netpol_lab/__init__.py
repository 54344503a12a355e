"""netpol-lab: a workbook that teaches Kubernetes NetworkPolicy on a simulated cluster.

>>> from netpol_lab import Cluster
>>> cluster = Cluster()
>>> bool(cluster.verdict("kube-system/coredns", "External", port=53, protocol="UDP"))
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netpol_lab.lab.kernel_start import programs_first

if TYPE_CHECKING:
    from netpol_lab.lab.clusters import Cluster
    from netpol_lab.lab.front import Lab

__all__ = ["Cluster", "Lab"]
__version__ = "0.1.0"

programs_first()  # from here on `kubectl` is the lab's, or refuses: never a real cluster by accident


def __getattr__(name: str) -> Any:
    # loaded when asked for: importing the package stays cheap for the small programs that need one part of it
    if name == "Lab":
        from netpol_lab.lab.front import Lab

        return Lab
    if name == "Cluster":
        from netpol_lab.lab.clusters import Cluster

        return Cluster
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
