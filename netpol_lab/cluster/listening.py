"""What listens in a pod: which program, on which port.

A cluster runs programs; the simulator knows the usual ones by image and command line. On a real cluster
``containerPort`` only informs: it opens nothing, and leaving it out closes nothing. So it is believed only where
nothing better is known: of images and programs that are not in the tables here.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from netpol_lab.cluster.snapshot import View
from netpol_lab.model.numbers import whole
from netpol_lab.model.objects import Container, ContainerPort, Pod

SHELLS = ("sh", "ash", "bash")


@dataclass(frozen=True)
class Listener:
    """One open port, the program behind it ("" when only the manifest speaks of it), and its command line."""

    port: ContainerPort
    program: str
    command: tuple[str, ...]


def listeners(view: View, pod: Pod) -> tuple[Listener, ...]:
    """The ports a pod listens on. One that is not running has none.

    The pod's object in ``view`` tells the command lines; without it the images alone count.

    >>> from netpol_lab.cluster.handle import SimulatedCluster as Cluster
    >>> cluster = Cluster()
    >>> [(each.program, each.port.port) for each in listeners(cluster, cluster.pods[0])]
    [('etcd', 2379), ('etcd', 2380)]
    """
    resource = view.get("Pod", pod.namespace, pod.name)
    body = resource.body if resource else {}
    found: dict[tuple[int, str], Listener] = {}
    for container in pod.containers if pod.phase == "Running" else ():
        if not is_running(body, container.name):
            continue
        command = command_line(container.image, container_body(body, container))
        opened = _opened(command)
        main = command[0] if command and PurePosixPath(command[0]).name in _PORTS_OF else ""
        known = _listens_as_known(command) and not container_body(body, container).get("volumeMounts")
        for port in () if known else container.ports:
            program = next((name for name, other in opened if _key(other) == _key(port)), main)
            found.setdefault(_key(port), Listener(port, PurePosixPath(program).name, command))
        for name, port in opened:
            found.setdefault(_key(port), Listener(port, name, command))
    return tuple(found.values())


def _listens_as_known(command: Sequence[str]) -> bool:
    """Whether the simulator knows what a program listens on, so that declared ports say nothing about it.

    A mounted volume may hold another configuration; then the manifest knows better.
    """
    return bool(command) and PurePosixPath(command[0]).name in _KNOWN


def listener_on(view: View, pod: Pod, port: int, protocol: str) -> Listener | None:
    """What listens on one port of a pod, if anything does."""
    return next((each for each in listeners(view, pod) if _key(each.port) == (port, protocol)), None)


def is_only_declared(view: View, pod: Pod, port: int, protocol: str) -> bool:
    """Whether nothing but the manifest says that a port is open: the simulator does not know what the image runs."""
    found = listener_on(view, pod, port, protocol)
    return found is not None and not found.program


def container_body(body: Mapping[str, Any], container: Container) -> Mapping[str, Any]:
    """The container as the Pod object ``body`` has it; empty when it is not there."""
    containers = (body.get("spec") or {}).get("containers") or ()
    return next((item for item in containers if item.get("name") == container.name), {})


def is_running(body: Mapping[str, Any], container: str) -> bool:
    """Whether one container of a Pod object runs. It does where the status says nothing of it."""
    rows = (body.get("status") or {}).get("containerStatuses") or ()
    return all("running" in (row.get("state") or ("running",)) for row in rows if row.get("name") == container)


def command_line(image: str, body: Mapping[str, Any]) -> tuple[str, ...]:
    """What a container of an image runs: ``command`` and ``args`` of its manifest in the place of the image's own.

    API: ``command`` replaces the image's entrypoint, ``args`` its default arguments.
    """
    command = tuple(str(word) for word in body.get("command") or ())
    args = tuple(str(word) for word in body.get("args") or ())
    if command:
        return command + args
    name = repository(image)
    default = _DEFAULT_COMMANDS.get(name) or _DEFAULT_COMMANDS.get(name.rpartition("/")[2]) or ()
    if not args:
        return default or (("sh",) if name in SHELL_IMAGES else ())
    # The usual entrypoint script of a server image passes options on to the server, and runs anything else as it is.
    if default and (args[0].startswith("-") or default[0] in _FIXED_ENTRYPOINTS):
        return (default[0], *args)
    return args


def served_images() -> dict[str, tuple[ContainerPort, ...]]:
    """The images whose programs are known, each with the ports on which it listens when the manifest says no more.

    >>> [port.port for port in served_images()["postgres"]]
    [5432]
    """
    return {image: tuple(_PORTS_OF[words[0]](words[1:])) for image, words in sorted(_DEFAULT_COMMANDS.items())}


def repository(image: str) -> str:
    """The image's name without registry, tag and digest.

    >>> repository("registry.k8s.io/e2e-test-images/agnhost:2.47"), repository("docker.io/library/nginx:1.27@sha256:0")
    ('e2e-test-images/agnhost', 'nginx')
    """
    path = image.partition("@")[0]
    head, slash, last = path.rpartition("/")
    parts = (head + slash + last.partition(":")[0]).split("/")
    if len(parts) > 1 and ("." in parts[0] or ":" in parts[0] or parts[0] == "localhost"):
        parts = parts[1:]
    return "/".join(parts[1:] if parts[0] == "library" else parts)


def tag(image: str) -> str:
    """The image's tag; ``latest`` when none is written."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2] or "latest"


def option(words: Sequence[str], *names: str, default: str = "") -> str:
    """The value of an option of a command line, as ``--port=80``, ``--port 80`` or ``-p80``."""
    for index, word in enumerate(words):
        for name in names:
            if word == name and index + 1 < len(words):
                return words[index + 1]
            if word.startswith(f"{name}="):
                return word[len(name) + 1 :]
            if len(name) == 2 and word.startswith(name) and word[2:].isdigit():
                return word[2:]
    return default


def _key(port: ContainerPort) -> tuple[int, str]:
    return (port.port, port.protocol)


def _opened(command: Sequence[str]) -> list[tuple[str, ContainerPort]]:
    """Every (program, port) a command line opens; a script (``sh -c``) is searched for servers it starts."""
    opened = []
    for words in simple_commands(command):
        name = PurePosixPath(words[0]).name
        for port in _PORTS_OF.get(name, _no_ports)(words[1:]):
            opened.append((name, port))
    return opened


def simple_commands(command: Sequence[str]) -> list[list[str]]:
    """The commands that a command line runs: those of the script of ``sh -c``, or the one it is."""
    if len(command) > 2 and PurePosixPath(command[0]).name in SHELLS and command[1].endswith("c"):
        lexer = shlex.shlex(command[2], posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        try:
            words = list(lexer)
        except ValueError:  # a quote that is never closed: the shell would not start it either
            return []
    else:
        return [list(command)] if command else []
    commands: list[list[str]] = [[]]
    for word in words:
        if set(word) <= set(";&|()") or word in ("do", "then", "else", "exec"):
            commands.append([])
        else:
            commands[-1].append(word)
    return [words for words in commands if words]


SHELL_IMAGES = (
    *("busybox", "alpine", "curl", "curlimages/curl", "centos", "debian", "ubuntu", "fedora", "nicolaka/netshoot"),
)
"""Images whose default program is a shell (curl images are taken for one: their default prints a help text)."""

Ports = Callable[[Sequence[str]], list[ContainerPort]]


def _no_ports(_: Sequence[str]) -> list[ContainerPort]:
    return []


def _fixed(*ports: int, udp: bool = False) -> Ports:
    """A program that always listens on the same ports."""
    protocols = ("TCP", "UDP") if udp else ("TCP",)
    return lambda words: [ContainerPort(port, protocol) for port in ports for protocol in protocols]


def _flag(default: int, *names: str) -> Ports:
    """A program whose one TCP port is an option, written as a number or as ``address:number``."""
    return lambda words: _numbers(option(words, *names, default=str(default)).rpartition(":")[2])


def _numbers(text: str, protocol: str = "TCP") -> list[ContainerPort]:
    return [ContainerPort(number, protocol)] if 0 < (number := whole(text) or 0) < 65536 else []


def _nc(words: Sequence[str]) -> list[ContainerPort]:
    """``nc -lk -p 8080``, ``nc -l 8080``: a listener only with ``-l``."""
    flags = "".join(word[1:] for word in words if word.startswith("-") and not word.startswith("--"))
    if "l" not in flags:
        return []
    bundled = next((words[i + 1] for i, word in enumerate(words[:-1]) if word[:1] == "-" and word[-1:] == "p"), "")
    text = bundled or option(words, "-p") or next(filter(whole, words), "")
    return _numbers(text, "UDP" if "u" in flags else "TCP")


def _python(words: Sequence[str]) -> list[ContainerPort]:
    """``python -m http.server [port]``."""
    if option(words, "-m") not in ("http.server", "SimpleHTTPServer"):
        return []
    return _numbers(next(filter(whole, words), "8000"))


def _agnhost(words: Sequence[str]) -> list[ContainerPort]:
    """The servers of Kubernetes' own test image: ``netexec``, ``serve-hostname``, ``test-webserver``."""
    kind = words[0] if words else "pause"
    if kind == "netexec":
        http = _numbers(option(words, "--http-port", default="8080"))
        return http + _numbers(option(words, "--udp-port", default="8081"), "UDP")
    if kind == "serve-hostname":
        protocol = "UDP" if "--udp" in words or "--udp=true" in words else "TCP"
        return _numbers(option(words, "--port", default="9376"), protocol)
    return _numbers(option(words, "--port", default="80")) if kind == "test-webserver" else []


_PORTS_OF: dict[str, Ports] = {
    "nginx": _fixed(80),
    "httpd-foreground": _fixed(80),
    "apache2-foreground": _fixed(80),
    "httpd": _flag(80, "-p"),
    "nc": _nc,
    "netcat": _nc,
    "ncat": _nc,
    "python": _python,
    "python3": _python,
    "agnhost": _agnhost,
    "http-echo": _flag(5678, "-listen", "--listen"),
    "redis-server": _flag(6379, "--port"),
    "postgres": _flag(5432, "-p"),
    "mysqld": _flag(3306, "--port", "-P"),
    "mongod": _flag(27017, "--port"),
    "memcached": _flag(11211, "-p"),
    "rabbitmq-server": _fixed(5672),
    "coredns": lambda words: [*_fixed(53, udp=True)(words), *_fixed(9153)(words)],
    "kube-apiserver": _flag(6443, "--secure-port"),
    "etcd": _fixed(2379, 2380),
    "prometheus": _fixed(9090),
    "grafana": _fixed(3000),
    "whoami": _flag(80, "--port", "-port"),
    "echoserver": _fixed(8080),
    "hello-app": _fixed(8080),
    "catalina.sh": _fixed(8080),
    "rng": _fixed(80),
    "hasher": _fixed(80),
    "webui": _fixed(80),
}

_KNOWN = frozenset({*_PORTS_OF, "sleep", "pause"})

_DEFAULT_COMMANDS: dict[str, tuple[str, ...]] = {
    "nginx": ("nginx",),
    "nginx-unprivileged": ("nginx",),
    "httpd": ("httpd-foreground",),
    "wordpress": ("apache2-foreground",),
    "agnhost": ("agnhost", "pause"),
    "http-echo": ("http-echo",),
    "redis": ("redis-server",),
    "postgres": ("postgres",),
    "mysql": ("mysqld",),
    "mariadb": ("mysqld",),
    "mongo": ("mongod",),
    "memcached": ("memcached",),
    "rabbitmq": ("rabbitmq-server",),
    "coredns": ("coredns",),
    "kube-apiserver": ("kube-apiserver",),
    "etcd": ("etcd",),
    "prometheus": ("prometheus",),
    "grafana": ("grafana",),
    "whoami": ("whoami",),
    "echoserver": ("echoserver",),
    "hello-app": ("hello-app",),
    "tomcat": ("catalina.sh", "run"),
    "dockercoins/rng": ("rng",),
    "dockercoins/hasher": ("hasher",),
    "dockercoins/webui": ("webui",),
}
"""What an image runs when the manifest does not say."""

_FIXED_ENTRYPOINTS = frozenset({"agnhost", "http-echo", "coredns", "prometheus", "whoami"})
"""Programs that get ``args`` whatever they are."""
