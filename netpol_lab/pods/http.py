"""What the servers of a lesson answer: HTTP by the program that listens, and the first words of a few others.

nginx's first page is the real one; all others are this project's own and carry the facts a lesson looks for.
"""

from __future__ import annotations

import functools
from email.utils import format_datetime
from html import escape
from urllib.parse import parse_qs, urlsplit

from netpol_lab.cluster.listening import Listener, listener_on, option, tag
from netpol_lab.cluster.snapshot import View
from netpol_lab.connections import Flow
from netpol_lab.model import datafiles as data
from netpol_lab.model.networks import API_SERVER_PORT, KUBELET_PORT
from netpol_lab.model.objects import Endpoint, External, Node, Pod
from netpol_lab.pods import api_server, dockercoins
from netpol_lab.pods.messages import Request, Response

_TLS_PORTS = frozenset({443, 8443, API_SERVER_PORT, KUBELET_PORT})
_NOT_HTTP = frozenset(
    {"redis-server", "postgres", "mysqld", "mongod", "memcached", "rabbitmq-server", "coredns", "nc", "netcat", "ncat"}
)


def speaks_tls(flow: Flow) -> bool:
    """Whether the server expects TLS; decided by the port it listens on."""
    return flow.target_port in _TLS_PORTS


def answer(world: View, flow: Flow, request: Request) -> Response | None:
    """The server's answer over an open connection; None when what listens does not speak HTTP."""
    endpoint = flow.destination
    if endpoint is None or flow.target_port is None:
        return None
    if isinstance(endpoint, Pod):
        listener = listener_on(world, endpoint, flow.target_port, flow.protocol)
        return _pod_answer(world, listener, endpoint, flow, request) if listener else None
    if isinstance(endpoint, Node):
        return Response(401, "Unauthorized", "text/plain")
    return None if flow.target_port == 53 else _outside(endpoint, request)


def head(world: View, response: Response) -> list[tuple[str, str]]:
    """The response's headers. The date is the simulated one."""
    length = str(len(response.body.encode()))
    fixed = [("Server", response.server)] if response.server else []
    date = [("Date", format_datetime(world.now, usegmt=True))]
    rest = [("Content-Type", response.content_type), ("Content-Length", length), ("Connection", "keep-alive")]
    return [*fixed, *date, *rest, *response.headers]


def raw_answer(world: View, flow: Flow, sent: str) -> str:
    """What comes back when somebody types into the open connection (``nc``)."""
    endpoint = flow.destination
    listener = None
    if isinstance(endpoint, Pod) and flow.target_port is not None:
        listener = listener_on(world, endpoint, flow.target_port, flow.protocol)
    if listener is not None and listener.program == "redis-server":
        return "+PONG\r\n" if sent.strip().upper() == "PING" else ""
    words = sent.split()
    if len(words) < 2 or not words[0].isupper():
        return ""
    response = answer(world, flow, Request(words[0], words[1]))
    if response is None:
        return ""
    lines = [response.line, *(f"{name}: {value}" for name, value in head(world, response)), "", response.body]
    return "\r\n".join(lines)


def _pod_answer(world: View, listener: Listener, pod: Pod, flow: Flow, request: Request) -> Response | None:
    program, path = listener.program, urlsplit(request.path).path
    if program in _NOT_HTTP:
        return None
    if program == "nginx":
        return _nginx(pod, request)
    if program in ("httpd-foreground", "apache2-foreground"):
        page = "<html><body><h1>It works!</h1></body></html>\n"
        return Response(200, page, server="Apache") if path in ("/", "/index.html") else _missing("Apache")
    if program == "http-echo":
        return Response(200, option(listener.command, "-text", "--text", default="hello-world") + "\n", "text/plain")
    if program == "agnhost":
        return _agnhost(listener, pod, flow, request)
    if program == "kube-apiserver":
        return api_server.public(path)
    if program in dockercoins.NAMES:
        return _dockercoins(world, pod, request.method, path, request.body)
    return Response(200, f"served by pod {pod.name}\n", "text/plain")


def _nginx(pod: Pod, request: Request) -> Response:
    image = next((c.image for c in pod.containers if "nginx" in c.image), "nginx")
    version = tag(image).partition("-")[0]
    server = f"nginx/{version}" if version[:1].isdigit() else "nginx"
    if urlsplit(request.path).path not in ("/", "/index.html"):
        return _missing(server)
    if request.method not in ("GET", "HEAD"):
        return Response(405, _page("405 Not Allowed"), server=server)
    return Response(200, _welcome(), server=server)


@functools.cache
def _welcome() -> str:
    """The first page of the official image, as a real one answered."""
    return data.path("nginx-index.html").read_text(encoding="utf-8")


def _page(title: str) -> str:
    title = escape(title)
    return (
        f"<!DOCTYPE html>\n<html>\n<head>\n<title>{title}</title>\n</head>\n"
        f"<body>\n<h1>{title}</h1>\n</body>\n</html>\n"
    )


def _missing(server: str = "") -> Response:
    return Response(404, _page("404 Not Found"), server=server)


def _agnhost(listener: Listener, pod: Pod, flow: Flow, request: Request) -> Response:
    """The end points of ``netexec`` that tests use; ``serve-hostname`` says the pod's name whatever is asked."""
    parts = urlsplit(request.path)
    if "serve-hostname" in listener.command or parts.path == "/hostname":
        return Response(200, pod.name, "text/plain")
    if parts.path == "/clientip":
        return Response(200, f"{_address(flow.source)}:40000", "text/plain")
    if parts.path == "/echo":
        return Response(200, parse_qs(parts.query).get("msg", [""])[0], "text/plain")
    if parts.path in ("/", "/healthz"):
        return Response(200, f"served by pod {pod.name}\n", "text/plain")
    return _missing()


def _dockercoins(world: View, pod: Pod, method: str, path: str, body: str) -> Response | None:
    said = dockercoins.page(world, pod, method, path, body)
    if said is None:
        return None
    status, text, kind, location = said
    return Response(status, text, kind, headers=(("Location", location),) if location else ())


def _outside(endpoint: External, request: Request) -> Response:
    if endpoint.name == "ifconfig.me":
        # Traffic leaves the cluster under the address of the node (SNAT)
        return Response(200, "192.0.2.1\n", "text/plain")
    return Response(200, _page(request.host or endpoint.name))


def _address(endpoint: Endpoint) -> str:
    return str(endpoint.address if isinstance(endpoint, External) else endpoint.ip)
