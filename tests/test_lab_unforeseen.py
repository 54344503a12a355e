"""Whatever a student does to the front door: one sentence, no traceback, and nothing is lost."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from netpol_lab.lab import bridge, command_line, notebook, unforeseen, views
from netpol_lab.lab.front import Lab
from netpol_lab.lab.kernel_start import BRIDGE
from netpol_lab.lab.own_shell import OwnShell
from netpol_lab.lab.unforeseen import REPORT, Unforeseen
from netpol_lab.model import whole_files
from netpol_lab.model.errors import LabError

METHODS = [name for name in vars(Lab) if not name.startswith("_") and name != "close"]
WRONG: list[Any] = [
    None,
    3,
    -1.5,
    [],
    {},
    object(),
    b"x",
    "",
    "nobody",
    "\x1b[31m",
    "a\0b",
    "x" * 300,
    ("a",),
    float("nan"),
]


@pytest.fixture
def lab(notebook_folder: Path) -> Iterator[Lab]:
    opened = Lab("07", lesson="03-allow-specific")
    yield opened
    opened.close()


def one_sentence(error: LabError) -> str:
    text = str(error)
    assert text and "Traceback" not in text
    assert "\x1b" not in "".join(error._render_traceback_())
    return text


@pytest.mark.parametrize("name", METHODS)
def test_every_method_answers_every_kind_of_argument_in_words(lab, name):
    state = lab.cluster.snapshot()
    for value in WRONG:
        for arguments in (
            (value,),
            (value, value),
            (value, value, value),
            ("coredns", value),
            ("coredns", "coredns", value),
        ):
            try:
                getattr(lab, name)(*arguments)
            except LabError as error:
                one_sentence(error)
                assert not isinstance(error, Unforeseen), f"{name}{arguments}: {error}"
    if name not in ("kubectl", "reset"):
        assert lab.cluster.snapshot() == state


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda lab: lab.check(None), "Say which exercise"),
        (lambda lab: lab.check(3), "exercise has to be text in quotes or nothing, and 3 is not"),
        (lambda lab: lab.start(), "missing a required argument: 'exercise'"),
        (lambda lab: lab.kubectl('get "pods'), "no closing quotation"),
        (lambda lab: lab.kubectl(None), "line has to be text in quotes"),
        (lambda lab: lab.file(""), "no manifest ''"),
        (lambda lab: lab.file("../exercises/02-default-deny.yaml"), "no manifest '../exercises"),
        (lambda lab: lab.file("lab-a"), "no manifest 'lab-a'"),
        (lambda lab: lab.file("lab-a/nope.yaml"), "no manifest 'lab-a/nope.yaml'. An example is"),
        (lambda lab: Lab("07", lesson=3), "lesson has to be text in quotes or nothing, and 3 is not"),
        (lambda lab: Lab("07", lesson="x" * 300), "file name too long"),
    ],
)
def test_a_slip_is_answered_by_what_is_wrong_with_it(lab, call: Callable[[Lab], Any], words: str):
    with pytest.raises(LabError) as caught:
        call(lab)
    assert words in one_sentence(caught.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (".", "Name a file"),
        ("a.yaml/b", "not written"),
        ("~/x.yaml", "Name a file"),
        ("~x.yaml", "Name a file"),
        ("folder", "is a directory"),
        ("x" * 300, "file name too long"),
        ("a\0b", "embedded null"),
    ],
)
def test_a_manifest_with_an_odd_name_is_refused_and_makes_nothing(lab, name: str, words: str):
    Path("a.yaml").write_text("kind: Pod\n")
    Path("folder").mkdir()
    before = sorted(os.listdir("."))
    with pytest.raises(LabError, match=words):
        lab._write(name, "kind: Pod\n")
    assert sorted(os.listdir(".")) == before


def test_on_a_full_disk_the_old_file_stays(lab, monkeypatch):
    lab._write("a.yaml", "kind: Pod\n")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for step in ("fdopen", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(whole_files.os, step, full)
            with pytest.raises(LabError, match="what was there is as it was: no space left on device"):
                lab._write("a.yaml", "kind: Service\n")
        assert Path("a.yaml").read_text() == "kind: Pod\n"
        assert os.listdir(".") == ["a.yaml"]


def test_a_file_keeps_its_rights_and_a_new_one_gets_the_usual(lab):
    lab._write("new.yaml", "")
    Path("plain").touch()
    assert Path("new.yaml").stat().st_mode == Path("plain").stat().st_mode
    Path("new.yaml").chmod(0o600)
    lab._write("new.yaml", "kind: Pod\n")
    assert Path("new.yaml").stat().st_mode & 0o777 == 0o600


def test_in_a_folder_that_was_deleted_everything_answers(lab):
    shutil.rmtree(lab.folder)
    assert lab.kubectl("get namespaces").exit_code == 0
    assert 'the path "a.yaml" does not exist' in lab.kubectl("apply -f a.yaml").stderr
    with pytest.raises(LabError, match="not written"):
        lab.file("lab-a/default-deny.yaml")
    again = Lab("07", lesson="03-allow-specific")
    try:
        again.file("lab-a/default-deny.yaml")
    finally:
        again.close()


def test_a_folder_that_may_not_be_written_is_named(lab, monkeypatch):
    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(whole_files.tempfile, "mkstemp", forbidden)
    with pytest.raises(LabError, match=r"default-deny\.yaml was not written.*permission denied"):
        lab.file("lab-a/default-deny.yaml")


def broken(*_: object, **__: object) -> Any:
    raise ZeroDivisionError("somewhere deep")


def test_a_fault_of_ours_is_one_sentence_with_the_command_and_a_report(lab, monkeypatch, tmp_path):
    monkeypatch.setattr(views, "build", broken)
    with pytest.raises(Unforeseen, match=r"`lab.graph\(at=0\)` met a fault of the lab") as caught:
        lab.graph(at=0)
    assert "Traceback" not in one_sentence(caught.value)
    report = (tmp_path / "work" / REPORT).read_text()
    assert "lab.graph(at=0)" in report and "somewhere deep" in report


def test_a_fault_in_kubectl_changes_nothing_and_the_lab_answers_on(lab, monkeypatch):
    def half(session: Any, *_: object) -> Any:
        session.cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "half"}})
        raise ZeroDivisionError("somewhere deep")

    with monkeypatch.context() as patch:
        patch.setattr(command_line, "run", half)
        said = lab.kubectl("apply -f x.yaml")
    assert said.exit_code == 1 and said.stderr.startswith("error: `kubectl apply -f x.yaml` met a fault of the lab")
    assert lab.kubectl("get namespace half").exit_code == 1
    assert lab.kubectl("get namespaces").exit_code == 0


def test_where_no_report_can_be_written_the_sentence_stands_alone(lab, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(unforeseen, "write_whole", full)
    assert unforeseen.sentence("kubectl get pods", ValueError("x")).endswith("The cluster is as it was.")


def test_a_lab_whose_bridge_cannot_be_opened_leaves_the_one_that_stands_and_the_folder(lab, monkeypatch):
    folder, address = os.getcwd(), os.environ[BRIDGE]

    def none_left(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(bridge.socket, "create_server", none_left)
    with pytest.raises(Unforeseen, match="OSError"):
        Lab("08", lesson="04-allow-all")
    assert (os.getcwd(), os.environ[BRIDGE]) == (folder, address)


def test_the_magic_tells_a_fault_in_a_sentence(lab, monkeypatch, tmp_path):
    magics: dict[str, Callable[..., None]] = {}
    shell = SimpleNamespace(user_ns={}, _showtraceback=print)
    shell.register_magic_function = lambda function, _, name: magics.update({name: function})
    monkeypatch.setattr(notebook, "shell", lambda: shell)
    notebook.publish("07", broken, OwnShell(lab.cluster, lab._answer))
    with pytest.raises(Unforeseen, match=r"`%%manifest a\.yaml` met a fault of the lab"):
        magics["manifest"]("a.yaml", "kind: Pod\n")
