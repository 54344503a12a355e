"""The matrix: what its cells say, its text, its table and its frame."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netpol_lab.connections.scene import Reach, Scene
from netpol_lab.display import matrix
from netpol_lab.model.ports import PortSet
from tests import scenes
from tests.picture_checks import check

LAB_B_TWIN = """\
                            1    2    3    4    5    6    7
1 production/web            #    X    X    X    X   53    X   out
2 production/api            X    #    X    X    X   53    X   out
3 production/db             X    X    #    X    X   53    X   out
4 monitoring/prometheus     X 9090    X    #    .    .    .
5 dev/tools                 X    X    X    .    #    .    .
6 kube-system/kube-dns      X    X    X    .    .    #    .
7 External                  X    X    X    .    .    .    -
                           in   in   in

.  allowed, all ports   8080  allowed, this port   X  blocked   #  self
in / out  isolated for ingress / egress"""

LAB_B_TRUTH = """\
                         egress           ingress          connection
                         1 2 3 4 5 6 7    1 2 3 4 5 6 7    1 2 3 4 5 6 7
1 production/web         # X X X X . X    # X X . . . .    # X X X X . X"""

LAB_B_CHANGES = """\
~  production/web -> production/api          TCP 8080, 9090 -> TCP 8080
-  production/web -> production/db           TCP 5432 -> blocked at both ends
+  monitoring/prometheus -> production/api   blocked at ingress -> TCP 9090
-  dev/tools -> production/db                TCP 5432 -> blocked at ingress"""


def between(reach: Reach) -> Scene:
    """Lab A's client and server with one reach from the first to the second."""
    whole = scenes.lab_a(1, unauthorized=False)
    pair = ("student-07/client-07", "student-07/server-07")
    return replace(whole, reach={**whole.reach, pair: reach})


def test_the_text_of_lab_b_is_the_one_of_the_specification() -> None:
    assert matrix.draw(scenes.lab_b_matrix()).twin == LAB_B_TWIN


def test_one_port_is_told_as_a_truth_table_of_three_blocks() -> None:
    assert matrix.draw(scenes.lab_b_matrix(), port=53).twin.startswith(LAB_B_TRUTH)


def test_changes_are_listed_below_the_grid_each_with_its_sign() -> None:
    delta = matrix.matrix_delta(scenes.lab_b(False), scenes.lab_b(True))
    assert LAB_B_CHANGES in delta.twin
    assert delta.title == "4 of 42 cells changed"
    assert delta.quiet == "1 newly allowed, 2 newly blocked, 1 ports changed, 38 unchanged."


@pytest.mark.parametrize("direction", ["both", "ingress", "egress"])
@pytest.mark.parametrize("port", [None, 80])
def test_every_matrix_keeps_the_rules_of_pictures(direction: str, port: int | None) -> None:
    for scene in (scenes.lab_a(3), scenes.lab_b_matrix(), scenes.lab_e(), scenes.nasty(), scenes.many(13, 3)):
        check(lambda scene=scene: matrix.draw(scene, port=port, direction=direction))  # type: ignore[misc]


def test_both_ends_and_deltas_keep_the_rules_of_pictures() -> None:
    for scene in (scenes.lab_b_matrix(), scenes.nasty(), scenes.many(12, 3), scenes.many(40, 5)):
        check(lambda scene=scene: matrix.both_ends(scene, 80))  # type: ignore[misc]
        check(lambda scene=scene: matrix.matrix_delta(scene, scene))  # type: ignore[misc]
    check(lambda: matrix.matrix_delta(scenes.lab_b(False), scenes.lab_b(True)))


def test_every_header_has_a_scope() -> None:
    page = check(lambda: matrix.draw(scenes.lab_b_matrix()))
    assert [header["scope"] for header in page.all("th")].count("col") == 7
    assert {header["scope"] for header in page.all("th")} == {"col", "row", "colgroup", "rowgroup"}


def test_the_words_stand_beside_the_signs() -> None:
    page = check(lambda: matrix.draw(scenes.lab_b_matrix()))
    assert "✓ allowed 9090" in page.text and "✕ blocked at both ends" in page.text
    assert "isolated for egress" in page.text


def test_an_allowed_cell_without_a_common_port_says_so() -> None:
    scene = between(Reach(PortSet.of("TCP", 80), PortSet.of("TCP", 8080)))
    assert "✕ blocked: ports differ" in check(lambda: matrix.draw(scene)).text


def test_udp_and_tcp_alike_are_one_number_and_the_quiet_line_says_what_it_means() -> None:
    assert "53 is UDP and TCP" in matrix.draw(scenes.lab_b_matrix()).quiet


def test_a_long_port_list_becomes_a_key_below_the_grid() -> None:
    ports = PortSet.of("TCP", 80) | PortSet.of("TCP", 8080, 8090) | PortSet.of("UDP", 123)
    twin = matrix.draw(between(Reach(ports, PortSet.ALL))).twin
    assert "p1  TCP 80, 8080-8090; UDP 123" in twin


@pytest.mark.parametrize(
    ("scene", "title"),
    [
        (scenes.lab_a(1), "Every pod reaches every other, on all ports"),
        (scenes.lab_a(2), "Nobody reaches client-07, unauthorized-07 and server-07"),
        (scenes.lab_a(3), "Only client-07 reaches server-07; nobody reaches client-07 and unauthorized-07"),
        (scenes.lab_b_matrix(), "Only prometheus reaches api; nobody reaches web and db"),
    ],
)
def test_the_title_is_a_finding(scene: Scene, title: str) -> None:
    assert matrix.draw(scene).title == title


def test_nine_columns_are_numbered_and_hold_signs_only() -> None:
    page = check(lambda: matrix.draw(scenes.many(9)))
    assert "npl-num" in str(page.all("table")[0]["class"])


def test_more_than_twenty_rows_are_shown_by_namespace_with_a_pointer_to_the_heat_map() -> None:
    picture = matrix.draw(scenes.many(40, 4))
    assert "heat map" in picture.html
    assert picture.twin.splitlines()[1].startswith("ns-0")
    assert picture.frame.shape == (42, 42)


def test_the_frame_holds_ports_as_text() -> None:
    frame = matrix.draw(scenes.lab_b_matrix()).frame
    assert frame.loc[("monitoring", "prometheus"), ("production", "api")] == "TCP 9090"
    assert frame.loc[("production", "web"), ("kube-system", "kube-dns")] == "TCP 53; UDP 53"
    assert frame.loc[("production", "web"), ("production", "api")] == ""
    assert frame.loc[("production", "web"), ("production", "web")] == "All"
    assert frame.loc[("", "External"), ("dev", "tools")] == "All"
    assert frame.index.names == ["namespace", "pod"]


def test_the_frame_of_one_port_holds_booleans_and_a_pod_reaches_itself() -> None:
    frame = matrix.draw(scenes.lab_b_matrix(), port=9090).frame
    assert set(frame.dtypes.astype(str)) == {"bool"}
    assert frame.loc[("monitoring", "prometheus"), ("production", "api")]
    assert not frame.loc[("dev", "tools"), ("production", "api")]
    assert all(frame.iloc[i, i] for i in range(6))


def test_one_direction_asks_that_end_only() -> None:
    scene = scenes.lab_b_matrix()
    ingress = matrix.draw(scene, port=8080, direction="ingress").frame
    egress = matrix.draw(scene, port=8080, direction="egress").frame
    web_to_api = (("production", "web"), ("production", "api"))
    assert ingress.loc[web_to_api] and not egress.loc[web_to_api]


def test_a_pod_that_comes_or_goes_is_named_and_counts_as_no_change() -> None:
    small, large = scenes.lab_a(2, unauthorized=False), scenes.lab_a(2)
    came, went = matrix.matrix_delta(small, large), matrix.matrix_delta(large, small)
    assert came.title == "unauthorized-07 is new; no other connection changed"
    assert went.title == "unauthorized-07 is gone; no other connection changed"
    assert "was blocked" in check(lambda: matrix.matrix_delta(large, small)).text


def test_the_frame_of_a_delta_lists_what_changed() -> None:
    frame = matrix.matrix_delta(scenes.lab_b(False), scenes.lab_b(True)).frame
    assert list(frame["change"]) == ["changed", "removed", "added", "removed"]
    assert list(frame.columns) == ["source", "destination", "change", "before", "after"]


def test_both_ends_count_what_each_end_admits() -> None:
    picture = matrix.both_ends(scenes.lab_b_matrix(), 9090)
    assert picture.title == "Both ends must admit: egress admits 24 pairs, ingress 25, only 13 connect on TCP 9090"
    assert "Egress at the source" in picture.html


def test_in_a_list_or_a_log_a_matrix_is_its_title_and_not_its_world():
    assert len(repr(matrix.draw(scenes.lab_a(3)))) < 300
