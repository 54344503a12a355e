"""Whatever comes in, a clear error or a correct answer comes out, in bounds, and nothing is half done."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odd_inputs import PIECES, broken_objects
from whole_way import take_in

from netpol_lab import Cluster
from netpol_lab.kubectl import Session, run
from netpol_lab.manifests.source import MAX_YAML_CHARACTERS
from netpol_lab.model.errors import LabError

POLICY = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: default}\nspec: "
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a%s}\nspec: {containers: [{name: c, image: nginx%s}]}\n"


def blocks(cidr: str, *holes: str) -> str:
    return POLICY + json.dumps(
        {"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": cidr, "except": holes}}]}]}
    )


def with_port(port: Any) -> str:
    return POLICY + json.dumps({"podSelector": {}, "ingress": [{"ports": [{"port": port}]}]})


BAD = {
    "a picture": "\x89PNG\r\n\x1a\n\x00\x00",
    "prose": "Dear cluster,\nplease let nobody in.\n",
    "a list": "- 1\n- 2\n",
    "a number": "42\n",
    "half a document": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: [web\n",
    "half an object": "apiVersion: v1\nkind: Pod\nmetadata:\n",
    "half a JSON text": '{"apiVersion": "v1", "kind": "Pod", "metadata": {"na',
    "ten thousand aliases": "a: &a [x, x, x, x, x, x, x, x, x, x]\nb: [" + "*a, " * 10_000 + "*a]\n",
    "aliases of aliases": "\n".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(9)
    ).join(("a: &a [x]\n", "\n")),
    "an alias to itself": "a: &a [*a]\n",
    "fifty megabytes": "# " + "x" * (MAX_YAML_CHARACTERS * 3) + "\n" + POD % ("", ""),
    "a label of ten kilobytes": POD % (f", labels: {{app: {'x' * 10_000}}}", ""),
    "a label's key of ten kilobytes": POD % (f", labels: {{{'x' * 1_000}: web}}", ""),
    "an except of the other family": blocks("10.0.0.0/8", "fd00::/64"),
    "an IPv6 except as wide as its block": blocks("fd00::/64", "fd00::/64"),
    "a prefix too long": blocks("10.0.0.0/33"),
    "an address without prefix": blocks("10.0.0.1"),
    "port 0": with_port(0),
    "port 65536": with_port(65_536),
    "a port too large for any number": with_port(10**30),
    "a port in quotes": with_port("80"),
    "a pod's port 0": POD % ("", ", ports: [{containerPort: 0}]"),
    "a name with quotes": POD % ("\"'b", ""),
    "a name with angle brackets": POD % ("<script>", ""),
    "a name with a newline": POD.replace("a%s", '"a%s"') % ("\\nb", ""),
    "a container's name with angle brackets": POD.replace("name: c", "name: <b>") % ("", ""),
    "a label with angle brackets": POD % (", labels: {app: <b>}", ""),
    "a key with a newline": POD % (', labels: {"a\\nb": c}', ""),
    "a tag of another language": "a: !!python/object/apply:os.system ['true']\n",
    "two billion replicas": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n"
    "  replicas: 2000000000\n"
    "  selector: {matchLabels: {app: web}}\n"
    "  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: x}]}}\n",
    "a status that is no status": POD % ("", "") + "status: fine\n",
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_with_a_short_clear_message(name: str) -> None:
    with pytest.raises(LabError) as caught:
        Cluster.from_manifests("# \n" + BAD[name] if name != "half a JSON text" else BAD[name])
    message = str(caught.value)
    assert message and len(message) < 12_000


@pytest.mark.parametrize("name", BAD)
def test_bad_input_leaves_a_cluster_as_it_was(name: str) -> None:
    cluster = Cluster()
    before = cluster.snapshot()
    with pytest.raises(LabError):
        cluster.apply("---\n" + BAD[name] if name != "half a JSON text" else BAD[name] + "\n")
    assert cluster.snapshot() is before


@pytest.mark.parametrize("name", BAD)
def test_kubectl_refuses_bad_input_and_exits_with_1(name: str) -> None:
    session = Session(Cluster())
    before = dict(session.cluster.objects)
    result = run(session, ["apply", "-f", "-"], lambda: BAD[name])
    assert (result.stdout, result.exit_code) == ("", 1) and result.stderr
    assert dict(session.cluster.objects) == before


def test_a_family_of_its_own_is_no_fault() -> None:
    cluster = Cluster()
    cluster.apply(POD % ("", ""))
    cluster.apply(blocks("fd00::/8", "fd00:1::/64") + "\n")
    assert not cluster.verdict("198.51.100.1", "default/a")
    assert not cluster.verdict("fd00:1::5", "default/a") and cluster.verdict("fd00:2::5", "default/a")


def test_ten_thousand_aliases_of_little_are_read() -> None:
    text = POD % ("", "") + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {a: &a x, "
    text += ", ".join(f"k{number}: *a" for number in range(10_000)) + "}\n"
    assert len(Cluster.from_manifests(text).objects) == 3


# The whole way: text, cluster, verdict, matrix


long_way = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


@long_way
@given(broken_objects())
def test_broken_objects_raise_nothing_but_the_librarys_errors(text: str) -> None:
    take_in(text)


@long_way
@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_text_raises_nothing_but_the_librarys_errors(text: str) -> None:
    take_in(text)
