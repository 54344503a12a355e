"""The public collection of NetworkPolicy recipes, probe by probe, through Services as its clients go."""

from __future__ import annotations

from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import yaml

from netpol_lab import Cluster
from netpol_lab.cluster.listening import listeners
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections import Flow, connect
from netpol_lab.manifests import from_object
from netpol_lab.model.objects import Endpoint, External, Pod

Body = dict[str, Any]
PROBE = ("Pod", "probe")


@cache
def collection() -> Body:
    return yaml.safe_load((Path(__file__).parent / "conformance" / "recipes.yaml").read_text("utf-8"))


def recipes() -> list[Body]:
    return [*collection()["recipes"], *collection()["variants"]]


def new_world(recipe: Body) -> Cluster:
    cluster = Cluster.at(Snapshot({}))
    for body in (*recipe.get("assumed_objects", ()), *recipe["objects"]):
        cluster.apply(from_object(body))
    return cluster


def act(cluster: Cluster, action: Body) -> None:
    ((verb, what),) = action.items()
    if verb == "delete_policy":
        cluster.delete("NetworkPolicy", *what.split("/"))
    elif verb in ("apply", "create"):
        cluster.apply(from_object(what))
    else:
        raise AssertionError(f"the data has an action this test does not know: {verb}")


def flow_of(world: Cluster, probe: Body) -> Flow:
    """The probe's connection, made by a throw-away pod in a copy of the world. Names count as resolved."""
    cluster = Cluster.at(world.snapshot())
    target = probe["to"]
    if "service" in target:
        service = cluster.service(*target["service"].split("/"))
        assert service is not None and service.cluster_ip is not None
        host = str(service.cluster_ip)
    else:
        host = target["external"]
    return connect(cluster, client(cluster, probe["from"]), host, probe["port"], probe["protocol"])


def client(cluster: Cluster, source: Body) -> Endpoint:
    if "external" in source:
        return External(ip_address(source["external"]))
    metadata = {"name": "probe", "namespace": source["namespace"], "labels": source["labels"]}
    spec = {"containers": [{"name": "probe", "image": "alpine"}]}
    cluster.create(from_object({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}))
    pod = cluster.pod(source["namespace"], "probe")
    assert pod is not None
    return pod


def declared_as_listening(recipe: Body, flow: Flow) -> bool:
    """Whether the simulator knows of a program on the port: then an admitted client must get its answer."""
    pod = flow.destination
    if not isinstance(pod, Pod) or pod.id in recipe.get("listening", {}):
        return False
    ports = [listener.port for listener in listeners(Snapshot({}), pod)]
    return any((port.port, port.protocol) == (flow.target_port, flow.protocol) for port in ports)


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: recipe["id"])
def test_every_probe_of_the_recipe_answers_as_its_source_says(recipe: Body) -> None:
    cluster, wrong, scored = new_world(recipe), [], 0
    for step in recipe["steps"]:
        for action in step["do"]:
            act(cluster, action)
        for probe in step["probes"]:
            if "skip" in probe:
                continue
            flow = flow_of(cluster, probe)
            assert flow.verdict is not None, f"{probe['id']} never reached a policy: {flow.outcome}"
            if flow.verdict.allowed != probe["allowed"]:
                wrong.append(f"{probe['id']} should be {'allowed' if probe['allowed'] else 'denied'}")
            if declared_as_listening(recipe, flow):
                assert flow.outcome == ("connected" if probe["allowed"] else "timed out"), probe["id"]
            scored += 1
    assert wrong == []
    assert scored == sum("skip" not in probe for step in recipe["steps"] for probe in step["probes"])


def test_the_whole_collection_is_scored() -> None:
    counts = collection()["counts"]

    def probes(part: str) -> list[Body]:
        return [probe for recipe in collection()[part] for step in recipe["steps"] for probe in step["probes"]]

    written = [recipe for recipe in collection()["recipes"] if recipe.get("written_here")]
    assert (len(collection()["recipes"]) - len(written), len(written), len(collection()["variants"])) == (14, 2, 7)
    assert sum("skip" not in probe for probe in probes("recipes")) == counts["scored_probes"] == 70
    assert sum("skip" not in probe for probe in probes("variants")) == counts["scored_probes_in_variants"] == 28
    skipped = [probe["id"] for part in ("recipes", "variants") for probe in probes(part) if "skip" in probe]
    assert skipped == ["recipe-11.8"]
