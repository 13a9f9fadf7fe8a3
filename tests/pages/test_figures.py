"""Figures: pure, light, exact where they state a number, and deaf to mark-up in labels."""

from __future__ import annotations

import json
from decimal import Decimal

import numpy as np

from lynxweb.pages.figures import (
    MOST_POINTS_OF_FIGURE,
    Percentile,
    Rate,
    as_json,
    latency_ecdf,
    throughput_bars,
)
from lynxweb.registry.curves import MOST_POINTS, SHOWN_PERMILLES, Curve, chosen_ranks, curve_of
from runner.contract.statistics import rank

HOSTILE = "<a href=javascript:alert(1)>x</a> & %{y}"


def curve(seed: int, n: int = 5_000, *more_ns: int) -> Curve:
    """The curve of latencies around 6 ms, and of `more_ns`."""
    return curve_of(np.sort(np.append(np.random.default_rng(seed).integers(5_000_000, 7_000_000, n), more_ns)).astype(np.int64))


def ecdf(trials: int = 5, n: int = 5_000) -> dict:
    """A figure of two sides as JSON values."""
    curves = {name: [curve(seed, n) for seed in range(trials)] for name in ("A: x", "B: y")}
    stated = {name: (Percentile(500, 6_000_000, 5_900_000, 6_100_000),) for name in curves}
    return as_json(latency_ecdf(curves, stated, "closed loop, concurrency 1, batch 1"))


def test_no_trace_has_more_than_two_thousand_points() -> None:
    assert max(len(trace["x"]) for trace in ecdf(trials=1, n=100_000)["data"]) <= MOST_POINTS
    assert sum(len(trace["x"]) for trace in ecdf(trials=20, n=100_000)["data"]) <= MOST_POINTS_OF_FIGURE + 10


def test_stated_order_statistics_are_drawn_exactly() -> None:
    for n in (700, 5_000, 1_000_000):
        ranks = chosen_ranks(n, 600)
        assert len(ranks) <= 600
        assert {1, n, *(rank(n, permille) for permille in SHOWN_PERMILLES)} <= set(ranks)


def test_few_points_are_all_drawn() -> None:
    assert chosen_ranks(5, 2_000) == [1, 2, 3, 4, 5]


def test_the_axis_names_unit_and_operating_point() -> None:
    assert ecdf()["layout"]["xaxis"]["title"]["text"] == "latency, ms<br>@ closed loop, concurrency 1, batch 1"


def test_steps_are_not_interpolated() -> None:
    assert {trace["line"]["shape"] for trace in ecdf()["data"] if trace["mode"] == "lines"} == {"hv"}


def test_a_marker_stands_at_its_percentile_with_its_interval() -> None:
    mark = next(trace for trace in ecdf()["data"] if trace["mode"] == "markers")
    assert (mark["x"], mark["y"], mark["error_x"]["array"], mark["error_x"]["arrayminus"]) == ([6.0], [50.0], [0.1], [0.1])


def test_mark_up_in_labels_is_escaped() -> None:
    told = json.dumps(as_json(latency_ecdf({HOSTILE: [curve(1)]}, {}, HOSTILE)), ensure_ascii=False)
    told += json.dumps(as_json(throughput_bars([Rate(HOSTILE, HOSTILE, Decimal(5), Decimal(4), Decimal(6), (Decimal(5),))])), ensure_ascii=False)
    assert "<a href" not in told
    assert "&lt;a href=javascript:alert(1)&gt;x&lt;/a&gt; &amp; % {y}" in told


def test_bars_start_at_zero_and_carry_their_point() -> None:
    drawn = as_json(throughput_bars([Rate("A", "closed loop", Decimal("166.5"), Decimal("166.1"), Decimal("166.9"), (Decimal(166),))]))
    assert drawn["layout"]["xaxis"]["rangemode"] == "tozero"
    assert "closed loop" in drawn["layout"]["xaxis"]["title"]["text"]
    assert "@ closed loop" in drawn["data"][0]["hovertemplate"]


def test_a_long_tail_takes_a_logarithmic_axis() -> None:
    assert as_json(latency_ecdf({"A": [curve(1, 5_000, 900_000_000)]}, {}, "x"))["layout"]["xaxis"]["type"] == "log"
