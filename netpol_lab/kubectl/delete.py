"""``kubectl delete``."""

from __future__ import annotations

from contextlib import suppress

from netpol_lab.kubectl import writing as changes
from netpol_lab.kubectl.failure import Failure, from_server
from netpol_lab.kubectl.file_arguments import Item
from netpol_lab.kubectl.lookup import chosen
from netpol_lab.kubectl.output import split_format
from netpol_lab.kubectl.resources import ResourceType, metadata
from netpol_lab.kubectl.session import Call
from netpol_lab.model.bodies import ReadOnlyBody
from netpol_lab.model.errors import NotFound
from netpol_lab.model.objects import kind_in_key

_FORCED = (
    "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated."
    " The resource may continue to run on the cluster indefinitely."
)
_API_SERVER = ("Service", "default", "kubernetes")
"""The API server makes its own Service anew as soon as somebody deletes it."""

_KEPT_NAMESPACES = ("default", "kube-public", "kube-system")
"""Namespaces that the API server does not let go."""


def run(call: Call) -> int:
    """Delete objects by file, by name, by label or all of a kind; pods and other owned objects go along."""
    split_format(call, table_allowed=False)
    changes.dry_run(call)
    if call.flag("force"):
        call.warn(_FORCED)
    found = chosen(call, call.args, absent=_absent)
    if call.flag("ignore-not-found"):
        found.failures = []
    if not found.objects and not found.failures and not call.flag("ignore-not-found"):
        call.print("No resources found")
    for kind, body in found.objects:
        try:
            delete(call, kind, body)
        except Failure as failure:
            found.failures.append(failure)
    return call.report(found.failures)


def _absent(item: Item) -> Failure:
    what = f'{item.type.qualified} "{item.name}"'
    return from_server("NotFound", f'error when deleting "{item.source}": {what} not found')


def delete(call: Call, kind: ResourceType, body: ReadOnlyBody) -> None:
    """Delete one object and say so. Raises :class:`Failure`."""
    name, namespace = str(metadata(body)["name"]), str(metadata(body).get("namespace", ""))
    if kind.kind == "Namespace" and name in _KEPT_NAMESPACES:
        raise from_server("Forbidden", f'namespaces "{name}" is forbidden: this namespace may not be deleted')
    mode = changes.dry_run(call)
    if mode == "none":
        # What is not there any more went with its owner, a moment ago, in this same call.
        with suppress(NotFound):
            gone = call.cluster.delete(kind_in_key(kind.kind, kind.api_version), namespace, name)
            if gone.key == _API_SERVER:
                call.cluster.create(gone)
    if call.verb == "delete" and call.flag("output") == "name":
        call.print(kind.named(name))
        return
    ending = {"client": " (dry run)", "server": " (server dry run)"}.get(mode, "")
    word = "force deleted" if call.flag("force") and call.verb == "delete" else "deleted"
    place = f" from {namespace} namespace" if kind.namespaced else ""
    call.print(f'{kind.singular_qualified} "{name}" {word}{place}{ending}')
