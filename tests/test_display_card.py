"""The frame around a picture: trusted, untrusted, escaped, as text, always the same."""

import re

from netpol_lab.display import theme
from netpol_lab.display.card import box, figure, note
from netpol_lab.display.markup import ascii_text, el, escape, fit, prose, svg, table, text_width, wrap_twin

ATTACK = "\"><script>alert('x')</script></style>\n`"


def example(**changes):
    image = svg(300, 80, "Title", "Description", el("rect", fill=theme.color("allowed")))
    values = {"title": "Only `web` reaches api", "quiet": "after `deny.yaml`", "body": image, "twin": "a -> b"}
    return figure(**{**values, **changes})


def test_a_picture_is_html_and_good_plain_text():
    bundle = example()._repr_mimebundle_()
    assert list(bundle) == ["text/html", "text/plain"]
    assert bundle["text/plain"] == "Only web reaches api\nafter deny.yaml\n\na -> b"
    assert str(example()) == bundle["text/plain"]
    assert example()._repr_mimebundle_(include=["text/plain"]).keys() == {"text/plain"}


def test_two_renderings_are_byte_equal():
    assert example().html == example().html


def test_without_a_stylesheet_no_drawing_is_left_and_the_twin_shows():
    html = example(legend=[("✓", "allowed")]).html
    body = re.sub(r"<style>.*?</style>", "", html, flags=re.S)
    assert '<div class="npl-body" style="display:none">' in body
    assert '<div class="npl-legend" style="display:none">' in body
    assert '<pre class="npl-fallback">a -&gt; b</pre>' in body
    assert ".npl-fallback{display: none !important}" in html and ".npl-body{display: block !important" in html


def test_a_table_stays_visible_without_a_stylesheet():
    html = example(body=el("table"), drawn=False).html
    assert "display:none" not in html and "npl-fallback" not in html.replace(".npl-fallback", "")


def test_inline_styles_hide_and_never_color():
    html = example(boxes=[box("Near miss", "text", edge="blocked", tint=True)], legend=[("✓", "allowed")]).html
    styles = set(re.findall(r' style="([^"]*)"', html))
    assert "display:none" in styles
    assert all(re.fullmatch(r"display:none|width:calc\([\d.]+\*var\(--npl-u,1px\)\)", style) for style in styles)


def test_a_figure_keeps_its_own_role():
    assert '<figure class="npl" aria-label=' in example().html


def test_names_cannot_break_out_of_the_page():
    html = example(
        title=ATTACK, quiet=ATTACK, twin=ATTACK, label=ATTACK, boxes=[box(ATTACK, ATTACK), note(ATTACK)]
    ).html
    assert "<script" not in html
    assert html.count("</style>") == 1
    assert "&lt;script&gt;" in html


def test_control_characters_become_replacement_characters():
    assert escape("a\x00b\x1bc\ud800") == "a\ufffdb\ufffdc\ufffd"


def test_backticks_mark_names_and_an_odd_one_is_a_character():
    assert prose("after `a<b`") == "after <code>a&lt;b</code>"
    assert prose("a`b") == "a`b"


def test_every_text_can_be_measured_and_nothing_is_narrower_than_nothing():
    assert text_width("client-07", 14, bold=True) > text_width("client-07", 14)
    assert text_width("日本", 12) > text_width("ab", 12)
    assert text_width("abc", 10, mono=True) == 3 * 1233 * 10 / 2048


def test_a_name_that_does_not_fit_keeps_its_ends():
    short = fit("a-very-long-deployment-name-of-somebody", 120, 12)
    assert short.startswith("a-very") and short.endswith("body") and "…" in short
    assert text_width(short, 12) <= 120
    assert fit("api", 120, 12) == "api"


def test_twins_are_ascii_and_at_most_ninety_six_columns():
    twin = wrap_twin("x  " + "word " * 40)
    assert max(map(len, twin.splitlines())) <= 96
    assert ascii_text("✓ a → b\n− ünïcode 日") == ". a -> b - uenicode ?"
    assert table([["a", "b"], ["  long", "c"]]) == ["a       b", "  long  c"]


def test_an_svg_has_a_title_and_a_description_with_ids_from_its_text():
    one, other = svg(10, 10, "T", "D"), svg(10, 10, "T", "E")
    assert 'role="img"' in one and "<title" in one and "<desc" in one
    labelled = re.search(r'aria-labelledby="(\S+) (\S+)"', one)
    assert labelled and all(f'id="{id}"' in one for id in labelled.groups())
    assert one == svg(10, 10, "T", "D") and one != other


def test_only_what_a_figure_has_gets_style_rules():
    assert len(example().html) < 5000
    assert ".npl-box" not in example().html
