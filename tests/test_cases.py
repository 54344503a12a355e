"""Cases that misled somebody, each with what is expected, as manifests in ``cases``.

What a case is about is said in its first lines. Those that are no matter of what was not judged have their tests where
such things are tested: advice and remedies, the words of kubectl, and the reading of folders.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from netpol_lab import Cluster, Lab

CASES = Path(__file__).parent / "cases"


def manifests(name: str) -> str:
    (path,) = CASES.glob(f"{name}-*.yaml")
    return path.read_text()


@pytest.fixture
def lab(notebook_folder: object) -> Iterator[Lab]:
    opened = Lab("07")
    yield opened
    opened.close()


def apply(lab: Lab, name: str) -> None:
    answer = lab.kubectl("apply -f -", manifests(name))
    assert answer.exit_code == 0, answer.stderr


@pytest.mark.parametrize("path", sorted(CASES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_case_is_read_and_answered(path: Path) -> None:
    text = path.read_text()
    text = text.replace("%s", "[]")
    assert text.startswith("# expected:") and list(yaml.safe_load_all(text))
    cluster = Cluster.from_manifests(text, strict=False)
    assert (
        ("", "External") in cluster.matrix(80).index and list(cluster.connections()) and cluster.warnings() is not None
    )


def test_01_an_admin_network_policy_is_said_not_to_be_judged() -> None:
    cluster = Cluster.from_manifests(manifests("01"))
    assert [each.about for each in cluster.verdict("x/a", "x/b").caveats] == [("AdminNetworkPolicy", "", "deny")]
    assert "AdminNetworkPolicy deny" in cluster.connections().attrs["caveats"]


def test_02_the_outside_of_ipv6_is_in_the_frames() -> None:
    open_, shut = (Cluster.from_manifests(manifests("02") % egress) for egress in _EGRESS)
    assert [each.verdict("x/a", "2001:db8::1", 443).answer for each in (open_, shut)] == ["allowed", "blocked"]
    rows = open_.connections()
    out = rows[rows["source"] == "x/a"]["destination"]
    assert any(each.startswith("::-ffff:") for each in out)
    assert any(each.startswith("::-ffff:") for each in rows[rows["destination"] == "x/a"]["source"])
    assert "removed" in set(open_.diff(shut)["change"])


_EGRESS = ('[{to: [{ipBlock: {cidr: "::/0"}}]}]', "[]")


def test_03_a_finished_pod_owns_no_address() -> None:
    cluster = Cluster.from_manifests(manifests("03"))
    verdict = cluster.verdict("x/c", "10.244.9.9", 80)
    assert verdict.answer == "allowed" and verdict.destination == cluster.pod("x", "web")


def test_05_a_replication_controller_has_its_pods_and_its_policy_protects_them() -> None:
    cluster = Cluster.from_manifests(manifests("05"))
    assert len(cluster.pods) == 2 and cluster.warnings() == ()
    assert "ReplicationController x/web" in cluster.connections().attrs["caveats"]


@pytest.mark.parametrize("name", ["s", "s.x", "s.x.svc.cluster.local"])
def test_09_a_service_by_any_of_its_names_means_its_first_port(lab: Lab, name: str) -> None:
    apply(lab, "09")
    title = lab.why("x/c", name).title
    assert "allowed" in title and "TCP 8080" in title  # but nginx does not listen there


def test_09_a_port_that_an_unknown_image_declares_is_taken_to_be_open_and_the_answer_says_so(lab: Lab) -> None:
    lab.kubectl("apply -f -", manifests("09").replace("image: nginx, ports", "image: acme/own, ports"))
    told = lab.why("x/c", "s")
    assert told.title == "✓ Allowed: c reaches s on TCP 8080"
    assert "taken to listen: s declares TCP 8080" in told.text


def test_13_services_of_every_kind_lead_somewhere(lab: Lab) -> None:
    apply(lab, "13")
    assert lab.why("x/c", "man", 5432).title == "✓ Allowed: c reaches 192.0.2.10 on TCP 5432"
    assert lab.why("x/c", "ext", 443).title == lab.why("x/c", "ext.x", 443).title
    told = lab.why("x/c", "172.18.0.3", 8080)
    assert told.title == "✓ Allowed: c reaches hp on TCP 8080" and "hostPort" in told.text


def test_14_behind_a_node_port_the_answer_depends_on_the_plugin(lab: Lab) -> None:
    apply(lab, "14")
    told = lab.why("203.0.113.7", "172.18.0.4", 30080)
    assert told.title.startswith("? Depends on the network plugin")
    assert "a pod usually sees a node's address" in " ".join(told.text.split())


def test_17_a_plugin_that_ignores_policies_is_named_with_the_policies(notebook_folder: object) -> None:
    lab = Lab("07", profile="flannel")
    apply(lab, "17")
    told = lab.why("c", "s", 80).text
    assert "default-deny selects s, and flannel ignores it" in told and "No policy stands in the way" not in told
    assert "closes" not in lab.policies().text
    lab.close()


SERVICES = """
apiVersion: v1
kind: Namespace
metadata: {name: x}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: x, labels: {app: web}}
spec: {containers: [{name: c, image: nginx, ports: [{name: http, containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: x}
spec: {containers: [{name: c, image: busybox}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: x}
spec: {selector: {app: web}, ports: [{port: 9090, name: metrics, targetPort: 80}, %s]}
"""


@pytest.mark.parametrize("wrong", ["{port: 8080, name: web}", "{port: 80, name: web, targetPort: htp}"])
def test_a_service_with_a_wrong_target_port_is_put_right_by_the_line_that_is_shown(lab: Lab, wrong: str) -> None:
    lab.kubectl("apply -f -", SERVICES % wrong)
    port = 8080 if "8080" in wrong else 80
    text = " ".join(lab.why("x/client", "web", port).text.split())
    assert "(checked: then allowed)" in text
    command = text[text.index("kubectl patch service") : text.index(" (checked")]
    assert lab.kubectl(command).stdout == "service/web patched\n"
    assert lab.why("x/client", "web", port).title == f"✓ Allowed: client reaches web on TCP {port}"


def test_a_service_whose_pods_listen_on_several_ports_gets_no_advice_that_is_a_guess(lab: Lab) -> None:
    lab.kubectl("apply -f -", SERVICES.replace("image: nginx", "image: etcd") % "{port: 8080, name: web}")
    assert "smallest change" not in lab.why("x/client", "web", 8080).text
