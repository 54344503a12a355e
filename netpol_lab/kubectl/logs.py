"""``kubectl logs``: commands that have ended left what they said.

Of what still runs, nginx writes an access log and the DockerCoins worker prints; no other simulated server does.
"""

from __future__ import annotations

from collections.abc import Sequence

from netpol_lab.cluster.server import CRASH_LOOP, ERR_IMAGE_PULL
from netpol_lab.kubectl.choosing import labels_match, parse_labels
from netpol_lab.kubectl.columns import pod_status
from netpol_lab.kubectl.exec_run import container_of
from netpol_lab.kubectl.failure import Failure, from_server, usage
from netpol_lab.kubectl.lookup import bodies, first_pod, get, not_found
from netpol_lab.kubectl.resources import metadata, type_of_kind
from netpol_lab.kubectl.session import Call
from netpol_lab.model.bodies import ReadOnlyBody
from netpol_lab.pods import dockercoins

_POD = type_of_kind("Pod")


def run(call: Call) -> int:
    """Show what the containers of one pod, or of all that a selector chooses, have printed."""
    chosen = _by_label(call) if call.flag("selector") else [_by_name(call)]
    for body in chosen:
        call.write_raw(*_lines(call, body))
    return 0


def _by_label(call: Call) -> list[ReadOnlyBody]:
    if call.args:
        raise Failure("only a selector (-l) or a POD name is allowed")
    wanted = parse_labels(call.flag("selector"))
    found = [body for body in bodies(call, _POD, call.namespace) if labels_match(wanted, body)]
    if not found:
        call.warn(f"No resources found in {call.namespace} namespace.")
    return found


def _by_name(call: Call) -> ReadOnlyBody:
    if not call.args:
        raise usage(
            "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\n"
            "POD or TYPE/NAME is a required argument for the logs command",
            "logs",
        )
    name = first_pod(call, call.args[0])
    body = get(call, _POD, call.namespace, name)
    if body is None:
        raise not_found(call, _POD, name)
    return body


def _lines(call: Call, body: ReadOnlyBody) -> Sequence[str]:
    name = str(metadata(body)["name"])
    if len(call.args) > 1 and not call.flag("container"):
        call.parsed.values["container"] = call.args[1]
    names = [str(each.get("name")) for each in (body.get("spec") or {}).get("containers") or ()]
    if call.flag("container") and call.flag("container") not in names:
        raise Failure(f"container {call.flag('container')} is not valid for pod {name}")
    container = container_of(call, body, say=not call.flag("selector"))
    if call.flag("previous") and pod_status(body) != CRASH_LOOP:
        text = f'previous terminated container "{container}" in pod "{name}" not found'
        raise from_server("BadRequest", text)
    if pod_status(body) == ERR_IMAGE_PULL:
        words = f'container "{container}" in pod "{name}" is waiting to start: trying and failing to pull image'
        raise from_server("BadRequest", words)
    lines = _ended(call, body) if pod_status(body) in ("Completed", "Error", CRASH_LOOP) else _running(call, body)
    count = call.flag("tail")
    return lines if count is None or count < 0 else lines[len(lines) - min(count, len(lines)) :]


def _ended(call: Call, body: ReadOnlyBody) -> list[str]:
    text = call.session.logs.get((str(metadata(body)["namespace"]), str(metadata(body)["name"])), "")
    return text.splitlines(keepends=True)


def _running(call: Call, body: ReadOnlyBody) -> list[str]:
    pod = call.cluster.pod(str(metadata(body)["namespace"]), str(metadata(body)["name"]))
    if pod is None:
        return []
    printed = [f"{line}\n" for line in dockercoins.log_lines(call.cluster, pod)]
    return [*printed, *call.session.access.get(str(pod.ip), [])]
