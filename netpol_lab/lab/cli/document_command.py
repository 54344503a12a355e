"""``netpol-lab document``: the connectivity of manifests as a Markdown page."""

from __future__ import annotations

from pathlib import Path

import click

from netpol_lab.lab.cli import options


@click.command()
@options.manifests
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write the page to a file instead.")
@click.option("--title", default="Connectivity", show_default=True)
@options.profile
def command(manifests: str, output: str | None, title: str, profile: str) -> None:
    """Write a page about who may talk to whom, on which ports, admitted by which rules.

    It is Markdown with a Mermaid picture, as code hosts show it. The same manifests give the same page, so
    it can be kept beside them: in a review it shows what a change lets through.
    """
    text = options.cluster(manifests, profile).document(title)
    if output is None:
        click.echo(text, nl=False)
        return
    from netpol_lab.model.whole_files import write_whole

    write_whole(Path(output), text)
