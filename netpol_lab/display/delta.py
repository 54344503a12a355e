"""What a change did: the delta of two moments in one picture, or both side by side.

Change is louder than state: what did not change turns grey, what was blocked and still is, is not drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from netpol_lab.connections.scene import Scene
from netpol_lab.display.card import Picture, figure, note
from netpol_lab.display.changes import Changes, compare, differing
from netpol_lab.display.drawn_lines import Line, is_pod
from netpol_lab.display.graph import legend_of
from netpol_lab.display.graph_finding import where
from netpol_lab.display.layout import NoLayout
from netpol_lab.display.markup import Markup, svg
from netpol_lab.display.panels import panels
from netpol_lab.display.shapes import LineState
from netpol_lab.display.sketch import Sketch, finished, placed
from netpol_lab.display.twin import MOST_ROWS, line_rows, line_table
from netpol_lab.model.objects import DIRECTIONS
from netpol_lab.model.phrases import capital, in_words, listed, some
from netpol_lab.tell.saying import line as say
from netpol_lab.tell.words import names as some_names

KEY = "+ newly allowed   - newly blocked, and where   ~ ports changed   (blank) unchanged"
MOST_BESIDE = 8
"""More pods have too many lines for two panels: every connection is drawn, blocked ones too."""

MOST_PAIRS = 2_000
"""Of more pairs that differ no picture is drawn, and no list made."""

KINDS: tuple[tuple[LineState, str], ...] = (
    ("opened", "newly allowed"),
    ("closed", "newly blocked"),
    ("changed", "ports changed"),
    ("plugin", "now depending on the network plugin"),
    ("same", "unchanged"),
)


@dataclass(frozen=True)
class DeltaPicture(Picture):
    """A delta: a card in a notebook; ``svg`` is the drawing alone, "" where there is none."""

    svg: str = field(default="", repr=False)


def draw(
    before: Scene,
    after: Scene,
    *,
    before_name: str = "before",
    after_name: str = "after",
    side_by_side: bool = False,
) -> Picture:
    """Draw what changed from one moment to the next.

    ``side_by_side`` shows both moments in two panels instead, blocked lines included, for few pods. The text twin is
    that of the delta in both cases.
    """
    differs = differing(before, after) if before.is_large or after.is_large else None
    number = 0 if differs is None else int(differs.sum())
    if number > MOST_PAIRS:
        heading, words, left_out = (
            say("delta.pairs", number=number),
            say("delta.too many"),
            before.caveats + after.caveats,
        )
        below = _moments(before_name, after_name)
        return figure(heading, below, note(words), twin=words, left_out=left_out, drawn=False)
    changes = compare(before, after, differs)
    twin = _twin(changes)
    heading, below = _title(changes), _quiet(changes, before_name, after_name)
    if not changes.connections_changed:
        words = note(*_unchanged(changes))
        return figure(heading, below, words, twin=twin, left_out=changes.caveats, drawn=False)
    if side_by_side and len([node for node in after.nodes if is_pod(node)]) > MOST_BESIDE:
        words = note(say("delta.too many beside", most=MOST_BESIDE))
        return figure(heading, below, words, twin=twin, left_out=changes.caveats, drawn=False)
    if side_by_side:
        return panels(changes, before_name, after_name, twin)
    if not changes.fits:
        words = note(say("delta.too many"))
        return figure(heading, below, words, twin=twin, left_out=changes.caveats, drawn=False)
    sketch = Sketch(changes.drawing, changes.doors())
    try:
        image = _image(changes, sketch)
    except NoLayout as error:
        return figure(heading, below, note(str(error)), twin=twin, left_out=changes.caveats, drawn=False)
    legend, svg = legend_of(sketch), str(image)
    return figure(heading, below, image, legend=legend, twin=twin, left_out=changes.caveats, kind=DeltaPicture, svg=svg)


def _image(changes: Changes, sketch: Sketch) -> Markup:
    width, height, content = finished(sketch, placed([sketch]))
    policies = _policies(changes)
    id, namespaces = "delta.what.policies" if policies else "delta.what", listed(sketch.drawing.namespaces)
    title = say(id, policies=listed(policies), namespaces=namespaces)
    return svg(width, height, title, _description(changes), content)


def _policies(changes: Changes) -> list[str]:
    """Names of the policies that exist in one of the moments only, or differ."""
    old = {policy.id: policy for policy in changes.before.policies}
    new = {policy.id: policy for policy in changes.after.policies}
    return [new.get(id, old.get(id)).name for id in {**old, **new} if old.get(id) != new.get(id)]  # type: ignore[union-attr]


def _title(changes: Changes) -> str:
    """``allow-web lets client into server``, ``default-deny closed every way in``, or a count of what happened."""
    counts = [len(changes.of(kind)) for kind in ("opened", "closed", "changed", "plugin")]
    if not any(counts):
        return say("delta.none")
    policies = _policies(changes)
    new = _newcomers(changes)
    if new and not policies:
        return f"{new}; {_counted(changes)}"
    policy = policies[0] if len(policies) == 1 else ""
    gone = policy and policy not in {each.name for each in changes.after.policies}
    if counts == [0, sum(counts), 0, 0] and not changes.count("same"):
        return say("delta.every way.policy", policy=policy) if policy and not gone else say("delta.every way")
    if sum(counts) == 1:
        return _one(changes, "" if gone else policy)
    counted = _counted(changes)
    return say("delta.without", policy=policy, counted=counted) if gone else capital(counted)


def _newcomers(changes: Changes) -> str:
    """``3 pods are new``: connections that came with a pod are not what a policy did."""
    before = {node.id for node in changes.before.nodes}
    names = [node.name for node in changes.after.nodes if node.id not in before and node.namespace]
    if not names:
        return ""
    return say("delta.new", names=some_names(names), number=len(names))


def _counted(changes: Changes) -> str:
    """``two ways into db closed, one narrowed, one opened``."""
    narrowed = [line for line in changes.of("changed") if not line.ports - line.was]
    widened = [line for line in changes.of("changed") if not line.was - line.ports]
    other = [line for line in changes.of("changed") if line not in narrowed and line not in widened]
    kinds = (
        (changes.of("closed"), "closed"),
        (narrowed, "narrowed"),
        (widened, "widened"),
        (other, "moved to other ports"),
        (changes.of("opened"), "opened"),
        (changes.of("plugin"), "left to the network plugin"),
    )
    parts = [(lines, word) for lines, word in kinds if lines]
    first, word = parts[0]
    targets = {line.target.name for line in first}
    into = say("delta.way.into", target=targets.pop()) if len(targets) == 1 else ""
    ways = say("delta.way", count=in_words(len(first)), number=len(first), into=into, kind=word)
    return ", ".join([ways, *(f"{in_words(len(lines))} {word}" for lines, word in parts[1:])])


def _one(changes: Changes, policy: str) -> str:
    line = next(line for line in changes.lines if line.state != "same")
    parts = {"source": line.whence, "target": line.target.name}
    if policy and line.state in ("opened", "closed"):
        return say(f"delta.one.{line.state}.policy", policy=policy, **parts)
    return say(f"delta.one.{line.state}", **parts)


def _quiet(changes: Changes, before_name: str, after_name: str) -> str:
    """From where to where, how many of each kind, and what is not drawn."""
    parts = [moments] if (moments := _moments(before_name, after_name)) else []
    if changes.connections_changed:
        parts.append(_tally(changes))
        if len(changes.drawing.lines) < len(changes.lines) + changes.unchanged:
            parts.append(say("delta.rest"))
        if changes.dns_unchanged and any(node.is_dns for node in changes.after.nodes):
            parts.append(say("delta.DNS"))
    return " ".join(f"{capital(part)}." for part in parts)


def _moments(before_name: str, after_name: str) -> str:
    return "" if (before_name, after_name) == ("before", "after") else f"{before_name} → {after_name}"


def _tally(changes: Changes) -> str:
    """How many of each kind; a zero only where the title raises the question."""
    counts = {kind: changes.count(kind) for kind, _ in KINDS}
    raised = {"opened": counts["closed"], "closed": counts["opened"]} if not counts["changed"] else {}
    shown = [f"{words} {counts[kind]}" for kind, words in KINDS if counts[kind]]
    shown += [f"{words} 0" for kind, words in KINDS if raised.get(kind) and not counts[kind]]
    return ", ".join(shown)


def _unchanged(changes: Changes) -> list[str]:
    isolation = _isolation(changes)
    return [say("delta.none.isolation", isolation=" ".join(isolation)) if isolation else say("delta.none at all")]


def _isolation(changes: Changes) -> list[str]:
    parts = []
    for newly, id in ((True, "delta.isolated.newly"), (False, "delta.isolated.no longer")):
        for way in DIRECTIONS:
            names = changes.isolated(way, newly=newly)
            if names:
                parts.append(say(id, way=way, names=listed(names) if len(names) <= 6 else some(names, 5)))
    return parts


def _twin(changes: Changes) -> str:
    order = {kind: i for i, (kind, _) in enumerate(KINDS)}
    lines = sorted(changes.lines, key=lambda line: order[line.state])
    rows = line_rows(changes.drawing, lines[:MOST_ROWS])
    key = KEY + ("\n? depends on the network plugin" if changes.of("plugin") else "")
    more = [say("delta.more", number=len(lines) - MOST_ROWS)] if len(lines) > MOST_ROWS else []
    blocks = ["\n".join([line_table(rows), *more]), key] if rows else [say("delta.nothing")]
    isolation = _isolation(changes)
    return "\n\n".join([*blocks[:1], *(["\n".join(isolation)] if isolation else []), *blocks[1:]])


def _description(changes: Changes) -> str:
    """Every change in words, as long as there are at most twelve."""
    parts = []
    for kind, words in KINDS:
        lines = changes.of(kind)
        if lines:
            told, most = [_told(line) for line in lines], len(lines) if len(changes.lines) <= 12 else 3
            parts.append(f"{words.capitalize()}: {some(told, most, '; ')}.")
    return " ".join([*parts, *_isolation(changes)])


def _told(line: Line) -> str:
    parts = {"source": line.whence, "target": line.target.name, "ports": line.ports.words()}
    if line.state == "closed":
        return say("delta.told.closed", **parts, where=where(line))
    if line.state == "changed":
        return say("delta.told.changed", **parts, was=line.was.words())
    return say("delta.told", **parts)
