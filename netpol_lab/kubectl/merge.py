"""The three-way merge of ``kubectl apply``, and the two-way merges of ``kubectl patch``.

``apply`` compares three states: what was applied last, what the file says now, and what the cluster has. A field
the file sets wins; a field that was applied before and is gone from the file goes; all other fields of the cluster
stay. Most lists are replaced as a whole. The lists in :data:`MERGE_KEYS` are merged item by item (a strategic merge).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netpol_lab.kubectl.serialize import plain
from netpol_lab.model.bodies import ReadOnlyBody
from netpol_lab.model.numbers import whole

MERGE_KEYS = {
    "containers": ("name",),
    "initContainers": ("name",),
    "volumes": ("name",),
    "env": ("name",),
    "volumeMounts": ("mountPath",),
    "ports": ("containerPort", "port"),
}
"""Which field tells the items of a list apart. NetworkPolicy's own lists are atomic."""


def three_way(last: ReadOnlyBody, new: ReadOnlyBody, live: ReadOnlyBody) -> dict[str, Any]:
    """The object that ``apply`` makes of what was applied last, the file, and the cluster's object.

    >>> three_way({"a": 1, "b": 1}, {"a": 2}, {"a": 1, "b": 1, "c": 1})
    {'a': 2, 'c': 1}
    """
    merged = {key: plain(value) for key, value in live.items() if key in new or key not in last}
    for key, value in new.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(key, last.get(key), value, live.get(key))
    return merged


def _merged(key: str, last: Any, new: Any, live: Any) -> Any:
    if isinstance(new, Mapping):
        return three_way(_mapping(last), new, _mapping(live))
    if isinstance(new, Sequence) and not isinstance(new, str) and isinstance(live, Sequence):
        last = last if isinstance(last, Sequence) else ()
        field = _merge_key(key, new, last, live)
        if field:
            return _merged_items(field, last, new, live)
    return plain(new)


def _mapping(value: Any) -> ReadOnlyBody:
    return value if isinstance(value, Mapping) else {}


def _merge_key(key: str, items: Sequence[Any], *others: Sequence[Any]) -> str:
    """The field that tells the items apart; "" where the list is replaced as a whole.

    ``others`` are the same list at other times. An object that is not simulated may hold anything there, and only
    texts and numbers tell apart.
    """
    found = [item for each in (items, *others) for item in each if isinstance(item, Mapping)]
    for field in MERGE_KEYS.get(key, ()) if items else ():
        every = all(isinstance(item, Mapping) and field in item for item in items)
        if every and not any(isinstance(item.get(field), (Mapping, list, tuple)) for item in found):
            return field
    return ""


def _merged_items(field: str, last: Sequence[Any], new: Sequence[Any], live: Sequence[Any]) -> list[Any]:
    """Items of the file in its order, then those of the cluster that the file never had."""
    before = {item.get(field): item for item in last if isinstance(item, Mapping)}
    now = {item.get(field): item for item in live if isinstance(item, Mapping)}
    wanted = {item[field] for item in new}
    kept = [plain(item) for name, item in now.items() if name not in wanted and name not in before]
    return [three_way(_mapping(before.get(i[field])), i, _mapping(now.get(i[field]))) for i in new] + kept


def three_way_patch(last: ReadOnlyBody, new: ReadOnlyBody, live: ReadOnlyBody) -> dict[str, Any]:
    """What ``apply`` sends so that :func:`three_way` comes about; empty where nothing is to be changed.

    Only the file's own fields are compared, and lists as they stand there: a port without ``protocol`` is not the
    port with TCP that the server made of it.

    >>> three_way_patch({"a": 1, "b": 1}, {"a": 2, "ports": []}, {"a": 1, "b": 1, "c": 1})
    {'a': 2, 'ports': [], 'b': None}
    """
    patch: dict[str, Any] = {}
    for key, value in new.items():
        now: Any = live.get(key)
        old: Any = last.get(key) if isinstance(last.get(key), Sequence) else ()
        field = _merge_key(key, value, old, now) if isinstance(value, list) and isinstance(now, Sequence) else ""
        if isinstance(value, Mapping) and isinstance(now, Mapping):
            inner = three_way_patch(_mapping(last.get(key)), value, now)
            if inner:
                patch[key] = inner
        elif field:
            patch |= _patch_of_items(key, field, old, value, now)
        elif value is not None and (key not in live or plain(value) != plain(now)):
            patch[key] = plain(value)
    return patch | {key: None for key, value in last.items() if value is not None and new.get(key) is None}


def _patch_of_items(
    key: str, field: str, last: Sequence[Any], new: Sequence[Any], live: Sequence[Any]
) -> dict[str, Any]:
    before = {item.get(field): item for item in last if isinstance(item, Mapping)}
    now = {item.get(field): item for item in live if isinstance(item, Mapping)}
    changes = (
        (item, three_way_patch(_mapping(before.get(item[field])), item, _mapping(now.get(item[field])))) for item in new
    )
    items = [{**inner, field: item[field]} for item, inner in changes if inner]
    wanted = [item[field] for item in new]
    items += [{"$patch": "delete", field: name} for name in before if name not in wanted]
    order = {f"$setElementOrder/{key}": [{field: name} for name in wanted]}
    return {**order, key: items} if items else {}


def merge_patch(live: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7386): null removes a field, a list replaces the list.

    >>> merge_patch({"a": 1, "b": {"c": 2, "d": 3}}, {"a": None, "b": {"c": 4}})
    {'b': {'c': 4, 'd': 3}}
    """
    if not isinstance(patch, Mapping):
        return plain(patch)
    merged = plain(live) if isinstance(live, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def strategic_patch(live: ReadOnlyBody, patch: ReadOnlyBody) -> dict[str, Any]:
    """kubectl's default patch: as a merge patch, but lists with a merge key are merged item by item."""
    return three_way({}, patch, live)


class PatchError(ValueError):
    """A JSON patch that does not fit the object."""


def json_patch(live: ReadOnlyBody, operations: Any) -> Any:
    """A JSON patch (RFC 6902): add, remove, replace, test. Raises :class:`PatchError`.

    >>> json_patch({"a": [1]}, [{"op": "add", "path": "/a/-", "value": 2}])
    {'a': [1, 2]}
    """
    if not isinstance(operations, list):
        raise PatchError("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    value = plain(live)
    for operation in operations:
        if not isinstance(operation, Mapping) or not isinstance(operation.get("path"), str):
            raise PatchError("Invalid JSON Patch")
        _apply_operation(value, operation)
    return value


def _apply_operation(value: Any, operation: ReadOnlyBody) -> None:
    path, name = operation["path"], operation.get("op")
    *parents, last = [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]] or [""]
    for step in parents:
        value = _child(value, step, path)
    if name == "add":
        _add(value, last, operation.get("value"), path)
    elif name in ("remove", "replace", "test"):
        found = _child(value, last, path)
        key = int(last) if isinstance(value, list) else last
        if name == "remove":
            del value[key]
        elif name == "replace":
            value[key] = operation.get("value")
        elif found != operation.get("value"):
            raise PatchError(f"testing value {path} failed")
    else:
        raise PatchError(f"Unexpected kind: {name}")


def _child(value: Any, step: str, path: str) -> Any:
    if isinstance(value, dict) and step in value:
        return value[step]
    place = whole(step)
    if isinstance(value, list) and place is not None and place < len(value):
        return value[place]
    raise PatchError(f"the path {path!r} is not in the object: missing value")


def _add(value: Any, step: str, new: Any, path: str) -> None:
    if isinstance(value, dict):
        value[step] = new
        return
    place = len(value) if step == "-" else whole(step)
    if isinstance(value, list) and place is not None and place <= len(value):
        value.insert(place, new)
    else:
        raise PatchError(f"the path {path!r} is not in the object: missing value")
