"""Exam papers: twelve tasks in the forms that public curricula ask, made from the student's number.

Each paper has its own names and ports, and each task the same form and size on every paper, so that a neighbor's answer
does not fit and is no easier. A task is an exercise: what it does not name behaves as with its solution.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import yaml

from netpol_lab.lessons.loading import Exercise, Freedom, WantedCell, WrittenAnswer
from netpol_lab.lessons.practice.breaking import WAYS
from netpol_lab.lessons.practice.healthy_worlds import (
    HealthyWorld,
    Manifest,
    Workload,
    deny_policy,
    dns_policy,
    named,
    partners,
    peer,
    policy,
    port_of,
    world,
)
from netpol_lab.lessons.practice.patients import lookalikes, newcomers
from netpol_lab.manifests import from_object
from netpol_lab.model.errors import NotFound
from netpol_lab.model.phrases import capital, listed

LESSON = "11-exam"


@dataclass(frozen=True)
class ExamTask:
    """What a form makes of a world: the text, what is there, and one answer. ``asks`` are connections it names."""

    title: str
    question: str
    answer: Sequence[Manifest]
    given: Sequence[Manifest] = ()
    commands: str = ""
    allowed: Sequence[WantedCell] = ()
    denied: Sequence[WantedCell] = ()
    labels: Freedom = "kept"
    policies: Freedom = "free"
    files: Sequence[tuple[str, str]] = ()


Form = Callable[[HealthyWorld, Random], ExamTask]

FORMS: list[Form] = []


def form(make: Form) -> Form:
    FORMS.append(make)
    return make


def number_of(xx: str) -> int:
    """The number of the paper of a student; names are numbers, too."""
    return int(xx) if xx.isdigit() else zlib.crc32(xx.encode()) % 1000


def paper(xx: str) -> list[Exercise]:
    """The twelve tasks of a student, in their order."""
    number = number_of(xx)
    made = world(number, 2, suffix=f"-{xx}", shift=number % 9)
    random = Random(f"paper {number}")
    return [_exercise(place, make(made, random), made, xx) for place, make in enumerate(FORMS, 1)]


def task(id: str, xx: str) -> Exercise:
    """One task by id, such as ``11-exam/3``. Raises NotFound with the ids there are."""
    found = next((each for each in paper(xx) if each.id == id), None)
    if found is None:
        raise NotFound(f"There is no task {id!r}. There are {LESSON}/1 to {LESSON}/{len(FORMS)}.")
    return found


def foreign_names(exercise: Exercise, policies: Iterable[Mapping[str, Any]]) -> list[str]:
    """The words of other papers in a student's policies, which the student's own paper does not have."""
    own = yaml.safe_dump([each.body for each in exercise.given])
    others = {each.name for number in range(64) for each in world(number, 3).workloads}
    found = {value for each in policies for value in _values(each)}
    return sorted(name for name in found & others if name not in own)


def not_your_paper(words: Sequence[str]) -> str:
    """What is said of words of another paper: no accusation, since sharing an idea is no fault."""
    named = listed(f"`{each}`" for each in words)
    return (
        f"Your policy speaks of {named}, and your paper has no such workload; the paper of another number has. The "
        "idea may well be right: read your own text again, and put in its names and its ports."
    )


def _values(body: Any) -> set[str]:
    if isinstance(body, Mapping):
        return {value for each in body.values() for value in _values(each)}
    if isinstance(body, list):
        return {value for each in body for value in _values(each)}
    return {body} if isinstance(body, str) else set()


def _exercise(place: int, made: ExamTask, where: HealthyWorld, xx: str) -> Exercise:
    return Exercise(
        id=f"{LESSON}/{place}",
        title=made.title,
        question=made.question,
        allowed=tuple(made.allowed),
        denied=tuple(made.denied),
        visitors=(*newcomers(where.spaces), *lookalikes(partners(where))),
        rest="solution",
        labels=made.labels,
        policies=made.policies,
        scope=where.spaces,
        solution=WrittenAnswer(yaml.safe_dump_all(made.answer, sort_keys=False) if made.answer else "", made.commands),
        xx=xx,
        given=tuple(from_object(each) for each in [*where.objects(), *made.given]),
        files=tuple(made.files),
    )


# -- the pieces of answers ---------------------------------------------------------------------------


def _app(one: Workload) -> dict[str, str]:
    return {"app": one.name}


def _peer(one: Workload, seen_from: str) -> Manifest:
    return {**peer(one, seen_from), "podSelector": {"matchLabels": _app(one)}}


def _dns_rule() -> Manifest:
    rule: Manifest = dns_policy("")["spec"]["egress"][0]
    return rule


def _to(one: Workload, seen_from: str, *ports: Manifest) -> Manifest:
    return {"to": [_peer(one, seen_from)], "ports": list(ports) or [port_of(one.port)]}


def _from(one: Workload, target: Workload) -> Manifest:
    return {"from": [_peer(one, target.namespace)], "ports": [port_of(target.port)]}


def _cell(source: Workload | str, target: Workload | str, port: int | None) -> WantedCell:
    first, second = (each if isinstance(each, str) else each.id for each in (source, target))
    return WantedCell(first, second, port, "TCP")


def _says(one: Workload) -> str:
    return f"the pods app={one.name} of the namespace {one.namespace}"


_NOBODY_ELSE = "Nobody else gets in, and nothing else changes."


# -- the forms ---------------------------------------------------------------------------------------


@form
def one_client(made: HealthyWorld, random: Random) -> ExamTask:
    web, api = made.role("web"), made.role("api")
    return ExamTask(
        "One client, one port",
        f"Only {_says(web)} may connect to {_says(api)}, on TCP {api.port}. {_NOBODY_ELSE}",
        [policy(api.namespace, "one-client", _app(api), ingress=[_from(web, api)])],
        allowed=[_cell(web, api, api.port)],
        denied=[_cell(made.role("gateway"), api, api.port)],
    )


@form
def closed_namespace(made: HealthyWorld, random: Random) -> ExamTask:
    db, api = made.role("db"), made.role("api")
    return ExamTask(
        "Close the way in",
        f"Nobody may connect to any pod of the namespace {db.namespace}, pods that come later included. What its pods "
        "send is not touched.",
        [policy(db.namespace, "closed", {}, ingress=[])],
        allowed=[_cell(db, api, api.port)],
        denied=[_cell(api, db, db.port)],
    )


@form
def whole_namespace(made: HealthyWorld, random: Random) -> ExamTask:
    web, gateway = made.role("web"), made.role("gateway")
    rule = {"from": [{"namespaceSelector": {"matchLabels": named(gateway.namespace)}}]}
    return ExamTask(
        "A whole namespace",
        f"All pods of the namespace {gateway.namespace} may connect to {_says(web)}, on every port. {_NOBODY_ELSE}",
        [policy(web.namespace, "whole-namespace", _app(web), ingress=[rule])],
        allowed=[_cell(gateway, web, web.port)],
        denied=[_cell(made.role("scraper"), web, web.port)],
    )


@form
def both_at_once(made: HealthyWorld, random: Random) -> ExamTask:
    db, scraper = made.role("db"), made.role("scraper")
    return ExamTask(
        "Both conditions at once",
        f"Only the pods app={scraper.name} of the namespace {scraper.namespace} may connect to {_says(db)}, on TCP "
        f"{db.port}. {_NOBODY_ELSE}",
        [policy(db.namespace, "both", _app(db), ingress=[_from(scraper, db)])],
        allowed=[_cell(scraper, db, db.port)],
        denied=[_cell(made.role("board"), db, db.port)],
    )


@form
def dns_alone(made: HealthyWorld, random: Random) -> ExamTask:
    worker, queue = made.role("worker"), made.role("queue")
    return ExamTask(
        "Nothing but DNS",
        f"From {_says(worker)} goes out nothing but questions to the cluster's DNS, on UDP and TCP 53. What comes in "
        "is not touched.",
        [policy(worker.namespace, "dns-alone", _app(worker), egress=[_dns_rule()])],
        denied=[_cell(worker, queue, queue.port)],
    )


@form
def two_targets(made: HealthyWorld, random: Random) -> ExamTask:
    api, db, cache = (made.role(role) for role in ("api", "db", "cache"))
    rules = [_to(db, api.namespace), _to(cache, api.namespace), _dns_rule()]
    return ExamTask(
        "Two targets, two ports",
        f"{capital(_says(api))} may connect to app={db.name} on TCP {db.port} and to app={cache.name} "
        f"on TCP {cache.port}, both in {db.namespace}, and ask the cluster's DNS (UDP and TCP 53). Nothing else goes "
        "out of them.",
        [policy(api.namespace, "two-targets", _app(api), egress=rules)],
        allowed=[_cell(api, db, db.port), _cell(api, cache, cache.port)],
        denied=[_cell(api, db, cache.port)],
    )


@form
def port_range(made: HealthyWorld, random: Random) -> ExamTask:
    worker, queue = made.role("worker"), made.role("queue")
    first, last = queue.port - 2, queue.port + 7
    ports = {"protocol": "TCP", "port": first, "endPort": last}
    return ExamTask(
        "A range of ports",
        f"{capital(_says(queue))} accept TCP {first} to {last} from {_says(worker)}. {_NOBODY_ELSE} "
        "Write one rule with one item under ports.",
        [
            policy(
                queue.namespace,
                "range",
                _app(queue),
                ingress=[{"from": [_peer(worker, queue.namespace)], "ports": [ports]}],
            )
        ],
        allowed=[_cell(worker, queue, each) for each in (first, queue.port, last)],
        denied=[_cell(worker, queue, last + 1)],
    )


@form
def block_with_a_hole(made: HealthyWorld, random: Random) -> ExamTask:
    worker = made.role("worker")
    block = {"ipBlock": {"cidr": "203.0.113.0/24", "except": ["203.0.113.64/26"]}}
    return ExamTask(
        "A block with a hole",
        f"{capital(_says(worker))} may connect to the addresses 203.0.113.0/24 on TCP 443, but not "
        "to 203.0.113.64/26, and ask the cluster's DNS (UDP and TCP 53). Nothing else goes out of them.",
        [
            policy(
                worker.namespace, "block", _app(worker), egress=[{"to": [block], "ports": [port_of(443)]}, _dns_rule()]
            )
        ],
        allowed=[_cell(worker, "203.0.113.10", 443)],
        denied=[_cell(worker, "203.0.113.70", 443), _cell(worker, "198.51.100.9", 443)],
    )


@form
def hands_off(made: HealthyWorld, random: Random) -> ExamTask:
    web, api = made.role("web"), made.role("api")
    return ExamTask(
        "Leave what is there",
        f"Both namespaces of the application are closed in both directions, but for DNS. Let {_says(web)} connect to "
        f"{_says(api)}, on TCP {api.port}. Do not change or delete a policy that is there. Nothing else opens.",
        [
            policy(web.namespace, "web-out", _app(web), egress=[_to(api, web.namespace)]),
            policy(api.namespace, "api-in", _app(api), ingress=[_from(web, api)]),
        ],
        given=[each for space in made.spaces for each in (deny_policy(space), dns_policy(space))],
        allowed=[_cell(web, api, api.port)],
        denied=[_cell(made.role("worker"), api, api.port)],
        policies="added",
    )


@form
def least_of_three(made: HealthyWorld, random: Random) -> ExamTask:
    api, db = made.role("api"), made.role("db")
    right = [_from(api, db)]
    space, pods = ({name: each} for name, each in _peer(api, db.namespace).items())
    wide = [[{"from": [space]}], [{"from": [space, pods], "ports": [port_of(db.port)]}]]
    order = [right, *wide]
    random.shuffle(order)
    made_of = [policy(db.namespace, "candidate", _app(db), ingress=rules) for rules in order]
    letters = "abc"
    files = [
        (f"candidate-{a}.yaml", yaml.safe_dump(each, sort_keys=False)) for a, each in zip(letters, made_of, strict=True)
    ]
    return ExamTask(
        "The least permissive of three",
        f"The namespace {db.namespace} is closed on its way in. Of the files candidate-a.yaml, candidate-b.yaml and "
        f"candidate-c.yaml apply the one that lets {_says(api)} connect to {_says(db)} on TCP {db.port}, and admits "
        "the least beside it.",
        [made_of[order.index(right)]],
        given=[policy(db.namespace, "closed", {}, ingress=[])],
        allowed=[_cell(api, db, db.port)],
        denied=[_cell(made.role("web"), db, db.port)],
        files=files,
    )


@form
def labels_alone(made: HealthyWorld, random: Random) -> ExamTask:
    api, db, worker = (made.role(role) for role in ("api", "db", "worker"))
    peers = {
        "namespaceSelector": {"matchLabels": named(api.namespace)},
        "podSelector": {"matchLabels": {"access": db.name}},
    }
    rule = {"from": [peers], "ports": [port_of(db.port)]}
    return ExamTask(
        "Change labels, not policies",
        f"{capital(_says(db))} accept TCP {db.port} from the pods of {api.namespace} that carry a certain "
        f"label. Give it to the pods of the Deployment {api.name}, in a way that a rollout keeps. The Deployment "
        f"{worker.name} stays out. Do not write or change a policy.",
        [],
        given=[policy(db.namespace, "by-label", _app(db), ingress=[rule])],
        commands=f"kubectl patch deployment {api.name} -n {api.namespace} -p "
        f'\'{{"spec":{{"template":{{"metadata":{{"labels":{{"access":"{db.name}"}}}}}}}}}}\'',
        allowed=[_cell(api, db, db.port)],
        denied=[_cell(worker, db, db.port)],
        labels="free",
        policies="kept",
    )


@form
def repair(made: HealthyWorld, random: Random) -> ExamTask:
    web, api = made.role("web"), made.role("api")
    healthy = made.policies()
    target = next(each for each in healthy if each["metadata"]["name"] == f"from-{web.name}")
    mistake = random.choice(["M7", "M10", "M14", "M17"])
    ill = random.choice(list(WAYS[mistake](target, made)))
    return ExamTask(
        "Repair",
        f"{capital(_says(web))} get no answer from {_says(api)} on TCP {api.port}, the port of the pods. "
        "One policy is wrong. Repair it, so that it admits what it was written for, and nothing else.",
        [target],
        given=[each for given in healthy for each in (ill if given is target else [given])],
        allowed=[_cell(web, api, api.port)],
        denied=[_cell(web, made.role("worker"), made.role("worker").port)],
    )
