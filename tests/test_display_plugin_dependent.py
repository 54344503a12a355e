"""The third answer, "depends on the network plugin", in every picture that says who reaches whom.

In the shop, ``db`` lets in the addresses of all pods, ``api`` its client by label on TCP 80 and all pods by address on
TCP 443, and ``tools`` may send to any address in 10.0.0.0/8. Whether such an ipBlock matches a pod is up to the plugin.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from small_clusters import Body, policy_resource

from netpol_lab import Cluster
from netpol_lab.connections.scene import Reach, Scene, build
from netpol_lab.display import delta, graph, heatmap, matrix, reach, strip
from netpol_lab.display.card import Picture
from netpol_lab.display.matrix_table import UNDECIDED
from netpol_lab.display.theme import MERMAID
from netpol_lab.manifests import from_object
from netpol_lab.model.objects import Resource
from netpol_lab.model.ports import PortSet
from tests import scenes
from tests.picture_checks import check

DEPENDS = "depends on the network plugin"
ALL_PODS = {"ipBlock": {"cidr": "10.244.0.0/16"}}
WEB, API, DB, TOOLS = "shop/web", "shop/api", "shop/db", "shop/tools"
LISTENING = {"web": [80], "api": [80, 443], "db": [5432], "tools": []}


def pod(name: str) -> Resource:
    container = {"name": name, "image": "shop", "ports": [{"containerPort": port} for port in LISTENING[name]]}
    metadata = {"name": name, "namespace": "shop", "labels": {"app": name}}
    return from_object({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}})


def selecting(app: str, **rest: Any) -> Resource:
    return policy_resource(f"shop/{app}", podSelector={"matchLabels": {"app": app}}, **rest)


def admitting(app: str, *rules: tuple[Body, int]) -> Resource:
    ingress = [{"from": [peer], "ports": [{"port": port}]} for peer, port in rules]
    return selecting(app, ingress=ingress)


BY_LABEL = {"podSelector": {"matchLabels": {"app": "web"}}}
FROM_ADDRESSES = admitting("db", (ALL_PODS, 5432))
MIXED = admitting("api", (BY_LABEL, 80), (ALL_PODS, 443))
TO_ADDRESSES = selecting("tools", egress=[{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}], policyTypes=["Egress"])
DENY = policy_resource("shop/deny", podSelector={}, policyTypes=["Ingress"])


def cluster(*policies: Resource, profile: str = "upstream", pods: Iterable[str] = LISTENING) -> Cluster:
    found = Cluster(profile=profile)
    found.apply("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}")
    for resource in (*map(pod, pods), *policies):
        found.apply(resource)
    return found


def shop(*policies: Resource, profile: str = "upstream", pods: Iterable[str] = LISTENING) -> Scene:
    whole = build(cluster(*policies, profile=profile, pods=pods))
    return replace(whole, nodes=tuple(node for node in whole.nodes if node.namespace in ("shop", "")))


def undecided(profile: str = "upstream") -> Scene:
    return shop(DENY, FROM_ADDRESSES, MIXED, TO_ADDRESSES, profile=profile)


def closed() -> Scene:
    return shop(DENY)


def three_steps(last: Scene) -> strip.StripPicture:
    steps = [strip.StripStep("", "", scene) for scene in (shop(), closed(), last)]
    return strip.draw(steps, [WEB, "External"], DB, 5432)


def pictures(scene: Scene) -> Mapping[str, Picture]:
    return {
        "matrix": matrix.draw(scene),
        "one port": matrix.draw(scene, port=5432),
        "one end": matrix.draw(scene, direction="ingress"),
        "both ends": matrix.both_ends(scene, 5432),
        "matrix delta": matrix.matrix_delta(closed(), scene),
        "graph": graph.draw(scene),
        "delta": delta.draw(closed(), scene),
        "panels": delta.draw(closed(), scene, side_by_side=True),
        "strip": three_steps(scene),
        "reach": reach.draw(scene, WEB),
    }


def rows(twin: str) -> list[str]:
    return [" ".join(line.split()) for line in twin.splitlines()]


@pytest.mark.parametrize("name", pictures(undecided()))
def test_every_picture_has_the_sign_and_the_word_and_keeps_the_rules_of_pictures(name: str) -> None:
    page = check(lambda: pictures(undecided())[name])
    twin = pictures(undecided())[name].twin
    assert "depends on the network plugin" in page.text
    assert re.search(r"^\?|[ 0-9]\?", twin, re.M) and DEPENDS in twin


@pytest.mark.parametrize("profile", ["calico", "cilium"])
@pytest.mark.parametrize("name", pictures(undecided()))
def test_under_one_plugins_profile_every_picture_shows_that_plugins_answer_alone(name: str, profile: str) -> None:
    picture = pictures(undecided(profile))[name]
    assert "plugin" not in picture.html and "plugin" not in picture.text and "?" not in picture.twin


@pytest.mark.parametrize("scene", [scenes.lab_a(3), scenes.lab_b_matrix(), scenes.lab_e()])
def test_without_an_ip_block_nothing_is_said_styled_or_explained_about_plugins(scene: Scene) -> None:
    for picture in (
        matrix.draw(scene),
        matrix.both_ends(scene),
        graph.draw(scene),
        reach.draw(scene, scene.nodes[0].id),
    ):
        assert "plugin" not in picture.html and "npl-undecided" not in picture.html


# -- matrix --------------------------------------------------------------------------------------


def test_a_cell_says_plugin_in_a_dashed_frame_and_which_ports_pass_always() -> None:
    page = check(lambda: matrix.draw(shop(DENY, FROM_ADDRESSES, MIXED)))
    cells = [cell for cell in page.all("td") if "npl-plugin" in (cell.get("class") or "")]
    assert len(cells) == 6
    assert "? depends on the network plugin 80 always" in page.text
    assert "outline: 2px dashed var(--npl-changed)" in UNDECIDED


def test_the_text_of_the_matrix_has_a_question_mark_behind_the_ports_that_are_certain() -> None:
    twin = rows(matrix.draw(shop(DENY, FROM_ADDRESSES, MIXED)).twin)
    assert "1 shop/web # 80? ? X ." in twin
    assert "? depends on the network plugin" in twin
    assert "8080? allowed, this port; others depend on the network plugin" in twin


def test_one_port_is_asked_by_itself() -> None:
    twin = rows(matrix.draw(undecided(), port=443).twin)
    assert any(line.endswith("# ? X X . .") for line in twin if line.startswith("1 shop/web"))
    assert "? " not in "".join(rows(matrix.draw(undecided(), port=80, direction="ingress").twin)[1:])


def test_each_end_says_for_itself_whether_it_depends() -> None:
    scene = undecided()
    egress = rows(matrix.draw(scene, port=80, direction="egress").twin)
    assert "4 shop/tools ? ? ? # X ." in egress and "1 shop/web # . . . . ." in egress
    both = matrix.both_ends(scene, 5432)
    assert both.title.endswith("3 pairs depend on the network plugin")


def test_the_frame_holds_what_the_clusters_own_profile_decides() -> None:
    pair = (("shop", "web"), ("shop", "db"))
    assert matrix.draw(undecided()).frame.loc[pair] == "TCP 5432"
    frame = matrix.draw(undecided(), port=5432).frame
    assert set(frame.dtypes.astype(str)) == {"bool"} and frame.loc[pair]
    assert not matrix.draw(undecided("cilium"), port=5432).frame.loc[pair]


@pytest.mark.parametrize(
    ("policies", "title"),
    [
        ((FROM_ADDRESSES,), "; 3 pairs depend on the network plugin"),
        ((MIXED,), "; 3 pairs depend on the network plugin, at least in part"),
        ((selecting("db", ingress=[{"from": [ALL_PODS]}]), DENY), "; 3 pairs depend on the network plugin"),
    ],
)
def test_a_finding_does_not_count_what_depends_as_allowed_in_silence(policies: Any, title: str) -> None:
    assert matrix.draw(shop(*policies)).title.endswith(title)


def test_a_finding_about_one_pair_says_that_this_depends() -> None:
    scene = shop(DENY, FROM_ADDRESSES, pods=["web", "db"])
    assert matrix.draw(scene, port=5432).title == (
        "Only web reaches db on TCP 5432; nobody reaches web; 1 pair depends on the network plugin"
    )


def test_a_table_by_namespace_marks_the_shares_and_the_title_counts_the_pairs() -> None:
    many = scenes.many(40, 4)
    nothing = Reach(PortSet.NONE, PortSet.NONE)
    there = {("ns-1", "ns-2"), ("ns-2", "ns-1")}
    some = {
        pair: replace(each, certain=nothing) if {(pair[0][:4], pair[1][:4])} & there else each
        for pair, each in many.reach.items()
    }
    scene = replace(many, reach=some)
    page = check(lambda: matrix.draw(scene))
    assert "some of these pairs depend on the network plugin" in page.text and "100%?" in matrix.draw(scene).twin
    heat = heatmap.draw(scene)
    assert heat.title == "100 % of all pod pairs can connect; 200 pairs depend on the network plugin"
    assert "?: the plugin decides some" in heat.quiet and len(heat.quiet) <= 110
    assert "100%?" in heat.twin and "some of these pairs depend" in heat.twin
    assert heat.png != replace(heatmap.draw(many), title=heat.title).png


# -- matrix delta --------------------------------------------------------------------------------


def test_what_now_depends_is_a_change_with_what_it_was_below() -> None:
    picture = matrix.matrix_delta(closed(), shop(DENY, FROM_ADDRESSES))
    assert picture.title == "3 of 20 cells changed; all of these cells depend on the network plugin"
    assert "3 now depending on the network plugin" in picture.quiet
    assert "? shop/web -> shop/db blocked at ingress -> as the plugin decides" in rows(picture.twin)
    assert "? now depends on the network plugin was blocked" in check(lambda: picture).text
    assert list(picture.frame["change"]) == ["added"] * 3


def test_what_no_longer_depends_is_newly_allowed_or_newly_blocked_and_the_frame_tells_the_profiles_own() -> None:
    by_label = admitting("db", (BY_LABEL, 5432))
    picture = matrix.matrix_delta(shop(DENY, FROM_ADDRESSES), shop(DENY, by_label))
    changes = [line for line in rows(picture.twin) if " -> " in line]
    assert changes == [
        "+ shop/web -> shop/db as the plugin decides -> TCP 5432",
        "- shop/api -> shop/db as the plugin decides -> blocked at ingress",
        "- shop/tools -> shop/db as the plugin decides -> blocked at ingress",
    ]
    assert list(picture.frame["change"]) == ["removed", "removed"]


def test_what_still_depends_turns_gray_and_keeps_its_sign_and_word() -> None:
    before, after = shop(DENY, FROM_ADDRESSES), shop(DENY, FROM_ADDRESSES, admitting("web", (BY_LABEL, 80)))
    picture = matrix.matrix_delta(before, after)
    assert "still depends on the network plugin" in check(lambda: picture).text
    assert picture.title == "No connection changed"
    assert "1 shop/web # X ? X ." in rows(picture.twin)


# -- graph and Mermaid ---------------------------------------------------------------------------


def test_a_line_is_dotted_with_a_hollow_arrow_and_certain_ports_have_a_line_of_their_own() -> None:
    picture = graph.draw(shop(DENY, MIXED))
    assert picture.svg.count('class="edge plugin"') == 3 and picture.svg.count('class="edge allowed"') == 1
    assert 'stroke="#51148c" stroke-width="2.6" stroke-dasharray="2.6 3"' in picture.svg
    assert "? TCP 443" in picture.svg and "✓ TCP 80" in picture.svg
    assert "? web -> api TCP 443 depends on the network plugin" in rows(picture.twin)
    assert "Whether web reaches api on TCP 443 depends on the network plugin." in picture.svg
    assert "arrowhead=onormal" in picture.dot and "style=dotted" in picture.dot


def test_the_title_of_a_graph_counts_what_depends() -> None:
    assert graph.draw(shop(DENY, MIXED)).title == (
        "3 of 12 pairs can connect; all of these pairs depend on the network plugin, at least in part"
    )


def test_no_sentence_says_that_every_pod_reaches_every_pod_where_plugins_differ() -> None:
    open_to_all_pods = policy_resource("shop/open", podSelector={}, ingress=[{"from": [ALL_PODS]}])
    assert graph.draw(shop(open_to_all_pods, profile="calico")).drawing.open == ("shop",)
    assert graph.draw(shop(open_to_all_pods)).drawing.open == ()


def test_a_question_about_a_port_that_depends_is_answered_so() -> None:
    lines = graph.draw(shop(DENY, FROM_ADDRESSES), blocked=[(WEB, DB, "TCP", 5432)]).drawing.lines
    assert {(line.source.name, line.state) for line in lines if line.target.name == "db"} == {
        ("web", "plugin"),
        ("api", "plugin"),
        ("tools", "plugin"),
    }


def sending_to(*peers: Body) -> Scene:
    """The whole cluster with its DNS; ``tools`` may send to these peers."""
    return build(cluster(selecting("tools", egress=[{"to": list(peers)}], policyTypes=["Egress"])))


def test_dns_that_depends_on_the_plugin_is_the_story() -> None:
    picture = graph.draw(sending_to(ALL_PODS))
    assert "? tools -> kube-dns UDP 53, TCP 53 depends on the network plugin" in rows(picture.twin)
    assert "DNS as the network plugin decides for tools" in picture.mermaid().source
    certain = graph.draw(sending_to(ALL_PODS, {"namespaceSelector": {}}))
    assert "DNS reachable from all pods" in certain.mermaid().source


def test_mermaid_draws_it_dotted_with_its_own_color_and_the_sign() -> None:
    source = graph.draw(shop(DENY, FROM_ADDRESSES)).mermaid().source
    assert source.count('-. "? TCP 5432" .->') == 3
    assert source.count(f"stroke:{MERMAID['plugin']},stroke-width:2.5px,color:{MERMAID['plugintext']}") == 3


def test_replicas_are_drawn_as_undecided_where_one_of_them_is() -> None:
    few = [scenes.PodSpec(f"shop/app-{i}", owner="ReplicaSet/app") for i in range(14)]
    scene = scenes.scene([*few, scenes.PodSpec(DB, listens=scenes.tcp(5432))])
    nothing = Reach(PortSet.NONE, PortSet.NONE)
    some = {
        pair: replace(each, certain=nothing) if pair[0] == few[0].id else each for pair, each in scene.reach.items()
    }
    picture = graph.draw(replace(scene, reach=some))
    assert "? app x 14 -> db TCP 5432, some pods depends on the network plugin" in rows(picture.twin)
    assert "every pod -> every pod" not in picture.twin
    assert picture.title.endswith("; 1 pair depends on the network plugin")


# -- delta, panels, strip, reach -----------------------------------------------------------------


def test_a_delta_draws_what_now_depends_and_counts_it() -> None:
    picture = delta.draw(closed(), shop(DENY, FROM_ADDRESSES))
    assert picture.title == "Three ways into db left to the network plugin"
    assert "Now depending on the network plugin 3" in picture.quiet
    assert "? web -> db TCP 5432 depends on the network plugin" in rows(picture.twin)
    back = delta.draw(shop(DENY, FROM_ADDRESSES), closed())
    assert back.title == "Every way in is closed"


def test_a_delta_about_one_line_says_that_it_now_depends() -> None:
    before, after = (shop(*policies, pods=["web", "db"]) for policies in ([DENY], [DENY, FROM_ADDRESSES]))
    assert delta.draw(before, after).title == "Whether web reaches db now depends on the network plugin"


def test_a_delta_from_undecided_to_certain_is_newly_allowed_and_the_unchanged_say_who_decides() -> None:
    before = shop(DENY, FROM_ADDRESSES, MIXED)
    after = shop(DENY, admitting("db", (BY_LABEL, 5432)), MIXED)
    twin = rows(delta.draw(before, after).twin)
    assert "+ web -> db TCP 5432" in twin
    assert "web -> api TCP 443, as the plugin decides" in twin and "web -> api TCP 80" in twin


def test_what_was_allowed_and_now_depends_tells_what_it_was() -> None:
    twin = rows(delta.draw(shop(), shop(FROM_ADDRESSES)).twin)
    assert "? web -> db TCP 5432 depends on the network plugin, was TCP 5432" in twin


def test_two_panels_tell_in_their_title_what_depends() -> None:
    picture = delta.draw(closed(), shop(DENY, FROM_ADDRESSES), side_by_side=True)
    assert picture.title == (
        "Before: nobody reaches db. After: all 3; all of these connections depend on the network plugin"
    )


def test_a_step_of_which_a_way_depends_has_a_band_of_its_own() -> None:
    picture = three_steps(undecided())
    assert picture.title == "Open, closed, then as the plugin decides"
    assert "? depends on the network plugin" in picture.html
    assert "web . X ?" in rows(picture.twin)
    assert '-. "?" .->' in picture.mermaid().source


def test_what_one_pod_can_reach_tells_what_depends() -> None:
    picture = reach.draw(undecided(), WEB)
    assert picture.title.endswith("; all of these pods depend on the network plugin, at least in part")
    assert "? shop/db TCP 5432; depends on the network plugin" in rows(picture.twin)
    assert "? shop/api TCP 80, 443; depends on the network plugin: TCP 443" in rows(picture.twin)
