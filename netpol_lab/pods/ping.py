"""BusyBox ping. ◇ catalogue rule 23: NetworkPolicy does not define ICMP.

A plugin may filter it or not. The simulated cluster follows isolation: a ping passes when the pair has any port at
all that both ends admit, so a fully isolated pod is silent. ClusterIPs answer no ping, as with kube-proxy in its
default mode.
"""

from __future__ import annotations

from getopt import GetoptError, gnu_getopt

from netpol_lab.connections.outside import host_at
from netpol_lab.connections.services import translate
from netpol_lab.model.numbers import whole
from netpol_lab.model.objects import External, IPAddress
from netpol_lab.pods.process import Process

_TIMES = (0.251, 0.078)
"""Milliseconds of the first and of every later answer, measured once."""

_MOST = 100
"""A longer ping, or a longer wait for one, teaches nothing."""


def ping(process: Process) -> int:
    """``ping -c COUNT [-W SECONDS] HOST``; exit code 1 when nothing answers."""
    try:
        pairs, words = gnu_getopt(process.args, "46qc:W:w:i:s:I:t:")
    except GetoptError as error:
        process.complain(f"ping: {error.msg.replace('option -', 'invalid option -- ').replace(' not recognized', '')}")
        return 1
    values = dict(pairs)
    if len(words) != 1:
        process.complain("BusyBox ping: usage: ping [-c COUNT] [-W SEC] HOST")
        return 1
    if "-c" not in values:
        return process.refuse("a ping that never ends", "add -c 3")
    numbers = [values.get("-c", "1"), values.get("-W", "10")]
    wrong = next((number for number in numbers if whole(number) is None), None)
    if wrong is not None:
        process.complain(f"ping: invalid number '{wrong}'")
        return 1
    count, patience = min(int(numbers[0]), _MOST), min(float(numbers[1]), _MOST)
    found = process.machine.resolver.resolve(words[0])
    if not found.found:
        process.wait(process.machine.tools.dns_patience if found.how == "no answer" else 0)
        process.complain(f"ping: bad address '{words[0]}'")
        return 1
    return _send(process, words[0], found.addresses[0], count, patience)


def _send(process: Process, host: str, address: IPAddress, count: int, patience: float) -> int:
    process.print(f"PING {host} ({address}): 56 data bytes")
    alive = _reaches(process, address)
    times = [_TIMES[min(number, 1)] for number in range(count)] if alive else []
    for number, time in enumerate(times):
        process.print(f"64 bytes from {address}: seq={number} ttl=64 time={time:.3f} ms")
    process.wait(count - 1 + (0 if alive else patience))
    loss = 0 if alive else 100
    process.print(f"\n--- {host} ping statistics ---")
    process.print(f"{count} packets transmitted, {len(times)} packets received, {loss}% packet loss")
    if times:
        average = int(sum(times) / len(times) * 1000) / 1000
        process.print(f"round-trip min/avg/max = {min(times):.3f}/{average:.3f}/{max(times):.3f} ms")
    if _is_policed(process, address):
        process.complain(
            "note: NetworkPolicy does not speak of ICMP, and plugins differ; here a ping passes where any port is open"
        )
    return 0 if alive else 1


def _is_policed(process: Process, address: IPAddress) -> bool:
    """Whether a policy isolates one of the two ends, so that a plugin may or may not stop the ping."""
    endpoint = translate(process.machine.world, address, 0).endpoint
    if address.is_loopback or endpoint is None:
        return False
    verdict = process.machine.world.verdict(process.machine.source, endpoint)
    return verdict.egress.isolated or verdict.ingress.isolated


def _reaches(process: Process, address: IPAddress) -> bool:
    world, source = process.machine.world, process.machine.source
    if address.is_loopback:
        return True
    if any(service.cluster_ip == address for service in world.services):
        return False
    endpoint = translate(world, address, 0).endpoint
    if endpoint is None or (isinstance(endpoint, External) and host_at(endpoint.address) is None):
        return False
    return bool(world.engine.connection(source, endpoint))
