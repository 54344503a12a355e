"""``netpol-lab diff``: a review of a change, as the connections it opens and closes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from netpol_lab.lab.cli import options

if TYPE_CHECKING:
    from netpol_lab.lab.clusters import Cluster

_SIGNS = {"added": "+", "removed": "-", "changed": "~"}


@click.command()
@click.argument("old", type=options.path)
@click.argument("new", type=options.path)
@click.option("--svg", type=click.Path(dir_okay=False), help="Also draw the change, where it is small enough to draw.")
@options.profile
@click.pass_context
def command(context: click.Context, old: str, new: str, svg: str | None, profile: str) -> None:
    """Compare two versions of manifests by what they let through, connection by connection.

    A line begins with + for a connection that is new, with - for one that is gone, with ~ for one on other
    ports. What YAML differs and lets the same through is not told. Workloads are one, however many their
    replicas; addresses outside are ranges.

    Ends with 0 where every connection is as it was, with 1 where one differs, with 2 where a file cannot be used.
    """
    before, after = (options.cluster(each, profile) for each in (old, new))
    changes = before.diff(after, by="workload")
    for each in changes.to_dict("records"):
        ports = " -> ".join(text for text in (each["ports_before"], each["ports"]) if text)
        click.echo(f"{_SIGNS[each['change']]} {each['source']} -> {each['destination']}: {ports}")
    if changes.attrs["caveats"]:
        click.echo(changes.attrs["caveats"])
    if svg:
        _draw(svg, before, after, old, new)
    if len(changes):
        context.exit(1)
    click.echo("No connection differs.")


def _draw(file: str, before: Cluster, after: Cluster, old: str, new: str) -> None:
    from netpol_lab.connections.scene import build
    from netpol_lab.display import delta
    from netpol_lab.model.whole_files import write_whole

    picture = delta.draw(build(before), build(after), before_name=old, after_name=new)
    if isinstance(picture, delta.DeltaPicture):
        write_whole(Path(file), picture.svg + "\n")
    else:
        click.echo(f"{file} is not written: the change cannot be drawn, or there is none.", err=True)
