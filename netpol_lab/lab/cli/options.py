"""What several commands take."""

from __future__ import annotations

from typing import Any

import click

manifests = click.argument("manifests", type=click.Path(exists=True))

profile = click.option(
    "--profile", default="upstream", metavar="NAME", help="Judge as this network plugin does: calico, cilium, ..."
)


def cluster(manifests: str, profile: str) -> Any:
    """The user's manifests as a cluster; what was passed over is told on stderr."""
    from netpol_lab.lab.clusters import Cluster

    found = Cluster.from_manifests(manifests, profile)
    for each in found.skipped:
        click.echo(f"passed over: {each}", err=True)
    return found
