"""The gates of one connection: verdict first, the reason, the near miss, the same as text."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from netpol_lab import Cluster
from netpol_lab.coach.change import Change
from netpol_lab.connections import Flow, connect, connect_to
from netpol_lab.display import why
from netpol_lab.display.card import Picture
from netpol_lab.model.labels import Labels
from netpol_lab.model.objects import External
from tests.picture_checks import check

PODS = """
{apiVersion: v1, kind: Namespace, metadata: {name: demo}}
---
apiVersion: v1
kind: Pod
metadata: {name: frontend, namespace: demo, labels: {app: fronted}}
spec: {nodeName: node1, containers: [{name: c, image: "nginx:1.27", ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: backend, namespace: demo, labels: {app: backend}}
spec: {nodeName: node2, containers: [{name: c, image: "nginx:1.27", ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: backend, namespace: demo}
spec: {selector: {app: backend}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: empty, namespace: demo}
spec: {selector: {app: nobody}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: renumbered, namespace: demo}
spec: {selector: {app: backend}, ports: [{port: 8080, targetPort: 80}]}
"""


def policy(name: str, spec: str) -> str:
    head = f"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: demo}}"
    return f"{head}\nspec: {spec}\n"


DENY_INGRESS = policy("default-deny-ingress", "{podSelector: {}, policyTypes: [Ingress]}")
DENY_EGRESS = policy("default-deny-egress", "{podSelector: {}, policyTypes: [Egress]}")
ALLOW_DNS = policy(
    "allow-dns", "{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{protocol: UDP, port: 53}]}]}"
)
ALLOW_FRONTEND = policy(
    "allow-frontend",
    "{podSelector: {matchLabels: {app: backend}}, ingress: [{from: [{podSelector: {matchLabels: {app: frontend}}}], "
    "ports: [{port: 80}]}]}",
)
ALLOW_SERVICE_PORT = policy(
    "allow-service-port", "{podSelector: {matchLabels: {app: backend}}, ingress: [{ports: [{port: 8080}]}]}"
)


def world(*policies: str) -> Cluster:
    cluster = Cluster()
    for text in (PODS, *policies):
        cluster.apply(text if text.startswith("\n") else "\n" + text)
    return cluster


def flow(*policies: str, host: str = "backend", port: int = 80) -> Flow:
    cluster = world(*policies)
    return connect(cluster, cluster.endpoint("demo/frontend"), host, port)


CASES = {
    "allowed": flow(),
    "blocked at ingress": flow(DENY_INGRESS),
    "near miss": flow(DENY_INGRESS, ALLOW_FRONTEND),
    "blocked at egress": flow(ALLOW_DNS),
    "blocked at both ends": flow(ALLOW_DNS, DENY_INGRESS, ALLOW_FRONTEND),
    "blocked at DNS": flow(DENY_EGRESS),
    "no such name": flow(host="nowhere"),
    "no endpoints": flow(host="empty"),
    "no such port": flow(port=81),
    "the Service's port": flow(ALLOW_SERVICE_PORT, host="renumbered", port=8080),
    "outside": flow(host="example.com"),
    "nothing outside": flow(host="192.0.2.1"),
    "itself": flow(host="localhost"),
}


@pytest.mark.parametrize("case", CASES)
def test_every_outcome_keeps_the_rules_of_pictures(case: str) -> None:
    check(lambda: why.draw(CASES[case], saw=("wget backend", "it's <b>over</b>")))


@pytest.mark.parametrize(
    ("case", "title"),
    [
        ("allowed", "✓ Allowed: frontend reaches backend on TCP 80"),
        ("blocked at ingress", "✕ Blocked at ingress of backend: frontend cannot reach it on TCP 80"),
        ("blocked at egress", "✕ Blocked at egress of frontend: it cannot reach backend on TCP 80"),
        ("blocked at both ends", "✕ Blocked at both ends: frontend cannot reach backend on TCP 80"),
        ("blocked at DNS", "✕ Blocked at the name: frontend cannot ask DNS"),
        ("no such name", "✕ No such name: DNS does not know nowhere"),
        ("no endpoints", "✕ Refused: no pod behind empty"),
        ("no such port", "✕ Refused: backend has no TCP 81"),
        ("outside", "✓ Allowed: frontend reaches example.com on TCP 80"),
        ("nothing outside", "✕ Timed out: nothing answers at 192.0.2.1 on TCP 80"),
        ("itself", "✓ Allowed: frontend reaches itself on TCP 80"),
    ],
)
def test_the_title_starts_with_the_verdict(case: str, title: str) -> None:
    assert why.draw(CASES[case]).title == title


@pytest.mark.parametrize("case", CASES)
def test_no_picture_says_that_a_policy_denies(case: str) -> None:
    page = check(lambda: why.draw(CASES[case]))
    for word in ("denies", "denied", "forbids", "rejects"):
        assert word not in page.text.replace("default-deny", "")


def test_the_near_miss_stands_letter_over_letter() -> None:
    twin = why.draw(CASES["near miss"]).twin.splitlines()
    wants = next(i for i, line in enumerate(twin) if "wants" in line)
    assert twin[wants].endswith("wants  app=frontend")
    assert twin[wants + 1].endswith("has    app=fronte_d      1 letter missing")
    assert twin[wants + 2].index("^") == twin[wants + 1].index("_")


def test_the_letters_that_differ_are_marked_in_the_page() -> None:
    html = why.draw(CASES["near miss"]).html
    assert html.count('class="npl-d"') == 2
    assert "one label differs" in html


def test_every_policy_that_isolates_is_named() -> None:
    text = check(lambda: why.draw(CASES["near miss"])).text
    assert "Two policies isolate backend for ingress: default-deny-ingress and allow-frontend" in text
    told = "<code>default-deny-ingress</code> and <code>allow-frontend</code>."
    assert told in why.draw(CASES["near miss"]).html


def test_an_end_that_would_have_admitted_says_so() -> None:
    picture = why.draw(flow(ALLOW_DNS))
    assert "not reached (would admit)" in picture.twin
    assert "stroke-dasharray" in picture.html


def test_both_closed_ends_have_their_reason() -> None:
    page = check(lambda: why.draw(CASES["blocked at both ends"]))
    assert "No rule lets frontend out to TCP 80" in page.text
    assert "rule 1 of allow-frontend would admit it, but one label differs" in page.text


def test_the_port_of_the_service_in_a_rule_is_recognized() -> None:
    assert "8080 is the port of the Service. Here policies see the pod's port, 80." in why.draw(
        CASES["the Service's port"]
    ).html.replace("&#39;", "'")


def test_a_blocked_dns_question_tells_what_an_address_would_do() -> None:
    assert "by address: frontend -> " in why.draw(CASES["blocked at DNS"]).twin
    closed = replace(CASES["blocked at DNS"], by_address=None)
    assert "by address" not in why.draw(closed).twin


def test_the_track_shows_where_it_stops() -> None:
    tracks = {
        "allowed": "frontend ==1==2==|3|==|4|==5==> backend",
        "near miss": "frontend ==1==2==|3|==#4#  .  5  .  backend",
        "blocked at DNS": "frontend ==#1#  .  2  .  3  .  4  .  5  .  backend",
    }
    for case, track in tracks.items():
        assert f"\n  {track}" in why.draw(CASES[case]).twin


def test_there_is_one_flag_and_only_where_it_stops() -> None:
    assert why.draw(CASES["allowed"]).html.count("✕ stops here") == 0
    assert why.draw(CASES["blocked at both ends"]).html.count("✕ stops here") == 1


def test_the_smallest_change_is_told_as_checked() -> None:
    change = Change("kubectl label pod frontend app=frontend --overwrite", "Then rule 1 admits it.")
    picture = why.draw(CASES["near miss"], change=change)
    assert "<code>kubectl label pod frontend app=frontend --overwrite</code>" in picture.html
    assert "(checked: then allowed)" in picture.twin


def test_what_you_saw_stands_beside_the_gate() -> None:
    picture = why.draw(CASES["near miss"], saw=("wget backend", "wget: download timed out"))
    assert "what you saw: wget backend -> wget: download timed out" in picture.twin


def direct(*policies: str, port: int = 80) -> Flow:
    cluster = world(*policies)
    return connect_to(cluster, cluster.endpoint("demo/frontend"), cluster.endpoint("demo/backend"), port)


def test_a_connection_by_address_uses_neither_name_nor_service() -> None:
    picture = why.draw(direct(DENY_INGRESS))
    assert picture.title.startswith("✕ Blocked at ingress of backend")
    assert "frontend ==-==-==|3|==#4#" in picture.twin


def test_a_port_nobody_listens_on_is_a_refusal() -> None:
    assert why.draw(direct(port=81)).title == "✕ Refused, though allowed: nothing listens on TCP 81 of backend"


def test_what_depends_on_the_plugin_is_a_table_of_answers() -> None:
    allowed = direct()
    assert allowed.verdict is not None
    answers = (("upstream", "allowed"), ("cilium", "blocked"))
    judged = replace(allowed.verdict, answer="depends on the network plugin", by_profile=answers)
    depends = replace(allowed, verdict=judged)
    page = check(lambda: why.draw(depends))
    assert why.draw(depends).title.startswith("? Depends on the network plugin")
    assert "✓ allowed" in page.text and "✕ blocked" in page.text
    assert "by network plugin: upstream allowed, cilium blocked" in why.draw(depends).twin


@pytest.mark.parametrize("name", ['"><script>alert(1)</script>', "two\nlines", "</style><b>", "`tick`", "é→✓"])
def test_a_name_stays_a_name(name: str) -> None:
    blocked = direct(DENY_INGRESS, ALLOW_FRONTEND)
    judged = blocked.verdict
    assert judged is not None
    source = replace(judged.source, name=name, labels=Labels({"app": name}))  # type: ignore[type-var, call-arg]
    ingress = replace(judged.ingress, isolating=tuple(replace(p, name=name) for p in judged.ingress.isolating))
    renamed = replace(blocked, source=source, verdict=replace(judged, source=source, ingress=ingress))

    def make() -> Picture:
        return why.draw(renamed, saw=(name, name), change=Change(name, name))

    check(make)


def test_an_address_of_the_outside_can_be_the_source() -> None:
    cluster = world()
    outside = connect_to(cluster, External(IPv4Address("192.0.2.7"), "192.0.2.7"), cluster.endpoint("demo/backend"), 80)
    assert "192.0.2.7 -> backend" in why.draw(outside).twin
