"""``netpol-lab doctor``: whether everything here is ready for the lessons, a line for each thing that can fail."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folder", default=".", type=click.Path(exists=True, file_okay=False))
@click.pass_context
def command(context: click.Context, folder: str) -> None:
    """Whether everything here is ready for the lessons: a line for each check, with what to do.

    \b
    ok      nothing to do
    note    the lessons work; read the line when something looks odd
    repair  do what the line says, then run this again

    FOLDER is where your notebooks are. Nothing is installed, and nothing is sent. Ends with 1 where something has to be
    repaired, so a script can ask too. The same checks stand in the same order every time.
    """
    from netpol_lab.lab.cli.checkup import CHECKS, examine

    repairs = 0
    for subject in CHECKS:
        finding = examine(subject, Path(folder))
        repairs += finding.mark == "repair"
        click.echo(f"{finding.mark:7} {subject:9} {finding}")
    click.echo(f"{repairs} to repair." if repairs else "Ready.")
    if repairs:
        context.exit(1)
