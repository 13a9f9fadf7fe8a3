"""A sweep as a step curve that says nothing about loads nobody measured, and a saturation search as a bracket with its steps."""

from __future__ import annotations

import re

import pytest

from lynxweb.pages import load_rows
from tests.pages import rich
from tests.pages.figure_of import drawn
from tests.pages.shelf import text_of


def test_the_load_curve_is_a_step_function_over_the_measured_loads_alone() -> None:
    figure = drawn(rich.sweep().html(), "figure-load")
    p50, p99 = figure["data"]
    assert p50["x"] == [20, 60, 100, 140, 165] and p50["line"]["shape"] == p99["line"]["shape"] == "hv"
    assert figure["layout"]["xaxis"]["tickvals"] == p50["x"] and "offered rate, req/s" in figure["layout"]["xaxis"]["title"]["text"]


def test_a_withheld_percentile_is_no_point_of_the_curve() -> None:
    last = rich.sweep().view.run.operating_points[-1]
    assert any(one.definition == "latency_p99@1" for one in last.withheld)
    assert drawn(rich.sweep().html(), "figure-load")["data"][1]["x"] == [20, 60, 100, 140]


def test_a_point_carries_its_interval_and_is_hollow_where_the_budget_is_not_certified() -> None:
    p50 = drawn(rich.sweep().html(), "figure-load")["data"][0]
    assert all(one > 0 for one in p50["error_y"]["array"] + p50["error_y"]["arrayminus"])
    answers = [point.certificate.answer for point in rich.sweep().view.run.operating_points if point.certificate]
    assert p50["marker"]["symbol"] == ["circle" if answer == "certified" else "circle-open" for answer in answers]
    assert {"certified", "refuted"} <= set(answers)


def test_the_table_of_loads_has_throughput_percentiles_and_answer_of_each() -> None:
    table = rich.sweep().html().split("Every operating point by load")[1].split("</table>")[0]
    rows = [text_of(row) for row in re.findall(r"<tr><th scope=\"row\">.*?</tr>", table, re.DOTALL)]
    assert len(rows) == 5 and re.match(r" 20 req/s [\d ]+ 20\.00 req/s \[20\.00, 20\.00\] 5\.\d+ ms \[", rows[0])
    assert "withheld ✕ refuted" in rows[4] and "✓ certified" in rows[0]


def test_loads_stand_in_rising_order_however_they_were_served() -> None:
    found = rich.sweep()
    turned = found.changed(operating_points=tuple(reversed(found.view.run.operating_points)))
    assert [row.offered for row in load_rows.load_rows(turned.view.run, ())] == [f"{rate}\u00a0req/s" for rate in rich.RATES]


def test_each_load_has_a_section_of_its_own_and_the_first_is_open() -> None:
    html = rich.sweep().html()
    assert html.count('<details class="card"') == 5 and html.count('<details class="card" open>') == 1


def test_a_run_with_one_load_has_no_curve() -> None:
    assert load_rows.load_rows(rich.point().view.run, ()) == () and load_rows.load_curve(rich.point().view.run, ()) is None


def test_no_curve_is_drawn_of_latencies_that_are_withheld() -> None:
    html = rich.sweep().html(rich.Finding("over-saturated", "run", "x"))
    table = text_of(html.split("Every operating point by load")[1].split("</table>")[0])
    assert "figure-load" not in html and " ms" not in table and "certified" not in table and "req/s" in table


def test_a_search_is_told_as_an_interval_with_its_steps() -> None:
    html = rich.searched().html()
    page = text_of(html)
    assert "lies between 100.0 req/s (certified) and 110.0 req/s (undetermined) ; 100.0 req/s was confirmed and is the operating point" in page
    assert "Capacity in closed loop, where the search began: 181.5 req/s @ closed loop" in page and "! cliff" in page
    table = html.split("In the order in which they were served")[1].split("</table>")[0]
    assert [text_of(row).split()[5] for row in re.findall(r"<tr><th scope=\"row\">.*?</tr>", table, re.DOTALL)] == [
        "certified", "refuted", "undetermined", "certified"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hi_per_s": None, "above": None}, "at least 100.0\u00a0req/s (certified); no higher rate was decided"),
        ({"lo_per_s": None, "above": "refuted"}, "below 110.0\u00a0req/s (refuted)"),
        ({"above": "generator-limited"}, "between 100.0\u00a0req/s (certified) and 110.0\u00a0req/s (the generator could not offer it)"),
        ({"lo_per_s": None, "hi_per_s": None}, "not bracketed"),
    ],
)
def test_a_bracket_with_an_open_end_says_which(changes: dict[str, str | None], words: str) -> None:
    found = rich.searched().view.run.search
    assert found is not None
    assert load_rows.search_told(found.model_copy(update=changes)).bracket == words


def test_a_search_without_a_confirmed_rate_says_so() -> None:
    found = rich.searched().view.run.search
    assert found is not None
    told = load_rows.search_told(found.model_copy(update={"confirmed_per_s": None, "bounded": False}))
    assert told.confirmed == "no rate was confirmed" and told.capacity.endswith("still growing with concurrency")
