"""``-l`` and ``--field-selector``: choosing objects by label and by field.

>>> requirements = parse_labels("app=web,tier in (a, b),!canary")
>>> [str(requirement) for requirement in requirements]
['app in (web)', 'tier in (a,b)', '!canary']
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netpol_lab.kubectl.failure import Failure, from_server
from netpol_lab.kubectl.jsonpath_parser import MOST_CHARACTERS
from netpol_lab.kubectl.resources import ResourceType, metadata
from netpol_lab.model.labels import Requirement

_KEY = r"[A-Za-z0-9](?:[A-Za-z0-9_./-]*[A-Za-z0-9])?"
_VALUE = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?"
_TERM = re.compile(
    rf"\s*(?:!\s*(?P<absent>{_KEY})"
    rf"|(?P<key>{_KEY})\s*(?:(?P<equals>==?|!=)\s*(?P<value>(?:{_VALUE})?)"
    rf"|\s(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?)\s*(?:,(?=.)|$)"
)


def parse_labels(text: str) -> tuple[Requirement, ...]:
    """The requirements of a label selector, equality- or set-based; they are ANDed.

    Raises :class:`Failure` when the text is not a selector.
    """
    _check_length(text)
    return tuple(_requirements(text)) if text.strip() else ()


def _check_length(text: str) -> None:
    if len(text) > MOST_CHARACTERS:
        raise Failure(f"unable to parse requirement: more than {MOST_CHARACTERS} characters")


def _requirements(text: str) -> Iterator[Requirement]:
    at = 0
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None or match.end() == at:
            raise Failure(f"unable to parse requirement: {text[at:].strip()!r} is not a label requirement")
        yield _requirement(match)
        at = match.end()


def _requirement(match: re.Match[str]) -> Requirement:
    if match["absent"]:
        return Requirement(match["absent"], "DoesNotExist")
    if match["equals"]:
        return Requirement(match["key"], "NotIn" if match["equals"] == "!=" else "In", (match["value"],))
    if match["set"]:
        values = tuple(value.strip() for value in match["values"].split(","))
        return Requirement(match["key"], "In" if match["set"] == "in" else "NotIn", values)
    return Requirement(match["key"], "Exists")


def labels_match(requirements: Sequence[Requirement], body: Mapping[str, Any]) -> bool:
    """Whether an object carries the labels asked for."""
    labels = metadata(body).get("labels") or {}
    return all(requirement.matches(labels) for requirement in requirements)


_FIELDS = {
    "Pod": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
    ),
    "Namespace": ("status.phase",),
    "Service": ("spec.clusterIP", "spec.type"),
    "Job": ("status.successful",),
}
"""The fields that the API server can select by, besides ``metadata.name`` and ``metadata.namespace``."""

FieldTerm = tuple[str, bool, str]


def parse_fields(text: str, kind: ResourceType, labels: str) -> tuple[FieldTerm, ...]:
    """The terms of a field selector as (path, equal?, value). Raises :class:`Failure` for other fields."""
    _check_length(text)
    terms = []
    for term in filter(None, text.split(",")):
        match = re.fullmatch(r"\s*([^=!]+?)\s*(==?|!=)\s*(.*?)\s*", term)
        where = f'Unable to find "{_group_version(kind)}" that match label selector "{labels}", field selector "{text}"'
        if match is None:
            raise from_server("BadRequest", f"{where}: invalid selector: '{term}'; can't understand '{term}'")
        path, operator, value = match.groups()
        if path not in ("metadata.name", "metadata.namespace", *_FIELDS.get(kind.kind, ())):
            raise from_server("BadRequest", f"{where}: field label not supported: {path}")
        terms.append((path, operator != "!=", value))
    return tuple(terms)


def _group_version(kind: ResourceType) -> str:
    return f"{kind.group}/{kind.version}, Resource={kind.plural}"


def fields_match(terms: Sequence[FieldTerm], body: Mapping[str, Any]) -> bool:
    """Whether every term holds; a field that is not set counts as the empty text."""
    return all((_field(body, path) == value) is equal for path, equal, value in terms)


def _field(body: Mapping[str, Any], path: str) -> str:
    value: Any = body
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
