"""``netpol-lab test``: a table of expected connections, run against manifests."""

from __future__ import annotations

import click

from netpol_lab.lab.cli import options


@click.command()
@options.manifests
@click.argument("expectations", type=click.Path(exists=True, dir_okay=False))
@click.option("--junit", type=click.Path(dir_okay=False), help="Also write JUnit XML, which CI systems show.")
@click.option("-v", "--verbose", is_flag=True, help="Show the rows that hold too.")
@options.profile
@click.pass_context
def command(
    context: click.Context, manifests: str, expectations: str, junit: str | None, verbose: bool, profile: str
) -> None:
    """Test manifests against a table of expected connections.

    EXPECTATIONS is a YAML file:

    \b
    expectations:
    - {from: shop/web, to: shop/cart, port: 8080, expect: allow, because: the page shows it}
    - {from: "shop/*", to: External, expect: deny, because: nothing leaves the shop}

    An end is a pod or workload (shop/web), pods by their labels (shop/app=web, */team=pay), all pods of
    a namespace (shop/*), all pods (*), addresses outside (203.0.113.10, 10.0.0.0/8), the rest of the
    outside (External), or Anyone. The port is the pod's; without it a row is about every port.

    Ends with 0 where every row holds, with 1 where one is broken, with 2 where a file cannot be used.
    """
    from netpol_lab.display import expectations_table as table
    from netpol_lab.tell.caveat_words import caveat_line

    cluster = options.cluster(manifests, profile)
    results = cluster.expect(expectations)
    rows = [table.ToldRow(*each.told) for each in results]
    if junit:
        from netpol_lab.lab.cli.junit import write

        write(junit, expectations, rows)
    for text in table.lines(row for row in rows if verbose or row.reasons):
        click.echo(text)
    click.echo(f"{table.summary(rows)}.")
    if cluster.caveats:
        click.echo(caveat_line(cluster.caveats))
    if not all(row.held for row in rows):
        context.exit(1)
