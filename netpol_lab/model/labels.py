"""Labels, and the selectors that choose objects by them, in the API's own terms.

Sources quoted in the docstrings: **T** ``networking/v1/types.go``, **S** ``labels/selector.go``,
**D** the NetworkPolicy page of the Kubernetes documentation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from netpol_lab.model.origin import Origin, origin_field

METADATA_NAME = "kubernetes.io/metadata.name"
"""The one label the API server puts on every namespace by itself (D)."""


class Labels(Mapping[str, str]):
    """An immutable, hashable map of labels, ordered by key.

    >>> labels = Labels({"tier": "web", "app": "shop"})
    >>> str(labels)
    'app=shop,tier=web'
    >>> labels["app"], labels == {"app": "shop", "tier": "web"}
    ('shop', True)
    """

    __slots__ = ("_hash", "_items")

    def __init__(self, items: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        self._items: dict[str, str] = dict(sorted(dict(items).items()))
        self._hash = hash(tuple(self._items.items()))

    def __getitem__(self, key: str) -> str:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Labels):
            return self._items == other._items
        return dict(self._items) == other

    def __str__(self) -> str:
        return ",".join(f"{key}={value}" for key, value in self._items.items())

    def __repr__(self) -> str:
        return f"Labels({self._items!r})"


@dataclass(frozen=True)
class Requirement:
    """One condition of a label selector.

    ``operator`` is ``"="`` for an entry of ``matchLabels``, else ``In``, ``NotIn``, ``Exists`` or
    ``DoesNotExist`` as in ``matchExpressions``.
    """

    key: str
    operator: Literal["=", "In", "NotIn", "Exists", "DoesNotExist"]
    values: tuple[str, ...] = ()
    origin: Origin | None = origin_field()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with these labels meets the condition.

        S: ``NotIn`` and ``DoesNotExist`` match an object that lacks the key.

        >>> Requirement("env", "NotIn", ("prod",)).matches({})
        True
        """
        value = labels.get(self.key)
        if self.operator == "Exists":
            return value is not None
        if self.operator == "DoesNotExist":
            return value is None
        if self.operator == "NotIn":
            return value is None or value not in self.values
        return value is not None and value in self.values

    @property
    def needs_key(self) -> bool:
        """Whether only objects that carry the key can meet it (S); ``NotIn`` and ``DoesNotExist`` match without."""
        return self.operator in ("=", "In", "Exists")

    def __str__(self) -> str:
        """As kubectl prints it: ``app=web``, ``env in (a,b)``, ``env notin (a)``, ``env``, ``!env``."""
        if self.operator == "=":
            return f"{self.key}={self.values[0]}"
        if self.operator == "Exists":
            return self.key
        if self.operator == "DoesNotExist":
            return f"!{self.key}"
        word = "in" if self.operator == "In" else "notin"
        return f"{self.key} {word} ({','.join(sorted(self.values))})"


@dataclass(frozen=True)
class LabelSelector:
    """All requirements of ``matchLabels`` and ``matchExpressions``; they are ANDed (T).

    No requirement at all (``{}``) selects everything.

    >>> str(LabelSelector((Requirement("app", "=", ("web",)),)))
    'app=web'
    >>> LabelSelector().matches({"any": "thing"})
    True
    """

    requirements: tuple[Requirement, ...] = ()
    origin: Origin | None = origin_field()

    def matches(self, labels: Mapping[str, str]) -> bool:
        return all(requirement.matches(labels) for requirement in self.requirements)

    @property
    def is_empty(self) -> bool:
        return not self.requirements

    def __str__(self) -> str:
        """As ``kubectl describe`` prints it, sorted by key; ``<none>`` for the empty selector."""
        return ",".join(sorted(map(str, self.requirements))) or "<none>"
