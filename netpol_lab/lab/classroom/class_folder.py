"""The folder of a class: the seats, each one's own folder, the hub's files, and what runs for it.

class/seats.json      numbers, names, sums of passwords
class/cards-….html    to print, then to delete
class/students/07     the home and the whole world of one student
class/hub             the hub's own: database, logs
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from netpol_lab.lab.classroom.cards import cards
from netpol_lab.lab.classroom.roster import TRAINER, Seat, private, seat_of, with_password, write_roster
from netpol_lab.lab.copies import bring
from netpol_lab.lab.student_files import told
from netpol_lab.model.errors import LabError
from netpol_lab.model.whole_files import write_whole

if TYPE_CHECKING:
    from psutil import Process

OF_CLASS = "NETPOL_LAB_CLASS"
"""The variable by which every process of a class knows the folder it belongs to."""

_TRAINERS_NUMBER = "00"
_PATIENCE = 20


class ClassFolder:
    """The folder of one class. All paths are absolute."""

    def __init__(self, place: Path) -> None:
        self.place = place.absolute()
        self.hub = self.place / "hub"
        self.roster = self.place / "seats.json"

    def home(self, number: str) -> Path:
        """The folder of one who logs in."""
        return self.place / TRAINER if number == TRAINER else self.place / "students" / number

    def bring(self, number: str) -> list[str]:
        """Fresh and newer notebooks for one; a line for each that says something. Raises :class:`LabError`."""
        return bring(private(self.home(number)), _TRAINERS_NUMBER if number == TRAINER else number)

    def deal(self, seats: list[Seat], address: str, anew: str = "") -> list[Path]:
        """Draw a password for each seat without one, and for the number ``anew``; write them and their cards.

        Returns the pages to print, the trainer's apart. The cards come first: a password whose card could not be
        written admits nobody. Raises :class:`LabError`.
        """
        lost = seat_of(seats, anew).number if anew else ""
        dealt = {each.number: with_password(each) for each in seats if not each.password or each.number == lost}
        private(self.place)
        pages = []
        for page in (each for each in dealt if each == TRAINER), (each for each in dealt if each != TRAINER):
            if numbers := list(page):
                between = "-".join(dict.fromkeys((numbers[0], numbers[-1])))
                pages.append(self.place / f"cards-{between}.html")
                with told(f"{pages[-1]} was not written, and nobody got a password"):
                    write_whole(pages[-1], cards([dealt[each] for each in numbers], address))
                    pages[-1].chmod(0o600)
        write_roster(self.roster, [dealt.get(each.number, (each,))[0] for each in seats])
        return pages

    @contextmanager
    def held(self) -> Iterator[None]:
        """While the hub of this class runs here. Raises :class:`LabError` where one runs already."""
        with open(private(self.hub) / "running", "a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise LabError(
                    f"The hub of {self.place} is running already. `netpol-lab class --end` ends the class."
                ) from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    def end(self) -> int:
        """End the hub, the proxy, and every student's server and kernel. Returns how many processes there were.

        Files stay as they are. A server is asked first, and has time to save.
        """
        import psutil

        with contextlib.suppress(LabError, OSError, ValueError), self.held():
            return self._end(self.processes())
        with contextlib.suppress(OSError, ValueError, psutil.Error):
            return self._end([psutil.Process(int((self.hub / "running").read_text())), *self.processes()])
        return 0

    def processes(self) -> list[Process]:
        """What runs for this class and carries its name: servers, kernels, the proxy. The hub itself does not."""
        import psutil

        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get(OF_CLASS) == str(self.place):
                    found.append(process)
        return found

    @staticmethod
    def _end(processes: list[Process]) -> int:
        import psutil

        for word in ("terminate", "kill"):
            for process in processes:
                with contextlib.suppress(psutil.Error):
                    getattr(process, word)()
            until = time.monotonic() + _PATIENCE
            while any(map(_runs, processes)) and time.monotonic() < until:
                time.sleep(0.1)
        return len(processes)


def _runs(process: Process) -> bool:
    import psutil

    with contextlib.suppress(psutil.Error):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False
