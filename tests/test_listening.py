"""What listens in a pod, by image, command line and declaration."""

from __future__ import annotations

from typing import Any

import pytest

from netpol_lab.cluster.listening import listeners
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.model.objects import Container, ContainerPort, Pod, Resource


def open_ports(image: str, *, declared: tuple[ContainerPort, ...] = (), **spec: Any) -> list[str]:
    pod = Pod("default", "p", containers=(Container("c", image, declared),))
    body = {"spec": {"containers": [{"name": "c", "image": image, **spec}]}}
    state = Snapshot({}).with_objects([Resource("v1", "Pod", "default", "p", body, pod)])
    return [f"{each.port.protocol} {each.port.port}" for each in listeners(state, pod)]


@pytest.mark.parametrize(
    ("image", "ports"),
    [
        ("nginx", ["TCP 80"]),
        ("docker.io/library/nginx:alpine", ["TCP 80"]),
        ("httpd:2.4", ["TCP 80"]),
        ("redis", ["TCP 6379"]),
        ("postgres:16", ["TCP 5432"]),
        ("mysql:8", ["TCP 3306"]),
        ("mongo", ["TCP 27017"]),
        ("registry.k8s.io/coredns/coredns:v1.12.0", ["TCP 53", "UDP 53", "TCP 9153"]),
        ("dockercoins/rng:v0.1", ["TCP 80"]),
        ("hashicorp/http-echo", ["TCP 5678"]),
        ("busybox:1.36", []),
        ("alpine", []),
        ("curlimages/curl", []),
        ("nicolaka/netshoot", []),
        ("someone/rng", []),
    ],
)
def test_an_image_listens_on_its_own_port(image: str, ports: list[str]) -> None:
    assert open_ports(image) == ports


@pytest.mark.parametrize(
    ("image", "spec", "ports"),
    [
        ("nginx", {"command": ["sleep", "3600"]}, []),
        ("nginx", {"args": ["sleep", "3600"]}, []),
        ("redis", {"args": ["--port", "6380"]}, ["TCP 6380"]),
        ("busybox", {"command": ["nc", "-lk", "-p", "8080"]}, ["TCP 8080"]),
        ("busybox", {"command": ["nc", "-lkp", "8080", "-e", "echo", "hi"]}, ["TCP 8080"]),
        ("busybox", {"command": ["nc", "-ul", "-p", "5353"]}, ["UDP 5353"]),
        ("busybox", {"command": ["sh", "-c", "while true; do nc -l -p 9000 -e echo hi; done"]}, ["TCP 9000"]),
        ("busybox", {"command": ["httpd", "-f", "-p", "8080"]}, ["TCP 8080"]),
        ("busybox", {"args": ["httpd", "-f", "-p", "0.0.0.0:8081"]}, ["TCP 8081"]),
        ("busybox", {"command": ["/bin/sh", "-c", "httpd -p 80 && httpd -p 81 && sleep 3600"]}, ["TCP 80", "TCP 81"]),
        ("busybox", {"command": ["sh", "-c", "echo 'never closed"]}, []),
        ("busybox", {"command": ["nc", "-l", "-p", "99999"]}, []),
        ("python:3.12", {"command": ["python", "-m", "http.server", "8000"]}, ["TCP 8000"]),
        (
            "e2e-test-images/agnhost:2.47",
            {"args": ["netexec", "--http-port=80", "--udp-port=80"]},
            ["TCP 80", "UDP 80"],
        ),
        ("e2e-test-images/agnhost:2.47", {}, []),
        ("hashicorp/http-echo", {"args": ["-listen=:8080", "-text=hi"]}, ["TCP 8080"]),
    ],
)
def test_a_command_line_decides_over_the_image(image: str, spec: dict[str, Any], ports: list[str]) -> None:
    assert open_ports(image, **spec) == ports


def test_of_an_image_nobody_knows_the_declared_ports_listen() -> None:
    declared = (ContainerPort(80, name="http"), ContainerPort(9090))
    assert open_ports("example.com/shop/app", declared=declared) == ["TCP 80", "TCP 9090"]


def test_what_a_known_image_declares_opens_nothing_unless_a_volume_may_configure_it() -> None:
    declared = (ContainerPort(80, name="http"), ContainerPort(443))
    assert open_ports("nginx", declared=declared) == ["TCP 80"]
    assert open_ports("busybox", declared=declared, command=["sleep", "3600"]) == []
    mounted = {"volumeMounts": [{"name": "conf", "mountPath": "/etc/nginx/conf.d"}]}
    assert open_ports("nginx", declared=declared, **mounted) == ["TCP 80", "TCP 443"]


def test_a_pod_that_has_ended_listens_on_nothing() -> None:
    ended = Pod("default", "p", containers=(Container("c", "nginx"),), phase="Succeeded")
    assert listeners(Snapshot({}), ended) == ()


@pytest.mark.parametrize(
    "words", [["nc", "-l", "-p", "²"], ["nc", "-l", "²"], ["nc", "-lp²"], ["nc", "-l", "9" * 5000]]
)
def test_what_only_looks_like_a_port_opens_none(words: list[str]) -> None:
    assert open_ports("busybox", command=words) == []
