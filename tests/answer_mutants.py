"""Answers made by changing one thing in each exercise's solution, and what the check says of each.

``python tests/answer_mutants.py`` prints per exercise: answers tried, how many behave differently, and of those how
many are rejected, named with the cause, rejected without one, and named with a mistake that took no part in the change.
It exits with 1 when one that behaves differently is accepted. A word after it picks exercises, and ``-v`` the rest.
``--practice`` takes the clinic's patients, an exam paper and a capstone in the place of the lessons' exercises.

What behaves differently is measured, by comparing the reach of all pods, of their likes in every place, and of
addresses outside with those of the solution. Neither the exercise's wanted connections nor its visitors are asked.
"""

from __future__ import annotations

import copy
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from netpol_lab.cluster.handle import hypothetical
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections.outside import endpoint_at
from netpol_lab.connections.resolving import parse_address
from netpol_lab.connections.scene import SceneNode, build
from netpol_lab.kubectl import Session, run
from netpol_lab.lessons.exercises import CheckResult, Exercise, check, load
from netpol_lab.lessons.loading import WrittenAnswer
from netpol_lab.lessons.practice.clinic import scenarios
from netpol_lab.manifests import from_object, read_text
from netpol_lab.model.errors import ManifestError
from netpol_lab.model.labels import METADATA_NAME
from netpol_lab.model.objects import Resource

Document = dict[str, Any]
Mistakes = frozenset[str]
SIDES = {"ingress": "from", "egress": "to"}
ADDRESSES = ("8.8.8.8", "203.0.113.10", "192.168.10.20", "10.20.30.40", "172.18.0.2", "172.18.0.3", "169.254.169.254")
OPENS = "second policy that opens"


@dataclass(frozen=True)
class Mutant:
    """An answer with one change: what was done, and the mistakes that are its right name."""

    change: str
    answer: WrittenAnswer
    fits: Mistakes


@dataclass(frozen=True)
class Judgement:
    mutant: Mutant
    result: CheckResult
    differs: bool

    @property
    def accepted(self) -> bool:
        return self.differs and self.result.passed

    @property
    def said(self) -> str:
        """named, wrongly named, or nameless."""
        if self.result.mistake is None and not self.result.sentences:
            return "nameless"
        return "wrong" if self.result.mistake and self.result.mistake not in self.mutant.fits else "named"


def mistakes(words: str) -> Mistakes:
    return frozenset(words.split())


# -- changes -------------------------------------------------------------------------------------------
# Each takes the documents of a solution and yields (what was done, the documents, the mistakes that fit).

Change = tuple[str, list[Document], str]


def changed(documents: list[Document], at: tuple[Any, ...], change: Callable[[Any, Any], object]) -> list[Document]:
    """A copy in which ``change`` was made to the thing at a path: it gets what holds the thing, and its key."""
    new = copy.deepcopy(documents)
    holder: Any = new
    for step in at[:-1]:
        holder = holder[step]
    change(holder, at[-1])
    return new


def put(value: object) -> Callable[[Any, Any], object]:
    return lambda holder, key: holder.__setitem__(key, copy.deepcopy(value))


def drop(holder: Any, key: Any) -> None:
    del holder[key]


def of_policies(documents: list[Document], exercise: Exercise) -> Iterator[Change]:
    start = exercise.start_cluster().snapshot()
    spaces = [space.name for space in start.namespaces if space.name in {"default", *exercise.scope}]
    there = {policy.id for policy in start.policies}
    for i, document in enumerate(documents):
        name, home = document["metadata"]["name"], document["metadata"]["namespace"]
        if len(documents) > 1:
            yield f"{name} left out", documents[:i] + documents[i + 1 :], "M23 M9"
        for other in spaces:
            if other != home:
                yield f"{name} in {other}", changed(documents, (i, "metadata", "namespace"), put(other)), "M8"
        if f"{home}/{name}" in there:
            yield f"{name} beside the old one", changed(documents, (i, "metadata", "name"), put("another")), "M16"
        yield from _second(documents, i)
        yield from of_types(documents, i)
        yield from of_selector(documents, (i, "spec", "podSelector"), "podSelector", start, "M17 M15 M9 S26")
        for direction in SIDES:
            yield from of_rules(documents, i, direction, start)


def _second(documents: list[Document], i: int) -> Iterator[Change]:
    first = documents[i]
    for direction in SIDES:
        types = [direction.capitalize()]
        for words, rule in (("everything", {}), ("8443", {"ports": [{"protocol": "TCP", "port": 8443}]})):
            second = copy.deepcopy(first)
            second["metadata"]["name"] = "second"
            second["spec"] = {"podSelector": first["spec"]["podSelector"], "policyTypes": types, direction: [rule]}
            yield f"{OPENS} {words} for {direction}", [*documents, second], "M15 M16 M7 S17 S16"


def of_types(documents: list[Document], i: int) -> Iterator[Change]:
    at, both = (i, "spec", "policyTypes"), ["Ingress", "Egress"]
    types = documents[i]["spec"].get("policyTypes", ["Ingress"])
    if len(types) == 2:
        for one in types:
            yield f"policyTypes: {one} alone", changed(documents, at, put([one])), "S16"
    else:
        yield "policyTypes: both", changed(documents, at, put(both)), "S17"
        other = [each for each in both if each not in types]
        yield "policyTypes: the other", changed(documents, at, put(other)), "S16 S17 M9"


def of_rules(documents: list[Document], i: int, direction: str, start: Snapshot) -> Iterator[Change]:
    spec = documents[i]["spec"]
    if direction not in spec:
        if direction.capitalize() in spec.get("policyTypes", ["Ingress"]):
            yield f"{direction}: [{{}}]", changed(documents, (i, "spec", direction), put([{}])), "M15"
        return
    rules, at, side = spec[direction], (i, "spec", direction), SIDES[direction]
    if not rules:
        yield f"{direction}: [{{}}]", changed(documents, at, put([{}])), "M15"
        return
    yield f"no {direction} rules", changed(documents, at, put([])), "M15 M5 M16"
    other = next(each for each in SIDES if each != direction)
    moved = changed(documents, (i, "spec", other), put(_turned(rules, side, SIDES[other])))
    yield f"rules under {other}", changed(moved, at, drop), "M9 M15 S16 M5"
    types = (i, "spec", "policyTypes")
    turned = changed(changed(moved, at, drop), types, put([other.capitalize()]))
    yield f"rules under {other}, and its type", turned, "M9 S16 M15 M5 S17"
    for number, rule in enumerate(rules):
        here = (*at, number)
        if len(rules) > 1:
            yield f"{direction} rule {number + 1} left out", changed(documents, here, drop), "M15 M5 M23 M10"
        if rule:
            yield f"{direction} rule {number + 1} emptied", changed(documents, here, put({})), "M15"
        yield from of_rule(documents, here, side, start)


def _turned(rules: list[Document], side: str, other: str) -> list[Document]:
    return [{(other if key == side else key): value for key, value in rule.items()} for rule in rules]


def of_rule(documents: list[Document], at: tuple[Any, ...], side: str, start: Snapshot) -> Iterator[Change]:
    i, rule = at[0], documents[at[0]]["spec"][at[2]][at[3]]
    place = f"{at[2]} rule {at[3] + 1}"
    if side in rule:
        yield f"{place} without {side}", changed(documents, (*at, side), drop), "M15"
        for number, peer in enumerate(rule[side]):
            here = (*at, side, number)
            if len(rule[side]) > 1:
                yield f"{place} peer {number + 1} left out", changed(documents, here, drop), "M23"
            yield from of_peer(documents, here, peer, f"{place} peer {number + 1}", start)
        for words, extra, fits in (
            ("every namespace", {"namespaceSelector": {}}, "M15 M1"),
            ("its namespace", {"podSelector": {}}, "M15 M1"),
            ("every address", {"ipBlock": {"cidr": "0.0.0.0/0"}}, "M11 M10 M15 S21 M16"),
        ):
            new = changed(documents, (*at, side), put([*rule[side], extra]))
            yield f"{place} and a peer for {words}", new, fits
        if "podSelector" in rule[side][0] and "namespaceSelector" not in rule[side][0]:
            mine, theirs = documents[i]["spec"]["podSelector"], rule[side][0]["podSelector"]
            swapped = changed(documents, (i, "spec", "podSelector"), put(theirs))
            yield f"{place}: ends exchanged", changed(swapped, (*at, side, 0, "podSelector"), put(mine)), "M9 M17 M15"
    if "ports" in rule:
        if side in rule:
            halves = [{side: rule[side]}, {"ports": rule["ports"]}]
            split = [
                half
                for n, each in enumerate(documents[i]["spec"][at[2]])
                for half in (halves if n == at[3] else [each])
            ]
            yield f"{place}: a dash before ports", changed(documents, at[:3], put(split)), "M2"
        yield f"{place} without ports", changed(documents, (*at, "ports"), drop), "M15 M7"
        more = [*rule["ports"], {"protocol": "TCP", "port": 8443}]
        yield f"{place} and port 8443", changed(documents, (*at, "ports"), put(more)), "M7"
        for number, port in enumerate(rule["ports"]):
            yield from of_port(documents, (*at, "ports", number), port, f"{place} port {number + 1}")
    elif side in rule:
        one = [{"protocol": "TCP", "port": 80}]
        yield f"{place} on port 80 alone", changed(documents, (*at, "ports"), put(one)), "M7"


def of_port(documents: list[Document], at: tuple[Any, ...], port: Document, place: str) -> Iterator[Change]:
    other = "UDP" if port.get("protocol", "TCP") == "TCP" else "TCP"
    fits = "M14" if isinstance(port["port"], str) else "M6"
    yield f"{place} by {other}", changed(documents, (*at, "protocol"), put(other)), fits
    if isinstance(port["port"], str):
        yield f"{place} misspelled", changed(documents, (*at, "port"), put(port["port"] + "x")), "M14"
        yield f"{place} as 8080", changed(documents, (*at, "port"), put(8080)), "M7"
        return
    for number in (port["port"] + 1, 8443):
        yield f"{place} is {number}", changed(documents, (*at, "port"), put(number)), "M7"
    for first, last in ((port["port"], 65535), (port["port"], port["port"] + 10), (1, port["port"])):
        new = changed(changed(documents, (*at, "port"), put(first)), (*at, "endPort"), put(last))
        yield f"{place} from {first} to {last}", new, "M7"
    yield f"{place}: no number", changed(documents, (*at, "port"), drop), "M7 M15"
    ports = documents[at[0]]["spec"][at[2]][at[3]]["ports"]
    if len(ports) > 1:
        yield f"{place} left out", changed(documents, at, drop), "M6 M7"


def of_peer(
    documents: list[Document], at: tuple[Any, ...], peer: Document, place: str, start: Snapshot
) -> Iterator[Change]:
    if "ipBlock" in peer:
        yield from of_block(documents, (*at, "ipBlock"), peer["ipBlock"], place)
        return
    pods = {"ipBlock": {"cidr": "10.244.0.0/16"}}
    yield f"{place}: all pod addresses", changed(documents, at, put(pods)), "M10"
    if len(peer) == 2:
        space, pod = ({key: peer[key]} for key in ("namespaceSelector", "podSelector"))
        peers = documents[at[0]]["spec"][at[2]][at[3]][at[4]]
        both = [half for n, each in enumerate(peers) for half in ((space, pod) if n == at[5] else (each,))]
        yield f"{place} split by a dash", changed(documents, at[:5], put(both)), "M1"
        yield f"{place}: namespace alone", changed(documents, at, put(space)), "M15 M17"
        yield f"{place}: pods alone", changed(documents, at, put(pod)), "M3"
    if "namespaceSelector" in peer:
        yield from of_selector(documents, (*at, "namespaceSelector"), f"{place} namespaceSelector", start, "M4 M15 M17")
    if "podSelector" in peer:
        yield from of_selector(documents, (*at, "podSelector"), f"{place} podSelector", start, "M17 M15")
        if len(peer) == 1:
            wide = changed(documents, (*at, "namespaceSelector"), put({}))
            yield f"{place} in every namespace", wide, "M15"
            theirs = changed(documents, at, put({"namespaceSelector": peer["podSelector"]}))
            yield f"{place}: its labels asked of a namespace", theirs, "M4 M15 M17"


def of_block(documents: list[Document], at: tuple[Any, ...], block: Document, place: str) -> Iterator[Change]:
    for number, hole in enumerate(block.get("except", ())):
        yield f"{place} without the hole {hole}", changed(documents, (*at, "except", number), drop), "S21 M11"
    if "except" in block:
        yield f"{place} without holes", changed(documents, (*at, "except"), drop), "S21 M11"
        for hole in ("192.168.0.0/16", "10.0.0.0/8", "0.0.0.0/1"):
            wider = [hole, *(each for each in block["except"] if not (hole == "10.0.0.0/8" and each.startswith("10.")))]
            yield f"{place} with a hole {hole}", changed(documents, (*at, "except"), put(wider)), "S20"
    for cidr in ("0.0.0.0/0", "203.0.113.0/24", "172.18.0.0/16", "10.96.0.1/32"):
        if cidr != block["cidr"]:
            yield f"{place} is {cidr}", changed(documents, at, put({"cidr": cidr})), "S20 S21 M13 M11 M10"


def of_selector(
    documents: list[Document], at: tuple[Any, ...], place: str, start: Snapshot, fits: str
) -> Iterator[Change]:
    """Another label, another value, other operators, and no condition at all."""
    selector: Any = documents
    for step in at:
        selector = selector[step]
    if not selector:
        if at[-1] == "podSelector" and at[-2] == "spec":
            home = documents[at[0]]["metadata"]["namespace"]
            first = next((pod for pod in start.pods if pod.namespace == home and pod.labels), None)
            if first is not None:
                key, value = next(iter(first.labels.items()))
                yield f"{place} for {key}={value}", changed(documents, at, put({"matchLabels": {key: value}})), fits
        return
    yield f"{place}: {{}}", changed(documents, at, put({})), fits
    wants = [(k, [v], "In") for k, v in selector.get("matchLabels", {}).items()]
    wants += [(e["key"], e.get("values", []), e["operator"]) for e in selector.get("matchExpressions", ())]
    for key, values, operator in wants:
        others = sorted(
            {
                each.labels[key]
                for each in (start.namespaces if at[-1] == "namespaceSelector" else start.pods)
                if key in each.labels and each.labels[key] not in values
            }
        )
        for new in ([f"{values[0]}x"], *([each] for each in others[:3])):
            one = {"key": key, "operator": operator, "values": new}
            yield f"{place}: {key} {operator} {new[0]}", changed(documents, at, put({"matchExpressions": [one]})), fits
        for other in ("In", "NotIn", "Exists", "DoesNotExist"):
            if other != operator:
                one = {"key": key, "operator": other, **({"values": values} if other in ("In", "NotIn") else {})}
                yield f"{place}: {key} {other}", changed(documents, at, put({"matchExpressions": [one]})), fits
        one = {"key": "name", "operator": operator, "values": values}
        yield f"{place}: name {operator} {values[0]}", changed(documents, at, put({"matchExpressions": [one]})), fits


def of_commands(exercise: Exercise) -> Iterator[Mutant]:
    """Other words in a kubectl line."""
    words = shlex.split(exercise.solution.commands)
    name = 3 if words[1] == "create" else 2

    def instead(at: int, *new: str, drop: int = 1) -> str:
        return shlex.join([*words[:at], *new, *words[at + drop :]])

    found = [("name misspelled", instead(name, f"{words[name]}x"), "M17")]
    found += [("a letter short", instead(name, words[name][1:]), "M17")]
    for at, word in enumerate(words):
        if word.startswith("--image="):
            found += [(f"image {image}", instead(at, f"--image={image}"), "M21") for image in ("nginx", "httpd:2.4")]
        if word.startswith("--labels="):
            found += [("label misspelled", instead(at, f"{word}x"), "M17"), ("no label", instead(at), "M17")]
        if word.startswith("--port="):
            found += [("port 8080", instead(at, "--port=8080"), "M21"), ("no port", instead(at), "M21")]
        if word == "-n":
            if words[at + 1] != "default":
                found += [("no namespace", instead(at, drop=2), "M8 M17")]
            found += [("kube-system", instead(at, "-n", "kube-system", drop=2), "M8 M17")]
        if word == "--":
            rest = len(words) - at
            found += [
                ("no command", instead(at, drop=rest), "M21"),
                ("sleeps 36", instead(len(words) - 1, "36"), "M21"),
            ]
    for change, line, fits in found:
        yield Mutant(change, WrittenAnswer(commands=line), mistakes(fits))
    for space in exercise.scope:
        metadata = {"name": "needless", "namespace": space}
        body: Document = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata}
        body["spec"] = {"podSelector": {}, "ingress": [{}]}
        answer = WrittenAnswer(yaml.safe_dump(body), exercise.solution.commands)
        yield Mutant(f"a policy that admits all in {space}", answer, mistakes("M24 M15"))


# -- what behaves differently ------------------------------------------------------------------------


def probes(exercise: Exercise, start: Snapshot) -> list[Resource]:
    """New pods like those there are, at home and in a place of its own; and strangers, with other labels and none."""
    solution = list(yaml.safe_load_all(exercise.solution.manifest))
    keys = sorted(set(_keys(solution)) - {METADATA_NAME})
    found: dict[Any, Document] = {}
    spaces = {space.name: {k: v for k, v in space.labels.items() if k != METADATA_NAME} for space in start.namespaces}
    for name, labels in [("elsewhere", {}), *((f"like-{name}", labels) for name, labels in spaces.items() if labels)]:
        found[name] = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    places = [*exercise.scope, "default", "kube-system", *found]
    for place in dict.fromkeys(places):
        others = [{}, *({key: "other"} for key in keys)]
        for number, labels in enumerate(others):
            found[place, number] = _pod(place, f"probe-{number}", labels, [{"name": "p", "image": "busybox:1.36"}])
    for pod in [
        each
        for each in start.list("Pod")
        if each.namespace in exercise.scope or each.namespace not in ("kube-system", "local-path-storage")
    ]:
        labels = {k: v for k, v in pod.typed.labels.items() if k != "pod-template-hash"}  # type: ignore[union-attr]
        for place in dict.fromkeys((pod.namespace, "elsewhere", *(n for n in found if isinstance(n, str)))):
            found[place, pod.name] = _pod(place, f"probe-{pod.name}"[:60], labels, pod.body["spec"]["containers"])
    return [from_object(body) for body in found.values()]


def _keys(data: Any) -> Iterator[str]:
    if isinstance(data, list):
        yield from (key for each in data for key in _keys(each))
    elif isinstance(data, dict):
        yield from data.get("matchLabels", {})
        yield from (each["key"] for each in data.get("matchExpressions", ()))
        yield from (key for each in data.values() for key in _keys(each))


def _pod(namespace: str, name: str, labels: dict[str, str], containers: list[Any]) -> Document:
    bare = [{key: each[key] for key in ("name", "image", "ports") if key in each} for each in containers]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": namespace, "name": name, "labels": labels},
        "spec": {"containers": bare},
    }


class Yardstick:
    """The reach of everybody in an exercise's start with some answer, and whether it is the solution's."""

    def __init__(self, exercise: Exercise) -> None:
        self.exercise, start = exercise, exercise.start_cluster().snapshot()
        self.start = hypothetical(start, probes(exercise, start))
        self.wanted = self.reach(exercise.solution.manifest)

    def reach(self, manifest: str) -> dict[tuple[str, str], Any]:
        state = hypothetical(self.start, read_text(manifest))
        ends = ((name, endpoint_at(parse_address(name))) for name in ADDRESSES)  # type: ignore[arg-type]
        scene = build(state, fold=False, also=(SceneNode(name, "", name, "", end) for name, end in ends))
        named = {"External", *ADDRESSES}
        nodes = [node.id for node in scene.nodes if node.namespace or node.id in named]
        return {
            (a, b): scene.reach[a, b].ports
            for a in nodes
            for b in nodes
            if (a, b) in scene.reach and not (a.startswith("kube-system") and b.startswith("kube-system"))
        }

    def differences(self, manifest: str) -> list[tuple[str, str]]:
        got = self.reach(manifest)
        return [pair for pair, ports in self.wanted.items() if got.get(pair) != ports]


# -- the report ----------------------------------------------------------------------------------------


def mutants(exercise: Exercise) -> list[Mutant]:
    if exercise.solution.commands:
        return list(of_commands(exercise))
    documents = list(yaml.safe_load_all(exercise.solution.manifest))
    found: dict[str, Mutant] = {}
    for change, new, fits in of_policies(documents, exercise):
        text = yaml.safe_dump_all(new, sort_keys=False)
        if _is_accepted(text):
            found.setdefault(text, Mutant(change, WrittenAnswer(manifest=text), mistakes(fits)))
    return list(found.values())


def _is_accepted(manifest: str) -> bool:
    """Whether the API takes it: a port above its endPort, say, is refused and answers nothing."""
    try:
        return bool(read_text(manifest))
    except ManifestError:
        return False


def answered(exercise: Exercise, answer: WrittenAnswer) -> CheckResult:
    cluster = exercise.start_cluster()
    for resource in read_text(answer.manifest, exercise.file) if answer.manifest else ():
        cluster.apply(resource)
    for line in answer.commands.splitlines():
        run(Session(cluster), shlex.split(line)[1:], lambda: "", ".")
    return check(cluster, exercise)


def judgements(exercise: Exercise, every: int = 1) -> list[Judgement]:
    """What the check says of each mutant, or of every third, say."""
    yardstick = Yardstick(exercise) if exercise.solution.manifest else None
    return [
        Judgement(
            mutant,
            answered(exercise, mutant.answer),
            yardstick is None or bool(yardstick.differences(mutant.answer.manifest)),
        )
        for mutant in mutants(exercise)[::every]
    ]


HEAD = f"{'exercise':<26}{'tried':>7}{'differ':>8}{'rejected':>10}{'named':>7}{'nameless':>10}{'wrong':>7}{'share':>8}"


def row(id: str, found: list[Judgement]) -> tuple[str, Counter[str]]:
    different = [each for each in found if each.differs]
    rejected = [each for each in different if not each.result.passed]
    said = Counter(each.said for each in rejected)
    said.update(tried=len(found), differ=len(different), rejected=len(rejected))
    return line_of(id, said), said


def line_of(id: str, said: Counter[str]) -> str:
    share = said["named"] / said["rejected"] if said["rejected"] else 1.0
    numbers = (said["tried"], said["differ"], said["rejected"], said["named"], said["nameless"], said["wrong"])
    return "{:<26}{:>7}{:>8}{:>10}{:>7}{:>10}{:>7}{:>8.1%}".format(id, *numbers, share)


PRACTICE = [
    *scenarios(),
    "day 3",
    "day 4",
    "day 5",
    *(f"11-exam/{n}" for n in range(1, 13)),
    "13-capstone/1",
    "13-capstone/2",
]


def _of_lessons() -> list[str]:
    """The ids of the lessons' exercises; what reads them lies beside the notebooks, which pytest alone looks into."""
    sys.path.append(str(Path(__file__).resolve().parent.parent / "notebooks"))
    import readable_lessons

    return readable_lessons.exercise_ids()


def main(words: list[str]) -> int:
    verbose, practice = "-v" in words, "--practice" in words
    words = [word for word in words if not word.startswith("-")]
    total: Counter[str] = Counter()
    print(HEAD)
    for id in PRACTICE if practice else _of_lessons():
        if words and not any(word in id for word in words):
            continue
        exercise = load(id)
        found = judgements(exercise)
        text, said = row(id, found)
        total += said
        print(text, flush=True)
        for each in found:
            if each.accepted:
                print(f"    ACCEPTED  {each.mutant.change}")
            elif verbose and each.differs and each.said != "named":
                cause = each.result.feedback.cause[:110] if each.result.feedback else ""
                print(f"    {each.said:<9} {each.mutant.change}  {each.result.mistake or ''} {cause}")
    print(line_of("all", total))
    return int(total["differ"] > total["rejected"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
