"""The likely cause of a wrong answer: the one that explains it, in words that fit, or none."""

from __future__ import annotations

from dataclasses import replace

import pytest
import readable_lessons
from hypothesis import given, settings
from hypothesis import strategies as st
from test_exercises import answered, apply, policy

from netpol_lab.engine.profiles import PROFILES, Profile
from netpol_lab.lessons import exercises
from netpol_lab.lessons.exercises import CheckResult, Exercise, load
from netpol_lab.lessons.loading import WantedCell, WrittenAnswer
from netpol_lab.tell.feedback import Feedback


def wrong(id: str, name: str) -> CheckResult:
    exercise = load(id)
    return answered(exercise, next(each.answer for each in exercise.wrong if each.name == name))


def feedback(result: CheckResult) -> Feedback:
    assert result.feedback is not None
    return result.feedback


def cause(id: str, name: str) -> str:
    return feedback(wrong(id, name)).cause


# -- two causes are two sentences --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("id", "slips", "first", "beside"),
    [
        (
            "03-allow-specific/1",
            {"app: reporter-07": "app: reportr-07", "port: 80": "port: 8080"},
            "M17",
            "the port is",
        ),
        ("03-allow-specific/1", {"app: server-07": "app: servr-07", "port: 80": "port: 8080"}, "M17", "the port is"),
        ("04-selectors/2", {"app: api": "app: apii", "port: 8080": "port: 80"}, "M17", "the port is not the pod's"),
    ],
)
def test_two_slips_are_named_both_and_each_alone_is_named_alone(id: str, slips: dict, first: str, beside: str):
    def said(slips: dict[str, str]) -> CheckResult:
        text = load(id).solution.manifest
        for right, slip in slips.items():
            assert right in text
            text = text.replace(right, slip)
        return answered(load(id), WrittenAnswer(manifest=text))

    both = said(slips)
    assert both.mistake == first
    assert feedback(both).notes[0].startswith(f"Beside that: {beside}")
    for right, slip in slips.items():
        assert not any(note.startswith("Beside that") for note in feedback(said({right: slip})).notes)


# -- peers, ports, and what goes with what ---------------------------------------------------------


def test_two_peers_of_which_one_is_not_wanted_are_no_dash_too_many():
    found = cause("04-selectors/1", "the pods of the namespace, and those of another one beside them")
    assert found.startswith("the second peer is not wanted: it admits frontend of web-team.")
    assert "AND" not in found


@pytest.mark.parametrize("name", ["still two items, in the other order", "two rules, which mean OR as two items do"])
def test_one_item_with_both_selectors_is_advised_where_it_would_do_better(name: str):
    assert cause("04-selectors/2", name).endswith("One item with both selectors means AND.")


def test_one_of_two_rules_that_is_not_wanted_is_no_dash_too_many():
    other = "{from: [{namespaceSelector: {matchLabels: {project: web}}}]}"
    spec = f"{{podSelector: {{}}, ingress: [{{from: [{{podSelector: {{}}}}]}}, {other}]}}"
    found = answered(load("04-selectors/1"), policy("allow-same-namespace", "default", spec))
    assert found.mistake != "M1" and "AND" not in feedback(found).cause


def test_the_policy_of_the_colleague_that_stays_is_named():
    found = cause("09-plugins-and-limits/2", "the right rule under another name, and the one of the colleague stays")
    assert found.startswith("`operator-to-api` is still there as it was when the exercise began.")
    assert found.endswith("Change or delete it, or give your policy its name.")


def test_every_peer_of_a_rule_goes_with_every_port_of_it():
    found = cause("05-egress-and-dns/2", "one rule for both peers and all ports")
    assert found.startswith("every peer of a rule goes with every port of it: make two rules.")
    assert "coredns goes with TCP 443 too" in found


@pytest.fixture
def two_databases() -> Exercise:
    """web may reach api on 8080 and db on 5432, and no other way round."""
    cells = [
        WantedCell("production/web", f"production/{name}", port, "TCP") for name, port in (("api", 8080), ("db", 5432))
    ]
    crossed = [
        WantedCell("production/web", f"production/{name}", port, "TCP") for name, port in (("api", 5432), ("db", 8080))
    ]
    exercise = load("02-default-deny/1")
    return replace(exercise, allowed=tuple(cells), denied=tuple(crossed), rest="free")


PEERS = "{podSelector: {matchLabels: {app: api}}}, {podSelector: {matchLabels: {app: db}}}"


def test_two_targets_with_a_port_each_in_one_rule_are_a_product(two_databases: Exercise):
    spec = f"{{to: [{PEERS}], ports: [{{port: 8080}}, {{port: 5432}}]}}"
    web = "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]"
    assert answered(two_databases, policy("out", "production", f"{{{web}, egress: [{spec}]}}")).mistake == "S25"


def test_a_second_port_that_nobody_wanted_is_no_product(two_databases: Exercise):
    api, db = PEERS.split("}, {")
    rules = f"{{to: [{api}}}], ports: [{{port: 8080}}, {{port: 5432}}]}}, {{to: [{{{db}], ports: [{{port: 5432}}]}}"
    web = "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]"
    result = answered(two_databases, policy("out", "production", f"{{{web}, egress: [{rules}]}}"))
    assert feedback(result).cause == "a port too many. Rule 1 of out admits TCP 5432; to api, only TCP 8080 is wanted."


def test_where_all_ports_are_wanted_the_one_that_is_missing_is_not_said_to_be_listened_on():
    found = cause("04-selectors/1", "one port, where all are wanted")
    assert found.startswith("every port is wanted.") and "listens" not in found


def test_an_empty_from_and_a_dash_before_ports_are_named_by_the_dash():
    found = wrong("03-allow-specific/3", "an empty from, and a dash before ports")
    assert feedback(found).cause.startswith("a dash before `ports`.")
    assert feedback(found).cause_lines.startswith("publish-server.yaml, lines 9 and 1")


def test_both_ways_to_write_an_empty_rule_are_named_because_the_api_server_stores_them_alike():
    for name in ("an empty rule lets everybody in", "an empty list of sources is taken for nobody"):
        found = cause("02-default-deny/1", name)
        assert "`ingress: [{}]`" in found and "`- from: []` means the same" in found


# -- the outside -----------------------------------------------------------------------------------


def test_of_an_end_outside_it_is_said_first_that_no_selector_matches_it():
    found = cause("04-selectors/3", "all is closed and opened again for pods, without the outside")
    assert found.startswith("selectors match pods, never addresses outside.")
    egress = cause("05-egress-and-dns/2", "namespaceSelector {} taken for everywhere")
    assert "a rule without `to`, admits the outside" in egress


def test_a_private_address_outside_the_cluster_is_outside():
    found = wrong("05-egress-and-dns/2", "holes for all private addresses")
    example = feedback(found).counterexamples[0]
    assert (example.destination, example.destination_note) == ("192.168.10.20", "address outside")
    assert feedback(found).cause.startswith("a hole is too wide. `192.168.0.0/16` under `except` leaves out")


def test_addresses_that_hold_nothing_but_pods_were_meant_for_pods():
    assert "use a `podSelector`" in cause("02-default-deny/2", "all pod addresses on port 53")
    assert "`except`" in cause("05-egress-and-dns/2", "no holes, so pods are covered")


# -- what the plugin compares ----------------------------------------------------------------------


def with_plugin(id: str, name: str, *specs: str, profile: Profile) -> CheckResult:
    """The check of an answer on a cluster whose network plugin has this profile."""
    exercise = load(id)
    cluster = exercise.start_cluster()
    for spec in specs:
        apply(cluster, policy(name, exercise.scope[0], spec))
    return exercises.check(replace(cluster.snapshot(), enforcement=profile), exercise)


def address_of_api() -> str:
    return str(load("05-egress-and-dns/1").start_cluster().endpoint("production/api").ip)


WEB = "podSelector: {matchLabels: {app: web}}"


@pytest.mark.parametrize("profile", [p for p in PROFILES.values() if "egress" in p.enforces], ids=lambda p: p.name)
def test_an_address_is_said_to_miss_a_pod_only_where_the_plugin_compares_the_two(profile: Profile):
    peer = f"{{ipBlock: {{cidr: {address_of_api()}/32}}}}"
    spec = f"{{{WEB}, policyTypes: [Egress], egress: [{{to: [{peer}], ports: [{{port: 8080}}]}}]}}"
    result = with_plugin("05-egress-and-dns/1", "partner", spec, profile=profile)
    assert result.passed == profile.ip_block_matches_pods
    if not result.passed:
        assert result.mistake == "M10"
        assert "does not cover" not in feedback(result).cause
        assert f"`{profile.name}`, does not compare an `ipBlock` with the address of api." in feedback(result).cause


@pytest.mark.parametrize("profile", [p for p in PROFILES.values() if "egress" in p.enforces], ids=lambda p: p.name)
def test_a_rule_in_the_wrong_direction_is_only_sent_to_the_other_one_where_it_would_work_there(profile: Profile):
    peer = f"{{ipBlock: {{cidr: {address_of_api()}/32}}}}"
    spec = f"{{{WEB}, policyTypes: [Ingress, Egress], ingress: [{{from: [{peer}], ports: [{{port: 8080}}]}}]}}"
    result = with_plugin("05-egress-and-dns/1", "partner", spec, profile=profile)
    moved = feedback(result).cause.startswith("the rule is in the wrong direction.")
    assert moved == profile.ip_block_matches_pods


def expression(key: str, value: str) -> str:
    return f"matchExpressions: [{{key: {key}, operator: In, values: [{value}]}}]"


@pytest.mark.parametrize("labels", ["matchLabels: {environment: production}", expression("environment", "production")])
def test_a_label_with_another_value_is_not_said_to_be_missing_however_it_is_asked_for(labels: str):
    peer = f"{{namespaceSelector: {{{labels}}}, podSelector: {{matchLabels: {{app: prometheus}}}}}}"
    spec = f"{{podSelector: {{matchLabels: {{app: api}}}}, ingress: [{{from: [{peer}], ports: [{{port: 8080}}]}}]}}"
    result = answered(load("04-selectors/2"), policy("allow-prometheus", "production", spec))
    assert result.mistake == "M4"
    assert feedback(result).cause.startswith("the label of the namespace has another value.")


@pytest.mark.parametrize("labels", ["matchLabels: {app: prometheus}", expression("app", "prometheus")])
def test_a_label_of_pods_asked_of_a_namespace_is_known_however_it_is_asked_for(labels: str):
    peer = f"{{namespaceSelector: {{{labels}}}}}"
    spec = f"{{podSelector: {{matchLabels: {{app: api}}}}, ingress: [{{from: [{peer}], ports: [{{port: 8080}}]}}]}}"
    result = answered(load("04-selectors/2"), policy("allow-prometheus", "production", spec))
    assert feedback(result).cause.startswith("that is a label of pods, and `namespaceSelector` looks at those of name")


# -- directions and ends ---------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["Ingress", "Egress"])
def test_the_direction_that_is_missing_is_named_though_the_other_has_rules(direction: str):
    found = cause("02-default-deny/2", f"{direction} is missing in policyTypes")
    assert found.startswith(f"`{direction}` is missing in policyTypes. `quarantine` selects tools")


def test_a_direction_that_was_to_stay_open_is_not_said_to_be_missing():
    found = wrong("02-default-deny/1", "all pods but db are closed")
    assert found.mistake == "M17" and "fits web, and not db" in feedback(found).cause


def test_a_policy_for_the_one_direction_that_it_lists_is_not_told_to_take_it_out():
    for id in readable_lessons.exercise_ids():
        for each in load(id).wrong:
            if each.mistake == "S17":
                assert "[Ingress, Egress]" in each.answer.manifest or "- Egress" in each.answer.manifest
    assert "Take `Ingress` out" not in cause("03-allow-specific/3", "an empty list of rules is taken for everybody")


# -- what was there before -------------------------------------------------------------------------


def test_a_policy_that_admits_dns_isolates_too():
    found = cause("07-three-tiers/1", "the client is taken out of the default deny")
    assert found.startswith("`allow-dns-egress` selects external-client too, and a policy that admits something also")
    assert "write a rule that admits the connection" in found


def test_an_overwritten_policy_is_named_with_what_it_admitted():
    found = cause("03-allow-specific/2", "the policy for the client is overwritten")
    assert (
        "client-07 reached server-07 on TCP 80 when the exercise began: `allow-client-to-server` admitted it" in found
    )


def test_the_policy_that_an_exercise_wants_changed_is_not_said_to_be_overwritten():
    for id in ("03-allow-specific/1", "04-selectors/2", "06-flows-and-services/2"):
        assert all(each.mistake != "M16" or each.answer.commands or "second" in each.name for each in load(id).wrong)


def test_the_wrong_namespace_is_recognized_by_the_name_of_the_policy():
    found = wrong("02-default-deny/2", "the policy is in the namespace of the pods that dev may not reach")
    assert found.mistake == "M8" and "The pods you mean are in `dev`." in feedback(found).cause


def test_a_policy_of_another_name_in_another_namespace_is_no_answer_yet():
    elsewhere = policy("other", "production", "{podSelector: {}, policyTypes: [Ingress, Egress]}")
    assert answered(load("02-default-deny/2"), elsewhere).status == "not started"


# -- words -----------------------------------------------------------------------------------------


def test_a_pod_the_student_has_never_seen_is_introduced():
    found = cause("02-default-deny/2", "the policy is for tools alone")
    assert found.endswith("newcomer stands for any pod that comes later.")


def test_the_example_names_the_rule_of_the_student_before_those_that_were_there():
    found = wrong("07-three-tiers/1", "port 80 is added to the policy for DNS")
    assert feedback(found).counterexamples[0].reason == "Admitted by `allow-dns-egress`, rule 1."


def test_nobody_isolates_the_outside_and_nobody_says_so():
    found = wrong("08-dockercoins/1", "deny-all is taken away")
    assert feedback(found).counterexamples[0].reason == "No policy isolates redis for ingress."


def test_no_cause_tells_of_a_port_that_a_pod_does_not_have():
    for id, port in (("04-selectors/3", 443), ("08-dockercoins/2", 443)):
        for each in load(id).wrong:
            assert f"listens on TCP {port}" not in feedback(answered(load(id), each.answer)).cause


# -- no cause is better than a wrong one -----------------------------------------------------------


def test_half_an_answer_is_told_which_door_is_left() -> None:
    """The other half was not written. Nothing in the first one is wrong, and none of it is blamed."""
    half = load("09-plugins-and-limits/1").solution.manifest.split("---\n")[0]
    result = answered(load("09-plugins-and-limits/1"), WrittenAnswer(manifest=half))
    assert not result.passed and result.mistake == "M23" and feedback(result).cause_lines == ""
    assert "Nothing of it closes the way out of out-client yet" in feedback(result).cause


def test_a_policy_that_is_part_of_the_solution_is_not_blamed() -> None:
    one, _ = load("08-dockercoins/2").solution.manifest.split("---\n")
    result = answered(load("08-dockercoins/2"), WrittenAnswer(manifest=one))
    assert not result.passed and "security-private" not in feedback(result).cause
    assert "Nothing of it opens the way in of webui yet" in feedback(result).cause


def test_policies_with_a_fault_of_their_own_are_not_called_right_as_far_as_they_go() -> None:
    one, *_ = load("09-plugins-and-limits/1").solution.manifest.split("---\n")
    result = answered(load("09-plugins-and-limits/1"), WrittenAnswer(manifest=one.replace("app: in-server", "app: in")))
    assert result.mistake == "M17"


def test_a_rule_for_one_of_two_clients_lacks_a_peer_and_no_label_is_blamed() -> None:
    whole = load("08-dockercoins/1").solution.manifest
    result = answered(
        load("08-dockercoins/1"),
        WrittenAnswer(manifest=whole.replace("    - podSelector:\n        matchLabels:\n          app: webui\n", "")),
    )
    assert result.mistake == "M23" and feedback(result).cause.startswith("a peer is left out.")


# -- any answer to any exercise --------------------------------------------------------------------

SELECTORS = st.sampled_from(
    [
        "{}",
        "{matchLabels: {app: web}}",
        "{matchLabels: {app: api}}",
        "{matchLabels: {kubernetes.io/metadata.name: production}}",
        "{matchExpressions: [{key: app, operator: NotIn, values: [web]}]}",
        "{matchExpressions: [{key: environment, operator: Exists}]}",
    ]
)
PEER = st.one_of(
    st.builds("{{podSelector: {}}}".format, SELECTORS),
    st.builds("{{namespaceSelector: {}}}".format, SELECTORS),
    st.builds("{{namespaceSelector: {}, podSelector: {}}}".format, SELECTORS, SELECTORS),
    st.sampled_from(["{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}", "{ipBlock: {cidr: 10.244.0.0/16}}"]),
)
PORTS = st.sampled_from(
    ["", ", ports: [{port: 53}, {protocol: UDP, port: 53}]", ", ports: [{port: http}, {port: 1024, endPort: 65535}]"]
)
RULES = st.lists(st.tuples(st.lists(PEER, max_size=2).map(", ".join), PORTS), max_size=2)


def written(side: str, rules: list[tuple[str, str]]) -> str:
    return ", ".join(f"{{{side}: [{peers}]{ports}}}" for peers, ports in rules)


@given(
    st.sampled_from([id for id in readable_lessons.exercise_ids() if load(id).answer_names]),
    SELECTORS,
    RULES,
    RULES,
    st.sampled_from(["[Ingress]", "[Egress]", "[Ingress, Egress]"]),
    st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_whatever_is_written_a_cause_is_one_sentence_in_bold_and_its_reason(id, pods, ingress, egress, types, new):
    exercise = load(id)
    name = "mine" if new else min(exercise.answer_names)
    rules = f"ingress: [{written('from', ingress)}], egress: [{written('to', egress)}]"
    spec = f"{{podSelector: {pods}, policyTypes: {types}, {rules}}}"
    result = answered(exercise, policy(name, exercise.scope[0], spec))
    found = result.feedback.cause if result.feedback else ""
    assert bool(found) == bool(result.mistake)
    first, dot, rest = found.partition(". ")
    assert not found or (dot and rest.endswith(".") and "None" not in first)


# -- sentences that no recorded wrong answer brings out ----------------------------------------------

API = "podSelector: {matchLabels: {app: api}}"
OF_MONITORING = "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}"


def from_peer(peer: str) -> WrittenAnswer:
    spec = f"{{{API}, ingress: [{{from: [{{{peer}}}], ports: [{{port: 8080}}]}}]}}"
    return policy("allow-prometheus", "production", spec)


def test_a_second_label_that_a_rule_asks_for_is_named_when_one_was_put_on():
    answer = WrittenAnswer(commands="kubectl label namespace default project=default")
    found = feedback(answered(load("04-selectors/1"), answer)).cause
    assert found.startswith("one label is not enough. The rule wants `name=default`; namespace default has no label")


def test_what_lacks_a_key_is_what_does_not_exist_lets_in():
    of_any = "namespaceSelector: {matchLabels: {environment: monitoring}}"
    peer = f"{of_any}, podSelector: {{matchExpressions: [{{key: tier, operator: DoesNotExist}}]}}"
    result = answered(load("04-selectors/2"), from_peer(peer))
    assert result.mistake == "M17"
    assert feedback(result).cause.startswith("`!tier` fits grafana too. `DoesNotExist` fits whatever lacks the key.")


def test_a_namespace_that_is_not_there_is_said_not_to_be_there():
    result = answered(load("04-selectors/2"), from_peer(OF_MONITORING.replace("monitoring", "monitorin")))
    assert result.mistake == "M4" and feedback(result).cause.startswith("there is no namespace of that name.")


def test_a_port_that_an_address_outside_may_have_is_not_said_to_be_listened_on():
    rule = "{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.18.0.0/16, 169.254.169.254/32]}}], ports: %s}"
    rules = ", ".join([rule % "[{port: 444}]", "{ports: [{protocol: UDP, port: 53}, {port: 53}]}"])
    spec = f"{{podSelector: {{matchLabels: {{app: test-pod}}}}, policyTypes: [Egress], egress: [{rules}]}}"
    result = answered(load("05-egress-and-dns/2"), policy("allow-internet", "default", spec))
    assert result.mistake == "M7"
    assert "The rule admits TCP 444, and TCP 443 is asked for." in feedback(result).cause


def test_pods_with_the_labels_in_another_namespace_are_named_when_a_policy_selects_nobody():
    spec = "{podSelector: {matchLabels: {k8s-app: kube-dns}}}"
    result = answered(load("02-default-deny/1"), policy("lock", "production", spec))
    assert "Pods of `kube-system` have it." in feedback(result).cause
