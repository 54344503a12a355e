"""``netpol-lab lab``: the notebooks in a folder of the student's own, and JupyterLab there."""

from __future__ import annotations

import os
from pathlib import Path

import click

from netpol_lab.model.errors import NotFound

FIRST = "00-start-here.ipynb"


@click.command()
@click.argument("folder", required=False, type=click.Path(file_okay=False))
@click.option("--no-open", is_flag=True, help="Copy the notebooks, and do not open them.")
@click.option("--reset", metavar="NOTEBOOK", help="Set one notebook back, such as 03. Yours is kept beside it.")
@click.option("--no-browser", is_flag=True, help="Print the address, and open no browser.")
@click.option("--port", type=click.IntRange(1, 65535), help="Where JupyterLab listens. Taken: the next free one.")
def command(folder: str | None, no_open: bool, reset: str | None, no_browser: bool, port: int | None) -> None:
    """Copy the notebooks into FOLDER, and open JupyterLab there. FOLDER is ./netpol-lab where you name none.

    Run it again whenever you like: it never writes over what you changed. A notebook of yours stays. When a newer one
    has come since, it is put beside yours as NAME.new.ipynb. A notebook that you did not change is renewed.

    \b
    netpol-lab lab                 begin, or go on
    netpol-lab lab --no-open       only copy
    netpol-lab lab --reset 03      lesson 03 as it came; yours becomes 03-….before-reset.ipynb

    What you write in a lesson lies in FOLDER/work, and no option touches it. Stop JupyterLab with Ctrl-C.
    """
    from netpol_lab.lab.copies import RECORD, bring
    from netpol_lab.lab.copies import reset as set_back

    place = Path(folder or ("." if Path(RECORD).is_file() else "netpol-lab"))
    if reset is not None:
        click.echo(set_back(place, reset))
        return
    for line in bring(place):
        click.echo(line)
    click.echo(f"The notebooks are in {place.absolute()}.")
    if not no_open:
        open_lab(place, FIRST, [*(["--no-browser"] if no_browser else []), *([f"--port={port}"] if port else [])])


def open_lab(folder: Path, first: str, words: list[str]) -> None:
    """Run JupyterLab in the folder with this notebook open, in this process, until it is stopped."""
    try:
        from jupyterlab.labapp import LabApp
    except ImportError:
        raise NotFound("JupyterLab is not installed here. `netpol-lab doctor` says what to do.") from None
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # JupyterLab refuses root unless told; in a container it is usual
        words = ["--allow-root", *words]
    os.chdir(folder)
    LabApp.launch_instance([first, *words])
