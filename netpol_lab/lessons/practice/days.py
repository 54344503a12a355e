"""A broken cluster for every day: a healthy world with one to three breaks, each of which is felt and can be found.

The number alone decides. Which breaks are drawn does not depend on the time, the machine or the version of Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, permutations
from random import Random
from typing import NamedTuple

from netpol_lab.cluster.handle import SimulatedCluster
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.lessons.practice.breaking import WAYS
from netpol_lab.lessons.practice.healthy_worlds import HealthyWorld, Manifest, Workload, world
from netpol_lab.manifests import from_object
from netpol_lab.model.errors import LabError

LEVELS = (1, 2, 3)


@dataclass(frozen=True)
class Break:
    """One thing that was done to a world. ``policy`` is the name of what was healthy, ``namespace`` where."""

    mistake: str
    namespace: str
    policy: str
    instead: tuple[Manifest, ...]


Pair = tuple[Workload, Workload]


class Felt(NamedTuple):
    """A connection that shows the trouble: it is missing though it is wanted, or open though nobody wants it."""

    source: Workload
    destination: Workload
    wanted: bool


@dataclass(frozen=True)
class BrokenDay:
    """The patient of a number: the healthy world, what was done to it, and the connections by which it is felt."""

    number: int
    level: int
    world: HealthyWorld
    breaks: tuple[Break, ...]
    felt: tuple[Felt, ...]

    def policies(self) -> list[Manifest]:
        """The policies as they are found, in the place of the healthy ones."""
        return broken(self.world.policies(), self.breaks)


def broken_day(number: int, level: int | None = None) -> BrokenDay:
    """The patient of a day. ``level`` 1 to 3 is the number of breaks and the size of the world; without it, by the day.

    Raises LabError for a level that is none and a day that is no number from 1 on.

    >>> broken_day(17) == broken_day(17)
    True
    """
    if number < 1:
        raise LabError(f"Days are numbered from 1 on, and {number} is none.")
    chosen = 1 + number % 3 if level is None else level
    if chosen not in LEVELS:
        raise LabError(f"There are the levels 1, 2 and 3, and {chosen} is none.")
    made = world(number, chosen)
    random = Random(f"day {number} level {chosen}")
    found = _drawn(made, chosen, random)
    return BrokenDay(number, chosen, made, found, tuple(_felt(made, found)))


def broken(policies: Sequence[Manifest], breaks: Sequence[Break]) -> list[Manifest]:
    """The policies with what stands in the place of the broken ones."""
    instead = {(each.namespace, each.policy): each.instead for each in breaks}
    return [made for given in policies for made in instead.get(id_of(given), (given,))]


def id_of(given: Manifest) -> tuple[str, str]:
    """The namespace and the name of a policy; one without a namespace lands in ``default``."""
    return given["metadata"].get("namespace", "default"), given["metadata"]["name"]


def _drawn(made: HealthyWorld, number: int, random: Random) -> tuple[Break, ...]:
    """Breaks of different mistakes at different policies, of which each is felt while the others are healed."""
    mistakes = sorted(WAYS)
    random.shuffle(mistakes)
    chosen: list[Break] = []
    for mistake in mistakes:
        candidates = list(_candidates(made, mistake, {(each.namespace, each.policy) for each in chosen}))
        random.shuffle(candidates)
        fit = (each for each in candidates if _is_needed([*chosen, each], made))
        found = next(fit, None)
        if found is not None:
            chosen.append(found)
        if len(chosen) == number:
            return tuple(chosen)
    raise AssertionError(f"the world of {made.company} cannot be broken in {number} ways")


def _candidates(made: HealthyWorld, mistake: str, taken: set[tuple[str, str]]) -> Iterator[Break]:
    for given in made.policies():
        if id_of(given) not in taken:
            for instead in WAYS[mistake](given, made):
                yield Break(mistake, *id_of(given), tuple(instead))


def _is_needed(breaks: Sequence[Break], made: HealthyWorld) -> bool:
    """Whether the last break is felt alone, and with every other one left as well: no smaller set of repairs heals."""
    last = breaks[-1]
    return bool(_felt(made, [last])) and all(
        _felt(made, [*others, last]) for number in range(1, len(breaks)) for others in combinations(breaks[:-1], number)
    )


def _felt(made: HealthyWorld, breaks: Sequence[Break]) -> list[Felt]:
    """The connections that pass in one of the two worlds and not in the other; those that are wanted first."""
    touched = {each for one in breaks for each in _selected(made, one)}
    pairs = [(a, b) for a, b in permutations(made.workloads, 2) if a in touched or b in touched]
    healthy, ill = _passing(made) & set(pairs), _pass_in(made, _ill(made, breaks), pairs)
    wanted = [(flow.source, flow.destination) for flow in made.flows]
    felt = [Felt(*pair, True) for pair in wanted if pair in healthy - ill]
    return [*felt, *(Felt(*pair, False) for pair in pairs if pair in ill - healthy)]


def _selected(made: HealthyWorld, one: Break) -> Iterator[Workload]:
    """The workloads whose connections a break can touch: those that the healthy policy selects."""
    healthy = next(each for each in made.policies() if id_of(each) == (one.namespace, one.policy))
    role = healthy["spec"]["podSelector"].get("matchLabels", {}).get("role")
    for each in made.workloads:
        if each.namespace == one.namespace and role in (None, each.role):
            yield each


def _pass_in(made: HealthyWorld, state: Snapshot, pairs: Iterable[Pair]) -> set[Pair]:
    """Who reaches whose Service by its name: the client's question to DNS passes, and then the connection."""
    pods = {pod.labels["app"]: pod for pod in state.pods if "app" in pod.labels}
    dns = next(pod for pod in state.pods if pod.labels.get("k8s-app") == "kube-dns")
    asks = {each for each in made.workloads if ("UDP", 53) in state.engine.connection(pods[each.name], dns)}
    return {
        (source, target)
        for source, target in pairs
        if source in asks and ("TCP", target.port) in state.engine.connection(pods[source.name], pods[target.name])
    }


@cache
def _passing(made: HealthyWorld) -> set[Pair]:
    return _pass_in(made, _healthy(made), permutations(made.workloads, 2))


def _ill(made: HealthyWorld, breaks: Sequence[Break]) -> Snapshot:
    healed = _healthy(made).without([("NetworkPolicy", each.namespace, each.policy) for each in breaks])
    return healed.with_objects([from_object(each) for one in breaks for each in one.instead])


@cache
def _healthy(made: HealthyWorld) -> Snapshot:
    """The world as it should be. There are but two dozen of them."""
    cluster = SimulatedCluster()
    for each in [*made.objects(), *made.policies()]:
        cluster.apply(from_object(each))
    return cluster.snapshot()
