"""The exercise a student is at: its start, its checks, what it holds back, and the moment in which it began."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from netpol_lab.cluster.handle import SimulatedCluster
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections.story import Moment, Timeline
from netpol_lab.engine.verdict import Verdict
from netpol_lab.lab.locks import Lock, Locks
from netpol_lab.lab.student_files import says_otherwise
from netpol_lab.lessons import exercises
from netpol_lab.model.objects import NetworkPolicy
from netpol_lab.tell.saying import line

if TYPE_CHECKING:
    from netpol_lab.display.card import Picture
    from netpol_lab.display.feedback_card import CheckPicture

_MANY = 3
"""So many checks without success, and the line that starts over is told."""


class AtExercise:
    """The exercise that was begun or checked last, and the moment in which it was passed.

    It begins with ``lab.start``, or with its own cell: the one that writes the file of the answer.
    """

    def __init__(self, lesson: str | None, xx: str) -> None:
        self.exercise: exercises.Exercise | None = None
        self._passed: Moment | None = None
        self._results: dict[str, exercises.CheckResult] = {}
        self._seen: Moment | None = None
        self._failed = 0
        self._lesson, self._xx = lesson, xx
        self.locks = Locks(lambda: map(self._lock, self._of_lesson))

    @cached_property
    def _of_lesson(self) -> list[exercises.Exercise]:
        """The exercises of the notebook's lesson; none where there is no such lesson."""
        known = self._lesson in exercises.lessons("exercises")
        return exercises.of_lesson(str(self._lesson), self._xx) if known else []

    @property
    def results(self) -> Mapping[str, exercises.CheckResult]:
        """The last result of each exercise that was checked. Only a check puts one in."""
        return MappingProxyType(self._results)

    def _lock(self, exercise: exercises.Exercise) -> Lock:
        def asked(state: Snapshot, verdict: Verdict) -> bool:
            begun = self.exercise is not None and self.exercise.id == exercise.id
            return exercises.asks_about(exercise, state, verdict, begun)

        reason = line("locks.exercise", exercise=exercise.id)
        return Lock(exercise.id, reason, asked, lambda policy: exercises.asks_about_policy(exercise, policy))

    def wrote(self, name: str, story: Timeline) -> None:
        """A file was written: the exercise whose answer it is to hold begins."""
        for exercise in self._of_lesson:
            if exercise.file == name:
                self._begin(exercise, story.now)

    def _begin(self, exercise: exercises.Exercise, now: Moment) -> None:
        if self.exercise is None or self.exercise.id != exercise.id:
            self._failed = 0
        self.exercise, self._seen, self._passed = exercise, now, None
        self.locks.close(self._lock(exercise))

    def leave(self) -> None:
        """No exercise is begun. What was shown stays so."""
        self.exercise, self._seen, self._passed = None, None, None

    def start(
        self,
        cluster: SimulatedCluster,
        story: Timeline,
        exercise: exercises.Exercise,
        put: Callable[[Snapshot], None],
    ) -> Picture:
        """Put the cluster into the start of an exercise, by ``put``, as one more moment."""
        put(exercise.start_cluster(cluster.profile.name).snapshot())
        story.record(f"lab.start({exercise.id!r})", cluster.snapshot())
        story.refused, story.refusal, self._failed = "", "", 0
        self._begin(exercise, story.now)
        return exercises.begin(exercise)

    def check(
        self, cluster: SimulatedCluster, story: Timeline, exercise: exercises.Exercise
    ) -> tuple[exercises.CheckResult, CheckPicture]:
        """Check it, and say first where kubectl refused what was to be checked. An answer opens what was held back."""
        result = exercises.check(cluster, exercise)
        if result.passed and not story.tells_of(cluster.snapshot()):
            result = exercises.not_by_commands(exercise)
        again = self.exercise is not None and self.exercise.id == exercise.id
        tried = again and self._seen is not None and story.now is not self._seen
        self._failed = 0 if result.passed else self._failed + 1 if again else 1
        self.exercise, self._seen, self._passed = exercise, story.now, story.now if result.passed else None
        if result.status != "not started":
            self.locks.open(exercise.id)
        self._results[exercise.id] = result
        return result, exercises.show(self._in_place(result, story, tried))

    def _in_place(self, result: exercises.CheckResult, story: Timeline, tried: bool) -> exercises.CheckResult:
        """A result with what has to be known of the commands before it. ``tried``: one of them changed something."""
        if self._failed >= _MANY:
            result = result.after_many_tries()
        if story.refused:
            return result.after_refusal(story.refused, story.refusal)
        if result.status == "not started" and tried:
            return result.after_a_try(story.now.command)
        changed = [] if result.passed else [file for each in result.policies if (file := _not_applied(each))]
        return result.after_writing(changed[0]) if changed else result

    def began(self, story: Timeline) -> Moment | None:
        """The last moment without anything of the answer; None after the exercise was passed and something changed."""
        if self.exercise is None or self._passed not in (None, story.now):
            return None
        place = exercises.begun_at(self.exercise, [moment.state for moment in story.moments])
        return None if place is None else story.moments[place]


def _not_applied(policy: NetworkPolicy) -> str:
    """The file a policy came from, where it is there and says something else now."""
    file = policy.origin.file if policy.origin else ""
    return file if Path(file).is_file() and says_otherwise(policy) else ""
