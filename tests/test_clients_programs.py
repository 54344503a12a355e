"""Programs in pods: which image has which, what they say, and what they refuse."""

from __future__ import annotations

import shlex
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from kubectl_lines import Terminal

from netpol_lab import Cluster
from netpol_lab.connections import Flow
from netpol_lab.model.errors import NotFound
from netpol_lab.pods import ProgramResult, is_for_the_cluster, run_in_pod, run_outside

MORE = """
apiVersion: v1
kind: Pod
metadata: {name: tools, namespace: default}
spec: {containers: [{name: c, image: nicolaka/netshoot, command: [sleep, "3600"]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: two, namespace: default}
spec:
  containers:
    - {name: app, image: busybox, command: [sleep, "3600"], env: [{name: COLOR, value: blue}]}
    - {name: side, image: "hashicorp/http-echo", args: ["-text=hello"]}
---
apiVersion: v1
kind: Pod
metadata: {name: agnhost, namespace: default, labels: {app: names}}
spec: {containers: [{name: c, image: "e2e-test-images/agnhost:2.47", args: [netexec]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: agnhost-2, namespace: default, labels: {app: names}}
spec: {containers: [{name: c, image: "e2e-test-images/agnhost:2.47", args: [netexec]}]}
---
apiVersion: v1
kind: Service
metadata: {name: names, namespace: default}
spec: {selector: {app: names}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: cache, namespace: default}
spec: {containers: [{name: c, image: redis}]}
status: {podIP: 10.244.1.90}
---
apiVersion: v1
kind: Pod
metadata: {name: declared, namespace: default}
spec: {containers: [{name: c, image: example/app, ports: [{containerPort: 8080}]}]}
status: {podIP: 10.244.1.91}
"""


@pytest.fixture(scope="module")
def world() -> Cluster:
    cluster = Cluster()
    cluster.apply(Path(__file__).parent / "clients" / "world.yaml")
    cluster.apply(MORE)
    return cluster


def run(world: Cluster, pod: str, line: str, stdin: str = "", **more: object) -> ProgramResult:
    found = world.pod("default", pod)
    assert found is not None
    return run_in_pod(world, found, shlex.split(line), lambda: stdin, **more)  # type: ignore[arg-type]


def told(world: Cluster, pod: str, line: str) -> list[tuple[str, str, str]]:
    """Every connection of a command line: outcome, command, and what the client said."""
    log: list[tuple[str, str, str]] = []

    def on_flow(flow: Flow, command: str, words: str) -> None:
        log.append((flow.outcome, command, words))

    run(world, pod, line, on_flow=on_flow)
    return log


# -- which programs there are ----------------------------------------------------------------------


def test_a_program_the_image_lacks_gives_the_runtimes_message(world: Cluster) -> None:
    result = run(world, "busybox", "curl http://web")
    assert result.stderr.startswith("error: Internal error occurred: Internal error occurred: error executing command")
    assert result.stderr.endswith(
        "OCI runtime exec failed: exec failed: unable to start container process: "
        'exec: "curl": executable file not found in $PATH: unknown\n'
    )
    assert (result.stdout, result.exit_code, result.started) == ("", 1, False)


@pytest.mark.parametrize(
    ("pod", "program", "there"),
    [
        ("busybox", "wget", True),
        ("busybox", "curl", False),
        ("alpine-curl", "curl", True),
        ("alpine-curl", "wget", True),
        ("web", "curl", True),
        ("web", "wget", False),
        ("web", "ping", False),
        ("db", "curl", False),
        ("tools", "curl", True),
    ],
)
def test_an_image_has_its_own_programs(world: Cluster, pod: str, program: str, there: bool) -> None:
    assert (run(world, pod, f"which {program}").exit_code == 0) is there


def test_an_image_without_a_shell_has_none(world: Cluster) -> None:
    assert run(world, "two", "sh -c 'echo hi'", container="side").exit_code == 1


def test_a_container_is_chosen_by_name(world: Cluster) -> None:
    assert run(world, "two", "printenv COLOR", container="app").stdout == "blue\n"
    with pytest.raises(NotFound, match="container nope is not valid for pod two"):
        run(world, "two", "env", container="nope")


@pytest.mark.parametrize(
    "line",
    [
        "ip addr",
        "traceroute web",
        "telnet web 80",
        "vi /etc/hosts",
        "nc -lk -p 8080",
        "ping web",
        "wget -c web",
        "date -s x",
    ],
)
def test_what_is_not_simulated_says_so_and_exits_with_2(world: Cluster, line: str) -> None:
    result = run(world, "busybox", line)
    assert result.exit_code == 2
    assert "is not simulated in this workbook" in result.stderr
    assert result.stdout == ""


# -- what they say about connections ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("pod", "line", "expected"),
    [
        ("busybox", "wget -qO- --timeout=5 web", ("connected", "Welcome to nginx!")),
        ("busybox", "wget -qO- --timeout=5 db", ("timed out", "wget: download timed out")),
        ("busybox", "wget -qO- nosuch", ("bad address", "wget: bad address 'nosuch'")),
        ("alpine-curl", "curl -s --connect-timeout 3 http://db", ("timed out", "curl: exit code 28 (time-out)")),
        ("alpine-curl", "curl -sS -o /dev/null http://web", ("connected", "HTTP 200")),
        ("busybox", "nc -zv -w 2 web 80", ("connected", "web (10.96.7.7:80) open")),
        ("busybox", "nc -z -w 2 db 80", ("timed out", "exit code 1: timed out")),
        (
            "busybox",
            "nslookup web.default.svc.cluster.local",
            ("connected", "web.default.svc.cluster.local is 10.96.7.7"),
        ),
    ],
)
def test_a_connection_is_reported_with_what_the_student_saw(
    world: Cluster, pod: str, line: str, expected: tuple[str, str]
) -> None:
    outcome, words = expected
    assert told(world, pod, line) == [(outcome, line, words)]


def test_no_connection_is_reported_where_none_was_made(world: Cluster) -> None:
    assert told(world, "busybox", "hostname") == []


def test_requests_to_a_service_meet_its_endpoints_at_random_and_the_same_ones_when_repeated(world: Cluster) -> None:
    def names() -> list[str]:
        attempts: Counter[tuple[str, str, int]] = Counter()
        return [run(world, "busybox", "wget -qO- names/hostname", attempts=attempts).stdout for _ in range(40)]

    met = names()
    assert set(met) == {"agnhost", "agnhost-2"}
    assert 12 <= met.count("agnhost") <= 28
    assert 10 <= sum(one != other for one, other in pairwise(met)) <= 30  # in no order
    assert names() == met


def test_a_script_meets_them_at_random_too(world: Cluster) -> None:
    script = "sh -c 'for i in $(seq 20); do wget -qO- names/hostname; echo; done | sort | uniq'"
    assert run(world, "busybox", script).stdout == "agnhost\nagnhost-2\n"


# -- single programs -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "stdout"),
    [
        (
            "curl -s -w '%{http_code} %{exitcode} %{remote_ip}:%{remote_port}\\n' -o /dev/null web",
            "200 0 10.96.7.7:80\n",
        ),
        ("curl -sw '%{http_code}' -o/dev/null -m3 web/nope", "404"),
        ("curl -s -w '100%%\\t%{size_download}' -o /dev/null web", "100%\t615"),
        ("curl -s --resolve nice.example:80:10.96.7.7 -o /dev/null -w '%{http_code}' http://nice.example/", "200"),
        ("curl -s -X POST -d a=b web -o /dev/null -w '%{response_code}'", "405"),
        ("curl -s --url web -o /dev/null -w '%{url_effective}'", "http://web/"),
        ("curl -s 10.244.1.91:8080", "served by pod declared\n"),
        ("curl -s names/clientip --no-progress-meter -o /dev/null -w ok", "ok"),
    ],
)
def test_curl_does_what_its_options_say(world: Cluster, line: str, stdout: str) -> None:
    assert run(world, "alpine-curl", line).stdout == stdout


@pytest.mark.parametrize(
    ("line", "code", "stderr"),
    [
        ("curl --connect-timeout=3 web", 2, "curl: option --connect-timeout=3: is unknown\n"),
        ("curl -m", 2, "curl: option -m: requires parameter\n"),
        ("curl -m soon web", 2, "curl: option -m: expected a proper numerical parameter\n"),
        ("curl", 2, "curl: no URL specified!\n"),
        ("curl -sSf web/nope", 22, "curl: (22) The requested URL returned error: 404\n"),
        (
            "curl -sS https://web",
            7,
            "curl: (7) Failed to connect to web port 443 after 0 ms: Could not connect to server\n",
        ),
        ("curl -sS https://web:80", 35, "curl: (35) error:0A00010B:SSL routines::wrong version number\n"),
        ("curl -sS https://kubernetes.default", 60, "curl: (60) SSL certificate problem"),
        ("curl -sS 10.244.1.90:6379", 52, "curl: (52) Empty reply from server\n"),
        ("curl -sS foo://web", 1, 'curl: (1) Protocol "foo" not supported or disabled in libcurl\n'),
        ("curl -sS http://web:port", 3, "curl: (3) URL using bad/illegal format or missing URL\n"),
        ("curl -sS telnet://web:80", 2, "curl: telnet:// is not simulated in this workbook\n"),
        ("curl --retry 3 web", 2, "curl: option --retry is not simulated in this workbook\n"),
    ],
)
def test_curl_fails_with_its_own_words_and_code(world: Cluster, line: str, code: int, stderr: str) -> None:
    result = run(world, "alpine-curl", line)
    assert result.exit_code == code
    assert result.stderr.startswith(stderr)


def test_curl_prints_headers_as_the_server_sent_them(world: Cluster) -> None:
    lines = run(world, "alpine-curl", "curl -sI web").stdout.split("\r\n")
    assert lines[:2] == ["HTTP/1.1 200 OK", "Server: nginx/1.27"]
    assert lines[-2:] == ["", ""]


def test_curl_follows_a_redirect_only_when_told() -> None:
    cluster = Cluster()
    cluster.apply(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: webui, namespace: default}\n"
        'spec: {containers: [{name: c, image: "dockercoins/webui:v0.1"}]}\nstatus: {podIP: 10.244.1.5}\n'
    )
    assert run(cluster, "webui", "curl -s -o /dev/null -w '%{http_code}' localhost").stdout == "302"
    assert "DockerCoin" in run(cluster, "webui", "curl -sL localhost").stdout


def test_wget_saves_a_page_for_the_rest_of_the_command_line(world: Cluster) -> None:
    result = run(world, "busybox", "sh -c 'wget -q -O /tmp/page web && grep -c title /tmp/page'")
    assert result.stdout == "1\n"
    saved = run(world, "busybox", "wget web").stderr
    assert "'index.html' saved\nnote: index.html is not kept; " in saved


def test_wget_refuses_an_option_it_does_not_have(world: Cluster) -> None:
    result = run(world, "busybox", "wget --connect-timeout=5 web")
    assert result.exit_code == 1
    assert result.stderr.startswith("wget: unrecognized option '--connect-timeout'\n")


def test_wget_talks_to_a_server_that_is_not_http(world: Cluster) -> None:
    assert run(world, "busybox", "wget -qO- 10.244.1.90:6379").stderr == "wget: error getting response\n"


def test_nc_sends_what_it_reads(world: Cluster) -> None:
    assert run(world, "busybox", "nc 10.244.1.90 6379", stdin="PING\n").stdout == "+PONG\r\n"
    assert run(world, "busybox", "nc web 80", stdin="GET / HTTP/1.0\r\n\r\n").stdout.startswith("HTTP/1.1 200 OK\r\n")


def test_nc_says_more_with_two_v(world: Cluster) -> None:
    assert run(world, "busybox", "nc -zvv web 81").stderr == "nc: web (10.96.7.7:81): Connection refused\n"


def test_nc_by_udp_cannot_tell(world: Cluster) -> None:
    assert run(world, "busybox", "nc -zuv -w 1 db 80").stderr.endswith("open\n")


def test_the_network_tool_image_has_other_clients(world: Cluster) -> None:
    assert (
        run(world, "tools", "nc -zv -w 1 web 80").stderr
        == "Connection to web (10.96.7.7) 80 port [tcp/http] succeeded!\n"
    )
    found = run(world, "tools", "nslookup web")
    assert found.exit_code == 0
    assert "Address:\t10.96.0.10#53\n" in found.stdout
    assert "Name:\tweb.default.svc.cluster.local\nAddress: 10.96.7.7\n" in found.stdout


def test_busybox_nslookup_asks_a_dotted_name_as_it_stands(world: Cluster) -> None:
    assert "can't find web.default: NXDOMAIN" in run(world, "busybox", "nslookup web.default").stdout


def test_nslookup_knows_the_name_of_a_service_address(world: Cluster) -> None:
    out = run(world, "busybox", "nslookup 10.96.7.7").stdout
    assert "7.7.96.10.in-addr.arpa\tname = web.default.svc.cluster.local\n" in out


def test_nslookup_asks_another_server_when_told(world: Cluster) -> None:
    assert "Address: 203.0.113.10" in run(world, "busybox", "nslookup example.com 8.8.8.8").stdout
    assert "NXDOMAIN" in run(world, "busybox", "nslookup web.default.svc.cluster.local 8.8.8.8").stdout


def test_the_dns_of_a_cloud_knows_the_names_of_the_cluster_too(world: Cluster) -> None:
    asked = "nslookup web.default.svc.cluster.local 169.254.169.254"
    assert "Address: 10.96.7.7" in run(world, "busybox", asked).stdout


def test_a_cluster_address_answers_no_ping(world: Cluster) -> None:
    result = run(world, "busybox", "ping -c 1 -W 1 web")
    assert (result.exit_code, "100% packet loss" in result.stdout) == (1, True)


def test_a_ping_under_a_policy_says_that_plugins_differ() -> None:
    terminal = Terminal()
    terminal.out("run client --image=busybox -- sleep 3600")
    terminal.out("run web --image=nginx")
    ping = f"exec client -- ping -c 1 -W 1 {terminal.session.cluster.endpoint('web').ip}"
    assert "note:" not in terminal.type(ping).stderr
    terminal.session.cluster.apply(DENY)
    result = terminal.type(ping)
    assert ("100% packet loss" in result.stdout, result.exit_code) == (True, 1)
    assert result.stderr.startswith("note: NetworkPolicy does not speak of ICMP, and plugins differ")


DENY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: default}
spec: {podSelector: {}}
"""


def test_time_is_told_and_not_slept(world: Cluster) -> None:
    assert run(world, "busybox", "sleep 1h 30m").seconds == 5400
    assert run(world, "busybox", "sleep infinity").exit_code == 2
    assert run(world, "busybox", "timeout 3 wget -qO- db").seconds == 3
    assert run(world, "busybox", "timeout 3 wget -qO- db").exit_code == 143


def test_a_date_is_english_on_every_machine(world: Cluster) -> None:
    assert world.now.isoformat() == "2026-01-05T09:00:00+00:00"
    assert run(world, "tools", "date").stdout == "Mon Jan  5 09:00:00 UTC 2026\n"
    assert "Date: Mon, 05 Jan 2026 09:00:00 GMT\r\n" in run(world, "tools", "curl -sI 10.244.1.9").stdout


def test_the_files_that_kubernetes_writes_are_there(world: Cluster) -> None:
    resolv = run(world, "busybox", "cat /etc/resolv.conf").stdout
    assert (
        resolv
        == "search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"
    )
    pod = world.pod("default", "busybox")
    assert pod is not None
    assert run(world, "busybox", "cat /etc/hosts").stdout.endswith(f"{pod.ip}\tbusybox\n")
    assert run(world, "busybox", "hostname -i").stdout == f"{pod.ip}\n"
    assert run(world, "busybox", "cat /etc/nope").stderr == "cat: can't open '/etc/nope': No such file or directory\n"


def test_standard_input_is_read_only_by_a_program_that_reads(world: Cluster) -> None:
    asked: list[int] = []

    def stdin() -> str:
        asked.append(1)
        return "hello\n"

    pod = world.pod("default", "busybox")
    assert pod is not None
    run_in_pod(world, pod, ["hostname"], stdin)
    assert asked == []
    assert run_in_pod(world, pod, ["cat"], stdin).stdout == "hello\n"
    assert asked == [1]


# -- outside ---------------------------------------------------------------------------------------


def test_a_node_reaches_a_pod_by_address_and_not_by_name(world: Cluster) -> None:
    assert "Welcome to nginx!" in run_outside(world, ["curl", "-s", "10.244.1.9"]).stdout
    assert "Welcome to nginx!" in run_outside(world, ["curl", "-s", "10.96.7.7"]).stdout
    assert run_outside(world, ["curl", "-s", "http://web"]).exit_code == 6


def test_the_notebooks_curl_is_for_the_cluster_only_when_it_names_it(world: Cluster) -> None:
    assert is_for_the_cluster(world, ["-m", "3", "http://10.244.1.9"])
    assert is_for_the_cluster(world, ["web.default.svc.cluster.local"])
    assert is_for_the_cluster(world, ["http://control-plane:30080/"])
    assert not is_for_the_cluster(world, ["-sS", "-m3", "https://example.com", "http://localhost:8080"])


def test_a_node_is_stopped_by_isolation_of_another_nodes_pod(world: Cluster) -> None:
    result = run_outside(world, ["curl", "-m", "3", "-sS", "10.244.1.77"])
    assert (result.exit_code, result.stderr) == (28, "curl: (28) Connection timed out after 3001 milliseconds\n")


def test_without_a_node_there_is_no_outside_to_run_on() -> None:
    cluster = Cluster.from_manifests(MORE)
    with pytest.raises(NotFound):
        run_outside(cluster, ["curl", "10.0.0.1"])
