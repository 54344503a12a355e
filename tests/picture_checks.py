"""What every picture must keep: the palette, escaping, the width of its text, the same bytes twice."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

from netpol_lab.display import theme
from netpol_lab.display.card import Picture

_HEX = re.compile(r"#[0-9a-fA-F]{3,8}\b")
_VOID = {"br", "col", "circle", "ellipse", "line", "path", "polygon", "rect", "wbr"}
_COLORS = {value for pair in theme.PALETTE.values() for value in pair}


class Page(HTMLParser):
    """Every element of a page as (tag, attributes), with a check that they are nested properly."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def check(make: Callable[[], Picture]) -> Page:
    """All rules for pictures that a program can check; returns the page for more."""
    picture, again = make(), make()
    assert picture.html == again.html and picture.text == again.text, "two drawings differ"
    for value in _HEX.findall(re.sub(r"#quot;", "", picture.html.split("<pre", 1)[0])):
        assert value in _COLORS, f"{value} is not in the palette"
    for line in picture.text.split("\n"):
        assert line.isascii() and line.isprintable(), f"not plain ASCII: {line!r}"
        assert len(line) <= 96, f"{len(line)} columns: {line!r}"
        assert line == line.rstrip(), f"blank at the end: {line!r}"
    page = Page(picture.html)
    assert not page.all("script"), "a name became an element"
    assert len(page.all("style")) == 1, "a name ended the stylesheet or began another"
    for words in page.all("text"):
        assert words.get("fill"), f"text without a color: {words}"
    for drawing in page.all("svg"):
        assert float(drawing["width"] or 0) <= theme.WIDTH
        assert drawing.get("role") == "img" or drawing.get("aria-hidden") == "true"
    return page
