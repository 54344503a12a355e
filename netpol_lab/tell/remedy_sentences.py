"""Every sentence of the remedies, from top to bottom, each with its id. What fills the braces is data.

First what was probably meant, then what to write, then what the change does, and last the words for pods and peers.
Commands of kubectl are not sentences; they are written where they are made.
"""

from __future__ import annotations

REMEDIES = {
    # -- a slip: what was probably meant by a selector that stands for nobody
    "slip.elsewhere": "Pods with {selector} are in {namespaces}.",
    "slip.name label": "{meant} Every namespace has that label.",
    "slip.pod label": "Pods with {selector} are in {namespaces}: labels of pods belong under podSelector.",
    "slip.both selectors": "Pods with {selector} are in {namespaces}. Both selectors of one item must fit; with a dash "
    "before podSelector they are two items, and one suffices.",
    "slip.namespace": "namespace {name}",
    "slip.namespaces": "{names} and others",
    # -- a slip put right: what to write
    "remedy.label": "write {right_key}: {right} in place of {key}: {value} in {spot}{where}",
    "remedy.move": "write namespace: {name} in place of namespace: {namespace} in {policy}{where}",
    "remedy.pod label": "write podSelector in place of namespaceSelector in {spot}{beside}{where}",
    "remedy.pod label.beside": ", and namespaceSelector {key}: {name} beside it",
    "remedy.in namespace": "write namespaceSelector {key}: {name} beside podSelector in {spot}{where}",
    "remedy.dash": "put a dash before podSelector in {spot}: two items in place of one with both selectors{where}",
    "remedy.spot.podSelector": "podSelector of {policy}",
    "remedy.spot.rule": "rule {number} of {policy}",
    "remedy.where": " ({origin})",
    # -- a policy that admits more: what to write
    "remedy.new policy": "a new policy in {namespace} for {pods}: {way} {rule}",
    "remedy.add rule": "add to the {way} rules of {policy}: {rule}",
    "remedy.add port": "add {ports} to the ports of {rule}{where}",
    # -- a policy that admits less: what to write
    "remedy.take peer": "take item {number} out of {side} of {rule}{where}",
    "remedy.take port": "take {port} out of the ports of {rule}{where}",
    "remedy.delete": "delete {rule}{where}",
    # -- what the change does
    "remedy.admits": "Then {what} admits it.",
    "remedy.admits.that rule": "Then that rule admits it.",
    "remedy.admits.label": "No {who} has {key}={value}. Then that rule admits it.",
    "remedy.admits.move": "A policy acts on pods of its own namespace.",
    "remedy.admits.dash": "Then one of the two suffices.",
    "remedy.admits.target port": "Then the Service sends to {port}, on which its pods listen.",
    "remedy.stops": "Then no rule admits it.",
    "remedy.stops.new policy": "Then {policy} isolates it, and no rule admits it.",
    # -- what it does besides
    "remedy.besides.opens": "It also opens {ways}.",
    "remedy.besides.closes": "It also closes {ways}.",
    "remedy.besides.more": "{number} more",
    # -- pods, peers and ports of a rule
    "remedy.rule": "{side} {peers}",
    "remedy.rule.ports": "{side} {peers}, {ports}",
    "remedy.pods": "pods with {labels}",
    "remedy.pods.all": "all pods",
    "remedy.pods.of": "{pods} in {namespace}",
    "remedy.pods.all namespaces": "pods of all namespaces",
    "remedy.pods.own namespace": "pods of its own namespace",
    "remedy.outside": "the outside, {blocks}",
    "remedy.outside.except": "{block} except {holes}",
    "remedy.nobody": "nobody",
}
"""By id. The first word of an id is ``slip`` for what a warning says, ``remedy`` for the smallest change."""
