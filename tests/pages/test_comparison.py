"""The page of an allowed comparison, and its permalink."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client

from tests.pages.shelf import Shelf, accepted, executor, text_of
from tests.registry.world import World


def compared(reader: Client, a: str, b: str, policy: str) -> str:
    """The HTML behind the permalink that asking leads to."""
    asked = reader.get("/compare", {"a": a, "b": b, "policy": policy})
    assert asked.status_code == 302 and re.fullmatch(r"/compare/[0-9a-f]{64}", asked.headers["Location"])
    return reader.get(asked.headers["Location"]).content.decode()


@pytest.fixture
def html(reader: Client, shelf: Shelf) -> str:
    """Two runtimes at fp32 under iso-precision."""
    return compared(reader, shelf.torch, shelf.ort, "iso-precision")


def test_the_verdict_and_its_policy_stand_before_any_number(html: str) -> None:
    verdict = html.index("Comparable with declared differences")
    assert html.index("Which executor is faster at equal numerics?") < verdict < html.index('class="metric"')


def test_the_outcome_is_a_sentence_with_interval_and_trials(html: str) -> None:
    page = text_of(html)
    assert re.search(
        r"Latency p50: B is better by [\d.]+–[\d.]+ %\. Change of B against A \+[\d.]+ % \[\+[\d.]+, \+[\d.]+\]: "
        r"the ratio of the two medians with the 95 % interval of Welch’s t on logarithms of the trials, 5 and 5 trials",
        page,
    )


def test_every_metric_has_both_sides_and_the_change_with_intervals(html: str) -> None:
    table = html.split("Value: the median over trials")[1].split("</table>", maxsplit=1)[0]
    rows = [text_of(row) for row in re.findall(r"<tr role=\"row\"><th scope=\"row\".*?</tr>", table, re.DOTALL)]
    assert len(rows) == 3
    assert all(row.count("[") == 3 and row.count("@ closed loop, concurrency 1, batch 1") == 2 and row.count("n = 5 trials") == 2 for row in rows)


def test_the_tuple_of_each_side_shows_where_they_differ(html: str) -> None:
    page = text_of(html)
    assert "Runtime ≠ differs torch-eager 1.2.3 (x) onnxruntime 1.2.3 (x)" in page and "Precision fp32 fp32" in page


def test_declared_differences_stand_with_their_owner(html: str) -> None:
    page = text_of(html.split("Declared differences, by owner")[1])
    assert page.index("ML platform") < page.index("executor.sw.runtime.name runtime torch-eager onnxruntime")


def test_unknown_facts_are_printed(html: str) -> None:
    assert "executor.host.cpu_governor unreadable: no cpufreq" in text_of(html)


def test_both_figures_have_table_twins_and_labels(html: str) -> None:
    assert html.count("Table of this figure") == 2
    assert html.count('role="group" aria-label="Latency distributions of A: torch-eager') == 1
    figure = json.loads(re.search(r'<script id="figure-throughput" type="application/json">(.*?)</script>', html)[1])  # type: ignore[index]
    assert "@ closed loop, concurrency 1, batch 1" in figure["layout"]["xaxis"]["title"]["text"]
    bars = [trace for trace in figure["data"] if trace["type"] == "bar"]
    assert len(bars) == 2 and all(bar["error_x"]["array"][0] > 0 for bar in bars)


def test_quality_stands_beside_speed_with_the_weakest_slice(reader: Client, shelf: Shelf) -> None:
    page = text_of(compared(reader, shelf.ort, shelf.int8, "precision-study"))
    assert "Agreement with the reference 100.00 % 40 of 40 [91.24 %, 100.00 %] 97.50 % 39 of 40 [87.12 %, 99.56 %]" in page
    assert "Weakest slice by agreement" in page and "class-0: 90.00 % 9 of 10" in page


def test_a_precision_study_says_what_it_studies(reader: Client, shelf: Shelf) -> None:
    page = text_of(compared(reader, shelf.ort, shelf.int8, "precision-study@1"))
    assert "What is studied" in page and "executor.precision.weights precision fp32 int8" in page


def test_the_permalink_is_cited_and_pinned(html: str, reader: Client, shelf: Shelf) -> None:
    again = reader.get("/compare", {"a": shelf.torch, "b": shelf.ort, "policy": "iso-precision"}).headers["Location"]
    assert f"{again}</code>" in html and "As of audit position" in text_of(html)


def test_caveats_name_findings_and_energy(html: str) -> None:
    page = text_of(html.split("Caveats")[1])
    assert "A was not declared before it was measured." in page and "B: energy not measured (not applicable)." in page


def test_the_table_says_what_values_changes_and_intervals_are(html: str) -> None:
    caption = text_of(html.split("<caption>")[1].split("</caption>", maxsplit=1)[0])
    assert caption.startswith("Value: the median over trials, in brackets the 95 % t interval on logarithms of the trials.")
    assert "the ratio of the two medians, in brackets the 95 % interval of Welch’s t on logarithms of the trials" in caption


def test_intervals_speak_of_this_machine_where_both_sides_are_one(reader: Client, site: World, shelf: Shelf, html: str) -> None:
    assert "further trials on this machine as it was" in html and "these two machines" not in html
    elsewhere = accepted(site, executor("onnxruntime"), 870_000, 21, instance="6" * 64)
    other = compared(reader, shelf.torch, elsewhere, "iso-precision")
    assert "further trials on these two machines as they were" in other and "further trials on this machine" not in other


def test_the_verdict_counts_what_is_unknown_and_claims_no_more(reader: Client, shelf: Shelf) -> None:
    page = text_of(compared(reader, shelf.ort, shelf.int8, "precision-study"))
    assert "Every must-match field that could be read agrees; 2 fields are unknown on both sides and listed below" in page
    assert "nothing that matters" not in page and "executor.host.cpu_governor unreadable: no cpufreq" in page


def test_the_page_is_light(html: str) -> None:
    assert len(html.encode()) < 300_000


def test_a_question_without_runs_or_policy_is_asked_again(reader: Client, shelf: Shelf) -> None:
    asked = [{}, {"a": shelf.ort}, {"a": shelf.ort, "b": shelf.torch, "policy": "fastest"}, {"a": shelf.ort, "b": shelf.torch, "ack": "R-99"}]
    assert [reader.get("/compare", question).status_code for question in asked] == [400] * 4


def test_unknown_runs_and_permalinks_are_not_found(reader: Client, shelf: Shelf) -> None:
    assert reader.get("/compare", {"a": shelf.ort, "b": "0" * 64}).status_code == 404
    assert reader.get(f"/compare/{'0' * 64}").status_code == 404
