"""The page of one methodology version."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client

from lynxweb.words import contract_words, methodology_rows
from runner.contract.loads import Load
from tests import builders
from tests.pages import rich
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


@pytest.mark.parametrize(
    ("load", "words"),
    [
        ({"process": "poisson", "rate_per_s": "40"}, "Open loop: poisson arrivals at 40 req/s from seed 7"),
        ({"process": "gamma", "rate_per_s": "40", "gamma_shape": "0.5"}, "Open loop: gamma arrivals of shape 0.5 at 40 req/s"),
        ({"process": "ramp", "rate_per_s": "10", "rate_to_per_s": "90"}, "a ramp of evenly spaced arrivals from 10 to 90 req/s"),
        ({"process": "poisson", "rates_per_s": ["10", "20"]}, "poisson arrivals at 10, then 20 req/s, one after the other"),
        ({"process": "poisson", "search": {}}, "at rates that a search for the highest load under the latency budget chooses"),
        (
            {"process": "trace", "trace_sha256": "a" * 64, "trace_scale": "2"},
            "replayed (schedule aaaaaaaaaaaa) with gaps scaled by 2",
        ),
    ],
)
def test_an_open_load_is_told_in_words(load: dict[str, object], words: str) -> None:
    given = {"loop": "open", "concurrency": None, "rate_per_s": None, "seed": "7"} | load
    assert words in contract_words.load_text(Load.model_validate_json(json.dumps(given)))


def test_a_sweep_of_a_closed_loop_names_every_concurrency() -> None:
    load = Load.model_validate_json('{"loop": "closed", "process": "concurrent_streams", "concurrencies": [1, 2, 8], "seed": "7"}')
    assert contract_words.load_text(load).startswith("Closed loop: 1, then 2, then 8 in flight at a time")


def test_energy_audits_and_budget_are_part_of_the_contract() -> None:
    told = dict(methodology_rows.contract_text(rich.methodology()))
    assert told["Energy"].startswith("GPU board, NVML energy counter, gross and net of idle, with 20.00\u00a0s of rest before and after")
    assert told["Audits"] == "One sample repeated, another seed; none of their requests enters a headline."
    assert told["Latency budget"] == "99\u00a0% of the requests within 32.00\u00a0ms, at 99\u00a0% confidence"
