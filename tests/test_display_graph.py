"""The connectivity graph: which lines are drawn, what is said, and that the picture is complete and legible."""

import re
from dataclasses import replace

import pytest

from netpol_lab.display import graph, theme
from netpol_lab.display.drawn_lines import drawing
from netpol_lab.display.fold import fold
from netpol_lab.display.markup import text_width
from netpol_lab.model.errors import LabError, NotFound
from netpol_lab.model.ports import PortSet
from tests.scenes import (
    DNS,
    DNS_ID,
    LAB_A_ASKED,
    LAB_E_ASKED,
    NASTY,
    PodSpec,
    lab_a,
    lab_b,
    lab_b_matrix,
    lab_e,
    many,
    nasty,
    scene,
    tcp,
)

SCENES = {
    "lab a, step 1": (lab_a(1), ()),
    "lab a, step 2": (lab_a(2), ()),
    "lab a, step 3": (lab_a(3), LAB_A_ASKED),
    "lab b": (lab_b(True), ()),
    "lab b matrix": (lab_b_matrix(), ()),
    "lab e": (lab_e(), LAB_E_ASKED),
    "lab e open": (lab_e(False), ()),
    "nasty": (nasty(), ()),
    "many": (many(30, 2, 3), ()),
}
EVERY = pytest.mark.parametrize(("world", "asked"), SCENES.values(), ids=SCENES.keys())

LAB_E_TWIN = """\
namespace netpol-demo    isolated
  external-client        ingress, egress
  frontend               ingress, egress
  backend                ingress, egress
  database               ingress, egress

.  frontend         -> backend     TCP 80
.  External         -> frontend    TCP 80
.  all 4 pods       -> kube-dns    UDP 53, TCP 53    kube-system
X  external-client  -> frontend    TCP 80            egress of external-client
X  backend          -> database    TCP 80            egress of backend"""


def ends(picture, state=None):
    return [line.ends for line in picture.drawing.lines if not line.dns and state in (None, line.state)]


# -- which lines ---------------------------------------------------------------------------------


def test_allowed_lines_are_drawn_where_the_target_listens_and_blocked_ones_where_somebody_asked():
    picture = graph.draw(lab_a(3), blocked=LAB_A_ASKED)
    assert ends(picture, "allowed") == [("student-07/client-07", "student-07/server-07")]
    assert set(ends(picture, "blocked")) == {question[:2] for question in LAB_A_ASKED}
    assert ends(graph.draw(lab_a(3)), "blocked") == []


def test_an_allowed_answer_to_a_question_is_not_drawn_twice():
    asked = [("student-07/client-07", "student-07/server-07", "TCP", 80)]
    assert ends(graph.draw(lab_a(3), blocked=asked)) == [("student-07/client-07", "student-07/server-07")]


def test_at_most_six_blocked_lines_are_drawn_and_the_rest_is_counted():
    names = [f"a/p{i}" for i in range(8)]
    world = scene([PodSpec(name, listens=tcp(80), ingress={}) for name in names], outside=False)
    asked = [(source, target, "TCP", 80) for source in names[:3] for target in names if source != target]
    picture = graph.draw(world, blocked=asked)
    assert len(ends(picture, "blocked")) == 6
    assert "56 of 56 pairs blocked, see the matrix" in picture.quiet


def test_an_open_namespace_says_so_in_one_sentence():
    picture = graph.draw(lab_e(False))
    assert picture.title == "Nothing is closed: every pod reaches every pod"
    assert "One sentence in the frame replaces 12 lines" in picture.quiet
    assert "every pod reaches every pod, all ports" in picture.svg
    (outside,) = [line for line in picture.drawing.lines if not line.dns]
    assert outside.source.is_external and outside.to_namespace


def test_two_open_namespaces_are_joined_by_one_line_with_two_heads():
    pods = [PodSpec(f"{ns}/p{i}", listens=tcp(80)) for ns in "ab" for i in range(2)]
    (line,) = [line for line in drawing(scene(pods, outside=False)).lines if not line.dns]
    assert line.both_ways and line.from_namespace and line.to_namespace


def test_dns_is_one_dotted_line_for_a_namespace():
    lines = [line for line in drawing(lab_e()).lines if line.dns]
    assert [(line.state, line.from_namespace, line.label()) for line in lines] == [("dns", True, ())]


def test_dns_becomes_the_story_when_one_pod_does_not_reach_it():
    world = scene([PodSpec("a/x", ingress={}, egress={}), PodSpec("a/y", egress={DNS_ID: DNS})])
    lines = {line.source.name: line for line in drawing(world).lines if line.dns}
    assert (lines["x"].state, lines["x"].stop) == ("blocked", "egress")
    assert lines["y"].state == "dns"
    assert "X  x  -> kube-dns    UDP 53            egress of x" in graph.draw(world).text


def test_dns_and_the_pod_itself_are_quiet():
    for line in drawing(lab_b_matrix()).lines:
        assert line.source.id != line.target.id and not line.source.is_dns


def test_lines_carry_all_ports_on_which_the_target_listens():
    world = scene(
        [PodSpec("a/x"), PodSpec("a/y", listens=tcp(80, 443) | PortSet.of("UDP", 53), ingress={"a/x": tcp(80, 443, 9)})]
    )
    (line,) = [line for line in drawing(world).lines if not line.dns]
    assert line.label() == ("✓ TCP 80, 443",)


# -- what is said --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("world", "title"),
    [
        (lab_a(3), "Only client-07 reaches server-07"),
        (lab_a(2), "Nobody reaches server-07"),
        (lab_a(1), "Nothing is closed: every pod reaches every pod"),
        (lab_e(), "Only frontend reaches backend, and only External reaches frontend"),
        (lab_b(True), "3 of 10 pairs can connect"),
        (scene([PodSpec("a/x"), PodSpec("a/y", ingress={})]), "Nothing listens, so nobody reaches anything"),
        (many(30, 2, 3), "900 of 900 pairs can connect"),
    ],
)
def test_the_title_is_the_finding(world, title):
    assert graph.draw(world).title == title


def test_the_twin_of_lab_e_is_the_one_of_the_specification():
    assert graph.draw(lab_e(), blocked=LAB_E_ASKED).twin == LAB_E_TWIN


def test_the_description_follows_its_template():
    svg = graph.draw(lab_a(3), blocked=LAB_A_ASKED).svg
    assert ">Who reaches whom in student-07</title>" in svg
    assert "client-07 reaches server-07 on TCP 80." in svg
    assert "All pods are isolated for ingress." in svg
    assert "Every pod of student-07 reaches kube-dns on port 53." in svg


def test_a_description_of_many_lines_counts_and_names_three():
    names = [f"a/p{i}" for i in range(5)]
    world = scene([PodSpec(name, listens=tcp(80), ingress={"*": tcp(80)}) for name in names], outside=False)
    description = re.search(r"<desc[^>]*>([^<]*)", graph.draw(world).svg)[1]
    assert description.startswith("20 connections allowed, 0 blocked. Three of them:")


# -- the picture ---------------------------------------------------------------------------------


@EVERY
def test_every_pod_and_every_wanted_line_is_in_the_picture(world, asked):
    picture = graph.draw(world, blocked=asked)
    assert picture.svg.count('class="node"') == len(picture.drawing.nodes)
    assert picture.svg.count('class="edge') == len(picture.drawing.lines)


@pytest.mark.parametrize("name", [n for n in SCENES if n not in ("nasty", "many")])
def test_every_pod_name_can_be_read_in_the_picture(name):
    world, asked = SCENES[name]
    svg = graph.draw(world, blocked=asked).svg
    for node in world.nodes:
        assert f">{node.name}</text>" in svg


@EVERY
def test_the_natural_width_fits_the_card(world, asked):
    width = float(re.search(r'<svg[^>]* width="([\d.]+)"', graph.draw(world, blocked=asked).svg)[1])
    assert width <= theme.WIDTH


@EVERY
def test_all_colors_are_in_the_palette_and_no_text_is_without_one(world, asked):
    html = graph.draw(world, blocked=asked).html
    palette = {value for pair in theme.PALETTE.values() for value in pair}
    names_removed = re.sub(r">[^<]*<", "><", html)
    assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", re.sub(r"&#\w+;", "", names_removed))) <= palette
    assert all('fill="#' in tag for tag in re.findall(r"<text[^>]*>", html))
    assert not re.findall(r"<(?:rect|path|ellipse|polygon)(?![^>]*fill=)[^>]*>", html)


@EVERY
def test_two_renderings_are_byte_equal(world, asked):
    assert graph.draw(world, blocked=asked)._repr_mimebundle_() == graph.draw(world, blocked=asked)._repr_mimebundle_()


@EVERY
def test_the_text_is_ascii_and_at_most_ninety_six_columns(world, asked):
    text = graph.draw(world, blocked=asked).text
    assert text.isascii() and max(map(len, text.splitlines())) <= 96


def test_hostile_names_stay_names():
    picture = graph.draw(nasty())
    assert "<script" not in picture.html and picture.html.count("</style>") == 1 and "<b>" not in picture.html
    assert NASTY[0].replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;") in picture.svg


def test_names_fit_their_boxes():
    world = scene([PodSpec("a/" + "w" * 63, "app: " + "m" * 63, tcp(80)), PodSpec("a/" + "i" * 200)])
    width = float(re.search(r'<svg[^>]* width="([\d.]+)"', graph.draw(world).svg)[1])
    assert width <= theme.WIDTH
    for size, words in re.findall(r'font-size="(\d+)"[^>]*>([^<]*)</text>', graph.draw(world).svg):
        assert text_width(words, int(size), bold=True) < 450


def test_the_bar_stands_where_the_line_stops():
    egress = graph.draw(lab_e(), blocked=LAB_E_ASKED[:1]).svg
    line = re.search(r'<g class="edge blocked">(.*?)</g>', egress)[1]
    path_start = float(re.search(r'd="M([\d.]+)', line)[1])
    bar = float(re.search(r'<line x1="([\d.]+)"', line)[1])
    assert abs(bar - path_start) < 4 and "<polygon" in line  # an empty arrowhead shows where it wanted to go
    ingress = graph.draw(lab_a(3), blocked=LAB_A_ASKED[1:]).svg
    assert "<polygon" not in re.search(r'<g class="edge blocked">(.*?)</g>', ingress)[1]


def test_isolation_is_a_door_on_the_side_it_acts_on():
    svg = graph.draw(scene([PodSpec("a/x", egress={}), PodSpec("a/y")], dns=False, outside=False)).svg
    assert svg.count("↦") == 1 and "⇥" not in svg


def test_the_legend_holds_only_what_the_picture_uses():
    html = graph.draw(lab_a(2)).html
    assert "isolated for ingress" in html and "blocked, at the bar" not in html and "DNS, all pods" in html


def test_a_pod_whose_way_closed_stays_where_its_line_started():
    def places(step):
        svg = graph.draw(lab_a(step), blocked=LAB_A_ASKED).svg
        return [
            re.search(rf'x="([\d.]+)" y="([\d.]+)"[^>]*>{name}<', svg).groups() for name in ("client-07", "External")
        ]

    assert places(2) == places(3)


# -- large and partial scenes --------------------------------------------------------------------


def test_replicas_of_one_owner_become_one_node():
    specs = [
        PodSpec(f"shop/{name}-{i}", f"app: {name}", tcp(80), {"*": tcp(80)}, owner=f"ReplicaSet/{name}")
        for name in ("web", "catalog")
        for i in range(9)
    ]
    picture = graph.draw(scene(specs))
    assert "catalog × 9" in picture.svg and "catalog x 9" in picture.text
    assert "One node per owner" in picture.quiet


def test_a_hairball_is_refused_in_words():
    picture = graph.draw(many(60, 30))
    assert picture.svg == "" and "The matrix or the heat map shows them" in picture.html
    assert "more: see the matrix" in picture.text


def test_folded_pairs_that_differ_say_some_pods():
    specs = [PodSpec(f"{ns}/p{i}", "", tcp(80), {"*": tcp(80)} if i else {}) for ns in "ab" for i in range(8)]
    folded = fold(scene(specs))
    assert folded.by == "One node per namespace" and ("a/all pods", "b/all pods") in folded.partial
    assert "✓ TCP 80, some pods" in graph.draw(scene(specs)).svg


def test_a_question_about_a_pod_that_is_not_there_names_those_that_are():
    with pytest.raises(NotFound, match="student-07/client-07"):
        graph.draw(lab_a(3), blocked=[("student-07/nobody", "student-07/server-07", "TCP", 80)])
    with pytest.raises(LabError, match="itself"):
        drawing(lab_a(3), [("student-07/server-07", "student-07/server-07", "TCP", 80)])


def test_a_scene_of_the_outside_alone_can_be_drawn():
    world = lab_a(1)
    alone = replace(world, nodes=world.nodes[-1:], reach={})
    assert "External" in graph.draw(alone).svg


def test_the_dot_text_stands_alone():
    dot = graph.draw(lab_e(), blocked=LAB_E_ASKED).dot
    assert "newrank=true" in dot and "compound=true" in dot and "rankdir=LR" in dot
    assert "arrowtail=tee" in dot and "style=dotted" in dot and "frontend" in dot
