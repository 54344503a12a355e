"""Real connections beside the prediction: what a client met, agreement, and the likely reason of each surprise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from netpol_lab import Cluster, Lab
from netpol_lab.connections import connect_to
from netpol_lab.connections.probed import why_differs
from netpol_lab.connections.scene import build
from netpol_lab.display import probe_table
from netpol_lab.engine.profiles import CALICO
from netpol_lab.lab.live import probing
from netpol_lab.lab.live.own_kubectl import KubectlSaid, LiveError
from netpol_lab.lab.live.probing import connections_to_try, probe
from netpol_lab.lab.live.trying import try_connection
from netpol_lab.model.errors import LabError
from netpol_lab.model.objects import Pod

WORLD = """
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}, spec: {containers: [
  {name: web, image: nginx, ports: [{containerPort: 80}]}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: client, namespace: shop, labels: {app: client}}, spec: {containers: [
  {name: client, image: "busybox:1.36", command: [sleep, 1d]}]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: shop}, spec: {
  podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}}
"""
OPEN = KubectlSaid("", "10.0.0.1 (10.0.0.1:80) open\n", 0)
TIMED_OUT = KubectlSaid(
    "", "nc: 10.0.0.1 (10.0.0.1:80): Connection timed out\ncommand terminated with exit code 1\n", 1
)
REFUSED = KubectlSaid("", "nc: 10.0.0.1 (10.0.0.1:80): Connection refused\ncommand terminated with exit code 1\n", 1)
NO_PROGRAM = KubectlSaid("", 'exec failed: "nc": executable file not found in $PATH\n', 1)


@pytest.fixture
def world() -> Cluster:
    return Cluster.from_manifests(WORLD)


def answers(*said: KubectlSaid) -> Callable[[Pod, Sequence[str]], KubectlSaid]:
    """One after the other; the last one again and again."""
    left = list(said)
    return lambda pod, words: left.pop(0) if len(left) > 1 else left[0]


def probed(world: Cluster, *said: KubectlSaid, later: Cluster | None = None):
    state = world.snapshot()
    flows = connections_to_try(state, build(state), ())
    found, _ = probe(answers(*said), flows, (later or world).snapshot, lambda text: None, lambda: None)
    return found


# -- one client ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("said", "met"), [(OPEN, "connected"), (TIMED_OUT, "timed out"), (REFUSED, "refused")])
def test_what_nc_says_is_understood(world, said, met):
    assert try_connection(answers(said), world.pod("shop", "client"), "10.0.0.1", 80).met == met


@pytest.mark.parametrize(
    ("words", "met"),
    [
        (
            "curl: (28) Connection timed out after 3002 milliseconds\ncommand terminated with exit code 28\n",
            "timed out",
        ),
        ("curl: (7) Failed to connect to w port 80\ncommand terminated with exit code 7\n", "refused"),
        ("curl: (52) Empty reply from server\ncommand terminated with exit code 52\n", "connected"),
        ("wget: server returned error: HTTP/1.1 404 Not Found\ncommand terminated with exit code 1\n", "connected"),
        ("wget: download timed out\ncommand terminated with exit code 1\n", "timed out"),
    ],
)
def test_what_curl_and_wget_say_is_understood(world, words, met):
    pod = world.pod("shop", "client")
    assert try_connection(answers(NO_PROGRAM, KubectlSaid("", words, 1)), pod, "10.0.0.1", 80).met == met


def test_an_nc_that_knows_no_such_option_is_none_and_unclear_words_are_no_time_out(world):
    pod = world.pod("shop", "client")
    other = KubectlSaid("", "nc: invalid option -- 'z'\ncommand terminated with exit code 1\n", 1)
    assert try_connection(answers(other, TIMED_OUT), pod, "10.0.0.1", 80).met == "timed out"
    assert not try_connection(answers(other), pod, "10.0.0.1", 80).client
    quiet = KubectlSaid("", "command terminated with exit code 1\n", 1)  # the nc of BusyBox, refused on a real node
    assert try_connection(answers(quiet), pod, "10.0.0.1", 80).met == "refused"
    unclear = KubectlSaid("", "nc: something is wrong\ncommand terminated with exit code 1\n", 1)
    tried = try_connection(answers(unclear), pod, "10.0.0.1", 80)
    assert (tried.met, tried.words) == ("not tried", "nc: something is wrong")
    unreachable = KubectlSaid("", "nc: 10.0.0.1: Host is unreachable\ncommand terminated with exit code 1\n", 1)
    assert try_connection(answers(unreachable), pod, "10.0.0.1", 80).met == "refused"


def test_a_pod_without_any_client_is_said_to_have_none(world):
    assert not try_connection(answers(NO_PROGRAM), world.pod("shop", "client"), "10.0.0.1", 80).client


def test_a_client_that_did_not_end_is_no_time_out_of_the_connection(world):
    def slow(pod: Pod, words: Sequence[str]) -> KubectlSaid:
        raise LiveError("`kubectl exec` did not end within 20 s.")

    tried = try_connection(slow, world.pod("shop", "client"), "10.0.0.1", 80)
    assert (tried.met, tried.words) == ("not tried", "`kubectl exec` did not end within 20 s.")


# -- beside the prediction -----------------------------------------------------------------------


def test_what_was_predicted_and_met_agrees(world):
    (found,) = probed(world, TIMED_OUT)
    assert (found.met, found.surprise, found.is_surprise) == ("timed out", "agrees", False)


def test_a_packet_that_passes_a_policy_says_that_it_is_not_enforced(world):
    (found,) = probed(world, OPEN)
    assert (found.surprise, found.is_surprise) == ("not enforced", True)


def test_a_policy_that_was_not_programmed_yet_agrees_when_asked_again(world):
    (found,) = probed(world, OPEN, TIMED_OUT)
    assert (found.met, found.surprise, found.is_surprise) == ("timed out", "agrees when asked again", False)


def test_a_state_that_changed_meanwhile_is_the_reason(world):
    later = Cluster.at(world.snapshot())
    later.delete("NetworkPolicy", "shop", "deny")
    (found,) = probed(world, OPEN, later=later)
    assert found.surprise == "changed meanwhile"


def test_a_refusal_where_a_policy_blocks_is_a_plugin_that_rejects(world):
    (found,) = probed(world, REFUSED)
    assert found.surprise == "rejected"


def test_another_policy_kind_and_a_port_without_a_program_are_reasons(world):
    world.delete("NetworkPolicy", "shop", "deny")
    client, web = (world.pod("shop", name) for name in ("client", "web"))
    flow = connect_to(world.snapshot(), client, web, 80)
    assert why_differs(flow, "refused", False) == "nothing listens"
    assert why_differs(flow, "timed out", False) == "dropped on the way"
    world.apply(
        "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: c, namespace: shop}, spec: {}}\n"
    )
    assert why_differs(connect_to(world.snapshot(), client, web, 80), "timed out", False) == "other policy"


def test_too_many_connections_are_refused_before_one_is_made(world, monkeypatch):
    monkeypatch.setattr(probing, "MOST", 0)
    with pytest.raises(LabError, match="Name the namespaces"):
        connections_to_try(world.snapshot(), build(world), ())


def test_an_interrupt_shows_what_was_tried(world):
    def interrupted(pod: Pod, words: Sequence[str]) -> KubectlSaid:
        raise KeyboardInterrupt

    state = world.snapshot()
    flows = connections_to_try(state, build(state), ())
    assert probe(interrupted, flows, world.snapshot, print, lambda: None) == ([], True)


def test_a_rule_by_address_that_admits_nobody_is_likely_a_translated_address(world):
    world.delete("NetworkPolicy", "shop", "deny")
    client, web = (world.pod("shop", name) for name in ("client", "web"))
    rules = f"ingress: [{{from: [{{ipBlock: {{cidr: {client.ip}/32}}}}]}}]"
    world.apply(WORLD.split("---")[2].replace("policyTypes: [Ingress]", f"policyTypes: [Ingress], {rules}"))
    assert why_differs(connect_to(world.snapshot(), client, web, 80), "timed out", False) == "plugin"
    calico = replace(world.snapshot(), enforcement=CALICO)
    flow = connect_to(calico, client, web, 80)
    assert why_differs(flow, "timed out", False) == "translated address"


def test_the_matrix_has_both_and_the_list_below_it_what_needs_a_word(world):
    state = world.snapshot()
    scene = build(state)
    surprised = probe_table.draw(probed(world, OPEN), scene)
    assert surprised.title == "1 of 1 connections differs from the prediction"
    for words in ("observed:", "predicted: timed out", "the cluster does not enforce them"):
        assert words in surprised.html
    agreed = probe_table.draw(probed(world, TIMED_OUT), scene)
    assert "npl-no" in agreed.html and "npl-plain" not in agreed.html.split("</style>")[1]
    assert "=  shop/client -> shop/web TCP 80  timed out  timed out" in agreed.text


def test_a_simulated_lab_agrees_with_itself(notebook_folder):
    lab = Lab("07", live=False)
    lab.cluster.apply("#\n" + "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}\n---" + WORLD)
    picture = lab.probe()
    assert picture.title == "1 connection that was tried agrees"
    assert "shop/client -> shop/web TCP 80" in picture.text and "timed out" in picture.text
    lab.close()
