"""``netpol-lab dump``: the kubectl line whose output the library can judge, for those who may run no tool there."""

from __future__ import annotations

import click

_WITHOUT_VALUES = """jq 'del(.items[].metadata.annotations, (.items[] | .. | objects | (.env, .envFrom)))'"""


@click.command()
@click.option("--namespace", "-n", default="", help="One namespace alone, where you may not read all of them.")
@click.option("--with-env", is_flag=True, help="Keep the values of environment variables.")
def command(namespace: str, with_env: bool) -> None:
    """Print the line that dumps what decides who reaches whom. Nothing is run.

    Run it where you have kubectl and the right to list, and give the file to Cluster.from_kubectl_dump. It never asks
    for Secrets or ConfigMaps. jq takes annotations and the values of environment variables out.
    """
    from netpol_lab.lab.live.reading import dump_line

    line = dump_line(namespace)
    click.echo(f"{line} > cluster.json" if with_env else f"{line} \\\n  | {_WITHOUT_VALUES} > cluster.json")
    click.echo("# Left out: Secrets, ConfigMaps, and every kind that is not in this list.", err=True)
    if not with_env:
        click.echo("# Left out by jq: annotations, and the values of environment variables.", err=True)
    if namespace:
        click.echo("# Left out: nodes, the labels of other namespaces, and the pods in them.", err=True)
    click.echo("# Left in: names, labels, addresses, images, commands and arguments of containers.", err=True)
    click.echo('# Policies of other kinds: add theirs to the list, for example "ciliumnetworkpolicies".', err=True)
