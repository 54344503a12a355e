"""Which objects a command line means: ``pods``, ``pod/web``, ``deploy web api``, ``pods,svc -l app=web``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from netpol_lab.kubectl.choosing import fields_match, labels_match, parse_fields, parse_labels
from netpol_lab.kubectl.derived import DERIVED, derived
from netpol_lab.kubectl.failure import Failure, from_server, not_simulated
from netpol_lab.kubectl.file_arguments import Item, files_are_named, read_items
from netpol_lab.kubectl.resources import (
    ALL_CATEGORY,
    TYPES,
    ResourceType,
    metadata,
    resource_type,
    type_of,
    type_of_kind,
)
from netpol_lab.kubectl.session import Call
from netpol_lab.model.bodies import Key, ReadOnlyBody
from netpol_lab.model.objects import kind_in_key
from netpol_lab.model.phrases import did_you_mean, nearest

NOT_KEPT = ("componentstatuses", "cs")
"""Kinds that a real cluster makes by itself and this one does not."""

_NOTHING_GIVEN = (
    "You must provide one or more resources by argument or filename.\nExample resource specifications include:\n"
    "   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'"
)


@dataclass(frozen=True)
class Reference:
    """A kind, and one object of it; ``name`` None means all that the selectors choose."""

    type: ResourceType
    name: str | None = None


@dataclass
class Found:
    """The objects a call is about, in order, and what could not be found."""

    objects: list[tuple[ResourceType, ReadOnlyBody]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    several_kinds: bool = False
    """Whether more than one kind was asked for: then kubectl prefixes names with their kind."""


def type_named(call: Call, word: str) -> ResourceType:
    """The kind a word means. Raises :class:`Failure` with kubectl's text, and the nearest name as a hint."""
    known = resource_type(word)
    if known:
        return known
    if word.lower() in NOT_KEPT:
        raise not_simulated(f"kubectl {call.verb} {word}", "the cluster keeps no such objects")
    for kind, api_version in {(each.kind, each.api_version) for each in call.cluster.objects.values()}:
        stored = type_of_kind(kind, api_version)
        if word.lower() in (stored.plural, stored.singular, stored.qualified):
            return stored
    names = [name for row in TYPES for name in (*row.short, row.plural, row.singular)]
    hint = did_you_mean(nearest(word, names), '"')
    raise Failure(f'the server doesn\'t have a resource type "{word}"', hints=[hint] if hint else ())


def references(call: Call, words: Sequence[str]) -> list[Reference]:
    """Read ``TYPE[,TYPE] [NAME ...]`` or ``TYPE/NAME ...``. Raises :class:`Failure`."""
    if any("/" in word for word in words):
        return [_slashed(call, word) for word in words]
    kinds, names = words[0], words[1:]
    types = [type_of_kind(kind) for kind in ALL_CATEGORY] if kinds == "all" else _types(call, kinds)
    if kinds == "all" and names:
        raise Failure(
            "you must specify only one resource" if len(names) > 1 else "resource names may not be given for all"
        )
    return [Reference(each, name) for each in types for name in (names or (None,))]


def _types(call: Call, words: str) -> list[ResourceType]:
    types: list[ResourceType] = []
    for word in words.split(","):
        found = [type_of_kind(kind) for kind in ALL_CATEGORY] if word == "all" else [type_named(call, word)]
        types += [each for each in found if each not in types]
    return types


def _slashed(call: Call, word: str) -> Reference:
    if "/" not in word:
        good, bad = "resource/<resource_name>", "resource resource/<resource_name>"
        raise Failure(
            "there is no need to specify a resource type as a separate argument when passing arguments in"
            f" resource/name form (e.g. 'kubectl {call.verb} {good}' instead of 'kubectl {call.verb} {bad}'"
        )
    kind, _, name = word.partition("/")
    if "/" in name:
        raise Failure("arguments in resource/name form may not have more than one slash")
    if not kind or not name:
        raise Failure("arguments in resource/name form must have a single resource and name")
    return Reference(type_named(call, kind), name)


def check_given(call: Call, words: Sequence[str]) -> None:
    """Raise :class:`Failure` when neither ``-f`` nor ``words`` say which objects are meant."""
    if not words and not files_are_named(call):
        raise Failure(_NOTHING_GIVEN)


def chosen(
    call: Call, words: Sequence[str], *, everything: bool = False, absent: Callable[[Item], Failure] | None = None
) -> Found:
    """The objects that the files of ``-f`` name; without files those that ``words`` and -A, -l, --field-selector mean.

    ``everything``: a kind without a name means all of its objects, as in ``get``; else it takes -l or --all.
    ``absent`` words what a verb says of an object of a file that the cluster does not have.
    Raises :class:`Failure` when the words make no sense or there are none; what is not there is noted in ``failures``.
    """
    check_given(call, words)
    return _in_files(call, absent) if files_are_named(call) else _meant(call, words, everything)


def _in_files(call: Call, absent: Callable[[Item], Failure] | None) -> Found:
    items, failures = read_items(call)
    found = Found(failures=failures)
    for item in items:
        body = get(call, item.type, str(metadata(item.body).get("namespace", "")), item.name)
        if body is not None:
            found.objects.append((item.type, body))
        else:
            found.failures.append(absent(item) if absent else not_found(call, item.type, item.name))
    found.several_kinds = len({kind for kind, _ in found.objects}) > 1
    return found


def _meant(call: Call, words: Sequence[str], everything: bool) -> Found:
    wanted = references(call, words)
    labels = call.parsed.values.get("selector") or ""
    fields = call.parsed.values.get("field-selector") or ""
    named = any(reference.name for reference in wanted)
    _check_words(call, named, labels or fields, everything)
    found = Found(several_kinds=words[0] == "all" or len({reference.type for reference in wanted}) > 1)
    for reference in wanted:
        if reference.name is not None:
            _find_one(call, reference, found)
            continue
        requirements, terms = parse_labels(labels), parse_fields(fields, reference.type, labels)
        found.objects += [
            (reference.type, body)
            for body in bodies(call, reference.type, namespace_for(call, reference.type))
            if labels_match(requirements, body) and fields_match(terms, body)
        ]
    return found


def _check_words(call: Call, named: bool, selector: str, everything: bool) -> None:
    every = bool(call.parsed.values.get("all"))
    if every and selector and call.verb == "delete":
        raise Failure("setting 'all' parameter but found a non empty selector. ")
    if named and call.parsed.values.get("all-namespaces"):
        raise Failure("a resource cannot be retrieved by name across all namespaces")
    if named and selector:
        raise Failure("name cannot be provided when a selector is specified")
    if named and every:
        raise Failure(
            "name cannot be provided when --all is specified"
            if call.verb != "delete"
            else "name cannot be provided when a selector is specified"
        )
    if not (named or selector or every or everything):
        raise Failure("resource(s) were provided, but no name was specified")


def _find_one(call: Call, reference: Reference, found: Found) -> None:
    assert reference.name is not None
    body = get(call, reference.type, call.namespace, reference.name)
    if body is None:
        found.failures.append(not_found(call, reference.type, reference.name))
    else:
        found.objects.append((reference.type, body))


def not_found(call: Call, kind: ResourceType, name: str) -> Failure:
    """The server's NotFound; as a hint, where an object of that name is, or the nearest name."""
    return from_server("NotFound", f'{kind.qualified} "{name}" not found', _nearest(call, kind, name))


def _nearest(call: Call, kind: ResourceType, name: str) -> list[str]:
    known = [metadata(body) for body in bodies(call, kind, None)]
    elsewhere = [about["namespace"] for about in known if about["name"] == name and about.get("namespace")]
    if elsewhere:
        return [f"{kind.singular} {name} is in namespace {elsewhere[0]}: add -n {elsewhere[0]}"]
    here = [about["name"] for about in known if about.get("namespace", "") in ("", call.namespace)]
    hint = did_you_mean(nearest(name, here), '"')
    return [hint] if hint else []


def namespace_for(call: Call, kind: ResourceType) -> str | None:
    """Where to list objects of a kind; None means everywhere."""
    if not kind.namespaced or call.parsed.values.get("all-namespaces"):
        return None
    return call.namespace


def get(call: Call, kind: ResourceType, namespace: str, name: str) -> ReadOnlyBody | None:
    """One object's body, or None."""
    if kind.kind in DERIVED:
        return next((body for body in derived(call, kind.kind, namespace) if metadata(body)["name"] == name), None)
    resource = call.cluster.get(kind_in_key(kind.kind, kind.api_version), namespace if kind.namespaced else "", name)
    return resource.body if resource else None


def key_of(kind: ResourceType, body: ReadOnlyBody) -> Key:
    """Under what the cluster keeps an object."""
    about = metadata(body)
    return kind_in_key(kind.kind, kind.api_version), str(about.get("namespace", "")), str(about["name"])


def bodies(call: Call, kind: ResourceType, namespace: str | None) -> list[ReadOnlyBody]:
    """All objects of a kind, by namespace and name."""
    if kind.kind in DERIVED:
        return derived(call, kind.kind, namespace)
    return [resource.body for resource in call.cluster.list(kind_in_key(kind.kind, kind.api_version), namespace)]


def first_pod(call: Call, word: str) -> str:
    """The pod that ``POD``, ``pod/NAME`` or ``deploy/NAME`` means. Raises :class:`Failure`."""
    if "/" not in word:
        return word
    reference = _slashed(call, word)
    assert reference.name is not None
    if reference.type.kind == "Pod":
        return reference.name
    pods = pods_of(call, reference)
    if not pods:
        raise Failure("timed out waiting for the condition")
    if len(pods) > 1 and call.verb == "logs":
        call.warn(f"Found {len(pods)} pods, using pod/{pods[0]}")
    return pods[0]


def pods_of(call: Call, reference: Reference) -> list[str]:
    """The names of the pods that a workload or a Service selects."""
    assert reference.name is not None
    body = get(call, reference.type, call.namespace, reference.name)
    if body is None:
        raise not_found(call, reference.type, reference.name)
    spec = body.get("spec") or {}
    selector = spec.get("selector") or {}
    wanted = selector if reference.type.kind == "Service" else selector.get("matchLabels") or {}
    if not wanted:
        raise Failure(f"cannot attach to {type_of(body).singular}/{reference.name}: it selects no pods")
    pods: Iterable[ReadOnlyBody] = bodies(call, type_of_kind("Pod"), call.namespace)
    return [metadata(pod)["name"] for pod in pods if wanted.items() <= (metadata(pod).get("labels") or {}).items()]
