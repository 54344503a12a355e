"""``kubectl create configmap|secret|serviceaccount|quota``: objects that the cluster keeps and does nothing with."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from pathlib import Path

from netpol_lab.kubectl.failure import Failure, not_simulated, usage
from netpol_lab.kubectl.file_arguments import read_text_file
from netpol_lab.kubectl.session import Call
from netpol_lab.model.bodies import Body

Made = Callable[[Call, Body], None]
"""Fill in what the flags say."""


def _data(call: Call) -> dict[str, str]:
    """The entries of ``--from-literal``, ``--from-file`` and ``--from-env-file``. Raises :class:`Failure`."""
    found: dict[str, str] = {}
    for text in call.flag("from-literal"):
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise Failure(f"invalid literal source {text}, expected key=value")
        _add(found, key, value)
    for text in call.flag("from-file"):
        key, equals, path = text.rpartition("=")
        if Path(call.cwd, path).is_dir():
            raise not_simulated("--from-file with a folder", "name the files")
        _add(found, key or Path(path).name, read_text_file(call, path))
    for path in call.flag("from-env-file"):
        for line in read_text_file(call, path).splitlines():
            if line.strip() and not line.lstrip().startswith("#"):
                key, _, value = line.strip().partition("=")
                _add(found, key, value)
    return found


def _add(found: dict[str, str], key: str, value: str) -> None:
    if key in found:
        raise Failure(f'cannot add key "{key}", another key by that name already exists')
    found[key] = value


def _config_map(call: Call, body: Body) -> None:
    data = _data(call)
    if data:
        body["data"] = data


def _secret(call: Call, body: Body) -> None:
    if call.flag("type"):
        body["type"] = call.flag("type")
    data = {key: base64.b64encode(value.encode()).decode() for key, value in _data(call).items()}
    if data:
        body["data"] = data


def _quota(call: Call, body: Body) -> None:
    pairs = [text.partition("=") for text in call.flag("hard")]
    body["spec"] = {"hard": {key: value for key, _, value in pairs}} if pairs else {}


def _nothing_more(call: Call, body: Body) -> None:
    """The name is all there is."""


_KINDS: Mapping[str, tuple[str, Made]] = {
    "configmap": ("ConfigMap", _config_map),
    "cm": ("ConfigMap", _config_map),
    "secret": ("Secret", _secret),
    "serviceaccount": ("ServiceAccount", _nothing_more),
    "sa": ("ServiceAccount", _nothing_more),
    "quota": ("ResourceQuota", _quota),
    "resourcequota": ("ResourceQuota", _quota),
}


def stored_object(call: Call, word: str, names: list[str]) -> Body | None:
    """The object that ``create WORD NAME`` means; None for a word that means none of these kinds.

    Raises :class:`Failure` for what kubectl refuses, and for the kinds of secrets that are not simulated.
    """
    if word not in _KINDS:
        return None
    kind, made = _KINDS[word]
    if word == "secret":
        variety, names = (names[0] if names else ""), names[1:]
        if variety in ("tls", "docker-registry"):
            raise not_simulated(f"kubectl create secret {variety}", "write a manifest and apply it")
        if variety != "generic":
            raise usage(f"Unexpected args: [secret {variety}]".replace(" ]", "]"), "create")
    if len(names) != 1:
        raise usage(f"exactly one NAME is required, got {len(names)}", f"create {word}")
    about = {"name": names[0], **({"namespace": call.namespace} if call.namespace_is_given else {})}
    body: Body = {"apiVersion": "v1", "kind": kind, "metadata": about}
    made(call, body)
    return body
