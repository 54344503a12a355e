"""Every picture of the lab on one page: their styles must not change each other."""

from __future__ import annotations

import re

import pytest

from netpol_lab import Cluster
from netpol_lab.connections import connect
from netpol_lab.connections.scene import build, effect_of
from netpol_lab.connections.story import Timeline
from netpol_lab.display import delta, graph, matrix, moments, reach, strip, why
from netpol_lab.display import policy_cards as policies
from netpol_lab.display.theme import PALETTE
from netpol_lab.model.datafiles import fill, path

FILES = ("namespace", "netpol-apps", "default-deny", "allow-client-to-server")
CLIENT, SERVER = "student-07/client-07", "student-07/server-07"


@pytest.fixture(scope="module")
def pictures():
    cluster = Cluster()
    story = Timeline(cluster.snapshot())
    for name in FILES:
        cluster.apply(fill(path("manifests", "lab-a", f"{name}.yaml").read_text(), "07"))
        story.record(f"kubectl apply -f {name}.yaml", cluster.snapshot())
    open_, closed, last = (build(moment.state) for moment in story.moments[2:])
    policy = cluster.policies[1]
    flow = connect(cluster, cluster.endpoint(CLIENT), "server-07", 80)
    steps = [strip.StripStep("", "", scene) for scene in (open_, closed, last)]
    return {
        "graph": graph.draw(last),
        "delta": delta.draw(open_, closed),
        "panels": delta.draw(open_, closed, side_by_side=True),
        "strip": strip.draw(steps, [CLIENT, "External"], SERVER, 80, "TCP"),
        "matrix": matrix.draw(last),
        "one port": matrix.draw(last, port=80),
        "both ends": matrix.both_ends(last, 80, "TCP"),
        "matrix delta": matrix.matrix_delta(open_, last),
        "why": why.draw(flow, change=None, saw=None),
        "policy": policies.draw(last, policy, yaml_text=None, effect=effect_of(cluster.snapshot(), policy)),
        "reach": reach.draw(last, CLIENT),
        "moments": moments.draw(story.moments),
    }


def rules(html: str) -> dict[str, list[str]]:
    """Declarations by selector; variables left out, each card ships those it uses."""
    found: dict[str, list[str]] = {}
    for style in re.findall(r"<style>(.*?)</style>", html, re.S):
        for selectors, declarations in re.findall(r"([^{}]+)\{([^{}]*)\}", style):
            if not declarations.startswith("--npl-"):
                for selector in selectors.split(","):
                    found.setdefault(selector.strip(), []).append(declarations)
    return found


def test_one_selector_means_the_same_in_every_card(pictures):
    meaning: dict[str, tuple[str, list[str]]] = {}
    for name, picture in pictures.items():
        for selector, said in rules(picture.html).items():
            first, before = meaning.setdefault(selector, (name, said))
            assert said == before, f"{selector!r} differs between {first} and {name}"


def test_no_card_speaks_of_all_tables(pictures):
    shared = {"svg", "code", "figcaption"}
    for name, picture in pictures.items():
        for selector in rules(picture.html):
            within = selector.removeprefix(".npl.npl.npl.npl").split()
            assert not within or within[0] in shared or "." in within[0] or "[" in within[0] or within[0] == ">", (
                f"{name}: {selector}"
            )


def test_every_color_is_one_of_the_palette(pictures):
    known = {value for pair in PALETTE.values() for value in pair}
    for name, picture in pictures.items():
        used = set(re.findall(r"#[0-9a-fA-F]{6}\b", picture.html))
        assert used <= known, f"{name}: {used - known}"


def test_every_picture_has_a_title_a_twin_and_the_same_bytes_twice(pictures):
    for name, picture in pictures.items():
        assert picture.title and picture.twin, name
        assert picture.text.isascii() and max(map(len, picture.text.splitlines())) <= 96, name
        assert picture._repr_mimebundle_() == picture._repr_mimebundle_(), name


def test_every_drawing_has_an_accessible_title_and_description(pictures):
    for name, picture in pictures.items():
        for svg in re.findall(r"<svg[^>]*>", picture.html):
            assert 'role="img"' in svg or 'aria-hidden="true"' in svg, f"{name}: {svg}"
