"""`netpol-lab class` without its hub: seats, cards, folders; what is refused, and that nothing is lost."""

from __future__ import annotations

import errno
import json
import os
import re
import socket
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from netpol_lab.lab import copies
from netpol_lab.lab.cli import class_command, main

if os.name == "nt":
    pytest.skip("JupyterHub does not run on Windows", allow_module_level=True)

from netpol_lab.lab.classroom import class_folder
from netpol_lab.lab.classroom.class_folder import ClassFolder
from netpol_lab.lab.classroom.roster import read_roster, seat_of

NAMES = 'Zoë O\'Neil\nJörg "Jo" <b>Müller</b>\n\n  $(touch pwned); ../..\n'
HALF = b'{"cells": [{"source": ["half'


@pytest.fixture(autouse=True)
def _own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("names.txt").write_text(NAMES, "utf-8")


def class_(*words: str, ends: int = 0) -> Result:
    done = CliRunner().invoke(main, ["class", *words], prog_name="netpol-lab")
    assert done.exit_code == ends, done.output
    return done


def printed(page: str) -> dict[str, tuple[str, str]]:
    """Name and password by number, as a page of cards has them."""
    text = Path("class", page).read_text("utf-8")
    found = re.findall(r"<h1>(.*?)</h1>.*?username</dt><dd>(.*?)</dd><dt>password</dt><dd>(.*?)</dd>", text)
    return {number: (unescape(name), password) for name, number, password in found}


def first_line(number: str, notebook: str = "01-allow-all.ipynb") -> str:
    cells = json.loads(Path("class/students", number, notebook).read_text("utf-8"))["cells"]
    return next(line for cell in cells for line in "".join(cell["source"]).splitlines() if line.startswith("XX ="))


def test_names_are_data_on_the_cards_and_stand_in_no_path() -> None:
    class_("--names", "names.txt", "--prepare")
    cards = printed("cards-01-03.html")
    assert [name for name, _ in cards.values()] == ["Zoë O'Neil", 'Jörg "Jo" <b>Müller</b>', "$(touch pwned); ../.."]
    assert "<b>" not in Path("class/cards-01-03.html").read_text("utf-8")
    assert sorted(each.name for each in Path("class/students").iterdir()) == ["01", "02", "03"]
    assert not list(Path().rglob("pwned"))
    assert not re.search(r"(src|href|url)\s*[=(]", Path("class/cards-01-03.html").read_text("utf-8"))


def test_each_notebook_begins_with_the_number_of_its_student() -> None:
    class_("--students", "12", "--prepare")
    assert (first_line("07"), first_line("12")) == ('XX = "07"', 'XX = "12"')


def test_passwords_are_kept_as_sums_alone_and_the_folder_is_for_its_user() -> None:
    class_("--students", "2", "--prepare")
    password = printed("cards-01-02.html")["02"][1]
    assert not [file for file in Path("class").rglob("*.json") if password in file.read_text("utf-8")]
    seats = read_roster(Path("class/seats.json"))
    assert seat_of(seats, "2").admits(password) and not seat_of(seats, "01").admits(password)
    assert not seat_of(seats, "02").admits("") and not seat_of(seats, "02").admits(seat_of(seats, "02").password)
    assert [Path("class", each).stat().st_mode & 0o77 for each in ("", "seats.json", "cards-01-02.html")] == [0, 0, 0]


def test_a_class_grows_and_nobody_in_it_gets_another_number_or_password() -> None:
    class_("--students", "2", "--prepare")
    before = read_roster(Path("class/seats.json"))
    class_("--students", "1", "--names", "names.txt", "--prepare")
    after = read_roster(Path("class/seats.json"))
    assert [(each.number, each.password) for each in after[:3]] == [(each.number, each.password) for each in before]
    assert [each.name for each in after[1:3]] == ["Zoë O'Neil", 'Jörg "Jo" <b>Müller</b>']
    assert list(printed("cards-03.html")) == ["03"]
    class_("--names", "names.txt", "--prepare")
    assert read_roster(Path("class/seats.json")) == after


def test_a_new_password_comes_with_a_new_card_and_ends_the_old_one() -> None:
    class_("--students", "2", "--prepare")
    old = printed("cards-01-02.html")
    class_("--new-password", "2")
    new = printed("cards-02.html")["02"][1]
    seats = read_roster(Path("class/seats.json"))
    assert seat_of(seats, "02").admits(new) and not seat_of(seats, "02").admits(old["02"][1])
    assert seat_of(seats, "01").admits(old["01"][1])


def test_an_update_in_mid_class_changes_no_file_of_a_student(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class_("--students", "2", "--prepare")
    folder = Path("class/students/01")
    mine, answer = folder / "01-allow-all.ipynb", folder / "work" / "01" / "answer.yaml"
    mine.write_text('{"cells": ["mine"]}')
    answer.parent.mkdir(parents=True)
    answer.write_text("kind: NetworkPolicy")
    torn = Path("class/students/02/02-default-deny.ipynb")
    torn.write_bytes(HALF)
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    for source in copies.notebooks():
        (shipped / source.name).write_text(source.read_text("utf-8").replace("nbformat_minor", "nbformat_minor "))
    monkeypatch.setattr(copies, "notebooks", lambda: sorted(shipped.glob("*.ipynb")))
    said = class_("--update").output
    assert "01: 01-allow-all.ipynb: yours, left as it is. The newer one is 01-allow-all.new.ipynb." in said
    assert "02: 02-default-deny.ipynb: no whole notebook, left as it is." in said
    assert (mine.read_text(), answer.read_text()) == ('{"cells": ["mine"]}', "kind: NetworkPolicy")
    assert torn.read_bytes() == HALF
    assert first_line("01", "01-allow-all.new.ipynb") == 'XX = "01"'
    assert first_line("02") == 'XX = "02"'


def test_one_notebook_is_set_back_and_the_student_s_and_their_answers_stay() -> None:
    class_("--students", "1", "--prepare")
    home = Path("class/students/01")
    (home / "work").mkdir()
    (home / "work" / "progress-01.jsonl").write_text("{}")
    (home / "03-allow-specific.ipynb").write_bytes(HALF)
    class_("--reset", "1", "03")
    assert first_line("01", "03-allow-specific.ipynb") == 'XX = "01"'
    assert (home / "03-allow-specific.before-reset.ipynb").read_bytes() == HALF
    assert (home / "work" / "progress-01.jsonl").read_text() == "{}"
    assert "Nobody in this class has the number '9'" in class_("--reset", "9", "03", ends=2).output


def test_on_a_full_disk_nobody_gets_a_password_that_is_on_no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    class_("--students", "1", "--prepare")
    before = Path("class/seats.json").read_bytes()
    monkeypatch.setattr(class_folder, "write_whole", full)
    said = class_("--students", "2", "--prepare", ends=2).output
    assert "cards-02.html was not written, and nobody got a password: no space left on device." in said
    assert Path("class/seats.json").read_bytes() == before


def test_a_file_that_may_not_grow_is_told_and_leaves_the_class_as_it_was() -> None:
    class_("--students", "1", "--prepare")
    before = {path: path.read_bytes() for path in Path("class").rglob("*") if path.is_file()}
    words = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))\n"
    words += "from netpol_lab.lab.cli import main; main(['class', '--students', '3', '--prepare'])"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "was not written, and nobody got a password: file too large." in done.stderr
    assert {path: path.read_bytes() for path in Path("class").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("content", ["", "[]", '{"seats": [{"nummer": "01"}]}', '{"seats": [1]}'])
def test_a_damaged_list_of_seats_is_never_made_anew(content: str) -> None:
    class_("--students", "1", "--prepare")
    Path("class/seats.json").write_text(content)
    assert "does not hold the seats of a class" in class_("--students", "1", "--prepare", ends=2).output
    assert Path("class/seats.json").read_text() == content


def test_names_that_are_no_text_are_told() -> None:
    Path("names.txt").write_bytes("Jörg\n".encode("latin-1"))
    assert "Save it as text in UTF-8" in class_("--names", "names.txt", "--prepare", ends=2).output
    assert not Path("class").exists()


def test_the_first_time_it_asks_how_many() -> None:
    assert "Say how many: --students 30, or --names FILE." in class_(ends=2).output
    assert not Path("class").exists()


def test_a_certificate_needs_its_key() -> None:
    assert "give both --certificate and --key" in class_("--certificate", "names.txt", ends=2).output


def test_without_its_proxy_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    said = class_("--students", "1", ends=2).output
    assert f"{class_command.PROXY}@{class_command.PROXY_VERSION}" in " ".join(said.split())


def test_a_taken_port_is_named_with_another_one() -> None:
    pytest.importorskip("jupyterhub")
    class_("--students", "1", "--prepare")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1] - 1
        said = class_("--port", str(port), "--proxy", sys.executable, ends=2).output
    assert f"Port {port + 1} is taken, and the class needs {port} to {port + 2}." in said
    assert f"--port {port + 10}" in said


def test_ending_a_class_that_does_not_run_ends_nothing() -> None:
    class_("--students", "1", "--prepare")
    assert class_("--end").output.startswith("0 processes ended.")
    assert ClassFolder(Path("class")).processes() == []
