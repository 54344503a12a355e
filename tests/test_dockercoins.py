"""DockerCoins: its hash rate, its log and its page follow the connections that work."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from coins import edges
from kubectl_lines import Terminal

from netpol_lab import Cluster
from netpol_lab.model import datafiles as data
from netpol_lab.pods.dockercoins import hash_rate, log_lines, part_of

EDGES = ["worker -> rng:80", "worker -> hasher:80", "worker -> redis:6379", "webui -> redis:6379"]


@pytest.fixture
def coins() -> Terminal:
    """The application in the namespace default, up for a minute."""
    cluster = Cluster()
    cluster.apply(data.path("manifests", "lab-c", "dockercoins.yaml").read_text(encoding="utf-8"))
    cluster.advance(60)
    return Terminal(cluster)


def policy(name: str, spec: str, namespace: str = "default") -> str:
    return (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        f"metadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"
    )


def closed(pods: str, types: str = "[Ingress]") -> str:
    return policy("closed", f"{{podSelector: {pods}, policyTypes: {types}}}")


def log(coins: Terminal) -> str:
    return coins.out("logs deploy/worker --tail=4")


def page(coins: Terminal, source: str = "rng") -> str:
    return coins.out(f"exec deploy/{source} -- wget -qO- -T 3 http://webui/")


def failing(cluster: Cluster) -> set[str]:
    return {str(edge) for edge in edges(cluster) if not edge.works}


def test_a_healthy_worker_makes_three_to_four_hashes_a_second(coins: Terminal):
    cluster = coins.session.cluster
    assert failing(cluster) == set()
    assert [str(edge) for edge in edges(cluster)][:4] == EDGES
    assert 3 <= hash_rate(cluster) <= 4
    units = [int(n) for n in re.findall(r"(\d+) units of work done", coins.out("logs deploy/worker"))]
    assert len(units) == 20 and set(units) == {3, 4}
    assert f"{hash_rate(cluster):.1f} hashes/second" in page(coins)


def test_a_worker_finds_a_coin_about_every_sixteen_hashes(coins: Terminal):
    found = 0
    for _ in range(30):
        found += coins.out("logs deploy/worker").count("Coin found: 0")
        coins.session.cluster.advance(19)
    assert 90 <= found <= 170  # 30 times 20 seconds, 3.6 hashes in each


Cut = tuple[str, str, str]

CUTS: dict[str, Cut] = {
    "rng": (closed("{matchLabels: {app: rng}}"), "worker -> rng:80", "rng:80: [Errno 110] Operation timed out"),
    "hasher": (closed("{matchLabels: {app: hasher}}"), "worker -> hasher:80", "hasher:80: [Errno 110]"),
    "redis": (closed("{matchLabels: {app: redis}}"), "worker -> redis:6379", "redis.exceptions.ConnectionError"),
    "DNS": (closed("{matchLabels: {app: worker}}", "[Egress]"), "worker -> rng:80", "rng:80: [Errno -3] Try again"),
}


@pytest.mark.parametrize("cut", CUTS)
def test_one_cut_edge_stops_the_worker_and_its_log_names_the_edge(cut: str, coins: Terminal):
    manifest, edge, words = CUTS[cut]
    cluster = coins.session.cluster
    cluster.apply(manifest)
    assert edge in failing(cluster)
    assert hash_rate(cluster) == 0
    said = log(coins)
    assert words in said
    assert said.endswith("ERROR:__main__:Waiting 10s and restarting.\n")
    cluster.delete("NetworkPolicy", "default", "closed")
    assert "units of work done" in log(coins) and hash_rate(cluster) > 3


def test_a_web_ui_without_redis_still_serves_its_page_and_knows_no_rate(coins: Terminal):
    coins.session.cluster.apply(CUTS["redis"][0])
    assert "unknown: redis does not answer" in page(coins)


def test_a_web_ui_with_redis_shows_zero_when_the_worker_stands_still(coins: Terminal):
    coins.session.cluster.apply(CUTS["rng"][0])
    assert "Current mining speed: 0.0 hashes/second" in page(coins)


def test_users_come_through_the_node_port(coins: Terminal):
    cluster = coins.session.cluster
    (users,) = [edge for edge in edges(cluster) if edge.source == "users"]
    assert len(users.flows) == len(cluster.nodes) and users.works
    cluster.apply(closed("{matchLabels: {app: webui}}"))
    assert failing(cluster) == {str(users)}
    assert hash_rate(cluster) > 3


Make = Callable[[Terminal], None]


def gone(coins: Terminal) -> None:
    coins.out("delete service rng")


def empty(coins: Terminal) -> None:
    coins.out("scale deployment rng --replicas=0")


@pytest.mark.parametrize(("fault", "words"), [(gone, "Errno -2"), (empty, "Errno 111")])
def test_faults_that_are_no_policy_have_their_own_words(fault: Make, words: str, coins: Terminal):
    fault(coins)
    assert words in log(coins) and hash_rate(coins.session.cluster) == 0


def test_one_closed_endpoint_of_two_is_a_cut_edge(coins: Terminal):
    coins.out("scale deployment hasher --replicas=2")
    cluster = coins.session.cluster
    assert hash_rate(cluster) > 3
    second = next(pod for pod in reversed(cluster.pods) if part_of(pod) == "hasher")
    coins.out(f"label pod {second.name} closed=yes")
    cluster.apply(closed("{matchLabels: {closed: 'yes'}}"))
    assert failing(cluster) == {"worker -> hasher:80"}


def test_more_workers_make_more_until_rng_is_the_limit(coins: Terminal):
    cluster = coins.session.cluster
    one = hash_rate(cluster)
    coins.out("scale deployment worker --replicas=2")
    assert hash_rate(cluster) == 2 * one
    coins.out("scale deployment worker --replicas=10")
    assert hash_rate(cluster) == 10
    coins.out("scale deployment rng --replicas=2")
    assert hash_rate(cluster) == 20


def test_each_namespace_has_an_application_of_its_own(coins: Terminal):
    cluster = coins.session.cluster
    coins.out("create namespace other")
    assert hash_rate(cluster, "other") == 0 and edges(cluster, "other") == ()


def test_a_worker_that_has_begun_this_moment_has_printed_nothing():
    cluster = Cluster()
    cluster.apply(data.path("manifests", "lab-c", "dockercoins.yaml").read_text(encoding="utf-8"))
    worker = next(pod for pod in cluster.pods if part_of(pod) == "worker")
    assert log_lines(cluster, worker) == []
    cluster.advance(3)
    assert len([line for line in log_lines(cluster, worker) if "units" in line]) == 3


def test_only_the_worker_prints(coins: Terminal):
    for part in ("rng", "hasher", "redis", "webui"):
        assert coins.out(f"logs deploy/{part}") == ""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("wget -qO- http://rng/", "RNG running on rng-"),
        ("wget -qO- http://hasher/", "HASHER running on hasher-"),
        ("wget -qO- http://rng/32", ""),
    ],
)
def test_the_servers_answer_by_name(line: str, said: str, coins: Terminal):
    answer = coins.out(f"exec deploy/worker -- {line}")
    assert said in answer and len(answer) >= 32


def test_the_rng_gives_as_many_random_characters_as_asked(coins: Terminal):
    assert len(coins.out("exec deploy/worker -- wget -qO- http://rng/32")) == 32
