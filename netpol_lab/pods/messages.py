"""An HTTP request and its answer."""

from __future__ import annotations

from dataclasses import dataclass, field

_REASONS = {
    200: "OK",
    302: "Found",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Not Allowed",
    503: "Service Unavailable",
}


@dataclass(frozen=True)
class Request:
    method: str = "GET"
    path: str = "/"
    host: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""


@dataclass(frozen=True)
class Response:
    status: int
    body: str
    content_type: str = "text/html"
    server: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=())

    @property
    def line(self) -> str:
        return f"HTTP/1.1 {self.status} {_REASONS.get(self.status, 'Error')}"

    @property
    def title(self) -> str:
        """The page in a few words: its title, else its first line."""
        _, start, rest = self.body.partition("<title>")
        return rest.partition("</title>")[0] if start else (self.body.strip().splitlines() or [""])[0]
