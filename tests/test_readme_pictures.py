"""The pictures of README.md: drawn from what the workbook shows now, in light and dark, each with words for it.

``python tests/test_readme_pictures.py`` (``make pictures``) draws them anew, in a Chromium. A PNG has other bytes on
another machine, so each holds a digest of the page that it was drawn from, and the digest is compared.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
from pathlib import Path

import pytest

from netpol_lab import Lab
from netpol_lab.lessons.decks.slides import DeckSlide, lesson_slides
from netpol_lab.lessons.decks.taught import taught

REPOSITORY = Path(__file__).resolve().parent.parent
FOLDER = REPOSITORY / "pictures"
README = (REPOSITORY / "README.md").read_text("utf-8")
THEMES = ("light", "dark")
PAGE = '<!DOCTYPE html><meta charset="utf-8"><body data-jp-theme-light="{light}" style="margin:0;width:900px">{html}'
KEY = "drawn from"


def figures() -> dict[str, str]:
    """The story of lesson 03 as three figures: before and after, the matrix, and why a stranger stays out."""
    lab = Lab("07", lesson="03-allow-specific")
    try:
        for file in ("namespace", "netpol-apps", "default-deny", "allow-client-to-server"):
            lab.file(f"lab-a/{file}.yaml")
            lab.kubectl(f"apply -f {file}.yaml")
            if file == "netpol-apps":
                labeled = "--labels=app=stranger-07 -n student-07"
                lab.kubectl(f"run stranger-07 --image=busybox:1.36 {labeled} -- sleep 3600")
        pair = lab.compare(side_by_side=True)
        return {
            "before-after": pair.pictures[0].html,  # type: ignore[attr-defined]
            "matrix": lab.matrix(port=80).html,
            "why": lab.why("stranger-07", "server-07", port=80).html,
        }
    finally:
        lab.close()


def slide() -> DeckSlide:
    """The slide of lesson 02 on which default deny closes every way in."""
    return next(each for each in lesson_slides(taught("02-default-deny")) if each.title == "What changed")


def sources() -> dict[str, str]:
    """What each picture is drawn from."""
    return {**figures(), "slide": repr(slide())}


def digest(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()


@pytest.fixture(scope="module")
def drawn_from(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("pictures"))
        return sources()


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["before-after", "matrix", "why", "slide"])
def test_a_picture_shows_what_the_workbook_shows_now(name: str, theme: str, drawn_from: dict[str, str]) -> None:
    from PIL import Image

    with Image.open(FOLDER / f"{name}-{theme}.png") as picture:
        assert picture.width >= 1200, "too coarse"
        assert (picture.convert("L").getpixel((picture.width // 2, 9)) > 128) == (theme == "light")
        assert picture.info[KEY] == digest(drawn_from[name]), "Run `make pictures`, and look at what it draws."


def test_the_readme_shows_each_picture_in_light_and_dark_with_words_for_it() -> None:
    shown = re.findall(
        r'<picture>\n *<source media="\(prefers-color-scheme: dark\)" srcset="pictures/([\w-]+)-dark\.png">\n'
        r' *<img alt="([^"]{40,})" src="pictures/\1-light\.png">\n *</picture>',
        README,
    )
    assert {name for name, _ in shown} == {path.stem.rpartition("-")[0] for path in FOLDER.glob("*.png")}
    assert len(shown) == README.count("<picture>") == 4


def draw() -> None:
    """Draw all pictures anew."""
    import real_jupyterlab
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    from netpol_lab.lessons.decks.deck_page import page as deck_page

    browser = real_jupyterlab.browser()
    if browser is None:
        raise SystemExit("There is no Chromium on PATH; name one in NETPOL_LAB_BROWSER.")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, real_jupyterlab.chromium(browser, scale=1.5) as page:
        os.chdir(folder)
        html = figures()
        for name, source in sources().items():
            for theme in THEMES:
                page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
                raw = Path(folder, "raw.png")
                if name == "slide":
                    page.set_viewport_size({"width": 1280, "height": 720})
                    Path(folder, "deck.html").write_text(deck_page("02", "Slide", [slide()]), encoding="utf-8")
                    page.goto(Path(folder, "deck.html").as_uri())
                    page.wait_for_timeout(1500)
                    page.screenshot(path=raw)
                else:
                    page.set_content(PAGE.format(light=str(theme == "light").lower(), html=html[name]))
                    page.locator("figure.npl").first.screenshot(path=raw)
                info = PngInfo()
                info.add_text(KEY, digest(source))
                file = FOLDER / f"{name}-{theme}.png"
                Image.open(raw).convert("RGB").quantize(128).save(file, optimize=True, pnginfo=info)
                print(f"{file.relative_to(REPOSITORY)}  {file.stat().st_size // 1024} KB")


if __name__ == "__main__":
    sys.exit(draw())
