"""The lessons in a real JupyterLab in a real browser: they run, and what they show can be read in light and dark.

Set ``NETPOL_LAB_SCREENSHOTS`` to a folder to keep pictures of what the browser saw.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import build
import nbformat
import pytest

from netpol_lab.lessons.packs import building

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
import real_jupyterlab as lab
from playwright.sync_api import Locator, Page

from netpol_lab.lessons.packs.lesson_lint import is_appendix

BROWSER = lab.browser()
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="there is no Chromium on PATH; install one, or name one in NETPOL_LAB_BROWSER"
)
SOURCES = build.sources()
LESSONS = pytest.mark.parametrize("source", SOURCES, ids=[source.stem for source in SOURCES])

FAULTY = (
    "from IPython.display import HTML\nHTML('<div style=\"width: 3000px\">wide</div>')",
    'HTML(\'<svg width="9" height="9"><path d="M NaN 0"/></svg>\')',
    'HTML(\'<figure class="npl" style="background: #eee; color: #ddd">pale</figure>\')',
    """HTML('<figure class="npl"><div style="width: 99px; overflow: hidden; white-space: nowrap">a name too long</div>'
    '<div style="width: 2000px">far</div><p>unauth…ed-07</p></figure>')""",
    "1 / 0",
)

NARROW = {"a narrow window": 900, "a window at 200 % zoom": 640}

PLAY = (
    'from netpol_lab import Lab\nlab = Lab("07", lesson="play")',
    'for name in ("namespace", "netpol-apps", "default-deny", "allow-client-to-server"):\n'
    '    lab.file(f"lab-a/{name}.yaml")\n    lab.kubectl(f"apply -f {name}.yaml")',
    "lab.playground()",
)

ASKED = (
    'from netpol_lab import Lab\nlab = Lab("07", lesson="02-default-deny")',
    'lab.quiz("02-default-deny/q4", "")',
    'lab.predict("02-default-deny/p1", "")',
    'lab.predict("02-default-deny/p1")',
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A JupyterLab over the solution notebooks, fresh from their sources, and small notebooks for single tests."""
    folder = tmp_path_factory.mktemp("notebooks")
    for source in SOURCES:
        fresh = building.as_text(building.solution_form(source))
        (folder / f"{source.stem}.ipynb").write_text(fresh, encoding="utf-8")
    for name, texts in (("faulty", FAULTY), ("play", PLAY), ("asked", ASKED)):
        cells = [nbformat.v4.new_code_cell(text) for text in texts]
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=building.METADATA), folder / f"{name}.ipynb")
    with lab.jupyterlab(folder, tmp_path_factory.mktemp("jupyter")) as address:
        yield address, folder


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """One page of a headless browser."""
    assert BROWSER is not None
    with lab.chromium(BROWSER) as opened:
        yield opened


def channels(color: str) -> list[float]:
    """Return red, green and blue of a computed color, 0 to 1, linear."""
    values = [int(value) / 255 for value in re.findall(r"\d+", color)[:3]]
    return [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in values]


def luminance(color: str) -> float:
    red, green, blue = channels(color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def faults(seen: dict, theme: str) -> list[str]:
    """Return what a reader would stumble over."""
    found = [*seen["errors"], *seen["wide"], *seen["nan"], *seen["cut"], *seen["short"]]
    for figure in seen["figures"]:
        ratio = contrast(figure["text"], figure["background"])
        if ratio < 4.5:
            found.append(f"{figure['title']!r} has contrast {ratio:.1f} in the {theme} theme")
        if (luminance(figure["background"]) > 0.5) != (theme == "light"):
            found.append(f"{figure['title']!r} does not follow the {theme} theme: {figure['background']}")
    return found


@LESSONS
def test_a_lesson_runs_and_can_be_read_in_light_and_dark(served: tuple[str, Path], page: Page, source: Path) -> None:
    address, _ = served
    lab.open_notebook(page, address, f"{source.stem}.ipynb")
    lab.set_theme(page, "light")
    lab.run_all(page)
    for theme in lab.THEMES:
        lab.set_theme(page, theme)
        seen = lab.look(page)
        lab.photograph(page, f"{source.stem}-{theme}")
        assert seen["cells"] == sum(cell.cell_type == "code" for cell in building.solution_form(source).cells)
        assert seen["figures"] or is_appendix(source.stem), "the lesson shows no picture"
        assert faults(seen, theme) == []
    for width in NARROW.values():
        lab.resize(page, width)
        seen = lab.look(page)
        lab.photograph(page, f"{source.stem}-{width}")
        assert [*seen["cut"], *seen["short"]] == [], width
    lab.resize(page, lab.WIDTH)


def test_the_browser_finds_the_faults_of_a_faulty_notebook(served: tuple[str, Path], page: Page) -> None:
    address, _ = served
    lab.open_notebook(page, address, "faulty.ipynb")
    lab.set_theme(page, "dark")
    lab.run_all(page)
    text = "\n".join(faults(lab.look(page), "dark"))
    for expected in (
        "ZeroDivisionError",
        " wide in ",
        'd="M NaN 0"',
        "has contrast 1.2",
        "does not follow the dark theme",
        "DIV a name too long is cut",
        "DIV far stands out",
        "unauth…ed-07 is shortened",
    ):
        assert expected in text


IN_VIEW = """() => [...document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden) h3')]
    .filter(e => e.checkVisibility() && Math.abs(e.getBoundingClientRect().top - 90) < 200).map(e => e.innerText)"""


def test_a_word_of_a_lesson_leads_to_the_glossary(served: tuple[str, Path], page: Page) -> None:
    address, _ = served
    lab.open_notebook(page, address, "00-start-here.ipynb")
    word = page.locator(".jp-RenderedMarkdown a", has_text="network plugin").first
    word.click()
    page.get_by_role("link", name="SNAT", exact=True).click()
    page.wait_for_function(f"() => ({IN_VIEW})().includes('SNAT')")
    page.locator(".lm-TabBar-tab", has_text="00-start-here").click()
    word.click()
    page.wait_for_function(f"() => ({IN_VIEW})().includes('network plugin')")
    assert lab.look(page)["wide"] == []


def test_a_stored_notebook_that_nobody_trusts_yet_still_says_everything(served: tuple[str, Path], page: Page) -> None:
    """Opened and not run, JupyterLab strips style and drawings from its pictures; the text twins stand in for them."""
    address, folder = served
    name = "03-allow-specific.ipynb"
    stored = build.HERE / "solutions" / name
    (folder / f"stored-{name}").write_bytes(stored.read_bytes())
    lab.open_notebook(page, address, f"stored-{name}")
    page.wait_for_selector(".jp-OutputArea-output figure.npl")
    for theme in lab.THEMES:
        lab.set_theme(page, theme)
        seen = lab.look(page)
        lab.photograph(page, f"untrusted-{theme}")
        assert seen["wide"] == []
        assert seen["drawings"] == 0, "this test is about a notebook whose drawings were taken away"
        pictures = stored.read_text(encoding="utf-8").count('<figure class=\\"npl')
        assert len(seen["figures"]) == pictures
        assert all(figure["says"] for figure in seen["figures"]), "a picture left nothing to read"


def test_the_playground_is_used_by_keyboard_alone(served: tuple[str, Path], page: Page) -> None:
    address, _ = served
    lab.open_notebook(page, address, "play.ipynb")
    lab.set_theme(page, "light")
    lab.run_all(page)
    assert lab.look(page)["errors"] == []
    output = page.locator(".jp-CodeCell").nth(2).locator(".jp-Cell-outputArea")
    boxes = output.get_by_role("checkbox")
    boxes.first.wait_for()
    assert boxes.count() == 2, "one for each policy"
    said = output.get_by_text("of 2 policies on")
    assert "2 of 2" in said.inner_text()
    assert "Only client-07 reaches server-07" in output.inner_text()
    boxes.first.focus()
    page.keyboard.press("Space")
    output.get_by_text("1 of 2 policies on").wait_for()
    assert "Only client-07 reaches server-07" not in output.inner_text()
    page.keyboard.press("Space")
    output.get_by_text("2 of 2 policies on").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    output.get_by_text("1 of 2 policies on").wait_for()
    source = output.get_by_label("From")
    source.focus()
    page.keyboard.press("ArrowDown")
    output.get_by_text("Now: ✕").wait_for()
    assert page.evaluate("document.activeElement.tagName") == "SELECT", "the arrow moved the notebook's cell"
    seen = lab.look(page)
    assert (seen["errors"], seen["wide"], seen["nan"]) == ([], [], [])


def test_cause_and_effect_of_the_playground_are_on_one_screen(served: tuple[str, Path], page: Page) -> None:
    address, _ = served
    lab.open_notebook(page, address, "play.ipynb")
    lab.resize(page, lab.WIDTH, 800)
    lab.run_all(page)
    output = page.locator(".jp-CodeCell").nth(2).locator(".jp-Cell-outputArea")
    output.get_by_role("checkbox").first.click()
    output.get_by_text("Before: ").wait_for()
    for view in ("Change", "Graph", "Matrix", "Why"):
        output.get_by_role("button", name=view).click()
        page.wait_for_timeout(300)
        lab.photograph(page, f"playground-{view}")
        assert output.bounding_box()["height"] <= 700, view
    for width in NARROW.values():
        lab.resize(page, width)
        assert faults(lab.look(page), "light") == []


SIZES = """() => { const figure = document.querySelector('.jp-OutputArea-output figure.npl');
    return [parseFloat(getComputedStyle(figure).fontSize), figure.getBoundingClientRect().width,
            ...[...figure.querySelectorAll('svg')].slice(-2).map(e => e.getBoundingClientRect().width)]; }"""


def test_pictures_grow_with_presentation_mode_as_prose_does(served: tuple[str, Path], page: Page) -> None:
    address, _ = served
    lab.open_notebook(page, address, "play.ipynb")
    lab.resize(page, 1600)
    lab.run_all(page)
    page.locator("figure.npl svg").first.wait_for()
    before = page.evaluate(SIZES)
    lab.toggle_presentation_mode(page)
    after = page.evaluate(SIZES)
    lab.photograph(page, "presentation-mode")
    lab.toggle_presentation_mode(page)
    lab.resize(page, lab.WIDTH)
    assert before[0] == 14
    assert after[0] == 17
    assert len(before) == 4, "a font, a card and two signs of its legend"
    assert all(now > then * 1.1 for then, now in zip(before, after, strict=True)), (before, after)


FOCUSED = "() => document.activeElement.innerText"


def tab_to(page: Page, cell: Locator, word: str) -> None:
    """Press Tab from a cell on, over its toolbar, until the button of that word has the focus."""
    cell.locator(".jp-InputPrompt").click()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == word:
            return
    raise AssertionError(f"Tab does not reach {word!r}")


def test_a_prediction_is_made_by_keyboard_alone_and_its_comparison_follows_below(
    served: tuple[str, Path], page: Page
) -> None:
    address, _ = served
    lab.open_notebook(page, address, "asked.ipynb")
    lab.set_theme(page, "light")
    lab.run_all(page)
    asked, compared = (page.locator(".jp-CodeCell").nth(n) for n in (2, 3))
    output = asked.locator(".jp-OutputArea").first
    tab_to(page, asked, "a")
    page.keyboard.press("Enter")
    output.get_by_role("alert").get_by_text("You expect a. Now see what happens.").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("() => getComputedStyle(document.activeElement).outlineWidth") == "3px"
    page.keyboard.press("Space")  # a prediction may be changed until it is compared
    output.get_by_role("alert").get_by_text("You expect b.").wait_for()
    assert page.evaluate(FOCUSED) == "b", "the focus stays where it was"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(FOCUSED) == "a"
    page.keyboard.press("Escape")
    compared.locator(".jp-InputPrompt").click()
    page.keyboard.press("Control+Enter")
    compared.locator("figure").get_by_text("As you predicted").wait_for()
    for theme in lab.THEMES:
        lab.set_theme(page, theme)
        assert faults(lab.look(page), theme) == []
        lab.photograph(page, f"prediction-{theme}")
    assert "You expect b" in asked.inner_text(), "the card keeps what was said"


def test_a_quiz_is_answered_by_keyboard_alone_and_the_answer_stays_in_the_saved_notebook(
    served: tuple[str, Path], page: Page
) -> None:
    address, folder = served
    lab.open_notebook(page, address, "asked.ipynb")
    lab.set_theme(page, "light")
    lab.run_all(page)
    cell = page.locator(".jp-CodeCell").nth(1)
    output = cell.locator(".jp-OutputArea").first
    output.get_by_role("button", name="show me").wait_for()
    lab.photograph(page, "quiz-asked-light")
    tab_to(page, cell, "a")
    assert page.evaluate("() => getComputedStyle(document.activeElement).outlineWidth") == "3px"
    page.keyboard.press("Space")
    said = output.get_by_role("alert")
    said.get_by_text("a is not right").wait_for()
    assert "(right" not in output.inner_text()
    lab.photograph(page, "quiz-second-try-light")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    said.get_by_text("c is right.").wait_for()
    assert page.evaluate(FOCUSED) == "c", "the focus stays where it was"
    assert output.locator("figure").get_by_text("(right, your answer)").is_visible()
    for theme in lab.THEMES:
        lab.set_theme(page, theme)
        seen = lab.look(page)
        assert faults(seen, theme) == []
        lab.photograph(page, f"quiz-answered-{theme}")
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    stored = nbformat.read(folder / "asked.ipynb", as_version=4)
    assert "(right, your answer)" in stored.cells[1].outputs[0].data["text/html"]
    assert "widgets" not in stored.metadata
