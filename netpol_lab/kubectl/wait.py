"""``kubectl wait``. Simulated pods are ready at once, so most waits end at once."""

from __future__ import annotations

import re
from collections.abc import Callable

from netpol_lab.kubectl import jsonpath
from netpol_lab.kubectl.failure import Failure, not_simulated
from netpol_lab.kubectl.jsonpath_parser import JsonPathError
from netpol_lab.kubectl.lookup import Found, check_given, chosen, key_of
from netpol_lab.kubectl.output import print_change
from netpol_lab.kubectl.resources import metadata
from netpol_lab.kubectl.session import Call
from netpol_lab.kubectl.until_gone import timed_out, wait_until_gone
from netpol_lab.model.bodies import ReadOnlyBody
from netpol_lab.pods.process import LONGEST

Met = Callable[[ReadOnlyBody], bool]


def run(call: Call) -> int:
    """Wait until objects meet a condition. What is not met now will not be: simulated time passes, then it fails."""
    condition = str(call.flag("for"))
    if not condition:
        raise Failure("unrecognized condition: []")
    check_given(call, call.args)
    gone = condition.lower() == "delete"
    found = chosen(call, call.args)
    if gone:
        return _until_gone(call, found)
    if not found.objects and not found.failures:
        raise Failure("no matching resources found")
    met = _condition(condition)
    failures = list(found.failures)
    late = [(kind, body) for kind, body in found.objects if not met(body)]
    for kind, body in found.objects:
        if (kind, body) not in late:
            print_change(call, kind, body, "condition met")
    if late:
        call.cluster.advance(_patience(call))
    failures += [timed_out(kind.plural, metadata(body)["name"]) for kind, body in late]
    return call.report(failures)


def _until_gone(call: Call, found: Found) -> int:
    """What is being deleted ends while time passes; what is not will not."""
    by_key = {key_of(kind, body): (kind, body) for kind, body in found.objects}
    left = wait_until_gone(call, list(by_key), _patience(call))
    for kind, body in (each for key, each in by_key.items() if key not in left):
        print_change(call, kind, body, "condition met")
    return call.report([timed_out(by_key[key][0].plural, key[2]) for key in left])


def _patience(call: Call) -> float:
    """Seconds; a negative number means a week, as in kubectl, and nobody waits longer here."""
    given = call.flag("timeout")
    if given is not None and given > LONGEST:
        raise not_simulated("a wait of more than a week")
    return 30.0 if given is None else float(given) if given >= 0 else LONGEST


def _condition(text: str) -> Met:
    """What ``--for`` asks: ``condition=Ready[=true]``, ``jsonpath='{…}'[=value]`` or ``create``."""
    word, _, rest = text.partition("=")
    if word.lower() == "condition" and rest:
        name, _, wanted = rest.partition("=")
        return lambda body: _has_condition(body, name, wanted or "true")
    if word.lower() == "create":
        return lambda body: True
    if word.lower() == "jsonpath" and rest:
        return _by_path(rest)
    raise Failure(f'unrecognized condition: "{text}"')


def _has_condition(body: ReadOnlyBody, name: str, wanted: str) -> bool:
    conditions = (body.get("status") or {}).get("conditions") or ()
    return any(
        row.get("type", "").lower() == name.lower() and row.get("status", "").lower() == wanted.lower()
        for row in conditions
    )


def _by_path(text: str) -> Met:
    match = re.fullmatch(r"(\{.*\}|[^{}=]+)(?:=(.*))?", text, re.DOTALL)
    if match is None:
        raise Failure(
            "jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3"
            f" or --for=jsonpath='{{.status.readyReplicas}}', got {text!r}"
        )
    template, wanted = jsonpath.relaxed(match[1]), match[2]
    try:
        jsonpath.compile(template)
    except JsonPathError as error:
        raise Failure(f"error parsing jsonpath {template}, {error}") from None

    def met(body: ReadOnlyBody) -> bool:
        try:
            found = jsonpath.find(template, body)
        except JsonPathError:
            return False
        return bool(found) if wanted is None else [jsonpath.text_of(value) for value in found] == [wanted.strip("'\"")]

    return met
