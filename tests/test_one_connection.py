"""One connection is told alike wherever it is shown, and every name in it is the name of an object that is there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from netpol_lab.connections import connect, naming
from netpol_lab.connections.flow import Flow
from netpol_lab.connections.standing import standing
from netpol_lab.display import packets, plugins_table, standing_table, why
from netpol_lab.engine.profiles import UPSTREAM
from netpol_lab.lab.clusters import Cluster
from netpol_lab.lab.front import Lab
from netpol_lab.tell.step_words import steps_told

PODS = """
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: shop, labels: {app: client}}
spec: {containers: [{name: c, image: busybox, command: [sleep, "9"]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: "nginx:1.27", ports: [{containerPort: 9113}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: plain, namespace: shop, labels: {app: plain}}
spec: {containers: [{name: c, image: busybox, command: [sleep, "9"]}]}
"""


@pytest.fixture
def lab(notebook_folder: object) -> Iterator[Lab]:
    opened = Lab("07", lesson="03-allow-specific")
    opened.cluster.apply(PODS)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("to", "port", "outcome"),
    [
        ("web", 80, "Allowed"),  # nginx serves it, and the pod does not declare it
        ("web", 9113, "Refused"),  # declared: the image does not serve it, and a declared port opens nothing
        ("web", 81, "Refused"),
        ("plain", 80, "Refused"),  # sleep serves nothing, and nothing is declared
    ],
)
def test_what_listens_decides_in_every_view(lab: Lab, to: str, port: int, outcome: str) -> None:
    told = lab.why("shop/client", f"shop/{to}", port=port)
    assert told.title[2:].startswith(outcome)
    play = lab.playground()
    play.source, play.target, play.port = "shop/client", f"shop/{to}", ("TCP", port)
    shown = play.pictures()[2]
    assert (shown.title, shown.twin, shown.html) == (told.title, told.twin, told.html)
    assert ("refuses" in lab.packets("shop/client", f"shop/{to}", port=port).title) == (outcome == "Refused")
    flow = naming.flow(lab.cluster.snapshot(), "shop/client", f"shop/{to}", port, "TCP", "shop")
    row = plugins_table.draw({UPSTREAM: flow}, UPSTREAM).text
    assert ("connects" in row, "refused" in row) == (outcome == "Allowed", outcome == "Refused")


def test_a_policy_that_is_switched_off_in_the_playground_is_off_in_its_connection(lab: Lab) -> None:
    lab.cluster.apply(policy("closed", "{podSelector: {matchLabels: {app: web}}}"))
    play = lab.playground()
    play.source, play.target, play.port = "shop/client", "shop/web", ("TCP", 80)
    assert play.pictures()[2].title.startswith("✕ Blocked at ingress of web")
    play.off = frozenset({"shop/closed"})
    assert play.pictures()[2].title == "✓ Allowed: client reaches web on TCP 80"


def test_a_pod_without_an_address_is_no_name_to_be_looked_up(lab: Lab) -> None:
    ended = PODS.split("---")[3].replace("plain", "ended") + "status: {phase: Succeeded}\n"
    lab.cluster.apply(ended)
    pod = lab.cluster.pod("shop", "ended")
    assert pod is not None and pod.ip is None
    assert (
        lab.why("shop/client", "shop/ended", port=80).title
        == "✕ Refused, though allowed: nothing listens on TCP 80 of ended"
    )


# -- names that hold one another -------------------------------------------------------------------

SET = """
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  serviceName: db-0-db-0
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: c, image: "nginx:1.27", ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: not-db-0, namespace: shop}
spec: {selector: {app: db}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: db-0-nobody, namespace: shop}
spec: {selector: {app: nobody}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: shop, labels: {app: client}}
spec: {containers: [{name: c, image: busybox, command: [sleep, "9"]}]}
"""


def policy(name: str, spec: str) -> str:
    head = f"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: shop}}"
    return f"{head}\nspec: {spec}\n"


def asked(*policies: str, host: str = "not-db-0", source: str = "shop/client") -> tuple[Cluster, Flow]:
    cluster = Cluster()
    for text in (SET, *policies):
        cluster.apply(text)
    return cluster, connect(cluster, cluster.endpoint(source), host, 80)


@pytest.mark.parametrize("name", ["allow-db-0", "db-0", "db-0-in", "db", "allow-db"])
def test_the_policy_that_admits_is_drawn_under_its_own_name(name: str) -> None:
    spec = "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {}}]}]}"
    cluster, flow = asked(policy(name, spec))
    assert steps_told(flow)[3].lines == ("admitted by", f"{name}, rule 1")
    picture = why.draw(flow)
    assert f"db is isolated; admitted by {name}, rule 1" in picture.twin
    assert f"admitted by, {name}, rule 1" in list(picture.frame.facts)
    drawn = "".join(re.findall(r"<text[^>]*>([^<]*)</text>", picture.html))
    assert f"admitted by{name},rule\u00a01" in drawn.replace(", rule", ",rule")
    told = " ".join(packets.draw(flow).text.split())
    assert f"ingress: {name}, rule 1" in told
    assert "db" in standing_table.draw([(standing(cluster.snapshot(), flow), "kubectl apply")], UPSTREAM).text


@pytest.mark.parametrize("name", ["allow-db-0", "db-0"])
def test_the_policies_that_isolate_and_the_near_miss_keep_their_names(name: str) -> None:
    spec = "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: db-0}}}]}]}"
    _, flow = asked(policy(name, spec))
    picture = why.draw(flow)
    text = " ".join(picture.text.split())
    assert f"db is isolated by {name}; no rule admits" in text
    assert f"near miss: {name}, rule 1" in text and f"rule 1 of {name} would admit it" in picture.html
    assert "wants app=db-0" in text


def test_a_service_whose_name_holds_that_of_a_pod_keeps_it() -> None:
    _, flow = asked(host="db-0-nobody", source="shop/db-0")
    assert why.draw(flow).title == "✕ Refused: no pod behind db-0-nobody"
    assert steps_told(flow)[1].lines == ("no endpoints", "no pod behind db-0-nobody")


def test_a_host_stands_as_it_was_typed_and_a_pod_is_called_by_its_workload() -> None:
    _, flow = asked(host="db-0", source="shop/db-0")
    assert steps_told(flow)[0].lines[0] == "db-0 is"
    assert why.draw(flow).title == "✓ Allowed: db reaches itself on TCP 80"
