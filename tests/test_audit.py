"""The audit: each rule finds what it is about and nothing else, settings decide, and SARIF keeps to its standard."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import test_advice
from click.testing import CliRunner, Result

from netpol_lab import Cluster
from netpol_lab.coach.audit.audit_rules import SEVERITIES, AuditFinding, audit_rules
from netpol_lab.coach.audit.audit_settings import read_settings
from netpol_lab.coach.audit.sarif import sarif
from netpol_lab.display import audit_table
from netpol_lab.lab.cli import main
from netpol_lab.lab.front import Lab
from netpol_lab.model.errors import LabError
from netpol_lab.tell import catalogue

POD = """
apiVersion: v1
kind: Pod
metadata: {name: NAME, namespace: shop, labels: {app: NAME}}
spec: {containers: [{name: c, image: nginx, ports: [{containerPort: 80}]}]}
"""
POLICY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: NAME, namespace: shop}
spec: SPEC
"""
SYSTEM = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}"
DNS = f"{{to: [{SYSTEM}], ports: [{{port: 53, protocol: UDP}}]}}"
DENY = POLICY.replace("NAME", "deny").replace(
    "SPEC", f"{{podSelector: {{}}, policyTypes: [Ingress, Egress], egress: [{DNS}]}}"
)
ONLY_OUT = DENY.replace("Ingress, Egress", "Egress")


def shop(*documents: str) -> Cluster:
    pods = [POD.replace("NAME", name) for name in ("web", "cart")]
    return Cluster.from_manifests("\n---".join([*pods, *documents]))


def policy(spec: str, name: str = "extra") -> str:
    return POLICY.replace("NAME", name).replace("SPEC", spec)


def ids(findings: tuple[AuditFinding, ...]) -> list[str]:
    return [each.rule.id for each in findings]


def ingress(*rules: str) -> str:
    return policy(f"{{podSelector: {{matchLabels: {{app: web}}}}, ingress: [{', '.join(rules)}]}}")


def egress(*rules: str) -> str:
    return policy(
        f"{{podSelector: {{matchLabels: {{app: web}}}}, policyTypes: [Egress], egress: [{', '.join(rules)}]}}"
    )


def blocks(*cidrs: str) -> str:
    return ingress(f"{{from: [{', '.join(f'{{ipBlock: {{cidr: {each}}}}}' for each in cidrs)}]}}")


FROM_CART = "{podSelector: {matchLabels: {app: cart}}}"


def test_a_namespace_with_defaults_and_named_peers_has_no_finding() -> None:
    clean = shop(DENY, ingress(f"{{from: [{FROM_CART}], ports: [{{port: 80}}]}}"))
    assert clean.audit() == ()


@pytest.mark.parametrize(
    ("documents", "found"),
    [
        ([], ["no-default-deny-ingress", "pod-not-isolated", "pod-not-isolated", "no-default-deny-egress"]),
        ([ONLY_OUT], ["no-default-deny-ingress", "pod-not-isolated", "pod-not-isolated"]),
        ([DENY, ingress("{}")], ["admits-everybody"]),
        ([DENY, ingress("{ports: [{port: 80}]}")], ["admits-everybody"]),
        ([DENY, ingress("{from: [{namespaceSelector: {}}]}")], ["admits-everybody"]),
        ([DENY, ingress("{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: cart}}}]}")], []),
        ([DENY, ingress('{from: [{ipBlock: {cidr: "::/0"}}]}')], ["admits-everybody"]),
        ([DENY, egress("{}")], ["admits-everybody"]),
        ([DENY, egress("{ports: [{port: 53, protocol: UDP}]}")], []),
        ([DENY, blocks("198.51.0.0/16")], []),
        ([DENY, blocks("198.50.0.0/15")], ["ip-block-wide"]),
        ([DENY, blocks("198.50.0.0/15, except: [198.50.0.0/16, 198.50.1.0/24]")], []),
        ([DENY, blocks("198.48.0.0/14, except: [198.48.0.0/15, 198.48.0.0/16]")], ["ip-block-wide"]),
        ([DENY, blocks("198.51.100.0/24", "198.51.100.7/32")], ["ip-block-inside-another"]),
        ([DENY, blocks("198.51.100.0/24", "198.51.100.0/24")], ["ip-block-inside-another"]),
        ([DENY, blocks("198.51.100.0/24, except: [198.51.100.0/28]", "198.51.100.7/32")], []),
    ],
)
def test_each_of_the_audits_own_rules_finds_what_it_is_about(documents: list[str], found: list[str]) -> None:
    assert ids(shop(*documents).audit()) == found


def test_all_advice_is_part_of_the_audit() -> None:
    assert set(catalogue.warnings()) <= set(audit_rules())
    for name, (id, line, near) in test_advice.EXPECTED.items():
        cluster = test_advice.cluster_with(test_advice.HERE / "cluster.yaml", test_advice.HERE / f"{name}.yaml")
        (found,) = [each for each in cluster.audit() if each.rule.id == id and each.origin and name in each.origin.file]
        assert found.origin is not None and found.origin.first_line == line
        assert found.near.startswith(near)


def test_policies_of_other_kinds_are_told_as_not_judged() -> None:
    other = "\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: l7, namespace: shop}\nspec: {}\n"
    (found,) = shop(DENY, ingress(f"{{from: [{FROM_CART}]}}"), other).audit()
    assert (found.rule.id, found.severity, found.about) == ("not-judged", "note", "CiliumNetworkPolicy shop/l7")
    assert found.origin is not None and found.origin.first_line > 1


def test_a_workload_is_told_once_and_with_the_line_of_its_manifest() -> None:
    text = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: nginx}]}}
"""
    (found,) = [each for each in Cluster.from_manifests(text).audit() if each.rule.id == "pod-not-isolated"]
    assert (found.about, found.origin and found.origin.first_line) == ("Deployment shop/web", 2)
    assert "for ingress and egress" in found.words


def test_every_rule_rests_on_a_rule_of_the_catalogue_and_says_what_to_do() -> None:
    for rule in audit_rules().values():
        assert rule.rule.text and rule.repair.endswith("."), rule.id
        assert rule.severity in SEVERITIES


# -- settings


def settings(tmp_path: Path, text: str) -> str:
    (tmp_path / "audit.yaml").write_text(text, "utf-8")
    return str(tmp_path / "audit.yaml")


def test_severities_and_the_width_are_those_of_the_settings(tmp_path: Path) -> None:
    file = settings(tmp_path, "rules: {no-default-deny-egress: error, pod-not-isolated: off}\nwidest: 7\n")
    found = shop(ingress("{from: [{ipBlock: {cidr: 198.51.100.0/29}}]}")).audit(file)
    assert [(each.rule.id, each.severity) for each in found] == [
        ("no-default-deny-egress", "error"),
        ("no-default-deny-ingress", "warning"),
        ("ip-block-wide", "warning"),
    ]


def test_a_silence_covers_what_it_names_and_keeps_its_reason(tmp_path: Path) -> None:
    file = settings(tmp_path, "silences: [{rule: pod-not-isolated, object: Pod shop/w*, reason: it is a front}]")
    found = [each for each in shop(ONLY_OUT).audit(file) if "pod" in each.rule.id]
    assert [(each.about, each.silence) for each in found] == [("Pod shop/cart", ""), ("Pod shop/web", "it is a front")]


def test_a_silence_is_about_one_rule(tmp_path: Path) -> None:
    file = settings(tmp_path, "silences: [{rule: no-default-deny-egress, object: '*', reason: later}]")
    assert {each.rule.id for each in shop().audit(file) if each.silence} == {"no-default-deny-egress"}


def test_a_silence_that_matches_nothing_is_told_with_its_line(tmp_path: Path) -> None:
    file = settings(tmp_path, "silences:\n- {rule: no-dns, object: NetworkPolicy shop/gone, reason: was so}\n")
    (found,) = shop(DENY, ingress(f"{{from: [{FROM_CART}]}}")).audit(file)
    assert found.rule.id == "silence-without-effect"
    assert str(found.origin).endswith("audit.yaml, line 2")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("silences: [{rule: no-dns, object: x}]", "line 1: the field reason is missing"),
        ("silences: [{rule: no-dns, object: x, reason: ''}]", "line 1: reason has to be text"),
        ("silences: [{rule: no-dsn, object: x, reason: y}]", "there is no rule 'no-dsn', did you mean 'no-dns'?"),
        ("rules:\n  no-dns: fatal\n", "line 2: no-dns has to be one of error, warning, note, off, not 'fatal'"),
        ("rules:\n  no-dsn: off\n", "line 2: there is no rule 'no-dsn', did you mean 'no-dns'?"),
        ("silence: []", "unknown field 'silence', did you mean 'silences'?"),
        ("widest: big", "widest has to be a number"),
    ],
)
def test_settings_with_a_fault_are_told_with_the_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(LabError) as told:
        read_settings(settings(tmp_path, text))
    assert said in str(told.value)


# -- the command, SARIF and the card


@pytest.fixture
def manifests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my manifests").mkdir()
    text = "\n---".join([POD.replace("NAME", "web"), DENY, ingress("{}")])
    (tmp_path / "my manifests" / "shop.yaml").write_text(text, "utf-8")
    return "my manifests"


def ran(*words: str) -> Result:
    return CliRunner().invoke(main, ["audit", *words])


def test_the_command_ends_with_1_from_the_severity_that_was_asked_for(manifests: str) -> None:
    assert [ran(manifests, "--fail-on", each).exit_code for each in SEVERITIES] == [0, 1, 1]
    assert ran(manifests).exit_code == 1
    assert ran(manifests, "--settings", "nowhere.yaml").exit_code == 2
    assert ran(manifests, "--fail-on", "never").exit_code == 2


def test_the_command_prints_object_file_line_and_rule_of_each_finding(manifests: str, tmp_path: Path) -> None:
    said = ran(manifests).stdout
    assert "warning  NetworkPolicy shop/extra (my manifests/shop.yaml, line 17) [admits-everybody]\n" in said
    assert said.endswith("1 finding: 1 warning.\n")
    file = settings(tmp_path, "silences: [{rule: admits-everybody, object: '*', reason: it is public}]")
    let_be = ran(manifests, "--settings", file)
    assert (let_be.exit_code, let_be.stdout) == (0, "No finding. 1 more is let be, with a reason.\n")
    assert "it is public" in ran(manifests, "--settings", file, "-v").stdout


def test_sarif_has_what_the_standard_demands_and_is_the_same_each_time(manifests: str, tmp_path: Path) -> None:
    file = settings(tmp_path, "silences: [{rule: no-dns, object: NetworkPolicy shop/deny, reason: so}]")
    for _ in range(2):
        ran(manifests, "--sarif", "out.sarif", "--settings", file)
        log: dict[str, Any] = json.loads((tmp_path / "out.sarif").read_text("utf-8"))
    assert (tmp_path / "out.sarif").read_text("utf-8") == sarif(
        Cluster.from_manifests(manifests).audit(file), log["runs"][0]["tool"]["driver"]["version"]
    )
    assert log["version"] == "2.1.0" and log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules) == len(audit_rules())
    assert run["results"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert result["message"]["text"]
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert re.fullmatch(r"[A-Za-z0-9%._~/-]+", place["artifactLocation"]["uri"])
        assert 1 <= place["region"]["startLine"] <= place["region"]["endLine"]
        assert re.fullmatch("[0-9a-f]{64}", result["partialFingerprints"]["netpolLabFinding/v1"])
        assert all(each["kind"] in ("inSource", "external") for each in result["suppressions"])
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "my%20manifests/shop.yaml"


def test_what_is_let_be_is_suppressed_in_sarif_with_its_reason(manifests: str, tmp_path: Path) -> None:
    file = settings(tmp_path, "silences: [{rule: admits-everybody, object: '*', reason: it is public}]")
    (result,) = json.loads(sarif(Cluster.from_manifests(manifests).audit(file), "1"))["runs"][0]["results"]
    assert result["suppressions"] == [{"kind": "external", "justification": "it is public"}]


def test_a_lab_shows_the_audit_as_a_card_with_a_text_twin(notebook_folder: Path) -> None:
    lab = Lab("07")
    lab.kubectl("create namespace shop")
    lab.cluster.apply("\n---".join([POD.replace("NAME", "web"), DENY, ingress("{}")]))
    card = lab.audit()
    assert "warning" in card.title
    assert "[admits-everybody]" in card.twin and "npl-plain" in card.html
    lab.close()


def test_a_card_without_a_finding_says_so() -> None:
    assert audit_table.draw(()).title == "No finding"
