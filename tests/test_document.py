"""The connectivity document, and the review of a change as connections."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from test_expectations import POLICIES, SHOP

from netpol_lab import Cluster
from netpol_lab.lab.cli import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, policies in (("old", ""), ("new", POLICIES)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "shop.yaml").write_text(SHOP, "utf-8")
        if policies:
            (tmp_path / name / "policies.yaml").write_text(policies, "utf-8")
    return tmp_path


def ran(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def rows(page: str) -> list[list[str]]:
    lines = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith("| to ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_the_page_says_who_reaches_whom_on_which_ports_and_by_which_rules(folder: Path) -> None:
    page = ran("document", "new").stdout
    assert [
        "`cart × 2`",
        "`shop/web`",
        "TCP 8080",
        "not isolated",
        "cart, rule 1 (new/policies.yaml, line 8)",
    ] in rows(page)
    rule = "mailer, rule 1 (new/policies.yaml, line 18)"
    assert ["`203.0.113.0/25`", "`post/mailer`", "TCP 25", rule, "not isolated"] in rows(page)
    assert not any("mailer" in row[0] for row in rows(page))
    assert "- Not isolated for ingress, so open to everybody who gets out: `web`." in page


def test_the_page_holds_every_connection_of_the_cluster_and_no_other(folder: Path) -> None:
    """The rows are held against those of ``Cluster.connections``, which are made another way."""
    cluster = Cluster.from_manifests("new")
    inside = set()
    for to, sources, ports, *_ in rows(cluster.document()):
        named = re.findall("`([^`]+)`", sources) or ["shop/web", "shop/cart", "post/mailer"]
        target = to.strip("`").partition(" ")[0]
        inside |= {(each, target, ports) for each in named if each[0].isalpha() and each != "External"}
    frame = cluster.connections(by="workload")
    wanted = {
        (row.source.partition("[")[0], row.destination.partition("[")[0].partition("/")[2], row.ports)
        for row in frame.itertuples()
        if "[" in row.source and "[" in row.destination
    }
    assert {row for row in inside if row[1] in ("web", "cart", "mailer")} == wanted


def test_a_row_on_which_network_plugins_differ_says_so(folder: Path) -> None:
    wide = POLICIES.replace("203.0.113.0/24, except: [203.0.113.128/25]", "0.0.0.0/0")
    (folder / "new" / "policies.yaml").write_text(wide, "utf-8")
    told = {row[0]: row[2] for row in rows(ran("document", "new").stdout) if row[1] == "`post/mailer`"}
    assert told == {"`web`": "TCP 25 (network plugins differ)", "`External`": "TCP 25"}


def test_replicas_that_reach_one_another_are_a_row(folder: Path) -> None:
    page = ran("document", "old").stdout
    assert ["`cart × 2`", "everybody", "All", "not isolated", "not isolated"] in rows(page)


def test_a_row_names_the_rules_that_admit_what_passes_and_no_other(folder: Path) -> None:
    spec = "podSelector: {matchLabels: {app: cart}}, policyTypes: [Ingress, Egress]"
    mine, dns = "[{podSelector: {matchLabels: {app: cart}}}]", "ports: [{port: 9999}]"
    head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: cart, namespace: shop}\n"
    ingress = f"ingress: [{{from: {mine}, {dns}}}, {{from: {mine}, ports: [{{port: 8080}}]}}]"
    egress = f"egress: [{{to: {mine}, ports: [{{port: 8080}}]}}]"
    (folder / "new" / "policies.yaml").write_text(f"{head}spec: {{{spec}, {ingress}, {egress}}}\n", "utf-8")
    (row,) = [row for row in rows(ran("document", "new").stdout) if row[0] == "`cart × 2`"]
    leaves, enters = (f"cart, rule {number} (new/policies.yaml, line 4)" for number in (1, 2))
    assert row == ["`cart × 2`", "`shop/cart`", "TCP 8080", leaves, enters]


def test_the_picture_is_mermaid_and_names_every_pod(folder: Path) -> None:
    (source,) = re.findall("```mermaid\n(.*?)```", ran("document", "new").stdout, re.DOTALL)
    assert "flowchart LR" in source
    assert all(f"<b>{name}" in source for name in ("web", "cart", "mailer"))


def test_the_page_is_the_same_each_time_and_says_what_it_leaves_out(folder: Path) -> None:
    other = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: l7, namespace: shop}\nspec: {}\n"
    (folder / "new" / "other.yaml").write_text(other, "utf-8")
    assert ran("document", "new", "-o", "page.md", "--title", "The shop").exit_code == 0
    page = (folder / "page.md").read_text("utf-8")
    assert page == ran("document", "new", "--title", "The shop").stdout
    assert page.startswith("# The shop\n")
    assert "## What this page leaves out" in page and "CiliumNetworkPolicy shop/l7" in page


# -- a change


def test_a_change_is_told_as_the_connections_it_opens_and_closes(folder: Path) -> None:
    done = ran("diff", "old", "new")
    assert done.exit_code == 1
    assert "~ shop/web[Pod] -> shop/cart[Deployment]: All -> TCP 8080\n" in done.stdout
    assert "- shop/web[Pod] -> post/mailer[Pod]: All\n" in done.stdout
    back = ran("diff", "new", "old").stdout
    assert "+ shop/web[Pod] -> post/mailer[Pod]: All\n" in back


def test_no_change_of_a_connection_ends_with_0_whatever_the_yaml(folder: Path) -> None:
    text = (folder / "new" / "policies.yaml").read_text("utf-8")
    (folder / "new" / "policies.yaml").write_text(f"# the same\n{text}", "utf-8")
    (folder / "again").mkdir()
    (folder / "again" / "all.yaml").write_text(f"{SHOP}---\n{POLICIES}", "utf-8")
    done = ran("diff", "new", "again")
    assert (done.exit_code, done.stdout) == (0, "No connection differs.\n")


def test_a_change_is_drawn_as_one_svg_that_stands_alone(folder: Path) -> None:
    assert ran("diff", "old", "new", "--svg", "out/change.svg").exit_code == 1
    text = (folder / "out" / "change.svg").read_text("utf-8")
    assert ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
    assert all("," in each for each in re.findall(r"var\([^)]*\)", text))  # what the notebook sets has a default
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    nothing = ran("diff", "new", "new", "--svg", "none.svg")
    assert nothing.exit_code == 0 and "none.svg is not written" in nothing.stderr
    assert not (folder / "none.svg").exists()
