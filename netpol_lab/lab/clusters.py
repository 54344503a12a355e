"""The front door for your own manifests: :class:`Cluster`, the simulated cluster with its answers as pandas frames.

pandas is imported when a frame is asked for.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from netpol_lab.cluster.handle import SimulatedCluster
from netpol_lab.cluster.snapshot import View
from netpol_lab.coach import advice
from netpol_lab.coach.advice_finding import Finding
from netpol_lab.connections import cells, frames
from netpol_lab.engine.compiled import Ends
from netpol_lab.model.errors import LabError
from netpol_lab.model.objects import Pod
from netpol_lab.tell.caveat_words import caveat_line

if TYPE_CHECKING:
    import pandas

    from netpol_lab.coach.audit.audit_rules import AuditFinding
    from netpol_lab.lessons.expectations import ExpectationResult


class Cluster(SimulatedCluster):
    """A simulated cluster without a notebook, for a practitioner's own notebook or script.

    What an answer leaves out, such as policies of other kinds, stands in ``caveats`` of the cluster and of a verdict,
    and in words in ``frame.attrs["caveats"]`` of every frame; "" where nothing was left out.

    >>> cluster = Cluster()
    >>> cluster.verdict("kube-system/coredns", "External", 443).answer
    'allowed'
    """

    def matrix(self, port: int | None = None, protocol: str = "TCP", direction: Ends = "both") -> pandas.DataFrame:
        """Who can connect to whom, one row and one column per pod and for the outside.

        Both axes are indexed (namespace, pod). Without ``port`` the values are texts as in :meth:`connections`,
        "" for none; with it they are booleans. ``direction`` asks one end alone.
        """
        return _with_caveats(cells.matrix(self, port, protocol, direction), self)

    def connections(self, by: Literal["pod", "workload"] = "pod") -> pandas.DataFrame:
        """One row per (source, destination) between which any connection is possible.

        Columns: ``source``, ``destination``, and ``ports`` (``All``, or like ``TCP 80,8080-8090; UDP 53``). Pods are
        ``namespace/name``. With ``by="workload"`` replicas are one, as ``namespace/name[Kind]`` (``[Pod]`` without an
        owner), with every port that any of them has; a row from a workload to itself is about its replicas. Addresses
        outside are maximal ranges ``first-last``, for each direction apart. Sorted. Pods on the host network, pods
        that do not run and pods to themselves are left out. Raises LabError when there are more than five million rows.

        >>> from netpol_lab import Cluster
        >>> Cluster().connections(by="workload").iloc[-1].to_dict()["destination"]
        'kube-system/coredns[Deployment]'
        """
        return _with_caveats(frames.connections(self.snapshot(), by), self)

    def diff(self, other: View, by: Literal["pod", "workload"] = "pod") -> pandas.DataFrame:
        """What changes from this state to ``other``: the rows of :meth:`connections` that differ.

        ``change`` is added, removed or changed; ``ports`` are those of ``other``, ``ports_before`` those of this state,
        "" where there is no connection.
        """
        return _with_caveats(frames.diff(self.snapshot(), other.snapshot(), by), self, other)

    def unselected(self) -> pandas.DataFrame:
        """The pods that no policy isolates, per direction.

        One row per pod: ``pod``, ``workload``, and ``ingress`` and ``egress``: True where no policy isolates the pod
        in that direction, so that all traffic is allowed. Pods that are isolated in both are not in the frame, nor
        pods that do not run, nor pods on the host network, which no policy can isolate.

        >>> from netpol_lab import Cluster
        >>> sorted(set(Cluster().unselected()["workload"]))
        ['kube-system/coredns[Deployment]']
        """
        return _with_caveats(frames.unselected(self.snapshot()), self)

    def selected_by(self, pod: str | Pod) -> pandas.DataFrame:
        """The policies that isolate a pod, one row per policy and direction.

        Columns: ``direction``, ``policy`` (``namespace/name``), ``file`` and ``line`` (0 where it is not known).
        ``pod`` is a pod or a name as for :meth:`endpoint`. Raises LabError for an end that is not a pod.
        """
        found = self.endpoint(pod)
        if not isinstance(found, Pod):
            raise LabError(f"{pod!r} is not a pod: policies select pods only.")
        return _with_caveats(frames.selected_by(self.snapshot(), found), self)

    def expect(self, file: str | os.PathLike[str]) -> tuple[ExpectationResult, ...]:
        """What the policies make of each row of a table of expected connections.

        How such a file is written: :mod:`netpol_lab.lessons.expectations`. Raises :class:`LabError` for a file that is
        not, and for a name that means nobody, with all faults and their lines.
        """
        from netpol_lab.lessons import expectations

        return expectations.judge(self, expectations.read(file))

    def audit(self, settings: str | os.PathLike[str] | None = None) -> tuple[AuditFinding, ...]:
        """What an owner of these policies wants to know: see :mod:`netpol_lab.coach.audit`.

        ``settings`` is a YAML file with severities and silences; :mod:`netpol_lab.coach.audit.audit_settings` says how
        it is written. Findings that a silence covers are among those returned, and have its reason in ``silence``.
        Raises :class:`LabError` for settings with a fault.
        """
        from netpol_lab.coach.audit import audit_settings, auditing

        return auditing.audit(self.snapshot(), audit_settings.read_settings(settings))

    def document(self, name: str = "Connectivity") -> str:
        """A Markdown page with a Mermaid picture: who may talk to whom, on which ports, and which rules admit it.

        ``name`` is its title.
        """
        from netpol_lab.display import document

        return document.document(self.snapshot(), name)

    def warnings(self) -> tuple[Finding, ...]:
        """What is legal in the policies and probably wrong; see :mod:`netpol_lab.coach.advice`."""
        return advice.findings(self.snapshot())


def _with_caveats(frame: pandas.DataFrame, *states: View) -> pandas.DataFrame:
    """The frame with what it leaves out, in words."""
    frame.attrs["caveats"] = caveat_line(each for state in states for each in state.caveats)
    return frame
