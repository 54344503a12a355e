"""The heat map: a PNG for the eye, shares by namespace for everybody."""

from __future__ import annotations

import math
import sys
from subprocess import run

from netpol_lab.connections.scene import Scene
from netpol_lab.display import heatmap
from netpol_lab.model.ports import PortSet
from tests import scenes
from tests.scenes import PodSpec, tcp


def two_namespaces() -> Scene:
    """Two pods in ``open``; two in ``shut``, of which one lets in a single pod on one port."""
    return scenes.scene(
        [
            PodSpec("open/a", owner="ReplicaSet/a"),
            PodSpec("open/b", owner="ReplicaSet/b"),
            PodSpec("shut/c", ingress={"open/a": tcp(80)}),
            PodSpec("shut/d", ingress={}),
        ],
        dns=False,
    )


def test_the_text_tells_the_share_of_pairs_by_namespace() -> None:
    lines = heatmap.draw(two_namespaces()).twin.splitlines()
    assert lines[:3] == ["         open   shut", "open     100%    25%", "shut     100%     0%"]


def test_the_frame_holds_the_same_shares_and_leaves_out_self_pairs() -> None:
    frame = heatmap.draw(two_namespaces()).frame
    assert frame.loc["open", "shut"] == 0.25
    assert frame.loc["open", "open"] == 1.0
    assert math.isnan(heatmap.draw(scenes.scene([PodSpec("one/pod")], dns=False)).frame.loc["one", "one"])


def test_the_title_counts() -> None:
    assert heatmap.draw(two_namespaces()).title == "58 % of all pod pairs can connect"


def test_it_goes_out_as_png_and_text_without_html() -> None:
    bundle = heatmap.draw(two_namespaces())._repr_mimebundle_()
    assert set(bundle) == {"image/png", "text/plain"}
    assert bundle["image/png"].startswith(b"\x89PNG")


def test_text_alone_draws_nothing() -> None:
    picture = heatmap.draw(two_namespaces())
    assert set(picture._repr_mimebundle_(include={"text/plain"})) == {"text/plain"}


def test_the_global_matplotlib_backend_stays_as_it_is() -> None:
    code = (
        "from tests import scenes; from netpol_lab.display import heatmap; "
        "heatmap.draw(scenes.lab_a(1)).png; import sys; assert 'matplotlib.pyplot' not in sys.modules"
    )
    run([sys.executable, "-c", code], check=True)


def test_names_that_look_like_mathematics_or_markup_are_drawn_as_they_are() -> None:
    pods = [PodSpec("$\\frac/</style>"), PodSpec("two\nlines/pod", ingress={"*": PortSet.of("TCP", 1)})]
    assert heatmap.draw(scenes.scene(pods)).png.startswith(b"\x89PNG")


def test_many_namespaces_are_numbered_and_stay_within_96_columns() -> None:
    text = heatmap.draw(scenes.many(60, 30)).text
    assert max(map(len, text.splitlines())) <= 96
    assert text.isascii()
