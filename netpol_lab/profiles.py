"""What a network plugin decides, as data.

The API text and the upstream end-to-end tests leave some points to the plugin (◇ in the project's
rules). A :class:`Profile` answers each of them by name; the engine reads nothing else about plugins.
"""

from __future__ import annotations

from dataclasses import dataclass

from netpol_lab.errors import LabError


@dataclass(frozen=True)
class Profile:
    """One network plugin's answers.

    ``enforces`` holds the directions it enforces at all; a plugin that enforces nothing ignores
    policies silently (D). ``ip_block_matches_pods``: whether an ipBlock is compared with pod
    addresses (upstream e2e expects it). ``supports_end_port``: without support only ``port`` counts (D).
    """

    name: str
    summary: str
    enforces: frozenset[str] = frozenset({"ingress", "egress"})
    ip_block_matches_pods: bool = True
    supports_end_port: bool = True


UPSTREAM = Profile("upstream", "The API text, and the Kubernetes end-to-end tests where the text is silent.")

PROFILES = {profile.name: profile for profile in (UPSTREAM,)}


def profile_named(name: str) -> Profile:
    """The profile of that name; raises :class:`~netpol_lab.errors.LabError` with the known names."""
    try:
        return PROFILES[name]
    except KeyError:
        known = ", ".join(PROFILES)
        raise LabError(f"There is no network plugin profile {name!r}. Known profiles: {known}.") from None
