"""Faults of a cluster, and of the way to it: each ends in one clear sentence and loses nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from stand_in import on_path

from netpol_lab.engine.profiles import UPSTREAM
from netpol_lab.lab.live import own_kubectl
from netpol_lab.lab.live.own_kubectl import KubectlSaid, LiveError, NotAllowed, OwnKubectl, trouble
from netpol_lab.lab.live.reading import other_policy_kinds, read_cluster
from netpol_lab.lab.live.waiting import LIMIT, Clock, wait_until

FORBIDDEN = (
    'Error from server (Forbidden): nodes is forbidden: User "student" cannot list resource "nodes" in API group "" at '
    "the cluster scope"
)
LIST = json.dumps({"apiVersion": "v1", "kind": "List", "items": []})


class Scripted(OwnKubectl):
    """A kubectl that says one thing after the other, the last one again and again; nothing is started."""

    def __init__(self, *said: KubectlSaid | LiveError) -> None:
        self.answers, self.context, self.asked, self.slept = list(said), "", 0, list[float]()
        self._sleep = self.slept.append

    def say(self, *words: str, stdin: str = "", seconds: float = 60, cwd: str | None = None) -> KubectlSaid:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, LiveError):
            raise answer
        return answer


def failed(words: str) -> KubectlSaid:
    return KubectlSaid("", words + "\n", 1)


FAULTS = {
    "401": ("error: You must be logged in to the server (Unauthorized)", "does not know you", False),
    "403": (FORBIDDEN, 'You may not list nodes in the whole cluster.*resources: \\["nodes"\\]', False),
    "409": ("Error from server (Conflict): the object has been modified", "in the same moment", True),
    "410": ("Error from server (Expired): The provided continue parameter is too old", "had expired", True),
    "429": ("Error from server (TooManyRequests): too many requests", "asked to be left alone", True),
    "reset": ("error: read tcp 10.0.0.1:4: connection reset by peer", "The connection to the API server broke", True),
    "refused": ("The connection to the server 127.0.0.1:6443 was refused", "cannot be reached", True),
    "time-out": ("Unable to connect to the server: net/http: TLS handshake timeout", "did not answer in time", True),
    "clock": ("x509: certificate has expired or is not yet valid: current time 1999", "Check the clock", False),
    "no context": ("error: current-context must exist in order to minify", "no context that leads", False),
    "other": ("error: something nobody knows", "exit code 1. kubectl said: error: something nobody knows", False),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_one_sentence_and_is_asked_again_only_where_that_may_help(name):
    words, sentence, again = FAULTS[name]
    kubectl = Scripted(failed(words))
    with pytest.raises(LiveError, match=f"(?s){sentence}") as caught:
        kubectl.read("get", "pods")
    assert "Traceback" not in str(caught.value)
    assert kubectl.asked == (1 + len(own_kubectl.PAUSES) if again else 1)


def test_what_passes_meanwhile_is_not_noticed():
    kubectl = Scripted(failed("connection reset by peer"), KubectlSaid("there", "", 0))
    assert kubectl.read("get", "pods") == "there"
    assert kubectl.slept == [own_kubectl.PAUSES[0]]


def test_an_output_cut_in_half_is_asked_for_again_and_then_told():
    whole = json.dumps({"apiVersion": "v1", "kind": "List", "items": [{"kind": "Namespace", "metadata": {}}]})
    kubectl = Scripted(KubectlSaid(whole[:40], "", 0), KubectlSaid(LIST, "", 0))
    assert read_cluster(kubectl, UPSTREAM).state.objects == {}
    with pytest.raises(LiveError, match="cut in the middle"):
        read_cluster(Scripted(KubectlSaid(whole[:40], "", 0)), UPSTREAM)


def test_what_is_no_list_of_kubectl_is_told():
    with pytest.raises(LiveError, match="no list of objects"):
        read_cluster(Scripted(KubectlSaid('"hello"', "", 0)), UPSTREAM)


def test_one_missing_right_leaves_the_rest_and_is_named_with_its_rule():
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": [namespace]})
    found = read_cluster(Scripted(KubectlSaid(text, FORBIDDEN, 1)), UPSTREAM)
    assert [each.name for each in found.state.namespaces] == ["shop"]
    assert found.notes[0].startswith("You may not list nodes in the whole cluster. The rule of a ClusterRole")


def test_no_right_at_all_is_an_error_that_names_the_rules():
    with pytest.raises(NotAllowed, match='verbs: \\["list"\\]'):
        read_cluster(Scripted(KubectlSaid(LIST, FORBIDDEN, 1)), UPSTREAM)


def test_a_kubectl_that_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    program = tmp_path / "kubectl"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    on_path(monkeypatch, tmp_path)
    with pytest.raises(LiveError, match=r"did not end within 0\.2 s"):
        OwnKubectl().say("get", "pods", seconds=0.2)


def test_a_kubectl_that_cannot_be_run_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    program = tmp_path / "kubectl"
    program.write_text("#!/no/such/interpreter\n")
    program.chmod(0o755)
    on_path(monkeypatch, tmp_path)
    with pytest.raises(LiveError, match="cannot be run"):
        OwnKubectl().say("get", "pods")


def test_words_of_the_cluster_cannot_speak_to_a_terminal():
    error = trouble(["get"], failed("error: \x1b[2Jgone\x07"))
    assert "\x1b" not in str(error) and "\x07" not in str(error)


# -- waiting -------------------------------------------------------------------------------------


def ending_namespace() -> KubectlSaid:
    body = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "shop", "deletionTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"conditions": [{"type": "NamespaceContentRemaining", "message": "Some resources are remaining"}]},
    }
    return KubectlSaid(json.dumps(body), "", 0)


def waited(kubectl: OwnKubectl, there: Sequence[tuple[str, str, str]], gone: Sequence[tuple[str, str, str]]):
    """What was said, and whether it got there; an hour of waiting takes no time."""
    clock = [0.0]
    said: list[str] = []

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    done = wait_until(kubectl, there, gone, said.append, Clock(lambda: clock[0], sleep))
    return done, said, clock[0]


def test_a_namespace_stuck_in_terminating_is_given_up_with_what_holds_it():
    done, said, spent = waited(Scripted(ending_namespace()), (), [("Namespace", "", "shop")])
    assert not done and spent >= LIMIT
    assert "stops waiting: namespace shop is ending" in said[-1]
    assert "finalizers kubernetes" in said[-1] and "Some resources are remaining" in said[-1]


def test_a_pod_whose_image_cannot_be_pulled_is_not_waited_for():
    waiting = {"state": {"waiting": {"reason": "ImagePullBackOff"}}}
    pod = {"kind": "Pod", "metadata": {"name": "web"}, "status": {"phase": "Pending", "containerStatuses": [waiting]}}
    done, said, spent = waited(Scripted(KubectlSaid(json.dumps(pod), "", 0)), [("Pod", "shop", "web")], ())
    assert done and spent == 0
    assert said == ["pod web in shop: its image cannot be pulled (ImagePullBackOff). The lab does not wait for it.\n"]


def test_a_pod_that_has_ended_its_work_is_not_waited_for():
    pod = {"kind": "Pod", "metadata": {"name": "once"}, "status": {"phase": "Succeeded"}}
    assert waited(Scripted(KubectlSaid(json.dumps(pod), "", 0)), [("Pod", "shop", "once")], ())[0]


def test_an_api_server_that_goes_away_while_the_lab_waits_ends_the_wait_with_its_sentence():
    done, said, _ = waited(Scripted(failed("connection reset by peer")), [("Pod", "shop", "web")], ())
    assert not done and "does not wait any longer: The connection to the API server broke" in said[0]


def test_an_object_that_changes_between_two_reads_is_seen_as_it_is_last():
    def pod(ready: str) -> KubectlSaid:
        conditions = [{"type": "Ready", "status": ready}]
        status = {"phase": "Running", "conditions": conditions}
        return KubectlSaid(json.dumps({"kind": "Pod", "metadata": {"name": "web"}, "status": status}), "", 0)

    nothing = KubectlSaid("", "", 0)
    done, said, spent = waited(Scripted(nothing, pod("False"), nothing, pod("True")), [("Pod", "shop", "web")], ())
    assert done and spent == 3.0 and said == ["waiting for the cluster (0 s): pod web in shop is not there yet\n"]


# -- kubectl 1.28 to 1.37 ------------------------------------------------------------------------


@pytest.mark.parametrize("short", ["cnp,ciliumnp", ""])
def test_policy_kinds_of_others_are_found_in_any_form_of_the_table(short):
    rows = [
        ("pods", "po", "v1", "true", "Pod"),
        ("networkpolicies", "netpol", "networking.k8s.io/v1", "true", "NetworkPolicy"),
        ("ciliumnetworkpolicies", short, "cilium.io/v2", "true", "CiliumNetworkPolicy"),
        ("networkpolicies", "", "crd.projectcalico.org/v1", "true", "NetworkPolicy"),
        ("adminnetworkpolicies", "anp", "policy.networking.k8s.io/v1alpha1", "false", "AdminNetworkPolicy"),
        ("stagednetworkpolicies", "", "crd.projectcalico.org/v1", "true", "StagedNetworkPolicy"),
        ("authorizationpolicies", "ap", "security.istio.io/v1", "true", "AuthorizationPolicy"),
    ]
    table = "\n".join("   ".join(f"{cell:<10}" for cell in row) for row in rows)
    assert other_policy_kinds(Scripted(KubectlSaid(table, "", 0))) == [
        "ciliumnetworkpolicies.cilium.io",
        "networkpolicies.crd.projectcalico.org",
        "adminnetworkpolicies.policy.networking.k8s.io",
        "authorizationpolicies.security.istio.io",
    ]


def test_a_policy_of_another_kind_marks_the_verdicts_as_incomplete():
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    other = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "c", "namespace": "shop"},
    }
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": [space, other]})
    state = read_cluster(Scripted(KubectlSaid(text, "", 0)), UPSTREAM, ["ciliumnetworkpolicies.cilium.io"]).state
    assert [each.kind for each in state.caveats] == ["other policy"]
