"""The matrix of a large cluster, by namespace: the share of pairs of pods that can connect."""

from __future__ import annotations

from netpol_lab.display import theme
from netpol_lab.display.markup import Markup, el, join
from netpol_lab.display.matrix_table import NAMED_COLUMNS, swatch
from netpol_lab.display.shares import OUTSIDE_GROUP, Share, Shares, shares_twin
from netpol_lab.model.phrases import capital

RULES = """
& .npl-grid.npl-groups { table-layout: fixed }
& .npl-groups thead tr th { vertical-align: bottom; padding: 6px 2px; overflow-wrap: anywhere }
& .npl-groups caption { text-align: left; font-weight: 700; padding: 10px 0 0; color: var(--npl-ink);
  caption-side: top }
& .npl-groups tr > * { border-top: 1px solid var(--npl-hair); border-left: 1px solid var(--npl-hair) }
& .npl-groups tbody th { overflow-wrap: anywhere }
"""


def group_table(shares: Shares, caption: str = "") -> Markup:
    """Namespaces against namespaces; many namespaces have numbers above their columns."""
    named = len(shares.names) <= NAMED_COLUMNS
    columns = [
        el("th", name if named else join([str(number), el("span", " ", name, class_="npl-hide")]), scope="col")
        for number, name in enumerate(shares.names, 1)
    ]
    corner = el("td", "from ↓", Markup(" &nbsp; "), "to →", class_="npl-corner")
    rows = [
        el("tr", _row_head(shares, number, name, named), *(_cell(shares.table[name, to]) for to in shares.names))
        for number, name in enumerate(shares.names)
    ]
    return el(
        "table",
        el("caption", capital(caption)) if caption else "",
        el("colgroup", el("col", style=theme.scaled("width:150px"))),
        el("thead", el("tr", corner, *columns)),
        el("tbody", *rows),
        class_="npl-grid npl-m npl-groups",
    )


def _row_head(shares: Shares, index: int, name: str, named: bool) -> Markup:
    front = "" if named else f"{index + 1} "
    size = shares.sizes[index]
    pods = "" if name == OUTSIDE_GROUP else el("span", f" {size} pod{'s' if size != 1 else ''}", class_="npl-count")
    return el("th", front, name, pods, scope="row")


def _cell(share: Share) -> Markup:
    percent = share.percent
    if percent is None:
        return el("td", "–", class_="npl-self")
    if share.depends:
        sign = el("span", "? ", class_="npl-sign", aria_hidden="true")
        said = el("span", ", in part as the network plugin decides", class_="npl-hide")
        return el("td", sign, el("b", share.words), said, class_="npl-plugin")
    if percent == 100:
        return el("td", el("span", "✓ ", class_="npl-sign", aria_hidden="true"), el("b", "100 %"), class_="npl-ok")
    if percent == 0:
        return el("td", el("span", "✕ ", class_="npl-sign", aria_hidden="true"), "0 %", class_="npl-no")
    return el("td", el("b", share.words))


def group_legend(*shares: Shares) -> list[tuple[Markup | str, str]]:
    """Only what the last table uses, and what any of them leaves to the network plugin."""
    seen = {share.percent for share in shares[-1].table.values() if not share.depends}
    items: list[tuple[Markup | str, str]] = []
    if 100 in seen:
        items.append((swatch("ok", "✓"), "every pair"))
    if seen - {0, 100, None}:
        items.append((swatch("some", "%"), "some pairs"))
    if 0 in seen:
        items.append((swatch("no", "✕"), "no pair"))
    if any(each.total.depends for each in shares):
        items.append((swatch("plugin", "?"), "some of these pairs depend on the network plugin"))
    return items


def group_twin(shares: Shares, caption: str = "") -> str:
    """The same in ASCII."""
    twin = shares_twin(shares)
    return f"{caption}\n{twin}" if caption else twin
