"""A kubectl that stands on PATH as if it were real: behind it is a second simulated cluster, in another process.

Run as a program with a folder: it writes ``kubectl`` there, prints a line, and serves until its standard input ends.
``recorded=FILE`` answers what somebody typed with the words of a real cluster, line by line.
``slow`` makes pods take their time: each new pod is not Ready, and each deleted one still ending, until somebody has
asked twice.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CONTEXT, SERVER = "stand-in", "https://172.18.0.2:6443"


def is_plain(command: str) -> bool:
    """Whether a line is one of kubectl alone, which no shell changes."""
    return command.startswith("kubectl ") and not re.search(r"[|;&<>$*`\n]", command)


@contextmanager
def stand_in(folder: Path, *options: str) -> Iterator[Path]:
    """The folder with the ``kubectl`` of a cluster of its own; put it on PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, __file__, str(folder), *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield folder
        finally:
            process.stdin.close()
            process.wait(timeout=30)


def on_path(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let a folder's kubectl be the student's own."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), os.environ["PATH"]]))


@contextmanager
def live_cluster(folders: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, *options: str) -> Iterator[Path]:
    """A stand-in as the student's own kubectl, beside a lab that waits for no real time. Yields its folder."""
    from netpol_lab.lab.live import real_cluster, waiting

    monkeypatch.setattr(real_cluster, "SECONDS_FOR_POLICIES", 0)
    monkeypatch.setattr(waiting, "PAUSE", 0)
    with stand_in(folders.mktemp("stand-in"), *options) as folder:
        on_path(monkeypatch, folder)
        yield folder


def main(folder: Path, options: list[str]) -> None:
    from netpol_lab.kubectl import Session, run
    from netpol_lab.lab import bridge_client
    from netpol_lab.lab.bridge import Bridge
    from netpol_lab.lab.clusters import Cluster
    from netpol_lab.lab.kernel_start import BRIDGE
    from netpol_lab.pods import ProgramResult

    recorded = next((each.partition("=")[2] for each in options if each.startswith("recorded=")), "")
    answers: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for entry in json.loads(Path(recorded).read_text("utf-8")) if recorded else ():
        if is_plain(entry["command"]):
            answers.setdefault(tuple(shlex.split(entry["command"])[1:]), []).append(entry)
    profile = next((each.partition("=")[2] for each in options if each.startswith("profile=")), "upstream")
    session = Session(Cluster(profile), context=CONTEXT, terminal=True)
    seen: dict[str, int] = {}

    def answer(program: str, words: list[str], stdin: Any, cwd: str, *special: Any) -> ProgramResult:
        with (folder / "asked.jsonl").open("a") as log:
            log.write(json.dumps(words) + "\n")
        if words[:2] == ["--context", CONTEXT]:
            words = words[2:]
            if words[:1] == ["create"]:
                body = stdin()
                stdin = io.StringIO(body).read
                with (folder / "sent.jsonl").open("a") as log:
                    log.write(body + "\n")
        result = run(session, words, stdin, cwd, *special)
        if left := answers.get(tuple(words)):
            said = left.pop(0)
            return ProgramResult((("stdout", said["stdout"]), ("stderr", said["stderr"])), said["exit"])
        if "slow" in options and words[:1] == ["get"] and "json" in words:
            return ProgramResult((("stdout", unready(result.stdout)), ("stderr", result.stderr)), result.exit_code)
        return result

    def unready(text: str) -> str:
        with contextlib.suppress(ValueError):
            value = json.loads(text)
            items = value.get("items", [value])
            for each in items:
                if each["kind"] == "Pod" and each["metadata"]["namespace"] != "kube-system":
                    uid = each["metadata"]["uid"]
                    seen[uid] = seen.get(uid, 0) + 1
                    if seen[uid] < 3:
                        conditions = [c for c in each["status"]["conditions"] if c["type"] != "Ready"]
                        each["status"]["conditions"] = [*conditions, {"type": "Ready", "status": "False"}]
            return json.dumps(value)
        return text

    bridge = Bridge(answer)
    program = folder / "kubectl"
    client = Path(bridge_client.__file__)
    program.write_text(
        f'#!/bin/sh\n{BRIDGE}={os.environ[BRIDGE]} exec "{sys.executable}" -IS "{client}" kubectl "$@"\n', "utf-8"
    )
    program.chmod(0o755)
    (folder / "sent.jsonl").touch()
    print("ready", flush=True)
    sys.stdin.read()
    bridge.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
