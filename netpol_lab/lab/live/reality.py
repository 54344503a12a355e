"""What a lab does with a real cluster, at the front door: :class:`Reality`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections.scene import build
from netpol_lab.connections.story import Timeline
from netpol_lab.kubectl import Session, run
from netpol_lab.lab.clusters import Cluster
from netpol_lab.lab.live.own_kubectl import KubectlSaid, LiveError
from netpol_lab.lab.live.predicted import has_own_name
from netpol_lab.model.objects import Pod

if TYPE_CHECKING:
    from netpol_lab.display.card import Picture
    from netpol_lab.lab.live.real_cluster import RealCluster


class Reality:
    """The part of a lab that knows a real cluster, where it has one."""

    cluster: Cluster
    _story: Timeline
    _real: RealCluster | None

    def probe(self, *namespaces: str) -> Picture:
        """Make the connections between the pods, and show what they met beside what was predicted.

        Each pod tries each port on which another one listens, from inside, with the client it has. For a pod without
        one the lab makes a pod with the same labels, where it may write (see :mod:`netpol_lab.lab.live.doubles`), and
        takes it away again. Without ``namespaces``: all but those of the cluster itself. A surprise is tried again, and
        has its likely reason. Stop it when you like: what was tried is shown. Raises LabError for more connections than
        one probe makes.
        """
        from netpol_lab.display import probe_table
        from netpol_lab.lab.live.probing import connections_to_try, probe

        state, real = self.cluster.snapshot(), self._real
        scene = build(state)
        flows = connections_to_try(state, scene, namespaces)
        if real is None:
            probed, stopped = probe(self._simulated_exec, flows, self.cluster.snapshot, _say, lambda: None)
        else:
            probed, stopped = real.probe(state, flows, _say)
        return probe_table.draw(probed, scene, stopped=stopped)

    def canary(self) -> Picture:
        """Prove that the real cluster enforces policies: ingress, egress, pods and ipBlocks; how fast, and how.

        It works in a namespace of the lab's own, ``netpol-lab-`` and your number, and takes it away again. From then on
        the lab predicts with the profile that the cluster behaves like. Raises LiveError where nothing can be proved,
        and in a simulated lab.
        """
        from netpol_lab.display import card

        if self._real is None:
            raise LiveError("The canary proves what a real cluster does. Here it is simulated: see lab.plugins().")
        proof = self._real.canary(_say)
        self._real.look(self.cluster, self._story)
        enforced = proof.ingress and proof.egress
        title = "This cluster enforces policies" if enforced else "This cluster does NOT enforce all policies"
        like = (
            f"It behaves like the profile `{proof.profile.name}`: {proof.profile.summary} The lab predicts with it now."
        )
        return card.told(title, str(self._real.place), [*proof.sentences, like])

    def live_notes(self) -> list[str]:
        """What was not read of a real cluster, or is not certain; empty for a simulated one."""
        return list(self._real.notes) if self._real else []

    def _simulated_exec(self, pod: Pod, words: Sequence[str]) -> KubectlSaid:
        result = run(
            Session(Cluster.at(self.cluster.snapshot())), ["exec", pod.name, "-n", pod.namespace, "--", *words]
        )
        return KubectlSaid(result.stdout, result.stderr, result.exit_code)

    def _put(self, start: Snapshot) -> None:
        """Bring the cluster into the start of an exercise. Raises LiveError where the lab may not write."""
        if self._real:
            self._real.begin(self.cluster, start, _say)
        else:
            self.cluster.restore(start)

    def _take_away(self) -> None:
        """Take away what the lab made on a real cluster, and name what the student made since the lab was opened."""
        assert self._real is not None
        for each in self._real.own.clean(_say):
            _say(f"{each} was the lab's own, and is gone\n")
        self._look_again()
        before = self._story.moments[0].state.objects
        now = self.cluster.snapshot()
        new = [key for key in now.lasting if key not in before and has_own_name(key, now)]
        spaces = {name for kind, _, name in new if kind == "Namespace"}
        for kind, namespace, name in new:
            if namespace not in spaces:
                where = f" -n {namespace}" if namespace else ""
                _say(f"still there, and yours: kubectl delete {kind.lower()} {name}{where}\n")

    def _look_again(self) -> None:
        """Read a real cluster before a view of it is drawn, and say what is new about the reading."""
        if self._real:
            self._real.look(self.cluster, self._story)
            for note in self._real.new_notes():
                print(f"live: {note}")


def _say(text: str) -> None:
    print(f"live: {text}", end="", flush=True)
