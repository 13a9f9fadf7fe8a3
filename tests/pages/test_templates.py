"""House rules of the templates, read as text: no inline code or style, no bare number, no address outside."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A pack's pages are read from a file, where no policy and no style sheet of the site reaches.
IN_PACKS = ROOT / "templates" / "packs"
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.html") if IN_PACKS not in path.parents)
# A metric's numbers reach a page through parts/metric.html alone, which the render function feeds.
BARE = re.compile(r"\{\{[^}]*\b(value|ci_low|ci_high|trial_values|primary|throughput|per_s|ratio|change_percent)\b[^}]*\}\}")
INLINE = (
    re.compile(r"\sstyle\s*="),
    re.compile(r"<style\b"),
    re.compile(r"\son[a-z]+\s*=\s*[\"']"),
    re.compile(r"<script(?![^>]*\bsrc=)"),
    re.compile(r"javascript:"),
)
OUTSIDE = re.compile(r"(?:src|href|action)\s*=\s*[\"'](?:https?:)?//")


def rules_broken(text: str) -> list[str]:
    """Every breach of a house rule in a template's text."""
    found = [pattern.pattern for pattern in (*INLINE, OUTSIDE) if pattern.search(text)]
    without_forms = text.replace('{{ form.username.value|default_if_none:"" }}', "")
    return found + [match.group() for match in BARE.finditer(without_forms)]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_keeps_the_house_rules(path: Path) -> None:
    assert rules_broken(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    ['<p style="x">', "<style>", '<a onclick="x">', "<script>x</script>", '<a href="javascript:x">', '<img src="//cdn/x">', '<a href="https://x">',
     "{{ card.primary.value }}", "{{ metric.ci_low }}", "{{ throughput }}"],
)  # fmt: skip
def test_each_rule_can_fail(text: str) -> None:
    assert rules_broken(text)


def test_every_chart_has_a_table_beside_it() -> None:
    for path in TEMPLATES:
        text = path.read_text(encoding="utf-8")
        for drawn in re.finditer(r'parts/chart\.html" with', text):
            assert "<table" in text[max(0, drawn.start() - 12_000) : drawn.end() + 1_500], path


def test_a_refusal_template_never_asks_for_a_metric() -> None:
    text = (ROOT / "templates/pages/refusal.html").read_text(encoding="utf-8") + (ROOT / "templates/parts/tuples.html").read_text(encoding="utf-8")
    assert not re.search(r"\{%\s*(metric|stated)\b|run_table|chart", text)
