"""The verbs of kubectl as data: usage, summary, flags, and the function that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from netpol_lab.kubectl import (
    apply,
    config,
    cp,
    create,
    delete,
    describe,
    exec_run,
    get,
    label,
    logs,
    patch,
    port_forward,
    proxy,
    rollout,
    set_fields,
    wait,
)
from netpol_lab.kubectl import explain_fields as explain
from netpol_lab.kubectl.arguments import Flag
from netpol_lab.kubectl.flags import (
    ALL,
    ALL_NAMESPACES,
    CHOICE,
    CONTAINER,
    DELETION,
    DRY_RUN,
    FILES,
    HEADERS,
    IGNORE,
    NO_FILES,
    NO_SELECTOR,
    QUIET,
    READS,
    SELECTOR,
    STARTING,
    WRITES,
    ignored,
    refused,
)
from netpol_lab.kubectl.session import Call


@dataclass(frozen=True)
class Verb:
    """One verb. ``usage`` is what follows ``kubectl VERB`` on a command line."""

    run: Callable[[Call], int]
    usage: str
    summary: str
    flags: tuple[Flag, ...] = ()


def _marking(what: str) -> tuple[Flag, ...]:
    """The flags of ``label`` and ``annotate``."""
    return (
        Flag("overwrite", "", "switch", f"change {what} that have another value"),
        Flag("list", "", "switch", f"show the {what}"),
        ALL,
        *CHOICE,
        *FILES,
        *WRITES,
        *ignored("resource-version", True),
        *refused("local"),
    )


_APPLY_IT = "write a manifest and apply it"
_GET = (
    Flag("output", "o", help="wide, yaml, json, name, jsonpath='{…}', or custom-columns=HEADER:.path"),
    *CHOICE,
    Flag("show-labels", "", "switch", "a column with all labels"),
    Flag("label-columns", "L", "commas", "a column for a label"),
    HEADERS,
    Flag("sort-by", help="a field to sort by, such as .metadata.creationTimestamp"),
    IGNORE,
    *FILES,
    Flag("show-kind", "", "switch", "write the kind before each name"),
    Flag("watch", "w", "switch", "accepted; nothing changes while you wait"),
    *refused("watch-only", instead="run kubectl get again to see what changed"),
    *refused("raw", True),
    *ignored("server-print"),
    *READS,
)

VERBS: Mapping[str, Verb] = {
    "get": Verb(
        get.run,
        "(TYPE[,TYPE] [NAME ...] | TYPE/NAME ... | -f FILE)",
        "List objects, or show the ones you name.",
        _GET,
    ),
    "describe": Verb(
        describe.run,
        "(TYPE [NAME ...] | TYPE/NAME ... | -f FILE)",
        "Show objects in words, with what belongs to them.",
        (*CHOICE, *FILES, *ignored("show-events"), *READS),
    ),
    "apply": Verb(
        apply.run_apply,
        "-f FILE [-f FILE ...]",
        "Create the objects of files, or change the ones that are there to what the files say.",
        (
            *FILES,
            *WRITES,
            *DELETION,
            SELECTOR,
            ALL,
            Flag("prune", "", "switch", "refused; not simulated"),
            *refused("server-side force-conflicts"),
            *ignored("overwrite openapi-patch"),
        ),
    ),
    "create": Verb(
        create.run,
        "(-f FILE | namespace NAME | deployment NAME --image=IMAGE | service clusterip NAME --tcp=PORT"
        " | configmap NAME --from-literal=KEY=VALUE | secret generic NAME | serviceaccount NAME | quota NAME)",
        "Create the objects of files, or one object from flags.",
        (
            *FILES,
            *WRITES,
            Flag("image", "", "commas", "the image of a deployment"),
            Flag("replicas", "r", "number", "how many pods a deployment has"),
            Flag("port", "", "number", "the port a deployment's container declares"),
            Flag("tcp", "", "commas", "a Service's port, or port:targetPort"),
            Flag("clusterip", help="a Service's address, or None for a headless one"),
            Flag("external-name", help="the name outside that a Service of type ExternalName stands for"),
            Flag("from-literal", "", "each", "KEY=VALUE of a ConfigMap or a Secret"),
            Flag("from-file", "", "each", "a file, or KEY=FILE, of a ConfigMap or a Secret"),
            Flag("from-env-file", "", "each", "a file with lines KEY=VALUE"),
            Flag("type", help="the type of a Secret"),
            Flag("hard", "", "commas", "the limits of a quota, such as pods=4"),
            *refused("rule class schedule from verb resource role clusterrole value", True, instead=_APPLY_IT),
            *refused("min-available max-unavailable cert key docker-server docker-username", True, instead=_APPLY_IT),
            Flag("save-config", "", "switch", "note the file for a later apply"),
            NO_SELECTOR,
            *refused("edit"),
        ),
    ),
    "cp": Verb(
        cp.run,
        "(POD:PATH FILE | FILE POD:PATH)",
        "Copy a file into a container, or out of it.",
        (CONTAINER, *ignored("no-preserve"), *ignored("retries", True)),
    ),
    "kustomize": Verb(apply.run_kustomize, "FOLDER", "Print the objects of a kustomization."),
    "events": Verb(
        get.run_events,
        "",
        "List what scheduler and kubelet report of pods.",
        (*_GET, *refused("for types", True, instead="use kubectl describe")),
    ),
    "delete": Verb(
        delete.run,
        "(-f FILE | TYPE NAME ... | TYPE/NAME ... | TYPE --all | TYPE -l SELECTOR)",
        "Delete objects and what they own.",
        (
            *FILES,
            *CHOICE,
            ALL,
            IGNORE,
            *DELETION,
            DRY_RUN,
            Flag("output", "o", help="name"),
            Flag("now", "", "switch", "the same as --grace-period=1"),
            *refused("interactive,i", instead="look with kubectl get first"),
            *refused("raw", True),
        ),
    ),
    "replace": Verb(
        apply.run_replace,
        "-f FILE",
        "Put the objects of files in the place of those in the cluster.",
        (*FILES, *WRITES, *DELETION, Flag("save-config", "", "switch")),
    ),
    "diff": Verb(
        apply.run_diff,
        "-f FILE",
        "Show what apply would change. Exit code 1: there are differences.",
        (*FILES, NO_SELECTOR, *refused("server-side prune"), *READS),
    ),
    "exec": Verb(
        exec_run.run_exec,
        "(POD | TYPE/NAME) [-c CONTAINER] -- COMMAND [ARG ...]",
        "Run a command in a container. The exit code is the command's.",
        (
            CONTAINER,
            Flag("stdin", "i", "switch", "hand standard input to the command"),
            Flag("tty", "t", "switch", "accepted; a notebook has no terminal"),
            QUIET,
            STARTING,
            *NO_FILES,
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
            Flag("annotations", "", "each", "key=value, may be repeated"),
            Flag("expose", "", "switch", "also make a Service"),
            Flag("attach", "", "switch", "wait for the command and show what it prints"),
            QUIET,
            STARTING,
            *ignored("leave-stdin-open privileged"),
            *ignored("image-pull-policy", True),
            *refused("overrides override-type", True, instead="write a manifest and apply it"),
            *WRITES,
            *DELETION,
            *NO_FILES,
        ),
    ),
    "logs": Verb(
        logs.run,
        "(POD | TYPE/NAME | -l SELECTOR) [-c CONTAINER]",
        "Show what a container printed. Of the simulated servers only the DockerCoins worker prints.",
        (
            CONTAINER,
            Flag("tail", "", "number", "only the last lines"),
            SELECTOR,
            Flag("previous", "p", "switch", "of the container that ran before; simulated pods never restart"),
            Flag("follow", "f", "switch", "accepted; nothing more will come"),
            STARTING,
            *ignored("all-containers all-pods ignore-errors"),
            *ignored("max-log-requests limit-bytes", True),
            *refused("timestamps prefix"),
            *refused("since since-time", True),
        ),
    ),
    "label": Verb(
        label.run_label,
        "TYPE NAME ... KEY=VALUE ... [KEY- ...]",
        "Set labels, or remove them: a key with a minus sign at its end.",
        _marking("labels"),
    ),
    "annotate": Verb(
        label.run_annotate,
        "TYPE NAME ... KEY=VALUE ... [KEY- ...]",
        "Set annotations, or remove them.",
        _marking("annotations"),
    ),
    "patch": Verb(
        patch.run,
        "(TYPE NAME | TYPE/NAME) -p PATCH",
        "Change fields of an object.",
        (
            Flag("patch", "p", help="the patch, as JSON or YAML"),
            Flag("type", help="strategic, merge or json", default="strategic"),
            *FILES,
            *WRITES,
            *refused("patch-file", True),
            *refused("local"),
        ),
    ),
    "set": Verb(
        set_fields.run,
        "(image TYPE/NAME CONTAINER=IMAGE | env TYPE/NAME NAME=VALUE | selector service NAME KEY=VALUE)",
        "Change the image, the environment or the selector of an object.",
        (*FILES, SELECTOR, ALL, *WRITES, *ignored("resource-version", True), *refused("local list")),
    ),
    "scale": Verb(
        rollout.run_scale,
        "(TYPE NAME | TYPE/NAME) --replicas=COUNT",
        "Change how many pods a workload has.",
        (
            Flag("replicas", "", "number", "the number of pods"),
            Flag("current-replicas", "", "number", "only if it has this many now"),
            ALL,
            SELECTOR,
            *FILES,
            *WRITES,
            Flag("timeout", "", "duration"),
        ),
    ),
    "port-forward": Verb(
        port_forward.run,
        "(POD | TYPE/NAME) [LOCAL:]REMOTE ...",
        "Lead a port of your own machine into a pod, around all policies.",
        (*ignored("pod-running-timeout", True), *refused("address", True)),
    ),
    "proxy": Verb(
        proxy.run,
        "[--port=PORT]",
        "Lead a port of your own machine to the API server.",
        (
            Flag("port", "p", "number", "the port; 8001 if you name none"),
            *refused("address,www,api-prefix,unix-socket", True),
        ),
    ),
    "rollout": Verb(
        rollout.run,
        "(status | restart) (TYPE NAME | TYPE/NAME)",
        "Tell whether a workload is up, or make its pods anew.",
        (*FILES, SELECTOR, *WRITES, Flag("watch", "w", "switch"), Flag("timeout", "", "duration")),
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
            ALL,
            *CHOICE,
            *FILES,
            Flag("output", "o"),
            *refused("local"),
            *READS,
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
            *refused("external-ip load-balancer-ip session-affinity override-type overrides", True),
            Flag("selector", help="the Service's selector, key=value,key=value; the workload's if not given"),
            Flag("labels", "l", help="the Service's labels, key=value,key=value; the workload's if not given"),
            *WRITES,
            *NO_FILES,
        ),
    ),
    "config": Verb(
        config.run,
        "(view | current-context | get-contexts | set-context --current --namespace=NAME | use-context NAME)",
        "Show or change the context: the cluster and namespace you work with.",
        (
            Flag("current", "", "switch", "the context in use"),
            Flag("output", "o", help="yaml, json or jsonpath='{…}'"),
            HEADERS,
            *ignored("minify raw flatten merge"),
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
            HEADERS,
            *ignored("cached"),
            *refused("sort-by verbs categories", True),
        ),
    ),
    "explain": Verb(
        explain.run,
        "networkpolicy[.FIELD ...]",
        "What a field of a NetworkPolicy means.",
        (
            Flag("recursive", "", "switch", "all fields below, too"),
            *ignored("api-version", True),
            *refused("output,o", True),
        ),
    ),
    "auth": Verb(
        config.run_auth,
        "can-i VERB TYPE",
        "Whether you may do something. In the simulated cluster you may.",
        (
            Flag("quiet", "q", "switch", "no words, the exit code tells"),
            ALL_NAMESPACES,
            *refused("list"),
            *refused("subresource", True),
        ),
    ),
}
