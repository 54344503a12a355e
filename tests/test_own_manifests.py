"""A practitioner's own manifests: every form they come in, and the questions asked about them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from netpol_lab import Cluster
from netpol_lab.model.errors import LabError, ManifestError, NotFound

Body = dict[str, Any]


def pod(name: str, namespace: str = "shop", owner: str = "", **labels: str) -> Body:
    metadata: Body = {"name": name, "namespace": namespace, "labels": labels}
    if owner:
        kind, _, of = owner.partition("/")
        metadata["ownerReferences"] = [
            {"apiVersion": "apps/v1", "kind": kind, "name": of, "uid": "u", "controller": True}
        ]
    container = {"name": "main", "image": "nginx:1.27", "ports": [{"containerPort": 80}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


def policy(name: str, namespace: str = "shop", **spec: Any) -> Body:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def deployment(name: str, namespace: str = "shop", replicas: int = 2) -> Body:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "main", "image": "nginx"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template},
    }


OBJECTS = [
    pod("web", app="web"),
    pod("client", app="client"),
    policy("web", podSelector={"matchLabels": {"app": "web"}}, ingress=[{"ports": [{"port": 80}]}]),
]
LIST = {"apiVersion": "v1", "kind": "List", "items": OBJECTS}
ONE_ROW = [("shop/client", "shop/web", "TCP 80")]


def into_web(cluster: Cluster) -> list[tuple[str, ...]]:
    frame = cluster.connections()
    return [tuple(row) for row in frame[(frame.destination == "shop/web") & (frame.source == "shop/client")].values]


@pytest.mark.parametrize(
    "source",
    [
        OBJECTS,
        tuple(OBJECTS),
        LIST,
        [LIST],
        iter(OBJECTS),
        json.dumps(LIST),
        json.dumps(LIST, indent=2),
        "".join(map(json.dumps, OBJECTS)),
        yaml.safe_dump(LIST),
        yaml.safe_dump_all(OBJECTS),
    ],
    ids=[
        "list",
        "tuple",
        "List",
        "list of Lists",
        "iterator",
        "JSON",
        "long JSON",
        "JSONs",
        "YAML List",
        "YAML stream",
    ],
)
def test_manifests_come_in_many_forms_and_mean_the_same(source: Any) -> None:
    assert into_web(Cluster.from_manifests(source)) == ONE_ROW


def test_a_folder_is_read_with_the_folders_in_it(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "web.yml").write_text(yaml.safe_dump(OBJECTS[2]))
    (tmp_path / "pods.json").write_text(json.dumps(OBJECTS[:2][0]) + json.dumps(OBJECTS[1]))
    (tmp_path / "README.md").write_text("# not a manifest")
    assert into_web(Cluster.from_manifests(tmp_path)) == ONE_ROW
    assert into_web(Cluster.from_manifests(str(tmp_path))) == ONE_ROW


def test_objects_given_are_not_changed() -> None:
    before = json.dumps(OBJECTS)
    Cluster.from_manifests(OBJECTS)
    assert json.dumps(OBJECTS) == before


def test_malformed_files_are_reported_together_by_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("kind: Pod\n")
    (tmp_path / "b.yaml").write_text(yaml.safe_dump(OBJECTS[0]))
    (tmp_path / "c.json").write_text('{"apiVersion": "v1",')
    (tmp_path / "d.yaml").write_bytes(b"\xff\x00\xff")
    with pytest.raises(ManifestError) as caught:
        Cluster.from_manifests(tmp_path)
    assert [Path(problem.file).name for problem in caught.value.problems] == ["a.yaml", "c.json", "d.yaml"]


def test_a_file_with_a_fault_leaves_the_cluster_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(pod("new", "default")))
    (tmp_path / "b.yaml").write_text("kind: Pod\n")
    cluster = Cluster()
    before = cluster.snapshot()
    with pytest.raises(ManifestError):
        cluster.apply(tmp_path)
    assert cluster.snapshot() is before


@pytest.mark.parametrize("name", ["nothing-here.yaml", "x" * 5_000, "a\0b"])
def test_a_path_that_is_not_there_is_told(name: str) -> None:
    with pytest.raises(NotFound, match="does not exist"):
        Cluster.from_manifests(name)


def test_a_folder_without_manifests_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="recognized file extensions"):
        Cluster.from_manifests(tmp_path)


@pytest.mark.parametrize("source", [5, 1.5, None, b"kind: Pod"])
def test_what_is_no_manifest_at_all_is_told(source: Any) -> None:
    with pytest.raises(LabError, match="a path, a text, or objects"):
        Cluster.from_manifests(source)


def test_no_manifests_are_an_empty_cluster() -> None:
    for nothing in ("", "\n", "# only a comment\n", [], {"apiVersion": "v1", "kind": "List", "items": []}):
        cluster = Cluster.from_manifests(nothing)
        assert cluster.pods == () and len(cluster.connections()) == 0 and len(cluster.unselected()) == 0


@pytest.mark.parametrize("item", [5, "text", None, ["list"]])
def test_an_item_that_is_no_object_is_told(item: Any) -> None:
    with pytest.raises(ManifestError, match="cannot unmarshal"):
        Cluster.from_manifests([OBJECTS[0], item])


# Workloads


def test_replicas_are_folded_into_the_workload_that_owns_them() -> None:
    frame = Cluster.from_manifests([deployment("web"), deployment("api", replicas=3), pod("client")]).connections(
        by="workload"
    )
    inside = sorted({end for end in (*frame.source, *frame.destination) if "/" in end})
    assert inside == ["shop/api[Deployment]", "shop/client[Pod]", "shop/web[Deployment]"]


def test_a_workload_of_one_pod_has_no_connection_to_itself_and_its_replicas_have() -> None:
    frame = Cluster.from_manifests([deployment("one", replicas=1), deployment("two")]).connections(by="workload")
    assert {row.source for row in frame.itertuples() if row.source == row.destination} == {"shop/two[Deployment]"}


def test_a_pods_workload_is_the_top_of_its_owners() -> None:
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {**pod("nightly-1", owner="CronJob/nightly")["metadata"], "labels": {}},
        "spec": {"template": {"spec": {**pod("x")["spec"], "restartPolicy": "Never"}}},
    }
    frame = Cluster.from_manifests([pod("nightly-1-x", owner="Job/nightly-1"), job]).unselected()
    assert list(frame.workload) == ["shop/nightly[CronJob]"]


def test_the_ports_of_unlike_replicas_are_added_up() -> None:
    canary = pod("web-2", owner="ReplicaSet/web", app="web", track="canary")
    cluster = Cluster.from_manifests(
        [
            pod("web-1", owner="ReplicaSet/web", app="web"),
            canary,
            pod("client", "ops"),
            policy("stable", podSelector={"matchLabels": {"app": "web"}}, ingress=[{"ports": [{"port": 80}]}]),
            policy("canary", podSelector={"matchLabels": {"track": "canary"}}, ingress=[{"ports": [{"port": 81}]}]),
        ]
    )
    frame = cluster.connections(by="workload")
    rows = {(row.source, row.destination): row.ports for row in frame.itertuples()}
    assert rows["ops/client[Pod]", "shop/web[ReplicaSet]"] == "TCP 80-81"
    assert rows["0.0.0.0-255.255.255.255", "shop/web[ReplicaSet]"] == "TCP 80-81"
    assert len(rows) == len(frame)


def test_a_verdict_takes_the_names_that_connections_prints() -> None:
    cluster = Cluster.from_manifests([deployment("web"), pod("web", app="other"), pod("client")])
    assert cluster.verdict("shop/client[Pod]", "shop/web[Deployment]").destination.owner == "Deployment/web"  # type: ignore[union-attr]
    assert cluster.verdict("client", "shop/web[Pod]").destination.labels == {"app": "other"}  # type: ignore[union-attr]
    with pytest.raises(NotFound):
        cluster.verdict("client", "shop/web[StatefulSet]")


@pytest.mark.parametrize(("port", "protocol"), [(0, "TCP"), (65536, "TCP"), (-1, "UDP"), (80, "ICMP"), ("80", "TCP")])
def test_a_port_that_does_not_exist_is_refused(port: Any, protocol: str) -> None:
    cluster = Cluster.from_manifests(OBJECTS)
    with pytest.raises(LabError, match="is no port"):
        cluster.verdict("shop/client", "shop/web", port, protocol)


def test_a_diff_by_workload_tells_what_changed_between_workloads() -> None:
    before = Cluster.from_manifests([deployment("web"), pod("client")])
    closed = policy("web", podSelector={"matchLabels": {"app": "web"}})
    after = Cluster.from_manifests([deployment("web"), pod("client"), closed])
    frame = before.diff(after, by="workload")
    rows = {(row.source, row.destination, row.change) for row in frame.itertuples()}
    assert ("shop/client[Pod]", "shop/web[Deployment]", "removed") in rows
    assert ("shop/web[Deployment]", "shop/web[Deployment]", "removed") in rows and len(rows) == 3


def test_an_unknown_kind_of_row_is_told() -> None:
    with pytest.raises(LabError, match="neither"):
        Cluster.from_manifests(OBJECTS).connections(by="node")  # type: ignore[arg-type]


# Which policies select


def test_pods_that_no_policy_isolates_are_listed_by_direction() -> None:
    frame = Cluster.from_manifests([*OBJECTS, policy("all", "other", policyTypes=["Ingress", "Egress"])]).unselected()
    assert [tuple(row) for row in frame.itertuples(index=False)] == [
        ("shop/client", "shop/client[Pod]", True, True),
        ("shop/web", "shop/web[Pod]", False, True),
    ]


def test_a_pod_that_is_isolated_both_ways_is_not_listed() -> None:
    both = policy("both", policyTypes=["Ingress", "Egress"])
    assert len(Cluster.from_manifests([pod("web"), both]).unselected()) == 0


def test_the_policies_that_select_a_pod_are_told_with_their_lines() -> None:
    text = yaml.safe_dump_all([*OBJECTS, policy("both", policyTypes=["Ingress", "Egress"])])
    cluster = Cluster.from_manifests(text)
    rows = [tuple(row) for row in cluster.selected_by("shop/web").itertuples(index=False)]
    assert [row[:2] for row in rows] == [("ingress", "shop/both"), ("ingress", "shop/web"), ("egress", "shop/both")]
    assert all(text.splitlines()[line - 1].startswith("apiVersion: networking") for *_, line in rows)
    with pytest.raises(LabError, match="is not a pod"):
        cluster.selected_by("198.51.100.1")


# Foreign kinds and dumps


def test_kinds_of_other_groups_are_kept_and_not_acted_on() -> None:
    foreign: list[Body] = [
        {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"x": [1]}},
        {"apiVersion": "argoproj.io/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": 5},
        {"apiVersion": "example.com/v1", "kind": "Pod", "metadata": {"name": "a"}, "status": "fine"},
    ]
    cluster = Cluster.from_manifests(foreign)
    assert cluster.pods == () and cluster.services == () and len(cluster.objects) == 4


def test_pods_that_have_ended_connect_to_nothing() -> None:
    ended = {**pod("job"), "status": {"phase": "Succeeded", "podIP": "10.1.1.1"}}
    cluster = Cluster.from_manifests([ended, pod("web")])
    assert "shop/job" not in set(cluster.connections().source) and list(cluster.unselected().pod) == ["shop/web"]


def test_a_service_keeps_the_address_of_the_dump_and_others_get_free_ones() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}
    bodies = [{**service, "metadata": {"name": f"s{n}"}} for n in range(50)]
    bodies[3]["spec"] = {**service["spec"], "clusterIP": "10.96.9.9"}  # type: ignore[dict-item]
    addresses = [each.cluster_ip for each in Cluster.from_manifests(bodies).services]
    assert len(set(addresses)) == 50 and str(addresses[3]) == "10.96.9.9"


def test_as_many_replicas_as_nobody_has_are_refused() -> None:
    cluster = Cluster()
    before = cluster.snapshot()
    with pytest.raises(LabError, match="at most 50,000"):
        cluster.apply(json.dumps(deployment("web", "default", 2_000_000_000)))
    assert cluster.snapshot() is before


def test_an_answer_with_more_rows_than_a_laptop_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster.from_manifests([deployment(f"d{number}", replicas=3) for number in range(4)])
    monkeypatch.setattr("netpol_lab.connections.frames.MAX_ROWS", 20)
    with pytest.raises(LabError, match='Ask by="workload"'):
        cluster.connections()
    assert len(cluster.connections(by="workload")) == 24
    monkeypatch.setattr("netpol_lab.connections.frames.MAX_ROWS", 14)
    with pytest.raises(LabError, match="more than 14 rows"):
        cluster.connections(by="workload")


def test_kinds_of_one_name_in_two_groups_do_not_replace_each_other() -> None:
    calico = {"apiVersion": "crd.projectcalico.org/v1", "kind": "NetworkPolicy", "spec": {"selector": "all()"}}
    cluster = Cluster.from_manifests([*OBJECTS, {**calico, "metadata": {"name": "web", "namespace": "shop"}}])
    assert [each.id for each in cluster.policies] == ["shop/web"]
    assert len(cluster.list("NetworkPolicy")) == 1


def test_what_the_readme_shows_of_ones_own_manifests_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Path
) -> None:
    code = re.search(
        r"```python\n(from netpol_lab import Cluster\n\nbefore.*?)```", (repository / "README.md").read_text(), re.S
    )
    assert code
    for folder in ("manifests", "manifests-new"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "pods.json").write_text(json.dumps({"kind": "List", "items": [pod("web"), pod("db")]}))
    (tmp_path / "manifests-new" / "deny.json").write_text(json.dumps(policy("deny", podSelector={})))
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(code[1], names)
    assert names["before"].pods
