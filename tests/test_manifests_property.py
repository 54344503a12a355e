"""Whatever the text, nothing but a ManifestError comes out; whatever is accepted, is accepted again."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netpol_lab.manifests import composer, from_object, read_text
from netpol_lab.manifests.field_types import ListOf, MapOf, Struct, Type
from netpol_lab.manifests.schema import KINDS
from netpol_lab.model.errors import ManifestError

HERE = Path(__file__).parent / "manifests"
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

words = st.sampled_from(
    ["", "a", "web", "Web", "80", "-1", "true", "10.0.0.0/8", "::/0", "TCP", "In", "Exists", "Ingress", "a/b", "x" * 70]
)
plain = st.none() | st.booleans() | st.integers(-5, 70_000) | st.floats(allow_nan=False, width=16) | words | st.text()
anything = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words | st.text(), inner, max_size=3),
    max_leaves=8,
)


def values(type_: Type, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of nearly the right type: now and then anything at all."""
    if depth > 7:
        return plain
    if isinstance(type_, Struct):
        fields: dict[str, Any] = {name: values(inner, depth + 1) for name, inner in type_.fields.items()}
        right: st.SearchStrategy[Any] = st.fixed_dictionaries({}, optional=fields)
    elif isinstance(type_, ListOf):
        right = st.lists(st.deferred(lambda: values(type_.item, depth + 1)), max_size=2)
    elif isinstance(type_, MapOf):
        right = st.dictionaries(words, plain, max_size=2)
    else:
        right = plain
    return st.integers(0, 30).flatmap(lambda dice: anything if dice == 0 else right)


def objects() -> st.SearchStrategy[Any]:
    """Objects of the kinds we decode, mostly right."""

    def one(kind: tuple[str, str]) -> st.SearchStrategy[Any]:
        head = {"apiVersion": kind[0], "kind": kind[1], "metadata": {"name": "a"}}
        spec = KINDS[kind].fields["spec"]
        return values(spec).map(lambda value: {**head, "spec": value})

    return st.sampled_from(sorted(KINDS)).flatmap(one)


def read_or_refuse(text: str) -> None:
    try:
        resources = read_text(text, "x.yaml")
    except ManifestError as error:
        assert error.problems
        assert str(error)
        return
    for resource in resources:
        assert from_object(resource.body) == resource


@quick
@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    read_or_refuse(text)


@quick
@given(st.text(alphabet="ab:- \n\t[]{}&*!|>'\"%@#,?<0.~"))
def test_any_text_of_yaml_signs_is_read_or_refused(text: str) -> None:
    read_or_refuse(text)


@quick
@given(anything)
def test_any_value_is_read_or_refused_as_json_and_as_yaml(value: Any) -> None:
    read_or_refuse(json.dumps(value))
    read_or_refuse(yaml.safe_dump(value, allow_unicode=True))


@quick
@given(objects())
def test_any_object_of_a_known_kind_is_read_or_refused(obj: Any) -> None:
    read_or_refuse(json.dumps(obj))
    try:
        resource = from_object(obj)
    except ManifestError as error:
        assert error.problems
        return
    assert from_object(resource.body) == resource


@quick
@given(st.data())
def test_a_manifest_with_a_piece_cut_out_is_read_or_refused(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted((HERE / "accepted").iterdir())))
    text = path.read_text(encoding="utf-8")
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    read_or_refuse(text[:start] + data.draw(words) + text[end:])


@pytest.mark.parametrize("path", sorted((HERE / "accepted").glob("*.yaml")), ids=lambda path: path.stem)
def test_without_libyaml_the_same_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text(encoding="utf-8")
    expected = [(resource, resource.origin) for resource in read_text(text)]
    monkeypatch.setattr(composer, "_Loader", yaml.SafeLoader)
    assert [(resource, resource.origin) for resource in read_text(text)] == expected


@pytest.mark.parametrize("path", sorted((HERE / "refused").glob("*.yaml")), ids=lambda path: path.stem)
def test_without_libyaml_the_same_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def told() -> list[tuple[str, str, str]]:
        with pytest.raises(ManifestError) as caught:
            read_text(path.read_text(encoding="utf-8"))
        return [(problem.kind, problem.message, problem.hint) for problem in caught.value.problems]

    expected = told()
    monkeypatch.setattr(composer, "_Loader", yaml.SafeLoader)
    assert told() == expected
