"""The small shell: what probe scripts of lessons do, and what it refuses before anything has run."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netpol_lab import Cluster
from netpol_lab.pods import ProgramResult, run_in_pod


@pytest.fixture(scope="module")
def world() -> Cluster:
    cluster = Cluster()
    cluster.apply(Path(__file__).parent / "clients" / "world.yaml")
    return cluster


def sh(world: Cluster, script: str, *args: str, pod: str = "busybox", stdin: str = "") -> ProgramResult:
    found = world.pod("default", pod)
    assert found is not None
    return run_in_pod(world, found, ["sh", "-c", script, *args], lambda: stdin)


@pytest.mark.parametrize(
    ("script", "stdout"),
    [
        ("echo one; echo two", "one\ntwo\n"),
        ("true && echo yes || echo no", "yes\n"),
        ("false && echo yes || echo no", "no\n"),
        ("false || true && echo joined", "joined\n"),
        ("! false && echo negated", "negated\n"),
        ("echo 'a  b' \"c  d\" e\\ f", "a  b c  d e f\n"),
        ("X=1; echo $X ${X} \"$X\" '$X'", "1 1 1 $X\n"),
        ("X='a  b'; echo $X; echo \"$X\"", "a b\na  b\n"),
        ("echo [$NOTHING]$NOTHING", "[]\n"),
        ("false; echo $?", "1\n"),
        ("echo $(echo inner $(echo deeper))", "inner deeper\n"),
        ("echo `hostname`", "busybox\n"),
        ("for i in 1 2 3; do echo $i; done", "1\n2\n3\n"),
        ("for i in $(seq 2) x\ndo\n  echo $i\ndone", "1\n2\nx\n"),
        ("for i in a b; do for j in 1 2; do echo $i$j; done; done", "a1\na2\nb1\nb2\n"),
        ("if true; then echo then; else echo else; fi", "then\n"),
        ("if false; then echo 1; elif true; then echo 2; else echo 3; fi", "2\n"),
        ('[ "$(hostname)" = busybox ] && echo same', "same\n"),
        ("[ 3 -gt 2 ] && test -z '' && echo so", "so\n"),
        ("echo out; echo gone >/dev/null; nosuch 2>/dev/null; echo end", "out\nend\n"),
        ("nosuch 2>&1", "sh: nosuch: not found\n"),
        ("nosuch >/dev/null 2>&1; echo quiet", "quiet\n"),
        ("nosuch 2>&1 | grep -c found", "1\n"),
        ("echo b >/tmp/x; echo a >>/tmp/x; sort < /tmp/x", "a\nb\n"),
        ("{ echo a; echo b; } | wc -l", "2\n"),
        ("(X=inner; echo $X)", "inner\n"),
        ("echo one # a comment\necho two", "one\ntwo\n"),
        ("printf '%s-%s\\n' a b", "a-b\n"),
        ("echo -n x; echo -e 'a\\tb'", "xa\tb\n"),
        ("printf 'a\\nb\\nc\\n' | head -n 2 | tail -1", "b\n"),
        ("echo one two | cat - /etc/hostname", "one two\nbusybox\n"),
        ("printf 'x1\\ny2\\n' | grep -E '^(x|z)[0-9]$'", "x1\n"),
        ("printf 'a.b\\naxb\\n' | grep -F a.b", "a.b\n"),
        ("command -v wget", "wget\n"),
        ("export A=1; env | grep ^A=", "A=1\n"),
        ("B=2 env | grep ^B=", "B=2\n"),
        ("echo a=b c==d", "a=b c==d\n"),
        ('X=1; cat << EOF\n$X "$X" \\$X $(echo in)\nEOF\necho after', '1 "1" $X in\nafter\n'),
        ("X=1; cat << 'EOF'\n$X\nEOF", "$X\n"),
        ("cat <<EOF | wc -l\none\ntwo\nEOF", "2\n"),
        ("cat <<EOF | cat - /etc/hostname\nEOF", "busybox\n"),
        ("cat <<-EOF\n\tone\n\tEOF", "one\n"),
        ("cat <<A; cat <<B\none\nA\ntwo\nB", "one\ntwo\n"),
        ("cat <<EOF > /tmp/x && cat /tmp/x\none\nEOF", "one\n"),
        ("cat <<< $(echo one)", "one\n"),
        ("cat << EOF > vars.sh\nA=1\nB=2\nEOF\n. ./vars.sh; echo $A$B", "12\n"),
        ("f() { echo $1-$2; }; f a b; f c", "a-b\nc-\n"),
        ("f() {\n  [ $1 = yes ] && return 3\n  echo no\n}\nf no; f yes; echo $?", "no\n3\n"),
        ("f() { X=$1; }; f in; echo $X $0", "in sh\n"),
        ('X=; while [ "$X" != aaa ]; do X=a$X; echo $X; done', "a\naa\naaa\n"),
        ('X=; until [ "$X" = aa ]; do X=a$X; done; echo $X', "aa\n"),
        ("for i in 1 2; do echo $i; done > /tmp/x; cat /tmp/x", "1\n2\n"),
        ("if true; then nosuch; fi 2> /dev/null; echo quiet", "quiet\n"),
        ("echo one \\\n  two; echo th\\\nree", "one two\nthree\n"),
        ("echo http://ADDRESS/ADDRESS | sed s/ADDRESS/10.0.0.1/", "http://10.0.0.1/ADDRESS\n"),
        ("echo a.b.c | sed 's|\\.|/|g'", "a/b/c\n"),
        ("echo app=web | sed -E 's/(.*)=(.*)/\\2 & \\1/'", "web app=web app\n"),
        ("seq 5 | sed -n '2,3p'; seq 3 | sed '$d'; seq 3 | sed 2,3d", "2\n3\n1\n2\n1\n"),
        ("echo $", "$\n"),
        ("", ""),
    ],
)
def test_a_script_prints_what_a_shell_prints(world: Cluster, script: str, stdout: str) -> None:
    result = sh(world, script)
    assert result.stdout == stdout


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("exit 3", 3),
        ("false", 1),
        ("true; false", 1),
        ("nosuch", 127),
        ("! true", 1),
        ("false | true", 0),
        ("set -e; false; echo unreached", 1),
        ("set -e; false || true; if false; then :; fi; echo reached; exit 4", 4),
        ("wget -qO- -T 1 db", 1),
        ("X=$(false)", 1),
    ],
)
def test_a_script_ends_with_its_last_exit_code(world: Cluster, script: str, code: int) -> None:
    result = sh(world, script)
    assert result.exit_code == code
    assert "unreached" not in result.stdout


def test_a_probe_tells_the_open_service_from_the_closed_one(world: Cluster) -> None:
    script = (
        "for s in web db; do\n"
        '  if wget -qO- -T 2 $s >/dev/null 2>&1; then echo "$s open"; else echo "$s blocked"; fi\n'
        "done"
    )
    result = sh(world, script)
    assert result.stdout == "web open\ndb blocked\n"
    assert result.seconds == 2


def test_a_status_code_can_be_kept(world: Cluster) -> None:
    script = 'CODE=$(curl -s -o /dev/null -m 2 -w "%{http_code}" http://db); echo "$? $CODE"'
    assert sh(world, script, pod="alpine-curl").stdout == "28 000\n"


def test_the_streams_keep_their_order(world: Cluster) -> None:
    assert sh(world, "echo one; nosuch; echo two").chunks == (
        ("stdout", "one\n"),
        ("stderr", "sh: nosuch: not found\n"),
        ("stdout", "two\n"),
    )


def test_arguments_after_the_script_are_its_own(world: Cluster) -> None:
    assert sh(world, "echo $0 $1", "probe", "web").stdout == "probe web\n"


def test_a_script_may_come_on_standard_input(world: Cluster) -> None:
    pod = world.pod("default", "busybox")
    assert pod is not None
    assert run_in_pod(world, pod, ["sh"], lambda: "echo hi\nhostname\n").stdout == "hi\nbusybox\n"


def test_an_interactive_shell_says_that_it_is_not_simulated(world: Cluster) -> None:
    pod = world.pod("default", "busybox")
    assert pod is not None
    result = run_in_pod(world, pod, ["sh"])
    assert result.exit_code == 1
    assert "an interactive shell is not simulated" in result.stderr


@pytest.mark.parametrize(
    "script",
    [
        "case x in x) echo;; esac",
        "wget web &",
        "cat <&3",
        "echo $((1+1))",
        "f() { f; }; f",
        "echo ${X:-default}",
        "echo $@",
        "echo before; cd /tmp",
        "read X",
        "set -x",
    ],
)
def test_what_the_shell_does_not_do_is_refused_plainly(world: Cluster, script: str) -> None:
    result = sh(world, script)
    assert result.exit_code == 2
    assert "is not simulated in this workbook" in result.stderr


@pytest.mark.parametrize(
    "script",
    [
        *("echo 'open", 'echo "open', "if true; then", "for i in 1 2", "a ||", "&& b", "fi", ")", "echo $(a"),
        *("cat << EOF\nno end", "cat <<", "f() echo", "while true"),
    ],
)
def test_a_mistake_is_a_syntax_error(world: Cluster, script: str) -> None:
    result = sh(world, script)
    assert result.exit_code == 2
    assert result.stderr.startswith("sh: syntax error: ")


def test_a_runaway_script_is_stopped(world: Cluster) -> None:
    many = "$(seq 1000)"
    result = sh(world, f"for a in {many}; do for b in {many}; do true; done; done")
    assert (result.exit_code, result.stderr) == (2, "sh: stopped: too much to do\n")


@pytest.mark.parametrize(
    "script",
    [
        "X=xxxxxxxxxx; for i in $(seq 100); do X=$X$X; done",
        "echo xxxxxxx > /tmp/x; for i in $(seq 100); do cat /tmp/x /tmp/x > /tmp/y; cat /tmp/y /tmp/y > /tmp/x; done",
        "X=xxxxxxxxxx; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13; do X=$X$X; done; for i in $(seq 1000); do echo $X; done",
        "(" * 3000 + "true" + ")" * 3000,
        "echo " + "$(" * 3000 + "true" + ")" * 3000,
        "for a in $(seq 1000); do for b in $(seq 1000); do sh -c true; done; done",
        "for a in $(seq 1000); do for b in $(seq 1000); do for c in ; do :; done; done; done",
        "X=xxxxxxxxxx; for i in $(seq 14); do X=$X$X; done; for i in $(seq 1000); do echo $X > /tmp/f$i; done",
        "X=aaaaaaaaaa; for i in $(seq 16); do X=$X$X; done; echo $X b | grep -Ec '((a?){50}){20}$'",
        "for a in $(seq 1000); do sleep 1d; done",
        "while true; do wget web; done",
        "X=aaaaaaaaaa; for i in $(seq 16); do X=$X$X; done; echo $X b | sed -E 's/((a?){50}){20}$//'",
    ],
)
def test_a_script_that_grows_without_end_is_stopped(world: Cluster, script: str) -> None:
    result = sh(world, script)
    assert result.exit_code == 2
    assert "sh: stopped: " in result.stderr


def test_a_pattern_that_would_freeze_a_backtracking_engine_answers(world: Cluster) -> None:
    assert sh(world, "X=aaaaaaaaaaaaaaaaaaaa; echo $X$X$X$X! | grep -E '(a+)+$'").exit_code == 1


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (r"echo 'a(b)+' | grep -o 'b)+'", "b)+\n"),
        ("echo abx | grep -oE '(a|ab)'", "ab\n"),
        (r"echo foo bar | grep -ow 'fo\(o\)'", "foo\n"),
        ("echo axb | grep -F .", ""),
        ("echo xAay | grep -oi 'a*'", "Aa\n"),
        (r"echo abc ab | grep -o '\<ab\>'", "ab\n"),
        (r"echo from 192.168.1.1 | grep -oE '[0-9]+(\.[0-9]+){3}'", "192.168.1.1\n"),
        (r"echo a.c abc | grep -o 'a\.c'", "a.c\n"),
    ],
)
def test_grep_reads_patterns_as_grep_does(world: Cluster, script: str, said: str) -> None:
    assert sh(world, script).stdout == said


@pytest.mark.parametrize(
    "script",
    [
        "nc -w ² web 80",
        "nc -zv web ²",
        "ping -c ² web",
        "head -n ² /etc/hosts",
        "timeout ² true",
        "exit ²",
        "exit ٣",
        "wget -T ² web",
        "curl --resolve web:²:1.2.3.4 web",
        f"ping -c {'9' * 5000} web",
        f"nc -w {'9' * 5000} web 80",
    ],
)
def test_what_only_looks_like_a_number_is_refused(world: Cluster, script: str) -> None:
    result = sh(world, script)
    assert result.exit_code and result.stderr


def test_a_script_that_starts_itself_is_stopped(world: Cluster) -> None:
    script = 'X=\'sh -c "$X"\'; export X; sh -c "$X"'
    assert sh(world, script).exit_code == 2


PIECES = r"""
echo wget -qO- web db ; && || | ( ) $( ` ' " $X X=1 for i in do done if then fi else > 2>&1 < /tmp/x ! { } \ # exit seq
3 curl nc -zv 80 [ ] grep -o sleep timeout head -n sh -c é ${X} &
"""
SCRIPTS = st.lists(st.sampled_from([*PIECES.split(), "\n"]), max_size=25).map(" ".join)


@given(SCRIPTS | st.text(max_size=40))
def test_no_script_breaks_the_shell(world: Cluster, script: str) -> None:
    first, second = sh(world, script), sh(world, script)
    assert 0 <= first.exit_code <= 255
    assert first == second


WORDS = """
-q -O - -T 5 -m3 --timeout=2 web http://db https://web -w %{http_code} -z -v 80 -c 1 10.244.1.77 ::1 [::1] http://[::1]:80/
http:// -sS -I --spider -n x 65536 -1
"""
NAMES = """
wget nc nslookup ping cat ls hostname env printenv echo printf sleep date id uname which seq test [ grep head tail wc
sort uniq timeout curl sh true
"""
ARGUMENTS = st.lists(st.sampled_from(WORDS.split()) | st.text(max_size=8), max_size=6)
PROGRAMS = st.sampled_from(NAMES.split())


@given(PROGRAMS, ARGUMENTS)
def test_no_command_line_breaks_a_program(world: Cluster, program: str, arguments: list[str]) -> None:
    pod = world.pod("default", "alpine-curl")
    assert pod is not None
    result = run_in_pod(world, pod, [program, *arguments])
    assert 0 <= result.exit_code <= 255
