"""Remedies: the smallest change that would admit a connection, or stop it, proved by simulating it."""

from netpol_lab.remedy.admit import Change, smallest_change

__all__ = ["Change", "smallest_change"]
