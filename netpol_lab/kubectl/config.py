"""``kubectl config`` and the verbs that tell about the cluster: version, cluster-info, api-resources, auth can-i."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from netpol_lab.cluster.server import VERSION
from netpol_lab.kubectl.failure import Failure, not_simulated, usage
from netpol_lab.kubectl.output import by_path
from netpol_lab.kubectl.resources import TYPES, resource_type
from netpol_lab.kubectl.serialize import to_json, to_yaml
from netpol_lab.kubectl.session import Call
from netpol_lab.kubectl.tabwriter import table
from netpol_lab.model.networks import API_SERVER_PORT


def run(call: Call) -> int:
    """The part of ``kubectl config`` that concerns the one context there is."""
    if not call.args:
        raise usage(
            "config needs a subcommand: view, current-context, get-contexts, set-context, use-context", "config"
        )
    word, *rest = call.args
    action = _ACTIONS.get(word)
    if action is None:
        raise not_simulated(f"kubectl config {word}")
    action(call, rest)
    return 0


def _view(call: Call, words: list[str]) -> None:
    format_, _, template = str(call.flag("output")).partition("=")
    if format_ == "json":
        call.print(to_json(_kubeconfig(call)))
    elif format_ in ("", "yaml"):
        call.write(to_yaml(_kubeconfig(call)))
    else:
        call.write(by_path(format_, template, _kubeconfig(call)))


def _kubeconfig(call: Call) -> Mapping[str, Any]:
    context = call.session.context
    about = {"cluster": context, "user": context}
    if call.session.context_namespace:
        about["namespace"] = call.session.context_namespace
    return {
        "apiVersion": "v1",
        "clusters": [{"cluster": {"server": _server(call)}, "name": context}],
        "contexts": [{"context": about, "name": context}],
        "current-context": context,
        "kind": "Config",
        "preferences": {},
        "users": [{"name": context, "user": {}}],
    }


def _server(call: Call) -> str:
    nodes = call.cluster.nodes
    return f"https://{nodes[0].ip if nodes else '127.0.0.1'}:{API_SERVER_PORT}"


def _current(call: Call, words: list[str]) -> None:
    call.print(call.session.context)


def _contexts(call: Call, words: list[str]) -> None:
    context = call.session.context
    if words and words != [context]:
        raise Failure(f"context {words[0]} not found")
    if call.flag("output") == "name":
        call.print(context)
        return
    rows = [] if call.flag("no-headers") else [("CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE")]
    call.print(table([*rows, ("*", context, context, context, call.session.context_namespace)]))


def _set_context(call: Call, words: list[str]) -> None:
    context = call.session.context
    if words and words != [context]:
        raise not_simulated("a second context")
    if not words and not call.flag("current"):
        raise usage("Unexpected args: []", "config set-context")
    if call.namespace_is_given:
        # kubectl does not ask whether the namespace is there.
        call.session.namespace = call.namespace
        call.session.namespace_was_set = True
    call.print(f'Context "{context}" modified.')


def _use_context(call: Call, words: list[str]) -> None:
    context = call.session.context
    if len(words) != 1:
        raise usage(f"Unexpected args: {words}", "config use-context")
    if words[0] != context:
        raise Failure(f'no context exists with the name: "{words[0]}"')
    call.print(f'Switched to context "{context}".')


_ACTIONS: Mapping[str, Callable[[Call, list[str]], None]] = {
    "view": _view,
    "current-context": _current,
    "get-contexts": _contexts,
    "set-context": _set_context,
    "use-context": _use_context,
    "use": _use_context,
}


def run_version(call: Call) -> int:
    """Client and server version: the ones whose behavior is simulated."""
    versions = {
        "clientVersion": {"gitVersion": VERSION, "platform": "netpol-lab (simulated)"},
        "kustomizeVersion": "v5.6.0",
    }
    if not call.flag("client"):
        versions["serverVersion"] = {"gitVersion": VERSION, "platform": "netpol-lab (simulated)"}
    if call.flag("output") == "json":
        call.print(to_json(versions))
    elif call.flag("output") == "yaml":
        call.write(to_yaml(versions))
    elif call.flag("output"):
        raise Failure(f'--output must be "yaml" or "json", not "{call.flag("output")}"')
    else:
        call.print(f"Client Version: {VERSION}")
        call.print("Kustomize Version: v5.6.0")
        if not call.flag("client"):
            call.print(f"Server Version: {VERSION}")
        call.warn("note: this kubectl and its cluster are simulated by netpol-lab")
    return 0


def run_cluster_info(call: Call) -> int:
    """Where the API server and cluster DNS are."""
    if call.args:
        raise not_simulated(f"kubectl cluster-info {call.args[0]}")
    server = _server(call)
    call.print(f"Kubernetes control plane is running at {server}")
    if call.cluster.dns_service:
        call.print(f"CoreDNS is running at {server}/api/v1/namespaces/kube-system/services/kube-dns:dns/proxy")
    call.print("\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.")
    return 0


def run_api_resources(call: Call) -> int:
    """The kinds that can be stored, with their short names."""
    group, scope = call.flag("api-group"), call.flag("namespaced")
    kinds = [kind for kind in TYPES if group in ("", kind.group) and scope in ("", str(kind.namespaced).lower())]
    if call.flag("output") == "name":
        for kind in kinds:
            call.print(kind.qualified)
        return 0
    rows = [] if call.flag("no-headers") else [("NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND")]
    rows += [(k.plural, ",".join(k.short), k.api_version, str(k.namespaced).lower(), k.kind) for k in kinds]
    call.print(table(rows))
    return 0


def run_auth(call: Call) -> int:
    """``auth can-i``: in the simulated cluster you may do everything."""
    word, *rest = call.args or ("",)
    if word != "can-i":
        raise not_simulated(f"kubectl auth {word}".strip(), "kubectl auth can-i is")
    if len(rest) < 2:
        raise Failure("you must specify two arguments: verb resource or verb resource/resourceName.")
    name = rest[1].partition("/")[0]
    if resource_type(name) is None and name != "*":
        call.warn(f"Warning: the server doesn't have a resource type '{name}'\n")
    if not call.flag("quiet"):
        call.print("yes")
    return 0
