"""Connections: one as a client makes it (name, Service, egress, ingress, port), all pairs, and what has been tried.

The Service is translated *before* egress is judged, so policies see the pod's address and port, not the Service's.
The API leaves that order open; the plugins of the profiles keep it (catalogue rule 20).
"""

from __future__ import annotations

from netpol_lab.connections.connecting import connect, connect_each, connect_to
from netpol_lab.connections.flow import Attempt, Flow, Outcome, Step
from netpol_lab.connections.resolving import Resolution, Resolver
from netpol_lab.connections.standing import Fate, Standing, standing

__all__ = [
    "Attempt",
    "Fate",
    "Flow",
    "Outcome",
    "Resolution",
    "Resolver",
    "Standing",
    "Step",
    "connect",
    "connect_each",
    "connect_to",
    "standing",
]
