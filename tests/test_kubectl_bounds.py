"""No line freezes the others, fills the memory or ends in a traceback: what is out of bounds is one sentence."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from kubectl_lines import Terminal

from netpol_lab import Cluster
from netpol_lab.kubectl import Session, jsonpath, run
from netpol_lab.kubectl.file_arguments import MAX_FILE, MAX_FILES
from netpol_lab.model.errors import LabError

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: b}\n"


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    terminal = Terminal(folder=tmp_path)
    terminal.out("create deployment web --image=nginx")
    terminal.out("run p --image=busybox -- sleep 1d")
    return terminal


def thing(kind: str, **fields: object) -> str:
    versions = {"EndpointSlice": "discovery.k8s.io/v1", "Ingress": "networking.k8s.io/v1"}
    return json.dumps({"apiVersion": versions.get(kind, "v1"), "kind": kind, "metadata": {"name": "thing"}, **fields})


# Files


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes of this kind")
@pytest.mark.parametrize("line", ["apply -f pipe", "get pods -o jsonpath-file=pipe", "diff -f pipe"])
def test_a_pipe_is_never_waited_for_in_the_kernel(terminal: Terminal, line: str) -> None:
    os.mkfifo(Path(terminal.folder, "pipe"))
    assert terminal.fails(line) == "error: open pipe: not a regular file"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no /dev")
def test_an_endless_device_is_not_read() -> None:
    assert Terminal().fails("apply -f /dev/zero") == "error: open /dev/zero: not a regular file"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no /dev")
@pytest.mark.parametrize("name", ["/dev/null", "/dev/fd/63", "/proc/self/fd/63"])
def test_what_is_no_regular_file_comes_from_the_program_that_has_it_open(name: str) -> None:
    session, asked = Session(Cluster()), []

    def special(wanted: str) -> bytes:
        asked.append(wanted)
        return CONFIG.encode()

    result = run(session, ["apply", "-f", name], special=special)
    assert (result.stdout, asked) == ("configmap/settings created\n", [name])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no /dev")
def test_the_file_of_standard_input_is_standard_input(terminal: Terminal) -> None:
    assert terminal.out("apply -f /dev/stdin", CONFIG) == "configmap/settings created\n"


def test_a_file_has_a_greatest_size(terminal: Terminal) -> None:
    with Path(terminal.folder, "large.yaml").open("wb") as file:
        file.truncate(MAX_FILE + 1)
    assert terminal.fails("apply -f large.yaml").startswith("error: open large.yaml: larger than 16 MB")


def test_a_folder_has_a_greatest_number_of_files(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "walk", lambda *_, **__: iter([(".", [], ["a.yaml"] * (MAX_FILES + 1))]))
    assert f"more than {MAX_FILES} files" in terminal.fails("apply -R -f .")


def test_a_folder_that_may_not_be_read_is_named(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    assert terminal.fails("apply -f .") == 'error: error reading ".": open .: permission denied'


@pytest.mark.parametrize("name", ["x" * 300, "x" * 255 + ".yaml", "a/" * 3000, "a\0b", "web.yaml/x", "\udcff.yaml"])
def test_a_name_that_no_file_has_is_refused(terminal: Terminal, name: str) -> None:
    Path(terminal.folder, "web.yaml").write_text(CONFIG)
    result = run(terminal.session, ["apply", "-f", name], cwd=terminal.folder)
    assert result.exit_code == 1 and result.stderr.startswith('error: the path "')
    result.stderr.encode()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps names that are not UTF-8")
def test_a_file_whose_name_is_not_utf_8_is_read_and_named(terminal: Terminal) -> None:
    Path(os.fsdecode(os.path.join(os.fsencode(terminal.folder), b"\xff.yaml"))).write_text("kind: [")
    terminal.fails("apply -f .").encode()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes of this kind")
def test_a_copy_out_of_a_pod_goes_to_a_regular_file_and_is_whole(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(Path(terminal.folder, "pipe"))
    assert "open pipe: not a regular file" in terminal.fails("cp p:/etc/hosts pipe")
    assert "open /dev/null: not a regular file" in terminal.fails("cp p:/etc/hosts /dev/null")
    Path(terminal.folder, "kept").write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert "open kept: no space left on device" in terminal.fails("cp p:/etc/hosts kept")
    assert Path(terminal.folder, "kept").read_text() == "old"


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "kept/x", "\udcff"])
def test_a_copy_with_a_name_that_no_file_has_is_refused(terminal: Terminal, name: str) -> None:
    Path(terminal.folder, "kept").write_text("old")
    for words in (["cp", name, "p:/tmp/x"], ["cp", "p:/etc/hosts", name]):
        result = run(terminal.session, words, cwd=terminal.folder)
        assert name == "\udcff" or (result.exit_code, result.stdout) == (1, "")


@pytest.mark.parametrize(
    "text",
    [
        "resources: 5",
        "resources: [pod.yaml]\ncommonLabels: 5",
        "resources: [pod.yaml]\nlabels: [x]",
        "resources: [pod.yaml]\nlabels: {a: b}",
        "resources: [pod.yaml]\ncommonAnnotations: [x]",
        "resources: [odd.yaml]\ncommonLabels: {a: b}",
        f"resources: [{'x' * 300}]",
        'resources: ["a\\0b"]',
        "resources: [.]",
        "resources: [../k/twice, ../k]",
    ],
)
def test_an_odd_kustomization_gets_an_answer(terminal: Terminal, text: str) -> None:
    folder = Path(terminal.folder, "k")
    folder.mkdir()
    (folder / "pod.yaml").write_text(thing("Pod"))
    (folder / "odd.yaml").write_text(thing("Service", spec="x", metadata=["a"]))
    (folder / "kustomization.yaml").write_text(text)
    assert terminal.fails("apply -k k").startswith(("error: invalid Kustomization", "error: accumulating resources"))


def test_a_kustomization_that_doubles_itself_has_an_end(terminal: Terminal) -> None:
    for number in range(40):
        Path(terminal.folder, str(number)).mkdir()
        text = f"resources: [../{number + 1}, ../{number + 1}]" if number < 39 else "resources: []"
        Path(terminal.folder, str(number), "kustomization.yaml").write_text(text)
    assert "more than 500 folders" in terminal.fails("kustomize 0")


# Numbers


@pytest.mark.parametrize(
    "line",
    [
        "wait pod/p --for=delete --timeout=9999999h",
        "wait pod/p --for=delete --timeout=200000h",
        f"wait pod/p --for=delete --timeout={'9' * 5000}h",
        f"logs p --tail={'9' * 5000}",
        f"scale deployment web --replicas={'9' * 5000}",
        "create service clusterip x --tcp=²",
        "create service clusterip x --tcp=80:²",
        f"create service clusterip x --tcp={'9' * 5000}",
        "expose deployment web --port=²",
        "port-forward p ²",
        "port-forward p 8080:²",
        """patch deployment web --type=json -p '[{"op":"remove","path":"/spec/template/spec/containers/²"}]'""",
    ],
)
def test_a_number_out_of_all_bounds_is_refused(terminal: Terminal, line: str) -> None:
    before = terminal.session.cluster.snapshot().objects_by_key
    terminal.fails(line)
    assert terminal.session.cluster.snapshot().objects_by_key == before


def test_time_stays_in_bounds_however_long_a_wait_is(terminal: Terminal) -> None:
    for _ in range(2):
        terminal.type("wait pod/p --for=delete --timeout=9999999h")
    assert terminal.out("get pod p --no-headers").split()[-1] in ("3s", "4s", "5s")
    assert "condition met" in terminal.out("wait pod/p --for=condition=Ready --timeout=9999999m")


def test_a_negative_timeout_is_a_week(terminal: Terminal) -> None:
    terminal.fails("wait pod/p --for=delete --timeout=-1s")
    assert terminal.out("get pod p --no-headers").split()[-1] == "7d"


@pytest.mark.parametrize("seconds", [1e300, float("inf"), float("nan")])
def test_time_that_no_calendar_has_is_refused(seconds: float) -> None:
    with pytest.raises(LabError, match="calendar"):
        Cluster().advance(seconds)


# Objects


@pytest.mark.parametrize("port", [{"a": 1}, [1], None, "x", 1.5])
def test_anything_where_a_merge_key_stands_gets_an_answer(terminal: Terminal, port: object) -> None:
    text = thing("EndpointSlice", addressType="IPv4", endpoints=[], ports=[{"port": port}])
    again = thing("EndpointSlice", addressType="IPv4", endpoints=[], ports=[{"port": {"b": 2}}])
    for each in (text, again, text):
        assert terminal.type("apply -f -", each).exit_code in (0, 1)


@pytest.mark.parametrize("kind", ["ConfigMap", "EndpointSlice", "Ingress"])
@pytest.mark.parametrize("field", [{"spec": "x"}, {"subsets": None}, {"spec": [1]}, {"spec": None}, {"data": 1}])
def test_odd_fields_of_objects_that_are_not_simulated_get_an_answer(
    terminal: Terminal, kind: str, field: dict[str, object]
) -> None:
    terminal.out("apply -f -", thing(kind))
    for verb in ("diff", "replace", "diff", "apply", "replace"):
        assert terminal.type(f"{verb} -f -", thing(kind, **field)).exit_code in (0, 1)


@pytest.mark.parametrize("spec", [True, "x", [1], {"ports": 5}, {"ports": [5]}, {"ports": [{"nodePort": [1]}]}])
def test_a_service_with_node_ports_is_replaced_by_nothing_odd(terminal: Terminal, spec: object) -> None:
    good = {"type": "NodePort", "selector": {"app": "web"}, "ports": [{"port": 80}]}
    terminal.out("apply -f -", thing("Service", spec=good))
    for verb in ("apply", "replace", "diff"):
        terminal.fails(f"{verb} -f -", thing("Service", spec=spec))


def test_endpoints_with_null_subsets_can_be_compared(terminal: Terminal) -> None:
    assert terminal.type("diff -f -", thing("Endpoints", subsets=None)).exit_code == 1


def test_a_controller_draws_again_when_a_name_is_taken(terminal: Terminal) -> None:
    terminal.out("scale deployment web --replicas=2000")
    assert len(terminal.out("get pods -l app=web -o name").splitlines()) == 2000


@pytest.mark.parametrize("length", [63, 200, 253])
def test_pods_of_a_workload_with_a_long_name_have_short_ones(terminal: Terminal, length: int) -> None:
    text = json.dumps(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "d" * length},
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}},
            },
        }
    )
    terminal.out("apply -f -", text)
    (pod,) = terminal.out("get pods -l a=b -o name").split()
    assert len(pod.removeprefix("pod/")) <= 63 or length == 63


# Templates and data


@pytest.mark.parametrize(
    "words",
    [
        ["-o", "jsonpath={" + "." * 4000 + "}"],
        ["-o", "jsonpath={" + "." * 40_000 + "}"],
        ["-o", "custom-columns=A:" + "." * 4000],
        ["-o", "custom-columns=" + "a:b," * 5000],
        ["-l", "a" + " " * 20_000 + "b"],
        ["--field-selector", " " * 20_000 + "a=b"],
        ["--sort-by", "." * 4000],
    ],
    ids=["descents", "many descents", "column", "columns", "labels", "fields", "sorting"],
)
def test_a_template_that_would_grow_without_end_is_refused(
    terminal: Terminal, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonpath, "_MOST_VALUES", 5_000)
    result = run(terminal.session, ["get", "pods", *words])
    assert (result.exit_code, result.stdout) == (1, "") and result.stderr


def test_data_cannot_speak_to_the_terminal(terminal: Terminal) -> None:
    terminal.out("apply -f -", thing("ConfigMap", data={"a": "\x1b[31mred\x9b0m"}))
    terminal.out("annotate pod p note='\x1b]0;title'")
    for line in ("get cm thing -o jsonpath={.data.a}", "get cm thing -o custom-columns=A:.data.a", "describe pod p"):
        said = terminal.out(line)
        assert "\x1b" not in said and "\x9b" not in said
        assert "^[" in said
    assert "\x1b" not in terminal.fails("get '\x1b[31mpods'")


def test_a_line_of_a_table_or_a_description_cannot_be_written_over(terminal: Terminal) -> None:
    pod = thing("Pod", spec={"containers": [{"name": "c", "image": "a\rb", "command": ["x\rOK"]}]})
    terminal.out("apply -f -", pod)
    for line in ("describe pod thing", "get pod thing -o custom-columns=A:.spec.containers[0].command"):
        assert "x\\rOK" in terminal.out(line) and "\r" not in terminal.out(line)
    deployment = {
        "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "one\rtwo"}]}},
    }
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": deployment}
    terminal.out("apply -f -", json.dumps(body))
    assert "one..." in terminal.out("get deployments -o wide")
