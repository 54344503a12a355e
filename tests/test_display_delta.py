"""Before and after: what changed is loud, what did not is quiet, and every kind has its sign."""

import re
from dataclasses import replace

import pytest

from netpol_lab.display import delta, theme
from netpol_lab.display.changes import compare
from netpol_lab.model.labels import LabelSelector
from netpol_lab.model.objects import NetworkPolicy
from tests.scenes import DNS, DNS_ID, PodSpec, lab_a, lab_b, lab_e, many, nasty, scene, tcp

PAIRS = {
    "default deny": (lab_a(1), lab_a(2)),
    "allow specific": (lab_a(2), lab_a(3)),
    "back to open": (lab_a(2), lab_a(1)),
    "tightening": (lab_b(False), lab_b(True)),
    "lab e": (lab_e(False), lab_e()),
    "nothing": (lab_a(2), lab_a(2)),
    "another world": (lab_a(1), nasty()),
}
EVERY = pytest.mark.parametrize(("before", "after"), PAIRS.values(), ids=PAIRS.keys())
SIDES = pytest.mark.parametrize("side_by_side", [False, True])

LAB_B_TWIN = """\
+  monitoring/prometheus  -> production/api    TCP 9090
-  production/web         -> production/db     TCP 5432    egress of web, ingress of db
-  dev/tools              -> production/db     TCP 5432    ingress of db
~  production/web         -> production/api    TCP 8080    was TCP 8080, 9090
   production/api         -> production/db     TCP 5432

+ newly allowed   - newly blocked, and where   ~ ports changed   (blank) unchanged"""


def with_policy(world, name):
    return replace(world, policies=(NetworkPolicy("student-07", name, LabelSelector(), ("Ingress",)),))


def test_every_kind_of_change_has_its_sign():
    assert delta.draw(lab_b(False), lab_b(True)).twin == LAB_B_TWIN


def test_lines_of_a_delta_look_like_what_happened():
    html = delta.draw(lab_b(False), lab_b(True)).html.split('<div class="npl-legend"')[0]
    for state, count in (("opened", 1), ("closed", 2), ("changed", 1), ("same", 1)):
        assert html.count(f'class="edge {state}"') == count
    assert "+ TCP 9090" in html and "− TCP 5432" in html and "~ TCP 8080" in html and "was 8080, 9090" in html


def test_what_was_blocked_and_still_is_is_not_drawn():
    assert [line.ends for line in compare(lab_a(2), lab_a(3)).lines] == [
        ("student-07/client-07", "student-07/server-07")
    ]


def test_a_newly_blocked_line_knows_where_it_stops_now():
    stops = {line.source.name: line.stop for line in compare(lab_b(False), lab_b(True)).of("closed")}
    assert stops == {"web": "both ends", "tools": "ingress"}


def test_a_door_that_closed_says_so():
    doors = compare(lab_a(1), lab_a(2)).doors()
    assert doors["student-07/server-07"].ingress == "newly closed"
    assert compare(lab_a(2), lab_a(1)).doors()["student-07/server-07"].ingress == "newly open"
    assert compare(lab_a(2), lab_a(3)).doors()["student-07/server-07"].ingress == "closed"
    assert (
        "Newly isolated for ingress: client-07, unauthorized-07 and server-07." in delta.draw(lab_a(1), lab_a(2)).text
    )


@pytest.mark.parametrize(
    ("pair", "title"),
    [
        ("default deny", "Every way in is closed"),
        ("allow specific", "Now client-07 reaches server-07"),
        ("back to open", "Three ways into server-07 opened"),
        ("tightening", "Two ways into db closed, one narrowed, one opened"),
        ("nothing", "No connection changed"),
    ],
)
def test_the_title_is_the_finding(pair, title):
    assert delta.draw(*PAIRS[pair]).title == title


def test_the_policy_that_did_it_is_the_subject():
    closed = delta.draw(lab_a(1), with_policy(lab_a(2), "default-deny-ingress"))
    assert closed.title == "default-deny-ingress closed every way in"
    assert "What default-deny-ingress did in student-07</title>" in closed.html
    opened = delta.draw(lab_a(2), with_policy(lab_a(3), "allow-client"))
    assert opened.title == "allow-client lets client-07 into server-07"
    assert delta.draw(with_policy(lab_a(2), "deny"), lab_a(1)).title == "Without deny: three ways into server-07 opened"


def test_the_quiet_line_counts_and_mentions_dns():
    picture = delta.draw(lab_a(1), lab_a(2), before_name="step 1", after_name="step 2")
    assert picture.quiet == "Step 1 → step 2. Newly blocked 3, newly allowed 0. DNS is unchanged and not drawn."


def test_without_a_change_there_is_no_picture_but_a_sentence():
    picture = delta.draw(lab_a(2), lab_a(2))
    assert "<svg" not in picture.html and "No connection changed, and no pod is isolated" in picture.html
    lonely = [scene([PodSpec("a/x", listens=tcp(80), ingress=i)], outside=False) for i in (None, {})]
    assert "Newly isolated for ingress: x." in delta.draw(*lonely).html


def test_dns_is_drawn_when_its_way_closed():
    open_, shut = (
        scene([PodSpec("a/x", egress=e), PodSpec("a/y", egress=e)], outside=False) for e in ({DNS_ID: DNS}, {})
    )
    (line,) = compare(open_, shut).lines
    assert (line.state, line.from_namespace, line.stop) == ("closed", True, "egress")
    assert "DNS is unchanged" not in delta.draw(open_, shut).quiet


def test_a_pod_that_is_new_was_not_reached_before_and_one_that_is_gone_is_left_out():
    small = lab_a(1, unauthorized=False)
    assert [line.source.name for line in compare(small, lab_a(1)).of("opened")] == ["unauthorized-07"]
    assert {line.state for line in compare(lab_a(1), small).lines} == {"same"}


def test_a_large_change_is_left_to_the_matrix():
    picture = delta.draw(many(30, 3), many(27, 2))
    assert "<svg" not in picture.html and "matrix" in picture.html


def test_panels_keep_every_pod_in_its_place_and_draw_blocked_lines():
    html = delta.draw(lab_a(1), lab_a(2), before_name="no policy", after_name="deny.yaml", side_by_side=True).html
    before, after = (float(x) for x in re.findall(r'<text x="([\d.]+)"[^>]*>client-07<', html))
    assert before == after  # inside panels that are moved as a whole
    drawn = html.split('<div class="npl-legend"')[0]
    assert drawn.count('class="edge allowed"') == 3 and drawn.count('class="edge blocked"') == 3
    assert ">Before<" in html and ">deny.yaml<" in html and "✕ 80" in html


def test_the_title_of_panels_tells_before_and_after():
    assert delta.draw(lab_a(1), lab_a(2), side_by_side=True).title == "Before: all 3 reach server-07. After: nobody"
    opened = delta.draw(lab_a(2), lab_a(3), side_by_side=True)
    assert opened.title == "Before: nobody reaches server-07. After: only client-07"


@EVERY
@SIDES
def test_pictures_are_complete_legible_and_repeatable(before, after, side_by_side):
    picture = delta.draw(before, after, side_by_side=side_by_side)
    assert picture.html == delta.draw(before, after, side_by_side=side_by_side).html
    assert picture.text.isascii() and max(map(len, picture.text.splitlines())) <= 96
    palette = {value for pair in theme.PALETTE.values() for value in pair}
    tags = "".join(re.findall(r"<[^>]*>", picture.html))
    assert set(re.findall(r'"(#[0-9a-fA-F]{3,8})"', tags)) <= palette
    assert all('fill="#' in tag for tag in re.findall(r"<text[^>]*>", picture.html))
    assert all(float(width) <= theme.WIDTH for width in re.findall(r'<svg[^>]* width="([\d.]+)"', picture.html))
    assert "<script" not in picture.html and picture.html.count("</style>") == 1


def test_two_panels_are_for_few_pods_and_others_are_told_what_to_ask_for():
    picture = delta.draw(many(19), many(20), side_by_side=True)
    assert "<svg" not in picture.html and "Without <code>side_by_side</code>" in picture.html
    assert picture.twin == delta.draw(many(19), many(20)).twin
