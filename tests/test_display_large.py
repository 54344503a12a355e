"""Large scenes are drawn from counts of their pairs: the pictures say what those of the same pairs, one by one, say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_clusters import pod, policy_resource
from worlds import snapshot_of, state_of, world

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections import scene as scene_module
from netpol_lab.connections.cells import Question, frame
from netpol_lab.connections.scene import Scene, build
from netpol_lab.display import changes, delta, document, graph, heatmap, matrix
from netpol_lab.display.matrix_delta import matrix_delta
from netpol_lab.engine.profiles import PROFILES

SEEDS = range(0, 150, 15)


def at_once(state: Snapshot, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The scene as if it were large."""
    monkeypatch.setattr(scene_module, "FEW", 0)
    found = build(state)
    monkeypatch.undo()
    assert found.is_large
    return found


def without_a_policy(state: Snapshot) -> Snapshot:
    return state.without([("NetworkPolicy", each.namespace, each.name) for each in state.policies[:1]])


def pods_apart(state: Snapshot) -> Snapshot:
    """One pod fewer, another one with another name: both are gone for who compares."""
    first, *_ = state.list("Pod")
    assert first.typed is not None
    renamed = replace(first, name="other", typed=replace(first.typed, name="other"))
    return state.without([first.key]).with_objects([renamed])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_matrix_of_counts_says_what_a_matrix_of_pairs_says(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    state = replace(state_of(world(seed, size=5)), enforcement=PROFILES["upstream" if seed % 2 else "cilium"])
    few, many = build(state), at_once(state, monkeypatch)
    monkeypatch.setattr(matrix, "MOST_COLUMNS", 2)  # both by namespace
    for port, direction in ((None, "both"), (80, "both"), (80, "ingress"), (53, "egress")):
        pictures = [matrix.draw(each, port=port, direction=direction) for each in (few, many)]  # type: ignore[arg-type]
        assert pictures[0].html == pictures[1].html
        assert pictures[0].text == pictures[1].text
        assert pictures[0].frame.equals(pictures[1].frame)
    assert matrix.both_ends(few).html == matrix.both_ends(many).html
    assert frame(few, Question()).equals(frame(many, Question()))
    assert heatmap.draw(few).text == heatmap.draw(many).text


@pytest.mark.parametrize("seed", SEEDS)
def test_a_graph_of_counts_says_what_a_graph_of_pairs_says(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    state = state_of(world(seed, size=5))
    assert graph.draw(build(state)).text == graph.draw(at_once(state, monkeypatch)).text
    told = document.document(state, "All")
    monkeypatch.setattr(scene_module, "FEW", 0)
    assert document.document(state, "All") == told


@pytest.mark.parametrize("other", [without_a_policy, pods_apart])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_change_of_counts_says_what_a_change_of_pairs_says(
    seed: int, other: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = state_of(world(seed, size=5))
    states = state, other(state)  # type: ignore[operator]
    for before, after in (states, states[::-1]):
        few, many = ([each(before), each(after)] for each in (build, lambda s: at_once(s, monkeypatch)))
        cells = [matrix_delta(*scenes) for scenes in (few, many)]
        assert cells[0].html == cells[1].html
        assert cells[0].text == cells[1].text
        assert cells[0].frame.equals(cells[1].frame)
        told = [changes.compare(*scenes) for scenes in (few, many)]
        assert [each for each in told[0].lines if each.state != "same"] == list(told[1].lines)
        assert len({line.ends for line in told[0].lines if not line.dns}) == told[1].unchanged + len(
            {line.ends for line in told[1].lines if not line.dns}
        )


def test_where_thousands_of_pairs_changed_the_graph_says_so_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    pods = [pod(f"shop/p{number}", ips=[f"10.244.1.{number + 2}"]) for number in range(60)]
    deny = policy_resource("shop/deny")
    before, after = (build(snapshot_of(pods, policies, {"shop": {}})) for policies in ([], [deny]))
    picture = delta.draw(before, after, before_name="old", after_name="new")
    assert picture.title == "3600 pairs can connect on other ports than before, or no longer"
    assert "The matrix of the same change shows them all." in picture.text
    assert matrix_delta(before, after).title == "3600 of 3660 cells changed"
