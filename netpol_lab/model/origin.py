"""Where something was written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Origin:
    """Where something was written: file and lines, counted from 1. ``file`` is as the user named it."""

    file: str
    first_line: int
    last_line: int

    def __str__(self) -> str:
        lines = f"lines {self.first_line}-{self.last_line}"
        if self.first_line == self.last_line:
            lines = f"line {self.first_line}"
        return f"{self.file}, {lines}" if self.file else lines


def origin_field() -> Any:
    """A field that tells where, and takes no part in comparing what."""
    return field(default=None, compare=False, repr=False)
