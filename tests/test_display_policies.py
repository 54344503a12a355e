"""A policy in sentences: whom it selects, isolates and admits, beside the lines that say so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netpol_lab.connections.scene import Scene
from netpol_lab.display import policy_cards as policies
from netpol_lab.display.card import Picture
from netpol_lab.manifests import read_text
from netpol_lab.model.labels import Labels
from netpol_lab.model.objects import Namespace, NetworkPolicy
from netpol_lab.model.ports import PortSet
from tests import scenes
from tests.picture_checks import check
from tests.scenes import PodSpec

ALLOW = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: allow-client-to-server
  namespace: student-07
spec:
  podSelector:
    matchLabels:
      app: server-07
  policyTypes:
    - Ingress
  ingress:
    - from:
        - podSelector:
            matchLabels:
              app: client-07
      ports:
        - protocol: TCP
          port: 80
"""
ALLOW_TWIN = """\
allow-client-to-server      NetworkPolicy in student-07      allow-client-to-server.yaml

  selects   pods with app=server-07                              lines 7-9
            = server-07                                          (1 of 3 pods)
  isolates  for ingress; egress untouched                        lines 10-11
  rule 1    admits TCP 80 from pods with app=client-07 in        lines 13-19
            student-07
            = client-07                                          (1 pod)
  effect    + client-07 -> server-07, TCP 80                     (1 more than without it)"""


def policy(spec: str, name: str = "example", namespace: str = "student-07") -> NetworkPolicy:
    """A policy from one line of YAML."""
    head = (
        f"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: {namespace}}}\n"
    )
    found = read_text(f"{head}spec: {spec}\n")[0].typed
    assert isinstance(found, NetworkPolicy)
    return found


def allow() -> Picture:
    found = read_text(ALLOW, file="allow-client-to-server.yaml")[0].typed
    assert isinstance(found, NetworkPolicy)
    effect = [("client-07", "server-07", PortSet.of("TCP", 80), "+")]
    return policies.draw(scenes.lab_a(3), found, ALLOW, effect)


def text(spec: str, scene: Scene | None = None, **more: object) -> str:
    return check(lambda: policies.draw(scene or scenes.lab_a(3), policy(spec), **more)).text  # type: ignore[arg-type]


def test_the_text_is_the_one_of_the_specification() -> None:
    assert allow().twin == ALLOW_TWIN
    assert allow().title == "allow-client-to-server lets client-07 into server-07 on TCP 80"


def test_the_card_keeps_the_rules_of_pictures() -> None:
    page = check(allow)
    assert "S" in page.text and "lines 13–19" in page.text


def test_each_sentence_marks_its_lines_in_the_yaml() -> None:
    html = allow().html
    blocks = html.split('<div class="npl-yaml">')[1]
    assert blocks.index("podSelector:") < blocks.index(">S<") < blocks.index("policyTypes:") < blocks.index(">T<")
    assert ">1<" in blocks


def test_line_numbers_begin_where_the_document_begins_in_its_file() -> None:
    html = policies.draw(scenes.lab_a(3), policy("{podSelector: {}}"), "spec: {}\n", first_line=40).html
    assert '<span class="npl-nr"> 40</span>' in html


def test_without_a_text_there_are_sentences_alone() -> None:
    assert 'class="npl-yaml"' not in policies.draw(scenes.lab_a(3), policy("{podSelector: {}}")).html


@pytest.mark.parametrize(
    ("spec", "title"),
    [
        ("{podSelector: {}, policyTypes: [Ingress]}", "example closes all three pods and admits nothing"),
        ("{podSelector: {}, policyTypes: [Egress]}", "example closes the egress of all three pods and admits nothing"),
        (
            "{podSelector: {}, policyTypes: [Ingress, Egress]}",
            "example closes both sides of all three pods and admits nothing",
        ),
        ("{podSelector: {matchLabels: {app: nobody}}}", "example selects no pod, so it does nothing"),
        (
            "{podSelector: {matchLabels: {app: client-07}}, policyTypes: [Egress], egress: [{ports: [{port: 443}]}]}",
            "example lets client-07 out to everywhere on TCP 443",
        ),
        (
            "{podSelector: {matchLabels: {app: server-07}}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}",
            "example lets addresses in 10.0.0.0/8 into server-07 on all ports",
        ),
        (
            "{podSelector: {matchLabels: {app: server-07}}, ingress: [{ports: [{port: 80}]}, {ports: [{port: 81}]}]}",
            "example isolates server-07 for ingress, and two rules admit",
        ),
    ],
)
def test_the_title_says_what_it_does(spec: str, title: str) -> None:
    assert policies.draw(scenes.lab_a(3), policy(spec)).title == title


def test_a_selector_that_misses_names_the_nearest_pod() -> None:
    found = text("{podSelector: {matchLabels: {app: servr-07}}}")
    assert "Selects no pod: the nearest is server-07 with app=server-07" in found


def test_a_rule_of_a_direction_that_is_not_isolated_has_no_effect() -> None:
    found = text("{podSelector: {}, policyTypes: [Ingress], ingress: [{}], egress: [{}]}")
    assert "Has no effect: Egress is not in policyTypes" in found
    assert "Egress rule 1 would admit all ports to any destination" in found


def test_no_rule_admits_nothing_but_other_policies_still_count() -> None:
    assert "No rule : this policy admits nothing. Rules of other policies still count." in text("{podSelector: {}}")
    found = text("{podSelector: {}, policyTypes: [Ingress, Egress], egress: [{}]}")
    assert "No ingress rule : this policy admits nothing there." in found


def test_a_missing_policy_types_is_told() -> None:
    assert "policyTypes is missing, so the default counts" in text("{podSelector: {}}")


def test_an_empty_rule_admits_everyone_inside_and_outside() -> None:
    assert "from any source, inside and outside the cluster" in text("{podSelector: {}, ingress: [{}]}")


def test_namespace_selectors_resolve_by_the_labels_that_are_given() -> None:
    spec = "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: dns}}}]}]}"
    assert "no pod now" in text(spec)
    known = [Namespace("kube-system", Labels({"team": "dns"}))]
    assert "kube-system/kube-dns × 2" in text(spec, namespaces=known)


def test_a_namespace_is_called_by_its_automatic_label() -> None:
    label = "{kubernetes.io/metadata.name: kube-system}"
    spec = f"{{podSelector: {{}}, ingress: [{{from: [{{namespaceSelector: {{matchLabels: {label}}}}}]}}]}}"
    assert "from every pod in namespace kube-system" in text(spec)


def test_more_than_six_pods_are_five_and_a_count() -> None:
    crowd = scenes.scene([PodSpec(f"student-07/pod-{i}") for i in range(18)])
    assert "and 13 more" in text("{podSelector: {}}", crowd)


def test_the_effect_can_go_both_ways_or_nowhere() -> None:
    both = [("a", "b", PortSet.ALL, "+"), ("c", "d", PortSet.ALL, "-")]
    assert "1 connection more and 1 fewer than without it" in text("{podSelector: {}}", effect=both)
    assert "1 more and 1 fewer" in policies.draw(scenes.lab_a(3), policy("{podSelector: {}}"), effect=both).twin
    assert "Effect : none now" in text("{podSelector: {}}", effect=[])


def test_no_policy_at_all_is_a_picture_too() -> None:
    picture = policies.none(scenes.lab_a(1))
    assert picture.title == "No policy yet: every pod is open in both directions"
    check(lambda: policies.none(scenes.lab_a(1)))


def test_nasty_names_stay_names() -> None:
    crowd = scenes.nasty()
    for i, name in enumerate(scenes.NASTY):
        broken = NetworkPolicy(f'ns<{i}>"', name, policy("{podSelector: {}}").pod_selector, ("Ingress",))
        check(lambda broken=broken, name=name: policies.draw(crowd, broken, name, [(name, name, PortSet.ALL, "-")]))  # type: ignore[misc]


def test_what_a_long_effect_leaves_out_is_counted_once() -> None:
    both = [(f"web-{number}", "db", PortSet.of("TCP", 80), "+" if number % 2 else "-") for number in range(7)]
    twin = policies.draw(scenes.lab_a(3), policy("{podSelector: {}}"), effect=both).twin
    assert twin.count("and 2 more") == 1 and "web-5" not in twin


def test_a_policy_about_addresses_is_not_said_to_do_nothing() -> None:
    spec = "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 172.18.0.2/32}}]}]}"
    assert "none between pods. For the addresses it names, it may have one." in text(spec, effect=[])


def test_nothing_is_said_missing_in_a_policy_whose_text_nobody_has() -> None:
    changed = replace(policy("{podSelector: {}}"), origin=None)
    assert "policyTypes is missing" not in policies.draw(scenes.lab_a(3), changed).html
