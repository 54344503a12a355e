"""Own manifests as people keep them: folders with other files, dumps that were shortened, and fields of any junk."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from netpol_lab import Cluster
from netpol_lab.kubectl import Session, run
from netpol_lab.model.errors import LabError, ManifestError, NotFound

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: nginx}]}\n"
OF_EVERY_KIND = list(
    yaml.safe_load_all((Path(__file__).parent / "manifests" / "of_every_kind.yaml").read_text(encoding="utf-8"))
)


def kept(folder: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return str(folder)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n", "configuration"),
        ("kustomization.yml", "resources: [a.yaml]\n", "no apiVersion and kind"),
        ("values.yaml", "replicas: 1\n", "no apiVersion and kind"),
        ("Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n", "no apiVersion and kind"),
        ("out.json", "[]", "no object"),
        ("package.json", '{"name": "shop"}', "no apiVersion and kind"),
        ("tsconfig.json", '{\n// with a comment\n"a": 1}', "no apiVersion and kind"),
        (".github/ci.yaml", "on: push\n", "no apiVersion and kind"),
        ("kind.yaml", "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes: []\n", "configuration"),
        ("kubeconfig.yaml", "apiVersion: v1\nkind: Config\nclusters: []\n", "configuration"),
        ("words.yaml", "only words\n", "no object"),
    ],
)
def test_what_is_no_manifest_in_a_folder_is_passed_over_and_listed(
    tmp_path: Path, name: str, text: str, why: str
) -> None:
    cluster = Cluster.from_manifests(kept(tmp_path, {"a.yaml": POD, name: text}))
    assert [pod.id for pod in cluster.pods] == ["default/a"]
    (skipped,) = cluster.skipped
    assert (skipped.kind, skipped.file) == ("skipped", str(tmp_path / name)) and why in skipped.message
    assert cluster.problems == ()
    with pytest.raises(ManifestError):
        Cluster.from_manifests(str(tmp_path / name))  # asked for by name, it is meant as a manifest


def test_the_templates_of_a_chart_are_passed_over_and_those_of_no_chart_are_refused(tmp_path: Path) -> None:
    template = "apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Values.name }}}\n"
    files = {"a.yaml": POD, "shop/Chart.yaml": "apiVersion: v2\nname: shop\n", "shop/templates/pod.yaml": template}
    cluster = Cluster.from_manifests(kept(tmp_path / "chart", files))
    assert any("Helm chart" in skipped.message for skipped in cluster.skipped) and len(cluster.pods) == 1
    with pytest.raises(ManifestError, match="starts with a brace"):
        Cluster.from_manifests(kept(tmp_path / "loose", {"a.yaml": POD, "pod.yaml": template}))


@pytest.mark.parametrize(
    "text",
    [
        "kind: Pod\nmetadata: {name: b}\n",
        "apiVersion: v1\nspec: {}\n",
        POD + "spec:\n - a\n  b\n",
        "kind: Pod\napiVersion: v1\n",
    ],
)
def test_a_manifest_with_a_fault_is_not_taken_for_something_else(tmp_path: Path, text: str) -> None:
    with pytest.raises(ManifestError):
        Cluster.from_manifests(kept(tmp_path, {"a.yaml": POD, "b.yaml": text}))


def test_a_folder_without_any_manifest_says_what_it_has(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no manifest in .*values\.yaml, line 1: no manifest"):
        Cluster.from_manifests(kept(tmp_path, {"values.yaml": "replicas: 1\n"}))


def test_a_key_that_is_written_twice_is_a_problem_that_refuses_nothing() -> None:
    cluster = Cluster.from_manifests(POD + "kind: Pod\n")
    assert [(problem.kind, problem.line) for problem in cluster.problems] == [("twice", 5)]


STRIPPED = """\
apiVersion: v1
kind: Pod
metadata: {name: my_pod, namespace: my_ns, labels: {app: web}, ownerReferences: [{name: o, controller: true}]}
spec: {containers: [{ports: [{containerPort: 80}]}, {env: []}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: my_client, namespace: my_ns}
spec: {template: {metadata: {labels: {app: client}}, spec: {containers: [{image: nginx}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: my_service, namespace: my_ns}
spec: {selector: {app: web}, ports: [{port: 80}, {port: 81}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: my_policy, namespace: my_ns}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: 192.168.0.5/16}}]}]}
"""


def test_what_a_reader_can_still_understand_is_taken_when_asked_to_and_each_fault_is_listed() -> None:
    with pytest.raises(ManifestError) as refused:
        Cluster.from_manifests(STRIPPED)
    cluster = Cluster.from_manifests(STRIPPED, strict=False)
    assert cluster.problems == refused.value.problems and len(cluster.problems) > 10
    assert cluster.skipped == ()
    assert cluster.verdict("my_ns/my_client", "my_ns/my_pod", 80).answer == "blocked"
    assert len(cluster.services[0].ports) == 2
    (pod,) = [pod for pod in cluster.pods if pod.name == "my_pod"]
    assert [container.name for container in pod.containers] == ["container-1", "container-2"]


@pytest.mark.parametrize(
    "spec",
    [
        "ingress: [{form: []}]",
        "ingress: [{ports: [{port: 99999}]}]",
        "ingress: [{from: [{}]}]",
        "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0}}]}]",
        "ingress: {}",
        "policyTypes: [ingress]",
    ],
)
def test_a_policy_whose_meaning_is_in_doubt_is_left_out_and_said_to_be(spec: str) -> None:
    head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web}\n"
    cluster = Cluster.from_manifests(f"{head}spec: {{podSelector: {{}}, {spec}}}\n", strict=False)
    assert cluster.policies == () and len(cluster.problems) == 1
    assert "left out" in str(cluster.skipped[0]) and 'NetworkPolicy "web"' in str(cluster.skipped[0])


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\nports: {port: 80}\nendpoints: x\n",
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\nports: [{port: {a: b}}]\n",
        "apiVersion: v1\nkind: Endpoints\nmetadata: {name: a}\nsubsets: null\n",
        "apiVersion: v1\nkind: Endpoints\nmetadata: {name: a}\nsubsets: [{addresses: null, ports: x}, 7]\n",
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: a}\nspec: x\n",
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: x\n",
        "apiVersion: v1\nkind: Node\nmetadata: {name: a}\nspec: {podCIDR: x}\n---\n" + POD,
        "apiVersion: v1\nkind: Node\nmetadata: {name: a}\nstatus: {addresses: [{type: InternalIP}]}\n---\n" + POD,
        POD.replace("{name: a}", "{name: a, ownerReferences: [{controller: true}]}"),
    ],
)
def test_odd_parts_are_read_or_refused_in_words(text: str) -> None:
    answered = [question(text, strict) for strict in (True, False)]
    assert all(answered[1:])  # a reader that is not strict refuses nothing of these


def question(source: Any, strict: bool) -> bool:
    """Load manifests and ask everything about them; False where they are refused. Nothing but a LabError comes out."""
    try:
        cluster = Cluster.from_manifests(source, strict=strict)
    except LabError as error:
        assert str(error)
        return False
    cluster.connections("workload")
    cluster.warnings()
    session = Session(cluster)
    for line in ("get pods,svc,netpol,nodes,deploy,ns -A -o wide", "describe pods -A", "describe svc -A", "get ep -A"):
        run(session, line.split(), lambda: "", ".")
    return True


JUNK = ["x", "", 7, -1, True, None, [], {}, [None], [7], {"x": "y"}, [{}], [[]], 2**40, 1.5, "10.0.0.5/8", "999.1.1.1"]


def paths(value: Any, path: tuple = ()) -> Iterator[tuple]:
    if path:
        yield path
    for step in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from paths(value[step], (*path, step))


def mutated(pick: random.Random) -> list[Any]:
    """The objects with one to three fields gone, or of another type."""
    objects = copy.deepcopy(OF_EVERY_KIND)
    for _ in range(pick.randint(1, 3)):
        part: Any = pick.choice(objects)
        *above, last = pick.choice(list(paths(part)))
        for step in above:
            part = part[step]
        if pick.random() < 0.25:
            del part[last]
        else:
            part[last] = copy.deepcopy(pick.choice(JUNK))
    return objects


@pytest.mark.parametrize("seed", range(12))
def test_no_field_of_a_dump_can_raise_anything_but_a_refusal(seed: int) -> None:
    pick = random.Random(seed)
    taken = sum(question(mutated(pick), strict=step % 2 == 0) for step in range(10))
    assert taken  # some are refused, and most are not
