"""The palette is legible: WCAG contrast, and distances for color-blind eyes, recomputed from the hexes."""

import math
from itertools import combinations

import pytest

from netpol_lab.display.theme import HEAT, MERMAID, PALETTE, color, contrast, css_variables, stylesheet

# Machado, Oliveira, Fernandes 2009, severity 1.0, applied to linear RGB.
VISION = {
    "full color": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}
THEMES = pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])

TEXT = {
    "ink": ("card", "cluster", "pod", "oktint", "selftint", "neartint", "pOpen", "pClosed", "pNeed"),
    "ink2": ("card", "cluster", "pod", "oktint", "selftint", "neartint"),
    "allowed": ("card", "cluster", "pod"),
    "blocked": ("card", "cluster", "pod", "neartint"),
    "changed": ("card", "cluster", "pod"),
    "onink": ("ink",),
    "onmark": ("allowed", "blocked", "changed"),
}
LINES = {
    "line": ("card", "cluster", "pod", "selftint"),
    "allowed": ("oktint", "selftint"),
    "blocked": ("card", "cluster"),
    "changed": ("card", "cluster"),
}
TABLE = {("ink", "card"): (16.6, 14.8), ("ink2", "cluster"): (6.5, 7.3), ("allowed", "cluster"): (4.5, 6.0)}


def linear(value: str) -> list[float]:
    channels = (int(value[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]


def lab(rgb: list[float]) -> tuple[float, float, float]:
    """Linear RGB to CIELAB under D65."""
    rows = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.072175), (0.0193339, 0.119192, 0.9503041))
    xyz = (
        sum(w * c for w, c in zip(row, rgb, strict=True)) / n
        for row, n in zip(rows, (0.95047, 1, 1.08883), strict=True)
    )
    x, y, z = (t ** (1 / 3) if t > (6 / 29) ** 3 else t / (3 * (6 / 29) ** 2) + 4 / 29 for t in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def seen(value: str, vision: str) -> tuple[float, float, float]:
    rgb = linear(value)
    return lab([min(max(sum(w * c for w, c in zip(row, rgb, strict=True)), 0), 1) for row in VISION[vision]])


def ciede2000(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    """The distance of two CIELAB colors (Sharma, Wu, Dalal 2005)."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    mean_c = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    g = 0.5 * (1 - math.sqrt(mean_c**7 / (mean_c**7 + 25**7)))
    c1, c2 = math.hypot((1 + g) * a1, b1), math.hypot((1 + g) * a2, b2)
    h1, h2 = (math.degrees(math.atan2(b, (1 + g) * a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    dh = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    big_h = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(dh / 2))
    l_mean, c_mean = (l1 + l2) / 2, (c1 + c2) / 2
    h_mean = h1 + h2 if c1 * c2 == 0 else (h1 + dh / 2) % 360
    t = (
        1
        - 0.17 * math.cos(math.radians(h_mean - 30))
        + 0.24 * math.cos(math.radians(2 * h_mean))
        + 0.32 * math.cos(math.radians(3 * h_mean + 6))
        - 0.2 * math.cos(math.radians(4 * h_mean - 63))
    )
    s_l = 1 + 0.015 * (l_mean - 50) ** 2 / math.sqrt(20 + (l_mean - 50) ** 2)
    s_c, s_h = 1 + 0.045 * c_mean, 1 + 0.015 * c_mean * t
    turn = 30 * math.exp(-(((h_mean - 275) / 25) ** 2))
    r_t = -2 * math.sqrt(c_mean**7 / (c_mean**7 + 25**7)) * math.sin(math.radians(2 * turn))
    dl, dc, dh_ = (l2 - l1) / s_l, (c2 - c1) / s_c, big_h / s_h
    return math.sqrt(dl**2 + dc**2 + dh_**2 + r_t * dc * dh_)


def test_the_distance_formula_agrees_with_published_pairs():
    # Sharma, Wu, Dalal 2005, table 1, pairs 1, 7 and 17.
    assert ciede2000((50, 2.6772, -79.7751), (50, 0, -82.7485)) == pytest.approx(2.0425, abs=1e-4)
    assert ciede2000((50, 0, 0), (50, -1, 2)) == pytest.approx(2.3669, abs=1e-4)
    assert ciede2000((50, 2.5, 0), (73, 25, -18)) == pytest.approx(27.1492, abs=1e-4)


@THEMES
def test_text_has_a_contrast_of_at_least_four_and_a_half(theme):
    for role, grounds in TEXT.items():
        for ground in grounds:
            ratio = contrast(PALETTE[role][theme], PALETTE[ground][theme])
            assert ratio >= 4.5, f"{role} on {ground}: {ratio:.2f}"


@THEMES
def test_lines_and_signs_have_a_contrast_of_at_least_three(theme):
    for role, grounds in LINES.items():
        for ground in grounds:
            ratio = contrast(PALETTE[role][theme], PALETTE[ground][theme])
            assert ratio >= 3.0, f"{role} on {ground}: {ratio:.2f}"


def test_the_contrast_table_of_the_specification_is_met():
    for (role, ground), ratios in TABLE.items():
        for theme, ratio in enumerate(ratios):
            assert contrast(PALETTE[role][theme], PALETTE[ground][theme]) == pytest.approx(ratio, abs=0.06)


@THEMES
@pytest.mark.parametrize("vision", VISION)
def test_any_two_line_states_can_be_told_apart(theme, vision):
    for one, other in combinations(("allowed", "blocked", "changed", "line"), 2):
        distance = ciede2000(seen(PALETTE[one][theme], vision), seen(PALETTE[other][theme], vision))
        assert distance >= 15, f"{one} and {other}: {distance:.1f}"


@THEMES
@pytest.mark.parametrize("vision", VISION)
def test_the_steps_of_the_heat_map_can_be_told_apart(theme, vision):
    for one, other in combinations(HEAT, 2):
        assert ciede2000(seen(HEAT[one][theme], vision), seen(HEAT[other][theme], vision)) >= 15


def test_mermaid_lines_are_legible_on_white_and_on_jupyters_black():
    for role in ("allowed", "blocked", "plugin", "grey"):
        assert min(contrast(MERMAID[role], page) for page in ("#ffffff", "#111111")) >= 3.0
    for role in ("allowedtext", "blockedtext", "plugintext", "text", "title"):
        assert contrast(MERMAID[role], "#ffffff") >= 4.5
    for band in ("pOpen", "pClosed", "pNeed", "selftint"):
        for role in ("allowedtext", "blockedtext", "plugintext"):
            assert contrast(MERMAID[role], PALETTE[band][0]) >= 3.0


@pytest.mark.parametrize("vision", VISION)
def test_a_mermaid_line_that_depends_on_the_plugin_has_a_color_of_its_own(vision):
    # Its dots, its head and its sign differ as well: no color is far from both others on white and on black pages.
    for other in ("allowed", "blocked"):
        assert ciede2000(seen(MERMAID["plugin"], vision), seen(MERMAID[other], vision)) >= 11


def test_no_two_roles_share_a_light_value():
    # The stylesheet exchanges colors by value: a shared one could become only one dark color.
    lights = [light for light, _ in PALETTE.values()]
    assert len(set(lights)) == len(lights)
    assert all(value == value.lower() and len(value) == 7 for pair in PALETTE.values() for value in pair)


def test_the_stylesheet_holds_only_the_roles_a_figure_uses():
    css = stylesheet("& .x { color: var(--npl-ink) }", f'<rect fill="{color("allowed")}"/>')
    assert "--npl-ink:" in css and "--npl-allowed:" in css and "--npl-blocked" not in css
    assert f'.npl svg [fill="{color("allowed")}"]{{fill:var(--npl-allowed)}}' in css
    assert css_variables([]) == ""


def test_dark_values_follow_jupyters_attribute_and_nothing_else():
    css = stylesheet("& { color: var(--npl-ink) }", "")
    assert '[data-jp-theme-light="false"] .npl{--npl-ink:#e8eaed}' in css
    assert "prefers-color-scheme" not in css
    assert "--jp-" not in css.replace("--jp-content-font-size1", "")


def test_lengths_grow_with_the_notebooks_font_and_hairlines_do_not():
    css = stylesheet("& { border: 1px solid; margin: -3px 0 12.5px }", "")
    assert css.startswith(".npl{--npl-u:calc(var(--jp-content-font-size1,14px)/14)}")
    assert css.endswith("{border: 1px solid;margin: calc(-3*var(--npl-u)) 0 calc(12.5*var(--npl-u))}")
