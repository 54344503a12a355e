"""What stands on a slide, as HTML: prose with its first sentences, commands, what they print, pictures, notes."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import mistune
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

from netpol_lab.display.markup import Markup, escape
from netpol_lab.model.datafiles import fill

_SPOKEN = 48
"""Words of a paragraph that stand on the slide; whole sentences, at least one."""
_SENTENCE = re.compile(r"(?<=[.?!:])(?=</)?\s+(?=[A-Z\"'`(<])")
_LONG_FILE, _NARROW = 9, 48
"""Lines from which a file stands beside what is told of it, and the letters its lines may have."""
_NUMBER = "07"


class _SlideProse(mistune.HTMLRenderer):
    """Markdown as slides have it: no links, short paragraphs, code in lines."""

    def __init__(self, whole: bool) -> None:
        super().__init__(escape=True)
        self.whole = whole
        self.untold: list[str] = []

    def link(self, text: str, url: str, title: str | None = None) -> str:
        return text

    def block_code(self, code: str, info: str | None = None) -> str:
        return lines(code, (info or "text").split()[0])

    def block_html(self, html: str) -> str:
        return ""

    def paragraph(self, text: str) -> str:
        said, rest = (text, "") if self.whole else leading(text)
        if rest:
            self.untold.append(rest)
        return f"<p>{said}</p>\n"

    def codespan(self, text: str) -> str:
        return f"<code>{mistune.escape(fill(text, _NUMBER))}</code>"


def prose(text: str, whole: bool = False) -> tuple[str, list[str]]:
    """Markdown as the HTML of a slide, and what of its paragraphs is left to the notes. ``whole`` leaves nothing."""
    renderer = _SlideProse(whole)
    made = mistune.create_markdown(renderer=renderer, plugins=["table"])(text)
    return str(made), renderer.untold


def paragraphs(text: str) -> list[str]:
    """The blocks of Markdown that stand between empty lines; what is indented or fenced stays with what is above it."""
    if "```" in text:
        return [text]
    return [part.strip("\n") for part in re.split(r"\n\n+(?=[^\s|>\-\d])", text) if part.strip()]


def leading(text: str) -> tuple[str, str]:
    """The first sentences of a paragraph, those in bold, and one that ends with a colon; and the others.

    >>> leading("One. Two.")
    ('One. Two.', '')
    >>> leading("First one. " + "Many words " * 30 + "follow. <strong>The point.</strong>")[0]
    'First one. <strong>The point.</strong>'
    """
    sentences = _balanced(_SENTENCE.split(text))
    kept, words = [], 0
    for number, sentence in enumerate(sentences):
        words += len(sentence.split())
        last = number == len(sentences) - 1 and sentence.endswith(":")
        kept.append(number == 0 or words <= _SPOKEN or "<strong>" in sentence or last)
    said = [sentence for sentence, keep in zip(sentences, kept, strict=True) if keep]
    rest = [sentence for sentence, keep in zip(sentences, kept, strict=True) if not keep]
    return " ".join(said), " ".join(rest)


def _balanced(parts: Sequence[str]) -> list[str]:
    """Sentences again whole, where an element reaches over the end of one."""
    joined: list[str] = []
    for part in parts:
        if joined and joined[-1].count("<") - joined[-1].count("</") * 2 != 0:
            joined[-1] += f" {part}"
        else:
            joined.append(part)
    return joined


@lru_cache(maxsize=8)
def _lexer(name: str) -> Any:
    return get_lexer_by_name(name if name in {"yaml", "bash", "python"} else "text", stripnl=False)


def lines(code: str, language: str, kind: str = "", label: str = "") -> str:
    """Code, each line an element of its own, so that a long block can be parted between two slides."""
    colored = highlight(code.rstrip("\n"), _lexer(language), HtmlFormatter(nowrap=True)).rstrip("\n")
    body = "".join(f"<span class=ln>{line or ' '}\n</span>" for line in colored.split("\n"))
    head = f"<div class=file>{escape(label)}</div>" if label else ""
    return f'{head}<pre class="code {kind}">{body}</pre>'


def command(source: str) -> str:
    """A code cell as it is typed: kubectl lines behind a prompt, a file under its name.

    >>> "$ kubectl get pods -n student-07" in re.sub("<.*?>", "", command("!kubectl get pods -n student-$XX"))
    True
    """
    source = fill(source, _NUMBER)
    first, _, rest = source.partition("\n")
    if found := re.match(r"%%manifest (\S+)", first):
        return lines(rest, "yaml", label=found[1])
    if first.startswith("%%bash"):
        return lines(rest, "bash")
    typed = re.sub(r"(?m)^!", "$ ", source)
    return lines(typed, "bash" if typed.startswith("$ ") else "python", kind="typed")


def beside(told: str, shown: str) -> str:
    """What is told, and a long file of short lines right of it; one below the other where that is not so."""
    rows = [plain(row) for row in re.findall(r"(?s)<span class=ln>(.*?)</span>(?=<span class=ln>|</pre>)", shown)]
    if told and len(rows) >= _LONG_FILE and max(map(len, rows)) <= _NARROW and shown.count("<pre") == 1:
        return f"<div class=columns><div>{told}</div><div>{shown}</div></div>"
    return told + shown


def is_file(source: str) -> bool:
    """Whether a code cell writes a file of the student's."""
    return source.startswith("%%manifest")


def last_line(source: str) -> str:
    """The last line of a code cell, escaped."""
    line = fill(source, _NUMBER).strip().split("\n")[-1]
    return str(escape(textwrap.shorten(line, 90, placeholder=" …")))


def caption(source: str) -> str:
    """The one line that draws a picture, small."""
    return f"<p class=caption><code>{last_line(source)}</code></p>"


def printed(outputs: Iterable[Mapping[str, Any]]) -> str:
    """What a cell prints, to be shown after the command."""
    text = "".join(_text(output["text"]) for output in outputs if output["output_type"] == "stream")
    plain_text = [
        _text(output["data"]["text/plain"])
        for output in outputs
        if "data" in output and "text/html" not in output["data"] and "text/plain" in output["data"]
    ]
    text = "\n".join(part for part in [text.rstrip("\n"), *plain_text] if part)
    text = re.sub(r"\Awrote \S+ \(\d+ lines\)\Z", "", text)
    return lines(text, "text", kind="printed fragment") if text else ""


def shown_file(source: str, shown: str) -> str:
    """A cell that only prints a file of the lesson: the file under its name. "" for other cells."""
    found = re.fullmatch(r'print\(lab\.file\("([^"]+)"\)\)', source.strip())
    if not found:
        return ""
    text = re.sub(r"<[^>]+>", "", shown)
    return lines(Markup(text).unescape(), "yaml", label=found[1].rpartition("/")[2])


def figures(outputs: Iterable[Mapping[str, Any]]) -> list[str]:
    """The pictures and tables of a cell, each without the text twin that is folded under it."""
    shown = "".join(_text(output["data"]["text/html"]) for output in outputs if "text/html" in output.get("data", {}))
    shown = re.sub(r'<details class="npl-text"[^>]*>.*?</details>', "", shown, flags=re.S)
    return [part for part in re.split(r"(?<=</figure>)", shown) if part.strip()]


def _text(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


def notes(text: str) -> str:
    """The trainer's notes, Markdown, as HTML."""
    return prose(text, whole=True)[0]


def note(word: str, text: str, wanted: bool = True) -> str:
    """One line of the notes under a word of its own; "" where it is not wanted."""
    return notes(f"**{word}:** {text}") if wanted else ""


def untold(sentences: Sequence[str]) -> str:
    """Sentences of the lesson that the slide leaves to the trainer."""
    return f"<p><strong>Tell:</strong> {' '.join(sentences)}</p>" if sentences else ""


def hints(texts: Sequence[str]) -> str:
    """The hints of an exercise, for the trainer who walks around."""
    return "".join(notes(f"**Hint {number}:** {text}") for number, text in enumerate(texts, 1))


def plain(block: str) -> str:
    """The text of a block, without its elements."""
    return Markup(re.sub(r"<[^>]+>", "", block)).unescape().strip()
