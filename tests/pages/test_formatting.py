"""Numbers as pages write them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lynxweb.words import formatting
from lynxweb.words.formatting import BareThroughput, stated
from runner.contract.run import MetricValue


def metric(
    definition: str = "latency_p50@1", unit: str = "ns", value: str = "6012345", low: str | None = "5990000", high: str | None = "6030000"
) -> MetricValue:
    """A metric value with one thing changed."""
    method = "t_on_logarithms_of_trials" if low else "none"
    return MetricValue(
        definition=definition,
        unit=unit,
        value=value,
        n_trials=5,
        n_requests=4153,
        ci_low=low,
        ci_high=high,
        ci_method=method,
        trial_values=(value,) * 5,
    )


def test_a_throughput_without_its_operating_point_is_refused() -> None:
    rate = metric("throughput@1", "1/s", "166.503", "166.1", "166.9")
    for at in ("", "  "):
        with pytest.raises(BareThroughput, match="operating point"):
            stated(rate, at)


def test_a_throughput_carries_its_operating_point_in_its_sentence() -> None:
    assert (
        "166.50\u00a0req/s [166.10, 166.90] (95 % interval) @ closed loop"
        in stated(metric("throughput@1", "1/s", "166.503", "166.1", "166.9"), "closed loop").sentence
    )


def test_a_value_and_its_interval_share_unit_and_decimals() -> None:
    shown = stated(metric())
    assert (shown.number, shown.unit, shown.interval) == ("6.012", "ms", "[5.990, 6.030]")


def test_a_wide_interval_takes_digits_away_but_leaves_three() -> None:
    assert stated(metric(low="4000000", high="9000000")).number == "6.01"


def test_the_unit_is_that_of_the_value_however_far_the_interval_goes() -> None:
    shown = stated(metric(value="833123", low="404000", high="5437000"))
    assert (shown.number, shown.unit, shown.interval) == ("833", "µs", "[404, 5\u202f437]")


def test_a_value_without_interval_has_four_digits() -> None:
    shown = stated(metric(low=None, high=None))
    assert (shown.number, shown.interval) == ("6.012", "")


@pytest.mark.parametrize(("value", "unit"), [("999", "ns"), ("1000", "µs"), ("999999", "µs"), ("1000000", "ms"), ("1000000000", "s"), ("0", "ns")])
def test_the_unit_follows_the_size(value: str, unit: str) -> None:
    assert stated(metric(value=value, low=None, high=None)).unit == unit


def test_counts_say_trials_and_requests() -> None:
    assert stated(metric()).counts == "n = 5 trials, 4\u202f153 requests"


@given(st.integers(1, 10**12), st.integers(0, 10**11))
def test_what_is_written_is_the_value_within_half_its_last_digit(value: int, spread: int) -> None:
    low, high = max(value - spread, 1), value + spread
    found = metric(value=str(value), low=str(low), high=str(high))
    scale = formatting.scale_of(found)
    written = Decimal(stated(found).number.replace("\u202f", "")) * scale.divisor
    assert abs(written - value) <= Decimal(scale.divisor) / 10**scale.places / 2


def test_signs_are_always_shown_and_zero_has_none() -> None:
    assert [formatting.signed(text) for text in ("13", "-2.5", "0")] == ["+13.0", "−2.5", "0"]


def test_sizes_are_binary() -> None:
    assert [formatting.size(count) for count in (1, 2048, 3 * 2**20)] == ["1\u00a0B", "2.00\u00a0KiB", "3.00\u00a0MiB"]


def test_names_of_metrics_are_words() -> None:
    assert [formatting.metric_name(name) for name in ("latency_p99_9@1", "latency_from_issue_p50@1", "throughput@1")] == [
        "Latency p99.9", "Latency from issue p50", "Throughput",
    ]  # fmt: skip
