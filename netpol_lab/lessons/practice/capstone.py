"""The capstone: an application without a policy, the flows it needs, and an empty folder.

The answer is graded by behavior: every wanted flow passes. How little passes beside them is measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import yaml

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.lessons.behavior import Judged, judge
from netpol_lab.lessons.loading import Exercise, WantedCell, WrittenAnswer
from netpol_lab.lessons.practice.exam import number_of
from netpol_lab.lessons.practice.healthy_worlds import deny_policy, dns_policy, partners, world
from netpol_lab.lessons.practice.patients import lookalikes, newcomers
from netpol_lab.manifests import from_object
from netpol_lab.model.errors import NotFound
from netpol_lab.model.objects import IPNetwork, NetworkPolicy

LESSON = "13-capstone"


DESIGN = f"{LESSON}/2"
"""The whole design; ``13-capstone/1`` is its beginning."""


def design(id: str, xx: str) -> Exercise:
    """The application of a student, closed but for DNS (``13-capstone/1``), or with all that it needs (``/2``).

    Raises NotFound for another id.
    """
    number = number_of(xx)
    made = world(number, 2, suffix=f"-{xx}", shift=number % 9)
    spaces = " and ".join(made.spaces)
    flows = "\n".join(f"– {f.source.id} to {f.destination.id}, TCP {f.destination.port}" for f in made.flows)
    dns = [
        WantedCell(each.id, "kube-system/kube-dns", 53, "UDP")
        for each in made.workloads
        if each.namespace in made.spaces
    ]
    wanted = [WantedCell(f.source.id, f.destination.id, f.destination.port, "TCP") for f in made.flows]
    parts = {
        f"{LESSON}/1": (
            "Close everything but DNS",
            f"Close the namespaces {spaces} in both directions. They may ask DNS (UDP and TCP 53), and nothing else."
            f"\nIn exercise 2 you open what the application needs:\n{flows}",
            dns,
            [each for space in made.spaces for each in (deny_policy(space), dns_policy(space))],
        ),
        DESIGN: (
            f"The policies of {made.company}",
            f"Design the policies. The pods of {spaces} may ask DNS (UDP and TCP 53) and need the flows below. Nothing "
            f"else enters these two namespaces or leaves them.\n{flows}",
            wanted,
            made.policies(),
        ),
    }
    if id not in parts:
        raise NotFound(f"There is no task {id!r}. There are {' and '.join(parts)}.")
    title, question, allowed, policies = parts[id]
    return Exercise(
        id=id,
        title=title,
        question=question,
        allowed=tuple(allowed),
        visitors=(*newcomers(made.spaces), *lookalikes(partners(made))),
        rest="solution",
        labels="kept",
        scope=made.spaces,
        solution=WrittenAnswer(yaml.safe_dump_all(policies, sort_keys=False)),
        xx=xx,
        given=tuple(from_object(each) for each in made.objects()),
    )


@dataclass(frozen=True)
class Grade:
    """How a design does. ``judged`` are all connections that touch the application, against the reference."""

    exercise: Exercise
    state: Snapshot
    judged: Sequence[Judged]

    @property
    def passing(self) -> int:
        """How many of the wanted flows pass."""
        return sum(not each.missing & each.explicit for each in self.judged if each.explicit)

    @property
    def wanted(self) -> int:
        return sum(bool(each.explicit) for each in self.judged)

    @property
    def missing(self) -> list[Judged]:
        """What the reference lets pass, DNS included, and this design does not."""
        return [each for each in self.judged if each.missing]

    @property
    def unasked(self) -> list[Judged]:
        """Connections that nobody asked for: between two ends that need none."""
        return [each for each in self.judged if each.leak and not each.wanted]

    @property
    def ports_too_many(self) -> list[Judged]:
        """Connections that are needed, and open on more ports than that."""
        return [each for each in self.judged if each.leak and each.wanted]

    @cached_property
    def idle(self) -> list[NetworkPolicy]:
        """Policies without which every connection is as it is with them."""
        now = [each.got for each in self.judged]
        return [each for each in self._own if [one.got for one in judge(self.exercise, self._without(each))] == now]

    @property
    def pinned(self) -> list[NetworkPolicy]:
        """Policies with a block that holds a pod's address: the next restart gives the pod another one."""
        addresses = [address for pod in self.state.policed_pods for address in pod.ips]
        return [each for each in self._own if any(a in block for block in _narrow_blocks(each) for a in addresses)]

    @property
    def least(self) -> bool:
        """Whether it admits what is wanted and nothing else."""
        return not self.missing and not self.unasked and not self.ports_too_many

    @property
    def _own(self) -> list[NetworkPolicy]:
        return [each for each in self.state.policies if each.namespace in self.exercise.scope]

    def _without(self, one: NetworkPolicy) -> Snapshot:
        return self.state.without([("NetworkPolicy", one.namespace, one.name)])

    @property
    def policies(self) -> int:
        return len(self._own)


def grade(exercise: Exercise, state: Snapshot) -> Grade:
    """How the policies of a state do. Raises NotFound where a workload is gone."""
    return Grade(exercise, state, judge(exercise, state))


def _narrow_blocks(policy: NetworkPolicy) -> list[IPNetwork]:
    rules = (*policy.ingress, *policy.egress)
    blocks = (peer.ip_block.network for rule in rules for peer in rule.peers if peer.ip_block is not None)
    return [block for block in blocks if block.prefixlen > 16]
