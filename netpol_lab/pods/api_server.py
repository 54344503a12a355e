"""What the API server answers over HTTP to somebody without a name, and the form of its failures."""

from __future__ import annotations

import json

from netpol_lab.cluster.server import VERSION
from netpol_lab.pods.messages import Response

HEALTH = ("/healthz", "/livez", "/readyz")


def public(path: str) -> Response:
    """The answer to somebody without a name: version and health are open to all, the rest is forbidden.

    (By default, the role ``system:public-info-viewer`` is bound to everybody.)
    """
    path = path.partition("?")[0]
    if path == "/version":
        major, minor, _ = VERSION.removeprefix("v").split(".")
        version = {"major": major, "minor": minor, "gitVersion": VERSION, "platform": "netpol-lab (simulated)"}
        return Response(200, json.dumps(version, indent=2) + "\n", "application/json")
    if path in HEALTH:
        return Response(200, "ok", "text/plain")
    return failure(403, "Forbidden", f'forbidden: User "system:anonymous" cannot get path "{path}"')


def failure(code: int, reason: str, message: str) -> Response:
    """A failure as the API tells it: an object of the kind Status."""
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return Response(
        code, json.dumps({**status, "message": message, "reason": reason, "code": code}, indent=2), "application/json"
    )
