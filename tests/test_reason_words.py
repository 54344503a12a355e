"""A failed condition in words, in every place that shows one, however its selector is written."""

from __future__ import annotations

import pytest
from small_clusters import engine, pod, policy

from netpol_lab import Cluster
from netpol_lab.coach.admit import smallest_change
from netpol_lab.connections import Flow, connect, connect_each
from netpol_lab.display import endpoints_table, why
from netpol_lab.engine import reasons as explain
from netpol_lab.engine.verdict import Condition, NearMiss, Verdict
from netpol_lab.model.labels import Requirement
from netpol_lab.tell.condition_words import condition_words, found_words, wanted_words

WORLD = """
{apiVersion: v1, kind: Namespace, metadata: {name: monitoring, labels: {team: observers}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
apiVersion: v1
kind: Pod
metadata: {name: scraper, namespace: monitoring, labels: {app: scraper}}
spec: {containers: [{name: c, image: busybox, command: [sleep, "9"]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: "nginx:1.27", ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow, namespace: shop}
spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: %s}]}]}
"""


def asked(selector: str) -> tuple[Cluster, Flow]:
    cluster = Cluster()
    cluster.apply(WORLD % selector)
    return cluster, connect(cluster, cluster.endpoint("monitoring/scraper"), "web.shop", 80)


def miss(flow: Flow) -> NearMiss:
    assert isinstance(flow.verdict, Verdict)
    return flow.verdict.ingress.near_misses[0]


WRITTEN = {
    "matchLabels": ("{matchLabels: {team: observer}}", "team=observer", "team=observers"),
    "In": (
        "{matchExpressions: [{key: team, operator: In, values: [observer]}]}",
        "team in (observer)",
        "team=observers",
    ),
    "NotIn": (
        "{matchExpressions: [{key: team, operator: NotIn, values: [observers, x]}]}",
        "team notin (observers,x)",
        "team=observers",
    ),
    "Exists": ("{matchExpressions: [{key: tier, operator: Exists}]}", "tier", "no label tier"),
    "DoesNotExist": ("{matchExpressions: [{key: team, operator: DoesNotExist}]}", "!team", "team=observers"),
    "another key": ("{matchLabels: {group: observers}}", "group=observers", "no label group, it has team=observers"),
    "the name": (
        "{matchExpressions: [{key: name, operator: In, values: [monitoring]}]}",
        "name in (monitoring)",
        "no label name, it has kubernetes.io/metadata.name=monitoring",
    ),
}


@pytest.mark.parametrize("operator", WRITTEN)
def test_what_a_namespace_has_is_told_alike_in_every_place(operator: str) -> None:
    selector, wanted, found = WRITTEN[operator]
    cluster, flow = asked(selector)
    (condition,) = miss(flow).failed
    assert (wanted_words(condition), found_words(condition)) == (wanted, found)
    assert condition_words("lesson", condition) == f"The rule wants `{wanted}`; namespace monitoring has {found}."
    picture = why.draw(flow, change=smallest_change(cluster, flow.verdict))  # type: ignore[arg-type]
    flat = " ".join(picture.text.split())
    above = "team=observer_" if operator == "matchLabels" else wanted  # letter over letter
    assert f"wants {above} has {found}" in flat
    service = cluster.service("shop", "web")
    assert service is not None
    table = endpoints_table.draw(service, flow.source, 80, connect_each(cluster, flow.source, service, 80))
    assert f"rule 1 of allow wants {wanted}; found: {found}" in " ".join(table.text.split())


@pytest.mark.parametrize("operator", WRITTEN)
def test_an_object_is_never_said_to_lack_a_label_it_has(operator: str) -> None:
    _, flow = asked(WRITTEN[operator][0])
    for condition in miss(flow).failed:
        said = found_words(condition)
        assert condition.requirement is not None
        assert said.startswith("no label") == (condition.value is None)
        assert (condition.value is None) == (condition.requirement.key not in condition.subject.labels)  # type: ignore[union-attr]


def test_conditions_are_data_that_can_be_compared_and_kept() -> None:
    first, second = (miss(asked(WRITTEN["In"][0])[1]).failed[0] for _ in range(2))
    assert isinstance(first, Condition) and first == second and len({first, second}) == 1


def test_a_pod_on_the_host_network_is_said_to_be_there_and_out_of_reach() -> None:
    exporter = pod("shop/exporter", {"app": "exporter"}, ips=["172.18.0.3"], node="node2", host_network=True)
    to = [{"to": [{"podSelector": {"matchLabels": {"app": "exporter"}}}]}]
    built = engine([pod("shop/web"), exporter], [policy("shop/p", policyTypes=["Egress"], egress=to)])
    (near,) = explain.verdict(built, pod("shop/web"), exporter, 9100).egress.near_misses
    words = condition_words("lesson", near.failed[0])
    assert words.endswith("pod exporter has the host network, where no selector reaches it.")


def test_a_condition_prints_as_a_notation_with_its_object_and_both_values() -> None:
    web = pod("shop/web", {"app": "wbe"})
    asked = Requirement("app", "=", ("web",))
    assert str(Condition("pod label", web, asked)) == "pod label of shop/web: app=wbe, wanted app=web"
    assert str(Condition("port", web, (), protocol="TCP", port=80)) == "port of shop/web: TCP 80, wanted "
