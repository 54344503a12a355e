"""The exercise a student is at: its start, its checks, and the moment in which it began."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netpol_lab.cluster.handle import SimulatedCluster
from netpol_lab.connections.story import Moment, Timeline
from netpol_lab.lessons import exercises

if TYPE_CHECKING:
    from netpol_lab.display.card import Picture
    from netpol_lab.display.feedback_card import CheckPicture


class AtExercise:
    """The exercise that was started or checked last, and the moment in which it was passed."""

    def __init__(self) -> None:
        self.exercise: exercises.Exercise | None = None
        self._passed: Moment | None = None

    def start(self, cluster: SimulatedCluster, story: Timeline, exercise: exercises.Exercise) -> Picture:
        """Put the cluster into the start of an exercise, as one more moment."""
        cluster.restore(exercise.start_cluster(cluster.profile.name).snapshot())
        story.record(f"lab.start({exercise.id!r})", cluster.snapshot())
        story.refused, self.exercise, self._passed = "", exercise, None
        return exercises.begin(exercise)

    def check(self, cluster: SimulatedCluster, story: Timeline, exercise: exercises.Exercise) -> CheckPicture:
        """Check it, and say first where kubectl refused what was to be checked."""
        result = exercises.check(cluster, exercise)
        self.exercise, self._passed = exercise, story.now if result.passed else None
        return exercises.show(result.after_refusal(story.refused) if story.refused else result)

    def began(self, story: Timeline) -> Moment | None:
        """The last moment without anything of the answer; None after the exercise was passed and something changed."""
        if self.exercise is None or self._passed not in (None, story.now):
            return None
        place = exercises.begun_at(self.exercise, [moment.state for moment in story.moments])
        return None if place is None else story.moments[place]
