"""A student's own kubectl, with a real cluster behind it, is never reached by accident.

A fake one stands on PATH and writes down that it was called. Each way in which it was once reached, or could be, is a
test: the fake one stays silent, and what is typed is answered in one sentence.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

from netpol_lab.lab import ipython_startup, kernel_start
from netpol_lab.lab.front import Lab
from netpol_lab.lab.kernel_start import programs_first, slip
from netpol_lab.model.errors import LabError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the shell lines of these tests are POSIX")

DELETE = "kubectl delete ns default"
REFUSED = "there is no lab in this notebook's kernel"


@pytest.fixture
def real_kubectl(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The student's own kubectl, first on PATH before the library is imported; it must never be called."""
    folder = tmp_path_factory.mktemp("real")
    called = folder / "called"
    program = folder / "kubectl"
    program.write_text(f'#!/bin/sh\necho "$*" >> "{called}"\n')
    program.chmod(0o755)
    ours = [str(Path(kernel_start.__file__).parent / each) for each in ("programs", "last_programs")]
    rest = [each for each in os.environ["PATH"].split(os.pathsep) if each not in ours]
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), *rest]))
    monkeypatch.delenv(kernel_start.BRIDGE, raising=False)
    yield program
    assert not called.exists(), called.read_text()


def shell(line: str = DELETE, **how: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(line, shell=True, capture_output=True, text=True, timeout=60, **how)


# -- in one process ------------------------------------------------------------------------------


def the_profile_is_misspelled() -> None:
    with pytest.raises(LabError):
        Lab("07", profile="calicoo")


def work_is_a_file() -> None:
    Path("work").write_text("")
    with pytest.raises(LabError, match="cannot be made: not a directory"):
        Lab("07", lesson="03-allow-specific")


def the_number_is_no_name() -> None:
    with pytest.raises(LabError):
        Lab("A B")


def the_temporary_folder_is_emptied() -> None:
    scratch = Path(os.environ["TMPDIR"])
    shutil.rmtree(scratch)


def a_forked_child_ends() -> None:
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            import atexit

            atexit._run_exitfuncs()
        os._exit(0)
    os.waitpid(child, 0)


def the_path_is_put_in_order() -> None:
    programs_first()


AFTER: list[Callable[[], None]] = [
    the_profile_is_misspelled,
    work_is_a_file,
    the_number_is_no_name,
    the_temporary_folder_is_emptied,
    a_forked_child_ends,
    the_path_is_put_in_order,
]


@pytest.mark.parametrize("happens", AFTER, ids=lambda each: each.__name__)
def test_the_lab_that_stands_answers_on_whatever_happens(real_kubectl, notebook_folder, tmp_path, monkeypatch, happens):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    lab = Lab("07")
    try:
        happens()
        said = shell()
        assert 'namespaces "default" is forbidden' in said.stderr or "default" in said.stdout + said.stderr
        assert REFUSED not in said.stderr
        assert shell("kubectl get namespaces -o name").stdout.startswith("namespace/")
    finally:
        lab.close()


@pytest.mark.parametrize("name", ["a:b", "x" * 100, "ünïcode and a space"])
def test_a_temporary_folder_of_any_name_does(real_kubectl, notebook_folder, tmp_path, monkeypatch, name):
    (tmp_path / name).mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / name))
    lab = Lab("07")
    try:
        assert shell("kubectl get namespaces -o name").stdout.startswith("namespace/")
    finally:
        lab.close()


def test_a_first_lab_that_fails_leaves_a_kubectl_that_refuses(real_kubectl, notebook_folder):
    programs_first()
    with pytest.raises(LabError):
        Lab("07", profile="calicoo")
    assert REFUSED in shell().stderr


def test_after_a_lab_is_closed_kubectl_refuses(real_kubectl, notebook_folder):
    Lab("07").close()
    said = shell()
    assert (said.stdout, said.returncode) == ("", 1) and REFUSED in said.stderr


@pytest.mark.parametrize(
    "line", [DELETE, "bash -c 'kubectl get pods'", "cd / && kubectl get pods", "xargs kubectl </dev/null"]
)
def test_whoever_imports_the_library_has_a_kubectl_that_refuses(real_kubectl, line):
    code = f"import netpol_lab, subprocess; subprocess.run({line!r}, shell=True)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert said.stdout == "" and REFUSED in said.stderr


def test_a_library_whose_folder_cannot_stand_on_path_or_holds_no_programs_is_copied(
    real_kubectl, tmp_path, monkeypatch
):
    place = tmp_path / "a:b" / "netpol_lab"
    shutil.copytree(Path(kernel_start.__file__).parent.parent, place)
    monkeypatch.setenv("PYTHONPATH", str(place.parent).replace(":", "\\:"))
    home = tmp_path / "home"
    code = f"import sys; sys.path.insert(0, {str(place.parent)!r}); import netpol_lab, subprocess;"
    code += f"assert {str(place)!r} in netpol_lab.__file__; subprocess.run({DELETE!r}, shell=True)"
    env = {**os.environ, "HOME": str(home), "PYTHONPATH": ""}
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, timeout=60)
    assert REFUSED in said.stderr, said.stderr
    assert (home / ".cache" / "netpol-lab" / "programs" / "kubectl").exists()


# -- in a kernel ---------------------------------------------------------------------------------


@pytest.fixture
def kernel(real_kubectl: Path, tmp_path: Path) -> Iterator[Any]:
    """A kernel as the workbook's environment starts it: with the start-up file, and no cell was run."""
    startup = f"--IPKernelApp.exec_files=[{ipython_startup.__file__!r}]"
    manager, client = start_new_kernel(startup_timeout=120, cwd=str(tmp_path), extra_arguments=[startup])
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run_cell(client: Any, code: str) -> str:
    """All that the cell shows: streams, and errors as their traceback."""
    shown: list[str] = []

    def hear(message: dict[str, Any]) -> None:
        content = message["content"]
        shown.extend([content["text"]] if message["msg_type"] == "stream" else content.get("traceback", []))

    client.execute_interactive(code, output_hook=hear, timeout=120)
    return "\n".join(shown)


CELLS = {
    f"!{DELETE}": REFUSED,
    f"%%bash --no-raise-error\n{DELETE}": REFUSED,
    f"%%bash\n{DELETE}": "The last command of this cell ended with exit code 1. What it says stands above.",
    f"print(get_ipython().getoutput({DELETE!r}))": REFUSED,
    "!k get pods": "kubectl get pods",
    DELETE: f"Put an exclamation mark before the line: !{DELETE}",
    "kubectl": "Put an exclamation mark before the line: !kubectl",
    "k get pods": "!kubectl get pods",
    "lab.graph()": "There is no lab in this kernel yet",
    "%%manifest a.yaml\nkind: Pod": "There is no lab in this kernel yet, so nothing was written",
}


def test_before_the_first_cell_and_after_a_restart_nothing_reaches_the_real_one(kernel):
    manager, client = kernel
    for restarted in (False, True):
        if restarted:
            assert "namespace/" in run_cell(
                client, "from netpol_lab import Lab; lab = Lab('07')\n!kubectl get ns -o name"
            )
            assert "between quotes" in run_cell(client, "lab.quiz('02-default-deny/q1', b)")
            manager.restart_kernel(now=True)
            client.wait_for_ready(timeout=120)
        for cell, words in CELLS.items():
            shown = run_cell(client, cell)
            assert words in shown, f"{cell}: {shown}"
            assert "Traceback" not in shown


def test_the_students_number_is_the_same_in_every_kind_of_cell(kernel):
    _, client = kernel
    run_cell(client, "from netpol_lab import Lab; XX = '07'; lab = Lab(XX)")
    run_cell(client, "lab = Lab('08')")
    assert run_cell(client, "!echo $XX").strip() == run_cell(client, "%%bash\necho $XX").strip() == "08"


def test_the_environment_runs_the_start_up_file_in_every_kernel(repository):
    from IPython.core.application import ENV_CONFIG_DIRS

    assert str(Path(sys.prefix) / "etc" / "ipython") in ENV_CONFIG_DIRS
    wheel = tomllib.loads((repository / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    (source, target), *_ = wheel["shared-data"].items()
    assert (repository / source).samefile(ipython_startup.__file__)
    assert target == "etc/ipython/startup/00-netpol-lab.py"


@pytest.mark.parametrize("error", [NameError("name 'x' is not defined", name="x"), ValueError("b"), SyntaxError("odd")])
def test_any_other_error_keeps_its_own_words(error):
    assert slip(error, "x + 1") == ""


def test_a_letter_that_is_no_answer_to_a_question_is_no_slip():
    assert slip(NameError("name 'b' is not defined", name="b"), "print(b)") == ""
