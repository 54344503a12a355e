"""A lesson as slides in a real JupyterLab: it opens as slides, cells run, and nothing is asked of a network."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
import real_jupyterlab
from click.testing import CliRunner
from playwright.sync_api import Page

from netpol_lab.lab.cli import main, present_command
from netpol_lab.lessons.decks.live_deck import live_deck
from netpol_lab.lessons.decks.taught import lesson_names
from netpol_lab.model.datafiles import lessons_to_teach

BROWSER = real_jupyterlab.browser()


@pytest.mark.parametrize("name", lesson_names())
def test_every_cell_of_a_lesson_is_on_a_slide_and_its_notes_are_on_none(name: str) -> None:
    source = next(source for source, _ in lessons_to_teach() if source.stem == name)
    cells = json.loads(live_deck(source))["cells"]
    kinds = [cell["metadata"].get("slideshow", {}).get("slide_type", "") for cell in cells]
    assert kinds[0] == "slide" and kinds.count("slide") > 3
    for cell, kind in zip(cells, kinds, strict=True):
        assert (kind == "notes") == ("notes" in cell["metadata"].get("tags", []))
        assert cell["cell_type"] == "markdown" or (kind in {"", "subslide"} and cell["outputs"] == [])


def presented(folder: Path, *words: str) -> str:
    done = CliRunner().invoke(main, ["present", "91", str(folder), "--no-open", *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_what_a_trainer_changed_stays_until_a_fresh_one_is_asked_for_and_then_lies_beside(tmp_path: Path) -> None:
    assert "copied" in presented(tmp_path)
    file = tmp_path / "91-the-routine.ipynb"
    fresh = file.read_text(encoding="utf-8")
    file.write_text(fresh.replace("kubectl get pods -A", "kubectl get nodes"), encoding="utf-8")
    assert "as you left it" in presented(tmp_path)
    assert "kubectl get nodes" in file.read_text(encoding="utf-8")
    presented(tmp_path, "--fresh")
    assert file.read_text(encoding="utf-8") == fresh
    assert "kubectl get nodes" in (tmp_path / "91-the-routine.before-reset.ipynb").read_text(encoding="utf-8")


def test_a_number_that_means_several_lessons_is_asked_about(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["present", "0", str(tmp_path), "--no-open"])
    assert done.exit_code == 2 and "Several lessons begin with '0'" in done.output


def test_without_the_slide_show_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(present_command, "find_spec", lambda name: None)
    done = CliRunner().invoke(main, ["present", "91", str(tmp_path), "--no-open"])
    assert done.exit_code == 2 and "netpol-lab[slides]" in done.output


def photograph(page: Page, name: str) -> None:
    folder = os.environ.get("NETPOL_LAB_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder, f"{name}.png"))


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where `netpol-lab present 91` serves, although the port it was given is taken."""
    log = tmp_path / "log"
    with socket.socket() as taken, open(log, "w", encoding="utf-8") as written:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        words = "import sys; from netpol_lab.lab.cli import main; main(sys.argv[1:])"
        command = [sys.executable, "-c", words, "present", "91", str(tmp_path), "--no-browser", "--port", port]
        environment = {name: value for name, value in os.environ.items() if name not in {"KUBECONFIG", "XX"}}
        server = subprocess.Popen(command, env=environment, stdout=written, stderr=written, start_new_session=True)
        try:
            until, found = time.monotonic() + 60, None
            while not found and time.monotonic() < until and server.poll() is None:
                time.sleep(0.2)
                found = re.search(r"http://127\.0\.0\.1:\d+/lab/tree/\S+", log.read_text(encoding="utf-8"))
            assert found, log.read_text(encoding="utf-8")
            assert f":{port}/" not in found[0]
            yield found[0]
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(timeout=30)


@pytest.mark.skipif(BROWSER is None or os.name == "nt", reason="there is no Chromium on PATH")
def test_a_lesson_opens_as_slides_that_turn_and_run_with_large_letters(address: str) -> None:
    complaints: list[str] = []
    with real_jupyterlab.chromium(str(BROWSER)) as page:
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on(
            "request",
            lambda asked: (
                None
                if re.match(r"(https?|ws)://127\.0\.0\.1:|data:|blob:", asked.url)
                else complaints.append(asked.url)
            ),
        )
        page.set_viewport_size({"width": 1280, "height": 720})
        page.goto(address)
        shown = ":is(.jp-deck-mod-visible, .jp-deck-mod-onscreen)"
        page.wait_for_selector(shown, timeout=60_000)
        assert "Find out with kubectl alone" in "".join(page.locator(shown).all_inner_texts())
        size = page.locator(f"{shown} p").first.evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
        assert size >= 18
        photograph(page, "present-title")
        codes = page.locator(f".jp-CodeCell{shown} .cm-content")
        for _ in range(9):
            page.locator(".jp-deck-mod-direction-forward").first.click()
            page.wait_for_timeout(500)
            if codes.count():
                break
        assert "Find out with kubectl alone" not in "".join(page.locator(shown).all_inner_texts())
        photograph(page, "present-code")
        codes.first.click()
        page.keyboard.press("Control+End")
        page.keyboard.insert_text('\nprint("scribbled", 6 * 7)')
        page.keyboard.press("Control+Enter")
        page.get_by_text("scribbled 42", exact=True).wait_for(timeout=60_000)
        photograph(page, "present-ran")
    assert complaints == []
