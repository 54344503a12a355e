"""From the words of a command line to the verb that does it, and from its failure to what kubectl prints."""

from __future__ import annotations

from collections.abc import Sequence

from netpol_lab.kubectl import help
from netpol_lab.kubectl.arguments import Flag, parse
from netpol_lab.kubectl.failure import Failure, not_simulated
from netpol_lab.kubectl.flags import GLOBAL
from netpol_lab.kubectl.refused_verbs import NOT_SIMULATED
from netpol_lab.kubectl.session import Call
from netpol_lab.kubectl.verbs import VERBS
from netpol_lab.model.errors import LabError
from netpol_lab.model.phrases import nearest
from netpol_lab.pods.process import ProgramResult


def answer(call: Call, words: list[str]) -> ProgramResult:
    """Run one command line; see :func:`netpol_lab.kubectl.run`."""
    try:
        exit_code = _run(call, words)
    except Failure as failure:
        exit_code = call.report([failure])
    except LabError as error:
        exit_code = call.report([Failure(str(error))])
    except RecursionError:
        exit_code = call.report([Failure("the input is nested too deeply")])
    call.cluster.advance(call.session.call_seconds)
    return ProgramResult(tuple(call.chunks), exit_code)


def _run(call: Call, words: list[str]) -> int:
    leading, verb, rest = _split(words)
    if verb in ("", "help"):
        return _help(call, [word for word in rest if not word.startswith("-")])
    if verb in NOT_SIMULATED:
        raise not_simulated(f"kubectl {verb}", NOT_SIMULATED[verb])
    if verb not in VERBS:
        raise _unknown_command(verb)
    call.verb = verb
    flags: list[Flag] = [*VERBS[verb].flags, *GLOBAL]
    if _asks_for_help(rest):
        return _help(call, [verb])
    call.parsed = parse([*leading, *rest], flags, verb)
    context = call.flag("context")
    if context and context != call.session.context:
        raise Failure(f'context "{context}" does not exist')
    return VERBS[verb].run(call)


def _split(words: Sequence[str]) -> tuple[list[str], str, list[str]]:
    """Global flags before the verb, the verb, and what follows it."""
    leading: list[str] = []
    takes_value = {f"--{flag.name}" for flag in GLOBAL if flag.takes != "switch"}
    takes_value |= {f"-{flag.short}" for flag in GLOBAL if flag.short and flag.takes != "switch"}
    at = 0
    while at < len(words):
        word = words[at]
        if not word.startswith("-") or word == "-":
            return leading, word, list(words[at + 1 :])
        step = 2 if word in takes_value else 1
        leading += words[at : at + step]
        at += step
    if leading and not _asks_for_help(leading):
        parse(leading, GLOBAL, "")
    return leading, "", []


def _asks_for_help(words: Sequence[str]) -> bool:
    before_dash = words[: words.index("--")] if "--" in words else words
    return any(word in ("-h", "--help", "--help=true") for word in before_dash)


def _help(call: Call, topic: Sequence[str]) -> int:
    if topic and topic[0] not in VERBS:
        if topic[0] in NOT_SIMULATED:
            raise not_simulated(f"kubectl {topic[0]}", NOT_SIMULATED[topic[0]])
        call.write(f"Unknown help topic [`{' '.join(topic)}`]\n")
    call.write(help.of_verb(topic[0]) if topic and topic[0] in VERBS else help.overview())
    return 0


def _unknown_command(verb: str) -> Failure:
    close = nearest(verb, [*VERBS, *NOT_SIMULATED], most=3)
    meant = "\n\nDid you mean this?\n" + "".join(f"\t{name}\n" for name in close) if close else ""
    return Failure(f'unknown command "{verb}" for "kubectl"{meant}')
