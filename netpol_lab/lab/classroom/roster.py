"""Who is in a class: a number, a name and a password each. The file holds passwords as scrypt sums alone.

A password is drawn once and goes on a card. Nobody can read it back: a lost one is replaced by a new one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from netpol_lab.lab.student_files import told
from netpol_lab.model.errors import LabError, NotFound
from netpol_lab.model.whole_files import write_whole

TRAINER = "trainer"
MOST = 999

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that look alike in print: i, l, o, 0 and 1."""

_COST = {"n": 2**14, "r": 8, "p": 1}


@dataclass(frozen=True)
class Seat:
    """One who logs in: with ``number``, which is the student's in every lesson, or as the trainer.

    ``name`` is data: it stands on the card and nowhere else. ``password`` is its sum, with the salt before it.
    """

    number: str
    name: str = ""
    password: str = ""

    def admits(self, password: str) -> bool:
        """Whether that is the password. Takes some 50 ms, so that nobody tries many."""
        salt, _, wanted = self.password.partition(":")
        return bool(wanted) and hmac.compare_digest(_sum(password, salt), wanted)


def read_roster(file: Path) -> list[Seat]:
    """The seats of a class, the trainer's first; none where there is no file yet.

    Raises :class:`LabError` for a file that is none of ours: a class without its passwords is not made up anew.
    """
    with told(f"{file} cannot be read"):
        if not file.exists():
            return []
        text = file.read_text("utf-8")
    try:
        return [Seat(**each) for each in json.loads(text)["seats"]]
    except (ValueError, TypeError, KeyError):
        raise LabError(
            f"{file} does not hold the seats of a class. Put the right one back, or begin anew with another --folder."
        ) from None


def write_roster(file: Path, seats: Iterable[Seat]) -> None:
    """Write the seats whole or not at all, for the eyes of this machine's user. Raises :class:`LabError`."""
    with told(f"{file} was not written, and what was there is as it was"):
        write_whole(file, json.dumps({"seats": [asdict(each) for each in seats]}, indent=1, ensure_ascii=False) + "\n")
        file.chmod(0o600)


def grown(seats: list[Seat], students: int, names: Iterable[str] = ()) -> list[Seat]:
    """The class with at least that many students, and with everybody in ``names``. Nobody is taken out or renumbered.

    A name that is there already is the same person. A seat without a name takes the next one. Raises
    :class:`LabError` for more students than there are numbers.
    """
    known = {each.name for each in seats}
    new = [name for name in dict.fromkeys(" ".join(each.split()) for each in names) if name and name not in known]
    class_ = [*seats] or [Seat(TRAINER, "Trainer")]
    class_ = [replace(each, name=new.pop(0)) if new and not each.name else each for each in class_]
    while new or len(class_) <= students:
        class_.append(Seat(f"{len(class_):02d}", new.pop(0) if new else ""))
    if len(class_) > MOST + 1:
        raise LabError(f"A class has at most {MOST} students. This would be {len(class_) - 1}.")
    return class_


def with_password(seat: Seat) -> tuple[Seat, str]:
    """The seat with a new password, and the password in clear: three groups of four, read aloud without mistakes."""
    password = "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))
    salt = secrets.token_hex(16)
    return replace(seat, password=f"{salt}:{_sum(password, salt)}"), password


def seat_of(seats: Iterable[Seat], number: str) -> Seat:
    """Who logs in with that number; ``7`` is ``07``. Raises :class:`NotFound`."""
    there = {each.number: each for each in seats}
    found = there.get(number) or there.get(number.zfill(2))
    if found is None:
        raise NotFound(f"Nobody in this class has the number {number!r}. There are: {', '.join(there)}.")
    return found


def read_names(file: Path) -> list[str]:
    """The names in a file, one a line. Raises :class:`LabError` for one that is no text in UTF-8."""
    with told(f"{file} cannot be read. Save it as text in UTF-8, a name on each line"):
        return file.read_bytes().decode("utf-8-sig").splitlines()


def private(folder: Path) -> Path:
    """The folder, made if missing, for the eyes of this machine's user. Raises :class:`LabError`."""
    with told(f"The folder {folder} cannot be made"):
        folder.mkdir(parents=True, exist_ok=True)
        os.chmod(folder, 0o700)
    return folder


def _sum(password: str, salt: str) -> str:
    return hashlib.scrypt(password.encode(), salt=salt.encode(), **_COST).hex()
