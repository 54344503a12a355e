"""A condition that failed, in words: what the rule wants, what was found, and in what."""

from __future__ import annotations

from netpol_lab.engine.verdict import Condition, Unjudged
from netpol_lab.model.labels import LabelSelector
from netpol_lab.model.objects import External, Namespace, NetworkPolicyPeer, Node, Pod
from netpol_lab.model.phrases import listed
from netpol_lab.tell.saying import line


def subject_words(condition: Condition) -> str:
    """``pod client-07``, ``namespace prod``, ``the connection``."""
    subject = condition.subject
    if condition.kind in ("port", "protocol"):
        return line("condition.subject.connection")
    if isinstance(subject, External):
        return line("condition.subject.address", name=subject.address)
    kind = "pod" if isinstance(subject, Pod) else "node" if isinstance(subject, Node) else "namespace"
    return line(f"condition.subject.{kind}", name=subject.name)


def wanted_words(condition: Condition) -> str:
    """``app=frontend``, ``TCP 80``, ``10.0.0.0/8``: short enough to stand above what was found."""
    wanted = condition.wanted
    if isinstance(wanted, tuple):
        return ", ".join(map(str, wanted))
    if isinstance(wanted, NetworkPolicyPeer):
        return line("condition.wanted.pod", labels=_labels(wanted))
    return line("condition.wanted.namespace", name=wanted) if isinstance(wanted, str) else str(wanted)


def _labels(peer: NetworkPolicyPeer) -> str:
    kinds = {name: name.removesuffix("Selector") + " " if name != "podSelector" else "" for name in peer.selectors}
    return listed(
        line("condition.wanted.labels", kind=kinds[name], selector=_written(selector))
        for name, selector in peer.selectors.items()
    )


def _written(selector: LabelSelector) -> str:
    return line("condition.wanted.any") if selector.is_empty else str(selector)


def found_words(condition: Condition) -> str:
    """``app=fronted``, ``no label app``, ``TCP 8080``: what is there in place of what the rule wants."""
    subject, asked = condition.subject, condition.requirement
    if asked is not None:
        if condition.value is not None:
            return f"{asked.key}={condition.value}"
        if condition.mixed_up is not None:
            return line("condition.found.instead", key=asked.key, label="=".join(condition.mixed_up))
        return line("condition.found.missing", key=asked.key)
    if condition.kind == "namespace" and isinstance(subject, Pod):
        return line("condition.found.namespace", name=subject.namespace)
    if condition.kind == "outside":
        return line("condition.found.host network" if isinstance(subject, Pod) else "condition.found.outside")
    if condition.kind == "address":
        return _address(condition)
    asked_for = f"{condition.protocol} {condition.port}"
    if condition.kind != "named port":
        return asked_for
    ports = subject.ports if isinstance(subject, Pod) and not subject.host_network else ()
    names = ", ".join(port.name for port in ports if port.name)
    return line("condition.found.port names" if names else "condition.found.no port names", port=asked_for, names=names)


def _address(condition: Condition) -> str:
    """With the reason why the plugin does not look at an address, though an ipBlock may hold it."""
    subject, address = condition.subject, str(condition.address or line("condition.found.no address"))
    if not condition.ignored_by:
        return address
    if isinstance(subject, External | Namespace):
        return line("condition.found.no ipBlock", address=address, plugin=condition.ignored_by)
    is_node = isinstance(subject, Node) or subject.host_network
    return line(f"condition.found.{'node' if is_node else 'pod'} address", address=address)


def condition_words(id: str, condition: Condition, **more: object) -> str:
    """All of it in one line, by a sentence of the catalogue: ``near miss``, ``lesson`` or ``row``."""
    parts = {"wanted": wanted_words, "found": found_words, "subject": subject_words}
    return line(f"condition.{id}", **{name: tell(condition) for name, tell in parts.items()}, **more)


def unjudged_words(why: Unjudged) -> str:
    """Why no policy judges an end of a connection."""
    return line(f"unjudged.{why}")
