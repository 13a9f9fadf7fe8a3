"""Writes static/vendor/plotly-csp.css: the rules that the vendored Plotly would inject as an inline style, which our policy forbids.

The rules are read from the running library in Chromium, so the file follows the bundle: `.venv/bin/python .ci/plotly_css.py` after a new version.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

VENDOR = Path(__file__).resolve().parent.parent / "static" / "vendor"
STYLESHEET = VENDOR / "plotly-csp.css"
RULES = "Array.from(document.getElementById('plotly.js-style-global').sheet.cssRules, rule => rule.cssText)"
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-dev-shm-usage"]


def bundle() -> Path:
    """The one vendored Plotly bundle; more or fewer than one is an error that says so."""
    found = sorted(VENDOR.glob("plotly-cartesian-*.min.js"))
    if len(found) != 1:
        raise SystemExit(f"{VENDOR}: expected exactly one plotly-cartesian-VERSION.min.js, found {len(found)}")
    return found[0]


def extracted(chromium: str) -> str:
    """The stylesheet of the running library, one rule a line, in its own order; `chromium` is the path of a browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        page = browser.new_page()
        page.set_content("<!doctype html><title>empty</title>")
        page.add_script_tag(path=bundle())
        rules: list[str] = page.evaluate(RULES)
        browser.close()
    return f"/* Extracted from {bundle().name} by .ci/plotly_css.py; do not edit. */\n" + "".join(f"{rule}\n" for rule in rules)


if __name__ == "__main__":
    from tools import chromium_path

    path = chromium_path()
    if path is None:
        sys.exit("no Chromium found: apt-get install chromium, or set LYNXWEB_CHROMIUM")
    STYLESHEET.write_text(extracted(path), "utf-8")
    print(f"{STYLESHEET}: {len(STYLESHEET.read_text('utf-8').splitlines()) - 1} rules, {STYLESHEET.stat().st_size} bytes")
