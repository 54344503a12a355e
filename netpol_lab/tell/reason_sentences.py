"""Every sentence about one connection, from top to bottom, each with its id. What fills the braces is data.

>>> text(say("condition.found.instead", key="name", label=Mono("team=ops")))
'no label name, it has team=ops'
"""

from __future__ import annotations

from string import Formatter

from netpol_lab.tell.words import Mono, Sentence, text

__all__ = ["SENTENCES", "Mono", "line", "say"]

SENTENCES = {
    # -- what was looked at
    "condition.subject.pod": "pod {name}",
    "condition.subject.node": "node {name}",
    "condition.subject.address": "address {name}",
    "condition.subject.namespace": "namespace {name}",
    "condition.subject.connection": "the connection",
    # -- what the rule asks for; labels, blocks and ports are written as kubectl writes them
    "condition.wanted.namespace": "namespace {name}, the policy's own",
    "condition.wanted.pod": "a pod with {labels}",
    "condition.wanted.labels": "labels {selector}",
    "condition.wanted.namespace labels": "namespace labels {selector}",
    "condition.wanted.both": "{namespace} and {pod}",
    "condition.wanted.any": "of any kind",
    # -- what was found instead
    "condition.found.missing": "no label {key}",
    "condition.found.instead": "no label {key}, it has {label}",
    "condition.found.namespace": "namespace {name}",
    "condition.found.outside": "no labels: selectors match pods only",
    "condition.found.no address": "no address",
    "condition.found.pod address": "{address}, a pod address",
    "condition.found.node address": "{address}, a node address",
    "condition.found.no ipBlock": "{address}, but {plugin} has no ipBlock",
    "condition.found.port names": "{port}; its port names: {names}",
    "condition.found.no port names": "{port}; its port names: none",
    # -- both, where there is one line for them
    "condition.near miss": "Near miss: the rule wants {wanted}, {subject} has {found}.",
    "condition.lesson": "The rule wants `{wanted}`; {subject} has {found}.",
    "condition.row": "{rule} wants {wanted}; found: {found}",
    # -- why no policy judges an end
    "unjudged.itself": "a pod always reaches itself",
    "unjudged.own node": "traffic between a pod and its own node is always allowed",
    "unjudged.pod of its node": "a pod on the host network counts as its node, and a pod's own node is always allowed",
    "unjudged.outside": "an address outside the cluster: no policy applies to it",
    "unjudged.node": "a node: no policy applies to it",
    "unjudged.host network": "on the host network: no policy applies to it",
}


def say(id: str, **parts: object) -> Sentence:
    """One sentence with its parts. A part that is a sentence is put in whole, and each part keeps its font."""
    words: list[str] = []
    for before, name, _, _ in Formatter().parse(SENTENCES[id]):
        part = parts[name] if name else ()
        words += [before, *(part if isinstance(part, tuple) else [part if isinstance(part, str) else str(part)])]
    return tuple(filter(None, words))


def line(id: str, **parts: object) -> str:
    """The same without fonts."""
    return text(say(id, **parts))
