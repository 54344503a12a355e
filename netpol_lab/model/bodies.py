"""An object of the API untyped: what names it, and its fields as YAML has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Key = tuple[str, str, str]
"""What names an object: kind, namespace ("" for kinds without one), name."""

Body = dict[str, Any]
"""An object as the API server would return it, while it is being made."""
ReadOnlyBody = Mapping[str, Any]
"""An object as the API server would return it, which nobody changes."""
