"""The whole way of a text: read, loaded, judged, drawn, by every door. What is asked of it by hand and by fuzzing."""

from __future__ import annotations

from netpol_lab import Cluster
from netpol_lab.coach.admit import smallest_change
from netpol_lab.coach.stop import smallest_stop
from netpol_lab.connections import connect_to
from netpol_lab.connections.scene import build
from netpol_lab.display import advice_table as advice
from netpol_lab.display import matrix, why
from netpol_lab.display import policy_cards as policies
from netpol_lab.kubectl import Session, run
from netpol_lab.model.errors import LabError


def look(cluster: Cluster) -> None:
    """Ask everything there is to ask; nothing but answers may come."""
    names = [pod.id for pod in cluster.pods][:3]
    for source in names:
        cluster.selected_by(source)
        for destination in (*names, "External"):
            verdict = cluster.verdict(source, destination, 80)
            change = (smallest_stop if verdict else smallest_change)(cluster, verdict)
            flow = connect_to(cluster, verdict.source, verdict.destination, 80)
            assert why.draw(flow, change=change).text.isascii()
    assert set(cluster.connections(by="workload").columns) == {"source", "destination", "ports"}
    cluster.unselected()
    scene = build(cluster)
    for policy in cluster.policies[:2]:
        policies.draw(scene, policy)
    assert advice.draw(cluster.warnings(), len(cluster.policies)).text.isascii()
    twin = matrix.draw(scene).text
    assert twin.isascii() and all(len(line) <= 96 for line in twin.splitlines())


def take_in(text: str) -> None:
    """Through all three doors; each refuses with the library's own error, or all of it is there."""
    try:
        own = Cluster.from_manifests("#\n" + text)
    except LabError:
        pass
    else:
        look(own)
    cluster = Cluster()
    before = cluster.snapshot()
    try:
        cluster.apply("#\n" + text)
    except LabError:
        assert cluster.snapshot() is before
    else:
        look(cluster)
    session = Session(Cluster())
    assert run(session, ["apply", "-f", "-"], lambda: text).exit_code in (0, 1)
    for line in ("get all,netpol,nodes -A -o wide", "describe netpol,pods,svc,deploy -A", "get pods -A -o yaml"):
        assert run(session, line.split()).exit_code in (0, 1)
    assert run(session, ["delete", "-f", "-"], lambda: text).exit_code in (0, 1)
