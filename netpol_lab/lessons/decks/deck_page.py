"""A deck as one HTML file that needs nothing else: reveal.js, style, pictures and notes are in it, and no address."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from netpol_lab.display import theme
from netpol_lab.display.markup import Markup, el, escape, join
from netpol_lab.lessons.decks.slides import DeckSlide
from netpol_lab.lessons.decks.taught import EXTRA
from netpol_lab.model.errors import NotFound

_KICKERS = {
    "run": "Live",
    "exercise": "Your turn",
    "solution": "One solution",
}


def page(name: str, title: str, slides: Sequence[DeckSlide]) -> str:
    """The HTML text of a deck. ``name`` stands on each slide, such as ``02``; the same slides give the same bytes.

    Raises NotFound where reveal.js is not installed.
    """
    shown = join([_slide(name, slide) for slide in slides])
    body = el("div", el("div", shown, class_="slides"), class_="reveal")
    style = "\n".join([_reveal("reset.css"), _reveal("reveal.css"), _colors(), _own("deck.css")])
    # No `</script` inside: notes.js holds a page of its own.
    scripts = [_reveal("reveal.js"), _reveal("plugin/notes.js"), _own("deck.js")]
    script = "\n".join(scripts).replace("</script", "<\\/script")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}\n</style>\n</head>\n<body>\n{body}\n"
        f"<script>\n{script}\n</script>\n</body>\n</html>\n"
    )


def _slide(name: str, slide: DeckSlide) -> Markup:
    # A picture and a question bring a title of their own: the finding, or what is asked.
    untitled = slide.kind in {"picture", "asked", "answered"} and "<figure" in slide.body
    kicker = slide.title if untitled else _KICKERS.get(slide.kind, "")
    head = "" if untitled else el("h1" if slide.kind in {"title", "break"} else "h2", slide.title)
    return el(
        "section",
        el("header", el("p", kicker, class_="kicker") if kicker else "", head),
        el("div", Markup(slide.body), class_="body"),
        el("footer", el("span", name), el("span", class_="clock"), el("span", class_="number")),
        el("aside", Markup(slide.notes), class_="notes"),
        class_=slide.kind,
        data_seconds=str(round(slide.seconds)),
    )


def _colors() -> str:
    """The palette as variables of the whole page: it paints more than figures."""
    dark, own = '[data-jp-theme-light="false"]', ".npl"
    return theme.css_variables(theme.PALETTE).replace(f"{dark} {own}", f":root{dark}").replace(own, ":root")


def _own(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _reveal(name: str) -> str:
    """A file of reveal.js, from the package that carries it as its makers publish it."""
    found = find_spec("pyreveal")
    for place in found.submodule_search_locations or () if found else ():
        return Path(place, "revealjs", "dist", name).read_text(encoding="utf-8")
    raise NotFound(f"Slides need reveal.js, and pyreveal brings it. {EXTRA.format(python=sys.executable)}.")
