"""curl, in its own words and with its own exit codes: 8 in images on Alpine, 7.88 in all others.

6 no such name · 7 refused · 22 HTTP error with ``-f`` · 28 timed out · 35 and 60 TLS · 52 empty reply.
"""

from __future__ import annotations

import re
from dataclasses import replace

from netpol_lab.connections import Flow
from netpol_lab.pods import apiserver_proxy as proxy
from netpol_lab.pods import http, urls
from netpol_lab.pods.curl_options import CommandLineError, CurlOptions, Unsupported, parse
from netpol_lab.pods.messages import Request, Response
from netpol_lab.pods.process import KERNEL_PATIENCE, Process

_METER_HEAD = (
    "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n"
    "                                 Dload  Upload   Total   Spent    Left  Speed\n"
)
_METER_ZEROS = ("   0     0    0     0      0      0", "  0     0   0     0     0     0 ")
"""The columns in the middle of the progress meter while nothing has arrived: of curl 7.88, and of curl 8."""

_TRY_HELP = "curl: try 'curl --help' or 'curl --manual' for more information"
_ANSWER_SECONDS = 0.002
"""How long an answered request takes; what ``%{time_total}`` prints."""

_MAX_REDIRECTS = 5


_EXIT_CODES = {
    6: "could not resolve host",
    7: "connection refused",
    22: "HTTP error",
    28: "time-out",
    52: "empty reply",
}
"""curl(1), "EXIT CODES": those a lesson meets."""


class _CurlFailed(Exception):
    """The transfer failed: curl's exit code and its words after ``curl: (code) ``."""

    def __init__(self, code: int, message: str, seconds: float = 0.0) -> None:
        super().__init__(message)
        self.code = code
        self.seconds = seconds


def curl(process: Process) -> int:
    """Fetch each URL; the exit code is that of the last one."""
    try:
        options = parse(process.args)
    except CommandLineError as error:
        process.complain(f"curl: {error}")
        if error.code == 2:
            process.complain(_TRY_HELP)
        return error.code
    except Unsupported as error:
        return process.refuse(str(error))
    if not options.urls:
        process.complain("curl: no URL specified!")
        process.complain(_TRY_HELP)
        return 2
    code = 0
    for number, target in enumerate(options.urls):
        code = _Transfer(process, options, number).run(target)
    return code


class _Transfer:
    """One URL: dial, talk, write, and say how it went."""

    def __init__(self, process: Process, options: CurlOptions, number: int) -> None:
        self.process = process
        self.options = options
        self.output = options.outputs[number] if number < len(options.outputs) else ""
        self.flow: Flow | None = None
        self.response: Response | None = None
        self.url: urls.URL | None = None
        self.seconds = 0.0

    def run(self, target: str) -> int:
        before = self.process.machine.seconds
        try:
            self._transfer(target)
        except Unsupported as error:
            return self.process.refuse(str(error))
        except _CurlFailed as failed:
            self.process.wait(failed.seconds)
            code, message = failed.code, str(failed)
        else:
            code, message = 0, ""
        self.seconds = self.process.machine.seconds - before
        if self.flow is not None:
            self.process.saw(self.flow, self._gist(code, message))
        self._meter(code)
        if code and (not self.options.silent or self.options.show_error):
            self.process.complain(f"curl: ({code}) {message}")
        self._write_out(target, code, message)
        return code

    @property
    def _new(self) -> bool:
        """Whether this is curl 8, whose words differ."""
        return self.process.machine.tools.libc == "musl"

    @property
    def _agent(self) -> str:
        return self.options.user_agent or ("curl/8.17.0" if self._new else "curl/7.88.1")

    # -- the transfer ----------------------------------------------------------------------------

    def _transfer(self, target: str) -> None:
        url = urls.parse(target)
        if url is None:
            raise _CurlFailed(3, "URL using bad/illegal format or missing URL")
        if url.scheme not in urls.DEFAULT_PORTS:
            if url.scheme in ("telnet", "ftp", "dict", "file", "gopher", "ldap", "smtp", "tftp"):
                raise Unsupported(f"{url.scheme}://")
            raise _CurlFailed(1, f'Protocol "{url.scheme}" not supported or disabled in libcurl')
        for _ in range(_MAX_REDIRECTS):
            self.url = url
            response = self._ask(url)
            location = dict(response.headers).get("Location", "")
            if not (self.options.location and response.status == 302 and location.startswith("/")):
                break
            url = urls.URL(url.scheme, url.host, url.port, location)
        self.response = response
        if self.options.fail and response.status >= 400:
            raise _CurlFailed(22, f"The requested URL returned error: {response.status}")
        self._deliver(url, response)

    def _ask(self, url: urls.URL) -> Response:
        host = self.options.resolve.get((url.host, url.port), url.host)
        if self.process.machine.leads_to_api_server(host, url.port):
            return self._ask_api_server(url)
        self.flow = flow = self.process.connect(host, url.port)
        self._unless_connected(url, flow)
        self.process.wait(_ANSWER_SECONDS)
        self._trace(url, flow)
        if url.scheme == "https":
            self._check_tls(flow)
        request = self._request(url)
        response = self.process.ask(flow, request, self._agent)
        if response is None:
            raise _CurlFailed(52, "Empty reply from server")
        self._trace_talk(request, response)
        return response

    def _ask_api_server(self, url: urls.URL) -> Response:
        """Through ``kubectl proxy``; what is recorded is the connection of the API server to the pod."""
        request = self._request(url)
        before = self.process.machine.seconds
        found = proxy.fetch(self.process.machine.world, request, self.process.wait)
        if found is None:
            raise Unsupported(f"{url.path} of the API (use kubectl get -o json)")
        response, self.flow = found
        if self.flow is not None and self.flow.connected:
            inner = replace(request, path=proxy.inner_path(request.path))
            through = f"127.0.0.1, {self.process.machine.ip}"
            self.process.served(self.flow, inner, self._agent, response, through=through)
        spent = self.process.machine.seconds - before
        if self.options.max_time and spent > self.options.max_time:
            self.process.wait(self.options.max_time - spent)
            raise _CurlFailed(
                28,
                f"Operation timed out after {self.options.max_time * 1000 + 1:.0f} milliseconds with 0 bytes received",
            )
        self._trace_talk(request, response)
        return response

    def _request(self, url: urls.URL) -> Request:
        method = self.options.method or ("HEAD" if self.options.head else "POST" if self.options.data else "GET")
        headers = dict(self.options.headers)
        host = headers.get("Host", url.netloc)
        return Request(method, url.path, host, tuple(headers.items()), "&".join(self.options.data))

    def _check_tls(self, flow: Flow) -> None:
        if not http.speaks_tls(flow):
            raise _CurlFailed(35, "error:0A00010B:SSL routines::wrong version number")
        if flow.server is not None and not self.options.insecure:
            raise _CurlFailed(60, "SSL certificate problem: unable to get local issuer certificate")

    def _unless_connected(self, url: urls.URL, flow: Flow) -> None:
        """Put the outcome into curl's words. ``-m`` limits everything, ``--connect-timeout`` name and connection."""
        limits = [each for each in (self.options.max_time, self.options.connect_timeout) if each]
        limit = min(limits, default=0.0)
        if flow.outcome == "bad address":
            raise _CurlFailed(6, f"Could not resolve host: {url.host}")
        if flow.outcome == "dns timed out":
            patience = self.process.machine.tools.dns_patience
            if limit and limit < patience:
                raise _CurlFailed(28, f"Resolving timed out after {limit * 1000:.0f} milliseconds", limit)
            raise _CurlFailed(6, f"Could not resolve host: {url.host}", patience)
        if flow.outcome == "refused" and self.process.machine.forwarded(url.host, url.port):
            raise _CurlFailed(52, "Empty reply from server")  # kubectl accepted the connection, the pod did not
        if flow.outcome == "refused":
            raise _CurlFailed(7, f"Failed to connect to {url.host} port {url.port} after 0 ms: {self._no_server}")
        if flow.outcome == "timed out":
            raise self._timed_out(url, limit)

    @property
    def _no_server(self) -> str:
        return "Could not connect to server" if self._new else "Couldn't connect to server"

    def _timed_out(self, url: urls.URL, limit: float) -> _CurlFailed:
        if not limit or limit >= KERNEL_PATIENCE:
            took = f"{KERNEL_PATIENCE * 1000 + 151:.0f} ms"
            words = f"Failed to connect to {url.host} port {url.port} after {took}: {self._no_server}"
            return _CurlFailed(28, words, KERNEL_PATIENCE)
        took = f"{limit * 1000 + 1:.0f}"
        if self.options.max_time == limit or self._new:
            return _CurlFailed(28, f"Connection timed out after {took} milliseconds", limit)
        words = f"Failed to connect to {url.host} port {url.port} after {took} ms: Timeout was reached"
        return _CurlFailed(28, words, limit)

    # -- what it prints --------------------------------------------------------------------------

    def _deliver(self, url: urls.URL, response: Response) -> None:
        text = ""
        if self.options.head or self.options.include:
            lines = [response.line, *(f"{k}: {v}" for k, v in http.head(self.process.machine.world, response))]
            text = "".join(f"{line}\r\n" for line in [*lines, ""])
        if not self.options.head:
            text += response.body
        name = url.filename if self.options.remote_name and not self.output else self.output
        if name in ("", "-"):
            self.process.out(text)
        elif name != "/dev/null":
            self.process.machine.files[name] = text

    def _meter(self, code: int) -> None:
        """The progress meter, one update a second, as it looks when standard output is no terminal."""
        if self.options.silent:
            return
        self.process.err(_METER_HEAD)
        for second in range(int(self.seconds) + 1):
            spent = f" 0:{second // 60:02}:{second % 60:02}" if second else "--:--:--"
            self.process.err(f"\r  0     0 {_METER_ZEROS[self._new]} --:--:-- {spent:>8} --:--:--     0")
        if code == 0 and self.response is not None:
            size = 0 if self.options.head else len(self.response.body.encode())
            speed = f"{size * 500}" if size * 500 < 100000 else f"{size * 500 // 1000}k"
            self.process.err(
                f"\r100 {size:>5}  100 {size:>5}    0     0 {speed:>6}      0 --:--:-- --:--:-- --:--:-- {speed:>5}"
            )
        self.process.err("\n")

    def _trace(self, url: urls.URL, flow: Flow) -> None:
        if self.options.verbose:
            self.process.complain(f"*   Trying {flow.address}:{url.port}...")
            self.process.complain(f"* Connected to {url.host} ({flow.address}) port {url.port} (#0)")

    def _trace_talk(self, request: Request, response: Response) -> None:
        if not self.options.verbose:
            return
        sent = [f"{request.method} {request.path} HTTP/1.1", f"Host: {request.host}"]
        sent += [f"User-Agent: {self._agent}", "Accept: */*"]
        sent += [f"{name}: {value}" for name, value in request.headers if name.lower() != "host"]
        got = [response.line, *(f"{k}: {v}" for k, v in http.head(self.process.machine.world, response))]
        for sign, lines in ((">", sent), ("<", got)):
            for line in [*lines, ""]:
                self.process.complain(f"{sign} {line}")

    def _write_out(self, target: str, code: int, message: str) -> None:
        """``-w``: variables in ``%{…}``, ``%%``, and the escapes ``\\n``, ``\\t``, ``\\r``."""
        values = self._values(target, code, message)

        def value(found: re.Match[str]) -> str:
            text = found[0]
            if text.startswith("%{"):
                if text[2:-1] not in values:
                    self.process.complain(f"curl: unknown --write-out variable: '{text[2:-1]}'")
                return values.get(text[2:-1], "")
            return {"%%": "%", "\\n": "\n", "\\t": "\t", "\\r": "\r"}[text]

        if self.options.write_out:
            self.process.out(re.sub(r"%\{[^}]*\}|%%|\\[ntr]", value, self.options.write_out))

    def _values(self, target: str, code: int, message: str) -> dict[str, str]:
        flow, response = self.flow, self.response
        connected = flow is not None and flow.connected
        status = f"{response.status:03}" if response else "000"
        size = len(response.body.encode()) if response and not self.options.head else 0
        return {
            "http_code": status,
            "response_code": status,
            "time_total": f"{self.seconds:.6f}",
            "time_connect": "0.001000" if connected else "0.000000",
            "time_namelookup": "0.000500" if flow is not None and flow.address is not None else "0.000000",
            "time_starttransfer": f"{self.seconds if connected else 0:.6f}",
            "remote_ip": str(flow.address) if flow is not None and connected else "",
            "remote_port": str(flow.port) if flow is not None and connected else "0",
            "size_download": str(size),
            "url": target,
            "url_effective": f"{self.url.scheme}://{self.url.netloc}{self.url.path}" if self.url else target,
            "content_type": response.content_type if response else "",
            "method": self.options.method or ("HEAD" if self.options.head else "POST" if self.options.data else "GET"),
            "scheme": self.url.scheme.upper() if self.url else "",
            "exitcode": str(code),
            "errormsg": message,
            "num_redirects": "0",
        }

    def _gist(self, code: int, message: str) -> str:
        if code and self.options.silent and not self.options.show_error:
            return f"curl: exit code {code}{_meaning(code)}"
        if code:
            return f"curl: ({code}) {message}"
        if self.response is None:
            return ""
        if self.options.head or self.output == "/dev/null":
            return f"HTTP {self.response.status}"
        return self.response.title or f"HTTP {self.response.status}"


def _meaning(code: int) -> str:
    return f" ({_EXIT_CODES[code]})" if code in _EXIT_CODES else ""
