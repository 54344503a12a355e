"""``kubectl apply``, ``create -f``, ``replace -f`` and ``diff``: the verbs that send files."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from netpol_lab.cluster.server import stamp
from netpol_lab.kubectl import writing as changes
from netpol_lab.kubectl.ages import go_time
from netpol_lab.kubectl.failure import Failure, from_server
from netpol_lab.kubectl.failure import usage as usage_error
from netpol_lab.kubectl.file_arguments import Item, check_name, read_items, refused, written
from netpol_lab.kubectl.lookup import get, not_found
from netpol_lab.kubectl.merge import three_way, three_way_patch
from netpol_lab.kubectl.output import print_change, split_format
from netpol_lab.kubectl.resources import metadata
from netpol_lab.kubectl.serialize import plain, to_yaml
from netpol_lab.kubectl.session import Call
from netpol_lab.model.bodies import ReadOnlyBody
from netpol_lab.model.errors import ManifestError

_NO_ANNOTATION = (
    "Warning: resource {name} is missing the kubectl.kubernetes.io/last-applied-configuration annotation which is"
    " required by kubectl apply. kubectl apply should only be used on resources created declaratively by either"
    " kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically."
)


def run_apply(call: Call) -> int:
    """Create or change the objects of files, keeping what others changed."""
    return _each(call, "apply", _apply)


def run_create(call: Call) -> int:
    """Create the objects of files; those that are there already are refused."""
    return _each(call, "create", _create)


def run_replace(call: Call) -> int:
    """Put the objects of files in the place of those in the cluster."""
    return _each(call, "replace", _replace)


def _each(call: Call, verb: str, act: Callable[[Call, Item], None]) -> int:
    """Do the same with every object; report what failed at the end, as kubectl does."""
    if not call.flag("filename"):
        if call.args:
            raise usage_error(f"Unexpected args: [{' '.join(call.args)}]", verb)
        raise Failure("must specify one of -f and -k")
    split_format(call, table_allowed=False)
    changes.dry_run(call)
    items, failures = read_items(call)
    if not items and not failures:
        raise Failure(f"no objects passed to {verb}")
    for item in items:
        try:
            act(call, item)
        except Failure as failure:
            failures.append(failure)
    return call.report(failures)


def _place(item: Item) -> str:
    return str(metadata(item.body).get("namespace", ""))


def _create(call: Call, item: Item) -> None:
    _send(call, item, changes.with_last_applied(item.body) if call.flag("save-config") else written(item))


def _send(call: Call, item: Item, body: ReadOnlyBody) -> None:
    """Create an object. With --dry-run=client nobody asks the server what it thinks of it."""
    created = body
    if changes.dry_run(call) != "client":
        created = changes.create(call, item.resource(body), f'error when creating "{item.source}": ')
    print_change(call, item.type, created, "created")


def _apply(call: Call, item: Item) -> None:
    check_name(item)
    live = get(call, item.type, _place(item), item.name)
    body = changes.with_last_applied(item.body)
    if live is None:
        _send(call, item, body)
        return
    last = changes.last_applied(live)
    if last is None:
        call.warn(_NO_ANNOTATION.format(name=f"{item.type.plural}/{item.name}"))
    merged = three_way(last or {}, body, live)
    if changes.dry_run(call) == "client":  # kubectl does not know then that nothing would change
        print_change(call, item.type, merged, "configured")
        return
    patch = three_way_patch(last or {}, body, live)
    after, changed = changes.replace(call, item.type, live, merged, item, patch)
    print_change(call, item.type, after, "configured" if changed or patch else "unchanged")


def _replace(call: Call, item: Item) -> None:
    live = get(call, item.type, _place(item), item.name)
    try:
        body = item.decoded(old=live).body
    except ManifestError as error:
        if live is not None or error.problems[0].kind == "decode":
            raise refused(item, error.problems, "replacing") from None
    if live is None:
        raise from_server(
            "NotFound",
            f'error when replacing "{item.source}": {not_found(call, item.type, item.name).message.partition(": ")[2]}',
        )
    if isinstance(body.get("spec"), Mapping):  # an object of a kind that is not simulated may have any other
        body = {**body, "spec": {**_given(live), **body["spec"]}}
    after, _ = changes.replace(call, item.type, live, body, item)
    print_change(call, item.type, after, "replaced")


def _given(live: ReadOnlyBody) -> dict[str, Any]:
    """What the cluster put into a spec and a file does not have."""
    spec = live.get("spec")
    return (
        {}
        if not isinstance(spec, Mapping)
        else {name: spec[name] for name in ("nodeName", "clusterIP", "clusterIPs") if name in spec}
    )


def run_diff(call: Call) -> int:
    """Show what ``apply`` would change, as a unified diff; exit 1 when there is a difference."""
    if not call.flag("filename"):
        raise Failure("must specify one of -f and -k")
    items, failures = read_items(call)
    differs = False
    for item in items:
        try:
            differs |= _diff(call, item)
        except Failure as failure:
            failures.append(failure)
    return call.report(failures) or int(differs)


def _diff(call: Call, item: Item) -> bool:
    live = get(call, item.type, _place(item), item.name)
    body = changes.with_last_applied(item.body)
    merged: ReadOnlyBody = three_way(changes.last_applied(live) or {}, body, live) if live else body
    wanted = item.resource(merged).body if live else stamp(item.resource(merged).body, call.cluster.now, 0)
    before, after = _without_note(live) if live else "", _without_note(wanted)
    if before == after:
        return False
    version = f"{item.type.group}.{item.type.version}" if item.type.group else item.type.version
    name = ".".join((version, item.type.kind, _place(item), item.name))
    time = go_time(call.cluster.now.isoformat()).replace(" +0000 UTC", ".000000000 +0000")
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"LIVE/{name}", f"MERGED/{name}", time, time, lineterm=""
    )
    call.print(f"diff -u -N LIVE/{name} MERGED/{name}")
    for line in lines:
        call.print(line)
    return True


def _without_note(body: ReadOnlyBody) -> str:
    """An object as ``diff`` shows it: without the last-applied note and without what changes at every write."""
    copied = plain(body)
    copied.pop("status", None)
    about = copied["metadata"]
    about.pop("resourceVersion", None)
    annotations = {
        key: value for key, value in (about.pop("annotations", None) or {}).items() if key != changes.LAST_APPLIED
    }
    if annotations:
        about["annotations"] = annotations
    return to_yaml(copied)
