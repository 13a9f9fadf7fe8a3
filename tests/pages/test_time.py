"""Phases and series along time: the picture, its throttle ribbon under every series, and the table beside it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from lynxweb.pages import time_figures
from lynxweb.registry.timelines import timeline
from runner.contract.run import Fault
from runner.contract.throttling import RibbonPart
from tests.pages import rich
from tests.pages.figure_of import drawn
from tests.pages.shelf import text_of

ABSENT_FROM_AN_OLD_RUN = (
    *("figure-phases", "figure-load", "Latency budget</h3>", "Load generator</h3>", "Energy and power", "How requests were served"),
    *("Hand-off", "Clock rate", "Trials that enter no headline", "effective"),
)


def over_time(found: rich.Rich, *, hidden: bool = False) -> dict:
    """The picture along time as JSON values."""
    purposes = {trial.index: trial.purpose for trial in found.view.run.trials}
    return time_figures.as_json(time_figures.over_time(found.timeline, purposes, "at this load", hidden))


def ribbons(figure: dict) -> dict[str, list[dict]]:
    """The traces of the throttle band by their vertical axis."""
    found: dict[str, list[dict]] = {}
    for trace in figure["data"]:
        if trace["type"] == "bar":
            found.setdefault(trace["yaxis"], []).append(trace)
    return found


def test_every_series_has_the_same_ribbon_under_it() -> None:
    figure = over_time(rich.point())
    lines, bands = {trace["yaxis"] for trace in figure["data"] if trace["type"] == "scatter"}, ribbons(figure)
    assert lines == {"y", "y3", "y5", "y7"} and set(bands) == {"y2", "y4", "y6", "y8"}
    assert len({str([(trace["name"], trace["x"], trace["base"]) for trace in traces]) for traces in bands.values()}) == 1
    for line, band in (("yaxis", "yaxis2"), ("yaxis3", "yaxis4"), ("yaxis5", "yaxis6"), ("yaxis7", "yaxis8")):
        assert figure["layout"][band]["domain"][1] < figure["layout"][line]["domain"][0]


def test_all_series_share_one_axis_of_time() -> None:
    figure = over_time(rich.point())
    assert [name for name in figure["layout"] if name.startswith("xaxis")] == ["xaxis"]
    assert {trace.get("xaxis", "x") for trace in figure["data"]} == {"x"} and "@ at this load" in figure["layout"]["xaxis"]["title"]["text"]


def test_the_ribbon_covers_the_run_without_a_gap() -> None:
    found = rich.point().timeline
    parts = sorted(
        (trace_start, length)
        for trace in ribbons(over_time(rich.point()))["y2"]
        for trace_start, length in zip(trace["base"], trace["x"], strict=True)
    )
    assert parts[0][0] == found.start_ns / 10**9 and sum(length for _, length in parts) == pytest.approx((found.end_ns - found.start_ns) / 10**9)


def test_a_class_is_told_by_word_and_pattern_and_not_by_colour_alone() -> None:
    parts = tuple(RibbonPart(number * 10**9, (number + 1) * 10**9, klass) for number, klass in enumerate(time_figures.RIBBON_LOOKS))
    bands = ribbons(
        time_figures.as_json(time_figures.over_time(replace(rich.point().timeline, ribbon=parts), dict.fromkeys(range(5), "measure"), "x", False))
    )["y2"]
    assert [trace["name"].removeprefix("throttling: ") for trace in bands] == [
        "not throttled",
        "power-governed",
        "heat-governed",
        "hardware slowdown",
        "not read",
    ]
    looks = [(trace["marker"]["pattern"]["shape"], trace["meta"]["colour"]) for trace in bands]
    assert len(set(looks)) == 5 and [shape for shape, _ in looks].count("") == 2


def test_without_telemetry_the_ribbon_is_not_read_and_never_clean() -> None:
    bands = ribbons(over_time(rich.sweep()))
    assert [[trace["name"] for trace in traces] for traces in bands.values()] == [["throttling: not read"]]
    assert {trace["yaxis"] for trace in over_time(rich.sweep())["data"] if trace["type"] == "scatter"} == {"y"}


def test_latencies_that_are_withheld_are_not_drawn() -> None:
    assert not any("stretch" in trace["name"] for trace in over_time(rich.point(), hidden=True)["data"])


def test_there_is_no_picture_of_nothing() -> None:
    assert time_figures.panels_of(rich.sweep().timeline, hidden=True) == ()
    assert "figure-time" not in rich.sweep().html(rich.Finding("over-saturated", "run", "x"))


def test_the_line_of_latency_is_broken_between_windows() -> None:
    line = next(trace for trace in over_time(rich.point())["data"] if trace["name"] == "p50 of a stretch")
    assert line["x"].count(None) == 4 and line["y"].count(None) == 4 and line["line"]["shape"] == "hvh" and line["connectgaps"] is False


def test_a_thinned_reading_keeps_its_lowest_and_its_highest_as_a_band() -> None:
    power = [trace for trace in over_time(rich.point())["data"] if "power, device 0" in trace["name"]]
    low, high, mean = power
    assert high["fill"] == "tonexty" and all(one <= two <= three for one, two, three in zip(low["y"], mean["y"], high["y"], strict=True))
    series = next(one for one in rich.point().timeline.series if one.kind == "power")
    assert max(high["y"]) == pytest.approx(series.high.max() / 1000, rel=1e-5) and len(mean["y"]) <= 300 < series.readings


def test_the_table_beside_the_picture_has_every_window() -> None:
    html = rich.point().html()
    table = html.split("Table: Along the time of the run")[1].split("</table>")[0]
    rows = [text_of(row) for row in re.findall(r"<tr><th scope=\"row\">.*?</tr>", table, re.DOTALL)]
    assert len(rows) == 5 and "one sample repeated" in rows[3]
    assert (
        re.search(r"power-governed 4\d(\.\d)? %", rows[1]) and rows[0].rstrip().endswith("not throttled") and re.search(r"\d W to \d+\.\d W", rows[0])
    )


def test_power_says_whether_it_is_instant_or_average() -> None:
    assert "Device 0: instant power" in text_of(rich.point().html())
    averaged = tuple(replace(row, power_avg_mw=row.power_instant_mw, power_instant_mw=None) for row in rich.point().telemetry)
    found = replace(rich.point(), telemetry=averaged)
    assert "Device 0: power averaged by the driver over its own period" in text_of(found.html())


def test_a_hostile_load_is_text_in_the_picture() -> None:
    purposes = {trial.index: trial.purpose for trial in rich.point().view.run.trials}
    told = str(time_figures.as_json(time_figures.over_time(rich.point().timeline, purposes, "<a href=javascript:alert(1)>x</a>", False)))
    assert "<a href" not in told and "&lt;a href" in told


def test_phases_are_bars_of_one_length_each_and_a_table() -> None:
    figure = drawn(rich.point().html(), "figure-phases")
    window = next(trace for trace in figure["data"] if trace["name"] == "window")
    assert (
        window["y"] == ["trial 1", "trial 2", "trial 3", "trial 4, audit", "trial 5, audit"]
        and set(window["x"]) == {120}
        and set(window["base"]) == {34}
    )
    table = rich.point().html().split("How long each phase took")[1].split("</table>")[0]
    assert re.findall(r'<th scope="col">([^<]+)</th>', table) == [
        "Trial", "Load", "First inference", "Generator floor", "Warm-up", "Idle before", "Window", "Idle after", "Settled"
    ]  # fmt: skip
    assert "10.00 s · 1 000 requests" in text_of(table) and "settled after 2 extensions" in text_of(table)


def test_every_phase_looks_different_from_its_neighbours() -> None:
    assert set(time_figures.PHASE_LOOKS) == set(time_figures.PHASES)
    looks = list(time_figures.PHASE_LOOKS.values())
    assert all(one != other for one, other in zip(looks, looks[1:], strict=False))


def test_a_warm_up_that_still_drifted_says_so() -> None:
    trials = tuple(trial.model_copy(update={"settled": False, "settle_extensions": 3}) for trial in rich.point().view.run.trials)
    assert "still drifting after 3 extensions" in text_of(rich.point().changed(trials=trials).html())


def test_a_fault_stands_beside_its_trial() -> None:
    first, *rest = rich.point().view.run.trials
    broken = first.model_copy(update={"faults": (Fault(code="sampler-died", said="killed by signal 9"),)})
    assert "! trial 1 sampler-died: killed by signal 9" in text_of(rich.point().changed(trials=(broken, *rest)).html())


def test_audit_trials_stand_apart_and_enter_no_headline() -> None:
    html = rich.point().html()
    table = html.split("Audit and search trials")[1].split("</table>")[0]
    rows = [text_of(row) for row in re.findall(r"<tr><th scope=\"row\">.*?</tr>", table, re.DOTALL)]
    assert [row.split(" in no headline")[0].strip() for row in rows] == ["4 one sample repeated", "5 another seed"]
    values = html.split("Each trial is a fresh process; values")[1].split("</table>")[0]
    assert re.findall(r'<tr><th scope="row">(\d)</th>', values) == ["1", "2", "3"]


def test_the_window_of_an_audit_trial_shows_no_latency_where_they_are_withheld() -> None:
    html = rich.point().html(rich.Finding("over-saturated", "run", "x"))
    assert " ms" not in text_of(html.split("Audit and search trials")[1].split("</table>")[0])


def test_a_run_from_before_all_this_has_no_empty_box() -> None:
    old = rich.old()
    html, page = old.html(), text_of(old.html())
    for absent in ABSENT_FROM_AN_OLD_RUN:
        assert absent not in html, absent
    assert "This machine has no accelerator that could slow itself down" in page
    assert "figure-time" in html and "G-08 ∅ not applicable this methodology does not ask for it" in page


def test_the_page_of_a_run_with_everything_stays_light() -> None:
    assert len(rich.point().html().encode()) < 300_000 and len(rich.sweep().html().encode()) < 300_000


def test_a_run_with_very_many_windows_draws_the_first_ones_and_says_how_many_it_left_out() -> None:
    found = rich.sweep()
    many = timeline(found.view.run, found.samples, ())
    page = text_of(found.html_of(replace(many, left_out=40)))
    assert "40 later windows are not drawn here." in page
