"""nslookup: BusyBox (1.36.1), and BIND's wording where an image has that one.

BusyBox asks for every search domain and counts each NXDOMAIN as a failure, so a short name resolves *and* exits
with 1; and a name with a dot is asked as it stands. Full names in lessons avoid both.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address

from netpol_lab.connections import Flow, Resolver
from netpol_lab.connections.outside import address_of, host_at
from netpol_lab.connections.resolving import ZONE, lookup, parse_address
from netpol_lab.model.objects import IPAddress
from netpol_lab.pods.process import Process

Lookup = Callable[[str], tuple[IPAddress, ...]]


def nslookup(process: Process) -> int:
    """``nslookup NAME [SERVER]``; exit code 1 when a question failed."""
    args = [word for word in process.args if not word.startswith("-")]
    for word in process.args:
        if word.startswith("-") and word not in ("-type=a", "-type=A", "-query=a", "-debug"):
            return process.refuse(f"option {word}")
    if not 1 <= len(args) <= 2:
        process.complain("BusyBox nslookup: usage: nslookup HOST [DNS_SERVER]")
        return 1
    server = args[1] if len(args) == 2 else process.machine.resolver.nameserver
    flow = process.connect(server, 53, "UDP")
    if not flow.connected:
        process.wait(5 if process.machine.tools.nslookup == "busybox" else 15)
        process.print(";; connection timed out; no servers could be reached\n")
        process.saw(flow, ";; connection timed out; no servers could be reached")
        return 1
    code, words = _ask(process, flow, server, args[0])
    process.saw(flow, words)
    return code


def _ask(process: Process, flow: Flow, server: str, name: str) -> tuple[int, str]:
    """Print the answers; return the exit code and the gist."""
    bind = process.machine.tools.nslookup == "bind"
    outside = host_at(flow.address) if flow.address else None
    cached = flow.address is not None and flow.address == process.machine.world.node_local_dns
    in_cluster = cached or flow.server is not None or (outside is not None and outside.knows_cluster)
    process.print(f"Server:\t\t{server}\nAddress:\t{flow.address}{'#' if bind else ':'}53\n")
    address = parse_address(name)
    if isinstance(address, IPv4Address):
        return _reverse(process, address, in_cluster=in_cluster)
    look: Lookup = _inside(process) if in_cluster else _outside
    resolver = process.machine.resolver
    names = resolver.candidates(name) if bind else _busybox_names(resolver, name)
    return _bind(process, names, look, name) if bind else _busybox(process, names, look)


def _inside(process: Process) -> Lookup:
    return lambda name: lookup(process.machine.world, name)[0]


def _outside(name: str) -> tuple[IPAddress, ...]:
    address = address_of(name)
    return (address,) if address else ()


def _busybox_names(resolver: Resolver, name: str) -> list[str]:
    if "." in name or not resolver.search:
        return [name.removesuffix(".")]
    return [f"{name}.{domain}" for domain in resolver.search]


def _busybox(process: Process, names: list[str], look: Lookup) -> tuple[int, str]:
    """An A and an AAAA question for each name; each answer is a block and an empty line.

    All questions leave at once and are printed as their answers arrive; the order is that of a recorded node.
    """
    failed, gist = False, ""
    last_first = names[::-1]
    for record, name in (
        [(6, names[0]), (4, names[0])]
        if len(names) == 1
        else [*((4, name) for name in last_first), (6, names[0]), *((6, name) for name in last_first[:-1])]
    ):
        addresses = look(name)
        if not addresses:
            failed = True
            gist = gist or f"** server can't find {name}: NXDOMAIN"
            process.print(f"** server can't find {name}: NXDOMAIN\n")
            continue
        if not name.endswith(ZONE):
            process.print("Non-authoritative answer:")
        for address in addresses:
            if address.version == record:
                process.print(f"Name:\t{name}\nAddress: {address}")
                gist = f"{name} is {address}"
        process.print()
    return (1 if failed else 0), gist


def _bind(process: Process, names: list[str], look: Lookup, asked: str) -> tuple[int, str]:
    """The first name of the search list that exists; NXDOMAIN names what was typed."""
    for name in names:
        addresses = look(name)
        if addresses:
            if not name.endswith(ZONE):
                process.print("Non-authoritative answer:")
            for address in addresses:
                process.print(f"Name:\t{name}\nAddress: {address}")
            process.print()
            return 0, f"{name} is {addresses[0]}"
    process.print(f"** server can't find {asked}: NXDOMAIN\n")
    return 1, f"** server can't find {asked}: NXDOMAIN"


def _reverse(process: Process, address: IPv4Address, *, in_cluster: bool) -> tuple[int, str]:
    """The name of an address; kube-dns knows those of Services."""
    services = process.machine.world.services if in_cluster else ()
    pointer = address.reverse_pointer
    for service in services:
        if service.cluster_ip == address:
            name = f"{service.name}.{service.namespace}.svc.{ZONE}"
            process.print(f"{pointer}\tname = {name}\n")
            return 0, f"{address} is {name}"
    process.print(f"** server can't find {pointer}: NXDOMAIN\n")
    return 1, f"** server can't find {pointer}: NXDOMAIN"
