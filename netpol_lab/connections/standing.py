"""A connection that stands while the policies change. Policies judge it when it is opened; what becomes of it when
they no longer admit it is left to the network plugin (D)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections.flow import Flow
from netpol_lab.engine.profiles import CONFORMANT, Profile
from netpol_lab.model.objects import Endpoint, Pod

Fate = Literal["goes on", "is cut", "depends on the network plugin", "ended with its pod"]

_WHEN_NOT_ADMITTED: dict[str, Fate] = {
    "kept": "goes on",
    "cut": "is cut",
    "undefined": "depends on the network plugin",
}

_DECIDED = tuple(profile for profile in CONFORMANT if profile.existing_connections != "undefined")


@dataclass(frozen=True)
class Standing:
    """What has become of a connection that was opened earlier.

    ``anew`` says whether the policies would admit the same connection now, on this cluster; None when one of its pods
    is gone. ``by_profile`` holds the fate under each plugin where this cluster's profile leaves it open.
    """

    flow: Flow
    fate: Fate
    anew: bool | None
    by_profile: tuple[tuple[Profile, Fate], ...] = ()


def standing(state: Snapshot, flow: Flow) -> Standing:
    """What becomes of ``flow``, opened in an earlier state, when ``state`` comes about while it stands.

    A pod that was replaced has a new address, and its connections ended with the old one.
    """
    if not all(_is_still_there(state, end) for end in (flow.source, flow.destination)):
        return Standing(flow, "ended with its pod", None)
    admitted = _admitted(state, flow)
    fate = _fate(state, admitted)
    if state.enforcement.existing_connections != "undefined":
        return Standing(flow, fate, admitted)
    others = [replace(state, enforcement=each) for each in _DECIDED]
    named = tuple((each.enforcement, _fate(each, _admitted(each, flow))) for each in others)
    if fate == "goes on" and all(other == fate for _, other in named):
        return Standing(flow, fate, admitted)
    return Standing(flow, "depends on the network plugin", admitted, named)


def _fate(state: Snapshot, admitted: bool) -> Fate:
    return "goes on" if admitted else _WHEN_NOT_ADMITTED[state.enforcement.existing_connections]


def _admitted(state: Snapshot, flow: Flow) -> bool:
    """Whether a new connection between the same ends would pass; relabeled pods are judged by their labels now."""
    assert flow.destination is not None and flow.target_port is not None
    ends = _now(state, flow.source), _now(state, flow.destination)
    return state.verdict(*ends, flow.target_port, flow.protocol).allowed


def _is_still_there(state: Snapshot, end: Endpoint | None) -> bool:
    if not isinstance(end, Pod):
        return True
    now = state.pod(end.namespace, end.name)
    return now is not None and now.ips == end.ips and now.phase == "Running"


def _now(state: Snapshot, end: Endpoint) -> Endpoint:
    return (state.pod(end.namespace, end.name) or end) if isinstance(end, Pod) else end
