"""``kubectl describe`` for pods and for the workloads that make them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from netpol_lab.cluster.controllers import owner_of
from netpol_lab.kubectl.ages import age, rfc1123
from netpol_lab.kubectl.columns import is_ending, selector_text
from netpol_lab.kubectl.describe_parts import annotation_lines, header, label_lines, multiline, titled
from netpol_lab.kubectl.lookup import bodies
from netpol_lab.kubectl.resources import metadata, type_of_kind
from netpol_lab.kubectl.session import Call
from netpol_lab.model.bodies import ReadOnlyBody


def pod(call: Call, body: ReadOnlyBody) -> Iterator[str]:
    """The lines of a pod's description."""
    spec, status = body.get("spec") or {}, body.get("status") or {}
    yield f"Name:\t{metadata(body)['name']}"
    yield f"Namespace:\t{metadata(body)['namespace']}"
    if spec.get("priority") is not None:
        yield f"Priority:\t{spec['priority']}"
    if spec.get("serviceAccountName"):
        yield f"Service Account:\t{spec['serviceAccountName']}"
    node = f"{spec.get('nodeName')}/{status.get('hostIP', '')}" if spec.get("nodeName") else "<none>"
    yield f"Node:\t{node}"
    if status.get("startTime"):
        yield f"Start Time:\t{rfc1123(status['startTime'])}"
    yield from label_lines(body)
    yield from annotation_lines(body)
    if is_ending(body):
        about = metadata(body)
        yield f"Status:\tTerminating (lasts {age(str(about['deletionTimestamp']), call.cluster.now)})"
        yield f"Termination Grace Period:\t{about.get('deletionGracePeriodSeconds', 0)}s"
    else:
        yield f"Status:\t{status.get('phase', '')}"
    yield f"IP:\t{status.get('podIP', '')}"
    yield from _part("IPs", [f"IP:\t{row.get('ip')}" for row in status.get("podIPs") or ()])
    yield from _controller(body)
    for title, part, states in (
        ("Init Containers", "initContainers", "initContainerStatuses"),
        ("Containers", "containers", "containerStatuses"),
    ):
        if spec.get(part):
            yield f"{title}:"
            known = {row.get("name"): row for row in status.get(states) or ()}
            for container in spec[part]:
                yield f"  {container.get('name', '')}:"
                yield from _indented(_container(container, known.get(container.get("name"))), "    ")
    if status.get("conditions"):
        yield from ("Conditions:", "  Type\tStatus")
        for row in status["conditions"]:
            yield f"  {row.get('type')} \t{row.get('status')} "
    yield from _part("Volumes", [line for volume in spec.get("volumes") or () for line in _volume(volume)])
    yield f"QoS Class:\t{status.get('qosClass', 'BestEffort')}"
    yield from multiline("Node-Selectors", spec.get("nodeSelector"))
    yield from titled("Tolerations", [_toleration(row) for row in spec.get("tolerations") or ()])
    yield "Events:\t<none>"


def _part(title: str, lines: Sequence[str]) -> Iterator[str]:
    """A title with lines below it, or with ``<none>``."""
    yield f"{title}:" if lines else f"{title}:\t<none>"
    yield from _indented(lines)


def _indented(lines: Iterable[str], by: str = "  ") -> Iterator[str]:
    return (by + line for line in lines)


def _controller(body: ReadOnlyBody) -> Iterator[str]:
    owner = owner_of(body)
    if owner:
        yield f"Controlled By:\t{'/'.join(owner)}"


def _container(container: ReadOnlyBody, status: ReadOnlyBody | None = None) -> Iterator[str]:
    """The lines below a container's name. In a pod template, where nothing runs yet, there is no ``status``."""
    if status is not None:
        yield f"Container ID:\t{status.get('containerID', '')}"
    yield f"Image:\t{container.get('image', '')}"
    if status is not None:
        yield f"Image ID:\t{status.get('imageID', '')}"
    yield from _ports(container.get("ports") or ())
    for title, words in (("Command", container.get("command")), ("Args", container.get("args"))):
        if words:
            yield from _part(title, [line for word in words for line in str(word).split("\n")])
    if status is not None:
        yield from _state(status)
    resources = container.get("resources") or {}
    for title, amounts in (("Limits", resources.get("limits")), ("Requests", resources.get("requests"))):
        if amounts:
            yield from _part(title, [f"{name}:\t{amount}" for name, amount in sorted(amounts.items())])
    variables = container.get("env") or ()
    yield from _part("Environment", [f"{each.get('name')}:\t{_variable(each)}" for each in variables])
    mounts = sorted(container.get("volumeMounts") or (), key=lambda row: row.get("mountPath", ""))
    yield from _part("Mounts", [_mount(each) for each in mounts])


def _ports(ports: Sequence[ReadOnlyBody]) -> Iterator[str]:
    inside = [f"{row.get('containerPort')}/{row.get('protocol', 'TCP')}" for row in ports]
    outside = [f"{row.get('hostPort', 0)}/{row.get('protocol', 'TCP')}" for row in ports]
    ending = "s" if len(ports) > 1 else ""
    yield f"Port{ending}:\t{', '.join(inside) or '<none>'}"
    yield f"Host Port{ending}:\t{', '.join(outside) or '<none>'}"


def _state(status: ReadOnlyBody) -> Iterator[str]:
    yield from _one_state("State", status.get("state") or {})
    if status.get("lastState"):
        yield from _one_state("Last State", status["lastState"])
    yield f"Ready:\t{bool(status.get('ready'))}"
    yield f"Restart Count:\t{status.get('restartCount', 0)}"


def _one_state(title: str, state: ReadOnlyBody) -> Iterator[str]:
    running, ended = state.get("running"), state.get("terminated")
    if running is not None:
        yield f"{title}:\tRunning"
        yield f"  Started:\t{rfc1123(running.get('startedAt', ''))}"
    elif ended is not None:
        yield f"{title}:\tTerminated"
        yield f"  Reason:\t{ended.get('reason', '')}"
        yield f"  Exit Code:\t{ended.get('exitCode', 0)}"
        yield f"  Started:\t{rfc1123(ended.get('startedAt', ''))}"
        yield f"  Finished:\t{rfc1123(ended.get('finishedAt', ''))}"
    else:
        yield f"{title}:\tWaiting"
        if reason := (state.get("waiting") or {}).get("reason"):
            yield f"  Reason:\t{reason}"


def _mount(mount: ReadOnlyBody) -> str:
    return f"{mount.get('mountPath')} from {mount.get('name')} ({'ro' if mount.get('readOnly') else 'rw'})"


def _variable(variable: ReadOnlyBody) -> str:
    source = variable.get("valueFrom") or {}
    if not source:
        return str(variable.get("value", ""))
    kind, about = next(iter(source.items()))
    key = about.get("fieldPath") or about.get("key") or about.get("resource") or ""
    return f"<set to the {kind.removesuffix('Ref')} {key}>"


def _volume(volume: ReadOnlyBody) -> tuple[str, str]:
    kind = next((name for name in volume if name != "name"), "")
    return f"{volume.get('name')}:", f"  Type:\t{kind[:1].upper()}{kind[1:]}"


def _toleration(row: ReadOnlyBody) -> str:
    text = str(row.get("key") or "")
    text += f"={row['value']}" if row.get("value") else ""
    text += f":{row['effect']}" if row.get("effect") else ""
    text += " op=Exists" if row.get("operator") == "Exists" else ""
    seconds = row.get("tolerationSeconds")
    return text.strip() + (f" for {seconds}s" if seconds is not None else "")


def _template(template: ReadOnlyBody) -> Iterator[str]:
    """The pod template inside a workload: one space less of indentation than a pod."""
    spec = template.get("spec") or {}
    yield "Pod Template:"
    yield from multiline("Labels", metadata(template).get("labels"), "  ")
    yield "  Containers:"
    for container in spec.get("containers") or ():
        yield f"   {container.get('name', '')}:"
        yield from _indented(_container(container), "    ")
    yield "  Volumes:" if spec.get("volumes") else "  Volumes:\t<none>"
    yield from (f"   {volume.get('name')}:" for volume in spec.get("volumes") or ())
    yield from multiline("Node-Selectors", spec.get("nodeSelector"), "  ")
    yield from titled("Tolerations", [_toleration(row) for row in spec.get("tolerations") or ()], "  ")


def _count(mapping: ReadOnlyBody, name: str, default: int = 0) -> Any:
    return mapping.get(name, default)


def deployment(call: Call, body: ReadOnlyBody) -> Iterator[str]:
    """The lines of a Deployment's description."""
    spec, status = body.get("spec") or {}, body.get("status") or {}
    wanted, ready = _count(spec, "replicas", 1), _count(status, "availableReplicas")
    yield f"Name:\t{metadata(body)['name']}"
    yield f"Namespace:\t{metadata(body)['namespace']}"
    yield f"CreationTimestamp:\t{rfc1123(metadata(body).get('creationTimestamp', ''))}"
    yield from label_lines(body)
    yield from annotation_lines(body)
    yield f"Selector:\t{selector_text(spec.get('selector'))}"
    yield (
        f"Replicas:\t{wanted} desired | {_count(status, 'updatedReplicas')} updated | "
        f"{_count(status, 'replicas')} total | {ready} available | {wanted - ready} unavailable"
    )
    strategy = spec.get("strategy") or {}
    yield f"StrategyType:\t{strategy.get('type', 'RollingUpdate')}"
    yield f"MinReadySeconds:\t{_count(spec, 'minReadySeconds')}"
    if strategy.get("type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.get("rollingUpdate") or {}
        most, surge = rolling.get("maxUnavailable", "25%"), rolling.get("maxSurge", "25%")
        yield f"RollingUpdateStrategy:\t{most} max unavailable, {surge} max surge"
    yield from _template(spec.get("template") or {})
    if status.get("conditions"):
        yield from ("Conditions:", "  Type\tStatus\tReason", "  ----\t------\t------")
        for row in status["conditions"]:
            yield f"  {row.get('type')} \t{row.get('status')}\t{row.get('reason') or _REASONS.get(row.get('type'), '')}"
    yield "OldReplicaSets:\t<none>"
    yield f"NewReplicaSet:\t{_replica_set_of(call, body)}"
    yield "Events:\t<none>"


_REASONS = {"Available": "MinimumReplicasAvailable", "Progressing": "NewReplicaSetAvailable"}


def _replica_set_of(call: Call, body: ReadOnlyBody) -> str:
    owner = ("Deployment", metadata(body)["name"])
    for each in bodies(call, type_of_kind("ReplicaSet"), metadata(body)["namespace"]):
        if owner_of(each) == owner:
            made, wanted = _count(each.get("status") or {}, "replicas"), _count(each.get("spec") or {}, "replicas", 1)
            return f"{metadata(each)['name']} ({made}/{wanted} replicas created)"
    return "<none>"


def replica_set(call: Call, body: ReadOnlyBody) -> Iterator[str]:
    """The lines of a ReplicaSet's description."""
    spec, status = body.get("spec") or {}, body.get("status") or {}
    yield f"Name:\t{metadata(body)['name']}"
    yield f"Namespace:\t{metadata(body)['namespace']}"
    yield f"Selector:\t{selector_text(spec.get('selector'))}"
    yield from label_lines(body)
    yield from annotation_lines(body)
    yield from _controller(body)
    yield f"Replicas:\t{_count(status, 'replicas')} current / {_count(spec, 'replicas', 1)} desired"
    yield f"Pods Status:\t{_count(status, 'readyReplicas')} Running / 0 Waiting / 0 Succeeded / 0 Failed"
    yield from _template(spec.get("template") or {})
    yield "Events:\t<none>"


def workload(call: Call, body: ReadOnlyBody) -> Iterator[str]:
    """The lines of the other workloads: header, selector, template."""
    spec = body.get("spec") or {}
    yield from header(body)
    yield f"Selector:\t{selector_text(spec.get('selector'))}"
    yield from _template(spec.get("template") or {})
    yield "Events:\t<none>"
