"""Every faulty manifest is refused with the server's words, the right line and a hint.

``tests/manifests/refused/`` holds one manifest a fault, named for it; ``refused.txt`` what is said about
each. The words are those of a recorded API server (``test_real_validation``) and, where it was not asked, of the
decoding and validation code of Kubernetes 1.36. They differ on purpose in two things: every fault is told (the server
stops at the first wrong type), and a name that is missing is noticed by kubectl.
"""

from pathlib import Path

import pytest

from netpol_lab.manifests import Problem, read_path, read_text
from netpol_lab.model.errors import ManifestError, NotFound

HERE = Path(__file__).parent / "manifests"
FAULTS = sorted((HERE / "refused").iterdir())


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(ManifestError) as caught:
        read_text(text, "web.yaml")
    return caught.value.problems


def told(path: Path) -> str:
    """What is said about a faulty file, in the layout of ``refused.txt``."""
    with pytest.raises(ManifestError) as caught:
        read_path(path)
    lines = [path.name]
    for problem in caught.value.problems:
        assert problem.file == str(path)
        lines.append(f"  line {problem.line}, {problem.kind}: {problem.server}")
        lines += [f"    {problem.hint}"] if problem.hint else []
    return "\n".join(lines)


def expected() -> dict[str, str]:
    blocks = (HERE / "refused.txt").read_text(encoding="utf-8").strip().split("\n\n")
    return {block.partition("\n")[0]: block for block in blocks}


@pytest.mark.parametrize("path", FAULTS, ids=lambda path: path.stem)
def test_a_faulty_manifest_is_refused_in_the_servers_words(path: Path) -> None:
    assert told(path) == expected()[path.name]


def test_every_expectation_has_its_manifest_and_there_are_enough_of_them() -> None:
    assert set(expected()) == {path.name for path in FAULTS}
    assert len(FAULTS) >= 140


def test_problems_of_all_documents_are_told_and_nothing_is_returned() -> None:
    text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: A}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: b}\n"
    assert [(str(problem.object), problem.line) for problem in problems_of(text)] == [
        ('Namespace "A"', 3),
        ('Pod "b"', 5),
    ]


def test_problems_of_all_files_of_a_directory_are_told(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yml", "c.json", "d.txt"):
        (tmp_path / name).write_text("kind: Pod\n")
    with pytest.raises(ManifestError) as caught:
        read_path(tmp_path)
    assert [Path(problem.file).name for problem in caught.value.problems] == ["a.yaml", "b.yml", "c.json"]


def test_a_path_that_is_not_there_is_named_as_kubectl_names_it(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r'^the path ".*nofile\.yaml" does not exist$'):
        read_path(tmp_path / "nofile.yaml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "picture.yaml").write_bytes(b"a: b\n\xff\xff\n")
    with pytest.raises(ManifestError) as caught:
        read_path(tmp_path)
    (problem,) = caught.value.problems
    assert (problem.kind, problem.line) == ("yaml", 2)


def test_a_problem_reads_as_file_line_object_words_and_hint() -> None:
    text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: My_Team}\n"
    (problem,) = problems_of(text)
    assert str(problem).startswith('web.yaml, line 3: Namespace "My_Team": metadata.name: Invalid value: "My_Team": ')
    assert str(problem).endswith("(write it in lower case: my-team)")


def test_the_transcripts_yaml_errors_are_met_with_their_lines() -> None:
    head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: web\nspec:\n"
    tab = problems_of(head + "  podSelector:\n\t  matchLabels: {}\n")
    assert tab[0].message == "yaml: line 7: found character that cannot start any token"
    indent = problems_of(head + "  podSelector: {}\n  ingress:\n  - from: []\n   ports: []\n")
    assert indent[0].message == "yaml: line 8: did not find expected key"
    assert indent[0].line == 9, "go-yaml counts one line too few here; ours is the line to change"


def test_a_label_of_10_kilobytes_is_refused_once_in_full() -> None:
    text = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: demo\n  labels:\n    app: " + "a" * 10_000
    (problem,) = problems_of(text)
    assert problem.message.endswith(": must be no more than 63 characters")


def test_names_with_quotes_brackets_and_newlines_are_quoted_as_go_does() -> None:
    text = '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "<b>\\"a\\"\\n</b>"}}'
    problem = problems_of(text)[0]
    assert problem.message.startswith('Invalid value: "<b>\\"a\\"\\n</b>": a lowercase RFC 1123 label')
