"""``netpol-lab build-lab``: the notebooks of your own lessons, built from their sources and tried."""

from __future__ import annotations

import os
from pathlib import Path

import click

from netpol_lab.model.errors import LabError, NotFound


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--in", "folder", default=".", type=click.Path(exists=True, file_okay=False), help="The pack.")
@click.option("--check", is_flag=True, help="Write nothing. A notebook that its source does not give is a fault.")
@click.pass_context
def command(context: click.Context, names: tuple[str, ...], folder: str, check: bool) -> None:
    """Build the notebooks of your own lessons from source/ and data/, and try them. Without NAME, all of the pack.

    \b
    20-shop.ipynb             for students: exercises blank, no outputs
    solutions/20-shop.ipynb   exercises solved, run, with its outputs

    Tried is what a class would find: each exercise does not pass at its start, passes with its solution, and names the
    mistake of each wrong answer; both notebooks run from top to bottom, and print the same again. A fault is one line
    with file and line, and stops no other lesson. Ends with 1 where there is one.
    """
    from netpol_lab.model.pack_folders import VARIABLE

    build = _builder()
    pack = Path(folder).absolute()
    # For this process and the kernels that it starts.
    os.environ[VARIABLE] = os.pathsep.join(filter(None, (str(pack), os.environ.get(VARIABLE))))
    sources = {each.stem: each for each in sorted(pack.glob("source/[0-9][0-9]-*.md"))}
    if not sources:
        raise NotFound(
            f"{folder} has no lesson source/NN-name.md. `netpol-lab new-lab 20-shop --in {folder}` writes one."
        )
    unknown = [name for name in names if name not in sources]
    if unknown:
        raise NotFound(f"There is no lesson {unknown[0]!r} here. There are: {', '.join(sources)}.")
    broken = 0
    for name in names or sources:
        files, faults = build(sources[name])
        for place, text in files.items():
            file = pack / place
            if not check:
                file.parent.mkdir(exist_ok=True)
                file.write_text(text, encoding="utf-8", newline="\n")
            elif not file.exists() or file.read_text(encoding="utf-8") != text:
                faults.append(f"{place}: is not what its source gives. Build it again.")
        for fault in faults:
            click.echo(fault)
        broken += bool(faults)
        well = "as built" if check else "built and tried"
        click.echo(f"{name}: {f'{len(faults)} to repair' if faults else well}.")
    if broken:
        context.exit(1)


def _builder():  # type: ignore[no-untyped-def]
    try:
        from netpol_lab.lessons.packs.build_lab import build
    except ModuleNotFoundError as error:
        if error.name != "jupytext":
            raise
        raise LabError(
            "Building a lesson needs jupytext, which students do not need: pip install 'netpol-lab[author]'"
        ) from None
    return build
