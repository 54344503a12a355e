"""Recorded sessions of the real kubectl, typed again: same lines, same spaces, same stream, same exit code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubectl_lines import MANIFESTS, TRANSCRIPTS, Terminal, without_hints

from netpol_lab import Cluster

Block = tuple[str, str]
"""A command line, and what was recorded for it."""


def blocks(file: Path) -> Iterator[Block]:
    for part in re.split(r"^\$ kubectl ", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        line, _, recorded = part.partition("\n")
        yield line, recorded.rstrip("\n") + "\n" if recorded.strip("\n") else ""


def comparable(text: str) -> str:
    """Without what differs from run to run: ages, times, uids. Columns keep their width."""
    text = re.sub(
        r"(?<= )\d+[smh](?= *$| {3})( *)", lambda match: "#".ljust(len(match[0])) if match[1] else "#", text, flags=re.M
    )
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+0000( UTC)?", "<time>", text)
    text = re.sub(r'creationTimestamp: ".*"', "creationTimestamp: <time>", text)
    return re.sub(r"(uid|resourceVersion): .*", r"\1: <given>", text)


def world(name: str, context: str) -> Terminal:
    terminal = Terminal(Cluster.from_manifests(MANIFESTS / name))
    terminal.session.context = context
    return terminal


JOINED = list(blocks(TRANSCRIPTS / "policies.txt"))
APART = list(blocks(TRANSCRIPTS / "errors.txt"))


def test_the_transcripts_hold_as_many_lines_as_were_recorded():
    assert (len(JOINED), len(APART)) == (42, 39)


@pytest.fixture(scope="module")
def policies() -> Terminal:
    return world("policies-world.yaml", "f")


@pytest.mark.parametrize(("line", "recorded"), JOINED, ids=[f"{n} {line}" for n, (line, _) in enumerate(JOINED)])
def test_a_session_about_policies_prints_what_kubectl_prints(policies: Terminal, line: str, recorded: str):
    result = policies.type(line)
    exit_code = f"[exit {result.exit_code}]\n" if result.exit_code else ""
    assert comparable(result.stdout + without_hints(result.stderr) + exit_code) == comparable(recorded)


@pytest.fixture(scope="module")
def errors() -> Terminal:
    return world("errors-world.yaml", "f")


@pytest.mark.parametrize(("line", "recorded"), APART, ids=[f"{n} {line}" for n, (line, _) in enumerate(APART)])
def test_a_session_of_errors_keeps_streams_and_exit_codes_apart(errors: Terminal, line: str, recorded: str):
    result = errors.type(line)
    printed = f"--stdout:\n{result.stdout}--stderr:\n{without_hints(result.stderr)}--rc={result.exit_code}\n"
    assert comparable(printed) == comparable(recorded)
