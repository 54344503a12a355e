"""Remedies: the smallest change that would admit a connection, or stop it, proved by simulating it."""

from netpol_lab.remedy.admit import smallest_change
from netpol_lab.remedy.change import Change
from netpol_lab.remedy.stop import smallest_stop
from netpol_lab.remedy.ways import Way

__all__ = ["Change", "Way", "smallest_change", "smallest_stop"]
