"""BusyBox wget (1.36.1), in its own words.

Three symptoms tell three causes apart: ``download timed out`` (dropped), ``Connection refused`` (nothing listens)
and ``bad address`` (no answer from DNS, or no such name).
"""

from __future__ import annotations

from dataclasses import dataclass
from getopt import GetoptError, gnu_getopt

from netpol_lab.connections import Flow
from netpol_lab.connections.steps import socket
from netpol_lab.model.numbers import whole
from netpol_lab.pods import http, urls
from netpol_lab.pods.messages import Request, Response
from netpol_lab.pods.process import KERNEL_PATIENCE, Process

_LONG_NAMES = """
continue quiet server-response output-document= output-file= directory-prefix= proxy= user-agent= timeout=
tries= header= post-data= post-file= spider no-check-certificate no-verbose
"""
_SHORT_OF = {
    "--quiet": "-q",
    "--output-document": "-O",
    "--timeout": "-T",
    "--server-response": "-S",
    "--user-agent": "-U",
    "--proxy": "-Y",
    "--directory-prefix": "-P",
    "--output-file": "-o",
    "--continue": "-c",
    "--tries": "-t",
}
_USAGE = "Usage: wget [-cqS] [--spider] [-O FILE] [--header STR] [--post-data STR] [-T SEC] [-U AGENT] URL..."
_DEFAULT_TIMEOUT = 900.0


@dataclass
class _WgetOptions:
    quiet: bool = False
    spider: bool = False
    show_headers: bool = False
    output: str = ""
    timeout: float = _DEFAULT_TIMEOUT
    headers: tuple[tuple[str, str], ...] = ()
    post: str | None = None


class _WgetFailed(Exception):
    """Ends the program with a message, as BusyBox does on the first trouble."""


def wget(process: Process) -> int:
    """Fetch each URL; exit code 1 at the first failure."""
    try:
        options, targets = _parse(process.args)
    except GetoptError as error:
        return _usage(process, _option_error(error))
    if isinstance(options, str):
        return process.refuse(options)
    if not targets:
        return _usage(process, "")
    try:
        for target in targets:
            _fetch(process, options, target)
    except _WgetFailed as failed:
        process.complain(f"wget: {failed}")
        return 1
    return 0


def _usage(process: Process, message: str) -> int:
    if message:
        process.complain(f"wget: {message}")
    process.complain(_USAGE)
    return 1


def _option_error(error: GetoptError) -> str:
    name = error.opt
    if "requires argument" in error.msg:
        return f"option requires an argument -- '{name}'"
    return f"unrecognized option '--{name}'" if len(name) > 1 else f"invalid option -- '{name}'"


def _parse(args: list[str]) -> tuple[_WgetOptions | str, list[str]]:
    """The options, or what of them is not simulated; and the URLs."""
    pairs, targets = gnu_getopt(args, "cqSO:o:P:Y:U:T:t:n:", _LONG_NAMES.split())
    options = _WgetOptions()
    for name, value in pairs:
        match _SHORT_OF.get(name, name):
            case "-q":
                options.quiet = True
            case "--spider":
                options.spider = True
            case "-S":
                options.show_headers = True
            case "-O":
                options.output = value
            case "-T":
                options.timeout = _seconds(value)
            case "--header":
                key, _, rest = value.partition(":")
                options.headers += ((key.strip(), rest.strip()),)
            case "--post-data":
                options.post = value
            case "-o" | "-P" | "-c" | "--post-file":
                return f"option {name}", targets
    return options, targets


def _seconds(text: str) -> float:
    if whole(text) is None:
        raise GetoptError(f"invalid number '{text}'", "T")
    return float(text) or _DEFAULT_TIMEOUT


def _fetch(process: Process, options: _WgetOptions, target: str) -> None:
    url = urls.parse(target)
    if url is None or url.scheme not in urls.DEFAULT_PORTS:
        raise _WgetFailed(f"not an http or ftp url: {target}")
    flow = process.connect(url.host, url.port)
    try:
        words = _exchange(process, options, url, flow)
    except _WgetFailed as failed:
        process.saw(flow, f"wget: {failed}")
        raise
    process.saw(flow, words)


def _exchange(process: Process, options: _WgetOptions, url: urls.URL, flow: Flow) -> str:
    """Everything after the packet left: returns what the student saw, or fails in BusyBox's words."""
    if flow.outcome in ("bad address", "dns timed out"):
        # --timeout does not cover name resolution: the C library's patience decides
        process.wait(process.machine.tools.dns_patience if flow.outcome == "dns timed out" else 0)
        raise _WgetFailed(f"bad address '{url.netloc}'")
    assert flow.address is not None  # the name was resolved
    if not options.quiet:
        process.complain(f"Connecting to {url.netloc} ({socket(flow.address, flow.port)})")
    if flow.outcome == "timed out":
        process.wait(min(options.timeout, KERNEL_PATIENCE))
        if options.timeout < KERNEL_PATIENCE:
            raise _WgetFailed("download timed out")
        raise _WgetFailed(f"can't connect to remote host ({flow.address}): Connection timed out")
    if flow.outcome == "refused":
        raise _WgetFailed(f"can't connect to remote host ({flow.address}): Connection refused")
    response = _response(process, options, url, flow)
    if options.spider:
        if options.quiet:
            return "exit code 0"
        process.complain("remote file exists")
        return "remote file exists"
    _save(process, options, url, response)
    return response.title or "an empty page"


def _response(process: Process, options: _WgetOptions, url: urls.URL, flow: Flow) -> Response:
    if url.scheme == "https":
        if not http.speaks_tls(flow):
            raise _WgetFailed("TLS error from peer (alert code 80): internal error")
        process.complain("wget: note: TLS certificate validation not implemented")
    method = "HEAD" if options.spider else ("GET" if options.post is None else "POST")
    request = Request(method, url.path, url.netloc, options.headers, options.post or "")
    response = process.ask(flow, request, "Wget")
    if response is None:
        raise _WgetFailed("error getting response")
    if options.show_headers:
        for line in (response.line, *(f"{k}: {v}" for k, v in http.head(process.machine.world, response))):
            process.complain(f"  {line}")
    location = dict(response.headers).get("Location")
    if response.status == 302 and location:
        return _response(process, options, urls.URL(url.scheme, url.host, url.port, location), flow)
    if response.status >= 400:
        raise _WgetFailed(f"server returned error: {response.line}")
    return response


def _save(process: Process, options: _WgetOptions, url: urls.URL, response: Response) -> None:
    name = options.output or url.filename
    to_stdout = name == "-"
    if not options.quiet:
        process.complain("writing to stdout" if to_stdout else f"saving to '{name}'")
    if to_stdout:
        process.out(response.body)
    elif name != "/dev/null":
        process.machine.files[name] = response.body
    if not options.quiet:
        size = len(response.body.encode())
        process.complain(f"{name:<20.20}{100:>4}% |{'*' * 32}|{size:>6}  0:00:00 ETA")
        process.complain("written to stdout" if to_stdout else f"'{name}' saved")
