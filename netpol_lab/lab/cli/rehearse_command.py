"""``netpol-lab rehearse``: whether each cell of a lesson does today, here, what it did when the lesson was written."""

from __future__ import annotations

import itertools

import click

WIDTH = 56
"""Characters of each of the two columns; what is longer is cut."""
LINES = 12


@click.command()
@click.argument("lessons", nargs=-1, required=True, metavar="02 ...")
@click.pass_context
def command(context: click.Context, lessons: tuple[str, ...]) -> None:
    """Run every cell of these lessons in order, and compare what it shows with what is stored.

    \b
    netpol-lab rehearse 01 02 03       before the class
    netpol-lab rehearse 0              all lessons whose number begins with 0

    A line for each cell: its time, and its command. Where it differs, expected and seen stand side by side. The last
    line says ready, or not ready and why. Ends with 0 where all is ready, with 1 where something is not, with 2 where
    a lesson cannot be used. It runs in an empty folder with a kernel of its own, so nothing of yours is touched.
    """
    from netpol_lab.lessons.decks.rehearsing import RehearsedCell, rehearse
    from netpol_lab.lessons.decks.taught import lesson_names
    from netpol_lab.model.datafiles import lessons_to_teach

    solved = {source.stem: file for source, file in lessons_to_teach()}
    reasons = []
    for name in dict.fromkeys(name for word in lessons for name in lesson_names(word)):
        click.echo(name)
        cells: list[RehearsedCell] = []

        def tell(cell: RehearsedCell, cells: list[RehearsedCell] = cells) -> None:
            cells.append(cell)
            click.echo(f"{cell.number:5}{cell.seconds:7.1f} s  {'differs ' if cell.differs else ''}{cell.line[:90]}")
            if cell.differs:
                _beside(cell.expected, cell.seen)

        stopped = rehearse(solved[name], tell)
        click.echo(f"{'all':>5}{sum(cell.seconds for cell in cells):7.1f} s")
        if stopped:
            reasons.append(f"{name}: {stopped}")
        differing = [str(cell.number) for cell in cells if cell.differs]
        if differing:
            reasons.append(f"{name}: cell {', '.join(differing)} differs")
    click.echo(f"Not ready. {'. '.join(reasons)}." if reasons else "Ready.")
    if reasons:
        context.exit(1)


def _beside(expected: str, seen: str) -> None:
    """The two texts in two columns, from the first line that differs on."""
    pairs = list(itertools.zip_longest(expected.splitlines(), seen.splitlines(), fillvalue=""))
    first = next((n for n, (one, other) in enumerate(pairs) if one != other), 0)
    click.echo(f"           {'expected':{WIDTH}} | seen")
    for one, other in pairs[first : first + LINES]:
        click.echo(f"           {one[:WIDTH]:{WIDTH}} | {other[:WIDTH]}".rstrip())
    if len(pairs) > first + LINES:
        click.echo(f"           and {len(pairs) - first - LINES} lines more")
