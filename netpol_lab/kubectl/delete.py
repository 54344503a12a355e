"""``kubectl delete``."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from netpol_lab.kubectl import writing as changes
from netpol_lab.kubectl.failure import Failure, from_server, not_simulated
from netpol_lab.kubectl.file_arguments import Item
from netpol_lab.kubectl.lookup import chosen, key_of
from netpol_lab.kubectl.output import split_format
from netpol_lab.kubectl.resources import ResourceType, metadata, type_of_kind
from netpol_lab.kubectl.session import Call
from netpol_lab.kubectl.until_gone import timed_out, wait_until_gone
from netpol_lab.model.bodies import Key, ReadOnlyBody
from netpol_lab.model.errors import NotFound
from netpol_lab.pods.process import LONGEST

_FORCED = (
    "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated."
    " The resource may continue to run on the cluster indefinitely."
)

_KEPT_NAMESPACES = ("default", "kube-public", "kube-system")
"""Namespaces that the API server does not let go."""


def run(call: Call) -> int:
    """Delete objects by file, by name, by label or all of a kind; pods and other owned objects go along."""
    split_format(call, table_allowed=False)
    changes.dry_run(call)
    _check_flags(call)
    if call.flag("force"):
        call.warn(_FORCED)
    found = chosen(call, call.args, absent=_absent)
    if call.flag("ignore-not-found"):
        found.failures = []
    if not found.objects and not found.failures and not call.flag("ignore-not-found"):
        call.print("No resources found")
    before, deleted = call.cluster.snapshot().ending, []
    for kind, body in found.objects:
        try:
            deleted.append(delete(call, kind, body))
        except Failure as failure:
            found.failures.append(failure)
    if call.flag("cascade") == "foreground":
        deleted += [key for key in call.cluster.snapshot().ending if key not in (*before, *deleted)]
    if call.flag("wait"):
        found.failures += wait_for(call, deleted)
    return call.report(found.failures)


def _check_flags(call: Call) -> None:
    grace, cascade = call.flag("grace-period"), call.flag("cascade") or "background"
    if call.flag("now") and grace is not None:
        raise Failure("--now and --grace-period cannot be specified together")
    if call.flag("force") and (grace or 0) > 0:
        raise Failure("--force and --grace-period greater than 0 cannot be specified together")
    if cascade == "orphan":
        raise not_simulated("kubectl delete --cascade=orphan")
    if cascade not in ("background", "foreground", "true"):
        raise Failure(f'invalid cascade value ({cascade}). Must be "background", "foreground", or "orphan"')


def wait_for(call: Call, deleted: Sequence[Key]) -> list[Failure]:
    """Wait until objects that were deleted are gone; return a failure for each that took longer than ``--timeout``."""
    ending = [key for key in deleted if key in call.cluster.snapshot().ending]
    left = wait_until_gone(call, ending, call.flag("timeout") or LONGEST)
    return [timed_out(type_of_kind(key[0]).plural, key[2]) for key in left]


def _grace(call: Call, kind: ResourceType) -> int | None:
    """The seconds that the programs of a pod get; None for what the pod says, as for pods that go with their owner."""
    if kind.kind != "Pod" or call.verb != "delete":
        return None
    if call.flag("force") or call.flag("now"):
        return int(call.flag("now"))
    grace = call.flag("grace-period")
    return None if grace is None or grace < 0 else max(grace, 1)  # kubectl takes 0 for 1 where nothing is forced


def _absent(item: Item) -> Failure:
    what = f'{item.type.qualified} "{item.name}"'
    return from_server("NotFound", f'error when deleting "{item.source}": {what} not found')


def delete(call: Call, kind: ResourceType, body: ReadOnlyBody) -> Key:
    """Delete one object and say so; return its key. Raises :class:`Failure`."""
    key = key_of(kind, body)
    name, namespace = str(metadata(body)["name"]), str(metadata(body).get("namespace", ""))
    if kind.kind == "Namespace" and name in _KEPT_NAMESPACES:
        raise from_server("Forbidden", f'namespaces "{name}" is forbidden: this namespace may not be deleted')
    mode = changes.dry_run(call)
    if mode == "none":
        # What is not there any more went with its owner, a moment ago, in this same call.
        with suppress(NotFound):
            call.cluster.delete(*key, grace=_grace(call, kind))
    if call.verb == "delete" and call.flag("output") == "name":
        call.print(kind.named(name))
        return key
    ending = {"client": " (dry run)", "server": " (server dry run)"}.get(mode, "")
    word = "force deleted" if call.flag("force") and call.verb == "delete" else "deleted"
    place = f" from {namespace} namespace" if kind.namespaced else ""
    call.print(f'{kind.singular_qualified} "{name}" {word}{place}{ending}')
    return key
