"""Whatever is typed, kubectl answers: nothing but a result ever comes out, and nothing heavy is loaded for it."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import given, settings
from hypothesis import strategies as st
from kubectl_lines import MANIFESTS, TRANSCRIPTS, Terminal

from netpol_lab.kubectl import run
from netpol_lab.kubectl.refused_verbs import NOT_SIMULATED
from netpol_lab.kubectl.verbs import VERBS
from netpol_lab.pods import ProgramResult as Result

WORDS = (TRANSCRIPTS / "words.txt").read_text(encoding="utf-8").split()
VERB = st.sampled_from([*VERBS, *NOT_SIMULATED, "foo"])
LINE = st.builds(
    lambda verb, words: [verb, *words], VERB, st.lists(st.sampled_from([*WORDS, "", "a b", "\n"]), max_size=6)
)
TEXTS = [file.read_text(encoding="utf-8") for file in sorted(MANIFESTS.glob("*.yaml"))]


@settings(max_examples=300)
@given(LINE, st.text(max_size=20))
def test_any_words_get_an_answer(words: list[str], stdin: str):
    terminal = Terminal()
    terminal.out("create deployment web --image=nginx")
    terminal.out("run client --image=busybox")
    assert isinstance(run(terminal.session, words, lambda: stdin, terminal.folder), Result)


@settings(max_examples=200)
@given(
    st.sampled_from(TEXTS),
    st.integers(0, 10_000),
    st.sampled_from(["\n", " ", "-", ":", "{", "}", "null", "[", "0", "'", "---\n", "\t", '"', "&a ", "*a ", "é"]),
    st.sampled_from(
        ["apply -f -", "create -f -", "delete -f -", "diff -f -", "replace -f -", "get -f -", "label a=b -f -"]
    ),
)
def test_any_slip_in_a_manifest_gets_an_answer(text: str, place: int, slip: str, line: str):
    at = place % (len(text) + 1)
    result = Terminal().type(line, text[:at] + slip + text[at:])
    assert result.exit_code in (0, 1)
    assert result.stdout or result.stderr or result.exit_code == 0


def test_the_command_line_loads_no_display_library():
    code = (
        "import sys; from netpol_lab import Cluster; from netpol_lab.kubectl import Session, run;"
        "session = Session(Cluster()); run(session, ['get', 'pods', '-A', '-o', 'yaml']);"
        "run(session, ['run', 'x', '--rm', '-i', '--image=busybox', '--', 'wget', '-T1', 'kubernetes']);"
        "heavy = {'pandas', 'numpy', 'matplotlib', 'ipywidgets', 'graphviz', 'IPython'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
