"""URLs as the clients take them: a scheme is optional, and a host may be a name or an address."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class URL:
    scheme: str
    host: str
    port: int
    path: str

    @property
    def netloc(self) -> str:
        """What goes into the Host header: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if DEFAULT_PORTS.get(self.scheme) == self.port else f"{host}:{self.port}"

    @property
    def filename(self) -> str:
        """What wget would call the saved page."""
        return self.path.partition("?")[0].rpartition("/")[2] or "index.html"


def parse(text: str) -> URL | None:
    """A URL in its parts; None when there is no host or the port is no number.

    >>> parse("server-07:8080/hello")
    URL(scheme='http', host='server-07', port=8080, path='/hello')
    >>> parse("http://web:eighty") is None
    True
    """
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname or port == 0:
        return None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return URL(parts.scheme, parts.hostname, port or DEFAULT_PORTS.get(parts.scheme, 80), path)
