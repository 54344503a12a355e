"""A table of expected connections: what its names mean, when a row holds, and what a bad table is told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from netpol_lab import Cluster
from netpol_lab.lab.cli import main
from netpol_lab.lab.front import Lab
from netpol_lab.lessons import expectations
from netpol_lab.lessons.expectations import ExpectationResult
from netpol_lab.model.errors import LabError

REPOSITORY = Path(__file__).resolve().parent.parent

SHOP = """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web, tier: front}}
spec: {containers: [{name: c, image: nginx, ports: [{containerPort: 80}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec: {containers: [{name: c, image: example/cart, ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {selector: {app: cart}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: mailer, namespace: post, labels: {app: mailer}}
spec: {containers: [{name: c, image: example/mailer}]}
"""
POLICIES = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: cart, namespace: shop}
spec:
  podSelector: {matchLabels: {app: cart}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: mailer, namespace: post}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  egress:
  - to: [{ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.128/25]}}]
    ports: [{port: 25}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "shop.yaml").write_text(SHOP, "utf-8")
    (tmp_path / "manifests" / "policies.yaml").write_text(POLICIES, "utf-8")
    return tmp_path


def table(folder: Path, *rows: str) -> str:
    path = folder / "expectations.yaml"
    path.write_text("expectations:\n" + "".join(f"- {{{row}, because: so}}\n" for row in rows), "utf-8")
    return str(path)


def results(folder: Path, *rows: str) -> tuple[ExpectationResult, ...]:
    return Cluster.from_manifests(folder / "manifests").expect(table(folder, *rows))


HELD = [
    ("from: shop/web, to: shop/cart, port: 8080, expect: allow", 2),
    ("from: shop/tier=front, to: shop/cart, port: 8080, expect: allow", 2),
    ('from: "*/app in (mailer, cart)", to: shop/cart, port: 8080, expect: deny', 4),
    ('from: "shop/!tier", to: shop/cart, port: 8080, expect: deny', 2),
    ("from: post/mailer, to: shop/cart, expect: deny", 2),
    ('from: "shop/*", to: shop/web, port: 80, expect: allow', 2),
    ('from: "*", to: post/mailer, expect: deny', 3),
    ("from: Anyone, to: post/mailer, expect: deny", 5),
    ("from: post/mailer, to: 203.0.113.7, port: 25, expect: allow", 1),
    ("from: post/mailer, to: 203.0.113.0/25, port: 25, expect: allow", 1),
    ("from: post/mailer, to: 203.0.113.128/25, port: 25, expect: deny", 1),
    ("from: External, to: shop/web, port: 80, protocol: UDP, expect: allow", 2),
]


@pytest.mark.parametrize(("row", "connections"), HELD)
def test_a_row_speaks_of_all_that_its_names_mean_and_holds(folder: Path, row: str, connections: int) -> None:
    (result,) = results(folder, row)
    assert (result.held, result.connections, result.reasons) == (True, connections, [])


@pytest.mark.parametrize("row", [row for row, _ in HELD])
def test_the_opposite_of_what_holds_is_broken_and_says_who_decides(folder: Path, row: str) -> None:
    was = "allow" if "allow" in row else "deny"
    (result,) = results(folder, row.replace(f"expect: {was}", f"expect: {'deny' if was == 'allow' else 'allow'}"))
    assert not result.held
    assert result.verdict is not None and result.verdict.allowed == (was == "allow")
    if was == "deny":
        assert any("policies.yaml, line" in reason for reason in result.reasons)


def test_replicas_of_one_workload_are_connections_too(folder: Path) -> None:
    (result,) = results(folder, "from: shop/cart, to: shop/cart, port: 8080, expect: deny")
    assert (result.held, result.connections) == (True, 2)


def test_a_range_of_which_a_part_is_open_is_broken_both_ways(folder: Path) -> None:
    row = "from: post/mailer, to: 203.0.113.0/24, port: 25, expect: "
    both = results(folder, f"{row}allow", f"{row}deny")
    assert [(len(each.broken), each.connections) for each in both] == [(1, 2), (1, 2)]


def test_a_row_without_a_port_is_about_every_protocol(folder: Path) -> None:
    udp = POLICIES.replace("ports: [{port: 8080}]", "ports: [{port: 8080, protocol: UDP}]")
    (folder / "manifests" / "policies.yaml").write_text(udp, "utf-8")
    (result,) = results(folder, "from: shop/web, to: shop/cart, expect: deny")
    assert not result.held and "UDP 8080 passes" in result.reasons[0]


def test_external_is_what_no_row_names(folder: Path) -> None:
    rest = "from: post/mailer, to: External, expect: deny"
    (alone,) = results(folder, rest)
    beside, _ = results(folder, rest, "from: post/mailer, to: 203.0.113.0/24, port: 25, expect: deny")
    assert (alone.held, beside.held) == (False, True)


def test_the_reasons_name_the_rule_the_file_and_the_lines(folder: Path) -> None:
    blocked, admitted = results(
        folder,
        "from: post/mailer, to: shop/cart, port: 8080, expect: allow",
        "from: shop/web, to: shop/cart, port: 8080, expect: deny",
    )
    assert "(2 of 2 connections)" in blocked.reasons[0]
    assert any(reason.startswith("shop/cart isolates cart for ingress: ") for reason in blocked.reasons)
    assert admitted.reasons[1] == "Admitted by rule 1 of cart."
    assert admitted.reasons[2].endswith("policies.yaml, lines 8–9")


def test_the_port_of_a_service_is_told_apart_from_that_of_its_pods(folder: Path) -> None:
    (result,) = results(folder, "from: post/mailer, to: shop/cart, port: 80, expect: deny")
    assert result.held
    assert result.reasons == ["80 is the port of Service shop/cart; policies see the pod's, 8080."]


def test_a_row_on_which_network_plugins_differ_says_so(folder: Path) -> None:
    text = (
        (folder / "manifests" / "policies.yaml")
        .read_text("utf-8")
        .replace("203.0.113.0/24, except: [203.0.113.128/25]", "0.0.0.0/0")
    )
    (folder / "manifests" / "policies.yaml").write_text(text, "utf-8")
    (result,) = results(folder, "from: post/mailer, to: shop/web, port: 25, expect: allow")
    assert result.held
    assert result.notes == ("Network plugins differ on post/mailer -> shop/web; judged as upstream decides.",)


FAULTS = {
    "a field mistyped": ("form: shop/web, to: shop/cart, expect: deny", "the field from is missing. Is 'form' a slip?"),
    "a field too many": ("from: a/b, to: a/c, expect: deny, ports: 80", "unknown field 'ports', did you mean 'port'?"),
    "neither allow nor deny": (
        "from: a/b, to: a/c, expect: block",
        "expect has to be one of allow, deny, not 'block'.",
    ),
    "nothing expected": ("from: a/b, to: a/c", "expect has to be one of allow, deny, not ''."),
    "a name for a port": (
        "from: a/b, to: a/c, port: http, expect: deny",
        "port has to be a number, not the text 'http'.",
    ),
    "a port that is none": (
        "from: a/b, to: a/c, port: 70000, expect: deny",
        "port has to be from 1 to 65535, not 70000.",
    ),
    "a name mistyped": ("from: shop/wbe, to: shop/cart, expect: deny", "'shop/wbe'. Did you mean 'shop/web'?"),
    "a Service": ("from: shop/web, to: shop/crt, expect: deny", "Did you mean 'shop/cart'?"),
    "no namespace": ("from: web, to: shop/cart, expect: deny", "'web' has no namespace. Did you mean 'shop/web'?"),
    "a namespace alone": ("from: shop, to: shop/cart, expect: deny", "'shop' has no namespace. Did you mean 'shop/*'?"),
    "a namespace mistyped": (
        'from: "shopp/*", to: shop/cart, expect: deny',
        "a namespace 'shopp'. Did you mean 'shop'?",
    ),
    "labels that nobody has": (
        "from: shop/app=wbe, to: shop/cart, expect: deny",
        "No pod of shop has the labels app=wbe.",
    ),
    "no selector": ('from: "shop/app=(", to: shop/cart, expect: deny', "app=( is no selector of labels, such as"),
    "no two ends": ("from: External, to: 203.0.113.1, expect: deny", "no two ends between which a packet could pass"),
    "a key twice": ("from: a/b, from: a/d, to: a/c, expect: deny", "from"),
}


@pytest.mark.parametrize(("row", "said"), FAULTS.values(), ids=FAULTS)
def test_a_bad_row_is_told_with_its_line(folder: Path, row: str, said: str) -> None:
    with pytest.raises(LabError) as told:
        results(folder, row)
    assert "expectations.yaml, line 2" in str(told.value)
    assert said in str(told.value)


def test_all_bad_rows_are_told_at_once(folder: Path) -> None:
    good = "from: shop/web, to: shop/cart, expect: deny"
    with pytest.raises(LabError) as told:
        results(folder, good, "to: shop/web, expect: deny", good, "from: shop/web, expect: deny")
    assert [line.split(": ")[1] for line in str(told.value).splitlines()] == [
        "the field from is missing.",
        "the field to is missing.",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "one YAML document is expected here, and it begins with `expectations:`"),
        ("- a\n", "one YAML document is expected here"),
        ("expectations:\n", "there is no row"),
        ("expectations: 3\n", "expectations has to be a list, not 3"),
        ("rows: []\n", "unknown field 'rows'"),
        ("expectations: [\n", "yaml"),
        ("expectations:\n- web\n", "line 2: fields are expected here, not the text 'web'"),
    ],
)
def test_a_file_that_is_no_table_is_told(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "t.yaml").write_text(text, "utf-8")
    with pytest.raises(LabError, match=r"t\.yaml") as told:
        expectations.read(tmp_path / "t.yaml")
    assert said in str(told.value)


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(LabError, match=r"There is no file nowhere\.yaml"):
        expectations.read("nowhere.yaml")


# -- the three ways to run it


ROWS = (
    "from: shop/web, to: shop/cart, port: 8080, expect: allow",
    "from: post/mailer, to: shop/cart, port: 8080, expect: allow",
)


def ran(*words: str) -> Result:
    return CliRunner().invoke(main, ["test", *words])


def test_the_command_ends_with_0_1_or_2(folder: Path) -> None:
    manifests = str(folder / "manifests")
    held = ran(manifests, table(folder, ROWS[0]))
    assert (held.exit_code, held.stdout) == (0, "1 expectation holds.\n")
    broken = ran(manifests, table(folder, *ROWS))
    assert broken.exit_code == 1
    assert "BROKEN" in broken.stdout and broken.stdout.endswith("1 of 2 expectations is broken.\n")
    assert "expectations.yaml, line 2" not in broken.stdout
    assert "held  " in ran(manifests, table(folder, *ROWS), "-v").stdout
    wrong = ran(manifests, table(folder, "from: shop/web, to: shop/nobody, expect: deny"))
    assert wrong.exit_code == 2 and "shop/nobody" in wrong.stderr
    assert ran(manifests, "nowhere.yaml").exit_code == 2


def test_junit_holds_one_case_per_row_and_the_same_bytes_each_time(folder: Path) -> None:
    out = folder / "out" / "junit.xml"
    for _ in range(2):
        assert ran(str(folder / "manifests"), table(folder, *ROWS), "--junit", str(out)).exit_code == 1
        found = out.read_bytes()
    root = ElementTree.fromstring(found)
    assert root.attrib == {"tests": "2", "failures": "1", "errors": "0", "skipped": "0"}
    cases = root.findall("testsuite/testcase")
    assert [case.find("failure") is None for case in cases] == [True, False]
    assert "policies.yaml, line" in (cases[1].findtext("failure") or "")
    assert ran(str(folder / "manifests"), table(folder, *ROWS), "--junit", str(out)).exit_code == 1
    assert out.read_bytes() == found


def test_junit_that_cannot_be_written_is_misuse(folder: Path) -> None:
    done = ran(
        str(folder / "manifests"), table(folder, *ROWS), "--junit", str(folder / "manifests" / "shop.yaml" / "x")
    )
    assert done.exit_code == 2 and "Traceback" not in done.stderr


def pytest_ran(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "pytest", "-p", "pytest_netpol", "-p", "no:cacheprovider", "-rA", *words]
    where = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(line, cwd=folder, env=where, capture_output=True, text=True)


def test_the_same_table_runs_under_pytest_one_item_per_row(folder: Path) -> None:
    table(folder, *ROWS)
    done = pytest_ran(folder, "--netpol-dir", "manifests", "expectations.yaml")
    assert done.returncode == 1
    assert "PASSED expectations.yaml::line 2: shop/web -> shop/cart, TCP 8080: allow" in done.stdout
    assert "FAILED expectations.yaml::line 3: post/mailer -> shop/cart, TCP 8080: allow" in done.stdout
    assert "manifests/policies.yaml, lines 2–9" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_bad_table_is_an_error_of_collection_and_other_yaml_is_left_alone(folder: Path) -> None:
    table(folder, "from: shop/web, to: shop/nobody, expect: deny")
    done = pytest_ran(folder, "--netpol-dir", "manifests")
    assert done.returncode == 2
    assert "expectations.yaml, line 2: There is no pod, workload, node or address 'shop/nobody'" in done.stdout
    assert "policies.yaml" not in done.stdout


def test_the_plugin_imports_nothing_of_the_library_until_it_is_asked() -> None:
    code = "import sys, pytest_netpol; print([m for m in sys.modules if m.startswith('netpol_lab')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_lab_shows_the_table_as_a_card_with_a_text_twin(folder: Path, notebook_folder: Path) -> None:
    lab = Lab("07")
    for file in ("shop", "policies"):
        text = (folder / "manifests" / f"{file}.yaml").read_text("utf-8")
        for namespace in ("shop", "post"):
            lab.kubectl(f"create namespace {namespace}")
        lab.cluster.apply(text)
    card = lab.expect(table(folder, *ROWS))
    assert card.title == "1 of 2 expectations is broken"
    assert "BROKEN  expectations.yaml, line 3: post/mailer -> shop/cart, TCP 8080: allow" in card.twin
    assert str(folder) not in card.html + card.twin
    lab.close()
