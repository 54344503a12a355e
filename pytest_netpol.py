"""The pytest plugin of netpol-lab: a table of expected connections as tests, one per row.

``pytest --netpol-dir manifests expectations.yaml``. It stands outside the package and imports it when it is asked to
work, because pytest loads it in every run of the environment.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from netpol_lab.lessons.expectations import ExpectationResult


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("netpol-lab")
    group.addoption("--netpol-dir", metavar="MANIFESTS", help="manifests that expectations*.yaml are tested against")
    group.addoption("--netpol-profile", metavar="NAME", default="upstream", help="network plugin, such as calico")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Files named expectations*.yaml, and any YAML file that is named on the command line."""
    asked = parent.session.isinitpath(file_path) or file_path.name.startswith("expectations")
    if file_path.suffix not in (".yaml", ".yml") or not asked or not parent.config.getoption("netpol_dir"):
        return None
    found: pytest.Collector = ExpectationsFile.from_parent(parent, path=file_path)
    return found


class ExpectationsFile(pytest.File):
    """One table. It is judged as a whole when it is collected, for a name that means nobody is a fault of the table."""

    def collect(self) -> Iterator[pytest.Item]:
        from netpol_lab import Cluster
        from netpol_lab.model.errors import LabError

        option = self.config.getoption
        try:
            cluster = Cluster.from_manifests(Path(option("netpol_dir")), option("netpol_profile"))
            results = cluster.expect(self.path)
        except LabError as error:
            raise self.CollectError(str(error)) from None
        for each in results:
            yield ExpectationItem.from_parent(
                self, name=f"line {each.expectation.line}: {each.expectation}", result=each
            )


class Broken(Exception):
    """A row that does not hold; its words are the reasons."""


class ExpectationItem(pytest.Item):
    """One row of a table."""

    def __init__(self, *, result: ExpectationResult, **settings: Any) -> None:
        super().__init__(**settings)
        self.result = result

    def runtest(self) -> None:
        if self.result.notes:
            self.add_report_section("call", "notes", "\n".join(self.result.notes))
        if not self.result.held:
            raise Broken("\n".join([f"because: {self.result.expectation.because}", *self.result.reasons]))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        return str(excinfo.value) if isinstance(excinfo.value, Broken) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.result.expectation.line - 1, self.name
