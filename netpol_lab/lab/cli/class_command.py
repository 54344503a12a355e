"""``netpol-lab class``: a JupyterHub for a class, on this machine."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from netpol_lab.model.errors import LabError, NotFound

if TYPE_CHECKING:
    from netpol_lab.lab.classroom.class_folder import ClassFolder

PROXY = "configurable-http-proxy"
PROXY_VERSION = "5.3.0"
_HERE, _EVERYWHERE = "127.0.0.1", ("0.0.0.0", "::")
_file = click.Path(exists=True, dir_okay=False, resolve_path=True)


@click.command()
@click.option("--students", type=click.IntRange(0, 999), default=0, help="How many there are. More than before: added.")
@click.option("--names", type=_file, help="A text file with a name on each line. Names stand on the cards.")
@click.option("--folder", default="class", show_default=True, type=click.Path(file_okay=False), help="The class.")
@click.option("--port", type=click.IntRange(1024, 65533), default=8000, show_default=True, help="And the two after it.")
@click.option("--open-to", default=_HERE, metavar="ADDRESS", help="Where it listens. 0.0.0.0: the whole network.")
@click.option("--url", metavar="URL", help="The address for the cards, where students type another one.")
@click.option("--certificate", type=_file, help="For https: the certificate with its chain, in PEM.")
@click.option("--key", type=_file, help="For https: the certificate's key.")
@click.option("--proxy", type=_file, help=f"The program {PROXY}, where it is not on PATH.")
@click.option("--prepare", is_flag=True, help="Make folders and cards, and start nothing.")
@click.option("--update", is_flag=True, help="Bring newer notebooks to everybody now, and start nothing.")
@click.option("--reset", nargs=2, metavar="NUMBER NOTEBOOK", help="Set a student's notebook back. Theirs is kept.")
@click.option("--new-password", metavar="NUMBER", help="A new password and card for one student.")
@click.option("--end", is_flag=True, help="End the hub and every student's server. Files stay.")
def command(
    students: int, names: str | None, folder: str, port: int, open_to: str, url: str | None, certificate: str | None,
    key: str | None, proxy: str | None, prepare: bool, update: bool, reset: tuple[str, str] | None,
    new_password: str | None, end: bool,
) -> None:  # fmt: skip
    """Serve a class from this machine: a JupyterLab for each student, behind one address, with numbers and passwords.

    \b
    netpol-lab class --students 30 --prepare        folders and cards, the day before
    netpol-lab class --open-to 0.0.0.0              serve them to the network
    netpol-lab class --update                       newer notebooks, in mid-class
    netpol-lab class --reset 07 03                  lesson 03 of student 07 as it came; theirs is kept
    netpol-lab board class/students                 what the class did
    netpol-lab class --end                          end it; every file stays

    Ctrl-C stops the hub alone: whoever is at work goes on, and the same command finds them again. A student's file is
    never written over or merged: a newer notebook is put beside it as NAME.new.ipynb. Whoever may read your files may
    read the students', and a student's program runs as you: teach people who trust one another, or give each a machine.
    """
    if os.name == "nt":
        raise LabError("A class needs Linux or macOS, because JupyterHub does not run on Windows. WSL does.")
    from netpol_lab.lab.classroom.class_folder import ClassFolder
    from netpol_lab.lab.classroom.roster import grown, read_names, read_roster, seat_of
    from netpol_lab.lab.copies import reset as set_back

    place = ClassFolder(Path(folder))
    if end:
        click.echo(f"{place.end()} processes ended. Every file in {place.place} is as it was.")
        return
    if (certificate is None) != (key is None):
        raise click.UsageError("A certificate goes with its key: give both --certificate and --key.")
    seats = read_roster(place.roster)
    if not seats and not students and names is None:
        raise click.UsageError(f"There is no class in {folder} yet. Say how many: --students 30, or --names FILE.")
    address = url or _address(open_to, port, certificate is not None)
    if reset:
        click.echo(set_back(place.home(seat_of(seats, reset[0]).number), reset[1]))
        return
    seats = grown(seats, students, read_names(Path(names)) if names else [])
    for page in place.deal(seats, address, new_password or ""):
        click.echo(f"{page}: names, numbers and passwords. Print it, then delete it: they stand nowhere else.")
    for seat in seats:
        for line in place.bring(seat.number):
            if update:
                click.echo(f"{seat.number}: {line}")
    click.echo(f"{len(seats) - 1} students and the trainer have their notebooks in {place.place}.")
    if prepare or update or new_password:
        return
    with place.held():
        _serve(place, address, open_to, port, certificate or "", key or "", _proxy(proxy, place))


def _serve(
    place: ClassFolder, address: str, open_to: str, port: int, certificate: str, key: str, proxy: list[str]
) -> None:
    try:
        from netpol_lab.lab.classroom.hub import ServedClass, serve
    except ImportError:
        raise NotFound("JupyterHub is not installed here. Run `python -m pip install 'netpol-lab[class]'`.") from None

    def ready(terminal: TextIO) -> None:
        click.echo(f"The class is at {address} . Ctrl-C stops the hub; whoever is at work goes on.", terminal)
        if open_to == _HERE:
            click.echo("Only this machine reaches it. For a network: --open-to 0.0.0.0", terminal)
        elif not certificate:
            click.echo(
                "Nothing is encrypted: whoever listens on this network reads passwords. See --certificate.", terminal
            )
        terminal.flush()

    serve(ServedClass(place, proxy, open_to, port, certificate, key), ready)
    click.echo("The hub has stopped. Who was at work goes on; the same command finds them again.")
    click.echo(f"To end the class: netpol-lab class --folder {place.place} --end")


def _proxy(named: str | None, place: ClassFolder) -> list[str]:
    """The proxy's program. Raises NotFound with the way to get it."""
    own = place.place / "node_modules" / ".bin" / PROXY
    found = named or (str(own) if own.exists() else shutil.which(PROXY))
    if found is None:
        raise NotFound(
            f"There is no {PROXY}, the program that stands before JupyterHub. With Node.js 20 or newer: "
            f"`npm install --prefix {place.place} {PROXY}@{PROXY_VERSION}`."
        )
    return [found]


def _address(open_to: str, port: int, encrypted: bool) -> str:
    """The address that students type: of this machine in its network, where the class is open to all."""
    host = socket.gethostname() if open_to in _EVERYWHERE else f"[{open_to}]" if ":" in open_to else open_to
    return f"{'https' if encrypted else 'http'}://{host}:{port}/"
