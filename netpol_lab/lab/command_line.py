"""One line of the notebook's shell on the lab's cluster: what it answers, and the moment it makes."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

from netpol_lab.connections.story import Timeline
from netpol_lab.kubectl import Session, run
from netpol_lab.lab.unforeseen import sentence
from netpol_lab.model.errors import LabError
from netpol_lab.pods import ProgramResult, is_for_the_cluster, run_outside

_WRITING = frozenset(
    {"annotate", "apply", "create", "delete", "edit", "expose", "label", "patch", "replace", "run", "set"}
)
"""The verbs by which an answer comes into the cluster."""


def answer(
    session: Session,
    story: Timeline,
    program: str,
    words: list[str],
    stdin: Callable[[], str],
    cwd: str,
    *how: Any,
) -> ProgramResult | None:
    """Run `kubectl` or `curl`; None for a curl that is not for the cluster.

    What the simulator cannot do is an answer too, never a crash. ``how`` are the reader of files that are
    no regular ones, for the program that was started, and whether that is at a terminal (see ``bridge.py``).
    """
    cluster = session.cluster
    tried, told, before = len(session.attempts), len(story.moments), cluster.snapshot()
    command = shlex.join([program, *words])
    try:
        if program == "curl":
            if not is_for_the_cluster(cluster, words, session.forwards):
                return None
            log, dialed, forwards, kept = session.record, session.dialed, session.forwards, session.access
            curl = ["curl", *words]
            result = run_outside(cluster, curl, stdin, log, attempts=dialed, forwards=forwards, access=kept)
            cluster.advance(result.seconds)
        else:
            result = run(session, words, stdin, cwd, *how)
    except LabError as error:
        result = ProgramResult((("stderr", f"error: {error}\n"),), 1)
    except Exception as error:
        if len(story.moments) == told:  # nobody else changed it while this line waited for its input
            cluster.restore(before)
        return ProgramResult((("stderr", f"error: {sentence(command, error)}\n"),), 1)
    story.record(command, cluster.snapshot(), session.attempts[tried:])
    if program == "kubectl" and _WRITING.intersection(words[:1]):
        story.refused, story.refusal = (command, result.stderr) if result.exit_code else ("", "")
    return result
