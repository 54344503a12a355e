"""``kubectl help`` and ``--help``: what is simulated, in a few lines."""

from __future__ import annotations

from netpol_lab.kubectl.arguments import Flag
from netpol_lab.kubectl.flags import GLOBAL
from netpol_lab.kubectl.refused_verbs import NOT_SIMULATED
from netpol_lab.kubectl.verbs import VERBS


def overview() -> str:
    """The text of ``kubectl`` without words."""
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {name.ljust(width)}  {verb.summary}" for name, verb in VERBS.items())
    refused = ", ".join(sorted(NOT_SIMULATED))
    return (
        "kubectl controls a Kubernetes cluster. This one is simulated by netpol-lab; it prints what kubectl prints.\n\n"
        f"Usage:\n  kubectl [command] [TYPE] [NAME] [flags]\n\nCommands:\n{verbs}\n\n"
        f"Not simulated: {refused}.\n\nFlags of every command:\n{_flags(GLOBAL)}\n\n"
        'Use "kubectl <command> --help" for more about a command.\n'
    )


def of_verb(name: str) -> str:
    """The text of ``kubectl VERB --help``."""
    verb = VERBS[name]
    flags = _flags((*verb.flags, *GLOBAL))
    return f"{verb.summary}\n\nUsage:\n  kubectl {name} {verb.usage}".rstrip() + f"\n\nFlags:\n{flags}\n"


def _flags(flags: tuple[Flag, ...]) -> str:
    """One line a flag; flags without a help text are accepted and make no difference."""
    rows = [(_spelling(flag), flag.help) for flag in flags if flag.help]
    width = max(len(spelling) for spelling, _ in rows)
    return "\n".join(f"  {spelling.ljust(width)}  {text}" for spelling, text in rows)


def _spelling(flag: Flag) -> str:
    short = f"-{flag.short}, " if flag.short else "    "
    return f"{short}--{flag.name}" + ("" if flag.takes == "switch" else "=…")
