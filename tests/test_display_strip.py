"""The story in steps: one panel a step, rated from what its scene shows."""

import re

import pytest

from netpol_lab.display import strip, theme
from netpol_lab.display.strip import StripStep
from netpol_lab.model.errors import LabError, NotFound
from tests.scenes import NASTY, PodSpec, lab_a, lab_e, nasty, scene, tcp

SOURCES = ["student-07/client-07", "student-07/unauthorized-07", "External"]
SERVER = "student-07/server-07"

LAB_A_TWIN = """\
TCP 80 to server-07    1 allow all   2 default deny   3 allow specific
client-07                   .               X                 .
unauthorized-07             .               X                 X
External                    .               X                 X
isolated for ingress   none          all 3 pods       all 3 pods"""


def lab_a_strip(**changes):
    steps = [
        StripStep("Allow all", "no policy", lab_a(1)),
        StripStep("Default deny", "+ default-deny.yaml", lab_a(2)),
        StripStep("Allow specific", "+ allow-client-to-server.yaml", lab_a(3)),
    ]
    return strip.draw(changes.pop("steps", steps), SOURCES, SERVER, 80, "TCP", **changes)


def test_sign_and_word_of_a_header_come_from_the_scene():
    html = lab_a_strip().html
    assert re.findall(r">([○●◐] [^<]*)<", html) == [
        "○ open to everyone",
        "● closed to everyone",
        "◐ only what is needed",
    ]
    assert [role for role in ("pOpen", "pClosed", "pNeed") if theme.color(role) in html] == [
        "pOpen",
        "pClosed",
        "pNeed",
    ]


def test_the_twin_is_the_one_of_the_specification():
    assert lab_a_strip().twin == LAB_A_TWIN


def test_title_and_quiet_line_are_composed_from_the_scenes():
    assert lab_a_strip().title == "Open, closed, then only what is needed"
    assert lab_a_strip().quiet == "Three steps, namespace student-07, TCP 80 to server-07."
    stays = lab_a_strip(steps=[StripStep("", "no policy", lab_a(1))] * 2)
    assert stays.title == "server-07 stays open to everyone"


def test_every_step_keeps_every_pod_in_its_place():
    html = lab_a_strip().html
    for name in ("client-07", "unauthorized-07", "server-07", "External"):
        places = re.findall(rf'<text x="([\d.]+)" y="([\d.]+)"[^>]*>{name}<', html)
        assert len(places) == 3 and len(set(places)) == 1


def test_a_pod_has_the_doors_of_its_step():
    panels = lab_a_strip().html.split("translate(")
    assert "⇥" not in panels[1] and "→" in panels[1]
    assert panels[2].split("npl-legend")[0].count("⇥") == 3


def test_a_source_that_does_not_exist_yet_is_left_out_of_its_step():
    steps = [StripStep("", "", lab_a(2, unauthorized=False)), StripStep("", "", lab_a(2))]
    picture = lab_a_strip(steps=steps)
    assert len(re.findall(">unauthorized-07</text>", picture.html)) == 1
    assert re.search(r"^unauthorized-07 +X$", picture.twin, re.M)


def test_blocked_at_egress_has_its_bar_at_the_source():
    steps = [StripStep("", "", lab_e())]
    html = strip.draw(steps, ["netpol-demo/backend"], "netpol-demo/database", 80, "TCP").html
    assert "isolated for egress" in strip.draw(steps, ["netpol-demo/backend"], "netpol-demo/database", 80).twin
    assert "<polygon" in re.search(r'<g class="edge blocked">(.*?)</g>', html)[1]


def test_long_names_leave_room_for_the_line():
    pods = [PodSpec("a/" + "a-long-name-" * 4, listens=tcp(80)), PodSpec("a/" + "another-long-name-" * 4)]
    html = strip.draw(
        [StripStep("x" * 90, "f" * 90, scene(pods))], [pods[1].id, "External"], pods[0].id, 80, "TCP"
    ).html
    assert float(re.search(r'<svg[^>]* width="([\d.]+)"', html)[1]) <= theme.WIDTH


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_any_number_of_steps_fits_the_card(count):
    html = lab_a_strip(steps=[StripStep(f"Step {i}", "", lab_a(1 + i % 3)) for i in range(count)]).html
    assert html.count("▸") == count - -(-count // 3)
    assert float(re.search(r'<svg[^>]* width="([\d.]+)"', html)[1]) <= theme.WIDTH


def test_hostile_names_stay_names():
    world = nasty()
    ids = [node.id for node in world.nodes if not node.is_dns]
    picture = strip.draw([StripStep(NASTY[0], NASTY[4], world)], ids[1:], ids[0], 80, "TCP")
    assert "<script" not in picture.html and picture.html.count("</style>") == 1
    assert picture.text.isascii() and max(map(len, picture.text.splitlines())) <= 96


def test_two_renderings_are_byte_equal():
    assert lab_a_strip().html == lab_a_strip().html


def test_a_strip_without_steps_or_target_is_refused():
    with pytest.raises(LabError, match="at least one step"):
        strip.draw([], SOURCES, SERVER, 80, "TCP")
    with pytest.raises(NotFound):
        strip.draw([StripStep("", "", lab_a(1))], SOURCES, "student-07/nobody", 80, "TCP")
