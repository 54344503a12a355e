"""What the tests of the command line share: worlds to type in, and how lines are typed."""

from __future__ import annotations

import shlex
from pathlib import Path

from netpol_lab import Cluster
from netpol_lab.kubectl import Session, run
from netpol_lab.pods import ProgramResult as Result

TRANSCRIPTS = Path(__file__).resolve().parent / "transcripts"
MANIFESTS = TRANSCRIPTS / "manifests"


class Terminal:
    """Types kubectl lines, as in a notebook cell. ``cluster`` None: the workbook's own."""

    def __init__(self, cluster: Cluster | None = None, folder: Path | str = MANIFESTS) -> None:
        self.session = Session(cluster or Cluster())
        self.folder = str(folder)

    def type(self, line: str, stdin: str = "") -> Result:
        """Run one line, with or without ``kubectl`` in front."""
        words = shlex.split(line)
        return run(self.session, words[1:] if words[:1] == ["kubectl"] else words, lambda: stdin, self.folder)

    def out(self, line: str, stdin: str = "") -> str:
        """The stdout of a line that must work."""
        result = self.type(line, stdin)
        assert result.exit_code == 0, result.stderr
        return result.stdout

    def fails(self, line: str, stdin: str = "", exit_code: int = 1) -> str:
        """The stderr of a line that must fail, without the workbook's hints."""
        result = self.type(line, stdin)
        assert result.exit_code == exit_code, result
        return without_hints(result.stderr).rstrip("\n")


def without_hints(text: str) -> str:
    """What kubectl itself says."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(("hint: ", "note: ")))
