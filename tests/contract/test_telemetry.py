"""Telemetry: what was not measured stays absent, and a reading that cannot be is refused."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from runner.contract.canonical import MOST_PROBLEMS
from runner.contract.columns import Limits, Reader, write
from runner.contract.problems import Problems
from runner.contract.telemetry import COLUMNS, HOST, OPTIONAL, TelemetryRow, decode, encode

ROWS = (
    TelemetryRow(1_000, HOST, cpu_steal_ppm=120, psi_cpu_some_avg10_ppm=0),
    TelemetryRow(1_000, 0, power_instant_mw=312_000, energy_mj=9_000_000_000, temperature_mc=61_000, throttle_mask=4, gpu_util_pct=100),
    TelemetryRow(2_000, 1, temperature_mc=-4_000, memory_used_bytes=80 * 2**30),
)


def test_rows_come_back_as_they_went_and_absent_is_not_zero() -> None:
    found = decode(encode(ROWS))
    assert found == ROWS
    assert found[0].power_instant_mw is None
    assert found[0].psi_cpu_some_avg10_ppm == 0


def test_a_machine_without_sensors_has_an_empty_table() -> None:
    assert decode(encode([])) == ()


def test_the_same_rows_give_the_same_bytes() -> None:
    assert encode(ROWS) == encode(ROWS)


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (TelemetryRow(-1), "t_ns"),
        (TelemetryRow(0, -2), "device"),
        (TelemetryRow(0, energy_mj=-5), "energy_mj"),
        (TelemetryRow(0, gpu_util_pct=101), "gpu_util_pct"),
        (TelemetryRow(0, cpu_steal_ppm=1_000_001), "cpu_steal_ppm"),
        (TelemetryRow(0, sm_clock_khz=2**31), "sm_clock_khz"),
        (TelemetryRow(0, temperature_mc=-300_001), "temperature_mc"),
    ],
)
def test_an_impossible_reading_is_refused_and_named(row: TelemetryRow, name: str) -> None:
    with pytest.raises(Problems) as caught:
        encode([row])
    assert name in caught.value.problems[0].path


def test_readings_out_of_order_are_refused() -> None:
    with pytest.raises(Problems) as caught:
        encode([TelemetryRow(5), TelemetryRow(4)])
    assert caught.value.problems[0].path == "telemetry.parquet[1].t_ns"


def test_cuts_and_too_many_rows_are_refused() -> None:
    content = encode(ROWS)
    for length in range(0, len(content), 61):
        with pytest.raises(Problems):
            decode(content[:length])
    with pytest.raises(Problems) as caught:
        decode(content, Limits(rows=2))
    assert caught.value.codes == ("too-large",)


BASE = tuple(column for column in COLUMNS if column.name not in OPTIONAL)


def columns_of(content: bytes) -> list[str]:
    reader = Reader(content, COLUMNS, name="telemetry.parquet")
    reader.close()
    return [column.name for column in reader.columns]


def test_rows_without_the_later_values_are_written_as_they_always_were() -> None:
    values = {column.name: pa.array([getattr(row, column.name) for row in ROWS], type=column.arrow) for column in BASE}
    old = write(BASE, values)
    assert encode(ROWS) == old and decode(old) == ROWS


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_later_column_is_written_where_some_row_holds_a_value(name: str) -> None:
    rows = (*ROWS, replace(ROWS[0], t_ns=3_000, **{name: 0}))
    content = encode(rows)
    assert columns_of(content) == [*(column.name for column in BASE), name]
    assert decode(content) == rows


def test_all_later_columns_come_back_in_their_one_order() -> None:
    rows = (TelemetryRow(5, 0, **dict.fromkeys(reversed(OPTIONAL), 2**53 - 1)),)
    assert decode(encode(rows)) == rows and columns_of(encode(rows))[-len(OPTIONAL) :] == list(OPTIONAL)


def foreign(names: list[str]) -> bytes:
    """A file with these columns after the old ones, in this order."""
    known = {column.name: column for column in COLUMNS}
    there = [*BASE, *(replace(known.get(name, COLUMNS[-1]), name=name) for name in names)]
    return write(there, {column.name: pa.array([0], type=column.arrow) for column in there})


@pytest.mark.parametrize("names", [["ecc_corrected", "violation_power_ns"], ["violation_power_ns", "colour"], ["colour"]])
def test_columns_out_of_order_or_unknown_are_refused(names: list[str]) -> None:
    with pytest.raises(Problems):
        decode(foreign(names))


def test_a_later_column_below_zero_is_refused_and_named() -> None:
    with pytest.raises(Problems) as caught:
        encode([TelemetryRow(0, 0, violation_power_ns=-1)])
    assert caught.value.problems[0].path == "telemetry.parquet[0].violation_power_ns"


def test_a_table_full_of_impossible_readings_is_told_in_a_hundred_lines() -> None:
    with pytest.raises(Problems) as caught:
        encode([TelemetryRow(t_ns=place, power_instant_mw=-1, temperature_mc=-400_000) for place in range(2_000)])
    assert len(caught.value.problems) == MOST_PROBLEMS
