"""``netpol-lab bundle``: everything to install on a machine without the Internet."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"


@click.command()
@click.option(
    "--for", "platform", required=True, metavar="MACHINE", help="Such as linux-x86_64; a wrong one lists all."
)
@click.option("--python", default=HERE, show_default=True, help="The Python there: 3.12, or 3.12.1.")
@click.option("--into", type=click.Path(file_okay=False), help="The folder. Without it: netpol-lab-MACHINE-PYTHON.")
@click.option(
    "--wheel", type=click.Path(exists=True, dir_okay=False), help="netpol-lab's own wheel, where you have it."
)
@click.option("--class", "for_class", is_flag=True, help="What `netpol-lab class` needs too, but its proxy.")
def command(platform: str, python: str, into: str | None, wheel: str | None, for_class: bool) -> None:
    """Fill a folder with all that an install needs: every wheel, and an installer that works from a USB stick.

    \b
    netpol-lab bundle --for linux-x86_64 --python 3.12
    sh netpol-lab-linux-x86_64-3.12/install.sh             on the machine without the Internet

    The versions are the tested ones. This machine needs the Internet, and may be of another kind than the other.
    """
    from netpol_lab.lab.classroom.bundle import PLATFORMS, fill

    if platform not in PLATFORMS:
        raise click.BadParameter(f"{platform!r} is none of {', '.join(PLATFORMS)}.", param_hint="--for")
    if not re.fullmatch(r"3\.(1[1-9]|[2-9]\d)(\.\d+)?", python):
        raise click.BadParameter(
            f"{python!r} is no Python that netpol-lab runs on. An example is 3.12.", param_hint="--python"
        )
    folder = Path(into or f"netpol-lab-{platform}-{python}")
    names = fill(folder, platform, python, Path(wheel) if wheel else None, "class" if for_class else "")
    size = sum((folder / "wheels" / name).stat().st_size for name in names) / 1e6
    click.echo(f"{len(names)} wheels, {size:.0f} MB, for Python {python} on {platform}, in {folder.absolute()}.")
    click.echo("Copy the folder to a stick. On the other machine: sh install.sh, or install.ps1; README.txt says how.")
