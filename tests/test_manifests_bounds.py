"""Texts made to hurt: each is refused, or read, after a bounded amount of work."""

import pytest

from netpol_lab.manifests import from_object, read_text, source
from netpol_lab.manifests.problem import MAX_PROBLEMS
from netpol_lab.manifests.read import Reader
from netpol_lab.model.errors import ManifestError
from netpol_lab.model.objects import Resource

HEAD = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\n"


def first_words(text: str) -> str:
    with pytest.raises(ManifestError) as caught:
        read_text(text)
    return str(caught.value.problems[0].message)


def test_a_billion_laughs_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    assert first_words("\n".join(lines)) == "yaml: document contains excessive aliasing"


def test_ten_thousand_small_aliases_are_read() -> None:
    text = HEAD + "data:\n  one: &x [1]\n  many:\n" + "  - *x\n" * 10_000
    (resource,) = read_text(text)
    assert len(resource.body["data"]["many"]) == 10_000


@pytest.mark.parametrize(
    "text",
    ["a: " + "[" * 100_000, "[{a: " * 50_000, "- " * 100_000 + "x", "? " * 100_000, "&a " * 100_000, "!t " * 100_000],
)
def test_deep_yaml_is_refused(text: str) -> None:
    assert first_words(text).startswith(("yaml: exceeded max depth", "yaml: did not find", "json: cannot"))


@pytest.mark.parametrize("depth", [150, 900, 100_000])
def test_deep_json_is_refused(depth: int) -> None:
    head = '{"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "data": '
    text = head + '{"a":' * depth + "1" + "}" * (depth + 1)
    assert "exceeded max depth" in first_words(text)


def test_a_deep_object_is_refused() -> None:
    inner: object = 1
    for _ in range(500):
        inner = [inner]
    with pytest.raises(ManifestError, match="exceeded max depth"):
        from_object({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "data": inner})


def test_an_object_that_contains_itself_is_refused() -> None:
    data: dict[str, object] = {}
    data["data"] = data
    with pytest.raises(ManifestError, match="exceeded max depth"):
        from_object({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "data": data})


def test_too_long_texts_are_refused_before_they_are_read() -> None:
    assert first_words("a" * (source.MAX_YAML_CHARACTERS + 1)) == "the YAML text has more than 16 million characters"
    many = '{"a": [' + "[]," * (source.MAX_JSON_PARTS // 2) + "1]}"
    assert first_words(many) == "the JSON text has more than 20 million commas and brackets"


def test_a_text_with_endless_faults_is_not_read_to_its_end() -> None:
    with pytest.raises(ManifestError) as caught:
        read_text("a: 1\n---\n" * 5_000)
    assert MAX_PROBLEMS <= len(caught.value.problems) <= MAX_PROBLEMS + 2


def test_of_endless_keys_that_stand_twice_only_so_many_are_noted() -> None:
    reader = Reader().read_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n" + "kind: Namespace\n" * 5_000)
    assert [resource.name for resource in reader.found()] == ["a"]
    assert len(reader.notes) == MAX_PROBLEMS


@pytest.mark.parametrize("text", ["\x00", "a: \x07", "a: \ud800", "a: b\n\ufffe"])
def test_characters_that_are_no_text_are_refused(text: str) -> None:
    assert first_words(text).startswith("yaml: ")


@pytest.mark.parametrize("number", ["1" * 100_000, "1e400", "-" + "1" * 5_000])
def test_numbers_no_program_reads_do_no_harm(number: str) -> None:
    read_text(HEAD + f"data: {number}\n")
    json_head = '{"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "data": '
    try:
        read_text(json_head + number + "}")
    except ManifestError as error:
        assert len(error.problems) == 1


def test_half_a_character_pair_in_json_becomes_the_replacement_character() -> None:
    text = '{"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "data": {"a": "\\ud83d"}}'
    (resource,) = read_text(text)
    assert resource.body["data"] == {"a": "\ufffd"}


def test_a_dump_of_many_pods_is_read_whole() -> None:
    pod = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p%d","namespace":"n","labels":{"app":"a%d"}},'
    pod += '"spec":{"containers":[{"name":"c","image":"nginx"}]},"status":{"podIP":"10.0.%d.%d","phase":"Running"}}'
    items = ",".join(pod % (number, number % 7, number // 250, number % 250) for number in range(2_000))
    resources: list[Resource] = read_text('{"apiVersion":"v1","kind":"List","items":[' + items + "]}")
    assert len({resource.key for resource in resources}) == 2_000


def test_values_that_json_has_not_are_refused() -> None:
    for value in (10**5_000, -(10**5_000), float("nan"), float("inf"), {1, 2}, b"bytes", object()):
        for extra in ({"data": value}, {"metadata": {"name": "a", "labels": {"a": value}}}):
            with pytest.raises(ManifestError):
                from_object({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, **extra})
