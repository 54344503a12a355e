"""``kubectl set image|env|selector``: change one field of an object from the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from netpol_lab.kubectl import writing as changes
from netpol_lab.kubectl.failure import Failure, not_simulated, usage
from netpol_lab.kubectl.file_arguments import files_are_named
from netpol_lab.kubectl.lookup import chosen
from netpol_lab.kubectl.output import print_change, split_format
from netpol_lab.kubectl.resources import ResourceType
from netpol_lab.kubectl.serialize import plain
from netpol_lab.kubectl.session import Call
from netpol_lab.model.bodies import Body

SetField = Callable[[Body, Sequence[str]], None]


def run(call: Call) -> int:
    """Change each object that is meant. Raises :class:`Failure` for what is no change, or is not simulated."""
    split_format(call, table_allowed=False)
    if not call.args:
        raise usage(f"set needs one of: {', '.join(_CHANGES)}", "set")
    word, *rest = call.args
    if word in ("resources", "serviceaccount", "sa", "subject"):
        raise not_simulated(f"kubectl set {word}", "use kubectl patch or kubectl apply")
    if word not in _CHANGES:
        raise usage(f'unknown command "{word}"', "set")
    change, said, several = _CHANGES[word]
    asked = [text for text in rest if "=" in text or (word == "env" and text.endswith("-"))]
    named = [text for text in rest if text not in asked]
    if word == "selector" and not files_are_named(call) and len(named) < 2 and "/" not in "".join(named):
        raise Failure("resource(s) were provided, but no name was specified")
    if not asked:
        raise Failure(f"at least one {several} is required")
    found = chosen(call, named)
    for kind, body in found.objects:
        new = plain(body)
        try:
            change(_holder(kind, new, word), asked)
        except Failure as failure:
            found.failures.append(failure)
            continue
        after, _ = changes.replace(call, kind, body, new)
        print_change(call, kind, after, said)
    return call.report(found.failures)


def _holder(kind: ResourceType, body: Body, word: str) -> Body:
    """The part of an object that a change is about: a pod's spec, a workload's template, a Service's spec."""
    spec: Any = body.get("spec") or {}
    if word == "selector":
        if kind.kind != "Service":
            raise Failure(f"cannot set a selector of {kind.singular}: only a Service's can be changed")
        return spec if isinstance(spec, dict) else {}
    inner = spec if kind.kind == "Pod" else (spec.get("template") or {}).get("spec")
    if not isinstance(inner, dict):
        raise Failure(f"{kind.singular}/{body['metadata']['name']} has no containers")
    return inner


def _pairs(asked: Sequence[str]) -> list[tuple[str, str]]:
    return [(name, value) for name, _, value in (text.partition("=") for text in asked)]


def _image(spec: Body, asked: Sequence[str]) -> None:
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    for name, image in _pairs(asked):
        meant = [each for each in containers if name in (each["name"], "*")]
        if not meant:
            raise Failure(f'unable to find container named "{name}"')
        for each in meant:
            each["image"] = image


def _env(spec: Body, asked: Sequence[str]) -> None:
    gone = {text[:-1] for text in asked if "=" not in text}
    wanted = dict(_pairs([text for text in asked if "=" in text]))
    for container in spec.get("containers") or ():
        kept = [row for row in container.get("env") or () if row.get("name") not in gone | set(wanted)]
        container["env"] = [*kept, *({"name": name, "value": value} for name, value in wanted.items())]


def _selector(spec: Body, asked: Sequence[str]) -> None:
    spec["selector"] = dict(_pairs([part for text in asked for part in text.split(",")]))


_CHANGES: Mapping[str, tuple[SetField, str, str]] = {
    "image": (_image, "image updated", "CONTAINER=IMAGE"),
    "env": (_env, "env updated", "environment variable"),
    "selector": (_selector, "selector updated", "KEY=VALUE"),
}
"""Word -> the change, what kubectl says, and what has to be given."""
