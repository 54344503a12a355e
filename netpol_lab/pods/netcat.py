"""nc: BusyBox (1.36.1), and OpenBSD's wording where an image has that one. Connecting only."""

from __future__ import annotations

from dataclasses import dataclass
from getopt import GetoptError, gnu_getopt

from netpol_lab.connections import Flow
from netpol_lab.model.numbers import whole
from netpol_lab.pods import http
from netpol_lab.pods.process import KERNEL_PATIENCE, Process

_SERVICES = {22: "ssh", 53: "domain", 80: "http", 443: "https", 3306: "mysql", 5432: "postgresql", 6379: "redis"}
"""Names of /etc/services that OpenBSD's nc prints."""


@dataclass
class _NcOptions:
    zero: bool = False
    verbose: int = 0
    udp: bool = False
    wait: float = KERNEL_PATIENCE

    @property
    def protocol(self) -> str:
        return "UDP" if self.udp else "TCP"


def nc(process: Process) -> int:
    """``nc [-zvu] [-w SECONDS] HOST PORT``; exit code 1 when the port is not open."""
    try:
        pairs, words = gnu_getopt(process.args, "zvunlkNw:p:s:i:e:q:46")
    except GetoptError as error:
        process.complain(f"nc: {error.msg.replace('option -', 'invalid option -- ').replace(' not recognized', '')}")
        return 1
    flags = [name for name, _ in pairs]
    for name, what in (("-l", "listening (-l)"), ("-k", "listening (-k)"), ("-e", "running a program (-e)")):
        if name in flags:
            return process.refuse(what, "servers are containers of a pod")
    options = _NcOptions("-z" in flags, flags.count("-v"), "-u" in flags)
    given = dict(pairs).get("-w", "")
    if given:
        if whole(given) is None:
            process.complain(f"nc: invalid number '{given}'")
            return 1
        options.wait = float(given) or KERNEL_PATIENCE
    if len(words) != 2 or not _is_port(words[1]):
        if len(words) == 2 and "-" in words[1]:
            return process.refuse("scanning a range of ports", "name one port at a time")
        process.complain("BusyBox nc: usage: nc [-zvu] [-w SEC] HOST PORT")
        return 1
    return _connect(process, options, words[0], int(words[1]))


def _is_port(text: str) -> bool:
    return 0 < (whole(text) or 0) < 65536


def _connect(process: Process, options: _NcOptions, host: str, port: int) -> int:
    flow = process.connect(host, port, options.protocol)
    if flow.outcome == "dns timed out":
        process.wait(process.machine.tools.dns_patience)
    # UDP has no handshake: to connect() every address is fine, and a dropped datagram looks like a quiet server
    silent_udp = options.udp and flow.address is not None
    if flow.outcome == "timed out" and not silent_udp:
        process.wait(min(options.wait, KERNEL_PATIENCE))
    success = flow.connected or silent_udp
    words = _words(process, options, flow, opened=success)
    process.saw(flow, words or ("exit code 0: open" if success else f"exit code 1: {flow.outcome}"))
    if words:
        process.complain(words)
    if success and not options.zero:
        _talk(process, flow)
    return 0 if success else 1


def _talk(process: Process, flow: Flow) -> None:
    """Send standard input, print what comes back."""
    sent = process.stdin.read()
    if flow.connected:
        process.out(http.raw_answer(process.machine.world, flow, sent))


def _words(process: Process, options: _NcOptions, flow: Flow, *, opened: bool) -> str:
    openbsd = process.machine.tools.nc == "openbsd"
    if flow.outcome in ("bad address", "dns timed out"):
        if openbsd:
            reason = "Name does not resolve" if flow.outcome == "bad address" else "Try again"
            return f'nc: getaddrinfo for host "{flow.host}" port {flow.port}: {reason}'
        return f"nc: bad address '{flow.host}'"
    return (
        _openbsd(options, flow, opened)
        if openbsd
        else _busybox(options, flow, opened, process.machine.tools.libc == "musl")
    )


def _busybox(options: _NcOptions, flow: Flow, opened: bool, musl: bool) -> str:
    where = f"{flow.host} ({flow.address}:{flow.port})"
    if flow.host == str(flow.address):
        where = f"{flow.host} ({flow.host}:{flow.port})"
    if opened:
        return f"{where} open" if options.verbose else ""
    if flow.outcome == "refused":
        # one -v does not speak of refusals, so that scans stay short
        return f"nc: {where}: Connection refused" if options.verbose > 1 else ""
    return f"nc: {where}: {'Operation' if musl else 'Connection'} timed out" if options.verbose else ""


def _openbsd(options: _NcOptions, flow: Flow, opened: bool) -> str:
    protocol = options.protocol.lower()
    if opened:
        address = "" if flow.host == str(flow.address) else f" ({flow.address})"
        service = _SERVICES.get(flow.port, "*")
        words = f"Connection to {flow.host}{address} {flow.port} port [{protocol}/{service}] succeeded!"
    elif flow.outcome == "refused":
        words = f"nc: connect to {flow.host} ({flow.address}) port {flow.port} ({protocol}) failed: Connection refused"
    else:
        reason = "timed out: Operation in progress"
        words = f"nc: connect to {flow.host} ({flow.address}) port {flow.port} ({protocol}) {reason}"
    return words if options.verbose else ""
