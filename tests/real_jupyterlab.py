"""A real JupyterLab, and a real browser that opens notebooks in it, runs them, and looks.

What was learned the hard way stands beside the line that minds it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

TOKEN = "netpol-lab-test"
SECONDS_TO_START = 60
SECONDS_TO_RUN = 120
WIDTH = 1280
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}

SETTINGS = {
    # Cells off screen are not in the page unless windowing is off.
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"checkForUpdates": False, "fetchNews": "false"},
}

ERRORS = """window.jupyterapp.shell.currentWidget.content.model.toJSON().cells
    .flatMap(cell => cell.outputs ?? []).filter(output => output.output_type === 'error')"""


def browser() -> str | None:
    """Return the browser to drive: the one named by ``NETPOL_LAB_BROWSER``, or a Chromium on PATH, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("NETPOL_LAB_BROWSER") or next(filter(None, map(shutil.which, names)), None)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def jupyterlab(folder: Path, private: Path) -> Iterator[str]:
    """Serve ``folder`` by a JupyterLab whose own files lie in ``private``; yield its address."""
    for name, values in SETTINGS.items():
        path = private / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")
    places = {
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
    }
    environment = {name: value for name, value in os.environ.items() if name not in {"KUBECONFIG", "XX"}}
    environment |= {name: str(private / place) for name, place in places.items()}
    port = free_port()
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser"),
        *(f"--ServerApp.root_dir={folder}", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        f"--IdentityProvider.token={TOKEN}",
    ]
    address = f"http://127.0.0.1:{port}"
    with open(private / "server.log", "w", encoding="utf-8") as log:
        # A session of its own: its kernels end with it.
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for_server(address, server, private / "server.log")
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)


def wait_for_server(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/api?token={TOKEN}", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')}")


@contextmanager
def chromium(path: str, scale: float = 1) -> Iterator[Page]:
    """Yield an empty page of a headless browser, as wide as a small laptop's; ``scale`` is for a finer screen."""
    # The sandbox does not work for root in a container; the other words keep the browser off the network.
    words = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    words += ["--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=path, args=words, ignore_default_args=["--hide-scrollbars"]
        )
        try:
            yield started.new_page(viewport={"width": WIDTH, "height": 900}, device_scale_factor=scale)
        finally:
            started.close()


def open_notebook(page: Page, address: str, name: str) -> None:
    """Open one notebook alone in the window, and wait until its kernel is connected and idle."""
    page.goto(f"{address}/lab/workspaces/auto-{Path(name).stem}/tree/{name}?token={TOKEN}")
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=SECONDS_TO_START * 1000)
    wait_until_idle(page)
    page.evaluate("window.jupyterapp.shell.collapseLeft()")


def wait_until_idle(page: Page) -> None:
    """Wait for the kernel itself to say so: the status bar tells it a moment late, when outputs may be missing yet."""
    page.wait_for_function(
        "() => { const kernel = window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel;"
        " return kernel?.connectionStatus === 'connected' && kernel.status === 'idle'; }",
        timeout=SECONDS_TO_RUN * 1000,
    )


def run_all(page: Page) -> None:
    """Choose Run > Run All Cells and wait until no code cell waits any more."""
    prompts = "() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(p => p.innerText)"
    for _ in range(5):
        page.locator(".lm-MenuBar-item", has_text=re.compile("^Run$")).click()
        page.locator(".lm-Menu-item", has_text="Run All Cells").first.click()
        # A run that is asked for before the kernel is connected is lost without a word.
        until = time.monotonic() + 3
        while time.monotonic() < until:
            if any(re.search(r"\[[*\d]", prompt) for prompt in page.evaluate(prompts)):
                break
            page.wait_for_timeout(100)
        else:
            continue
        break
    # After an error JupyterLab takes the cells below it out of the queue, and they never get a number.
    page.wait_for_function(
        f"() => {{ const prompts = ({prompts})(); const raised = {ERRORS}.length > 0;"
        " return prompts.every(p => /\\[\\d+\\]/.test(p)) || (raised && !prompts.some(p => p.includes('*'))); }",
        timeout=SECONDS_TO_RUN * 1000,
    )
    wait_until_idle(page)


def set_theme(page: Page, theme: str) -> None:
    """Switch the whole JupyterLab to ``light`` or ``dark``."""
    page.evaluate(f"window.jupyterapp.commands.execute('apputils:change-theme', {{theme: '{THEMES[theme]}'}})")
    wanted = "true" if theme == "light" else "false"
    page.wait_for_function(f"() => document.body.dataset.jpThemeLight === '{wanted}'")
    # The style sheet of the theme arrives a little after the attribute.
    page.wait_for_timeout(500)


LOOK = """
() => {
  const shown = e => e.getClientRects().length > 0;
  const number = e => (e.closest('.jp-CodeCell')?.querySelector('.jp-InputPrompt')?.innerText ?? '?');
  const wide = [...document.querySelectorAll('.jp-Notebook .jp-OutputArea-output, .jp-Notebook .jp-RenderedMarkdown')]
    .filter(e => shown(e) && e.scrollWidth > e.clientWidth + 1)
    .map(e => `${number(e)} is ${e.scrollWidth} wide in ${e.clientWidth}`);
  const panel = document.querySelector('.jp-Notebook');
  if (panel.scrollWidth > panel.clientWidth + 1)
    wide.push(`the notebook is ${panel.scrollWidth} wide in ${panel.clientWidth}`);
  const attributes = [...document.querySelectorAll('.jp-OutputArea-output svg *')].flatMap(e => [...e.attributes])
    .filter(a => /NaN|undefined/.test(a.value)).map(a => `${a.ownerElement.tagName} ${a.name}="${a.value}"`);
  const words = [...document.querySelectorAll('.jp-OutputArea-output')]
    .filter(e => /\\bNaN\\b|\\bundefined\\b/.test(e.innerText)).map(e => `${number(e)} shows NaN or undefined`);
  const errors = ERRORS.map(o => `${o.ename}: ${o.evalue}`);
  const colors = e => { const s = getComputedStyle(e); return {background: s.backgroundColor, text: s.color}; };
  const figures = [...document.querySelectorAll('.jp-OutputArea-output figure.npl')].filter(shown)
    .map(e => ({...colors(e), title: e.innerText.split('\\n')[0], says: e.innerText.trim().length > 80}));
  const drawings = [...document.querySelectorAll('.jp-OutputArea-output figure.npl svg')].filter(shown).length;
  const scrolls = e => /auto|scroll/.test(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth + 1;
  const place = (e, figure) => { for (; e !== figure; e = e.parentElement) if (scrolls(e)) return e; return null; };
  const cut = [...document.querySelectorAll('.jp-OutputArea-output figure.npl')].filter(shown).flatMap(figure =>
    [...figure.querySelectorAll('*')].filter(e => shown(e) && !e.closest('.npl-hide')).flatMap(e => {
      const what = `${number(e)}: ${e.tagName} ${e.textContent.trim().slice(0, 40)}`;
      const own = e.closest('svg') === null && e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1;
      if (own && scrolls(e)) return e.offsetHeight - e.clientHeight < 5 ? [`${what} scrolls without a bar`] : [];
      if (own && (/TH|TD/.test(e.tagName) || /hidden|clip/.test(getComputedStyle(e).overflowX)))
        return [`${what} is cut`];
      const beyond = e.getBoundingClientRect().right > figure.getBoundingClientRect().right + 1;
      return beyond && !place(e.parentElement, figure) ? [`${what} stands out`] : [];
    }));
  const short = [...document.querySelectorAll('.jp-OutputArea-output figure.npl *')]
    .filter(e => shown(e) && !e.closest('pre') && !e.children.length && e.textContent.includes('…'))
    .map(e => `${number(e)}: ${e.textContent} is shortened`);
  return {cut, short, wide, nan: [...attributes, ...words], errors, figures, drawings,
          cells: document.querySelectorAll('.jp-CodeCell').length};
}
""".replace("ERRORS", ERRORS)


def look(page: Page) -> dict[str, Any]:
    """Return what there is to see: what is too wide, cut or shortened, NaN, errors, and the figures' colors."""
    seen: dict[str, Any] = page.evaluate(LOOK)
    return seen


def resize(page: Page, width: int, height: int = 900) -> None:
    """Make the window as wide as this. A window of 1280 px at 200 % zoom has 640 of them."""
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_timeout(500)


def toggle_presentation_mode(page: Page) -> None:
    page.evaluate("window.jupyterapp.commands.execute('application:toggle-presentation-mode')")
    page.wait_for_timeout(500)


def photograph(page: Page, name: str) -> None:
    """Keep a picture of the whole notebook when ``NETPOL_LAB_SCREENSHOTS`` names a folder for it."""
    folder = os.environ.get("NETPOL_LAB_SCREENSHOTS")
    if not folder:
        return
    width = page.evaluate("window.innerWidth")
    panels = "[...document.querySelectorAll('.jp-Notebook, .jp-Notebook .jp-WindowedPanel-outer')]"
    height = page.evaluate(f"Math.max(...{panels}.map(e => e.scrollHeight))")
    page.set_viewport_size({"width": width, "height": min(int(height) + 200, 30000)})
    page.evaluate(f"{panels}.forEach(e => e.scrollTo(0, 0))")
    page.wait_for_timeout(300)
    Path(folder).mkdir(parents=True, exist_ok=True)
    page.screenshot(path=Path(folder, f"{name}.png"))
    page.set_viewport_size({"width": width, "height": 900})
