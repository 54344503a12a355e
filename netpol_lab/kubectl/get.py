"""``kubectl get``."""

from __future__ import annotations

import os
from dataclasses import replace

from netpol_lab.kubectl import output
from netpol_lab.kubectl.failure import Failure
from netpol_lab.kubectl.file_arguments import files_are_named
from netpol_lab.kubectl.lookup import Found, chosen
from netpol_lab.kubectl.resources import resource_type
from netpol_lab.kubectl.session import Call

_NOTHING_ASKED = (
    'You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of supported'
    ' resources.\n\nerror: Required resource not specified.\nUse "kubectl explain <resource>" for a detailed'
    " description of that resource (e.g. kubectl explain pods).\nSee 'kubectl get -h' for help and examples"
)
_WATCHED = (
    "note: a real watch goes on until you stop it with Ctrl-C and prints a line for each change; here nothing changes"
    " while you wait, so it ends at once"
)
_ENDPOINTS_WARNING = "Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"


def run(call: Call) -> int:
    """List objects, or show named ones."""
    if not call.args and not files_are_named(call):
        raise Failure(_NOTHING_ASKED, prefix="")
    output.split_format(call)
    found = chosen(call, call.args, everything=True)
    found.failures = [_unframed(failure) for failure in found.failures]
    if call.flag("sort-by"):
        found.objects = output.sort_by(found.objects, call.flag("sort-by"))
    if call.flag("ignore-not-found"):
        found.failures = []
    if any(kind.kind == "Endpoints" for kind, _ in found.objects):
        call.warn(_ENDPOINTS_WARNING)
    _print(call, found)
    if call.flag("watch"):
        call.warn(_WATCHED)
    return call.report(found.failures)


def _unframed(failure: Failure) -> Failure:
    """What get cannot decode it tells without the word error in front."""
    unreadable = failure.message.startswith("unable to decode")
    return Failure(failure.message, prefix="", hints=failure.hints) if unreadable else failure


def run_events(call: Call) -> int:
    """``kubectl events``: the same list as ``kubectl get events``, oldest first."""
    if call.args:
        raise Failure(f"unexpected arguments: {list(call.args)}")
    call.parsed = replace(call.parsed, args=("events",))
    return run(call)


def _print(call: Call, found: Found) -> None:
    named = _names_one(call)
    if not output.is_table(call):
        if found.objects or not found.failures:
            output.print_data(call, found.objects, single=named)
    elif found.objects:
        output.print_tables(call, found.objects, with_kind=found.several_kinds or call.flag("show-kind"))
    elif not found.failures and not call.flag("ignore-not-found"):
        _print_nothing_found(call)


def _names_one(call: Call) -> bool:
    """Whether one single object was asked for: by name, or by a file of which nothing else was read."""
    if call.flag("filename") or call.flag("kustomize"):
        return not os.path.isdir(os.path.join(call.cwd, (call.flag("filename") or call.flag("kustomize"))[0]))
    if "/" in "".join(call.args):
        return len(call.args) == 1
    return len(call.args) == 2 and "," not in call.args[0]


def _print_nothing_found(call: Call) -> None:
    """kubectl names the namespace only where the kinds live in one."""
    first = resource_type(call.args[0].partition("/")[0].partition(",")[0]) if call.args else None
    everywhere = call.flag("all-namespaces") or (first is not None and not first.namespaced)
    call.warn("No resources found" if everywhere else f"No resources found in {call.namespace} namespace.")
