"""What the lab itself writes to a real cluster, where it may, and that nothing of it stays."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from stand_in import CONTEXT, SERVER, live_cluster, on_path, stand_in

from netpol_lab import Lab
from netpol_lab.lab.cli import main
from netpol_lab.lab.live import canary, real_cluster, waiting
from netpol_lab.lab.live.own_kubectl import LiveError, OwnKubectl
from netpol_lab.lab.live.own_objects import MADE_BY, STUDENT, OwnObjects
from netpol_lab.lab.live.place import ClusterPlace
from netpol_lab.lab.live.waiting import MACHINE

WRITES = {"create", "apply", "delete", "label", "patch", "replace", "run", "annotate", "edit", "scale"}


@pytest.fixture
def cluster(tmp_path_factory, monkeypatch, notebook_folder) -> Iterator[Path]:
    with live_cluster(tmp_path_factory, monkeypatch) as folder:
        yield folder


@pytest.fixture
def own(cluster: Path) -> OwnObjects:
    return OwnObjects(OwnKubectl(CONTEXT), ClusterPlace(CONTEXT, SERVER, "default"), "07", MACHINE)


def kubectl(cluster: Path, *words: str) -> str:
    return subprocess.run([cluster / "kubectl", *words], capture_output=True, text=True, check=False).stdout


def written(cluster: Path) -> list[list[str]]:
    """The lines of the lab that change something: those with its --context."""
    lines = [json.loads(line) for line in (cluster / "asked.jsonl").read_text().splitlines()]
    return [words[2:] for words in lines if words[:1] == ["--context"] and WRITES & set(words[2:3])]


def pod(namespace: str, name: str = "helper"):
    container = {"name": "c", "image": "busybox:1.36", "command": ["sleep", "60"]}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


def names(cluster: Path, kinds: str) -> set[str]:
    return set(kubectl(cluster, "get", kinds, "-A", "-o", "name").split())


def test_nothing_is_written_into_a_namespace_without_the_label(own, cluster):
    kubectl(cluster, "create", "namespace", "production")
    with pytest.raises(LiveError, match=f"kubectl label namespace production {STUDENT}=07"):
        own.create(pod("production"))
    kubectl(cluster, "label", "namespace", "production", f"{STUDENT}=08")
    with pytest.raises(LiveError, match="writes nothing"):
        own.create(pod("production"))
    assert written(cluster) == []


def test_the_label_is_looked_up_before_every_write(own, cluster):
    kubectl(cluster, "create", "namespace", "student-07")
    kubectl(cluster, "label", "namespace", "student-07", f"{STUDENT}=07")
    own.create(pod("student-07", "one"))
    kubectl(cluster, "label", "namespace", "student-07", f"{STUDENT}-")
    with pytest.raises(LiveError, match="writes nothing"):
        own.create(pod("student-07", "two"))
    assert "pod/two" not in names(cluster, "pods") and "pod/one" in names(cluster, "pods")


def test_a_namespace_of_somebody_else_is_not_taken_over(own, cluster):
    kubectl(cluster, "create", "namespace", "netpol-lab-07")
    with pytest.raises(LiveError, match="writes nothing"):
        own.make_namespace("netpol-lab-07")


def test_only_pods_and_policies_are_made(own, cluster):
    own.make_namespace("netpol-lab-07")
    with pytest.raises(LiveError, match="makes no ClusterRole"):
        own.create({"kind": "ClusterRole", "metadata": {"namespace": "netpol-lab-07", "name": "x"}})


def test_a_context_that_leads_elsewhere_meanwhile_is_not_written_to(cluster):
    elsewhere = OwnObjects(OwnKubectl(CONTEXT), ClusterPlace(CONTEXT, "https://other:6443", "default"), "07", MACHINE)
    for write in (lambda: elsewhere.make_namespace("netpol-lab-07"), lambda: elsewhere.clean(print)):
        with pytest.raises(LiveError, match="writes nothing there"):
            write()
    assert written(cluster) == []


def test_cleaning_takes_what_the_lab_made_and_nothing_else_and_proves_it(own, cluster):
    kubectl(cluster, "create", "namespace", "student-07")
    kubectl(cluster, "label", "namespace", "student-07", f"{STUDENT}=07")
    kubectl(cluster, "run", "mine", "--image=nginx", "-n", "student-07")
    before = names(cluster, "namespaces,pods,networkpolicies")
    own.create(pod("student-07"))
    own.make_namespace("netpol-lab-07")
    own.create(pod("netpol-lab-07"))
    gone = own.clean(lambda text: None)
    assert sorted(gone) == ["namespace/netpol-lab-07", "pod/helper in student-07"]
    assert names(cluster, "namespaces,pods,networkpolicies") == before
    assert own.clean(lambda text: None) == []


def test_a_kernel_that_died_in_the_canary_leaves_what_the_next_reset_cleans(cluster, monkeypatch):
    lab = Lab("07", live=CONTEXT)
    before = names(cluster, "namespaces,pods,networkpolicies")

    def dies(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(real_cluster, "run_canary", dies)
    monkeypatch.setattr(OwnObjects, "clean", lambda self, say: [])
    with pytest.raises(SystemExit):
        lab.canary()
    assert "namespace/netpol-lab-07" in names(cluster, "namespaces")
    lab.close()
    monkeypatch.undo()
    on_path(monkeypatch, cluster)
    again = Lab("07", live=CONTEXT)
    again.reset()
    assert names(cluster, "namespaces,pods,networkpolicies") == before
    again.close()


# -- the canary ----------------------------------------------------------------------------------


def test_the_canary_names_what_is_enforced_and_leaves_nothing(cluster, monkeypatch):
    monkeypatch.setattr(canary, "PATIENCE", 0.5)
    lab = Lab("07", live=CONTEXT)
    before = names(cluster, "namespaces,pods,networkpolicies")
    picture = lab.canary()
    assert picture.title == "This cluster enforces policies"
    for words in ("ingress: enforced", "egress: enforced", "podSelector: admits that pod alone", "profile upstream"):
        assert words in picture.text
    assert names(cluster, "namespaces,pods,networkpolicies") == before
    assert all("netpol-lab-07" in " ".join(words) or "-f" in words for words in written(cluster))
    lab.close()


def test_a_cluster_that_ignores_policies_is_named_so_and_the_command_ends_with_one(tmp_path_factory, monkeypatch):
    monkeypatch.setattr(canary, "PATIENCE", 0.5)
    monkeypatch.setattr(waiting, "PAUSE", 0)
    with stand_in(tmp_path_factory.mktemp("flannel"), "profile=flannel") as folder:
        on_path(monkeypatch, folder)
        before = names(folder, "namespaces,pods,networkpolicies")
        done = CliRunner().invoke(main, ["canary", CONTEXT])
        assert (done.exit_code, done.exception.__class__) == (1, SystemExit), done.output
        assert "ingress: NOT enforced" in done.stdout and "profile flannel" in done.stdout
        assert names(folder, "namespaces,pods,networkpolicies") == before


def test_a_simulated_lab_has_no_canary(notebook_folder):
    lab = Lab("07", live=False)
    with pytest.raises(LiveError, match="simulated"):
        lab.canary()
    lab.close()


def test_everything_the_lab_makes_carries_its_mark(own, cluster):
    own.make_namespace("netpol-lab-07")
    own.create(pod("netpol-lab-07"))
    for words in (("namespace", "netpol-lab-07"), ("pod", "helper", "-n", "netpol-lab-07")):
        assert json.loads(kubectl(cluster, "get", *words, "-o", "json"))["metadata"]["labels"][MADE_BY] == "07"
