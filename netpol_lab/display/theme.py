"""All colors, and the arithmetic that proves them legible.

Each role has a light and a dark value, and no two roles share a light value: SVG is drawn with the light
values as plain attributes, and the stylesheet exchanges them *by value* in a dark theme. So a picture
stays valid alone, and without a stylesheet it is the light one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

PALETTE: dict[str, tuple[str, str]] = {
    "card": ("#ffffff", "#15181c"),  # background of every figure
    "hair": ("#d0d7de", "#3a4149"),  # card border and hairlines; carries no meaning
    "cluster": ("#f3f5f8", "#1f242a"),  # background of namespaces, panels and YAML
    "clusterline": ("#c3ccd5", "#4a525c"),  # border of a namespace
    "pod": ("#fcfcfd", "#2a3037"),
    "ink": ("#1b1f24", "#e8eaed"),  # text, closed doors, frame of an isolated pod
    "onink": ("#fdfdfd", "#14171b"),  # sign on a door
    "ink2": ("#4f5963", "#a9b2bc"),  # quiet text
    "line": ("#566069", "#8f98a3"),  # unchanged lines, DNS, frame of a pod that is not isolated
    "allowed": ("#1d6fd1", "#38a6ff"),
    "blocked": ("#bf3a12", "#ff9b60"),
    "changed": ("#51148c", "#e8d9ff"),  # ports changed; depends on the network plugin
    "onmark": ("#fefefe", "#101214"),  # text on solid allowed, blocked, changed
    "oktint": ("#cfe3fc", "#0c3f73"),  # matrix cell "allowed"
    "selftint": ("#d6dce3", "#30363e"),  # matrix cell "self"; open door
    "neartint": ("#fdeee7", "#39231a"),  # box of a near miss
    "pOpen": ("#f4c2cc", "#7a3142"),  # header bands of the three-step strip, nothing else
    "pClosed": ("#faefb8", "#544a14"),
    "pNeed": ("#dcf3e1", "#143d22"),
}

HEAT: dict[str, tuple[str, str]] = {
    "blocked": ("#ffffff", "#15181c"),
    "some": ("#8fbdf0", "#1f5a94"),
    "all": ("#1d6fd1", "#6cbcff"),
}
"""The heat map's three classes, ordered by lightness. A PNG follows no theme, so these are not exchanged."""

MERMAID: dict[str, str] = {
    "node": "#ffffff",
    "text": "#1b1f24",
    "open": "#566069",
    "locked": "#1b1f24",
    "grey": "#7d8793",
    "title": "#4f5963",
    "cluster": "#f3f5f8",
    "allowed": "#2b7bdc",
    "blocked": "#d0521f",
    "plugin": "#985498",
    "allowedtext": "#1d6fd1",
    "blockedtext": "#bf3a12",
    "plugintext": "#51148c",
}
"""Mermaid knows one theme only: these are legible on white and on black pages alike."""

SANS = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif'
MONO = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace'

WIDTH = 862
"""The inner width of a card in CSS pixels. Nothing is drawn wider."""

_UNIT = ".npl{--npl-u:calc(var(--jp-content-font-size1,14px)/14)}"
"""One of our pixels: it grows with the prose of the notebook, as in JupyterLab's Presentation Mode."""

_PIXELS = re.compile(r"(-?\d+(?:\.\d+)?)px")
_VARIABLE = re.compile(r"var\(--npl-(\w+)\)")
_PAINT = re.compile(r'(fill|stroke)="(#[0-9a-f]{6})"')
_ROLE_OF = {light: role for role, (light, _) in PALETTE.items()}


def color(role: str) -> str:
    """The light value of a role, for SVG attributes.

    >>> color("allowed")
    '#1d6fd1'
    """
    return PALETTE[role][0]


def luminance(value: str) -> float:
    """Relative luminance of ``#rrggbb`` (WCAG 2.2, "relative luminance")."""
    channels = (int(value[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The WCAG contrast ratio of two colors, from 1 to 21. Text needs 4.5, lines and signs 3.

    >>> round(contrast("#ffffff", "#000000"))
    21
    """
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def stylesheet(rules: str, content: str) -> str:
    """The text of a figure's ``<style>``: variables and exchanges for the roles it uses, then its rules.

    ``rules`` is CSS in which ``&`` stands for the figure and ``var(--npl-ROLE)`` for a color; ``content`` is the
    finished HTML, searched for the light values its SVG paints with. Roles nobody uses are left out.
    """
    paints = sorted(set(_PAINT.findall(content)))
    roles = set(_VARIABLE.findall(rules)) | {_ROLE_OF[value] for _, value in paints if value in _ROLE_OF}
    exchanges = "".join(
        f'.npl svg [{attribute}="{value}"]{{{attribute}:var(--npl-{_ROLE_OF[value]})}}'
        for attribute, value in paints
        if value in _ROLE_OF
    )
    # JupyterLab's own rules for tables and code reach specificity (0,2,2): a repeated class stands above them.
    return _UNIT + css_variables(roles) + exchanges + _minify(rules).replace("&", ".npl.npl.npl.npl")


def scaled(css: str) -> str:
    """CSS whose lengths grow with the notebook's font. Hairlines stay, and without a stylesheet all are plain pixels.

    >>> scaled("border: 1px solid; width: 88px")
    'border: 1px solid; width: calc(88*var(--npl-u,1px))'
    """
    return _PIXELS.sub(lambda found: found[0] if found[1] == "1" else f"calc({found[1]}*var(--npl-u,1px))", css)


def css_variables(roles: Iterable[str]) -> str:
    """``--npl-ROLE`` for the light theme, and for the dark one as JupyterLab and nbconvert mark it on ``body``."""
    names = [role for role in PALETTE if role in set(roles)]
    light, dark = (";".join(f"--npl-{name}:{PALETTE[name][i]}" for name in names) for i in (0, 1))
    return f'.npl{{{light}}}[data-jp-theme-light="false"] .npl{{{dark}}}' if names else ""


@lru_cache(maxsize=256)
def _minify(rules: str) -> str:
    flat = re.sub(r"\s*([{};,])\s*", r"\1", re.sub(r"\s+", " ", rules)).replace(";}", "}").strip()
    return scaled(flat).replace(",1px)", ")")
