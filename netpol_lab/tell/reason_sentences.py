"""Every sentence about one connection, from top to bottom, each with its id. What fills the braces is data.

First the lines under the five steps, then the verdict as a title, then why in one line, then the boxes with the
reasons, and last the conditions that failed.

>>> text(say("condition.found.instead", key="name", label="team=ops"))
'no label name, it has team=ops'
"""

from __future__ import annotations

from string import Formatter

from netpol_lab.connections.flow import Fact
from netpol_lab.tell.words import Sentence, text

STEP_LINES: dict[Fact, tuple[str, ...]] = {
    # -- name
    "address used": ("not asked:", "address used"),
    "the client itself": ("not asked:", "the client itself"),
    "no address": ("not asked:", "it has no address"),
    "resolved": ("{host} is", "{address}"),
    "from /etc/hosts": ("{host} is", "{address}", "(from /etc/hosts)"),
    "no such name": ("no such name", "DNS answers NXDOMAIN"),
    "no DNS pod": ("no answer", "no DNS pod runs", "behind kube-dns"),
    "DNS is blocked": ("no answer", "{dns_end} to DNS", "is blocked"),
    # -- Service
    "becomes the pod": ("becomes the pod", "{target}"),
    "becomes the node": ("becomes the node", "{target}"),
    "becomes the address": ("becomes", "{target}"),
    "headless": ("headless: none", "{dialed}"),
    "no Service": ("none", "{dialed}"),
    "no such port": ("no such port", "{service} has", "no {asked}"),
    "no endpoints": ("no endpoints", "no pod behind {service}"),
    "no such address": ("no such Service", "has {address}"),
    "not on this node": ("no answer", "no pod of {service}", "on this node"),
    # -- egress and ingress
    "a rule admits": ("admitted by", "{policy}, rule {rule}"),
    "a rule would admit": ("not reached", "(would admit: rule {rule})"),
    "would admit": ("not reached", "(would admit)"),
    "would not admit": ("not reached", "(would not admit)"),
    "not isolated": ("{end} is", "not isolated"),
    "to itself": ("to itself:", "always allowed"),
    "through its own Service": ("back to itself:", "plugins differ"),
    "outside": ("outside:", "no policy applies"),
    "a node": ("a node:", "no policy applies"),
    "host network": ("host network:", "no policy applies"),
    "its own node": ("its own node:", "always allowed"),
    "policies are ignored": ("selected by", "{ignored},", "which {plugin} ignores"),
    "near misses": ("no rule admits", "{near}"),
    "no rule admits": ("no rule admits", "{end} is isolated"),
    # -- port
    "listens": ("{target_name} listens", "on {port}"),
    "nothing listens": ("refused", "nothing listens", "on {port}"),
    "nothing is there": ("no answer", "nothing is at", "{target}"),
    "not reached": ("not reached",),
}
"""The lines under a step, at most three, by what it came to."""

SENTENCES = {
    # -- the verdict: the title of the picture, and the head of its twin
    "title.depends": "Depends on the network plugin: {source} to {target} on {on}",
    "head.depends": "DEPENDS on the network plugin",
    "title.itself": "Allowed: {source} reaches itself on {on}",
    "head.itself": "ALLOWED",
    "title.allowed": "Allowed: {source} reaches {target} on {on}",
    "head.allowed": "ALLOWED",
    "title.DNS": "Blocked at the name: {source} cannot ask DNS",
    "head.DNS": "BLOCKED at name: no DNS answer",
    "title.no such name": "No such name: DNS does not know {host}",
    "head.no such name": "FAILED at name: no such name",
    "title.no such port": "Refused: {service} has no {on}",
    "head.no such port": "REFUSED at service",
    "title.no endpoints": "Refused: no pod behind {service}",
    "head.no endpoints": "REFUSED at service",
    "title.no such address": "Timed out: no Service has {address}",
    "head.no such address": "TIMED OUT at service",
    "title.not on this node": "Timed out: no pod of {service} on the node that was asked",
    "head.not on this node": "TIMED OUT at service",
    "title.nothing listens": "Refused: nothing listens on {port} of {target}",
    "head.nothing listens": "REFUSED at port: nothing listens",
    "title.nothing is there": "Timed out: nothing answers at {target} on {on}",
    "head.nothing is there": "TIMED OUT at port: nothing answers",
    "title.both ends": "Blocked at both ends: {source} cannot reach {target} on {on}",
    "head.both ends": "BLOCKED at both ends",
    "title.ingress": "Blocked at ingress of {target}: {source} cannot reach it on {on}",
    "head.ingress": "BLOCKED at ingress of {target}",
    "title.egress": "Blocked at egress of {source}: it cannot reach {target} on {on}",
    "head.egress": "BLOCKED at egress of {source}",
    # -- why, in one line
    "quiet.DNS": "The name question is a connection of its own, and {why}.",
    "quiet.DNS.egress": "it does not get out of {source}",
    "quiet.DNS.ingress": "it does not get into kube-dns",
    "quiet.DNS.nobody": "nobody answers it",
    "quiet.no such name": "The question reached DNS and was answered. No policy is involved.",
    "quiet.not judged": "It ends before any policy is asked.",
    "quiet.depends": "The API leaves this to the network plugin, so the same policies give different results.",
    "quiet.nothing is there": "The policies let it through. Nothing is at that address, and silence looks like a "
    "policy.",
    "quiet.refused": "The policies let it through: a policy never refuses, it drops, and you wait for a time-out.",
    "quiet.no door": "Every step passes. No policy stands in the way.{through}",
    "quiet.ignored": "Every step passes: {plugin} ignores policies.{through}",
    "quiet.one door": "Every step passes. Rule {rule} of {policy} opens the one closed door.{through}",
    "quiet.two doors": "Every step passes. Both doors are closed, and a rule opens each of them.{through}",
    "quiet.through": " Port {asked} of the Service becomes {port} of the pod.",
    "quiet.both ends": "Neither end has a rule that admits it. Opening one of the two doors changes nothing.",
    "quiet.one end": "A rule admits it at {way} of {end}, but both ends must admit a connection.{close}",
    "quiet.isolated.one": "{policies} isolates {end} for {way}, and no rule admits this connection.{close}",
    "quiet.isolated": "{policies} isolate {end} for {way}, and no rule admits this connection.{close}",
    "quiet.close": " One rule comes close.",
    # -- the boxes: what admits
    "reason.plugins": "Network plugins differ here",
    "reason.admitted": "Admitted by {rule}",
    "reason.rule": "{peers}, on {ports}.{place}",
    "reason.rule.place": " {place}",
    "reason.open": "No policy isolates an end of this connection",
    "reason.open.unjudged": "{why}.",
    "reason.open.free": "No policy selects {ends}, so everything may pass there.",
    "reason.ignored": "{plugin} ignores policies that select these pods",
    "reason.ignored.end": "{end} is selected for {way} by {policies}; nothing enforces it.",
    "reason.open.end": "{end} for {way}",
    # -- the boxes: a closed door
    "reason.near miss": "Near miss: {rule} would admit it, but {differs}",
    "reason.differs.pod label": "one label differs",
    "reason.differs.namespace label": "a label of the namespace differs",
    "reason.differs.namespace": "it looks into another namespace",
    "reason.differs.named port": "the port name does not fit",
    "reason.differs.protocol": "the protocol differs",
    "reason.differs.address": "the address is outside its range",
    "reason.differs.outside": "its selector matches pods only",
    "reason.egress": "No rule lets {source} out to {on}",
    "reason.ingress": "No rule lets {source} into {target} on {on}",
    "reason.isolates": "{policy} isolates {end} for {way}.",
    "reason.isolate": "{number} isolate {end} for {way}: {policies}.",
    "reason.no rule.one": " It has no {way} rule.",
    "reason.no rule": " None of them has an {way} rule.",
    "reason.only": "The only rule, {rule} of {policy}{place}, {what}.",
    "reason.closest": "The closest rule, {rule} of {policy}{place}, {what}.",
    "reason.closest.place": " ({lines})",
    "reason.closest.port": "admits {wanted}, not {on}",
    "reason.closest.differs": "differs in {conditions}",
    "reason.Service port": "{asked} is the port of the Service. Policies see the pod's port, {port}.",
    # -- the boxes: DNS, and the same connection by address
    "reason.no DNS": "No DNS pod runs: nobody answers the question",
    "reason.DNS": "{source} → kube-dns, {on} is blocked at {way} of {end}",
    "reason.by address.works": "By address the connection works",
    "reason.by address.fails": "By address it does not work either",
    "reason.by address.passed": "{source} → {address}, {on}: ✓ egress, ✓ ingress, ✓ port. Only the name is missing.",
    "reason.by address.stops": "{source} → {address}, {on}: stops at {stops} as well.",
    "reason.by address.ends": "{source} → {address}, {on}: {outcome} as well.",
    # -- the boxes: no policy has a part in it
    "reason.no such name": "DNS was asked and has no such name",
    "reason.no such name.look": "Check the spelling. A Service in another namespace needs both names: {names}.",
    "reason.Service.look": "No policy is involved: look at the Service.",
    "reason.no endpoints.look": "No policy is involved: compare the Service's selector with the labels of the pods.",
    "reason.not on this node.look": "No policy is involved: with externalTrafficPolicy: Local a node serves its "
    "own pods only.",
    "reason.nothing is there": "Nothing answers there",
    "reason.nothing is there.look": "No policy is involved.",
    "reason.nothing listens": "Nothing listens on {port}",
    "reason.nothing listens.look": "Look at the port the program listens on, not at the policies.",
    # -- in the twin, where a gate has a line of its own
    "twin.DNS": "the question {source} -> kube-dns  {on} is blocked at {way} of {end}",
    "twin.stopped": "{end} is isolated by {policies}; no rule admits",
    "twin.not reached": "not reached; {end} is isolated by {policies}; no rule admits here either",
    "twin.not isolated": "{end} is not isolated for {way}",
    "twin.ignored": "{policies} selects {end}, and {plugin} ignores it",
    "twin.ignored.more": "{policies} select {end}, and {plugin} ignores them",
    "twin.admitted": "{end} is isolated; admitted by {policy}, rule {rule}{place}",
    "twin.near miss": "near miss: {policy}, rule {rule}{place}",
    "twin.near miss.two": "{near}: {kinds} differ",
    "twin.near miss.many": "{near}: {number} conditions differ",
    "twin.place": " (line {line})",
    # -- what was looked at
    "condition.subject.pod": "pod {name}",
    "condition.subject.node": "node {name}",
    "condition.subject.address": "address {name}",
    "condition.subject.namespace": "namespace {name}",
    "condition.subject.connection": "the connection",
    # -- what the rule asks for; labels, blocks and ports are written as kubectl writes them
    "condition.wanted.namespace": "namespace {name}, the policy's own",
    "condition.wanted.pod": "a pod with {labels}",
    "condition.wanted.labels": "{kind}labels {selector}",
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
    "unjudged.own Service": "a pod that calls itself through its own Service: plugins differ",
    "unjudged.own node": "traffic between a pod and its own node is always allowed",
    "unjudged.pod of its node": "a pod on the host network counts as its node, and a pod's own node is always allowed",
    "unjudged.outside": "an address outside the cluster: no policy applies to it",
    "unjudged.node": "a node: no policy applies to it",
    "unjudged.not enforced": "the network plugin ignores policies",
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
