"""A TCP connection between two pods that is held open, to see what becomes of it when policies change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType

from netpol_lab.lab.live.own_kubectl import Staying
from netpol_lab.lab.live.waiting import Clock
from netpol_lab.model.objects import Pod

PORT = 8081
LOOKS = 6
"""How often, a second apart, it is looked whether anything still comes back."""


class HeldOpen:
    """The client says a number every second, and the server says it again; ``start`` starts a program in a pod."""

    def __init__(
        self, start: Callable[[Pod, Sequence[str]], Staying], client: Pod, server: Pod, clock: Clock, port: int = PORT
    ) -> None:
        count = "i=0; while [ $i -lt 600 ]; do i=$((i+1)); echo $i; sleep 1; done"
        self._clock = clock
        self._server = start(server, ["nc", "-lk", "-p", str(port), "-e", "cat"])
        clock.sleep(1.0)
        self._client = start(client, ["sh", "-c", f"{count} | nc {server.ip} {port}"])

    def __enter__(self) -> HeldOpen:
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._client.end()
        self._server.end()

    def moves(self) -> bool:
        """Whether something comes back within a few seconds; one number may have been on its way already."""
        before = self._lines()
        for _ in range(LOOKS):
            if self._client.ended() is not None:
                return False
            self._clock.sleep(1.0)
            if self._lines() > before + 1:
                return True
        return False

    def _lines(self) -> int:
        return sum(line.strip().isdigit() for line in self._client.said().splitlines())
