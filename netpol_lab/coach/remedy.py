"""Remedies: the smallest change that would admit a connection, or stop it, proved by simulating it."""

from netpol_lab.coach.admit import smallest_change
from netpol_lab.coach.change import Change
from netpol_lab.coach.stop import smallest_stop
from netpol_lab.coach.ways import Way

__all__ = ["Change", "Way", "smallest_change", "smallest_stop"]
