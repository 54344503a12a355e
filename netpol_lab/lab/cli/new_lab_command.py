"""``netpol-lab new-lab``: a lesson of your own that already builds."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("name")
@click.option("--in", "folder", default=".", type=click.Path(file_okay=False), help="The pack: a folder of yours.")
def command(name: str, folder: str) -> None:
    """Write a lesson of your own: a source, its exercises, its quiz and its manifests. They build and pass as they are.

    \b
    netpol-lab new-lab 20-shop --in acme     write the lesson into the folder acme
    netpol-lab build-lab --in acme           build and try every lesson of acme

    NAME is two digits and a few words: 20-shop. Nothing is written over. Then change one thing after the other, and
    build again. AUTHORING.md, which comes with it, says what may stand in each file.
    """
    from netpol_lab.lessons.packs import new_lab

    for file in new_lab.write(name, Path(folder)):
        click.echo(f"{file}: written.")
    click.echo(f"Now: netpol-lab build-lab {name}{'' if folder == '.' else f' --in {folder}'}")
