"""The exercises on selectors and on egress: other right answers, and mistakes that no listed wrong answer makes."""

from __future__ import annotations

import pytest
from test_exercises import answered, apply, policy

from netpol_lab.lessons.exercises import Exercise, check, load
from netpol_lab.lessons.loading import WrittenAnswer

DNS = (
    "{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}},"
    " podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: [{protocol: UDP, port: 53}, {port: 53}]}"
)
HOLES = "[10.244.0.0/16, 10.96.0.0/16, 172.18.0.0/16, 169.254.169.254/32]"


# -- other ways to be right ------------------------------------------------------------------------


def test_the_own_namespace_is_also_an_empty_pod_selector():
    answer = policy("allow-same-namespace", "default", "{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}")
    assert answered(load("04-selectors/1"), answer).passed


def test_labeling_the_namespace_is_an_answer_too_and_is_seen():
    answer = WrittenAnswer(commands="kubectl label namespace default name=default")
    assert answered(load("04-selectors/1"), answer).passed


def test_expressions_for_namespace_and_pod_pass_as_labels_do():
    answer = policy(
        "allow-prometheus",
        "production",
        "{podSelector: {matchLabels: {app: api}}, ingress: [{from: [{namespaceSelector: {matchExpressions:"
        " [{key: environment, operator: In, values: [monitoring]}]}, podSelector: {matchLabels: {app: prometheus}}}],"
        " ports: [{port: 8080}]}]}",
    )
    assert answered(load("04-selectors/2"), answer).passed


def test_two_policies_do_what_one_not_in_does():
    """Close the pods with another value, whatever it is, and close those without the key."""
    exercise = load("04-selectors/3")
    cluster = exercise.start_cluster()
    for name, condition in {
        "others": "{key: exposure, operator: NotIn, values: [public]}, {key: exposure, operator: Exists}",
        "unlabeled": "{key: exposure, operator: DoesNotExist}",
    }.items():
        apply(cluster, policy(name, "default", f"{{podSelector: {{matchExpressions: [{condition}]}}}}"))
    assert check(cluster, exercise).passed


def test_the_partner_may_be_written_for_every_pod_that_is_not_api_or_db():
    answer = policy(
        "partner",
        "production",
        "{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [api, db]}]}, policyTypes: [Egress],"
        " egress: [{to: [{podSelector: {matchLabels: {app: api}}}], ports: [{port: 8080}]}]}",
    )
    assert answered(load("05-egress-and-dns/1"), answer).passed


@pytest.mark.parametrize("wide", ["169.254.0.0/16", "169.254.169.0/24"])
def test_a_wider_hole_around_the_metadata_server_passes(wide: str):
    assert answered(load("05-egress-and-dns/2"), internet(HOLES.replace("169.254.169.254/32", wide))).passed


def test_two_halves_of_all_addresses_pass_as_one_block():
    low = "{ipBlock: {cidr: 0.0.0.0/1, except: [10.244.0.0/16, 10.96.0.0/16]}}"
    high = "{ipBlock: {cidr: 128.0.0.0/1, except: [172.18.0.0/16, 169.254.169.254/32]}}"
    blocks = f"{low}, {high}"
    assert answered(load("05-egress-and-dns/2"), internet_of(blocks)).passed


def internet(holes: str) -> WrittenAnswer:
    return internet_of(f"{{ipBlock: {{cidr: 0.0.0.0/0, except: {holes}}}}}")


def internet_of(blocks: str) -> WrittenAnswer:
    spec = "{podSelector: {matchLabels: {app: test-pod}}, policyTypes: [Egress], egress: ["
    return policy("allow-internet", "default", f"{spec}{{to: [{blocks}], ports: [{{port: 443}}]}}, {DNS}]}}")


# -- mistakes and their names ----------------------------------------------------------------------


def test_a_hole_for_the_nodes_alone_leaves_the_pods_covered():
    assert answered(load("05-egress-and-dns/2"), internet("[172.18.0.0/16]")).mistake == "M11"


def test_a_hole_that_forgets_the_nodes_is_shown_with_an_address_of_a_node():
    result = answered(load("05-egress-and-dns/2"), internet(HOLES.replace("172.18.0.0/16, ", "")))
    assert result.mistake == "S21"
    assert result.feedback is not None and result.feedback.counterexamples[0].destination == "172.18.0.3"


def test_an_address_outside_is_named_beside_its_number():
    no_dns_port = internet_of("{ipBlock: {cidr: 169.254.169.254/32}}")
    feedback = answered(load("05-egress-and-dns/2"), no_dns_port).feedback
    assert feedback is not None
    notes = {example.destination: example.destination_note for example in feedback.counterexamples}
    assert notes["169.254.169.254"] == "address outside, metadata.google.internal"


def test_the_address_of_a_pod_works_today_on_plugins_that_compare_it():
    """M10 with a pod's own address: catalogue rule 17 leaves it to the plugin, so behavior alone cannot refuse it."""
    exercise = load("05-egress-and-dns/1")
    address = exercise.start_cluster().pod("production", "api").ip
    answer = policy(
        "partner",
        "production",
        "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress],"
        f" egress: [{{to: [{{ipBlock: {{cidr: {address}/32}}}}], ports: [{{port: 8080}}]}}]}}",
    )
    assert answered(exercise, answer).passed


def test_yesterdays_address_of_a_pod_is_an_address_where_pods_are_meant():
    answer = policy(
        "partner",
        "production",
        "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress],"
        " egress: [{to: [{ipBlock: {cidr: 10.244.3.77/32}}], ports: [{port: 8080}]}]}",
    )
    result = answered(load("05-egress-and-dns/1"), answer)
    assert result.mistake == "M10"
    assert result.feedback is not None and "does not cover the address of api" in result.feedback.cause


# -- what counts as started ------------------------------------------------------------------------


@pytest.fixture
def same_namespace() -> Exercise:
    return load("04-selectors/1")


def test_labels_of_an_unrelated_new_namespace_are_no_answer(same_namespace: Exercise):
    cluster = same_namespace.start_cluster()
    apply(cluster, WrittenAnswer(commands="kubectl create namespace mine\nkubectl label namespace mine name=default"))
    assert check(cluster, same_namespace).status == "not started"


def test_a_relabeled_namespace_counts_as_started_and_is_judged(same_namespace: Exercise):
    cluster = same_namespace.start_cluster()
    apply(cluster, WrittenAnswer(commands="kubectl label namespace guests name=default"))
    assert check(cluster, same_namespace).status == "not yet"
