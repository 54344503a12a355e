"""An escaping builder for HTML and SVG, and the width of text.

Names of pods, labels and files are data, whatever they contain. They reach HTML and SVG through :func:`el`,
which escapes every child that is not already :class:`markupsafe.Markup`, and in no other way.
"""

from __future__ import annotations

import hashlib
import re
import textwrap
import unicodedata
from collections.abc import Iterable

import markupsafe
from markupsafe import Markup as Markup

from netpol_lab.display import theme

TWIN_WIDTH = 96
"""Text twins are this wide at most; longer lines would wrap in a 900 px cell."""

_VOID = frozenset({"br", "col", "circle", "ellipse", "line", "path", "polygon", "polyline", "rect"})
_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\ud800-\udfff\ufffe\uffff]")


def escape(text: object) -> Markup:
    """Text as markup. Control characters become U+FFFD, so that SVG stays well-formed XML.

    >>> print(escape('"><script>'))
    &#34;&gt;&lt;script&gt;
    """
    return text if isinstance(text, Markup) else markupsafe.escape(_UNSAFE.sub("\ufffd", str(text)))


def el(tag: str, *children: object, **attributes: object) -> Markup:
    """One element. Attributes that are None or False are left out; ``class_`` is ``class``, ``_`` is ``-``.

    >>> print(el("text", "<web>", class_="name", font_size=12))
    <text class="name" font-size="12">&lt;web&gt;</text>
    """
    pairs = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    if tag in _VOID and not children:
        return Markup(f"<{tag}{pairs}/>")
    return Markup(f"<{tag}{pairs}>{''.join(map(escape, children))}</{tag}>")


def _value(value: object) -> str:
    if isinstance(value, float):
        return number(value)
    return str(escape(str(value))).replace("\n", " ")


def join(parts: Iterable[object], separator: str = "") -> Markup:
    """Parts one after the other, each escaped unless it is markup."""
    return escape(separator).join(map(escape, parts))


def code(text: object) -> Markup:
    """A name or a command, in the fixed-width font."""
    return el("code", text)


def prose(text: str) -> Markup:
    """A sentence in which `` `backticks` `` mark names; markup is returned as it is.

    >>> print(prose("after `deny.yaml`"))
    after <code>deny.yaml</code>
    """
    if isinstance(text, Markup):
        return text
    parts = text.split("`")
    if len(parts) % 2 == 0:  # an odd backtick belongs to a name: nothing is marked
        return escape(text)
    return join(code(part) if i % 2 else part for i, part in enumerate(parts))


def plain(text: str) -> str:
    """The text of markup or prose, without tags and backticks.

    >>> plain(prose("`a<b` & c"))
    'a<b & c'
    """
    return prose(text).striptags()


def number(value: float) -> str:
    """A coordinate, to a tenth of a pixel, the same on every machine.

    >>> number(12.04), number(-0.01), number(7.25)
    ('12', '0', '7.2')
    """
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def ident(prefix: str, *texts: str) -> str:
    """An id that depends on the text alone: equal ids only for equal text."""
    return f"{prefix}-{hashlib.sha256(chr(0).join(texts).encode('utf-8', 'replace')).hexdigest()[:10]}"


def svg(width: float, height: float, title: str, desc: str, *children: object) -> Markup:
    """An inline picture with an accessible title and description.

    It shrinks with its container, but not under 640 px when it is wider than that: then it scrolls.
    """
    title_id, desc_id = ident("npl-t", title, desc), ident("npl-d", title, desc)
    return el(
        "svg",
        el("title", title, id=title_id),
        el("desc", desc, id=desc_id),
        *children,
        xmlns="http://www.w3.org/2000/svg",
        role="img",
        aria_labelledby=f"{title_id} {desc_id}",
        width=float(width),
        height=float(height),
        style=theme.scaled(f"width:{number(width)}px"),
        viewBox=f"0 0 {number(width)} {number(height)}",
        font_family=theme.SANS,
        class_="npl-wide" if width > 640 else None,
    )


# Advance widths of DejaVu Sans, the widest font of the stack, in 1/2048 em, for U+0020 to U+007E. Text measured
# with them never leaves its box in another font. DejaVu Sans Mono: 1233 for every character.
_REGULAR = (
    "651 821 942 1716 1303 1946 1597 563 799 799 1024 1716 651 739 651 690 1303 1303 1303 1303 1303 1303 1303 "
    "1303 1303 1303 690 690 1716 1716 1716 1087 2048 1401 1405 1430 1577 1294 1178 1587 1540 604 604 1343 1141 "
    "1767 1532 1612 1235 1612 1423 1300 1251 1499 1401 2025 1403 1251 1403 799 690 799 1716 1024 1024 1255 1300 "
    "1126 1300 1260 721 1300 1298 569 569 1186 569 1995 1298 1253 1300 1300 842 1067 803 1298 1212 1675 1212 1212 "
    "1075 1303 690 1303 1716"
)
_BOLD = (
    "713 934 1067 1716 1425 2052 1786 627 936 936 1071 1716 778 850 778 748 1425 1425 1425 1425 1425 1425 1425 "
    "1425 1425 1425 819 819 1716 1716 1716 1188 2048 1585 1561 1503 1700 1399 1399 1681 1714 762 762 1587 1305 "
    "2038 1714 1741 1501 1741 1577 1475 1397 1663 1585 2259 1579 1483 1485 936 748 936 1716 1024 1024 1382 1466 "
    "1214 1466 1389 891 1466 1458 702 702 1362 702 2134 1458 1407 1466 1466 1010 1219 979 1458 1335 1892 1321 "
    "1335 1192 1458 748 1458 1716"
)
_SIGNS = dict.fromkeys("✓✕⇥↦→←↑↓−≠×", 1716) | dict.fromkeys("○●◐", 1787) | {"▸": 1028, "–": 1024, "…": 2048, "·": 700}
_WIDTHS = {
    bold: {chr(32 + i): int(width) for i, width in enumerate(table.split())} | _SIGNS
    for bold, table in ((False, _REGULAR), (True, _BOLD))
}
_OTHER, _MONO = 2260, 1233  # no letter of DejaVu Sans Bold that a label may hold is wider


def text_width(text: str, size: float, bold: bool = False, mono: bool = False) -> float:
    """How wide ``text`` is at ``size`` px, at most.

    >>> round(text_width("client-07", 14, bold=True), 1)
    69.3
    """
    if mono:
        return sum(2 * _MONO if ord(char) > 0x2E80 else _MONO for char in text) * size / 2048
    widths = _WIDTHS[bold]
    return sum(widths.get(char, _OTHER) for char in text) * size / 2048


def icon(width: float, height: float, *children: object) -> Markup:
    """A small drawing in a legend. The words beside it say the same, so screen readers skip it."""
    return el(
        "svg",
        *children,
        xmlns="http://www.w3.org/2000/svg",
        width=float(width),
        height=float(height),
        style=theme.scaled(f"width:{number(width)}px"),
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        aria_hidden="true",
        focusable="false",
    )


def fit(text: str, width: float, size: float, bold: bool = False, mono: bool = False) -> str:
    """``text``, with its middle replaced by ``…`` when it is wider than ``width``.

    >>> fit("a-very-long-deployment-name", 100, 12)
    'a-very-…t-name'
    """
    if text_width(text, size, bold, mono) <= width:
        return text
    keep = len(text) - 1
    while keep > 2:
        short = text[: (keep + 1) // 2] + "…" + text[len(text) - keep // 2 :]
        if text_width(short, size, bold, mono) <= width:
            return short
        keep -= 1
    return text[:1] + "…"


def broken(name: str, width: float, size: float, bold: bool = False) -> list[str]:
    """A name on at most three lines, broken after ``-``, ``.`` or ``/``; one that does not fit is shortened.

    >>> broken("unauthorized-07", 100, 14), broken("web", 100, 14)
    (['unauthorized-', '07'], ['web'])
    """
    lines = [""]
    for piece in re.findall(r"[^-./]*[-./]|[^-./]+", name):
        if lines[-1] and text_width(lines[-1] + piece, size, bold) > width:
            lines.append("")
        lines[-1] += piece
    fits = len(lines) <= 3 and all(text_width(line, size, bold) <= width for line in lines)
    return lines if fits else [fit(name, width, size, bold)]


_ASCII = {
    "✓": ".",
    "✕": "X",
    "⇥": "in",
    "↦": "out",
    "→": "->",
    "−": "-",
    "–": "-",
    "—": "-",
    "×": "x",
    "…": "...",
    "≠": "!",
    "·": "-",
    # as German writes them where there are no others
    **{"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "„": '"', "“": '"'},
}


def ascii_text(text: str) -> str:
    """One line of plain ASCII: signs become those of the text twins, any other character a ``?``.

    >>> ascii_text("client → server − 2 × catalog")
    'client -> server - 2 x catalog'
    """
    replaced = "".join(_ASCII.get(char, char) for char in text)
    flat = unicodedata.normalize("NFKD", " ".join(replaced.split()))
    flat = "".join(char for char in flat if not unicodedata.combining(char))
    return "".join(char if " " <= char <= "~" else "?" for char in flat)


def wrap_twin(text: str) -> str:
    """A text twin whose lines are at most 96 columns; what is too long continues on an indented line."""
    lines: list[str] = []
    for line in text.splitlines():
        indent = " " * min(len(line) - len(line.lstrip()) + 4, 40)
        fits = len(line) <= TWIN_WIDTH
        lines += (
            [line.rstrip()]
            if fits
            else textwrap.wrap(line, TWIN_WIDTH, subsequent_indent=indent, drop_whitespace=True, break_on_hyphens=False)
        )
    return "\n".join(lines)


def table(rows: Iterable[Iterable[str]], gap: int = 2) -> list[str]:
    """Rows of cells as aligned ASCII lines without trailing blanks.

    >>> table([["a", "-> long"], ["bcd", "-> x", "y"]])
    ['a    -> long', 'bcd  -> x     y']
    """
    cells = [[" " * (len(cell) - len(cell.lstrip(" "))) + ascii_text(cell) for cell in row] for row in rows]
    columns = max((len(row) for row in cells), default=0)
    widths = [max((len(row[i]) for row in cells if i < len(row)), default=0) for i in range(columns)]
    return [
        (" " * gap).join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in cells
    ]
