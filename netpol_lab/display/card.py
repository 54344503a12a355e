"""The frame around every picture: title, quiet line, picture, boxes, legend, and the same as text.

How it survives its surroundings: in a trusted page the stylesheet in the figure does everything and follows
the page's theme. Without trust JupyterLab strips ``<style>`` and ``<svg>`` but leaves the text of the SVG
behind; so drawings stand in elements with an inline ``display:none`` that only the stylesheet lifts, and a
``<pre>`` with the text twin, which only the stylesheet hides, takes their place.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from netpol_lab.display import theme
from netpol_lab.display.markup import TWIN_WIDTH, Markup, ascii_text, el, join, plain, prose, wrap_twin
from netpol_lab.engine.verdict import Caveat
from netpol_lab.model.language import spoken
from netpol_lab.tell.caveat_words import caveat_line


@dataclass(frozen=True)
class Picture:
    """Something to look at. Notebooks show :attr:`html`; ``print`` and terminals show :attr:`text`.

    ``title`` is the finding, ``quiet`` the line below it, ``twin`` the picture as ASCII text without them.
    The same input gives the same bytes, always.
    """

    title: str
    quiet: str
    twin: str = field(repr=False)
    html: str = field(repr=False)

    @property
    def text(self) -> str:
        """Title, quiet line and twin: ASCII, at most 96 columns, enough to learn from alone."""
        head = [line for part in (self.title, self.quiet) for line in textwrap.wrap(ascii_text(part), TWIN_WIDTH)]
        return "\n".join([*head, "", self.twin] if self.twin else head)

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        bundle = {"text/html": self.html, "text/plain": self.text}
        return {kind: value for kind, value in bundle.items() if wanted(kind, include, exclude)}


def wanted(kind: str, include: Collection[str] | None, exclude: Collection[str] | None) -> bool:
    """Whether IPython asks ``_repr_mimebundle_`` for this kind of data."""
    return (not include or kind in include) and kind not in (exclude or ())


P = TypeVar("P", bound=Picture)


def figure(
    title: str,
    quiet: str,
    body: Markup | Sequence[Markup],
    boxes: Sequence[Markup] = (),
    legend: Sequence[tuple[Markup | str, str]] = (),
    twin: str = "",
    label: str = "",
    *,
    left_out: Iterable[Caveat] = (),
    drawn: bool = True,
    rules: str = "",
    kind: type[P] = Picture,  # type: ignore[assignment]
    **fields: Any,
) -> P:
    """A complete card.

    ``title`` and ``quiet`` are text; backticks mark names. ``body`` is the picture (``drawn=True``: SVG, replaced by
    the twin where SVG is stripped) or HTML such as a table (``drawn=False``: shown everywhere). ``boxes`` are blocks
    under it, see :func:`box` and :func:`note`. ``legend`` holds (swatch, words); the swatch is a small SVG or a sign.
    ``twin`` is ASCII text. ``left_out`` is what the answer does not take into account: one line, in the twin too.
    ``rules`` is more CSS: ``&`` stands for the figure, ``var(--npl-ROLE)`` for a color.
    ``kind`` and ``fields`` build a subclass of :class:`Picture`.
    """
    caveats = caveat_line(left_out)
    if caveats:
        boxes = [*boxes, note(caveats)]
        twin = "\n\n".join(filter(None, (twin, ascii_text(caveats))))
    twin = wrap_twin(twin)
    parts = [body] if isinstance(body, Markup) else list(body)
    picture = el("div", *parts, class_="npl-body", style="display:none" if drawn else None)
    content = join(
        [
            el(
                "figcaption",
                el("div", el("strong", prose(title)), class_="npl-title"),
                el("div", prose(quiet), class_="npl-quiet") if quiet else "",
            ),
            picture if parts else "",
            *boxes,
            _legend(legend, drawn),
            *_twin(twin, drawn),
        ]
    )
    optional = (_LEGEND if legend else "") + (_BOX if boxes else "") + (_TWIN if twin else "") + rules
    style = theme.stylesheet(_BASE + optional, content)
    html = el(
        "figure",
        Markup(f"<style>{style}</style>"),
        content,
        class_="npl",
        aria_label=label or plain(title),
    )
    return kind(title=plain(title), quiet=plain(quiet), twin=twin, html=str(html), **fields)


def told(title: str, quiet: str, sentences: Iterable[str], left_out: Iterable[Caveat] = ()) -> Picture:
    """A card of sentences alone. It is text already: the twin serves print and terminals, and is not repeated below."""
    lines = [*sentences, *filter(None, [caveat_line(left_out)])]
    picture: Picture = figure(title, quiet, [], [box("", *lines)], drawn=False)
    return replace(picture, twin=wrap_twin("\n".join(ascii_text(line.replace("`", "")) for line in lines)))


@dataclass(frozen=True)
class Stack(Picture):
    """Several cards, one below the other; ``pictures`` holds them."""

    pictures: tuple[Picture, ...] = field(default=(), repr=False)

    @property
    def text(self) -> str:
        return "\n\n\n".join(picture.text for picture in self.pictures)


def stack(pictures: Sequence[Picture]) -> Stack:
    """Show several pictures from one cell; the first gives the title."""
    html = "".join(picture.html for picture in pictures)
    return Stack(pictures[0].title, pictures[0].quiet, pictures[0].twin, html, tuple(pictures))


def box(heading: str, *content: Markup | str, edge: str = "ink", tint: bool = False) -> Markup:
    """A block with a 5 px left edge: ``edge`` is ``blocked``, ``allowed`` or ``ink``; ``tint`` for what went wrong."""
    kind = f"npl-box npl-{edge}" + (" npl-near" if tint else "")
    lines = [
        line if isinstance(line, Markup) and line.startswith("<div") else el("div", prose(line)) for line in content
    ]
    head = [el("div", el("strong", prose(heading)), class_="npl-boxhead")] if heading else []
    return el("div", *head, *lines, class_=kind)


def note(*content: Markup | str) -> Markup:
    """One quiet line under the picture."""
    return el("div", *(prose(part) for part in content), class_="npl-note")


def _legend(items: Sequence[tuple[Markup | str, str]], drawn: bool) -> Markup:
    if not items:
        return Markup("")
    # The blank between swatch and words stands for the margin where there is no stylesheet.
    rows = (
        el("div", el("span", swatch, class_="npl-swatch"), " ", prose(spoken(words) if type(words) is str else words))
        for swatch, words in items
    )
    return el("div", *rows, class_="npl-legend", style="display:none" if drawn else None)


def _twin(twin: str, drawn: bool) -> list[Markup]:
    if not twin:
        return []
    folded = el(
        "details",
        el("summary", spoken("The same as text")),
        el("pre", twin, tabindex="0"),
        class_="npl-text",
        style="display:none" if drawn else None,
    )
    return [el("pre", twin, class_="npl-fallback"), folded] if drawn else [folded]


_BASE = f"""
& {{ max-width: 900px; box-sizing: border-box; margin: 2px 0; padding: 14px 18px 12px;
  border: 1px solid var(--npl-hair); border-radius: 8px;
  background: var(--npl-card); color: var(--npl-ink); font: 14px/1.45 {theme.SANS};
  forced-color-adjust: none; text-align: left; overflow-wrap: break-word }}
& .npl-title {{ font-size: 17px; font-weight: 700; line-height: 1.3; color: var(--npl-ink) }}
& .npl-quiet {{ font-size: 13px; color: var(--npl-ink2); margin-top: 1px }}
& code {{ font: 0.92em {theme.MONO}; color: inherit; background: none; border: 0; padding: 0 }}
& figcaption {{ margin: 0; padding: 0; text-align: left; font-style: normal }}
& .npl-body {{ display: block !important; margin-top: 14px; overflow-x: auto; scrollbar-color: auto }}
& svg {{ display: block; margin: 0 auto; max-width: 100%; height: auto }}
& svg.npl-wide {{ min-width: 640px }}
& :is([class], [tabindex])::-webkit-scrollbar {{ height: 10px; width: 10px }}
& :is([class], [tabindex])::-webkit-scrollbar-thumb {{ background: var(--npl-line); border-radius: 5px }}
"""
_LEGEND = """
& .npl-legend { display: flex !important; flex-wrap: wrap; gap: 6px 18px; margin-top: 14px; padding-top: 9px;
  font-size: 12.5px; color: var(--npl-ink2); border-top: 1px solid var(--npl-hair) }
& .npl-legend > div { display: flex; align-items: center; gap: 9px }
& .npl-swatch { display: inline-flex; align-items: center; font-weight: 700 }
"""
_BOX = """
& .npl-box { margin-top: 10px; padding: 9px 14px 11px; border: 1px solid var(--npl-hair);
  border-left: 5px solid var(--npl-ink); border-radius: 0 6px 6px 0; background: var(--npl-card);
  color: var(--npl-ink) }
& .npl-blocked { border-left-color: var(--npl-blocked) }
& .npl-allowed { border-left-color: var(--npl-allowed) }
& .npl-near { background: var(--npl-neartint) }
& .npl-note { margin-top: 10px; font-size: 13px; color: var(--npl-ink2) }
"""
_TWIN = f"""
& .npl-fallback {{ display: none !important }}
& .npl-text {{ display: block !important; margin-top: 8px; font-size: 12.5px; color: var(--npl-ink2) }}
& .npl-text summary {{ cursor: pointer; color: var(--npl-ink2); display: list-item }}
& .npl-text pre {{ margin: 6px 0 2px; padding: 8px 10px; overflow-x: auto; font: 12.5px/1.4 {theme.MONO};
  white-space: pre;  color: var(--npl-ink); background: var(--npl-cluster); border: 0; border-radius: 4px }}
"""
HIDE = """
& .npl-hide { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap }
"""
"""Words for those who listen to the page, and for a page without our stylesheet."""
