"""The verbs of kubectl as data: usage, summary, flags, and the function that does it.

Flags that make no difference on a simulated cluster are accepted and marked ``""``; help does not list them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from netpol_lab.kubectl import (
    apply,
    config,
    create,
    delete,
    describe,
    exec_run,
    explain,
    get,
    label,
    patch,
    rollout,
    wait,
)
from netpol_lab.kubectl.arguments import Flag
from netpol_lab.kubectl.session import Call


@dataclass(frozen=True)
class Verb:
    """One verb. ``usage`` is what follows ``kubectl VERB`` on a command line."""

    run: Callable[[Call], int]
    usage: str
    summary: str
    flags: tuple[Flag, ...] = ()


GLOBAL = (
    Flag("namespace", "n", help="the namespace to work in"),
    Flag("context", help="the context to use; there is one"),
    Flag("help", "h", "switch", "this text"),
    *(
        Flag(name)
        for name in ("kubeconfig", "cluster", "user", "as", "request-timeout", "token", "cache-dir", "profile")
    ),
    Flag("server", "s"),
    Flag("v", "v"),
    Flag("insecure-skip-tls-verify", "", "switch"),
    Flag("match-server-version", "", "switch"),
    Flag("warnings-as-errors", "", "switch"),
)
"""The flags of every verb."""

_FILES = (
    Flag("filename", "f", "commas", "a manifest file, a folder of them, or - for standard input; may be repeated"),
    Flag("recursive", "R", "switch", "also look into the folders below"),
    Flag("kustomize", "k"),
)
_SELECTOR = Flag("selector", "l", help="only objects with these labels: app=web, app!=web, 'app in (a,b)', app, !app")
_FIELDS = Flag("field-selector", help="only objects with this field: metadata.name=web, status.phase=Running")
_ALL_NAMESPACES = Flag("all-namespaces", "A", "switch", "in all namespaces")
_CHOICE = (_SELECTOR, _FIELDS, _ALL_NAMESPACES)
_DRY_RUN = Flag(
    "dry-run", help="client or server: say what would happen and change nothing", default="none", bare="unchanged"
)
_OUTPUT = Flag("output", "o", help="yaml, json, name, or jsonpath='{.metadata.name}'")
_UNUSED = (
    Flag("field-manager"),
    Flag("validate", bare="strict"),
    Flag("record", "", "switch"),
    Flag("show-managed-fields", "", "switch"),
    Flag("allow-missing-template-keys", "", "switch"),
    Flag("template"),
    Flag("chunk-size", "", "number"),
)
_WRITES = (_OUTPUT, _DRY_RUN, *_UNUSED)
_DELETION = (
    Flag("grace-period", "", "number", "accepted; simulated pods end at once"),
    Flag("force", "", "switch", "accepted; simulated pods end at once"),
    Flag("wait", "", "switch"),
    Flag("timeout", "", "duration"),
    Flag("cascade", bare="background"),
)
_ALL = Flag("all", "", "switch", "all objects of the kind in the namespace")
_IGNORE = Flag("ignore-not-found", "", "switch", "no error for what is not there")
_HEADERS = Flag("no-headers", "", "switch", "leave out the line of headers")
_CONTAINER = Flag("container", "c", help="which container of the pod; the first if not given")
_QUIET = Flag("quiet", "q", "switch", "only what the command prints")

VERBS: Mapping[str, Verb] = {
    "get": Verb(
        get.run,
        "(TYPE[,TYPE] [NAME ...] | TYPE/NAME ... | -f FILE)",
        "List objects, or show the ones you name.",
        (
            Flag("output", "o", help="wide, yaml, json, name, jsonpath='{…}', or custom-columns=HEADER:.path"),
            *_CHOICE,
            Flag("show-labels", "", "switch", "a column with all labels"),
            Flag("label-columns", "L", "commas", "a column for a label"),
            _HEADERS,
            Flag("sort-by", help="a field to sort by, such as .metadata.creationTimestamp"),
            _IGNORE,
            *_FILES,
            Flag("watch", "w", "switch"),
            Flag("watch-only", "", "switch"),
            Flag("raw"),
            Flag("subresource"),
            Flag("show-kind", "", "switch", "write the kind before each name"),
            Flag("server-print", "", "switch"),
            *_UNUSED,
        ),
    ),
    "describe": Verb(
        describe.run,
        "(TYPE [NAME ...] | TYPE/NAME ... | -f FILE)",
        "Show objects in words, with what belongs to them.",
        (*_CHOICE, *_FILES, Flag("show-events", "", "switch"), *_UNUSED),
    ),
    "apply": Verb(
        apply.run_apply,
        "-f FILE [-f FILE ...]",
        "Create the objects of files, or change the ones that are there to what the files say.",
        (
            *_FILES,
            *_WRITES,
            *_DELETION,
            _SELECTOR,
            *(
                Flag(name, "", "switch")
                for name in ("all", "server-side", "prune", "overwrite", "force-conflicts", "openapi-patch")
            ),
        ),
    ),
    "create": Verb(
        create.run,
        "(-f FILE | namespace NAME | deployment NAME --image=IMAGE | service clusterip NAME --tcp=PORT)",
        "Create the objects of files, or one object from flags.",
        (
            *_FILES,
            *_WRITES,
            Flag("image", "", "commas", "the image of a deployment"),
            Flag("replicas", "r", "number", "how many pods a deployment has"),
            Flag("port", "", "number", "the port a deployment's container declares"),
            Flag("tcp", "", "commas", "a Service's port, or port:targetPort"),
            Flag("clusterip", help="a Service's address, or None for a headless one"),
            Flag("save-config", "", "switch", "note the file for a later apply"),
            _SELECTOR,
            Flag("edit", "", "switch"),
        ),
    ),
    "delete": Verb(
        delete.run,
        "(-f FILE | TYPE NAME ... | TYPE/NAME ... | TYPE --all | TYPE -l SELECTOR)",
        "Delete objects and what they own.",
        (
            *_FILES,
            *_CHOICE,
            _ALL,
            _IGNORE,
            *_DELETION,
            Flag("now", "", "switch"),
            _DRY_RUN,
            Flag("output", "o", help="name"),
            *_UNUSED,
        ),
    ),
    "replace": Verb(
        apply.run_replace,
        "-f FILE",
        "Put the objects of files in the place of those in the cluster.",
        (*_FILES, *_WRITES, *_DELETION, Flag("save-config", "", "switch")),
    ),
    "diff": Verb(
        apply.run_diff,
        "-f FILE",
        "Show what apply would change. Exit code 1: there are differences.",
        (*_FILES, _SELECTOR, Flag("server-side", "", "switch"), *_UNUSED),
    ),
    "exec": Verb(
        exec_run.run_exec,
        "(POD | TYPE/NAME) [-c CONTAINER] -- COMMAND [ARG ...]",
        "Run a command in a container. The exit code is the command's.",
        (
            _CONTAINER,
            Flag("stdin", "i", "switch", "hand standard input to the command"),
            Flag("tty", "t", "switch", "accepted; a notebook has no terminal"),
            _QUIET,
            *_FILES,
            Flag("pod-running-timeout", "", "duration"),
        ),
    ),
    "run": Verb(
        exec_run.run_run,
        "NAME --image=IMAGE [-- COMMAND [ARG ...]]",
        "Create a pod; with -i or -t wait for its command and show what it prints.",
        (
            Flag("image", help="the container's image"),
            Flag("rm", "", "switch", "delete the pod afterwards; needs -i or -t"),
            Flag("stdin", "i", "switch", "attach, and hand standard input to the command"),
            Flag("tty", "t", "switch", "attach; a notebook has no terminal"),
            Flag("restart", help="Always, OnFailure or Never; with Never kubectl's exit code is the command's"),
            Flag("labels", "l", help="labels of the pod, key=value,key=value; run=NAME if not given"),
            Flag("port", help="the port the container declares"),
            Flag("env", "", "each", "NAME=value, may be repeated"),
            Flag("command", "", "switch", "what follows -- replaces the image's program, not its arguments"),
            Flag("annotations", "", "each"),
            Flag("expose", "", "switch", "also make a Service"),
            Flag("attach", "", "switch"),
            Flag("overrides"),
            Flag("override-type"),
            Flag("image-pull-policy"),
            Flag("leave-stdin-open", "", "switch"),
            Flag("privileged", "", "switch"),
            Flag("pod-running-timeout", "", "duration"),
            _QUIET,
            *_WRITES,
            *_DELETION,
            *_FILES,
        ),
    ),
    "logs": Verb(
        exec_run.run_logs,
        "(POD | TYPE/NAME) [-c CONTAINER]",
        "Show what a container printed. Simulated servers print nothing.",
        (
            _CONTAINER,
            Flag("tail", "", "number", "only the last lines"),
            Flag("previous", "p", "switch"),
            Flag("follow", "f", "switch"),
            Flag("timestamps", "", "switch"),
            Flag("since"),
            Flag("since-time"),
            Flag("all-containers", "", "switch"),
            Flag("prefix", "", "switch"),
            _SELECTOR,
        ),
    ),
    "label": Verb(
        label.run_label,
        "TYPE NAME ... KEY=VALUE ... [KEY- ...]",
        "Set labels, or remove them: a key with a minus sign at its end.",
        (
            Flag("overwrite", "", "switch", "change labels that have another value"),
            Flag("list", "", "switch", "show the labels"),
            _ALL,
            *_CHOICE,
            *_FILES,
            *_WRITES,
            Flag("resource-version"),
            Flag("local", "", "switch"),
        ),
    ),
    "annotate": Verb(
        label.run_annotate,
        "TYPE NAME ... KEY=VALUE ... [KEY- ...]",
        "Set annotations, or remove them.",
        (
            Flag("overwrite", "", "switch", "change annotations that have another value"),
            Flag("list", "", "switch", "show the annotations"),
            _ALL,
            *_CHOICE,
            *_FILES,
            *_WRITES,
            Flag("resource-version"),
            Flag("local", "", "switch"),
        ),
    ),
    "patch": Verb(
        patch.run,
        "(TYPE NAME | TYPE/NAME) -p PATCH",
        "Change fields of an object.",
        (
            Flag("patch", "p", help="the patch, as JSON or YAML"),
            Flag("type", help="strategic, merge or json", default="strategic"),
            *_WRITES,
            *_FILES,
            Flag("subresource"),
        ),
    ),
    "scale": Verb(
        rollout.run_scale,
        "(TYPE NAME | TYPE/NAME) --replicas=COUNT",
        "Change how many pods a workload has.",
        (
            Flag("replicas", "", "number", "the number of pods"),
            Flag("current-replicas", "", "number", "only if it has this many now"),
            _ALL,
            _SELECTOR,
            *_FILES,
            *_WRITES,
            Flag("timeout", "", "duration"),
        ),
    ),
    "rollout": Verb(
        rollout.run,
        "(status | restart) (TYPE NAME | TYPE/NAME)",
        "Tell whether a workload is up, or make its pods anew.",
        (*_FILES, _SELECTOR, *_WRITES, Flag("watch", "w", "switch"), Flag("timeout", "", "duration"), Flag("revision")),
    ),
    "wait": Verb(
        wait.run,
        "(TYPE NAME | TYPE/NAME | TYPE --all) --for=condition=Ready",
        "Wait until objects meet a condition.",
        (
            Flag(
                "for",
                help="condition=Ready, condition=Available, delete, create, or jsonpath='{.status.phase}'=Running",
            ),
            Flag("timeout", "", "duration", "how long to wait, such as 30s; simulated time"),
            _ALL,
            *_CHOICE,
            *_FILES,
            Flag("output", "o"),
            Flag("local", "", "switch"),
            *_UNUSED,
        ),
    ),
    "expose": Verb(
        create.run_expose,
        "(TYPE NAME | TYPE/NAME) [--port=PORT]",
        "Make a Service for a deployment, a pod or another Service.",
        (
            Flag("port", help="the Service's port; the container's declared port if not given"),
            Flag("target-port", help="the pod's port, by number or name"),
            Flag("name", help="the Service's name; the workload's if not given"),
            Flag("type", help="ClusterIP, NodePort or LoadBalancer"),
            Flag("cluster-ip", help="an address, or None for a headless Service"),
            Flag("protocol", help="TCP, UDP or SCTP"),
            *(
                Flag(name)
                for name in ("external-ip", "load-balancer-ip", "session-affinity", "override-type", "overrides")
            ),
            Flag("selector", help="the Service's selector, key=value,key=value; the workload's if not given"),
            Flag("labels", "l", help="the Service's labels"),
            *_FILES,
            *_WRITES,
        ),
    ),
    "config": Verb(
        config.run,
        "(view | current-context | get-contexts | set-context --current --namespace=NAME | use-context NAME)",
        "Show or change the context: the cluster and namespace you work with.",
        (
            Flag("current", "", "switch", "the context in use"),
            Flag("output", "o", help="yaml, json or jsonpath='{…}'"),
            Flag("minify", "", "switch"),
            Flag("raw", "", "switch"),
            Flag("flatten", "", "switch"),
            _HEADERS,
        ),
    ),
    "version": Verb(
        config.run_version,
        "",
        "The version of kubectl and of the API that is simulated.",
        (Flag("client", "", "switch", "only kubectl's own"), Flag("output", "o", help="yaml or json")),
    ),
    "cluster-info": Verb(config.run_cluster_info, "", "Where the API server and the cluster DNS are."),
    "api-resources": Verb(
        config.run_api_resources,
        "",
        "The kinds of objects, with their short names.",
        (
            Flag("namespaced", help="true or false", bare="true"),
            Flag("api-group", help="only kinds of this group"),
            Flag("output", "o", help="name"),
            _HEADERS,
            Flag("cached", "", "switch"),
            Flag("sort-by"),
            Flag("verbs"),
        ),
    ),
    "explain": Verb(
        explain.run,
        "networkpolicy[.FIELD ...]",
        "What a field of a NetworkPolicy means.",
        (Flag("recursive", "", "switch"), Flag("api-version"), Flag("output", "o")),
    ),
    "auth": Verb(
        config.run_auth,
        "can-i VERB TYPE",
        "Whether you may do something. In the simulated cluster you may.",
        (
            Flag("quiet", "q", "switch", "no words, the exit code tells"),
            Flag("list", "", "switch"),
            _ALL_NAMESPACES,
            Flag("subresource"),
        ),
    ),
}

NOT_SIMULATED: Mapping[str, str] = {
    "edit": "change your file and apply it again, or use kubectl patch",
    "port-forward": "use kubectl exec, or curl a node port",
    "proxy": "use kubectl get -o json",
    "attach": "use kubectl exec or kubectl logs",
    "debug": "use kubectl run or kubectl exec",
    "top": "simulated pods use no CPU and memory",
    "events": "use kubectl get and kubectl describe",
    "set": "use kubectl patch or kubectl apply",
    "autoscale": "use kubectl scale",
    **dict.fromkeys(
        [
            "cp",
            "kustomize",
            "drain",
            "cordon",
            "uncordon",
            "taint",
            "certificate",
            "plugin",
            "completion",
            "alpha",
            "options",
            "api-versions",
        ],
        "",
    ),
}
"""Verbs of the real kubectl that are refused plainly, with what to do instead."""
