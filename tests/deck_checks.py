"""Every slide of every deck in a real browser: what overflows, what is too small, what is asked of a network.

``python tests/deck_checks.py FOLDER [DECK ...]`` prints a row for each deck in the folder and ends with 1 where a
slide has a fault. ``NETPOL_LAB_SCREENSHOTS`` names a folder for pictures of all slides, twelve on a sheet.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import real_jupyterlab as lab
from playwright.sync_api import Page

SIZES = ((1280, 720), (1920, 1080))
SMALLEST = 18

SHOW_ALL = "document.querySelectorAll('.present .fragment').forEach(e => e.classList.add('visible'))"
LOOK = """
() => {
  const section = document.querySelector('.slides > section.present');
  const frame = section.getBoundingClientRect();
  const scale = frame.width / 1280;
  const shown = e => e.getClientRects().length > 0 && !e.closest('.npl-hide, aside');
  const faults = [];
  let smallest = 99;
  for (const e of section.querySelectorAll('*')) {
    if (!shown(e)) continue;
    const box = e.getBoundingClientRect();
    const name = `${e.tagName.toLowerCase()} ${e.textContent.trim().slice(0, 30)}`;
    if (box.right > frame.right + 1 || box.bottom > frame.bottom + 1 || box.left < frame.left - 1
        || box.top < frame.top - 1)
      faults.push(`${name} leaves the slide`);
    if (/auto|scroll|hidden/.test(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth + 1)
      faults.push(`${name} is cut`);
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    const svg = e.closest('svg');
    const zoom = svg ? svg.getBoundingClientRect().width / (svg.viewBox.baseVal.width || 1) : scale;
    smallest = Math.min(smallest, parseFloat(getComputedStyle(e).fontSize) * zoom / scale);
  }
  const parts = [...section.children].filter(e => shown(e));
  for (let n = 1; n < parts.length; n++) {
    const above = Math.max(...[parts[n - 1], ...parts[n - 1].children].map(e => e.getBoundingClientRect().bottom));
    if (above > parts[n].getBoundingClientRect().top + 2)
      faults.push(`${parts[n - 1].className || parts[n - 1].tagName} runs into what is below`);
  }
  return {faults: faults.slice(0, 3), smallest};
}
"""


@dataclass
class Checked:
    """What one deck is like."""

    name: str
    slides: int = 0
    minutes: int = 0
    faults: list[str] = field(default_factory=list)
    smallest: float = 99.0


@contextmanager
def watched(page: Page, faults: list[str]) -> Iterator[None]:
    """Put what the console complains of, and every address that is asked for, among the faults."""
    page.on("console", lambda said: faults.append(f"console: {said.text}") if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(f"page: {error}"))
    page.on(
        "request",
        lambda asked: None if asked.url.startswith(("file:", "data:", "blob:")) else faults.append(f"asks {asked.url}"),
    )
    page.context.set_offline(True)
    yield


def check(page: Page, deck: Path, size: tuple[int, int] = SIZES[0], scheme: str = "light") -> Checked:
    """Walk through all slides of a deck in one size and one color scheme."""
    found = Checked(deck.stem)
    with watched(page, found.faults):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.goto(deck.absolute().as_uri())
        page.wait_for_function("() => window.Reveal && Reveal.isReady()")
        found.slides = page.evaluate("Reveal.getTotalSlides()")
        found.minutes = round(
            page.evaluate("Reveal.getSlides().reduce((n, e) => n + Number(e.dataset.timing), 0)") / 60
        )
        pictures = os.environ.get("NETPOL_LAB_SCREENSHOTS")
        shots = []
        for number in range(found.slides):
            page.evaluate(f"Reveal.slide({number}); {SHOW_ALL}")
            seen = page.evaluate(LOOK)
            found.faults += [f"{number + 1}: {fault}" for fault in seen["faults"]]
            found.smallest = min(found.smallest, seen["smallest"])
            if seen["smallest"] < SMALLEST - 0.05:
                found.faults.append(f"{number + 1}: letters of {seen['smallest']:.1f} px")
            if pictures:
                shots.append(page.screenshot())
        if pictures:
            sheets(shots, Path(pictures, f"{deck.stem}-{scheme}-{size[0]}"))
    return found


def sheets(shots: list[bytes], place: Path) -> None:
    """Write contact sheets of twelve slides each."""
    import io

    from PIL import Image

    place.parent.mkdir(parents=True, exist_ok=True)
    for first in range(0, len(shots), 12):
        sheet = Image.new("RGB", (4 * 640, 3 * 360), "#888888")
        for n, shot in enumerate(shots[first : first + 12]):
            small = Image.open(io.BytesIO(shot)).resize((636, 357))
            sheet.paste(small, (n % 4 * 640 + 2, n // 4 * 360 + 2))
        sheet.save(f"{place}-{first // 12 + 1:02}.png")


def main(arguments: list[str]) -> int:
    folder, *wanted = arguments or ["slides"]
    browser = lab.browser()
    if browser is None:
        print("There is no Chromium on PATH; install one, or name one in NETPOL_LAB_BROWSER.", file=sys.stderr)
        return 2
    decks = [deck for deck in sorted(Path(folder).glob("*.html")) if not wanted or deck.stem.startswith(tuple(wanted))]
    print(f"{'deck':26}{'slides':>7}{'minutes':>9}{'overflow':>10}{'smallest':>10}  sizes, light and dark")
    bad = 0
    for deck in decks:
        runs = []
        for size in SIZES:
            for scheme in ("light", "dark"):
                with lab.chromium(browser) as page:
                    runs.append(check(page, deck, size, scheme))
        faults = sorted({fault for run in runs for fault in run.faults})
        bad += len(faults)
        smallest = min(run.smallest for run in runs)
        print(f"{deck.stem:26}{runs[0].slides:7}{runs[0].minutes:9}{len(faults):10}{smallest:10.1f}")
        for fault in faults:
            print(f"    {fault}")
    return 1 if bad or not decks else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
