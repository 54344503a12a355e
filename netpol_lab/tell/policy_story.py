"""What one NetworkPolicy does, in sentences: whom it selects, isolates and admits, and what that changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from netpol_lab.connections.scene import Scene, SceneNode
from netpol_lab.engine.classes import Run
from netpol_lab.engine.compiled import Engine
from netpol_lab.engine.verdict import Caveat
from netpol_lab.model.labels import METADATA_NAME, Labels, LabelSelector
from netpol_lab.model.objects import (
    DIRECTIONS,
    Direction,
    Namespace,
    NetworkPolicy,
    NetworkPolicyPeer,
    NetworkPolicyRule,
    Pod,
)
from netpol_lab.model.origin import Origin
from netpol_lab.model.phrases import PEERS_FIELD, capital, counted, in_words, listed
from netpol_lab.model.ports import PortSet
from netpol_lab.tell.saying import line, say
from netpol_lab.tell.words import Sentence, names, peers_words, ports_words, selector_words

EffectRow = tuple[str, str, PortSet, str]
"""From, to, ports, and ``+`` for what passes because of the policy or ``-`` for what does not because of it."""

_SHOWN_EFFECTS = 5


@dataclass(frozen=True)
class Section:
    """One sentence of the card with what belongs to it.

    ``mark`` is its sign in the margin and in the YAML, ``word`` the word that starts it (bold). ``pods`` are shown as
    small frames, ``note`` behind them; ``chips`` are (words, black); ``warning`` stands in a box; ``lines`` say where.
    ``twin`` is the same as text: what stands in the margin, the sentence, and the note behind it.
    """

    mark: str
    word: str
    sentence: Sentence
    origin: Origin | None = None
    pods: tuple[str, ...] = ()
    lead: str = ""
    note: str = ""
    chips: tuple[tuple[str, bool], ...] = ()
    warning: str = ""
    details: tuple[str, ...] = ()
    twin: tuple[str, str, str] = ("", "", "")


@dataclass(frozen=True)
class World:
    """The pods a policy can select and admit; the engine tells which of them a selector means."""

    nodes: tuple[SceneNode, ...]
    engine: Engine
    not_enforced: Caveat | None = None
    """Where the network plugin ignores policies: which one, and for which directions."""
    tells_nearest: bool = True
    """Whether the pod is named that comes closest to a selector without one."""

    @classmethod
    def of(cls, scene: Scene, namespaces: Iterable[Namespace]) -> World:
        """Namespaces that are not given are known by the one label the API server sets."""
        known = {name: Namespace(name, Labels({METADATA_NAME: name})) for name in scene.namespaces}
        known |= {namespace.name: namespace for namespace in namespaces}
        nodes = tuple(node for node in scene.nodes if isinstance(node.endpoint, Pod))
        ignored = next((each for each in scene.caveats if each.kind == "not enforced"), None)
        return cls(
            nodes, Engine((node.endpoint for node in nodes if isinstance(node.endpoint, Pod)), known, ()), ignored
        )

    def in_namespace(self, namespace: str) -> list[SceneNode]:
        return [node for node in self.nodes if node.namespace == namespace]

    def selected(self, policy: NetworkPolicy) -> list[SceneNode]:
        return self._in([self.engine.classes.selected(policy.namespace, policy.pod_selector)])

    def matched(self, rule: NetworkPolicyRule, namespace: str) -> list[SceneNode]:
        """The pods that a rule's selectors resolve to now, peer by peer; an ipBlock names addresses, not pods."""
        found = (self._in(self.engine.runs(namespace, peer)) for peer in rule.peers if peer.ip_block is None)
        return list(dict.fromkeys(node for nodes in found for node in nodes))

    def _in(self, runs: Iterable[Run]) -> list[SceneNode]:
        numbers = {number for run in runs for number in run.members()}
        return [node for node in self.nodes if self.engine.class_of(node.endpoint) in numbers]


def _labels(node: SceneNode) -> Mapping[str, str]:
    return node.endpoint.labels if isinstance(node.endpoint, Pod) else {}


def _number(nodes: Iterable[SceneNode]) -> int:
    return sum(node.count for node in nodes)


def sections(policy: NetworkPolicy, world: World, effect: Sequence[EffectRow] | None) -> list[Section]:
    """The whole card, top to bottom."""
    found = [_selects(policy, world), _isolates(policy, world)]
    both = bool(policy.ingress) and bool(policy.egress)
    for direction in DIRECTIONS:
        for index, rule in enumerate(policy.rules(direction)):
            found.append(_rule(policy, world, direction, index, rule, both))
    found += _no_rules(policy)
    if effect is not None:
        found.append(_effect(effect, _names_addresses(policy)))
    return found


def _selects(policy: NetworkPolicy, world: World) -> Section:
    selector = policy.pod_selector
    chosen, everyone = world.selected(policy), world.in_namespace(policy.namespace)
    words, told = say("policy.selects.every"), line("policy.selects.every.twin")
    if not selector.is_empty:
        meant = selector_words("pods", selector)
        words, told = say("policy.selects.pods", pods=meant), line("policy.selects.pods.twin", pods=meant)
    numbers = {"number": _number(chosen), "total": _number(everyone)}
    note = line("policy.selects.of", **numbers, namespace=policy.namespace)
    near = nearest(selector, everyone) if world.tells_nearest else ""
    warning = "" if chosen else line("policy.selects.none", nearest=near)
    pods = tuple(node.counted for node in chosen)
    twin = (line("policy.selects.label"), told, line("policy.selects.of.twin", **numbers))
    return Section("S", line("policy.selects"), words, selector.origin, pods, note=note, warning=warning, twin=twin)


def count_of(number: int) -> str:
    """``1 pod``, ``3 pods``."""
    return counted(number, "pod")


def nearest(selector: LabelSelector, nodes: Sequence[SceneNode]) -> str:
    """The pod whose label comes closest to one that is asked for, as the end of a sentence; "" when none is near."""
    best, score = "", 0.6
    for requirement in selector.requirements:
        for node in nodes:
            for key, value in _labels(node).items():
                for wanted in requirement.values:
                    asked, has = f"{requirement.key}={wanted}", f"{key}={value}"
                    alike = SequenceMatcher(None, asked, has, autojunk=False).ratio()
                    if score < alike < 1:
                        best, score = line("policy.nearest", pod=node.name, label=has), alike
    return best


def _isolates(policy: NetworkPolicy, world: World) -> Section:
    ways = [way for way in DIRECTIONS if policy.isolates(way)]
    ignored = [way for way in ways if world.not_enforced and way in world.not_enforced.directions]
    warning = ""
    if world.not_enforced and ignored:
        warning = line("policy.isolates.ignored", plugin=world.not_enforced.plugin, ways=listed(ignored))
    chips = tuple(
        (f"{'⇥' if way == 'ingress' else '↦'} {way}", True)
        if way in ways
        else (line("policy.isolates.untouched", way=way), False)
        for way in DIRECTIONS
    )
    untouched = [words for words, black in chips if not black]
    written = policy.types_origin or policy.origin is None  # of a policy without a file nobody knows what it says
    return Section(
        "T",
        line("policy.isolates"),
        say("policy.isolates.ways" if written else "policy.isolates.default", ways=listed(ways)),
        policy.types_origin,
        chips=chips,
        warning=warning,
        twin=(
            line("policy.isolates.label"),
            "; ".join([line("policy.isolates.twin", ways=listed(ways)), *untouched]),
            "",
        ),
    )


def _rule(
    policy: NetworkPolicy, world: World, direction: Direction, index: int, rule: NetworkPolicyRule, both: bool
) -> Section:
    letter = direction[0].upper() if both else ""
    peers = peers_words(rule, policy.namespace, direction)
    warning = ""
    if not policy.isolates(direction):
        warning = line("policy.rule.no effect", type=direction.capitalize())
    word = line(
        "policy.rule.asleep" if warning else "policy.rule", way=f"{direction} " if both else "", number=index + 1
    )
    pods = world.matched(rule, policy.namespace)
    by_label = [peer for peer in rule.peers if peer.ip_block is None]
    note = ""
    if by_label:
        near = _nearest_peer(by_label, world, policy.namespace) if world.tells_nearest and not pods else ""
        note = count_of(_number(pods)) if pods else line("policy.rule.no pod", nearest=near)
    said = {"ports": ports_words(rule.ports), "peers": peers}
    label = line("policy.rule.label.way" if both else "policy.rule.label", way=direction, number=index + 1)
    return Section(
        f"{letter}{index + 1}",
        capital(word),
        say("policy.rule.words", **said),
        rule.origin,
        tuple(_full(node, policy.namespace) for node in pods),
        lead=PEERS_FIELD[direction],
        note=note,
        warning=warning,
        twin=(label, line("policy.rule.asleep.twin" if warning else "policy.rule.twin", **said), note),
    )


def _nearest_peer(peers: Sequence[NetworkPolicyPeer], world: World, namespace: str) -> str:
    for peer in peers:
        if peer.pod_selector is not None:
            nodes = world.in_namespace(namespace) if peer.namespace_selector is None else list(world.nodes)
            found = nearest(peer.pod_selector, nodes)
            if found:
                return found
    return ""


def _full(node: SceneNode, namespace: str) -> str:
    """Pods of another namespace are named with it."""
    return node.counted if node.namespace == namespace else f"{node.namespace}/{node.counted}"


def _no_rules(policy: NetworkPolicy) -> list[Section]:
    closed = [way for way in DIRECTIONS if policy.isolates(way) and not policy.rules(way)]
    if not closed:
        return []
    if not policy.ingress and not policy.egress:
        twin = (line("policy.no rule.label"), line("policy.no rule.twin"), "")
        return [Section("–", line("policy.no rule"), say("policy.no rule.words"), twin=twin)]
    return [
        Section(
            "–",
            line("policy.no rule.way", way=way),
            say("policy.no rule.there"),
            twin=(line("policy.no rule.way.label", way=way), line("policy.no rule.there.twin"), ""),
        )
        for way in closed
    ]


def _names_addresses(policy: NetworkPolicy) -> bool:
    rules = (rule for way in DIRECTIONS if policy.isolates(way) for rule in policy.rules(way))
    return any(peer.ip_block is not None for rule in rules for peer in rule.peers)


def _effect(effect: Sequence[EffectRow], addresses: bool) -> Section:
    """How many connections there are because of the policy and how many are missing, and the first of them.

    Pods are counted and the outside as a whole; of the single ``addresses`` that a rule may name, nothing is known.
    """
    word, label = line("policy.effect"), line("policy.effect.label")
    if not effect:
        none = "addresses" if addresses else "none"
        return Section("=", word, say(f"policy.effect.{none}"), twin=(label, line(f"policy.effect.{none}.twin"), ""))
    signs = [sign for _, _, _, sign in effect]
    more, fewer = signs.count("+"), signs.count("-")
    mark, turn = ("±", "both") if more and fewer else ("+", "more") if more else ("−", "fewer")
    numbers = {"more": more, "fewer": fewer, "number": more or fewer}
    words, note = say(f"policy.effect.{turn}", **numbers), line(f"policy.effect.{turn}.twin", **numbers)
    rest = len(effect) - _SHOWN_EFFECTS if len(effect) > _SHOWN_EFFECTS + 1 else 0  # a line for one is that one's own
    details = [connection(item) for item in effect[: len(effect) - rest]]
    if mark == "±":
        details = [f"{'+' if sign == '+' else '−'} {detail}" for sign, detail in zip(signs, details, strict=False)]
    if rest:
        details.append(line("policy.effect.rest", number=rest))
    return Section(mark, word, words, details=tuple(details), twin=(label, "", note))


def connection(item: EffectRow) -> str:
    """``client-07 → server-07, TCP 80``."""
    source, target, ports, _ = item
    return f"{source} → {target}, {ports.words()}"


def finding(policy: NetworkPolicy, world: World) -> str:
    """The title: what the policy does."""
    chosen = world.selected(policy)
    if not chosen:
        return line("policy.title.no pod", policy=policy.name)
    ignored = world.not_enforced.directions if world.not_enforced else ()
    ways = [way for way in DIRECTIONS if policy.isolates(way) and way not in ignored]
    rules = [(way, rule) for way in ways for rule in policy.rules(way)]
    who = {"policy": policy.name, "pods": _who(chosen, world.in_namespace(policy.namespace))}
    if world.not_enforced and not ways:
        return line("policy.title.ignored", **who, plugin=world.not_enforced.plugin)
    if not rules:
        return line(f"policy.title.closes.{ways[0] if len(ways) == 1 else 'both'}", **who)
    if len(rules) > 1:
        return line("policy.title.rules", **who, ways=listed(ways), number=in_words(len(rules)))
    way, rule = rules[0]
    peers, ports = _peers(policy, world, rule, way), ports_words(rule.ports)
    return line(f"policy.title.{way}", **who, peers=peers, ports=ports)


def _who(chosen: Sequence[SceneNode], everyone: Sequence[SceneNode]) -> str:
    number = _number(chosen)
    if len(chosen) == len(everyone) and number > 1:
        return line("policy.every.two") if number == 2 else line("policy.every", number=in_words(number))
    return names([node.counted for node in chosen]) if len(chosen) <= 2 else count_of(number)


def _peers(policy: NetworkPolicy, world: World, rule: NetworkPolicyRule, way: Direction) -> str:
    if not rule.peers:
        return line(f"policy.anyone.{way}")
    blocks = [peer.ip_block.cidr for peer in rule.peers if peer.ip_block is not None]
    pods = world.matched(rule, policy.namespace)
    parts = [line("policy.addresses", blocks=names(blocks, 2, "range"))] if blocks else []
    if pods or not blocks:
        found = [_full(node, policy.namespace) for node in pods]
        parts.insert(0, names(found, 2) if found else line("policy.no pod"))
    return listed(parts)
