"""``kubectl scale`` and ``kubectl rollout``: how many pods a workload has, and whether they are up."""

from __future__ import annotations

from collections.abc import Callable

from netpol_lab.cluster.server import timestamp
from netpol_lab.kubectl import writing as changes
from netpol_lab.kubectl.failure import Failure, from_server, not_simulated, usage
from netpol_lab.kubectl.file_arguments import files_are_named
from netpol_lab.kubectl.lookup import chosen
from netpol_lab.kubectl.output import print_change, split_format
from netpol_lab.kubectl.resources import ResourceType, metadata
from netpol_lab.kubectl.serialize import plain
from netpol_lab.kubectl.session import Call
from netpol_lab.model.bodies import ReadOnlyBody

_SCALED = ("Deployment", "ReplicaSet", "StatefulSet", "ReplicationController")


def run_scale(call: Call) -> int:
    """Change how many pods a workload has."""
    split_format(call, table_allowed=False)
    replicas = call.flag("replicas")
    if replicas is None:
        raise Failure('required flag(s) "replicas" not set')
    if replicas < 0:
        raise Failure("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0")
    found = chosen(call, call.args)
    for kind, body in found.objects:
        try:
            _scale(call, kind, body, replicas)
        except Failure as failure:
            found.failures.append(failure)
    return call.report(found.failures)


def _scale(call: Call, kind: ResourceType, body: ReadOnlyBody, replicas: int) -> None:
    if kind.kind not in _SCALED:
        raise from_server("NotFound", "the server could not find the requested resource")
    current = call.flag("current-replicas")
    have = body["spec"].get("replicas", 1)
    if current is not None and current >= 0 and current != have:
        raise Failure(f"Expected replicas to be {current}, was {have}")
    new = plain(body)
    new["spec"]["replicas"] = replicas
    after, _ = changes.replace(call, kind, body, new)
    print_change(call, kind, after, "scaled")


_ROLLED_OUT = ("Deployment", "DaemonSet", "StatefulSet")


def run(call: Call) -> int:
    """``rollout status`` tells that a workload is up; ``rollout restart`` makes its pods anew."""
    if not call.args:
        raise usage("rollout needs one of: restart, status", "rollout")
    word, *rest = call.args
    actions: dict[str, Callable[[Call, ResourceType, ReadOnlyBody], None]] = {"status": _status, "restart": _restart}
    if word not in (*actions, "history", "undo", "pause", "resume"):
        raise usage(f'unknown command "{word}"', "rollout")
    if word not in actions:
        raise not_simulated(f"kubectl rollout {word}", "rollout status and rollout restart are")
    if not rest and not files_are_named(call):
        raise Failure("required resource not specified")
    found = chosen(call, rest, everything=True)
    for kind, body in found.objects:
        if kind.kind not in _ROLLED_OUT:
            raise Failure(
                f"no status viewer has been implemented for {kind.kind}"
                if word == "status"
                else f'{kind.plural} "{metadata(body)["name"]}" restarting is not supported'
            )
        actions[word](call, kind, body)
    return call.report(found.failures)


def _status(call: Call, kind: ResourceType, body: ReadOnlyBody) -> None:
    name = metadata(body)["name"]
    if kind.kind == "Deployment":
        call.print(f'deployment "{name}" successfully rolled out')
    elif kind.kind == "DaemonSet":
        call.print(f'daemon set "{name}" successfully rolled out')
    else:
        ready = (body.get("status") or {}).get("readyReplicas", 0)
        call.print(f"statefulset rolling update complete {ready} pods at revision {name}...")


def _restart(call: Call, kind: ResourceType, body: ReadOnlyBody) -> None:
    new = plain(body)
    template = new["spec"]["template"]
    about = template.setdefault("metadata", {})
    now = timestamp(call.cluster.now)
    about["annotations"] = {**(about.get("annotations") or {}), "kubectl.kubernetes.io/restartedAt": now}
    after, _ = changes.replace(call, kind, body, new)
    print_change(call, kind, after, "restarted")
