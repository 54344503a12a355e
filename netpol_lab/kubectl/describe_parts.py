"""The lines that all descriptions share: name, namespace, labels, annotations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from netpol_lab.kubectl.resources import metadata
from netpol_lab.kubectl.writing import LAST_APPLIED
from netpol_lab.model.bodies import ReadOnlyBody


def header(body: ReadOnlyBody) -> Iterator[str]:
    """Name, namespace, labels, annotations."""
    yield f"Name:\t{metadata(body)['name']}"
    if metadata(body).get("namespace"):
        yield f"Namespace:\t{metadata(body)['namespace']}"
    yield from label_lines(body)
    yield from annotation_lines(body)


def label_lines(body: ReadOnlyBody) -> Iterator[str]:
    """One label a line, the title on the first."""
    yield from multiline("Labels", metadata(body).get("labels"))


def annotation_lines(body: ReadOnlyBody) -> Iterator[str]:
    """As labels, with a colon; the last-applied note stays hidden. Long values go below their key."""
    shown = {key: value for key, value in (metadata(body).get("annotations") or {}).items() if key != LAST_APPLIED}
    lines: list[str] = []
    for key, value in sorted(shown.items()):
        if len(key) + len(value) + 2 > 140 or "\n" in value:
            lines += [f"{key}:", *(f"  {part}" for part in value.removesuffix("\n").split("\n"))]
        else:
            lines.append(f"{key}: {value}")
    yield from titled("Annotations", lines)


def multiline(title: str, values: Mapping[str, str] | None, indent: str = "") -> Iterator[str]:
    """A map as ``key=value`` lines; ``<none>`` when it is empty."""
    yield from titled(title, [f"{key}={value}" for key, value in sorted((values or {}).items())], indent)


def titled(title: str, lines: Iterable[str], indent: str = "") -> Iterator[str]:
    """Lines in the second column; the title stands beside the first."""
    lead = f"{indent}{title}:"
    for line in list(lines) or ["<none>"]:
        yield f"{lead}\t{line}"
        lead = indent
