"""``netpol-lab board``: the collected records of a class as one table."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False))
def command(folder: str) -> None:
    """What a class did, from the records its students handed in (work/progress-NUMBER.jsonl).

    For each exercise: how many began and passed it, the mean of their tries, and the three mistakes that most of them
    made. The records stay as they are.
    """
    from netpol_lab.display.markup import table
    from netpol_lab.lessons.exercises import definition_here
    from netpol_lab.lessons.practice.class_board import HEAD, KNOWN, board, collected, foreign_definitions
    from netpol_lab.tell import catalogue

    students, notes = collected(Path(folder))
    rows = board(students)
    for line in table([HEAD, *(row.cells for row in rows)]):
        click.echo(line)
    for id in sorted({id for row in rows for id, _ in row.mistakes} & set(catalogue.mistakes())):
        click.echo(f"{id}: {catalogue.mistake(id).name}")
    click.echo(KNOWN)
    click.echo(f"{len(students)} students: {', '.join(students)}")
    for note in [*notes, *foreign_definitions(students, definition_here)]:
        click.echo(note, err=True)
