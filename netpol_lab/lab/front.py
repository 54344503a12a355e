"""The front door used in notebooks: :class:`Lab`.

A lab is one simulated cluster, the kubectl that reaches it, and everything there is to see of it.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from netpol_lab.connections.story import Timeline
from netpol_lab.kubectl import Session
from netpol_lab.lab import command_line, notebook, student_files
from netpol_lab.lab.at_exercise import AtExercise
from netpol_lab.lab.bridge import Bridge
from netpol_lab.lab.clusters import Cluster
from netpol_lab.lab.live.place import wanted_live
from netpol_lab.lab.live.reality import Reality
from netpol_lab.lab.own_shell import OwnShell
from netpol_lab.lab.practicing import Practice
from netpol_lab.lab.unforeseen import front_door
from netpol_lab.lab.views import Views
from netpol_lab.lessons.given_answers import GivenAnswers
from netpol_lab.lessons.practice.student_record import StudentRecord
from netpol_lab.model import datafiles as data
from netpol_lab.model.errors import LabError
from netpol_lab.model.language import ENGLISH, speak, speaking
from netpol_lab.pods import ProgramResult
from netpol_lab.tell import catalogue

if TYPE_CHECKING:
    from netpol_lab.display.card import Picture
    from netpol_lab.lab.live.real_cluster import RealCluster

_open: Lab | None = None


@front_door
class Lab(Reality, Practice, Views):
    """One student's lab.

    ``xx`` is the student's number, two digits as text. ``lesson`` names the folder for the files you write
    (``work/<lesson>-<xx>``); without it they go where the notebook is. ``profile`` is the network plugin's behavior.
    ``live`` True: `kubectl` is your own, and the lab looks at the cluster of its current context, which you confirm
    once; with the context's name instead of True it is confirmed already. None: as ``NETPOL_LAB_LIVE`` says.
    ``language`` is the one in which the lab speaks to you, such as ``de``; kubectl stays English. None: as
    ``NETPOL_LAB_LANGUAGE`` says.
    A second ``Lab`` in the same notebook closes the first and starts over.

    Raises :class:`LabError` for a number that Kubernetes could not take as part of a name, and for a real cluster that
    cannot be reached or was not confirmed.
    """

    def __init__(
        self,
        xx: str = "07",
        *,
        lesson: str | None = None,
        live: bool | str | None = None,
        profile: str = "upstream",
        language: str | None = None,
    ):
        global _open
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?", str(xx)):
            raise LabError(f"{xx!r} cannot be part of a Kubernetes name. Take your number as text, for example '07'.")
        if lesson is not None and not re.fullmatch(r"[a-z0-9][a-z0-9-]*", lesson):
            raise LabError(f"{lesson!r} is not the name of a lesson. An example is '02-default-deny'.")
        speak(language)
        self.xx, self.lesson = str(xx), lesson
        asked = wanted_live(live)
        self._real = self._opened(asked, profile) if asked else None
        self.cluster = Cluster.at(self._real.observe().state) if self._real else Cluster(profile)
        self._session = Session(self.cluster, terminal=True)
        self._story = Timeline(self.cluster.snapshot())
        self._record = StudentRecord(student_files.record_file(self.xx), self.xx, lesson or "")
        self._answers = GivenAnswers(self.xx, self._heard)
        self._exercise = AtExercise(lesson, self.xx)
        with student_files.work_in(lesson, self.xx) as self.folder:
            self._bridge = Bridge(self._answer, self._beside if self._real else None)
        # The new lab stands. Only now may the old one go: whatever failed before this line left it as it was.
        if _open is not None:
            _open.close()
        _open = self
        if lesson and student_files.is_shared(self.folder):
            shared = f"Another notebook that is running writes its files to work/{self.folder.name} as well."
            print(f"{shared} Close it, or take a number of your own.", file=sys.stderr)
        if notebook.publish(self.xx, self._write, OwnShell(self.cluster, self._answer)):
            from netpol_lab.display import layout

            layout.warm_up()

    def _opened(self, asked: bool | str, profile: str) -> RealCluster:
        from netpol_lab.lab.live.real_cluster import RealCluster

        return RealCluster.open(self.xx, asked, profile, student_files.work_folder())

    def close(self) -> None:
        """End the lab. `kubectl` in this kernel then refuses, until a new lab is opened."""
        self._bridge.close()
        if self._real:
            self._real.close()

    def __repr__(self) -> str:
        where = f"; your files go to work/{self.folder.name}" if self.lesson else ""
        if self._real:
            return f"Lab {self.xx}: a real cluster, {self._real.place}{where}"
        return f"Lab {self.xx}: a simulated cluster with {len(self.cluster.nodes)} nodes{where}"

    # -- the command line ------------------------------------------------------------------------

    def _answer(
        self, program: str, words: list[str], stdin: Callable[[], str], cwd: str, *how: Any
    ) -> ProgramResult | None:
        """Run one program of the notebook's shell; ``how`` are its reader of special files and its terminal."""
        with speaking(ENGLISH):
            return self._run(program, words, stdin, cwd, *how)

    def _run(
        self, program: str, words: list[str], stdin: Callable[[], str], cwd: str, *how: Any
    ) -> ProgramResult | None:
        if self._real:
            return self._real.run(self.cluster, self._story, words, stdin(), cwd) if program == "kubectl" else None
        if self._treatment is not None:
            self._treatment.commands += 1
        return command_line.answer(self._session, self._story, program, words, stdin, cwd, *how)

    def _beside(
        self,
        program: str,
        words: list[str],
        cwd: str,
        own: Callable[[], int],
        say: Callable[[str], None],
        stdin: Callable[[], str],
    ) -> int:
        """Stand beside the student's own program, on a real cluster."""
        assert self._real is not None
        if self._treatment is not None:
            self._treatment.commands += 1
        return self._real.beside(self.cluster, self._story, program, words, cwd, own, say, stdin)

    def kubectl(self, line: str, stdin: str = "") -> ProgramResult:
        """Run one kubectl line from Python: ``lab.kubectl("get pods -A").stdout``."""
        try:
            words = shlex.split(data.fill(line, self.xx))
        except ValueError as error:
            raise LabError(f"The line {line!r} cannot be read: {str(error).lower()}.") from None
        words = words[1:] if words[:1] == ["kubectl"] else words
        answer = self._answer("kubectl", words, lambda: stdin, student_files.here())
        assert answer is not None
        return answer

    def _write(self, name: str, text: str) -> str:
        told = student_files.write_manifest(name, text, self.xx)
        self._exercise.wrote(name, self._story)
        return told

    def file(self, name: str) -> str:
        """Copy one of the workbook's manifests into your folder, with your number filled in.

        ``name`` is like ``lab-a/netpol-apps.yaml``. Returns its text. Raises NotFound for a name that is not there.
        """
        return student_files.copy_manifest(name, self.xx)

    def reset(self) -> None:
        """Back to the state before your first command. Your files stay.

        A real cluster is not set back: there the lab takes away what it made itself, names what you made, and its story
        begins anew.
        """
        if self._real:
            self._take_away()
        else:
            self.cluster.restore(self._story.moments[0].state)
        self._story = Timeline(self.cluster.snapshot())
        self._exercise.leave()
        self._treatment = None
        self._session = Session(self.cluster, terminal=True)

    # -- exercises -------------------------------------------------------------------------------

    def rule(self, number: int) -> Picture:
        """One of the 30 rules of NetworkPolicy: what holds, who says so, and how plugins differ.

        Raises NotFound for a number that is none.
        """
        from netpol_lab.display import catalogue_cards

        return catalogue_cards.draw_rule(catalogue.rule(number))

    def mistake(self, id: str) -> Picture:
        """One of the mistakes learners make, by its id such as ``M17``, or by a scenario that shows it.

        Raises NotFound with the ids there are.
        """
        from netpol_lab.display import catalogue_cards

        return catalogue_cards.draw_mistake(catalogue.mistake(id))

    def term(self, word: str) -> Picture:
        """One word of the glossary, such as ``isolated``: what it means, and what people get wrong about it.

        Raises NotFound with the words there are.
        """
        from netpol_lab.display import catalogue_cards

        return catalogue_cards.draw_term(catalogue.term(word))
