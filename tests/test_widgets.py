"""The playground: it follows its controls, changes no cluster, and is readable without a kernel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from netpol_lab import Cluster
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections import Flow
from netpol_lab.lab.playground import Playground

WORLD = """
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: shop, labels: {app: client}}
spec: {nodeName: node1, containers: [{name: c, image: "busybox:1.36", command: [sleep, "3600"]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: server, namespace: shop, labels: {app: server}}
spec: {nodeName: node2, containers: [{name: c, image: "nginx:1.27", ports: [{containerPort: 80}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow, namespace: shop}
spec:
  podSelector: {matchLabels: {app: server}}
  ingress: [{from: [{podSelector: {matchLabels: {app: client}}}], ports: [{port: 80}]}]
"""


class SmallLab:
    """What a playground needs of a lab."""

    def __init__(self) -> None:
        self.cluster = Cluster()
        self.cluster.apply(WORLD)

    def hypothetical(self, without: Iterable[str] = ()) -> Snapshot:
        return self.cluster.snapshot().without([("NetworkPolicy", *name.split("/", 1)) for name in without])  # type: ignore[misc]

    def _withheld(self, state: Snapshot, flow: Flow) -> str:
        return ""


@pytest.fixture
def lab() -> SmallLab:
    return SmallLab()


def controls(play: Playground, kind: str) -> dict[str, Any]:
    """The controls of one kind by their label."""
    return {each.description: each for each in everything(play.widget) if type(each).__name__ == kind}


def everything(box: Any) -> Iterator[Any]:
    for child in getattr(box, "children", ()):
        yield child
        yield from everything(child)


def shown(play: Playground) -> list[Any]:
    """The line that is announced, and the picture below the names of the views."""
    places = [each for each in everything(play.widget) if type(each).__name__ == "HTML"]
    return [places[0], places[-1]]


def look_at(play: Playground, view: str) -> None:
    next(each for each in everything(play.widget) if type(each).__name__ == "ToggleButtons").value = view


def test_every_control_has_a_label(lab: SmallLab) -> None:
    play = Playground(lab)
    assert set(controls(play, "Checkbox")) == {"shop/allow", "shop/deny"}
    assert set(controls(play, "Dropdown")) == {"Port", "From", "To"}


def test_switching_a_policy_off_changes_the_answer_and_not_the_cluster(lab: SmallLab) -> None:
    play, before = Playground(lab), lab.cluster.snapshot()
    assert play.pictures()[2].title == "✓ Allowed: client reaches server on TCP 80"
    controls(play, "Checkbox")["shop/allow"].value = False
    assert play.title == "Playground: 1 of 2 policies on"
    assert play.pictures()[2].title.startswith("✕ Blocked at ingress of server")
    assert lab.cluster.snapshot() is before


def test_the_picture_in_the_widget_follows(lab: SmallLab) -> None:
    play = Playground(lab)
    said, drawn = shown(play)
    assert "Allowed: client reaches server" in said.value and 'role="status"' in said.value
    look_at(play, "Why")
    controls(play, "Checkbox")["shop/allow"].value = False
    assert "Blocked at ingress of server" in said.value
    assert "Blocked at ingress of server" in drawn.value


def test_cause_and_effect_stand_together_with_before_and_after(lab: SmallLab) -> None:
    play = Playground(lab)
    said, drawn = shown(play)
    assert "Before" not in said.value
    assert "Only client reaches server" in drawn.value, "nothing was switched yet: the graph"
    controls(play, "Checkbox")["shop/allow"].value = False
    assert "Before: ✓ Allowed: client reaches server on TCP 80. Now: ✕ Blocked at ingress of server" in said.value
    assert "With all policies → without shop/allow" in drawn.value
    controls(play, "Dropdown")["From"].value = "External"
    assert "With all policies → without shop/allow" in drawn.value, "another question is no other change"
    controls(play, "Checkbox")["shop/deny"].value = False
    assert "Without shop/allow → without shop/allow, shop/deny" in drawn.value


def test_a_fault_while_it_follows_is_said_where_the_pictures_stand(
    lab: SmallLab, monkeypatch: pytest.MonkeyPatch, notebook_folder: Path
) -> None:
    play = Playground(lab)
    said, drawn = shown(play)

    def broken(_: Playground) -> None:
        raise ZeroDivisionError("somewhere deep")

    monkeypatch.setattr(Playground, "pictures", broken)
    controls(play, "Checkbox")["shop/allow"].value = False
    assert "`lab.playground()` met a fault of the lab" in said.value and 'role="status"' in said.value
    assert drawn.value == ""


def test_port_and_pair_can_be_picked(lab: SmallLab) -> None:
    play = Playground(lab)
    dropdowns = controls(play, "Dropdown")
    dropdowns["Port"].value = ("UDP", 53)
    dropdowns["To"].value = "kube-system/kube-dns"
    dropdowns["From"].value = "shop/server"
    assert play.pictures()[2].title == "✓ Allowed: server reaches coredns on UDP 53"
    assert "UDP 53" in play.pictures()[1].quiet


def test_all_ports_is_a_choice_one_can_come_back_to(lab: SmallLab) -> None:
    play = Playground(lab)
    port = controls(play, "Dropdown")["Port"]
    assert port.label == "all ports"
    port.value = ("TCP", 80)
    assert play.port == ("TCP", 80)
    port.label = "all ports"
    assert play.port is None


def test_a_pod_and_itself_can_be_picked(lab: SmallLab) -> None:
    play = Playground(lab)
    play.source = play.target = "shop/server"
    assert play.pictures()[2].title == "✓ Allowed: server reaches itself on TCP 80"


def test_it_is_readable_without_a_kernel(lab: SmallLab) -> None:
    bundle = Playground(lab)._repr_mimebundle_()
    assert "✓ Allowed: client reaches server on TCP 80" in bundle["text/html"]
    assert "policy shop/allow  on" in bundle["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_what_is_compared_on_a_second_run_is_the_same(lab: SmallLab) -> None:
    first, second = Playground(lab)._repr_mimebundle_(), Playground(lab)._repr_mimebundle_()
    for kind in ("text/html", "text/plain"):
        assert first[kind] == second[kind]


def test_without_policies_there_is_nothing_to_switch() -> None:
    lab = SmallLab()
    for name in ("allow", "deny"):
        lab.cluster.delete("NetworkPolicy", "shop", name)
    play = Playground(lab)
    assert play.title == "Playground: there is no policy to switch"
    assert any("No policy yet" in str(each.value) for each in everything(play.widget) if hasattr(each, "value"))


def test_the_module_does_not_need_ipywidgets_to_be_imported() -> None:
    import subprocess
    import sys

    code = (
        "import netpol_lab.lab.playground, sys; assert 'ipywidgets' not in sys.modules and 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
