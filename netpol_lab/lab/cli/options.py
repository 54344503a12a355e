"""What several commands take."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from netpol_lab.lab.clusters import Cluster

STDIN = "-"

path = click.Path(exists=True, allow_dash=True)
manifests = click.argument("manifests", type=path)

profile = click.option(
    "--profile", default="upstream", metavar="NAME", help="Judge as this network plugin does: calico, cilium, ..."
)


def cluster(manifests: str, profile: str) -> Cluster:
    """The user's manifests as a cluster: a file, a folder, a kustomization, or what stands on stdin.

    What was passed over is told on stderr, in one line.
    """
    from netpol_lab.kubectl.kustomize import NAMES
    from netpol_lab.lab.clusters import Cluster

    folder = Path(manifests)
    if manifests == STDIN:
        return Cluster.from_manifests(sys.stdin.read() + "\n", profile)
    if any((folder / name).is_file() for name in NAMES):
        return Cluster.from_manifests(_kustomized(manifests), profile)
    found = Cluster.from_manifests(manifests, profile)
    built = [each.file for each in found.skipped if Path(each.file).name in NAMES]
    if built:
        click.echo(
            f"{built[0]} is not applied, and what it changes is not seen. Name its folder alone, or give the output of "
            f"`kubectl kustomize` to `netpol-lab ... {STDIN}`.",
            err=True,
        )
    others = [str(each) for each in found.skipped if each.file not in built]
    if others:
        more = f" ({len(others) - 1} more)" if len(others) > 1 else ""
        click.echo(f"passed over: {others[0]}{more}", err=True)
    return found


def _kustomized(folder: str) -> str:
    """What `kubectl kustomize` prints for a folder. Raises LabError with its words where it refuses."""
    from netpol_lab.cluster.handle import SimulatedCluster
    from netpol_lab.kubectl import Session, run
    from netpol_lab.model.errors import LabError

    built = run(Session(SimulatedCluster()), ["kustomize", folder])
    if built.exit_code:
        raise LabError(built.stderr.strip().removeprefix("error: "))
    return built.stdout
