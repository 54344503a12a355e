"""What an answer leaves out is said with it: never a flat "allowed" beside something that was set aside."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from netpol_lab import Cluster, Lab
from netpol_lab.lessons.exercises import check, load
from netpol_lab.tell.caveat_words import caveat_line

OTHER = [
    ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", ""),
    ("policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy", ""),
    ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", ""),
    ("cilium.io/v2", "CiliumNetworkPolicy", "shop"),
    ("cilium.io/v2", "CiliumClusterwideNetworkPolicy", ""),
    ("crd.projectcalico.org/v1", "NetworkPolicy", "shop"),
    ("crd.projectcalico.org/v1", "GlobalNetworkPolicy", ""),
    ("projectcalico.org/v3", "NetworkPolicy", "shop"),
    ("projectcalico.org/v3", "GlobalNetworkPolicy", ""),
    ("crd.antrea.io/v1beta1", "NetworkPolicy", "shop"),
    ("crd.antrea.io/v1beta1", "ClusterNetworkPolicy", ""),
    ("security.istio.io/v1", "AuthorizationPolicy", "shop"),
    ("security.istio.io/v1", "PeerAuthentication", "shop"),
    ("policy.linkerd.io/v1beta3", "Server", "shop"),
    ("k8s.ovn.org/v1", "EgressFirewall", "shop"),
    ("networking.gke.io/v1alpha1", "FQDNNetworkPolicy", "shop"),
    ("k8s.cni.cncf.io/v1beta1", "MultiNetworkPolicy", "shop"),
]


def pod(name: str, namespace: str = "shop") -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "labels": {"app": name}}
    spec = {"containers": [{"name": "c", "image": "nginx"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def other(api_version: str, kind: str, namespace: str) -> dict[str, Any]:
    metadata = {"name": "deny", **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": {"anything": True}}


def text(*objects: dict[str, Any]) -> str:
    return "\n---\n".join(map(json.dumps, objects))


def deny(namespace: str = "shop", *types: str) -> dict[str, Any]:
    spec = {"podSelector": {}, "policyTypes": [*(types or ("Ingress",))]}
    metadata = {"name": "deny-all", "namespace": namespace}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


@pytest.mark.parametrize(("api_version", "kind", "namespace"), OTHER)
def test_a_policy_of_another_kind_is_named_with_every_verdict_it_may_change(
    api_version: str, kind: str, namespace: str
) -> None:
    cluster = Cluster.from_manifests([pod("web"), pod("api"), pod("far", "other"), other(api_version, kind, namespace)])
    verdict = cluster.verdict("shop/web", "shop/api")
    assert verdict.allowed
    (about,) = (each.about for each in verdict.caveats)
    assert about is not None and about[0].startswith(kind) and about[1:] == (namespace, "deny")
    assert f"Not judged: {about[0]} " in caveat_line(verdict.caveats)
    assert cluster.verdict("shop/web", "other/far").caveats == verdict.caveats
    elsewhere = cluster.verdict("other/far", "External")
    assert elsewhere.caveats == (() if namespace else verdict.caveats)


def test_a_network_policy_is_judged_and_no_caveat() -> None:
    cluster = Cluster.from_manifests([pod("web"), pod("api"), deny()])
    assert cluster.caveats == () and not cluster.verdict("shop/web", "shop/api")


def test_a_workload_of_another_kind_says_where_its_pods_come_from() -> None:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    rollout = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": 1, "template": template},
    }
    cluster = Cluster.from_manifests([rollout, pod("api"), pod("job")])
    web = next(each for each in cluster.pods if each.owner)
    assert [each.kind for each in cluster.verdict(web, "shop/api").caveats] == ["foreign workload"]
    assert cluster.verdict("shop/job", "shop/api").caveats == ()


@pytest.mark.parametrize(
    ("profile", "directions"),
    [("flannel", ("ingress", "egress")), ("aws-vpc-cni", ("ingress", "egress")), ("weave-2.3", ("egress",))],
)
def test_a_plugin_that_ignores_policies_says_so_for_the_pods_they_select(
    profile: str, directions: tuple[str, ...]
) -> None:
    manifests = [pod("web"), pod("api"), pod("far", "other"), deny("shop", "Ingress", "Egress")]
    cluster = Cluster.from_manifests(manifests, profile=profile)
    (found,) = cluster.verdict("shop/web", "other/far").caveats
    assert (found.kind, found.directions) == ("not enforced", directions)
    assert cluster.verdict("other/far", "External").caveats == ()
    assert f"The plugin {profile} ignores" in caveat_line([found])


@pytest.mark.parametrize("profile", ["upstream", "calico", "cilium"])
def test_a_plugin_that_enforces_policies_needs_no_caveat(profile: str) -> None:
    cluster = Cluster.from_manifests([pod("web"), pod("api"), deny()], profile=profile)
    assert cluster.caveats == ()


def test_every_frame_says_what_it_leaves_out() -> None:
    plain, judged = Cluster.from_manifests([pod("web")]), ("matrix", "connections", "unselected")
    admin = other("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", "")
    cluster = Cluster.from_manifests([pod("web"), admin])
    frames = [getattr(cluster, name)() for name in judged]
    frames += [cluster.diff(plain), plain.diff(cluster), cluster.selected_by("shop/web"), cluster.matrix(80)]
    assert {frame.attrs["caveats"] for frame in frames} == {caveat_line(cluster.caveats)}
    assert {getattr(plain, name)().attrs["caveats"] for name in judged} == {""}


def test_of_many_policies_of_other_kinds_one_is_named_and_the_others_counted() -> None:
    many = [{**other(*OTHER[0]), "metadata": {"name": f"p{number}"}} for number in range(5)]
    cluster = Cluster.from_manifests([pod("web"), *many])
    said = caveat_line(cluster.caveats)
    assert said.startswith("Not judged: five other policies (AdminNetworkPolicy p0 and others)")


# -- what a student sees ------------------------------------------------------------------------------

VIEWS: dict[str, Callable[[Lab], Any]] = {
    "matrix": lambda lab: lab.matrix(),
    "matrix on a port": lambda lab: lab.matrix(80),
    "both ends": lambda lab: lab.both_ends(),
    "graph": lambda lab: lab.graph(),
    "compare": lambda lab: lab.compare(),
    "compare side by side": lambda lab: lab.compare(0, side_by_side=True),
    "steps": lambda lab: lab.steps("web"),
    "why": lambda lab: lab.why("shop/web", "shop/api"),
    "packets": lambda lab: lab.packets("shop/web", "shop/api"),
    "hold": lambda lab: lab.hold("shop/web", "shop/api"),
    "plugins": lambda lab: lab.plugins("shop/web", "shop/api"),
    "endpoints": lambda lab: lab.endpoints("shop/front", "shop/api"),
    "reach": lambda lab: lab.reach("web"),
    "policies": lambda lab: lab.policies(),
    "warnings": lambda lab: lab.warnings(),
    "heatmap": lambda lab: lab.heatmap(),
    "playground": lambda lab: lab.playground(),
}


@pytest.fixture
def lab(notebook_folder: object) -> Iterator[Lab]:
    opened = Lab("07")
    apply(opened, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}, CRD, pod("web"))
    apply(opened, pod("api"), front("shop"))
    yield opened
    opened.close()


def apply(lab: Lab, *objects: dict[str, Any]) -> None:
    answer = lab.kubectl("apply -f -", text(*objects))
    assert not answer.exit_code, answer.stderr


CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "adminnetworkpolicies.policy.networking.k8s.io"},
    "spec": {
        "group": "policy.networking.k8s.io",
        "scope": "Cluster",
        "names": {"kind": "AdminNetworkPolicy", "plural": "adminnetworkpolicies", "singular": "adminnetworkpolicy"},
        "versions": [{"name": "v1alpha1", "served": True, "storage": True}],
    },
}


def front(namespace: str, **spec: Any) -> dict[str, Any]:
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "front", "namespace": namespace}, "spec": spec}


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_of_a_lab_says_in_one_line_what_was_not_judged(lab: Lab, view: str) -> None:
    plain = str(VIEWS[view](lab))
    apply(lab, other("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", ""))
    line = "Not judged: AdminNetworkPolicy deny, which can overrule what NetworkPolicy decides."
    said = VIEWS[view](lab)
    assert line in " ".join(str(said).split()) and line not in " ".join(plain.split())
    html = said._repr_mimebundle_().get("text/html", line)
    assert line in html


def test_a_check_says_what_was_not_judged(lab: Lab) -> None:
    exercise = "03-allow-specific/1"
    start = load(exercise, "07").start_cluster()
    start.apply(text(deny("student-07")))
    start.apply(text(other("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", "")))
    feedback = check(start, exercise).feedback
    assert feedback is not None and any("Not judged: AdminNetworkPolicy" in note for note in feedback.notes)


# -- a plugin that ignores policies -------------------------------------------------------------------


@pytest.fixture
def flannel(notebook_folder: object) -> Iterator[Lab]:
    opened = Lab("07", profile="flannel")
    apply(opened, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}, pod("web"), pod("api"))
    apply(opened, deny())
    yield opened
    opened.close()


def test_why_names_the_policies_that_select_the_pods_and_the_plugin_that_ignores_them(flannel: Lab) -> None:
    told = flannel.why("shop/web", "shop/api", 80)
    assert "deny-all selects api, and flannel ignores it" in told.text
    assert "flannel ignores policies that select these pods" in told.html
    for wrong in ("No policy stands in the way", "api is not isolated", "No policy selects"):
        assert wrong not in told.text and wrong not in told.html
    assert "web is not isolated for egress" in told.text  # no policy is about its egress


def test_two_policies_that_are_ignored_are_both_named(flannel: Lab) -> None:
    apply(flannel, {**deny(), "metadata": {"name": "second", "namespace": "shop"}})
    assert "deny-all, second select api, and flannel ignores them" in flannel.why("shop/web", "shop/api", 80).text


def test_a_policy_that_the_plugin_ignores_closes_nothing_in_any_view(flannel: Lab) -> None:
    told = flannel.policies().text
    assert told.startswith("deny-all selects both pods, and flannel ignores it") and "closes" not in told
    assert "flannel ignores it: no pod is isolated for ingress" in told
    assert flannel.cluster.selected_by("shop/web").empty and flannel.cluster.unselected()["ingress"].all()
    assert flannel.graph().title == "Nothing is closed: every pod reaches every pod"


def test_weave_enforces_what_it_enforces_and_says_what_it_ignores(notebook_folder: object) -> None:
    lab = Lab("07", profile="weave-2.3")
    apply(lab, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}, pod("web"), pod("api"))
    apply(lab, deny("shop", "Ingress", "Egress"))
    blocked = lab.why("shop/web", "shop/api", 80)
    assert "deny-all selects web, and weave-2.3 ignores it" in blocked.text and "ingress" in blocked.title
    passed = lab.why("shop/web", "example.com", 443)
    assert passed.title.startswith("✓ Allowed") and "deny-all selects web, and weave-2.3 ignores it" in passed.text
    assert lab.policies().title == "deny-all closes both pods and admits nothing"
    lab.close()


# -- objects that may have pods of which nothing is known ---------------------------------------------


def database(
    kind: str = "Postgresql", api_version: str = "acid.zalan.do/v1", namespace: str = "shop"
) -> dict[str, Any]:
    metadata = {"name": "db", "namespace": namespace}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": {"numberOfInstances": 2}}


def for_database(namespace: str = "shop") -> dict[str, Any]:
    policy = deny(namespace)
    policy["spec"]["podSelector"] = {"matchLabels": {"application": "spilo"}}
    return policy


@pytest.mark.parametrize("others", [[], [pod("web")]])
def test_a_policy_for_nobody_is_not_called_useless_beside_an_object_that_may_have_its_pods(others: list[Any]) -> None:
    cluster = Cluster.from_manifests([database(), for_database(), *others])
    (found,) = cluster.warnings()
    assert "Postgresql shop/db; it may have pods that are not here." in str(found)
    assert "Postgresql shop/db" in cluster.connections().attrs["caveats"]


def test_a_peer_that_matches_nobody_says_so_too() -> None:
    policy = deny()
    policy["spec"]["ingress"] = [{"from": [{"podSelector": {"matchLabels": {"application": "spilo"}}}]}]
    (found,) = Cluster.from_manifests([database(), policy, pod("web")]).warnings()
    assert found.near.endswith("Postgresql shop/db; it may have pods that are not here.")


def test_an_object_elsewhere_or_one_whose_pods_are_here_changes_no_advice() -> None:
    elsewhere = Cluster.from_manifests([database(namespace="other"), for_database(), pod("web")])
    assert "may have pods" not in str(elsewhere.warnings()[0])
    own = pod("db-0")
    own["metadata"]["ownerReferences"] = [
        {"apiVersion": "acid.zalan.do/v1", "kind": "Postgresql", "name": "db", "uid": "1"}
    ]
    assert Cluster.from_manifests([database(), own]).caveats == ()


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("crd.projectcalico.org/v1", "StagedNetworkPolicy"),
        ("cert-manager.io/v1", "Certificate"),
        ("monitoring.coreos.com/v1", "ServiceMonitor"),
        ("gateway.networking.k8s.io/v1", "HTTPRoute"),
        ("networking.k8s.io/v1", "Ingress"),
        ("v1", "ConfigMap"),
    ],
)
def test_an_object_that_makes_no_pods_is_nothing_that_was_left_out(api_version: str, kind: str) -> None:
    made = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "db", "namespace": "shop"}}
    assert Cluster.from_manifests([made, pod("web")], strict=False).caveats == ()
