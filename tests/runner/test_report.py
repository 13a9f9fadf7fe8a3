"""Results as people read them: units that fit, an operating point beside every throughput, a dash for what was not measured."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest

from runner.contract.bundle import read
from runner.contract.check import check
from runner.report.quantities import ABSENT, duration, metric_name, point_text, quantity
from runner.report.runs import run_lines
from runner.report.tables import columns, width, wrapped
from tests.builders import evidence, methodology, samples
from tests.runner.bundles import sealed


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0.000 ns"), (870, "870.0 ns"), (87_412, "87.41 µs"), (1_234_567, "1.235 ms"), (2_100_000_000, "2.100 s"), (12_345 * 10**9, "12,345 s")],
)
def test_a_time_is_told_in_the_unit_that_fits(value: int, text: str) -> None:
    assert duration(value) == text


def test_a_value_that_was_not_measured_is_a_dash() -> None:
    assert quantity(None, "ns") == ABSENT


def test_a_rate_carries_its_unit() -> None:
    assert quantity("11430.127", "1/s") == "11,430 /s"


def test_a_metric_is_told_in_words() -> None:
    assert metric_name("latency_p99_9@1") == "latency p99.9"


def test_columns_line_up_whatever_their_letters() -> None:
    lines = columns([("µs", "1"), ("longer", "22")], right=(1,))
    assert {width(line) for line in lines} == {10}


def test_long_text_is_wrapped_inside_its_room() -> None:
    assert all(width(line) <= 40 for line in wrapped("word " * 60, 40, "    "))


def told(**changes: object) -> str:
    return "\n".join(run_lines(check(read(io.BytesIO(sealed(evidence(**changes)))))))  # type: ignore[arg-type]


def test_every_throughput_stands_under_its_operating_point() -> None:
    lines = told().splitlines()
    point = next(place for place, line in enumerate(lines) if "closed loop, concurrency 1, batch 1" in line)
    assert [place for place, line in enumerate(lines) if "throughput" in line and "/s" in line][0] > point


def test_every_value_has_its_interval() -> None:
    assert all("[" in line for line in told().splitlines() if "latency p" in line or line.strip().startswith("throughput"))


def test_a_quick_look_says_that_it_is_never_evidence() -> None:
    assert "never evidence" in told()


def test_a_percentile_without_support_is_withheld_and_says_what_it_needs() -> None:
    how = methodology(metrics__definitions=["latency_p50@1", "latency_p99_9@1", "throughput@1"])
    assert "latency p99.9: withheld, needs 6,636 requests a trial, has 8" in told(how=how, table=samples())


def test_a_point_of_an_open_loop_names_its_process_and_rate() -> None:
    point = check(read(io.BytesIO(sealed()))).evidence.run.operating_points[0]
    opened = point.model_copy(update={"loop": "open", "process": "poisson", "concurrency": None, "rate_per_s": str(Decimal("500"))})
    assert point_text(opened) == "open loop, poisson 500/s, batch 1"
