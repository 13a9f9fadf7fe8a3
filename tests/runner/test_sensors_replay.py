"""A recorded trace gives the same numbers each time it is replayed; the one here is synthetic and says so."""

from __future__ import annotations

import numpy as np

from runner.contract.energy import Energy, energy_of
from runner.contract.energy_validity import EnergyRules
from runner.contract.power import power_of
from runner.contract.telemetry_row import TelemetryRow
from runner.contract.throttling import ribbon, throttle_class
from runner.sensors.edges import sampled_row
from runner.sensors.replay import Replay, Trace
from tests.runner.traces import SYNTHETIC, opened

S = 10**9
SHORT = EnergyRules(window_least_ns=S, slice_least_ns=0, slice_least_ticks=2)
# gross mJ, mJ by the integral, ns between the first and the last tick, inferences, mJ each
GOLDEN = (680_000, 679_566, 1_698_919_008, 170, "4000")


def replayed(trace: Trace) -> list[TelemetryRow]:
    """Every row of the trace, through the sensor that replays it."""
    sensor = Replay(trace)
    sensor.open()
    return [sampled_row((edge, reading)) for _ in trace.edges for edge, reading in zip(sensor.edge(), sensor.sample(), strict=True)]


def energy(rows: list[TelemetryRow]) -> Energy:
    completed = np.arange(S, 3 * S, 10**7, dtype=np.int64)
    window = (1_100_000_000, 2_900_000_000)
    return energy_of(rows, window, 1, completed, scope="gpu_board", method="nvml_counter", rules=SHORT)


def test_the_trace_names_what_it_was_recorded_from() -> None:
    assert "SYNTHETIC" in opened(SYNTHETIC).label and "synthetic" in SYNTHETIC.name


def test_a_trace_comes_back_as_it_was_written() -> None:
    assert Trace.decode(opened(SYNTHETIC).encode()) == opened(SYNTHETIC)


def test_the_same_trace_gives_the_same_energy() -> None:
    first, again = (energy(replayed(opened(SYNTHETIC))) for _ in range(2))
    assert first == again
    assert (first.gross_mj, first.integral_mj, first.window_ns, first.inferences, first.gross_per_inference) == GOLDEN


def test_the_replayed_board_draws_what_its_label_says() -> None:
    rows = replayed(opened(SYNTHETIC))
    before, after = power_of(rows, [(0, S - 10**8)]), power_of(rows, [(S + 10**8, 3 * S)])
    assert before is not None and after is not None and (before["peak_mw"], after["peak_mw"]) == (100_000, 400_000)


def test_the_replayed_board_was_capped_where_its_label_says() -> None:
    rows = replayed(opened(SYNTHETIC))
    assert throttle_class(rows, (S, 3 * S)).name == "power_capped" and throttle_class(rows, (0, S)).name == "clean"
    parts = ribbon(rows, 0, 3 * S)
    capped = [part for part in parts if part.klass == "power_capped"]
    assert len(capped) == 1 and abs(capped[0].start_ns - 2 * S) < 2 * 10**8 and abs(capped[0].end_ns - 2_500_000_000) < 2 * 10**8
