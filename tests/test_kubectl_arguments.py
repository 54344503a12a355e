"""Flags and words are read the way kubectl reads them."""

from __future__ import annotations

import pytest
from kubectl_lines import Terminal

from netpol_lab.kubectl.arguments import Flag, duration, parse
from netpol_lab.kubectl.failure import Failure

TABLE = (
    Flag("namespace", "n"),
    Flag("output", "o"),
    Flag("stdin", "i", "switch"),
    Flag("tty", "t", "switch"),
    Flag("filename", "f", "commas"),
    Flag("env", "", "each"),
    Flag("replicas", "", "number"),
    Flag("timeout", "", "duration"),
    Flag("dry-run", default="none", bare="unchanged"),
)


def values(line: str) -> dict[str, object]:
    table = {flag.name: flag.start for flag in TABLE}
    read = parse(line.split(), TABLE, "get").values
    return {name: value for name, value in read.items() if value != table[name]}


@pytest.mark.parametrize("line", ["--namespace=a", "--namespace a", "-n a", "-na", "-n=a"])
def test_a_value_may_follow_its_flag_in_every_spelling_of_kubectl(line: str):
    assert values(line) == {"namespace": "a"}


def test_switches_combine_and_the_last_of_them_may_take_a_value():
    assert values("-itn a") == {"stdin": True, "tty": True, "namespace": "a"}


def test_a_switch_takes_no_next_word_but_an_equals_sign():
    assert parse(["-i", "web", "--tty=false"], TABLE, "exec").args == ("web",)
    assert values("-i --tty=false") == {"stdin": True}


def test_files_may_be_repeated_and_split_at_commas_and_variables_only_repeated():
    assert values("-f a,b -f c --env A=1,2 --env B=") == {"filename": ("a", "b", "c"), "env": ("A=1,2", "B=")}


def test_flags_stand_before_and_after_words_and_end_at_two_dashes():
    parsed = parse(["-n", "a", "web", "-it", "--", "ls", "-n", "b"], TABLE, "exec")
    assert (parsed.args, parsed.after_dash) == (("web",), ("ls", "-n", "b"))
    assert parsed.values["namespace"] == "a"


def test_two_dashes_with_nothing_after_them_are_not_the_same_as_none():
    assert parse(["web", "--"], TABLE, "exec").after_dash == ()
    assert parse(["web"], TABLE, "exec").after_dash is None


def test_a_single_dash_is_a_word_and_a_file_name():
    assert parse(["-"], TABLE, "apply").args == ("-",)
    assert values("-f -") == {"filename": ("-",)}


def test_a_flag_with_a_value_of_its_own_takes_no_next_word():
    assert values("--dry-run web") == {"dry-run": "unchanged"}
    assert values("--dry-run=client") == {"dry-run": "client"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--foo", "unknown flag: --foo"),
        ("--foo=1", "unknown flag: --foo"),
        ("-z", "unknown shorthand flag: 'z' in -z"),
        ("-iz", "unknown shorthand flag: 'z' in -iz"),
        ("--namespace", "flag needs an argument: --namespace"),
        ("-n", "flag needs an argument: 'n' in -n"),
        ("--replicas=x", 'invalid argument "x" for "--replicas" flag: strconv.ParseInt: parsing "x": invalid syntax'),
        ("-i=x", 'invalid argument "x" for "-i, --stdin" flag: strconv.ParseBool: parsing "x": invalid syntax'),
        ("--timeout=5", 'invalid argument "5" for "--timeout" flag: time: missing unit in duration "5"'),
        ("--timeout=x", 'invalid argument "x" for "--timeout" flag: time: invalid duration "x"'),
    ],
)
def test_a_flag_that_cannot_be_read_is_refused_in_the_words_of_kubectl(line: str, words: str):
    with pytest.raises(Failure) as refusal:
        parse(line.split(), TABLE, "get")
    assert str(refusal.value) == f"error: {words}\nSee 'kubectl get --help' for usage."


@pytest.mark.parametrize(
    ("text", "seconds"), [("5s", 5), ("1m30s", 90), ("2h", 7200), ("1.5s", 1.5), ("0", 0), ("-1s", -1)]
)
def test_durations_are_those_of_go(text: str, seconds: float):
    assert duration(text) == seconds


def test_a_flag_that_would_make_a_difference_and_is_not_simulated_is_refused():
    assert Terminal().fails("logs x --since=5m") == "error: kubectl logs --since is not simulated in this workbook"
    assert Terminal().fails("get pods --as=me") == "error: kubectl get --as is not simulated in this workbook"


def test_flags_may_stand_before_the_verb():
    assert "coredns" in Terminal().out("-n kube-system get pods")


def test_help_after_two_dashes_belongs_to_the_command_in_the_pod():
    assert Terminal().fails("exec nope -- wget --help") == 'Error from server (NotFound): pods "nope" not found'


def test_a_mistyped_verb_is_answered_with_the_nearest_ones():
    assert (
        Terminal()
        .fails("gte pods")
        .startswith('error: unknown command "gte" for "kubectl"\n\nDid you mean this?\n\tget')
    )


@pytest.mark.parametrize("line", ["", "help", "--help", "-h"])
def test_kubectl_alone_tells_what_there_is(line: str):
    text = Terminal().out(line)
    assert "Commands:" in text
    assert "Not simulated:" in text


@pytest.mark.parametrize("line", ["get -h", "get --help", "help get", "get pods --help -n x"])
def test_every_verb_explains_its_flags(line: str):
    assert "--show-labels" in Terminal().out(line)
