"""The palette of the style sheet: text reaches WCAG 2.2 AA on every ground it stands on, in light and in dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lynxweb.pages import time_figures

SHEET = (Path(__file__).resolve().parents[2] / "static/css/lynxweb.css").read_text(encoding="utf-8")
LIGHT, DARK = (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block)) for block in re.findall(r":root \{(.*?)\n\s*\}", SHEET, re.DOTALL)[:2])
TEXT = [(ink, ground) for ink in ("ink", "soft", "link") for ground in ("ground", "surface", "raised")]
CHIPS = [(tone, f"{tone}-ground") for tone in ("good", "warn", "bad", "plain", "quiet", "series-a", "series-b")]
GROUNDS = [("ink", f"{tone}-ground") for tone in ("warn", "bad", "plain")] + [
    ("soft", "warn-ground"),
    ("link", "warn-ground"),
    ("on-accent", "accent"),
]
VERDICTS = [(tone, "surface") for tone in ("good", "warn", "bad")]
LOOKS = {colour for looks in (time_figures.RIBBON_LOOKS, time_figures.PHASE_LOOKS) for colour, _ in looks.values()}
SHAPES = [*((colour, "surface") for colour in sorted(LOOKS)), ("focus", "ground"), ("focus", "surface"), ("accent", "surface")]


def luminance(colour: str) -> float:
    """Relative luminance by WCAG 2.2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio by WCAG 2.2."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("pair", TEXT + CHIPS + GROUNDS + VERDICTS, ids=" on ".join)
def test_text_has_contrast_of_at_least_four_and_a_half(palette: dict[str, str], pair: tuple[str, str]) -> None:
    assert contrast(palette[pair[0]], palette[pair[1]]) >= 4.5


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("pair", SHAPES, ids=" on ".join)
def test_shapes_have_contrast_of_at_least_three(palette: dict[str, str], pair: tuple[str, str]) -> None:
    assert contrast(palette[pair[0]], palette[pair[1]]) >= 3


def test_the_measure_is_the_known_one() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)
