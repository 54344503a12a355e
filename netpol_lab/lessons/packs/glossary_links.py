"""The glossary in the notebooks: its page, and a link to it where a lesson first uses one of its words.

Sources hold no such links. So a new word of ``data/glossary.yaml`` is linked everywhere by the next build, and no
lesson can forget one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

import nbformat
from nbformat import NotebookNode

from netpol_lab.lessons.packs.lesson_lint import tags
from netpol_lab.model.phrases import listed
from netpol_lab.tell import catalogue

PAGE = "92-glossary"

# Where no link may stand: code, links and pictures, tags of HTML, headings, what is folded.
CLOSED = r"""(?msx)
    ^(?P<fence>`{3,}|~{3,}).*?^(?P=fence) | (?P<tick>`+).+?(?P=tick) | ^[ ]{4}.*?$ | ^\#{1,6}[ ].*?$
  | !?\[[^\]]*\]\([^)]*\) | <[^>]+>
"""


def linked(cells: Sequence[NotebookNode]) -> Sequence[NotebookNode]:
    """Link, in place, each word of the glossary where these cells first use it, to its heading on the page.

    The two forms of a lesson get the same links: a solution's words and what is folded stay as they are.
    """
    used: set[str] = set()

    def link(match: re.Match[str]) -> str:
        name = forms()[match["word"].casefold()] if match["word"] else ""
        if not name or name in used or not is_meant(match["word"], name):
            return match[0]
        used.add(name)
        return f"[{match['word']}]({PAGE}.ipynb#{anchor(name)})"

    for cell in cells:
        if cell.cell_type == "markdown" and not tags(cell) & {"hint", "solution", "notes"}:
            cell.source = words().sub(link, cell.source)
    return cells


def is_meant(word: str, name: str) -> bool:
    """Whether a word found is this one of the glossary: a Service has its capital, and a pod may begin a sentence.

    >>> is_meant("Pods", "pod"), is_meant("service", "Service")
    (True, False)
    """
    found = catalogue.term(name).found
    return word in found or word[:1].lower() + word[1:] in found


def anchor(name: str) -> str:
    """The fragment under which JupyterLab and nbviewer find the heading of a word.

    >>> anchor("default deny")
    'default-deny'
    """
    return name.replace(" ", "-")


@cache
def forms() -> dict[str, str]:
    """The word of the glossary by each form that lessons write, in small letters."""
    return {form.casefold(): each.name for each in catalogue.glossary().values() for form in each.found}


@cache
def words() -> re.Pattern[str]:
    """What finds the next closed place, or the next word of the glossary, the longest first."""
    longest = "|".join(re.escape(form) for form in sorted(forms(), key=len, reverse=True))
    return re.compile(rf"{CLOSED} | (?<![\w/.-])(?P<word>(?i:{longest}))(?![\w/-]|\.\w)")


def entries(cells: Sequence[NotebookNode]) -> Iterator[NotebookNode]:
    """Yield the cells; one tagged ``glossary`` gets an index, and below it stand all words, each with its heading.

    The index is needed: JupyterLab 4.6 opens a notebook at its top, and follows a fragment only in one that is open.
    """
    for cell in cells:
        yield cell
        if "glossary" in tags(cell):
            cell.source += "\n\n" + " · ".join(f"[{name}](#{anchor(name)})" for name in catalogue.glossary())
            yield from (nbformat.v4.new_markdown_cell(entry(each)) for each in catalogue.glossary().values())


def entry(term: catalogue.GlossaryTerm) -> str:
    """Return one word as Markdown."""
    numbers = [f"{each.id}" for each in term.rules]
    more = f" {'Rules' if len(numbers) > 1 else 'Rule'} {listed(numbers)}: `lab.rule({numbers[0]})`." if numbers else ""
    return (
        f"### {term.name}\n\n{term.means}\n\n**Often wrong:** {term.wrong}\n\n"
        f"Lesson [{term.lesson}]({term.lesson}.ipynb).{more}"
    )
