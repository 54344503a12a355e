"""JUnit XML, as CI systems read it: one test case per row. It holds no time: the same rows give the same file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from netpol_lab.display.expectations_table import ToldRow
from netpol_lab.model.whole_files import write_whole


def write(file: str, suite: str, rows: Sequence[ToldRow]) -> None:
    """Write the results of the rows. Raises OSError where there can be no such file."""
    broken = [row for row in rows if not row.held]
    counts = {"tests": str(len(rows)), "failures": str(len(broken)), "errors": "0", "skipped": "0"}
    root = ElementTree.Element("testsuites", counts)
    inside = ElementTree.SubElement(root, "testsuite", {"name": suite, **counts})
    for row in rows:
        case = ElementTree.SubElement(inside, "testcase", {"classname": row.where, "name": row.words})
        if not row.held:
            told = "\n".join([f"because: {row.because}", *row.reasons])
            ElementTree.SubElement(case, "failure", {"message": row.reasons[0]}).text = told
        elif row.reasons:
            ElementTree.SubElement(case, "system-out").text = "\n".join(row.reasons)
    ElementTree.indent(root)
    write_whole(Path(file), ElementTree.tostring(root, "unicode", xml_declaration=False) + "\n")
