"""``netpol-lab slides``: decks as HTML files that need no network, written from the lessons."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("decks", nargs=-1, metavar="[02 ...|hour|course|all]")
@click.option(
    "--out", default="slides", show_default=True, type=click.Path(file_okay=False), help="Where to write them."
)
def command(decks: tuple[str, ...], out: str) -> None:
    """Write decks: one HTML file each, with pictures, notes and minutes in it, to show without a network.

    \b
    netpol-lab slides 02           one lesson: slides/02-default-deny.html
    netpol-lab slides hour         a talk of an hour, from the lessons
    netpol-lab slides course       two days: agenda, openings, key points, breaks
    netpol-lab slides              all of them

    Open a file in a browser. → goes on and shows what a command prints; S opens the speaker view with what to say,
    what they will ask, what to do when a live part fails, and a clock; F fills the screen. For a handout as PDF open
    FILE.html?print-pdf and print it: each slide is a page, its notes are the next.
    """
    from netpol_lab.lessons.decks.deck_choice import deck_names, deck_text
    from netpol_lab.model.whole_files import write_whole

    for name in deck_names(decks):
        text = deck_text(name)
        file = Path(out, f"{name}.html")
        write_whole(file, text)
        click.echo(f"{file}: {len(text) // 1000} kB.")
