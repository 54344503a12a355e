"""Mermaid text: complete, colored explicitly, and safe whatever a name holds."""

import json
import re
from dataclasses import replace

import pytest

from netpol_lab.display import graph, strip, theme
from netpol_lab.display.mermaid import escape
from netpol_lab.display.strip import StripStep
from tests.scenes import LAB_A_ASKED, NASTY, lab_a, lab_e, nasty


def lab_a_source():
    return graph.draw(lab_a(3), blocked=LAB_A_ASKED).mermaid().source


def strip_source():
    steps = [StripStep("Allow all", "no policy", lab_a(1)), StripStep("Default deny", "+ default-deny.yaml", lab_a(2))]
    return strip.draw(steps, ["student-07/client-07", "External"], "student-07/server-07", 80, "TCP").mermaid().source


def test_a_graph_has_pods_lines_and_signs():
    source = lab_a_source()
    assert 'subgraph ns0["namespace student-07, DNS reachable from all pods"]' in source
    assert '["<b>client-07</b><br/>⇥ ingress isolated"]:::locked' in source
    assert '-->|"✓ TCP 80"|' in source and source.count('-. "✕ TCP 80" .-x') == 2
    assert "direction" not in source  # in a subgraph linked from outside, lines would end at its frame


def test_every_link_has_a_style_and_in_the_order_of_the_links():
    for source in (lab_a_source(), strip_source()):
        links = re.findall(r"^ *\w+ (-->|-\. )", source, re.M)
        styles = re.findall(r"linkStyle (\d+) stroke:(#\w+)", source)
        assert [int(number) for number, _ in styles] == list(range(len(links)))
    blocked = [link.startswith("-.") for link in re.findall(r"^ *\w+ (-->|-\. )", lab_a_source(), re.M)]
    colors = [
        color == theme.MERMAID["blocked"] for _, color in re.findall(r"linkStyle (\d+) stroke:(#\w+)", lab_a_source())
    ]
    assert blocked == colors


def test_steps_are_stacked_and_joined_by_what_was_applied():
    source = strip_source()
    assert "flowchart TB" in source and source.count("direction LR") == 2
    assert 's0 -->|"+ default-deny.yaml"| s1' in source
    assert (
        f"style s0 fill:{theme.PALETTE['pOpen'][0]}" in source
        and f"style s1 fill:{theme.PALETTE['pClosed'][0]}" in source
    )


def test_the_first_line_is_a_directive_of_valid_json_and_all_colors_are_ours():
    for source in (lab_a_source(), strip_source()):
        directive = re.fullmatch(r"%%\{init: (.*)\}%%", source.splitlines()[0])
        assert json.loads(directive[1])["theme"] == "base"
        ours = {*theme.MERMAID.values(), *(light for light, _ in theme.PALETTE.values())}
        assert set(re.findall(r"#[0-9a-f]{6}\b", source)) <= ours
        assert "accTitle: " in source and "accDescr: " in source


def test_names_reach_mermaid_only_escaped():
    source = replace(graph.draw(nasty()), title=NASTY[0] + NASTY[4]).mermaid().source
    body = source.split("\n", 1)[1]
    assert "<script" not in body and "</style>" not in body and "%%{" not in body and "`" not in body
    assert '"' not in re.sub(r'"[^"\n]*"', "", body)  # every quote is one of ours, in pairs on one line
    for line in body.splitlines():
        assert re.match(r"flowchart |  |$", line)  # no name starts a line of its own


@pytest.mark.parametrize("name", NASTY)
def test_an_escaped_name_has_nothing_but_letters_harmless_marks_and_entities(name):
    assert not set(re.sub(r"#\d+;", "", escape(name))) & set("\"<>&`#;{}[]|%'\n")


def test_open_namespaces_and_blocked_dns_are_told_in_the_title_of_the_frame():
    assert "every pod reaches every pod, DNS reachable" in graph.draw(lab_e(False)).mermaid().source


def test_a_notebook_gets_mermaid_and_text_and_print_gives_the_source():
    picture = graph.draw(lab_a(3)).mermaid()
    bundle = picture._repr_mimebundle_()
    assert list(bundle) == ["text/vnd.mermaid", "text/plain"]
    assert str(picture) == bundle["text/vnd.mermaid"] and bundle["text/plain"].isascii()
    assert picture._repr_mimebundle_(exclude=["text/plain"]).keys() == {"text/vnd.mermaid"}
