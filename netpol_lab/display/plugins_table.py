"""Network plugins side by side: what each makes of one connection, and how each decides what the API leaves open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from netpol_lab.connections import Flow
from netpol_lab.display import card, tables
from netpol_lab.display.markup import Markup, el, join
from netpol_lab.display.markup import table as columns
from netpol_lab.engine.profiles import POINTS, Profile
from netpol_lab.engine.verdict import Gate
from netpol_lab.model.objects import name_of
from netpol_lab.model.phrases import listed
from netpol_lab.tell.condition_words import unjudged_words
from netpol_lab.tell.saying import line

PluginRow = tuple[str, str, str, str]
"""Sign, plugin, what the client sees, and why."""


def draw(answers: Mapping[Profile, Flow], here: Profile) -> card.Picture:
    """One row per plugin. ``answers`` is the same connection under each profile, the first being the API's own.

    ``here`` is the profile of the cluster at hand; its row says so.
    """
    flows = list(answers.values())
    upstream = flows[0]
    rows = [_row(profile, flow, upstream, here=profile == here) for profile, flow in answers.items()]
    port = f"{upstream.protocol} {upstream.port}"
    return card.figure(
        _title(flows),
        line("plugins.quiet", source=name_of(upstream.source), target=upstream.target_name, port=port),
        tables.table(("", "plugin", "what happens", "why"), map(_cells, rows)),
        twin="\n".join(columns(rows)),
        left_out=upstream.caveats,
        drawn=False,
        rules=tables.RULES,
    )


def points(profiles: Sequence[Profile]) -> card.Picture:
    """How each profile that enforces policies decides the points that the API leaves to plugins, with who says so."""
    ignoring = listed(profile.name for profile in profiles if not profile.enforces)
    profiles = [profile for profile in profiles if profile.enforces]
    head = ("left open by the API", *(profile.name for profile in profiles))
    rows = [(words, *(profile.decision(rule).words for profile in profiles)) for rule, words in POINTS.items()]
    said = [(words, profile.name, source(profile, rule)) for rule, words in POINTS.items() for profile in profiles]
    twin: list[str] = []
    for rule, words in POINTS.items():
        lines = [(profile.name, profile.decision(rule).words, source(profile, rule)) for profile in profiles]
        twin += [words, *(f"  {name}: {decided} ({source})" for name, decided, source in lines), ""]
    return card.figure(
        line("points.title", number=len(rows)),
        line("points.quiet", ignoring=line("points.quiet.ignoring", profiles=ignoring) if ignoring else ""),
        [
            tables.table(head, ((el("strong", row[0]), *row[1:]) for row in rows)),
            el(
                "details",
                el("summary", "Who says so"),
                tables.table(("point", "plugin", "source"), said),
                class_="npl-text",
            ),
        ],
        twin="\n".join(twin).rstrip(),
        drawn=False,
        rules=tables.RULES,
    )


_SHORT = {"D": "Kubernetes documentation", "T": "API types", "E": "Kubernetes end-to-end tests"}


def source(profile: Profile, rule: int) -> str:
    """Who says so, with the project's letters written out."""
    words = profile.decision(rule).source
    letter, colon, rest = words.partition(": ")
    if letter not in _SHORT:
        return words
    return f"{_SHORT[letter]}{colon}{rest.replace('; D', '; the documentation')}"


def _title(flows: Sequence[Flow]) -> str:
    through = sum(flow.connected for flow in flows)
    if through in (0, len(flows)):
        return line("plugins.all" if through else "plugins.none")
    return line("plugins.some", through=through, profiles=len(flows))


def _row(profile: Profile, flow: Flow, upstream: Flow, *, here: bool) -> PluginRow:
    name = line("plugins.here", name=profile.name) if here else profile.name
    told = flow.outcome in ("connected", "bad address", "dns timed out")
    happens = line(f"plugins.saw.{flow.outcome}") if told else flow.outcome
    return ("." if flow.connected else "X"), name, happens, _why(profile, flow, upstream)


def _why(profile: Profile, flow: Flow, upstream: Flow) -> str:
    """What decides, in a few words: policies that are ignored first, then the gates."""
    verdict = flow.judged
    if verdict is None:
        return line("plugins.not asked")
    ignored = _ignored(profile, upstream)
    if verdict.stops_at:
        gate = verdict.egress if not verdict.egress.admitted else verdict.ingress
        return line("plugins.stops", way=gate.direction, end=name_of(gate.endpoint), block=_block(gate, profile))
    rules = [str(gate.admitting[0]) for gate in verdict.gates if gate.admitting]
    if ignored:
        return line("plugins.ignores", ways=listed(ignored))
    if rules:
        return line("plugins.admitted", rules=listed(rules))
    notes = [unjudged_words(gate.unjudged) for gate in verdict.gates if gate.unjudged]
    return notes[0] if notes else line("plugins.open")


def _ignored(profile: Profile, upstream: Flow) -> list[str]:
    """The directions in which a policy isolates an end and this plugin does not care."""
    there = upstream.by_address.verdict if upstream.by_address else upstream.verdict
    verdicts = [verdict for verdict in (upstream.dns, there) if verdict is not None]
    gates = [gate for verdict in verdicts for gate in verdict.gates]
    found = [gate.direction for gate in gates if gate.isolated and gate.direction not in profile.enforces]
    return list(dict.fromkeys(found))


def _block(gate: Gate, profile: Profile) -> str:
    """Said where the nearest rule names an address that this plugin does not compare."""
    near = gate.near_misses[0] if gate.near_misses else None
    if near is None or [condition.kind for condition in near.failed] != ["address"]:
        return ""
    return line("plugins.stops.ipBlock", words=profile.decision(17).words)


def _cells(row: PluginRow) -> tuple[Markup | str, ...]:
    sign, name, happens, why = row
    good = sign == "."
    mark = el("span", "✓" if good else "✕", class_="npl-reached" if good else "npl-unreached", aria_hidden="true")
    said = el("span", "allowed" if good else "blocked", class_="npl-hide")
    return join([mark, " ", said]), el("strong", name), happens, why
