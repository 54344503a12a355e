"""``kubectl apply``, ``create -f``, ``replace -f`` and ``diff``: the verbs that send files."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from netpol_lab.cluster.server import stamp
from netpol_lab.kubectl import writing as changes
from netpol_lab.kubectl.ages import go_time
from netpol_lab.kubectl.choosing import labels_match, parse_labels
from netpol_lab.kubectl.delete import delete, wait_for
from netpol_lab.kubectl.failure import Failure, from_server, not_simulated
from netpol_lab.kubectl.failure import usage as usage_error
from netpol_lab.kubectl.file_arguments import (
    Item,
    check_name,
    files_are_named,
    is_unknown_field,
    kustomized,
    read_items,
    refused,
    written,
)
from netpol_lab.kubectl.lookup import chosen, get, not_found
from netpol_lab.kubectl.merge import three_way, three_way_patch
from netpol_lab.kubectl.output import print_change, print_collected, split_format
from netpol_lab.kubectl.resources import metadata
from netpol_lab.kubectl.serialize import plain, to_json, to_yaml
from netpol_lab.kubectl.session import Call
from netpol_lab.model.bodies import ReadOnlyBody
from netpol_lab.model.errors import ManifestError

_NO_ANNOTATION = (
    "Warning: resource {name} is missing the kubectl.kubernetes.io/last-applied-configuration annotation which is"
    " required by kubectl apply. kubectl apply should only be used on resources created declaratively by either"
    " kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically."
)


def run_apply(call: Call) -> int:
    """Create or change the objects of files, keeping what others changed; ``view-last-applied`` shows what it noted."""
    if call.args[:1] == ("view-last-applied",):
        return _view_last_applied(call)
    if call.args[:1] in (("edit-last-applied",), ("set-last-applied",)):
        raise not_simulated(f"kubectl apply {call.args[0]}", "apply the file again")
    call.collected = []
    return _each(call, "apply", _apply)


def _view_last_applied(call: Call) -> int:
    """Print the manifest that was applied last, as YAML or (``-o json``) as JSON."""
    found = chosen(call, call.args[1:])
    form = call.flag("output") or "yaml"
    if form not in ("yaml", "json"):
        raise usage_error(f"Unexpected -o output mode: {form}, the flag 'output' must be one of yaml|json", "apply")
    for kind, body in found.objects:
        last = changes.last_applied(body)
        if last is None:
            name = f"{kind.plural}/{metadata(body)['name']}"
            found.failures.append(Failure(f"no last-applied-configuration annotation found on resource: {name}"))
        elif form == "json":
            call.print(to_json(last))
        else:
            call.write(to_yaml(last))
    return call.report(found.failures)


def run_kustomize(call: Call) -> int:
    """Print the objects of a kustomization; nothing is sent."""
    folder = call.args[0] if call.args else "."
    for number, body in enumerate(kustomized(call, folder)):
        call.write(("---\n" if number else "") + to_yaml(body))
    return 0


def run_create(call: Call) -> int:
    """Create the objects of files; those that are there already are refused."""
    return _each(call, "create", _create)


def run_replace(call: Call) -> int:
    """Put the objects of files in the place of those in the cluster."""
    return _each(call, "replace", _replace)


def _each(call: Call, verb: str, act: Callable[[Call, Item], None]) -> int:
    """Do the same with every object; report what failed at the end, as kubectl does."""
    if not files_are_named(call):
        if call.args:
            raise usage_error(f"Unexpected args: [{' '.join(call.args)}]", verb)
        raise Failure("must specify one of -f and -k")
    split_format(call, table_allowed=False)
    changes.dry_run(call)
    items, failures = read_items(call)
    if call.parsed.values.get("prune"):
        _refuse_prune(call, items)
    if not items and not failures:
        raise Failure(f"no objects passed to {verb}")
    for item in items:
        try:
            act(call, item)
        except Failure as failure:
            failures.append(failure)
    print_collected(call)
    return call.report(failures)


def _refuse_prune(call: Call, items: Sequence[Item]) -> None:
    """``--prune`` is not simulated; what kubectl refuses by itself it refuses in its own words."""
    selector = call.flag("selector")
    if not selector and not call.flag("all"):
        raise Failure(
            "all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all"
            " flag. If you did not mean to prune all resources, specify a label selector"
        )
    if not any(labels_match(parse_labels(selector), item.body) for item in items):
        raise Failure("no objects passed to apply")
    raise not_simulated("kubectl apply --prune")


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
    if metadata(live).get("deletionTimestamp"):
        call.warn(f"Warning: Detected changes to resource {item.name} which is currently being deleted.")
    print_change(call, item.type, after, "configured" if changed or patch else "unchanged")


def _replace(call: Call, item: Item) -> None:
    if call.flag("force"):
        _replace_by_force(call, item)
        return
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


def _replace_by_force(call: Call, item: Item) -> None:
    """``replace --force``: delete, and create anew."""
    resource, live = item.resource(doing="replacing"), get(call, item.type, _place(item), item.name)
    if live is not None:
        wait_for(call, [delete(call, item.type, live)])
    print_change(call, item.type, changes.create(call, resource), "replaced")


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
    if not files_are_named(call):
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
    item = _with_warnings(call, item)
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


def _with_warnings(call: Call, item: Item) -> Item:
    """``diff`` asks the server to warn of unknown fields, not to refuse them."""
    try:
        item.decoded()
    except ManifestError as error:
        for problem in error.problems:
            if is_unknown_field(problem):
                call.warn(f"Warning: {problem.message}")
    return replace(item, strict=False)


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
