"""``netpol-lab canary``: whether a cluster enforces policies, for administrators."""

from __future__ import annotations

import click


@click.command()
@click.argument("name", metavar="CONTEXT")
@click.option("--number", default="canary", show_default=True, help="Whose namespace it is: netpol-lab-NUMBER.")
@click.pass_context
def command(context: click.Context, name: str, number: str) -> None:
    """Whether a real cluster enforces NetworkPolicies: ingress, egress, pods and ipBlocks, and how fast.

    CONTEXT is kubectl's current context; you name it so that no other cluster is meant.

    It makes one namespace of its own, three pods and one policy after the other, and takes all of it away again. Ends
    with 1 where something is not enforced.
    """
    from pathlib import Path

    from netpol_lab.lab.live.real_cluster import RealCluster

    real = RealCluster.open(number, name, "upstream", Path())
    click.echo(f"{real.place}")
    proof = real.canary(lambda text: click.echo(text, nl=False, err=True))
    for sentence in proof.sentences:
        click.echo(sentence)
    click.echo(f"It behaves like the profile {proof.profile.name}: {proof.profile.summary}")
    if not (proof.ingress and proof.egress):
        context.exit(1)
