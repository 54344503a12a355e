"""Objects as text, byte for byte as kubectl writes them: JSON, YAML, and Go's debug syntax."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})
"""Go's JSON encoder escapes these, so that JSON can stand inside HTML."""


def plain(value: Any) -> Any:
    """A deep copy made of dicts and lists only, which may be changed."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def to_json(value: Any) -> str:
    """As ``-o json``: four spaces, sorted keys."""
    return json.dumps(plain(value), indent=4, sort_keys=True, ensure_ascii=False).translate(_HTML)


def to_compact_json(value: Any) -> str:
    """One line without spaces, as in the last-applied annotation."""
    return json.dumps(plain(value), separators=(",", ":"), sort_keys=True, ensure_ascii=False).translate(_HTML)


def to_yaml(value: Any) -> str:
    """As ``-o yaml``: sorted keys, lists not indented, texts quoted only where YAML would misread them.

    >>> print(to_yaml({"b": ["true", "x"], "a": {"size": 1}}), end="")
    a:
      size: 1
    b:
    - "true"
    - x
    """
    import yaml

    return str(yaml.dump(plain(value), Dumper=_dumper(), default_flow_style=False, allow_unicode=True, width=1 << 20))


_OLD_BOOLEANS = frozenset(["y", "Y", "n", "N"])
"""YAML 1.1 booleans that PyYAML reads as text and Go's YAML library does not."""


_TEXT = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:yaml")
"""What YAML reads as text, and the signs (``*``) that it cannot read at all: those get single quotes."""


@cache
def _dumper() -> Any:
    import yaml

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        """Quotes like Go's YAML library, and never writes anchors."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        kind = dumper.resolve(yaml.ScalarNode, value, (True, False))
        if "\n" in value:
            style = "|"
        elif value in _OLD_BOOLEANS or kind not in _TEXT:
            style = '"'
        else:
            style = None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return Dumper


def go_print(value: Any) -> str:
    """A value as Go's ``%v`` prints it, keys sorted.

    >>> go_print({"b": [1, True], "a": {"c": None}})
    'map[a:map[c:<nil>] b:[1 true]]'
    """
    if isinstance(value, Mapping):
        return f"map[{' '.join(f'{key}:{go_print(value[key])}' for key in sorted(value))}]"
    if isinstance(value, (list, tuple)):
        return f"[{' '.join(map(go_print, value))}]"
    return "<nil>" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def go_syntax(value: Any) -> str:
    """A value as Go's ``%#v`` prints it: kubectl shows objects this way when a jsonpath fails."""
    if isinstance(value, Mapping):
        items = ", ".join(f"{json.dumps(key)}:{go_syntax(value[key])}" for key in sorted(value))
        return f"map[string]interface {{}}{{{items}}}"
    if isinstance(value, (list, tuple)):
        return f"[]interface {{}}{{{', '.join(map(go_syntax, value))}}}"
    if value is None:
        return "interface {}(nil)"
    return json.dumps(value, ensure_ascii=False)
