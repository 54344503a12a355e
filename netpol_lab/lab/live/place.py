"""Which cluster is meant: context, server and namespace, shown and confirmed once."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from netpol_lab.lab.live.own_kubectl import LiveError, OwnKubectl
from netpol_lab.model.whole_files import write_whole

VARIABLE = "NETPOL_LAB_LIVE"
"""Set to 1 it makes every lab live; set to a context's name, it confirms that context, too."""

_CONFIRMED = "live-cluster.json"


@dataclass(frozen=True)
class ClusterPlace:
    """Where kubectl leads: no credential is part of it."""

    context: str
    server: str
    namespace: str

    def __str__(self) -> str:
        return f"context {self.context!r}, server {self.server}, namespace {self.namespace!r}"


def wanted_live(asked: bool | str | None) -> bool | str:
    """Whether a lab is to be live, and for which context where one was named. The word in code goes before the class's.

    >>> wanted_live(False), wanted_live("kind-kind")
    (False, 'kind-kind')
    """
    if asked is not None:
        return asked
    value = os.environ.get(VARIABLE, "").strip()
    return {"": False, "0": False, "1": True}.get(value, value)


def current_place(kubectl: OwnKubectl) -> ClusterPlace:
    """Where kubectl's current context leads. Only these three words of the kubeconfig are asked for."""
    parts = ("{.contexts[0].name}", "{.clusters[0].cluster.server}", "{.contexts[0].context.namespace}")
    template = '{"\\n"}'.join(parts)
    text = kubectl.read("config", "view", "--minify", "-o", f"jsonpath={template}")
    context, server, namespace = [*(line.strip() for line in text.split("\n")), "", "", ""][:3]
    if not context:
        raise LiveError(
            "Your kubectl has no current context, so there is no cluster to talk to. `kubectl config get-contexts` "
            "lists those it has."
        )
    return ClusterPlace(context, server, namespace or "default")


def confirm(place: ClusterPlace, asked: bool | str, folder: Path) -> None:
    """Ask once whether this is the cluster that is meant; the answer is kept in ``folder`` for the next lesson.

    Raises :class:`LiveError` where the answer is no, and where nobody can be asked.
    """
    if isinstance(asked, str):
        if asked != place.context:
            raise LiveError(f"kubectl's current context is {place.context!r}, and not {asked!r}. Nothing was done.")
        return
    kept = folder / _CONFIRMED
    if _is_kept(kept, place):
        return
    print(f"This lab will work on a real cluster: {place}.")
    try:
        answer = input("If this is the cluster you mean, type the context's name: ")
    except (EOFError, OSError, NotImplementedError, RuntimeError):  # a notebook that runs by itself
        answer = None
    if answer is None:
        raise LiveError(
            f"The lab would work on {place}, and nobody is there to confirm it. If it is the cluster you mean, name "
            f'its context: Lab("07", live="{place.context}"), or the variable {VARIABLE}={place.context}.'
        )
    if answer.strip() != place.context:
        raise LiveError("That is another name. Nothing was done, and no lab was opened.")
    with contextlib.suppress(OSError):  # it is asked again next time
        write_whole(kept, json.dumps(asdict(place)))


def _is_kept(kept: Path, place: ClusterPlace) -> bool:
    try:
        return bool(json.loads(kept.read_text(encoding="utf-8")) == asdict(place))
    except (OSError, ValueError):
        return False
