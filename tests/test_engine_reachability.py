"""All pairs at once against the same pairs one by one; that the single answers are right is proved elsewhere."""

from __future__ import annotations

import pandas
import pytest
from small_clusters import engine, pod, policy
from worlds import World, state_of, world

from netpol_lab import Cluster
from netpol_lab.connections import cells as matrix
from netpol_lab.connections.cells import Question, frame
from netpol_lab.connections.scene import build
from netpol_lab.engine import classes, pairs, reachability
from netpol_lab.engine.compiled import Ends
from netpol_lab.engine.reachability import Reachability
from netpol_lab.model.errors import LabError
from netpol_lab.model.objects import External, Pod
from netpol_lab.model.ports import PortSet

ENDS: tuple[Ends, ...] = ("both", "egress", "ingress")


def check(each: World, seed: int) -> None:
    built, ends = each.engine(), each.endpoints
    pods = set(each.pods)
    for direction in ENDS:
        answers = Reachability(built, each.asked).pairs(ends, ends, direction)
        for row, source in enumerate(ends):
            for column, target in enumerate(ends):
                if source not in pods and target not in pods:
                    continue
                found = built.connection(source, target)
                if direction != "both":
                    found = built.admitted(direction, source, target)
                wanted = sum(1 << place for place, asked in enumerate(each.asked) if asked in found)
                assert answers[row, column] == wanted, (seed, direction, source, target)


@pytest.mark.parametrize("seed", range(150))
def test_all_pairs_at_once_are_the_same_pairs_as_one_by_one(seed: int) -> None:
    check(world(seed), seed)
    check(world(seed, size=8), seed)


@pytest.mark.parametrize("seed", range(60))
def test_it_makes_no_difference_which_sets_go_into_the_table(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reachability, "SMALL", 0)
    monkeypatch.setattr(classes, "FEW", 0)
    check(world(seed, size=8), seed)


@pytest.mark.parametrize("seed", range(60))
def test_all_ports_of_all_pairs_come_from_the_answers_about_single_ports(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairs, "MOST_ASKED", 3)
    monkeypatch.setattr(pairs, "AT_A_TIME", 5)
    each = world(seed, size=3)
    built = each.engine()
    ends = [
        end for end in each.endpoints if isinstance(end, External) or (isinstance(end, Pod) and not end.host_network)
    ]
    found = {(one, other): ports for one, other, ports in pairs.connections_between(built, [(end,) for end in ends])}
    for one, source in enumerate(ends):
        for other, target in enumerate(ends):
            is_pair = one != other and (isinstance(source, Pod) or isinstance(target, Pod))
            wanted = built.connection(source, target) if is_pair else PortSet.NONE
            assert found.get((one, other), PortSet.NONE) == wanted, (source, target)


def test_one_port_is_a_matrix_of_booleans() -> None:
    web, client = pod("shop/web"), pod("shop/client")
    closed = policy("shop/closed", podSelector={}, ingress=[])
    answers = Reachability(engine([web, client], [closed]), [("TCP", 80)])
    assert answers.pairs([web, client], [web]).view(bool).tolist() == [[True], [False]]


def test_more_than_64_ports_at_a_time_are_refused() -> None:
    with pytest.raises(ValueError, match="64"):
        Reachability(engine([], []), [("TCP", port) for port in range(1, 66)])


def test_progress_is_told_and_never_falls() -> None:
    told: list[float] = []
    built = world(1, size=8).engine()
    Reachability(built, [("TCP", 80)], told.append).side("ingress")
    assert told == sorted(told)
    assert all(0 <= share <= 1 for share in told)


@pytest.mark.parametrize("seed", range(40))
def test_the_matrix_of_one_port_is_the_frame_of_the_unfolded_scene(seed: int) -> None:
    each = world(seed, size=2)
    state = state_of(each)
    for protocol, port in each.asked:
        for direction in ENDS:
            wanted = frame(build(state, fold=False), Question(port, protocol, direction))
            pandas.testing.assert_frame_equal(Cluster.at(state).matrix(port, protocol, direction), wanted)


def test_a_matrix_that_would_fill_the_memory_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix, "MOST_GIGABYTES", 10 / 1e9)
    cluster = Cluster.at(state_of(world(1, size=4)))
    for port in (80, None):
        with pytest.raises(LabError, match="too large"):
            cluster.matrix(port)
