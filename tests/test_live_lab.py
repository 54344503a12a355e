"""A lab on a real cluster: which one, whose kubectl, and what it does beside the student's lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from stand_in import CONTEXT, SERVER, live_cluster

from netpol_lab import Lab
from netpol_lab.lab import kernel_start
from netpol_lab.lab.live import place as places
from netpol_lab.lab.live import real_cluster
from netpol_lab.lab.live.own_kubectl import LiveError, Staying, own_kubectl_path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the shell lines of these tests are POSIX")


@pytest.fixture
def cluster(tmp_path_factory, monkeypatch, notebook_folder) -> Iterator[Path]:
    """The folder of a kubectl that reaches a cluster of its own; nothing waits for real time."""
    with live_cluster(tmp_path_factory, monkeypatch, "slow") as folder:
        yield folder


@pytest.fixture
def lab(cluster: Path) -> Iterator[Lab]:
    opened = Lab("07", live=CONTEXT)
    yield opened
    opened.close()


def shell(line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(line, shell=True, capture_output=True, text=True, timeout=120)


def asked(folder: Path) -> list[list[str]]:
    return [json.loads(line) for line in (folder / "asked.jsonl").read_text().splitlines()]


# -- which cluster -------------------------------------------------------------------------------


def test_the_place_is_shown_and_confirmed_once(cluster, monkeypatch, capsys):
    answers = iter([CONTEXT])
    monkeypatch.setattr("builtins.input", lambda question: next(answers))
    for _ in range(2):
        Lab("07", live=True).close()
    shown = capsys.readouterr().out
    assert shown.count(f"context '{CONTEXT}', server {SERVER}, namespace 'default'") == 1
    assert "token" not in Path("work/live-cluster.json").read_text()


def test_what_was_confirmed_for_one_cluster_is_asked_again_for_another(cluster, monkeypatch):
    place = places.ClusterPlace(CONTEXT, SERVER, "default")
    monkeypatch.setattr("builtins.input", lambda question: CONTEXT)
    places.confirm(place, True, Path())
    monkeypatch.setattr("builtins.input", lambda question: "")
    places.confirm(place, True, Path())
    with pytest.raises(LiveError, match="Nothing was done"):
        places.confirm(places.ClusterPlace(CONTEXT, "https://production.example:6443", "default"), True, Path())


def test_without_anybody_to_ask_the_context_has_to_be_named(cluster, monkeypatch):
    def nobody(question: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    with pytest.raises(LiveError, match=f"NETPOL_LAB_LIVE={CONTEXT}"):
        Lab("07", live=True)
    monkeypatch.setenv("NETPOL_LAB_LIVE", CONTEXT)
    lab = Lab("07")
    assert repr(lab).startswith("Lab 07: a real cluster") and SERVER in repr(lab)
    lab.close()


def test_another_context_than_the_named_one_is_refused_and_nothing_is_read(cluster):
    with pytest.raises(LiveError, match="and not 'production'"):
        Lab("07", live="production")
    assert not any("get" in words for words in asked(cluster))


@pytest.mark.parametrize(("value", "live"), [("", False), ("0", False), ("1", True), ("kind-a", "kind-a")])
def test_a_whole_class_is_live_by_a_variable(monkeypatch, value, live):
    monkeypatch.setenv("NETPOL_LAB_LIVE", value)
    assert places.wanted_live(None) == live
    assert places.wanted_live(False) is False


# -- whose kubectl -------------------------------------------------------------------------------


def test_the_students_own_kubectl_runs_with_the_words_that_were_typed(lab, cluster):
    before = len(asked(cluster))
    said = shell("kubectl get namespaces -o name; kubectl get pod no-such; echo $?")
    assert "namespace/default\n" in said.stdout and said.stdout.endswith("1\n")
    assert 'pods "no-such" not found' in said.stderr
    assert asked(cluster)[before:] == [["get", "namespaces", "-o", "name"], ["get", "pod", "no-such"]]


def test_pipes_and_here_documents_reach_the_cluster(lab):
    said = shell("kubectl create namespace a --dry-run=client -o yaml | kubectl apply -f - && kubectl get ns a -o name")
    assert said.stdout == "namespace/a created\nnamespace/a\n", said.stderr


def test_what_comes_from_standard_input_is_waited_for_as_what_comes_from_a_file(lab):
    said = shell("kubectl run web --image=nginx --dry-run=client -o yaml | kubectl apply -f -")
    assert said.stdout == "pod/web created\n"
    assert "live: waiting for the cluster (0 s): pod web in default is not Ready\n" in said.stderr


def test_a_program_in_a_pod_keeps_its_standard_input(lab):
    shell("kubectl run box --image=busybox:1.36 -- sleep 1d")
    assert shell("echo hello | kubectl exec -i box -- cat -").stdout == "hello\n"


def test_a_watch_is_stopped_so_that_the_next_cell_runs(lab, monkeypatch):
    monkeypatch.setattr(real_cluster, "SECONDS_TO_WATCH", 1)
    monkeypatch.setattr(lab._real, "kubectl", Endless())
    said = shell("kubectl get pods -A --watch")
    assert said.returncode == 0
    assert said.stderr.startswith("a line\nlive: stopped after 1 s")


class Endless:
    """A kubectl whose lines print one line and never end."""

    def start(self, *words: str, cwd: str | None = None) -> Staying:
        log = tempfile.TemporaryFile()  # noqa: SIM115 (it is closed with the process)
        process = subprocess.Popen(["sh", "-c", "echo a line; exec sleep 60"], stdout=log)
        return Staying(process, log)


def test_what_a_program_that_stays_printed_is_read_without_a_loss():
    log = tempfile.TemporaryFile()  # noqa: SIM115 (it is closed with the process)
    process = subprocess.Popen(["sh", "-c", "for i in 1 2 3 4 5 6; do echo $i; sleep 0.1; done"], stdout=log)
    staying = Staying(process, log)
    while staying.ended() is None:
        staying.said()
    assert staying.said() == "1\n2\n3\n4\n5\n6\n"
    staying.end()


def test_a_closed_lab_leaves_a_kubectl_that_refuses(lab, cluster):
    lab.close()
    before = len(asked(cluster))
    assert "there is no lab" in shell("kubectl get pods").stderr
    assert len(asked(cluster)) == before


def test_a_simulated_lab_after_a_live_one_never_asks_the_real_cluster(lab, cluster):
    simulated = Lab("07", live=False)
    before = len(asked(cluster))
    assert shell("kubectl delete ns default").returncode == 1
    simulated.matrix()
    assert len(asked(cluster)) == before
    simulated.close()


def test_the_workbooks_own_kubectl_is_never_taken_for_the_students(monkeypatch):
    kernel_start.programs_first()
    ours = os.environ["PATH"].split(os.pathsep)[0]
    monkeypatch.setenv("PATH", ours)
    assert own_kubectl_path() is None
    with pytest.raises(LiveError, match="There is no kubectl on your PATH"):
        Lab("07", live=True)


# -- beside the lines ----------------------------------------------------------------------------


def test_after_a_line_the_lab_waits_until_its_pods_are_ready_and_says_so(lab):
    said = shell("kubectl run web --image=nginx --port=80")
    assert said.stdout == "pod/web created\n"
    assert "live: waiting for the cluster (0 s): pod web in default is not Ready\n" in said.stderr
    assert lab.cluster.pod("default", "web").ip is not None


def test_a_line_that_failed_is_not_waited_for(lab):
    said = shell("kubectl run Web --image=nginx")
    assert said.returncode == 1 and "live:" not in said.stderr


def test_each_line_that_changes_something_is_a_moment_and_one_that_reads_is_none(lab):
    for line in ("create namespace shop", "get pods -A", "run web --image=nginx -n shop", "label ns shop a=b"):
        assert shell(f"kubectl {line}").returncode == 0
    assert [moment.name for moment in lab._story.moments] == [
        "start",
        "create namespace shop",
        "run web --image=nginx -n shop",
        "label ns shop a=b",
    ]


def test_what_others_do_meanwhile_is_in_the_next_view(lab, cluster):
    assert subprocess.run([cluster / "kubectl", "run", "other", "--image=nginx"], check=False).returncode == 0
    assert "default/other" in lab.matrix().text
    assert lab._story.now.name == "(somebody else, or a controller)"


def test_a_line_from_python_is_answered_as_one_of_the_shell(lab):
    assert lab.kubectl("kubectl get ns default -o name").stdout == "namespace/default\n"
    result = lab.kubectl("apply -f -", "apiVersion: v1\nkind: Namespace\nmetadata: {name: from-python}\n")
    assert result.stdout == "namespace/from-python created\n"
    assert lab._story.now.name == "apply -f -"


def test_a_connection_that_was_tried_is_drawn_and_nothing_is_said_of_what_was_not_heard(lab):
    for line in ("run web --image=nginx --port=80", "run client --image=busybox:1.36 -- sleep 1d"):
        shell(f"kubectl {line}")
    lab.kubectl("apply -f -", json.dumps(DENY))
    shell(f"kubectl exec client -- wget -qO- -T 3 {lab.cluster.pod('default', 'web').ip}")
    assert "X  client" in lab.graph().text
    assert "what you saw" not in lab.why("client", "web").text


DENY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "deny", "namespace": "default"},
    "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
}


def test_a_curl_into_the_cluster_is_skipped_by_name_and_one_to_this_machine_is_not(lab):
    shell("kubectl run web --image=nginx --port=80")
    address = lab.cluster.pod("default", "web").ip
    said = shell(f"curl -sS -m 3 http://{address}:80")
    assert said.returncode == 0 and f"live: skipped: curl -sS -m 3 http://{address}:80" in said.stderr
    said = shell("curl -sS http://127.0.0.1:1")
    assert said.returncode in (7, 127) and "live:" not in said.stderr


def test_a_profile_that_is_none_is_refused_before_the_cluster_is_read(cluster):
    with pytest.raises(Exception, match="no network plugin profile"):
        Lab("07", live=CONTEXT, profile="calicoo")
    assert not any("pods" in " ".join(words) for words in asked(cluster))


# -- real connections ----------------------------------------------------------------------------


def test_a_probe_makes_the_connections_through_the_students_kubectl(lab, cluster):
    for line in ("run web --image=nginx --port=80", "run client --image=busybox:1.36 -- sleep 1d"):
        shell(f"kubectl {line}")
    address = str(lab.cluster.pod("default", "web").ip)
    assert lab.probe().title == "1 connection that was tried agrees"
    execs = [words for words in asked(cluster) if "exec" in words]
    assert execs == [
        [
            "--context",
            CONTEXT,
            "exec",
            "client",
            "--namespace=default",
            "--",
            "nc",
            "-z",
            "-v",
            "-w",
            "3",
            address,
            "80",
        ]
    ]
