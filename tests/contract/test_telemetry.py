"""Telemetry: what was not measured stays absent, and a reading that cannot be is refused."""

from __future__ import annotations

import pytest

from runner.contract.columns import Limits
from runner.contract.problems import Problems
from runner.contract.telemetry import HOST, TelemetryRow, decode, encode

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
