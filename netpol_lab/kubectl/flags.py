"""Flags that several verbs share.

A flag without a help text is accepted and makes no difference on a simulated cluster; help does not list it. What would
make a difference and is not simulated is refused when it is used.
"""

from __future__ import annotations

from netpol_lab.kubectl.arguments import Flag


def ignored(names: str, takes_value: bool = False) -> tuple[Flag, ...]:
    """Flags that are accepted and make no difference."""
    return tuple(Flag(name, "", "text" if takes_value else "switch") for name in names.split())


def refused(names: str, takes_value: bool = False, *, instead: str = "") -> tuple[Flag, ...]:
    """Flags of the real kubectl that are not simulated, and what to do instead. ``watch,w`` has a letter, too."""
    pairs = (name.partition(",")[::2] for name in names.split())
    return tuple(Flag(name, short, "text" if takes_value else "switch", refused=instead) for name, short in pairs)


GLOBAL = (
    Flag("namespace", "n", help="the namespace to work in"),
    Flag("context", help="the context to use; there is one"),
    Flag("help", "h", "switch", "this text"),
    Flag("v", "v"),
    *ignored("kubeconfig request-timeout cache-dir profile profile-output", True),
    *ignored("match-server-version warnings-as-errors disable-compression insecure-skip-tls-verify"),
    *refused("as as-group as-uid token cluster user username password server,s tls-server-name", True),
    *refused("certificate-authority client-certificate client-key", True),
)
"""The flags of every verb."""

_NO_KUSTOMIZE = Flag("kustomize", "k", refused="")
FILES = (
    Flag("filename", "f", "commas", "a manifest file, a folder of them, or - for standard input; may be repeated"),
    Flag("recursive", "R", "switch", "also look into the folders below"),
    Flag("kustomize", "k", "each", "a folder with a kustomization.yaml"),
)
NO_FILES = (Flag("filename", "f", refused="name the object"), Flag("recursive", "R", "switch"), _NO_KUSTOMIZE)
"""For verbs that take files on a real cluster and names only here."""

SELECTOR = Flag("selector", "l", help="only objects with these labels: app=web, app!=web, 'app in (a,b)', app, !app")
NO_SELECTOR = Flag("selector", "l", refused="")
_FIELDS = Flag("field-selector", help="only objects with this field: metadata.name=web, status.phase=Running")
ALL_NAMESPACES = Flag("all-namespaces", "A", "switch", "in all namespaces")
CHOICE = (SELECTOR, _FIELDS, ALL_NAMESPACES)
ALL = Flag("all", "", "switch", "all objects of the kind in the namespace")

DRY_RUN = Flag("dry-run", "", "text", "client or server: only say what would happen", default="none", bare="unchanged")
READS = (
    *ignored("show-managed-fields allow-missing-template-keys"),
    *ignored("chunk-size", True),
    *refused("template subresource", True),
)
"""Flags that come with every printed object."""
WRITES = (
    Flag("output", "o", help="yaml, json, name, or jsonpath='{.metadata.name}'"),
    DRY_RUN,
    Flag("validate", help="strict, warn or ignore: what to do about fields the API does not know", bare="strict"),
    *ignored("field-manager", True),
    *ignored("record"),
    *READS,
)
DELETION = (
    Flag("grace-period", "", "number", "seconds that programs get to end, in place of what their pod says"),
    Flag("force", "", "switch", "do not wait for programs to end"),
    Flag("wait", "", "switch", "false: do not wait until the objects are gone", default=True),
    Flag("timeout", "", "duration"),
    Flag("cascade", bare="background"),
)
IGNORE = Flag("ignore-not-found", "", "switch", "no error for what is not there")
HEADERS = Flag("no-headers", "", "switch", "leave out the line of headers")
CONTAINER = Flag("container", "c", help="which container of the pod; the first if not given")
QUIET = Flag("quiet", "q", "switch", "only what the command prints")
STARTING = Flag("pod-running-timeout", "", "duration")
