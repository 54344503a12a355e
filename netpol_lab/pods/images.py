"""Which programs a container image contains.

Only what decides what a student sees: whether ``curl`` is there, which ``nc`` and ``nslookup``, and which C library
asks DNS. The facts are those of the public images; an image the table does not know is taken for a small Linux
with BusyBox and curl.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netpol_lab.cluster.listening import repository, tag

_BUSYBOX_NAMES = """
[ ash base64 cat clear date echo env expr false free grep head hostname id ifconfig ip ls nc netstat nslookup
ping printenv printf ps pwd route sed seq sh sleep sort tail telnet test timeout top touch tr traceroute true
uname uniq vi wc wget which whoami xargs yes awk cut find mkdir rm cp mv chmod tee time watch kill
"""
BUSYBOX = frozenset(_BUSYBOX_NAMES.split())
"""Applets of a default BusyBox build that people use; not all of them are simulated."""

_COREUTILS_NAMES = """
[ awk base64 bash cat chmod cp cut date echo env expr false find grep head hostname id ls mkdir mv printenv
printf pwd rm sed seq sh sleep sort tail tee test timeout touch tr true uname uniq wc which whoami yes
"""
_COREUTILS = frozenset(_COREUTILS_NAMES.split())
"""What Debian and its kin have in every image: a shell and the small tools, and no network client."""


@dataclass(frozen=True)
class Toolbox:
    """The programs of one image. ``nc`` and ``nslookup`` tell whose they are, for their wording differs."""

    programs: frozenset[str]
    libc: Literal["glibc", "musl"] = "glibc"
    nc: Literal["busybox", "openbsd"] = "busybox"
    nslookup: Literal["busybox", "bind"] = "busybox"

    def has(self, name: str) -> bool:
        return name in self.programs

    @property
    def dns_patience(self) -> float:
        """Seconds until the C library gives up a name nobody answers for (measured with resolv.conf's defaults)."""
        return 5.0 if self.libc == "musl" else 20.0


_ALPINE = Toolbox(BUSYBOX, "musl")
_ALPINE_CURL = Toolbox(BUSYBOX | {"curl"}, "musl")
_DEBIAN = Toolbox(_COREUTILS)
_DEBIAN_CURL = Toolbox(_COREUTILS | {"curl"})
_NETWORK_TOOLS = Toolbox(
    BUSYBOX | {"bash", "curl", "dig", "host", "jq", "nmap", "tcpdump", "iperf3", "socat", "ss"},
    "musl",
    "openbsd",
    "bind",
)
_BARE = Toolbox(frozenset())
"""Images with one program and no shell: nothing can be run in them."""

_UNKNOWN = Toolbox(BUSYBOX | {"curl"})

_BY_NAME: dict[str, Toolbox] = {
    "busybox": Toolbox(BUSYBOX),
    "alpine": _ALPINE,
    "curl": _ALPINE_CURL,
    "nginx": _DEBIAN_CURL,
    "nginx-unprivileged": _DEBIAN_CURL,
    "httpd": _DEBIAN,
    "redis": _DEBIAN,
    "postgres": _DEBIAN,
    "mysql": _DEBIAN,
    "mariadb": _DEBIAN,
    "mongo": _DEBIAN,
    "memcached": _DEBIAN,
    "wordpress": _DEBIAN_CURL,
    "debian": _DEBIAN,
    "ubuntu": _DEBIAN,
    "python": _DEBIAN_CURL,
    "node": _DEBIAN_CURL,
    "centos": _DEBIAN_CURL,
    "stream": _DEBIAN_CURL,
    "fedora": _DEBIAN_CURL,
    "rockylinux": _DEBIAN_CURL,
    "almalinux": _DEBIAN_CURL,
    "ubi": _DEBIAN_CURL,
    "netshoot": _NETWORK_TOOLS,
    "network-multitool": _NETWORK_TOOLS,
    "agnhost": Toolbox(BUSYBOX | {"curl", "dig"}, "musl"),
    "dockercoins/hasher": _ALPINE,
    "dockercoins/rng": _ALPINE,
    "dockercoins/worker": _ALPINE,
    "dockercoins/webui": _DEBIAN_CURL,
    "whoami": _BARE,
    "http-echo": _BARE,
    "hello-app": _BARE,
    "pause": _BARE,
    "coredns": _BARE,
    "etcd": _BARE,
    "kube-apiserver": _BARE,
    "kube-controller-manager": _BARE,
    "kube-scheduler": _BARE,
    "kube-proxy": _BARE,
}

_WITH_CURL_ON_ALPINE = frozenset({"nginx", "nginx-unprivileged"})


def toolbox(image: str) -> Toolbox:
    """The programs of an image, by its name and tag.

    >>> toolbox("nginx:1.27").has("wget"), toolbox("nginx:alpine").has("wget")
    (False, True)
    >>> toolbox("busybox:1.36").libc, toolbox("busybox:1.36-musl").libc
    ('glibc', 'musl')
    """
    path, variant = repository(image), tag(image)
    last = path.rpartition("/")[2]
    known = _BY_NAME.get(path) or _BY_NAME.get(last) or _UNKNOWN
    if known is _BARE:
        return known
    if "alpine" in variant:
        return _ALPINE_CURL if last in _WITH_CURL_ON_ALPINE else _ALPINE
    if "slim" in variant:
        return _DEBIAN
    if last == "busybox" and "musl" in variant:
        return _ALPINE
    return known
