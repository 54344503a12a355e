"""The verbs of the real kubectl that are refused."""

from __future__ import annotations

from collections.abc import Mapping

NOT_SIMULATED: Mapping[str, str] = {
    "edit": "change your file and apply it again, or use kubectl patch",
    "attach": "use kubectl exec or kubectl logs",
    "debug": "use kubectl run or kubectl exec",
    "top": "simulated pods use no CPU and memory",
    "autoscale": "use kubectl scale",
    **dict.fromkeys(("drain", "cordon", "uncordon", "taint", "certificate", "plugin", "completion"), ""),
    **dict.fromkeys(("alpha", "options", "api-versions"), ""),
}
"""Verbs of the real kubectl that are refused plainly, with what to do instead."""
