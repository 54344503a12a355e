"""A card for each student, to print and cut: the name, the address, the number and the password."""

from __future__ import annotations

from collections.abc import Iterable

from netpol_lab.display.markup import Markup, el, join
from netpol_lab.lab.classroom.roster import TRAINER, Seat

_STYLE = Markup("""
body { font: 12pt/1.45 sans-serif; color: #000; background: #fff; margin: 10mm; }
main { display: grid; grid-template-columns: 1fr 1fr; gap: 6mm; }
article { border: 0.3mm dashed #555; padding: 5mm; break-inside: avoid; overflow-wrap: anywhere; }
h1 { font-size: 15pt; margin: 0 0 2mm; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 1mm 4mm; margin: 0 0 2mm; }
dt { color: #444; } dd { margin: 0; font: 13pt monospace; } p { margin: 0; font-size: 10pt; }
@media print { .screen { display: none; } body { margin: 0; } }
""")
_STUDENT = (
    "Your number is yours in every lesson. Your work stays when you close the browser: log in again and go on. "
    "The trainer, and others who work on this machine, may be able to read it."
)
_TRAINER = "Under Admin in the hub's menu you see who is at work. You may enter any student's JupyterLab."


def cards(seats: Iterable[tuple[Seat, str]], address: str) -> str:
    """A page in HTML with a card for each seat and its password. Names are data, and escaped.

    It asks for nothing from outside, so it opens from a file.
    """
    page = el(
        "html",
        el("head", Markup('<meta charset="utf-8">'), el("title", "Cards"), el("style", _STYLE)),
        el(
            "body",
            el("p", "Print this page, cut it, and delete the file: the passwords stand nowhere else.", class_="screen"),
            el("main", join(_card(seat, password, address) for seat, password in seats)),
        ),
        lang="en",
    )
    return f"<!DOCTYPE html>\n{page}\n"


def _card(seat: Seat, password: str, address: str) -> Markup:
    rows = (("address", address), ("username", seat.number), ("password", password))
    return el(
        "article",
        el("h1", seat.name or f"Student {seat.number}"),
        el("dl", join(el("dt", word) + el("dd", value) for word, value in rows)),
        el("p", _TRAINER if seat.number == TRAINER else _STUDENT),
    )
