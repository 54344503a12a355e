"""A student of a class, as a browser would be: logs in at the hub, waits for the server, runs cells by websocket."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import requests
import websocket
from jupyter_server.services.kernels.connection.base import deserialize_msg_from_ws_v1, serialize_msg_to_ws_v1

SECONDS = 900
PROTOCOL = "v1.kernel.websocket.jupyter.org"
"""What JupyterLab asks for. A proxy that does not hand it on breaks every kernel in a browser."""


class HubStudent:
    """One who logs in at ``address`` (``http://127.0.0.1:8000``). What does not go well raises."""

    def __init__(self, address: str, number: str, password: str) -> None:
        self.address, self.number, self.password = address.rstrip("/"), number, password
        self.web = requests.Session()
        self.base = f"{self.address}/user/{number}"

    def log_in(self) -> None:
        """Log in; the hub begins to start the server."""
        self.web.get(f"{self.address}/hub/login", timeout=SECONDS)
        form = {"username": self.number, "password": self.password, "_xsrf": self._token("/hub/")}
        answer = self.web.post(f"{self.address}/hub/login", data=form, timeout=SECONDS, allow_redirects=False)
        if answer.status_code != 302:
            raise RuntimeError(f"login: {answer.status_code}")
        self.web.get(f"{self.address}/hub/spawn", timeout=SECONDS)

    def wait_for_server(self) -> None:
        """Read the hub's progress until the server is ready, then enter it."""
        url = f"{self.address}/hub/api/users/{self.number}/server/progress"
        with self.web.get(url, params={"_xsrf": self._token("/hub/")}, stream=True, timeout=SECONDS) as progress:
            for line in progress.iter_lines():
                said = json.loads(line.removeprefix(b"data:")) if line.startswith(b"data:") else {}
                if said.get("failed"):
                    raise RuntimeError(f"server: {said['message']}")
                if said.get("ready"):
                    break
        entered = self.web.get(f"{self.base}/lab", timeout=SECONDS)
        if entered.status_code != 200 or "/lab" not in entered.url:
            raise RuntimeError(f"entering: {entered.status_code} at {entered.url}")

    def stop_server(self) -> None:
        """Stop the server, and wait until it is gone."""
        url = f"{self.address}/hub/api/users/{self.number}/server"
        headers = {"X-XSRFToken": self._token("/hub/"), "Referer": f"{self.address}/hub/home"}
        until = time.monotonic() + SECONDS
        while self.web.delete(url, headers=headers, timeout=SECONDS).status_code == 202:  # it is still stopping
            if time.monotonic() > until:
                raise RuntimeError("the server does not stop")
            time.sleep(0.5)

    def api(self, path: str, method: str = "GET", body: dict[str, Any] | None = None) -> Any:
        """One request to the student's own server."""
        headers = {"X-XSRFToken": self._token(f"/user/{self.number}/"), "Referer": f"{self.base}/lab"}
        answer = self.web.request(method, f"{self.base}/api/{path}", json=body, headers=headers, timeout=SECONDS)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def open_notebook(self, name: str) -> RemoteKernel:
        """Open a notebook: a kernel that runs in its folder, and the websocket to it."""
        body = {"path": name, "name": name, "type": "notebook", "kernel": {"name": "python3"}}
        return RemoteKernel(self, self.api("sessions", "POST", body)["kernel"]["id"])

    def cookies(self) -> str:
        """What the browser sends with a websocket."""
        request = self.web.prepare_request(requests.Request("GET", f"{self.base}/api"))
        return str(request.headers.get("Cookie", ""))

    def _token(self, path: str) -> str:
        found = [each.value for each in self.web.cookies if each.name == "_xsrf" and each.path == path]
        return found[0] or "" if found else ""


class RemoteKernel:
    """A kernel at the other end of a websocket."""

    def __init__(self, student: HubStudent, id: str) -> None:
        self.id, self._session = id, uuid.uuid4().hex
        address = f"ws{student.base.removeprefix('http')}/api/kernels/{id}/channels?session_id={self._session}"
        self._socket = websocket.create_connection(
            address, timeout=SECONDS, cookie=student.cookies(), subprotocols=[PROTOCOL], origin=student.address
        )
        if self._socket.subprotocol != PROTOCOL:
            raise RuntimeError(f"the websocket speaks {self._socket.subprotocol!r}, which JupyterLab does not expect")

    def run(self, code: str) -> list[dict[str, Any]]:
        """Run a cell; returns its outputs. An error in the cell raises."""
        id = uuid.uuid4().hex
        header = {"msg_id": id, "msg_type": "execute_request", "session": self._session, "username": ""}
        header |= {"version": "5.3", "date": "2026-11-28T00:00:00Z"}
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        packed = serialize_msg_to_ws_v1(message, "shell", pack=lambda part: json.dumps(part).encode())
        self._socket.send_binary(packed)
        outputs: list[dict[str, Any]] = []
        while True:
            channel, parts = deserialize_msg_from_ws_v1(self._socket.recv())
            head, parent, _, said = (json.loads(part) for part in parts[:4])
            if parent.get("msg_id") != id or channel != "iopub":
                continue
            if head["msg_type"] == "error":
                raise RuntimeError(f"cell: {said['ename']}: {said['evalue']}")
            if head["msg_type"] == "status" and said["execution_state"] == "idle":
                return outputs
            outputs.append(said)

    def close(self) -> None:
        """Close the websocket, as a browser does that goes away. The kernel goes on."""
        self._socket.close()
