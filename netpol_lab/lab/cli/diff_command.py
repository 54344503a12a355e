"""``netpol-lab diff``: a review of a change, as the connections it opens and closes."""

from __future__ import annotations

import click


@click.command()
@click.argument("old", type=click.Path(exists=True))
@click.argument("new", type=click.Path(exists=True))
@click.pass_context
def command(context: click.Context, old: str, new: str) -> None:
    """What changes between two versions of your manifests, connection by connection.

    Ends with 1 where a connection differs.
    """
    from netpol_lab.lab.clusters import Cluster

    before, after = (Cluster.from_manifests(each) for each in (old, new))
    changes = before.diff(after, by="workload")
    for each in changes.to_dict("records"):
        ports = " -> ".join(text for text in (each["ports_before"], each["ports"]) if text)
        click.echo(f"{each['change']:<8} {each['source']} -> {each['destination']}: {ports}")
    if changes.attrs["caveats"]:
        click.echo(changes.attrs["caveats"])
    if len(changes):
        context.exit(1)
    click.echo("No connection differs.")
