"""Connections that stand while policies change: catalogue rule 9, which the API leaves to the network plugin."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netpol_lab import Cluster
from netpol_lab.connections import Flow, Standing, connect, standing
from netpol_lab.display import standing_table as table
from netpol_lab.engine.profiles import CALICO, CILIUM, PROFILES, UPSTREAM
from netpol_lab.lab.front import Lab
from netpol_lab.manifests import from_object
from netpol_lab.model import datafiles as data


def manifest(name: str) -> str:
    return data.path("manifests", "plugins", f"{name}.yaml").read_text(encoding="utf-8")


@pytest.fixture
def canary() -> Cluster:
    cluster = Cluster()
    cluster.apply(manifest("canary"))
    return cluster


def opened(cluster: Cluster) -> Flow:
    flow = connect(cluster, cluster.endpoint("canary/in-client"), "in-server", 80)
    assert flow.connected
    return flow


def becomes(cluster: Cluster, flow: Flow, profile: str) -> Standing:
    return standing(replace(cluster.snapshot(), enforcement=PROFILES[profile]), flow)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_connection_goes_on_while_the_policies_admit_it(canary, profile):
    found = becomes(canary, opened(canary), profile)
    assert (found.fate, found.anew, found.by_profile) == ("goes on", True, ())


@pytest.mark.parametrize(
    ("profile", "fate", "anew"),
    [
        ("upstream", "depends on the network plugin", False),
        ("calico", "goes on", False),
        ("cilium", "is cut", False),
        ("weave-2.3", "goes on", False),
        ("flannel", "goes on", True),
        ("aws-vpc-cni", "goes on", True),
    ],
)
def test_a_policy_applied_later_meets_a_standing_connection_as_the_plugin_decides(canary, profile, fate, anew):
    flow = opened(canary)
    canary.apply(manifest("close-in-server"))
    found = becomes(canary, flow, profile)
    assert (found.fate, found.anew) == (fate, anew)


def test_where_the_api_leaves_it_open_each_plugin_is_named(canary):
    flow = opened(canary)
    canary.apply(manifest("close-in-server"))
    assert becomes(canary, flow, "upstream").by_profile == ((CALICO, "goes on"), (CILIUM, "is cut"))


def test_a_connection_that_only_some_plugins_admit_depends_on_the_plugin_too(canary):
    flow = opened(canary)
    canary.apply(manifest("from-pod-addresses"))
    found = becomes(canary, flow, "upstream")
    assert (found.fate, found.anew) == ("depends on the network plugin", True)
    assert dict(found.by_profile)[CILIUM] == "is cut"


def test_a_policy_taken_away_lets_the_connection_go_on_under_every_plugin(canary):
    flow = opened(canary)
    canary.apply(manifest("close-in-server"))
    canary.delete("NetworkPolicy", "canary", "close-in-server")
    assert {becomes(canary, flow, profile).fate for profile in PROFILES} == {"goes on"}


@pytest.mark.parametrize("pod", ["in-client", "in-server"])
@pytest.mark.parametrize("again", [False, True])
def test_a_connection_ends_with_its_pod_even_when_one_of_that_name_comes_back(canary, pod, again):
    flow = opened(canary)
    canary.delete("Pod", "canary", pod)
    if again:
        canary.apply(manifest("canary"))
    found = becomes(canary, flow, "calico")
    assert (found.fate, found.anew) == ("ended with its pod", None)


def test_a_connection_is_judged_by_the_labels_its_pods_have_now(canary):
    flow = opened(canary)
    canary.apply(manifest("close-in-server"))
    server = canary.get("Pod", "canary", "in-server")
    body = {**server.body, "metadata": {**server.body["metadata"], "labels": {"app": "elsewhere"}}}
    canary.put(from_object(body))
    assert becomes(canary, flow, "cilium").fate == "goes on"


# -- the card --------------------------------------------------------------------------------------


def test_the_title_says_what_has_become_of_a_single_connection(canary):
    flow = opened(canary)
    canary.apply(manifest("close-in-server"))
    titles = {name: table.draw([(becomes(canary, flow, name), "")], PROFILES[name]).title for name in PROFILES}
    assert titles == {
        "upstream": "A new connection is blocked; whether this one goes on depends on the network plugin",
        "calico": "The connection goes on, and a new one is blocked",
        "cilium": "The connection is cut, and a new one is blocked",
        "weave-2.3": "The connection goes on, and a new one is blocked",
        "flannel": "The connection goes on",
        "aws-vpc-cni": "The connection goes on",
    }


def test_several_connections_are_counted_by_their_fate(canary):
    flow = opened(canary)
    canary.apply(manifest("close-in-server"))
    held = [(becomes(canary, flow, name), "") for name in ("calico", "weave-2.3", "cilium")]
    assert table.draw(held, CALICO).title == "3 connections: 2 go on, 1 is cut"


def test_the_card_names_its_sources_and_no_meaning_hangs_on_color(canary):
    flow = opened(canary)
    canary.apply(manifest("close-in-server"))
    picture = table.draw([(becomes(canary, flow, "upstream"), "kubectl apply -f canary.yaml")], UPSTREAM)
    assert "after apply -f canary.yaml" in picture.text
    assert "goes on with calico, is cut with cilium" in " ".join(picture.text.split())
    assert "cilium/cilium pull request 3605" in picture.html
    head, first = picture.twin.splitlines()[:2]
    assert "a new one" in head
    assert first.startswith("?  in-client -> in-server, TCP 80")


# -- the front door --------------------------------------------------------------------------------


@pytest.fixture
def lab(notebook_folder):
    opened = Lab("07", profile="cilium")
    opened.file("plugins/canary.yaml")
    opened.file("plugins/close-in-server.yaml")
    opened.kubectl("apply -f canary.yaml")
    yield opened
    opened.close()


def test_a_lab_without_held_connections_says_so(lab):
    assert lab.hold().title == "You hold no connection open"


def test_a_held_connection_is_followed_through_later_commands(lab):
    assert lab.hold("canary/in-client", "in-server", 80).title == "The connection goes on"
    lab.kubectl("apply -f close-in-server.yaml")
    assert lab.hold().title == "The connection is cut, and a new one is blocked"


def test_the_same_connection_held_again_takes_the_place_of_the_first(lab):
    lab.hold("canary/in-client", "in-server", 80)
    assert lab.hold("canary/in-client", "in-server", 80).title == "The connection goes on"


def test_a_connection_that_cannot_be_opened_is_explained_and_not_held(lab):
    lab.kubectl("apply -f close-in-server.yaml")
    assert "Blocked at ingress of in-server" in lab.hold("canary/in-client", "in-server", 80).title
    assert lab.hold().title == "You hold no connection open"


def test_a_reset_lets_go_of_all_connections(lab):
    lab.hold("canary/out-client", "out-server", 80)
    lab.reset()
    assert lab.hold().title == "You hold no connection open"
