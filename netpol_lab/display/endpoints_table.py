"""A Service of several pods, seen from one client: one row per endpoint, and the share of requests that work."""

from __future__ import annotations

from collections.abc import Sequence

from netpol_lab.connections import Flow
from netpol_lab.connections.steps import where
from netpol_lab.display import card, tables
from netpol_lab.display.markup import Markup, code, el, join
from netpol_lab.display.markup import table as columns
from netpol_lab.model.objects import Endpoint, Pod, Service, name_of
from netpol_lab.tell.condition_words import condition_words
from netpol_lab.tell.saying import line


def draw(service: Service, source: Endpoint, port: int, flows: Sequence[Flow]) -> card.Picture:
    """One row for each flow: ``flows`` are one connection from ``source`` to each endpoint, in their order."""
    protocol = flows[0].protocol if flows else "TCP"
    client = name_of(source)
    title = _title(service.name, client, flows)
    quiet = line("endpoints.quiet", client=client, service=service.name, port=f"{protocol} {port}")
    rows = [_row(flow) for flow in flows]
    twin = columns([(sign, pod, place, labels, verdict) for sign, pod, place, labels, verdict, _ in rows])
    why = [f"   {pod}: {reason}" for _, pod, _, _, _, reason in rows if reason]
    return card.figure(
        title,
        quiet,
        tables.table(("", "endpoint", "address", "labels of the pod", "what happens"), map(_cells, rows)),
        twin="\n".join([*twin, *(["", *why] if why else [])]),
        left_out=(each for flow in flows for each in flow.caveats),
        drawn=False,
        rules=tables.RULES,
    )


def _title(service: str, client: str, flows: Sequence[Flow]) -> str:
    good, count = sum(flow.connected for flow in flows), len(flows)
    if not count:
        return line("endpoints.none", service=service)
    return line("endpoints.title", good=good, number=count, service=service, client=client, share=share(good, count))


def share(good: int, count: int) -> str:
    """How many requests work, in words.

    >>> share(1, 2), share(2, 3), share(0, 2), share(2, 2)
    ('half of the requests work', '67 % of the requests work', 'no request works', 'every request works')
    """
    if good in (0, count):
        return line("endpoints.share.all" if good else "endpoints.share.none")
    half = 2 * good == count
    return line("endpoints.share.half" if half else "endpoints.share", percent=f"{100 * good / count:.0f}")


def _row(flow: Flow) -> tuple[str, str, str, str, str, str]:
    """Sign, pod, address, labels, what happens, and the nearest rule's condition where one failed."""
    end, port = flow.destination, flow.target_port or flow.port
    labels = end.own_labels if isinstance(end, Pod) else {}  # a hand-made endpoint may be anything
    shown = ", ".join(f"{key}={value}" for key, value in labels.items())
    sign = "." if flow.connected else "X"
    name, place = (name_of(end), where(end, port)) if end else (flow.host, f"{flow.host}:{port}")
    return sign, name, place, shown or "none", _happens(flow), _reason(flow)


def _happens(flow: Flow) -> str:
    if flow.connected:
        return line("endpoints.answers")
    verdict = flow.verdict
    if verdict is None or not verdict.stops_at:
        return flow.outcome
    return line("endpoints.blocked", stop=verdict.stops_at)


def _reason(flow: Flow) -> str:
    """The condition of the rule that comes closest."""
    verdict = flow.verdict
    if verdict is None or not verdict.stops_at:
        return ""
    gate = verdict.ingress if verdict.egress.admitted else verdict.egress
    near = gate.near_misses[0] if gate.near_misses else None
    return condition_words("row", near.failed[0], rule=near.rule) if near else ""


def _cells(row: tuple[str, str, str, str, str, str]) -> tuple[Markup | str, ...]:
    sign, pod, place, labels, verdict, reason = row
    good = sign == "."
    mark = el("span", "✓" if good else "✕", class_="npl-reached" if good else "npl-unreached", aria_hidden="true")
    happens = join([verdict, el("div", reason)]) if reason else verdict
    return mark, el("strong", pod), code(place), code(labels), happens
