"""``kubectl proxy``: a port of your own machine that leads to the API server.

The real command stays in the foreground until you stop it. Here it returns at once, and the proxy stays open.
"""

from __future__ import annotations

from netpol_lab.kubectl.failure import Failure, usage
from netpol_lab.kubectl.session import Call
from netpol_lab.model.ports import FIRST_PORT, LAST_PORT
from netpol_lab.pods.process import API_SERVER

_PORT = 8001
_NOTE = "note: a real proxy runs until you stop it with Ctrl-C; this simulated one stays open in the background"


def run(call: Call) -> int:
    """Open the port and say so."""
    if call.args:
        raise usage(f"unexpected argument {call.args[0]!r}", "proxy")
    port = call.flag("port") or _PORT
    if not FIRST_PORT <= port <= LAST_PORT:
        raise Failure(f"listen tcp: address {port}: invalid port")
    call.session.forwards[port] = API_SERVER
    call.print(f"Starting to serve on 127.0.0.1:{port}")
    call.warn(_NOTE)
    return 0
