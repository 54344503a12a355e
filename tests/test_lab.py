"""The front door, as a notebook uses it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from netpol_lab.lab import notebook, student_files, views
from netpol_lab.lab.front import Lab
from netpol_lab.model.errors import LabError, NotFound

LAB_A = ("namespace", "netpol-apps", "default-deny", "allow-client-to-server")


@pytest.fixture
def lab(notebook_folder):
    opened = Lab("07", lesson="03-allow-specific")
    yield opened
    opened.close()


@pytest.fixture
def lab_a(lab):
    """Lab A after its last step."""
    for name in LAB_A:
        lab.file(f"lab-a/{name}.yaml")
        assert lab.kubectl(f"apply -f {name}.yaml").exit_code == 0
    return lab


def test_policies_that_are_too_many_to_read_are_asked_for_by_namespace(lab_a, monkeypatch):
    everything = lab_a.policies().text
    monkeypatch.setattr(views, "MOST_CARDS", 1)
    many = lab_a.policies()
    assert many.title == "2 policies in 1 namespace"
    assert 'Name a namespace: lab.policies("student-07").' in many.text
    monkeypatch.undo()
    assert lab_a.policies("student-07").text == everything
    with pytest.raises(NotFound, match="Policies are in: student-07"):
        lab_a.policies("kube-system")


def test_the_shell_of_the_notebook_reaches_the_lab_with_the_students_number(lab):
    subprocess.run("kubectl create namespace student-$XX", shell=True, check=True, capture_output=True)
    assert lab.cluster.get("Namespace", "", "student-07")


def test_files_go_to_a_folder_of_the_lesson(lab, tmp_path):
    lab.file("lab-a/default-deny.yaml")
    assert Path.cwd() == tmp_path / "work" / "03-allow-specific-07"
    assert "namespace: student-07" in Path("default-deny.yaml").read_text()


def test_a_second_lab_in_one_notebook_takes_the_place_of_the_first(lab, tmp_path):
    second = Lab("12", lesson="03-allow-specific")
    try:
        assert not lab._bridge.close.alive
        assert Path.cwd() == tmp_path / "work" / "03-allow-specific-12"
        assert os.environ["XX"] == "12"
    finally:
        second.close()


def test_labs_of_different_numbers_in_one_place_keep_their_files_apart(lab, tmp_path):
    lab._write("mine.yaml", "a: $XX")
    second = Lab("12", lesson="03-allow-specific")
    try:
        second._write("mine.yaml", "a: $XX")
        assert [Path(lab.folder, "mine.yaml").read_text(), Path(second.folder, "mine.yaml").read_text()] == [
            "a: 07",
            "a: 12",
        ]
    finally:
        second.close()


OPENS_A_LAB = "from netpol_lab import Lab; Lab(input(), lesson='03-allow-specific').close()"


@pytest.mark.parametrize(("number", "is_told"), [("07", True), ("12", False)])
def test_a_notebook_that_shares_its_folder_with_another_says_so(lab, tmp_path, number, is_told):
    another = subprocess.run(
        [sys.executable, "-c", OPENS_A_LAB], cwd=tmp_path, input=number, capture_output=True, text=True, check=True
    )
    assert ("work/03-allow-specific-07 as well" in another.stderr) is is_told


@pytest.mark.parametrize("number", ["A B", "07_", "-1", "", "x" * 30])
def test_a_number_that_no_name_can_hold_is_refused_in_words(number):
    with pytest.raises(LabError, match="cannot be part of a Kubernetes name"):
        Lab(number)


def test_an_error_of_the_lab_is_shown_as_its_message_alone(lab):
    with pytest.raises(NotFound) as caught:
        lab.why("nobody", "server-07")
    assert caught.value._render_traceback_() == [f"NotFound: {caught.value}"]


def test_only_commands_that_change_something_make_a_moment(lab_a):
    lab_a.kubectl("get pods -A")
    lab_a.kubectl("delete pod nobody")
    commands = [moment.command for moment in lab_a._story.moments]
    assert commands == ["", *(f"kubectl apply -f {name}.yaml" for name in LAB_A)]


def test_the_last_step_is_compared_without_words(lab_a):
    graph, matrix = lab_a.compare().pictures
    assert "allow-client-to-server" in graph.title
    assert len(matrix.frame) == 1


def test_moments_are_named_by_number_by_command_and_by_their_place(lab_a):
    story = lab_a._story
    assert story.moment("default-deny") is story.moment(3) is story.moment(-2)
    assert story.moment("start") is story.moment(0)
    with pytest.raises(NotFound, match="The moments so far: 0 'start', 1"):
        story.moment("no such command")


def test_a_pod_that_came_and_went_in_one_command_stays_in_the_pictures(lab_a):
    lab_a.kubectl("run stranger --rm -it --image=busybox:1.36 -n student-07 -- wget -qO- --timeout=5 server-07")
    assert "X  stranger" in lab_a.graph().text
    assert "stranger" in lab_a.steps("server-07").text
    assert "wget: download timed out" in lab_a.why("stranger", "server-07").text


def test_a_pod_that_somebody_deleted_is_gone_from_the_pictures(lab_a):
    lab_a.kubectl("exec client-07 -n student-07 -- wget -qO- --timeout=5 server-07")
    lab_a.kubectl("delete pod client-07 -n student-07")
    assert "client-07" not in lab_a.matrix().text


def test_the_steps_are_drawn_from_the_states_that_were(lab_a):
    text = lab_a.steps("server-07").text
    assert " ".join(text.split()).count("1 allow all 2 default deny 3 allow specific") == 1


def test_what_a_client_saw_stands_beside_the_reason(lab_a):
    lab_a.kubectl("exec client-07 -n student-07 -- wget -qO- --timeout=5 server-07")
    assert "wget -qO- --timeout=5 server-07 -> Welcome to nginx!" in lab_a.why("client-07", "server-07").text


def test_reset_goes_back_to_the_state_before_the_first_command(lab_a):
    lab_a.reset()
    assert lab_a.kubectl("get namespace student-07").exit_code == 1
    assert len(lab_a._story.moments) == 1


def test_a_hypothetical_leaves_the_cluster_as_it_is(lab_a):
    state = lab_a.hypothetical(without={"student-07/default-deny-ingress"})
    assert [policy.name for policy in state.policies] == ["allow-client-to-server"]
    assert len(lab_a.cluster.policies) == 2


@pytest.mark.parametrize("name", ["", "../escape.yaml", "/tmp/absolute.yaml"])
def test_a_manifest_is_written_into_the_folder_and_nowhere_else(lab, name):
    with pytest.raises(LabError, match="Name a file in this folder"):
        student_files.write_manifest(name, "kind: Pod\n", "07")


def test_a_shell_line_loses_nothing_of_what_it_prints(lab, monkeypatch, capsys):
    names: dict[str, object] = {}
    monkeypatch.setattr(notebook, "shell", lambda: SimpleNamespace(var_expand=lambda line, depth: line, user_ns=names))
    notebook._run_line("kubectl get namespaces -o name; kubectl get pod nobody; exit 3")
    printed = capsys.readouterr().out
    assert printed.startswith("namespace/default\n")
    assert printed.endswith('Error from server (NotFound): pods "nobody" not found\n')
    assert names["_exit_code"] == 3


@pytest.mark.parametrize(
    "call",
    [
        lambda lab: lab.matrix(port="http"),
        lambda lab: lab.matrix("production"),
        lambda lab: lab.matrix(port=0),
        lambda lab: lab.both_ends(port="x"),
        lambda lab: lab.graph("production"),
        lambda lab: lab.graph(ask=("a", "b", 80)),
        lambda lab: lab.graph(ask=[("client-07", "server-07", "http")]),
        lambda lab: lab.why("client-07", "server-07", port=99999),
        lambda lab: lab.why("client-07", "server-07", 80, "icmp"),
        lambda lab: lab.steps("server-07", port="x"),
    ],
)
def test_what_is_no_port_and_no_question_is_answered_in_words(lab_a, call):
    with pytest.raises(LabError, match=r"is no port|is no protocol|Ask with a list"):
        call(lab_a)


def test_a_port_may_be_written_as_text_and_a_protocol_in_small_letters(lab_a):
    assert lab_a.why("client-07", "server-07", "80", "tcp").text == lab_a.why("client-07", "server-07", 80).text


def test_a_change_that_only_lets_a_name_resolve_does_not_promise_more(lab):
    for name in ("production", "default-deny-all"):
        lab.file(f"lab-b/{name}.yaml")
        lab.kubectl(f"apply -f {name}.yaml")
    text = " ".join(lab.why("production/web", "api", port=8080).text.split())
    assert "(checked: then the name resolves)" in text


def test_the_reasons_are_a_table_too(lab_a):
    frame = lab_a.why("client-07", "server-07").frame
    assert list(frame["step"]) == ["Name", "Service", "Egress", "Ingress", "Port"]
    assert list(frame["state"]) == ["passed", "passed", "open", "admitted", "passed"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("sever-07", "Did you mean 'server-07'?"),
        ("Server-07", "Did you mean 'server-07'?"),
        ("student-08/client-07", "Did you mean 'student-07/client-07'?"),
        ("http://server-07:80/", "Give the name alone, 'server-07', and the port with port=."),
        ("server-07:80", "Give the name alone, 'server-07', and the port with port=."),
        ("kube-dns", "It is a Service: name a pod behind it, for example 'coredns'."),
    ],
)
def test_a_name_that_nothing_has_is_answered_with_what_was_probably_meant(lab_a, name, hint):
    with pytest.raises(NotFound) as caught:
        lab_a.why(name, "client-07")
    assert str(caught.value).endswith(hint)


@pytest.mark.parametrize("ends", [("", "server-07"), ("client-07", "")])
def test_a_connection_needs_both_ends(lab_a, ends):
    with pytest.raises(LabError, match="Name both ends"):
        lab_a.why(*ends)


def test_the_outside_is_known_in_capitals_or_not(lab_a):
    assert lab_a.reach("external").title == lab_a.reach("External").title
    assert lab_a.why("external", "server-07").title == lab_a.why("External", "server-07").title


def test_a_node_and_the_outside_reach_a_service_though_no_cluster_dns_answers_them(lab_a):
    for source in ("External", "control-plane"):
        assert lab_a.why(source, "server-07").title.startswith("✕ Blocked at ingress of server-07")


def test_pods_of_a_workload_are_found_by_its_name_where_a_picture_calls_them_otherwise(lab_a):
    assert lab_a.reach("coredns").title == lab_a.reach("kube-dns").title


@pytest.mark.parametrize(
    "line",
    [
        "kubectl apply -f /dev/stdin < a.yaml",
        "kubectl apply -f <(cat a.yaml)",
        "kubectl apply -f /dev/fd/3 3< a.yaml",
        "cat a.yaml | kubectl apply -f -",
    ],
)
def test_a_manifest_that_only_the_shell_has_open_is_applied(lab, line):
    Path("a.yaml").write_text("{apiVersion: v1, kind: Namespace, metadata: {name: piped}}")
    said = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60)
    assert (said.stdout, said.returncode) == ("namespace/piped created\n", 0), said.stderr


def test_a_file_without_end_is_too_large(lab):
    said = subprocess.run("kubectl apply -f /dev/zero", shell=True, capture_output=True, text=True, timeout=60)
    assert "larger than 16 MB" in said.stderr and said.returncode == 1
