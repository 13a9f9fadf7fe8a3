"""The page of one methodology version."""

from __future__ import annotations

import re

from django.test import Client

from tests import builders
from tests.pages.shelf import Shelf, text_of


def html_of(reader: Client) -> str:
    """The HTML of the published test methodology."""
    return reader.get(f"/methodologies/{builders.methodology().sha256}").content.decode()


def test_the_contract_is_told_in_words(reader: Client, shelf: Shelf) -> None:
    page = text_of(html_of(reader))
    assert "At least 3 trials, each in fresh process, of at least 5.000 s and 64 completed requests" in page
    assert "Closed loop: 1 in flight at a time" in page and "Latency budget none" in page


def test_what_must_match_is_told_for_each_policy(reader: Client, shelf: Shelf) -> None:
    table = html_of(reader).split("Under each comparison policy")[1].split("</table>")[0]
    rows = {
        code: re.sub(r"[=≠◎] ", "", text_of(rest)) for code, rest in re.findall(r'<code class="sub">([^<]+)</code></th>(.*?)</tr>', table, re.DOTALL)
    }
    assert rows["precision"].split() == ["must", "match", "studied"]
    assert "may differ, printed must match" in rows["hw"]


def test_blocks_limits_and_the_whole_document_are_there(reader: Client, shelf: Shelf) -> None:
    html = html_of(reader)
    assert "min_duration_ns" in html and "None stated." in html and "&quot;schema_id&quot;: &quot;methodology/v1&quot;" in html


def test_an_unknown_methodology_is_not_found(reader: Client, shelf: Shelf) -> None:
    assert reader.get(f"/methodologies/{'0' * 64}").status_code == 404
