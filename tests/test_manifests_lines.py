"""Every part of a policy knows the lines it was written on."""

from pathlib import Path

import pytest

from netpol_lab.manifests import read_text
from netpol_lab.manifests.line_map import MAX_JSON_WITH_LINES
from netpol_lab.model.objects import NetworkPolicy, Resource
from netpol_lab.model.origin import Origin

TEXT = """\
# a comment
apiVersion: v1
kind: Namespace
metadata:
  name: demo
---

apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  annotations:
    note: |
      two
      lines

spec:
  podSelector:
    matchLabels:
      app: web   # a comment
      tier: front
    matchExpressions:
    - key: env
      operator: In
      values:
      - a
      - b

    # between
    - {key: old,
       operator: DoesNotExist}
  ingress:
  - from:
    - podSelector: {}
      namespaceSelector:
        matchLabels: {team: a}
    - ipBlock:
        cidr: 10.0.0.0/8
        except: [10.1.0.0/16,
                 10.2.0.0/16]
    ports:
    - port: 80
    -
      port: 90
      endPort: 95

  - {}
  policyTypes:
  - Ingress
  - Egress

# the end
"""


def one(resource: Resource) -> NetworkPolicy:
    assert isinstance(resource.typed, NetworkPolicy)
    return resource.typed


def spans(*origins: Origin | None) -> list[tuple[int, int]]:
    return [(origin.first_line, origin.last_line) for origin in origins if origin is not None]


@pytest.fixture
def policy() -> NetworkPolicy:
    return one(read_text(TEXT, "web.yaml")[1])


def test_a_resource_knows_its_file_and_its_lines_in_the_stream() -> None:
    namespace, policy = read_text(TEXT, "web.yaml")
    assert (namespace.origin, policy.origin) == (Origin("web.yaml", 2, 5), Origin("web.yaml", 8, 50))
    assert one(policy).origin == policy.origin


def test_each_requirement_of_a_selector_has_its_own_lines(policy: NetworkPolicy) -> None:
    assert spans(policy.pod_selector.origin) == [(18, 31)]
    requirements = policy.pod_selector.requirements
    assert [requirement.key for requirement in requirements] == ["app", "tier", "env", "old"]
    assert spans(*(requirement.origin for requirement in requirements)) == [(20, 20), (21, 21), (23, 27), (30, 31)]


def test_rules_peers_and_blocks_end_with_their_last_line_of_text(policy: NetworkPolicy) -> None:
    first, second = policy.ingress
    assert spans(first.origin, second.origin) == [(33, 45), (47, 47)]
    assert spans(*(peer.origin for peer in first.peers)) == [(34, 36), (37, 40)]
    assert first.peers[1].ip_block is not None
    assert spans(first.peers[1].ip_block.origin) == [(37, 40)]
    namespace_selector = first.peers[0].namespace_selector
    assert namespace_selector is not None
    assert spans(namespace_selector.origin, namespace_selector.requirements[0].origin) == [(35, 36), (36, 36)]


def test_ports_and_policy_types_have_their_lines(policy: NetworkPolicy) -> None:
    assert spans(*(port.origin for port in policy.ingress[0].ports)) == [(42, 42), (44, 45)]
    assert spans(policy.types_origin) == [(48, 50)]


def test_what_is_filled_in_was_written_nowhere() -> None:
    head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web}\n"
    policy = one(read_text(head + "spec: {}\n")[0])
    assert policy.types_origin is None
    assert policy.pod_selector.origin is None


def test_an_alias_stands_where_it_is_written_and_its_parts_where_they_are() -> None:
    head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web}\nspec:\n"
    text = head + "  podSelector: &web\n    matchLabels: {app: web}\n  ingress:\n  - from:\n    - podSelector: *web\n"
    selector = one(read_text(text)[0]).ingress[0].peers[0].pod_selector
    assert selector is not None
    assert spans(selector.origin, selector.requirements[0].origin) == [(9, 9), (6, 6)]


JSON = """{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "web",
   "annotations": {"note": "a{\\"]}\\\\"}},
   "spec": {"podSelector": {"matchLabels": {
      "app": "web",
      "tier": "x"}},
    "ingress": [
      {"ports": [{"port": 80}, {
          "port": 90}]}
    ]}}]}
"""


def test_json_has_lines_too() -> None:
    text = JSON
    policy = one(read_text(text, "web.json")[0])
    assert spans(policy.origin, policy.pod_selector.origin) == [(2, 10), (4, 6)]
    assert spans(*(requirement.origin for requirement in policy.pod_selector.requirements)) == [(5, 5), (6, 6)]
    assert spans(*(port.origin for port in policy.ingress[0].ports)) == [(8, 8), (8, 9)]


def test_a_very_long_json_dump_has_none() -> None:
    (resource,) = read_text(JSON + " " * MAX_JSON_WITH_LINES)
    assert resource.origin is None and one(resource).origin is None


def test_lines_are_those_of_the_file_on_disk() -> None:
    path = Path(__file__).parent / "manifests" / "accepted" / "every-field-of-a-policy.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    policy = one(read_text("\n".join(lines), str(path))[0])
    rules = (*policy.ingress, *policy.egress)
    origins = [rule.origin for rule in rules]
    origins += [peer.origin for rule in rules for peer in rule.peers]
    origins += [port.origin for rule in rules for port in rule.ports]
    assert None not in origins
    for first, last in spans(*origins):
        assert lines[first - 1].lstrip().startswith("- ")
        assert lines[last - 1].strip(), "a part ends with text, not with what follows it"
