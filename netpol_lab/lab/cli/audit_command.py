"""``netpol-lab audit``: findings about manifests, as text or as SARIF."""

from __future__ import annotations

from pathlib import Path

import click

from netpol_lab import __version__
from netpol_lab.lab.cli import options


@click.command()
@options.manifests
@click.option("--settings", type=click.Path(dir_okay=False), help="A YAML file with severities and silences.")
@click.option("--sarif", type=click.Path(dir_okay=False), help="Also write SARIF 2.1.0, which code hosts show.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "note"]),
    default="warning",
    show_default=True,
    help="The mildest severity that ends with 1.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show what is let be too, with its reason.")
@options.profile
@click.pass_context
def command(
    context: click.Context,
    manifests: str,
    settings: str | None,
    sarif: str | None,
    fail_on: str,
    verbose: bool,
    profile: str,
) -> None:
    """Audit the policies among manifests.

    Missing defaults, pods that no policy isolates, rules that admit everybody, wide ipBlocks, DNS that is
    forgotten, rules without effect, and what was not judged. The settings silence what is meant so:

    \b
    rules: {no-default-deny-egress: off, adds-nothing: warning}
    widest: 65536
    silences:
    - {rule: admits-everybody, object: NetworkPolicy shop/web, reason: the shop is public}

    Ends with 0 where nothing is found, with 1 where something is, with 2 where a file cannot be used.
    """
    from netpol_lab.coach.audit.audit_rules import SEVERITIES
    from netpol_lab.display import audit_table as table

    cluster = options.cluster(manifests, profile)
    findings = cluster.audit(settings)
    if sarif:
        from netpol_lab.coach.audit.sarif import sarif as written
        from netpol_lab.model.whole_files import write_whole

        write_whole(Path(sarif), written(findings, __version__))
    for text in table.lines(findings, everything=verbose):
        click.echo(text)
    click.echo(f"{table.title(findings)}. {table.silenced(findings)}".strip())
    bad = SEVERITIES[: SEVERITIES.index(fail_on) + 1]  # type: ignore[arg-type]
    if any(each.severity in bad and not each.silence for each in findings):
        context.exit(1)
