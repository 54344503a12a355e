"""The notebook's own shell, for machines without bash: what it runs, what it refuses, where its files lie."""

from __future__ import annotations

import os
from pathlib import Path

import build
import pytest

from benchmarks.notebooks import FIRST_CELL, kernel, run_cell
from netpol_lab import Lab
from netpol_lab.lab.kernel_start import SHELL, takes_own_shell
from netpol_lab.lab.own_shell import OwnShell
from netpol_lab.pods import ProgramResult

ALL = os.environ.get("NETPOL_LAB_ALL_ON_OWN_SHELL")
LESSONS = [source for source in build.sources() if ALL or source.stem[:2] in ("06", "07", "09")]
"""Those with the most shell; the others take half a minute more."""


@pytest.fixture
def shell(notebook_folder: Path, monkeypatch: pytest.MonkeyPatch) -> OwnShell:
    monkeypatch.setenv("XX", "07")
    lab = Lab("07")
    return OwnShell(lab.cluster, lab._answer)


@pytest.fixture
def machine_without_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """PATH names a folder that holds nothing: no bash, no sh, no program at all."""
    empty = tmp_path / "bin"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    return tmp_path


@pytest.mark.parametrize("source", LESSONS, ids=[source.stem for source in LESSONS])
@pytest.mark.usefixtures("machine_without_shell")
def test_a_lesson_gives_the_same_outputs_on_a_machine_without_a_shell(source: Path) -> None:
    assert build.run([source], build.HERE, check=True, students_only=False) == []


def test_every_kind_of_line_runs_in_a_kernel_without_a_shell(machine_without_shell: Path) -> None:
    with kernel(machine_without_shell) as (_, client):
        run_cell(client, FIRST_CELL)
        assert run_cell(client, "!echo $XX | cat -") == "07\n"
        assert (
            run_cell(client, "names = !kubectl get ns -o name | head -n 1\nprint(names)") == "['namespace/default']\n"
        )
        assert run_cell(client, "%%bash\nfor i in 1 2; do echo $i; done") == "1\n2\n"
        assert run_cell(client, "%%bash --no-raise-error\nfalse") == ""
        assert run_cell(client, "!kubectl get pods -n nowhere; echo $?").endswith("\n0\n")
        with pytest.raises(RuntimeError, match="exit status 1"):
            run_cell(client, "%%bash\nfalse")
        with pytest.raises(RuntimeError, match="--no-raise-error, and nothing else"):
            run_cell(client, "%%bash --out x\ntrue")
        assert "there is no lab" in run_cell(client, "lab.close()\n!kubectl get pods")


def test_a_machine_with_bash_keeps_its_own_shell(machine_without_shell: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SHELL, raising=False)
    assert takes_own_shell()
    bash = machine_without_shell / "bin" / "bash"
    bash.touch(mode=0o755)
    assert takes_own_shell() is (os.name == "nt")
    monkeypatch.setenv(SHELL, "own")
    assert takes_own_shell()
    bash.unlink()
    monkeypatch.setenv(SHELL, "machine")
    assert not takes_own_shell()


@pytest.mark.parametrize(
    ("script", "printed"),
    [
        ("kubectl create namespace a && kubectl get ns a -o name", "namespace/a created\nnamespace/a\n"),
        (
            "cat << EOF | kubectl apply -f -\nkind: Namespace\napiVersion: v1\nmetadata: {name: s-$XX}\nEOF",
            "namespace/s-07 created\n",
        ),
        ("echo '{\"a\": [1, \"b\"]}' | jq -r '.a[]'", "1\nb\n"),
        ("NAMES=$(kubectl get ns -o json | jq -r '.items[].metadata.name' | grep -c kube); echo $NAMES", "3\n"),
        ("echo a > one; echo b >> one; cat ./one; ls; rm one; ls", "a\nb\none\n"),
        (
            "cat << 'EOF' > ns.yaml\nkind: Namespace\napiVersion: v1\nmetadata: {name: f}\nEOF\n"
            "kubectl apply -f ns.yaml",
            "namespace/f created\n",
        ),
        ("echo 1 > b.txt; echo 2 > a.txt; cat *.txt; echo '*.txt' no*; rm -f *.txt; ls", "2\n1\n*.txt no*\n"),
        ("echo 'A=1' > vars; . ./vars; echo $A; rm -f vars nothing", "1\n"),
        ("kubectl get pods -n a > out.txt 2>&1; wc -l out.txt; rm out.txt", "1\n"),
    ],
)
def test_a_script_prints_what_bash_would_print(shell: OwnShell, script: str, printed: str) -> None:
    assert shell.run(script).stdout == printed


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("awk 1", "awk: this program is not simulated in this workbook; these are: [, bash, cat, curl, "),
        ("echo x > /tmp/away", "bash: writing /tmp/away, outside of your folder, is not simulated in this workbook"),
        ("echo x > ../away", "bash: writing ../away, outside of your folder, "),
        ("rm ../away-that-is-there", "bash: writing ../away-that-is-there, outside of your folder, "),
        ("rm -r folder", "rm: option -r is not simulated in this workbook"),
        ("curl -m 3 https://example.com", "curl: an address outside of the cluster is not simulated in this workbook"),
        ("cat < nothing", "bash: can't open nothing: no such file"),
        ("ls nothing", "ls: cannot access 'nothing': No such file or directory"),
        ("kubectl get pods &", "bash: a background job, & is not simulated in this workbook"),
        ("while true; do kubectl get ns; done", "bash: stopped: more than 1000 rounds"),
    ],
)
def test_what_it_cannot_do_it_says_in_one_sentence(shell: OwnShell, tmp_path: Path, script: str, said: str) -> None:
    (tmp_path.parent / "away-that-is-there").touch()
    (tmp_path / "folder").mkdir()
    result = shell.run(script)
    assert result.exit_code
    assert result.stderr.startswith(said)
    assert result.stderr.count("\n") == 1
    assert (tmp_path.parent / "away-that-is-there").exists()


def test_a_file_that_cannot_be_written_is_told_and_the_old_one_stays(
    shell: OwnShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.run("echo old > notes")

    def full(file: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("netpol_lab.lab.own_shell.write_whole", full)
    result = shell.run("echo new > notes")
    assert (result.exit_code, result.stderr) == (1, "bash: notes: No space left on device\n")
    assert (tmp_path / "notes").read_text() == "old\n"


def test_a_jq_filter_that_never_ends_is_stopped(shell: OwnShell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netpol_lab.lab.own_shell._JQ_SECONDS", 0.5)
    result: ProgramResult = shell.run("jq -n 'last(range(1e15))'")
    assert result.stderr == "jq: a filter that takes more than 0.5 seconds is not simulated in this workbook\n"
