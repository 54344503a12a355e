"""What lies in a folder of manifests and is none: a tool's configuration, a chart's values, data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

from netpol_lab.manifests.kinds import BUILT_IN

NO_KIND = "no manifest: it has no apiVersion and kind"
NO_OBJECT = "no manifest: it is no object with apiVersion and kind"
NO_NAME = "no manifest: {} is the configuration of a tool, without a name"
TEMPLATE = "no manifest: it is a template of a Helm chart; load what `helm template` prints"

_CONFIGURATIONS = frozenset([("v1", "Config"), ("kustomize.config.k8s.io/v1beta1", "Kustomization")])
"""A kubeconfig, and what ``kubectl -k`` reads; either may have a name."""


_SPEAKS_OF_A_KIND = re.compile(r"""^\W*(apiVersion|kind)["']?\s*:""", re.MULTILINE)


def why_no_manifest(value: Any) -> str:
    """Why a document is passed over; "" for a manifest, and for what was probably meant to be one.

    >>> why_no_manifest({"replicas": 1}), why_no_manifest({"kind": "Pod", "metadata": {"name": "a"}})
    ('no manifest: it has no apiVersion and kind', '')
    """
    if not isinstance(value, Mapping):
        return NO_OBJECT
    version, kind = value.get("apiVersion"), value.get("kind")
    metadata = value.get("metadata")
    if not version or not kind:
        ours = any(kind in known for known in BUILT_IN.values()) if isinstance(kind, str) else False
        meant = ours or ((version or kind) and (metadata is not None or "spec" in value))
        return "" if meant else NO_KIND
    named = isinstance(metadata, Mapping) and (metadata.get("name") or metadata.get("generateName"))
    known = isinstance(version, str) and version in BUILT_IN
    if (version, kind) in _CONFIGURATIONS or (not named and not known and "spec" not in value):
        return NO_NAME.format(kind)
    return ""


def why_no_manifest_text(text: str, file: FilePath, folder: FilePath) -> str:
    """Why a text is passed over that cannot be read as YAML or JSON; "" where it may be a manifest with a fault."""
    if not _SPEAKS_OF_A_KIND.search(text):
        return NO_KIND
    charts = (parent for parent in file.parents if parent == folder or folder in parent.parents)
    return TEMPLATE if "{{" in text and any((parent / "Chart.yaml").is_file() for parent in charts) else ""
