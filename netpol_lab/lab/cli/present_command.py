"""``netpol-lab present``: a lesson in JupyterLab as slides in which every cell runs."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from netpol_lab.model.errors import NotFound
from netpol_lab.model.whole_files import write_whole

# Letters follow the width of the window: about 22 px at 1280, 33 px at 1920. Our pictures follow the prose.
SETTINGS = {
    "@jupyterlab/apputils-extension/themes": {
        "adaptive-theme": True,
        "theme-scrollbars": False,
        "overrides": {
            "code-font-size": "clamp(18px, 1.5vw, 40px)",
            "content-font-size1": "clamp(18px, 1.75vw, 44px)",
        },
    },
    "@jupyterlab/apputils-extension/notification": {"checkForUpdates": False, "fetchNews": "false"},
    "jupyterlab-slideshow/plugin": {"active": True},
}
"""What JupyterLab is told for a presentation, in a folder of its own: a trainer's settings stay as they are."""


@click.command()
@click.argument("lesson", metavar="02")
@click.argument("folder", default="presenting", type=click.Path(file_okay=False))
@click.option("--fresh", is_flag=True, help="Write the notebook anew; yours is kept beside it.")
@click.option("--no-open", is_flag=True, help="Write the notebook, and do not open it.")
@click.option("--no-browser", is_flag=True, help="Print the address, and open no browser.")
@click.option("--port", type=click.IntRange(1, 65535), help="Where JupyterLab listens. Taken: the next free one.")
def command(lesson: str, folder: str, fresh: bool, no_open: bool, no_browser: bool, port: int | None) -> None:
    """Open a lesson as slides in JupyterLab: cells run, widgets live, and every command can be changed.

    \b
    netpol-lab present 02            writes presenting/02-default-deny.ipynb, and opens it
    netpol-lab present 02 --fresh    begins anew; yours becomes 02-….before-reset.ipynb

    The arrows at the lower right turn the slides. Ctrl-Enter runs a cell and stays, Shift-Enter runs it and goes on.
    Letters and pictures grow with the window. Nothing is asked of a network. When the machine fails you:
    `netpol-lab slides 02` writes what every cell prints.
    """
    if find_spec("jupyterlab_slideshow") is None:
        from netpol_lab.lessons.decks.taught import EXTRA

        raise NotFound(f"Presenting needs jupyterlab-slideshow. {EXTRA.format(python=sys.executable)}.")
    from netpol_lab.lab.cli.lab_command import open_lab
    from netpol_lab.lab.copies import put_anew
    from netpol_lab.lessons.decks.live_deck import live_deck
    from netpol_lab.lessons.decks.taught import lesson_names
    from netpol_lab.model.datafiles import lessons_to_teach

    name, *others = lesson_names(lesson)
    if others:
        raise NotFound(f"Several lessons begin with {lesson!r}: {', '.join([name, *others])}. Name one.")
    place = Path(folder)
    file = place / f"{name}.ipynb"
    if fresh or not file.exists():
        source = next(source for source, _ in lessons_to_teach() if source.stem == name)
        click.echo(put_anew(file, live_deck(source).encode("utf-8")))
    else:
        click.echo(f"{file.name}: as you left it. `--fresh` writes it anew.")
    for plugin, values in SETTINGS.items():
        write_whole(place / ".settings" / f"{plugin}.jupyterlab-settings", json.dumps(values, indent=1) + "\n")
    if not no_open:
        settings = f"--LabApp.user_settings_dir={(place / '.settings').absolute()}"
        workspaces = f"--LabApp.workspaces_dir={(place / '.workspaces').absolute()}"
        begin = f"--LabApp.default_url=/lab/tree/{file.name}"
        words = [
            settings,
            workspaces,
            begin,
            *(["--no-browser"] if no_browser else []),
            *([f"--port={port}"] if port else []),
        ]
        open_lab(place, file.name, words)
