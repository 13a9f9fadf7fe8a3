"""What the documentation says of NVML, held against the board of this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from statistics import median

import pytest

from runner.contract.executor import build
from runner.contract.fields import facts
from runner.probe import Machine, probe
from runner.sensors import Sensor, SensorAbsent, open_sensor
from runner.sensors.edges import difference
from runner.sensors.interface import ENERGY, SLOWDOWNS, VIOLATIONS

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module")
def sensor() -> Iterator[Sensor]:
    try:
        opened = open_sensor("nvml")
    except SensorAbsent as absent:
        pytest.skip(f"no NVIDIA board to read: {absent}")
    yield opened
    opened.close()


def counted(sensor: Sensor, name: str) -> None:
    if name not in sensor.capabilities:
        pytest.skip(f"{name}: {sensor.refusals.get(name)}")


def test_every_counter_and_value_is_answered_or_has_a_reason(sensor: Sensor) -> None:
    for edge in sensor.edge():
        assert all(edge.status(name) == "observed" or edge.status(name).startswith("unreadable:") for name in (ENERGY, *VIOLATIONS, *SLOWDOWNS))
    assert all(status.startswith("unreadable:") for status in sensor.refusals.values())


def test_the_energy_counter_ticks_between_1_and_500_ms(sensor: Sensor) -> None:
    counted(sensor, ENERGY)
    changes, last, until = [], None, time.perf_counter_ns() + 2_000_000_000
    while time.perf_counter_ns() < until:
        edge = sensor.edge()[0]
        if edge.counters[ENERGY] != last:
            changes.append(edge.t_ns)
            last = edge.counters[ENERGY]
    assert len(changes) > 4
    assert 1_000_000 <= median(after - before for before, after in pairwise(changes)) <= 500_000_000


def test_counter_and_integral_of_instant_power_agree_at_rest(sensor: Sensor) -> None:
    counted(sensor, ENERGY)
    counted(sensor, "power_instant_mw")
    before, powers, until = sensor.edge()[0], [], time.perf_counter_ns() + 5_000_000_000
    while time.perf_counter_ns() < until:
        powers.append(sensor.sample()[0].values["power_instant_mw"])
        time.sleep(0.02)
    grown = difference(before, sensor.edge()[0])
    integral_mj = sum(powers) / len(powers) * grown.window_ns / 1e9
    assert abs(grown.grown[ENERGY] - integral_mj) <= 0.15 * grown.grown[ENERGY]


def test_no_counter_of_time_grows_faster_than_time(sensor: Sensor) -> None:
    before = sensor.edge()
    time.sleep(1)
    for first, last in zip(before, sensor.edge(), strict=True):
        grown = difference(first, last)
        assert all(grown.grown.get(name, 0) <= grown.window_ns * 1.05 for name in (*VIOLATIONS, *SLOWDOWNS))


def test_the_board_is_an_executor_with_every_mandatory_leaf_answered(sensor: Sensor) -> None:
    first, second = (build(probe(Machine(sensor=sensor), b"salt", {})) for _ in range(2))
    silent = [path for path, fact, leaf in facts(first) if path.startswith(("hw.", "env.", "sw.driver")) and fact.need == "M" and not leaf.answered]
    assert silent == [] and first.fingerprint == second.fingerprint
    assert first.hw.vendor.value == "nvidia"
