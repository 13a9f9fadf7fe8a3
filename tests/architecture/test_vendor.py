"""The vendored Plotly: one bundle, its licence beside it, and a stylesheet that holds exactly the rules the library would inject."""

from __future__ import annotations

import re

import pytest

from tests.architecture.sources import ROOT
from tests.conftest import script

VENDOR = ROOT / "static" / "vendor"
OLDEST = (4, 1, 1)


def test_one_bundle_of_a_version_new_enough_says_the_version_of_its_name() -> None:
    (path,) = VENDOR.glob("plotly-*.min.js")
    version = re.fullmatch(r"plotly-cartesian-(\d+)\.(\d+)\.(\d+)\.min\.js", path.name)
    assert version is not None and tuple(map(int, version.groups())) >= OLDEST
    assert f"plotly.js (cartesian - minified) v{'.'.join(version.groups())}" in path.read_text("utf-8")[:200]


def test_the_licence_stands_beside_the_bundle() -> None:
    (path,) = VENDOR.glob("plotly-cartesian-*.LICENSE")
    assert "MIT License" in path.read_text("utf-8")


@pytest.mark.browser
def test_the_stylesheet_holds_the_rules_of_the_running_library(chromium: str) -> None:
    """Run `.venv/bin/python .ci/plotly_css.py` after a new version of the bundle."""
    plotly_css = script("plotly_css")
    assert plotly_css.STYLESHEET.read_text("utf-8") == plotly_css.extracted(chromium)
