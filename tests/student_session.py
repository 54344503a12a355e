"""One student's session for fuzzing: steps go in by any door, and what each of them changed is looked at."""

from __future__ import annotations

import json
import re
import shlex
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from odd_inputs import NAMESPACES, Step

from netpol_lab import Lab
from netpol_lab.connections.story import Timeline
from netpol_lab.lab import command_line, unforeseen
from netpol_lab.model.errors import LabError
from netpol_lab.pods import ProgramResult

FIRST_LINES = (
    "run p --image=busybox:1.36 --labels=app=p -- sleep 1d",
    "create deployment web --image=nginx",
    "expose deployment web --port=80",
)


CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]")


class StudentSession:
    """A lab that begins anew with every input. ``every_view``: all of them after each change, not one of them."""

    def __init__(self, lab: Lab, *, every_view: bool = True) -> None:
        self.lab, self.every_view = lab, every_view
        for line in (*FIRST_LINES, *(f"create namespace {name}" for name in NAMESPACES if name != "default")):
            assert lab.kubectl(line).exit_code == 0, line
        lab._story = Timeline(lab.cluster.snapshot())  # where every input begins

    def fails_loudly(self, patch: Callable[[Any, str, Any], None]) -> StudentSession:
        """A student reads a sentence about a fault; here it has to be seen. ``patch`` sets an attribute."""
        for module in (command_line, unforeseen):
            patch(module, "sentence", _raise)
        return self

    def take(self, steps: list[Step]) -> None:
        """All steps of one input. Nothing but answers and the library's own errors may come."""
        self.lab.reset()
        before = self.lab.cluster.snapshot().objects_by_key
        for step in steps:
            try:
                self._do(*step)
            except LabError as error:
                assert str(error).strip()
            after = self.lab.cluster.snapshot().objects_by_key
            if after != before:
                self.look(step)
            before = after

    def _do(self, door: str, *given: Any) -> None:
        if door == "ask":
            method, arguments = given
            show(getattr(self.lab, method)(*arguments))
        elif door == "apply":
            self.lab.cluster.apply("#\n" + given[0])
        elif door == "manifest":
            name, text = given
            self.lab._write(name, text)
            check(self.lab.kubectl(shlex.join(["apply", "-f", name])))
        elif door == "curl":  # on the student's machine; None: not for the cluster
            result = self.lab._answer("curl", given[0], lambda: "", ".")
            check(result or ProgramResult((), 0))
        else:
            words, stdin = (["exec", "p", "--", "sh", "-c", given[0]], "") if door == "sh" else given
            check(self.lab.kubectl(shlex.join(words), stdin))

    def look(self, step: Step) -> None:
        """What is stored can be shown: the views of the state that the step left."""
        views = list(self._views())
        if not self.every_view:  # the same one whenever this input is tried
            views = [views[zlib.crc32(json.dumps(step).encode()) % len(views)]]
        for view in views:
            try:
                show(view())
            except LabError as error:
                assert str(error).strip()

    def _views(self) -> Iterator[Callable[[], Any]]:
        lab = self.lab
        yield from (lab.matrix, lab.graph, lab.heatmap, lab.policies, lab.warnings, lab.moments, lab.both_ends)
        yield lambda: lab.compare("start")
        pods = [pod.id for pod in lab.cluster.pods if pod.namespace != "kube-system"]
        if pods:
            yield lambda: lab.reach(pods[-1])
            yield lambda: lab.why(pods[0], pods[-1])
            yield lambda: lab.why(pods[-1], "8.8.8.8", 80)
            yield lambda: lab.plugins(pods[-1], pods[0], 80)
        yield lambda: lab.playground().pictures()[2]


def _raise(command: str, error: BaseException) -> str:
    raise error


def check(result: ProgramResult) -> None:
    """An answer can be written, and is a success or says what is wrong."""
    (result.stdout + result.stderr).encode()
    assert 0 <= result.exit_code <= 255


def show(picture: Any) -> None:
    """Both forms of a picture; the twin is ASCII and fits a page, and neither can speak to a terminal."""
    picture.html.encode()
    assert picture.text.isascii()
    for form in (picture.text, picture.html):
        assert not CONTROL.search(form), CONTROL.search(form)
    assert all(len(line) <= 96 for line in picture.text.splitlines())
