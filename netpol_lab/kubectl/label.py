"""``kubectl label`` and ``kubectl annotate``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from netpol_lab.kubectl import writing as changes
from netpol_lab.kubectl.failure import Failure
from netpol_lab.kubectl.lookup import Found, check_given, chosen
from netpol_lab.kubectl.output import print_change, split_format
from netpol_lab.kubectl.resources import ResourceType, metadata
from netpol_lab.kubectl.serialize import plain
from netpol_lab.kubectl.session import Call
from netpol_lab.manifests import name_rules as names
from netpol_lab.model.bodies import ReadOnlyBody

Wanted = tuple[dict[str, str], list[str]]


def run_label(call: Call) -> int:
    """Set and remove labels."""
    words, (wanted, gone) = _read(call, "label")
    for key, value in wanted.items():
        _check(f'invalid label value: "{key}={value}"', _in_bytes(names.label_value(value)))
    found = chosen(call, words)
    if call.flag("list"):
        return _list(call, found, "labels")
    for kind, body in found.objects:
        labels = metadata(body).get("labels") or {}
        for key, value in wanted.items():
            if labels.get(key, value) != value and not call.flag("overwrite"):
                raise Failure(f"'{key}' already has a value ({labels[key]}), and --overwrite is false")
        for key in gone:
            if key not in labels:
                call.print(f'label "{key}" not found.')
        _, after = _write(call, kind, body, "labels", wanted, gone)
        print_change(call, kind, after, _word(wanted, gone, labels))
    return call.report(found.failures)


def _word(wanted: Mapping[str, str], gone: Sequence[str], before: Mapping[str, str]) -> str:
    """kubectl compares what it sends with what was there; the server may put a label of its own back."""
    if any(before.get(key) != value for key, value in wanted.items()):
        return "labeled"
    return "unlabeled" if any(key in before for key in gone) else "not labeled"


def run_annotate(call: Call) -> int:
    """Set and remove annotations."""
    words, (wanted, gone) = _read(call, "annotation")
    found = chosen(call, words)
    if call.flag("list"):
        return _list(call, found, "annotations")
    for kind, body in found.objects:
        notes = metadata(body).get("annotations") or {}
        taken = [f"'{key}' already has a value ({notes[key]})" for key in wanted if key in notes]
        if taken and not call.flag("overwrite"):
            raise Failure(f"--overwrite is false but found the following declared annotation(s): {'; '.join(taken)}")
        _, after = _write(call, kind, body, "annotations", wanted, gone)
        print_change(call, kind, after, "annotated")
    return call.report(found.failures)


def _read(call: Call, what: str) -> tuple[Sequence[str], Wanted]:
    """Split the words into what is meant and what is to be done: ``key=value`` and ``key-`` come last."""
    split_format(call, table_allowed=False)
    words = [word for word in call.args if not _is_change(word)]
    asked = [word for word in call.args if _is_change(word)]
    check_given(call, words)
    if not asked and not call.flag("list"):
        raise Failure(f"at least one {what} update is required")
    wanted = dict(word.split("=", 1) for word in asked if "=" in word)
    gone = [word[:-1] for word in asked if "=" not in word]
    both = [key for key in gone if key in wanted]
    if both:
        raise Failure(f"can not both modify and remove a {what} in the same command")
    return words, (wanted, gone)


def _is_change(word: str) -> bool:
    return "=" in word or word.endswith("-")


def _check(what: str, messages: Sequence[str]) -> None:
    if messages:
        raise Failure(f"{what}: {'; '.join(messages)}")


def _in_bytes(messages: Sequence[str]) -> list[str]:
    """kubectl 1.36 counts bytes by name where the API server still says characters."""
    return [message.replace("63 characters", "63 bytes") for message in messages]


def _list(call: Call, found: Found, part: str) -> int:
    for kind, body in found.objects:
        if len(found.objects) > 1:
            call.print(f"Listing {part} for {kind.singular_qualified}/{metadata(body)['name']}:")
        indent = " " if len(found.objects) > 1 else ""
        for key, value in sorted((metadata(body).get(part) or {}).items()):
            call.print(f"{indent}{key}={value}")
    return call.report(found.failures)


def _write(
    call: Call, kind: ResourceType, body: ReadOnlyBody, part: str, wanted: Mapping[str, str], gone: Sequence[str]
) -> tuple[bool, ReadOnlyBody]:
    """Change labels or annotations of one object; return whether that changed anything, and the object."""
    new = plain(body)
    values = {**(new["metadata"].get(part) or {}), **wanted}
    new["metadata"][part] = {key: value for key, value in values.items() if key not in gone}
    after, changed = changes.replace(call, kind, body, new)
    return changed, after
