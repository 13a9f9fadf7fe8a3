"""The sensors of a trial, and what the trial states of them: facts from rows, a reason where there is none, and never a zero for want of a sensor."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runner.contract.methodology import Methodology
from runner.contract.run import Phase, Window
from runner.contract.telemetry_row import HOST, TelemetryRow
from runner.load.clock import ClockEdge
from runner.load.floor import Floor
from runner.sensors.host import HostSensor
from runner.sensors.none import NoSensor
from runner.sensors.sensed import Fault, Sensed
from runner.session.sensing import Senses
from runner.session.stated import MOST_ERRORS, MOST_FAULTS, Seen, outcome_of
from runner.session.task import Outcome, Task
from runner.session.warm import Warmed
from tests.builders import executor, methodology, seen

MS, S = 10**6, 10**9
PRESSURE = "some avg10=12.34 avg60=0.00 avg300=0.00 total=1000\n"
POINT, SWEEP = methodology(), methodology(
    shape="sweep", load__process="concurrent_streams", load__concurrency=None, load__concurrencies=[1, 2]
)  # fmt: skip
ROWS = tuple(
    TelemetryRow(place * S // 2, HOST, cpu_total_ticks=place * 100, cpu_steal_ticks=place * 3, psi_cpu_some_ns=place * 20 * MS) for place in range(12)
)
READ = Sensed(ROWS)
SEEN = Seen(
    before=executor(hw__vendor=seen("cpu_only")), after=executor(hw__vendor=seen("cpu_only")), floor=Floor(200, 400),
    warmups=[Warmed(60, 2 * S, True, 0)], windows=[Window(point=0, start_ns=S, end_ns=4 * S)],
    phases=[Phase(name="load", start_ns=0, end_ns=7), Phase(name="first_inference", start_ns=7, end_ns=10)],
    clock_cost_ns=50, clocks=(ClockEdge(0, 0, 0, 10), ClockEdge(5 * S, 5 * S, 5 * S, 10)), driver_cpu=None, spin_ns=None, handoff_ns=None, errors=(),
)  # fmt: skip


def stated(how: Methodology = POINT, sensed: Sensed = READ, **changes: Any) -> Outcome:
    task = Task(
        backend="null", precision="fp32", device="cpu", threads_intra=1, threads_inter=1, trial=0, origin_ns=0,
        methodology=how.canonical().decode(), salt="00", declared={}, evaluate_quality=False,
    )  # fmt: skip
    return outcome_of(task, how, replace(SEEN, **changes), sensed)[0]


def machine(folder: Path, steal: int, total: int) -> HostSensor:
    (folder / "proc/pressure").mkdir(parents=True, exist_ok=True)
    (folder / "proc/pressure/cpu").write_text(PRESSURE)
    (folder / "proc/stat").write_text(f"cpu {total - steal} 0 0 0 0 0 0 {steal} 0 0\n")
    return HostSensor(root=folder)


def test_the_hosts_edges_are_those_at_opening_and_now(tmp_path: Path) -> None:
    with Senses("cpu", 0, 10, host=machine(tmp_path, steal=10, total=1_000)) as senses:
        machine(tmp_path, steal=30, total=2_000)
        first, last = senses.host_edges()
    assert [edge.counters["cpu_steal_ticks"] for edge in (first, last)] == [10, 30]


def test_every_edge_is_a_row_of_the_host_and_the_end_is_told_once() -> None:
    with Senses("cpu", 0, 10) as senses:
        senses.edge()
        senses.edge()
        found = senses.ended()
        assert senses.ended() is found
    assert len([row for row in found.rows if row.device == HOST]) >= 2


def test_a_processor_has_no_sensor_of_an_accelerator() -> None:
    with Senses("cpu", 0, 10) as senses:
        assert isinstance(senses.accelerator, NoSensor)


def test_steal_and_pressure_are_those_of_the_windows() -> None:
    trial = stated().trial
    assert (trial.cpu_steal_ppm.value, trial.psi_cpu_some_avg10_ppm.value) == (30_000, 40_000)


def test_what_no_row_tells_is_unreadable_with_the_sensors_own_word() -> None:
    trial = stated(sensed=Sensed(refusals={"psi_cpu_some_ns": "unreadable:no-such-file"})).trial
    assert (trial.psi_cpu_some_avg10_ppm.value, trial.psi_cpu_some_avg10_ppm.status) == (None, "unreadable:no-such-file")
    assert (trial.cpu_steal_ppm.value, trial.cpu_steal_ppm.status) == (None, "unreadable:no-reading")


def test_a_processor_has_no_throttle_class_and_no_foreign_processes() -> None:
    trial = stated().trial
    assert (trial.throttle.status, trial.foreign_gpu_processes.status) == ("not_applicable", "not_applicable")


def test_slowdowns_of_a_device_that_no_counter_tells_of_are_unreadable() -> None:
    assert stated(before=executor(hw__vendor=seen("nvidia"))).trial.throttle.status.startswith("unreadable:")


def test_energy_is_never_zero_for_want_of_a_sensor() -> None:
    assert stated().trial.energy_mj.value is None


@pytest.mark.parametrize(("wall_ns", "step_ns"), [(5 * S, 0), (65 * S, 60 * S), (4 * S, -S)])
def test_a_wall_clock_that_was_set_is_a_step_and_the_window_is_as_long_as_it_was(wall_ns: int, step_ns: int) -> None:
    trial = stated(clocks=(ClockEdge(0, 0, 0, 10), ClockEdge(5 * S, 5 * S, wall_ns, 10))).trial
    assert (trial.wall_step_ns, trial.window_end_ns - trial.window_start_ns) == (step_ns, 3 * S)


def test_a_monotonic_clock_that_is_slewed_is_told_in_ppm() -> None:
    assert stated(clocks=(ClockEdge(0, 0, 0, 10), ClockEdge(5 * S + 2_500_000, 5 * S, 5 * S, 10))).trial.clock_slew_ppm == 500


def test_faults_are_cut_to_what_a_document_holds() -> None:
    faults = stated(sensed=Sensed(ROWS, faults=tuple(Fault("sensor-error", "x" * 1_000, None) for _ in range(60)))).trial.faults
    assert (len(faults), {len(fault.said) for fault in faults}) == (MOST_FAULTS, {400})


def test_a_warm_up_that_did_not_settle_is_said_for_the_trial() -> None:
    trial = stated(warmups=[Warmed(60, S, True, 1), Warmed(40, S, False, 3)]).trial
    assert (trial.settled, trial.settle_extensions, trial.warmup_requests, trial.warmup_ns) == (False, 4, 100, 2 * S)


def test_one_point_states_its_window_alone() -> None:
    trial = stated().trial
    assert (trial.windows, trial.window_start_ns, trial.window_end_ns) == ((), S, 4 * S)


def test_several_points_state_a_window_each_in_order_of_time() -> None:
    windows = [Window(point=1, start_ns=3 * S, end_ns=4 * S, concurrency=2), Window(point=0, start_ns=S, end_ns=2 * S, concurrency=1)]
    trial = stated(SWEEP, windows=windows).trial
    assert ([window.point for window in trial.windows], trial.window_start_ns, trial.window_end_ns) == ([0, 1], S, 4 * S)


def test_the_same_error_is_told_once_and_there_is_an_end_to_them() -> None:
    errors = stated(errors=[*(["again"] * 20), *(f"error {place}" for place in range(60))]).errors
    assert errors == ("again", *(f"error {place}" for place in range(MOST_ERRORS - 1)))
