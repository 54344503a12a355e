"""Where pictures fold, list or leave out: the limits themselves, on both of their sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from netpol_lab.connections.cells import Question
from netpol_lab.connections.scene import Reach, Scene
from netpol_lab.display import delta, matrix, matrix_delta
from netpol_lab.display.changes import compare
from netpol_lab.display.drawn_lines import MOST_BLOCKED, drawing
from netpol_lab.display.fold import Folded, fold, merge
from netpol_lab.display.graph_finding import _isolation, description, where
from netpol_lab.display.graph_finding import title as graph_title
from netpol_lab.display.matrix_finding import finding
from netpol_lab.display.shares import Share, share_by_namespace
from netpol_lab.model.ports import PortSet
from tests.scenes import PodSpec, scene, tcp


def quiet(number: int, owner: str = "Deployment/crowd") -> list[PodSpec]:
    """Pods that listen nowhere, in twos of one owner."""
    return [PodSpec(f"shop/quiet-{i}", owner=f"{owner}-{i // 2}" if owner else "") for i in range(number)]


def alone(pods: Sequence[PodSpec]) -> Scene:
    return scene(pods, dns=False, outside=False)


def ways(number: int, clients: int = 4) -> Scene:
    """A scene with so many allowed connections, all to replicas of one owner."""
    sources = [f"shop/client-{i}" for i in range(clients)]
    pods = [PodSpec(each, ingress={}) for each in sources]
    for i in range(0, number, clients):
        admitted = {each: tcp(80) for each in sources[: number - i]}
        pods.append(PodSpec(f"shop/server-{i}", "", tcp(80), admitted, owner="Deployment/server"))
    return alone(pods)


@pytest.mark.parametrize(("pods", "by"), [(12, ""), (13, "One node per owner")])
def test_thirteen_pods_are_folded_and_twelve_are_not(pods: int, by: str) -> None:
    assert fold(alone(quiet(pods))).by == by


@pytest.mark.parametrize(("lines", "by"), [(20, ""), (21, "One node per owner")])
def test_twenty_one_lines_are_folded_and_twenty_are_not(lines: int, by: str) -> None:
    assert len(drawing(ways(lines)).lines) == lines
    assert fold(ways(lines)).by == by


@pytest.mark.parametrize(("pods", "by"), [(20, ""), (21, "One node per namespace")])
def test_pods_without_owners_are_folded_by_namespace_from_twenty_one(pods: int, by: str) -> None:
    assert fold(alone(quiet(pods, owner=""))).by == by


def by_namespace(world: Scene) -> Folded:
    return merge(world, lambda node: f"{node.namespace}/all", "")


def test_workloads_of_one_name_in_two_namespaces_stay_two() -> None:
    pods = [PodSpec(f"{space}/web-{i}", owner="Deployment/web") for space in ("blue", "green") for i in range(7)]
    assert {node.id for node in fold(alone(pods)).scene.nodes} == {"blue/web", "green/web"}


def test_a_folded_node_counts_its_pods_is_isolated_where_any_is_and_connects_in_part() -> None:
    pods = [
        PodSpec("shop/one", "", tcp(80), {}, {}, count=3),
        PodSpec("shop/other", "", tcp(80)),
        PodSpec("test/client"),
    ]
    folded = by_namespace(alone(pods))
    shop = folded.scene.node("shop/all")
    assert (shop.count, shop.isolated_ingress, shop.isolated_egress) == (4, True, True)
    assert folded.partial == {("test/all", "shop/all")}
    assert folded.asked((("shop/one", "shop/other", "TCP", 80), ("test/client", "shop/one", "TCP", 80))) == (
        ("test/all", "shop/all", "TCP", 80),
    )


def test_what_depends_on_the_plugin_still_does_when_it_is_folded() -> None:
    world = alone([PodSpec("shop/one", "", tcp(80)), PodSpec("test/client")])
    certain = Reach(tcp(81), tcp(81))
    pair = ("test/client", "shop/one")
    unsure = replace(world, reach={**world.reach, pair: Reach(tcp(80, 81), tcp(80, 81), certain)})
    assert by_namespace(unsure).scene.reach["test/all", "shop/all"].depends == tcp(80)


@pytest.mark.parametrize(("pods", "grouped"), [(20, False), (21, True)])
def test_a_matrix_of_twenty_one_rows_is_shown_by_namespace(pods: int, grouped: bool) -> None:
    for picture in (matrix.draw(alone(quiet(pods))), matrix.both_ends(alone(quiet(pods)))):
        assert ("npl-groups" in picture.html) == grouped


@pytest.mark.parametrize(("pods", "has_table"), [(20, True), (21, False)])
def test_a_delta_of_twenty_one_rows_is_listed(pods: int, has_table: bool) -> None:
    before = alone(quiet(pods))
    after = alone([replace(each, ingress={}) if i == 0 else each for i, each in enumerate(quiet(pods))])
    picture = matrix_delta.matrix_delta(before, after)
    assert ("<table" in picture.html) == has_table
    assert picture.twin.splitlines()[0].startswith("-") != has_table


@pytest.mark.parametrize(("changed", "more"), [(40, ""), (41, "and 1 more")])
def test_the_text_of_a_delta_lists_forty_changes(changed: int, more: str) -> None:
    pods = quiet(changed + 1)
    after = alone([replace(pods[0], ingress={}), *pods[1:]])
    told = matrix_delta.matrix_delta(alone(pods), after).twin
    assert told.count(" -> blocked at ingress") == 40
    assert "more" not in told if not more else more in told


def test_a_matrix_delta_counts_what_changed_and_marks_who_came_and_went() -> None:
    one, two, three = (PodSpec(f"shop/{name}") for name in ("one", "two", "three"))
    before, after = alone([one, two]), alone([replace(one, ingress={}), two, three])
    came = matrix_delta.matrix_delta(alone([one, two]), alone([one, two, three]))
    went = matrix_delta.matrix_delta(alone([one, two, three]), alone([one, two]))
    assert "three is new" in came.title and "three is gone" in went.title
    assert "three" in went.twin.partition("new / gone")[0]
    changed = matrix_delta.matrix_delta(before, after)
    row = ["shop/two", "shop/one", "removed"]
    assert changed.frame[["source", "destination", "change"]].to_numpy().tolist() == [row]
    assert changed.title.startswith("1 of 2 cells changed")


def opened(number: int, clients: int = 4) -> tuple[Scene, Scene]:
    """Before: nobody reaches a server. After: as in :func:`ways`."""
    after = ways(number, clients)
    shut = {pair: Reach(PortSet.NONE, PortSet.NONE) for pair in after.reach}
    return replace(after, reach=shut), after


@pytest.mark.parametrize(("lines", "fits"), [(14, True), (15, False)])
def test_a_delta_is_drawn_with_fourteen_lines_and_not_with_fifteen(lines: int, fits: bool) -> None:
    assert compare(*opened(lines)).fits == fits


@pytest.mark.parametrize(("same", "shown"), [(13, 14), (14, 1)])
def test_what_did_not_change_is_drawn_up_to_fourteen_lines(same: int, shown: int) -> None:
    after = ways(same + 1)
    pair = ("shop/client-0", "shop/server-0")
    before = replace(after, reach={**after.reach, pair: Reach(PortSet.NONE, PortSet.NONE)})
    changes = compare(before, after)
    assert (len(changes.lines), len(changes.of("same"))) == (same + 1, same)
    assert len(changes.drawing.lines) == shown


@pytest.mark.parametrize(("ends", "fits"), [(20, True), (22, False)])
def test_a_delta_is_drawn_with_twenty_nodes_and_not_with_more(ends: int, fits: bool) -> None:
    pairs = [(f"shop/a-{i}", f"shop/b-{i}") for i in range(ends // 2)]
    pods = [PodSpec(a, ingress={}) for a, _ in pairs] + [PodSpec(b, "", tcp(80), {a: tcp(80)}) for a, b in pairs]
    after = alone(pods)
    shut = {pair: Reach(PortSet.NONE, PortSet.NONE) for pair in after.reach}
    changes = compare(replace(after, reach=shut), after)
    assert (len(changes.drawing.nodes), changes.fits) == (ends, fits)


@pytest.mark.parametrize(("pods", "panels"), [(8, True), (9, False)])
def test_two_moments_stand_side_by_side_for_eight_pods_and_not_for_nine(pods: int, panels: bool) -> None:
    world = [PodSpec("shop/server", "", tcp(80), {}), *quiet(pods - 1)]
    before = alone([replace(world[0], ingress=None), *world[1:]])
    picture = delta.draw(before, alone(world), side_by_side=True)
    assert ("side_by_side" not in picture.html) == panels


def test_a_title_claims_every_way_in_only_when_none_is_left() -> None:
    def world(first: dict[str, PortSet] | None) -> Scene:
        servers = [PodSpec("shop/one", "", tcp(80), first), PodSpec("shop/two", "", tcp(80))]
        return alone([*servers, PodSpec("shop/client")])

    assert "very way in" not in delta.draw(world(None), world({})).title


def test_isolation_is_told_as_what_came_and_what_went() -> None:
    shut, free = alone([PodSpec("shop/one", ingress={}), *quiet(1)]), alone([PodSpec("shop/one"), *quiet(1)])
    assert compare(free, shut).isolated("ingress", newly=True) == ("one",)
    assert compare(free, shut).isolated("ingress", newly=False) == ()
    assert compare(shut, free).isolated("ingress", newly=False) == ("one",)
    assert compare(free, shut).isolated("egress", newly=True) == ()


@pytest.mark.parametrize(("asked", "drawn"), [(6, 6), (7, MOST_BLOCKED)])
def test_six_blocked_lines_are_drawn(asked: int, drawn: int) -> None:
    world = alone([PodSpec("shop/server", "", tcp(80), {}), *quiet(7)])
    questions = [(f"shop/quiet-{i}", "shop/server", "TCP", 80) for i in range(asked)]
    assert sum(line.state == "blocked" for line in drawing(world, questions).lines) == drawn


@pytest.mark.parametrize(("lines", "whole"), [(12, True), (13, False)])
def test_twelve_lines_are_told_one_by_one(lines: int, whole: bool) -> None:
    told = description(drawing(ways(lines)))
    assert (told.count(" reaches ") == lines) == whole


@pytest.mark.parametrize("way", ["egress", "ingress"])
def test_a_blocked_line_stops_at_the_end_that_is_closed_and_that_end_is_isolated(way: str) -> None:
    server = PodSpec("shop/server", "", tcp(80), {} if way == "ingress" else None)
    client = PodSpec("shop/client", egress={} if way == "egress" else None)
    seen = drawing(alone([server, client]), [("shop/client", "shop/server", "TCP", 80)])
    (line,) = [each for each in seen.lines if each.state == "blocked"]
    assert ("client" in where(line), "server" in where(line)) == (way == "egress", way == "ingress")
    assert [word for word in ("egress", "ingress") if word in " ".join(_isolation(seen))] == [way]


def test_all_but_one_are_not_everybody() -> None:
    world = alone([PodSpec("shop/server", "", tcp(80), {"shop/quiet-0": tcp(80)}), *quiet(2)])
    assert "verybody" not in graph_title(world, drawing(world))


def test_a_namespace_of_one_pod_is_not_said_to_be_open() -> None:
    assert drawing(alone([PodSpec("shop/one", "", tcp(80)), PodSpec("test/client")])).open == ()


def test_a_matrix_says_all_ports_only_where_every_pair_has_them() -> None:
    some = alone([PodSpec("shop/one", ingress={"*": tcp(80)}), *quiet(1)])
    assert "not on all ports" in finding(some, Question()) and "not" not in finding(alone(quiet(2)), Question())


def test_three_doors_are_counted_and_not_told() -> None:
    ids = [f"shop/server-{i}" for i in range(3)]
    pods = [PodSpec(each, "", tcp(80), {"shop/client": tcp(80)}) for each in ids]
    assert "server-2" not in finding(alone([*pods, PodSpec("shop/client")]), Question())


def test_shares_count_pairs_of_pods_and_never_round_to_all_or_none() -> None:
    assert [Share(number, 1000).percent for number in (0, 1, 999, 1000)] == [0, 1, 99, 100]
    world = alone([PodSpec("shop/server", "", tcp(80), {}, count=3), PodSpec("test/client", count=2)])
    assert share_by_namespace(world).table["test", "shop"] == Share(0, 6)
