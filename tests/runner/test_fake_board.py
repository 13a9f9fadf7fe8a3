"""Every validity code of energy and every throttle class through the real binding and a real sampler: once raised, and once just not.

The board is the stand-in for the driver: what these tests show holds of the arithmetic and the plumbing, not of any GPU.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from runner.contract.energy_validity import RULES
from runner.contract.telemetry_row import readings
from runner.contract.throttling import ribbon
from runner.sensors.sensed import Fault
from tests.runner.boards import LOAD_MW, REST_MW, SHORT, TICK_MS, Board, S, Scenario, sampled

NO_COUNTERS: Scenario = {"nvmlDeviceGetViolationStatus": 3, "slowdown_base": 0}
NO_MASK: Scenario = {"nvmlDeviceGetCurrentClocksEventReasons": 3, "nvmlDeviceGetCurrentClocksThrottleReasons": 3}
CLASS_OF = {
    "violation_power": "power_capped", "violation_board_limit": "power_capped", "violation_thermal": "thermal", "slowdown_sw_thermal": "thermal",
    "slowdown_hw_thermal": "hw_slowdown", "slowdown_hw_power_brake": "hw_slowdown",
}  # fmt: skip
IDLE_BITS = 0x1 | 0x2 | 0x10 | 0x100
WAVE: Scenario = {"duty_percent": 25, "power_wave_depth_mw": 40_000}

# code -> the scenario that raises it and it alone
RAISED: dict[str, Scenario] = {
    "device-missing": {"lost_after_ms": 2_500},
    "counter-vs-integral": {"energy_gain_permille": 572},
    "counter-reset": {"energy_reset_ms": 2_500},
    "counter-stuck": {"energy_stuck_after_ms": 2_500},
    "foreign-process": {"foreign_after_ms": 2_500},
    "mig": {"mig": 1},
    "vgpu": {"virtualization": 2},
    "idle-drift": {"power_steps": f"0:{LOAD_MW},5000:{REST_MW + 6_000}"},
    "not-steady": {"violation_power_events": "2900-4400"},
    "edge-not-bracketed": {"field_power": 3, "field_power_after_ms": 2_500},
}
# code -> what just does not raise it; all of it is one board, but for the counter that stops right after the window
NEAR: dict[str, Scenario] = {
    "device-missing": {"lost_after_ms": 6_700},
    "counter-vs-integral": {"energy_gain_permille": 970},
    "counter-reset": {"energy_reset_ms": 0},
    "counter-stuck": {"energy_stuck_after_ms": 4_400},
    "foreign-process": {"foreign_after_ms": 5_500},
    "mig": {"mig": 0},
    "vgpu": {"virtualization": 1},
    "idle-drift": {"power_steps": f"0:{LOAD_MW},5000:{REST_MW + 1_000}"},
    "not-steady": {"violation_power": 100},
    "edge-not-bracketed": {"field_power": 3, "field_power_after_ms": 5_500},
}
ARGUMENTS = frozenset({"window-too-short", "sample-gap"})  # these follow from window and rules, not from the board
OTHERS: dict[str, Scenario] = {
    "healthy": {},
    "two": {"count": 2, "power_steps": f"0:{LOAD_MW},5000:{REST_MW}"},
    "one of two lost": {"count": 2, "lost_after_ms.1": 2_500},
    "fewer counted": {"count": 2, "count_after_ms": 2_500, "count_after": 1},
    "clock": {"clock_step_ms": 2_500, "clock_step_sm_mhz": 1_500},
    "in step": {**WAVE, "power_wave_ms": TICK_MS},
    "out of step": {**WAVE, "power_wave_ms": 37},
    "thermometer": {"nvmlDeviceGetTemperature": 999, "nvmlDeviceGetTemperature_after_ms": 2_500},
    "hidden": {"own_pid": 0, "processes": 1},
    "idle clocks": {"reasons": IDLE_BITS, "violation_sync_boost": 1000, "violation_low_utilization": 1000, "violation_reliability": 1000},
    "idle clocks by mask": {**NO_COUNTERS, "reasons": IDLE_BITS},
    "nothing known": {**NO_COUNTERS, **NO_MASK},
    "other numbering": {"driver": "580.65.06", "slowdown_base": 251, "slowdown_hw_thermal_events": "2000-3000"},
    "implausible": {"violation_power": 10, "counter_gain": 1000},
    "all of the time": {"violation_power": 1000},
    **{f"event {name}": {f"{name}_events": "1500-1501,3500-3500.9"} for name in CLASS_OF},
    "many events": {"violation_power_events": "700-720,2300-2302", "slowdown_sw_thermal_events": "1500-1510,3100-3101"},
    "near misses": {key: value for code, scenario in NEAR.items() if code != "counter-stuck" for key, value in scenario.items()},
    "stuck after": NEAR["counter-stuck"],
}


pytestmark = pytest.mark.slow


def broken(board: Board) -> list[Fault]:
    """The faults of the board; a machine that is too busy to sample twice a second adds its own."""
    return [fault for fault in board.sensed.faults if fault.code != "sample-gap"]


@pytest.fixture(scope="module")
def boards(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Board]:
    return sampled({**OTHERS, **RAISED}, tmp_path_factory.mktemp("boards"))


def test_every_code_has_a_scenario() -> None:
    assert set(RAISED) | ARGUMENTS == set(NEAR) | ARGUMENTS == set(RULES)


def test_energy_over_a_window_is_power_times_time_within_a_tick(boards: dict[str, Board]) -> None:
    found = boards["healthy"].energy()
    assert found.codes == () and found.gross_mj is not None
    assert abs(found.gross_mj - LOAD_MW * found.window_ns / S) <= LOAD_MW * TICK_MS / 1000
    assert abs(found.window_ns - 4 * S) <= 3 * TICK_MS * 10**6


def test_net_energy_is_what_the_load_added(boards: dict[str, Board]) -> None:
    found = boards["healthy"].energy()
    assert found.net_mj is not None and found.window_ns
    assert found.net_mj / (found.window_ns / S) == pytest.approx(LOAD_MW - REST_MW, rel=0.02)


def test_the_tick_of_the_counter_is_found(boards: dict[str, Board]) -> None:
    assert boards["healthy"].sensed.tick_ns == pytest.approx(TICK_MS * 10**6, rel=0.1)


def test_energy_of_two_boards_is_the_sum(boards: dict[str, Board]) -> None:
    found = boards["two"].energy()
    assert found.codes == () and found.gross_mj == pytest.approx(2 * LOAD_MW * found.window_ns / S, rel=0.03)


@pytest.mark.parametrize("code", sorted(RAISED))
def test_a_code_is_raised_by_its_scenario_alone(boards: dict[str, Board], code: str) -> None:
    found = boards[code].energy()
    assert found.codes == (code,) and not found.valid


def test_a_board_that_just_misses_every_code_has_none(boards: dict[str, Board]) -> None:
    assert boards["near misses"].energy().codes == () and boards["stuck after"].energy(idle=()).codes == ()


def test_a_window_too_short_is_so_by_the_rules(boards: dict[str, Board]) -> None:
    board = boards["healthy"]
    assert board.energy(board.window(1_000, 2_999)).codes == ("window-too-short",)
    assert board.energy(board.window(1_000, 3_000)).codes == ()


def test_a_window_that_begins_before_the_first_sample_is_not_bracketed(boards: dict[str, Board]) -> None:
    board = boards["healthy"]
    assert "edge-not-bracketed" in board.energy((0, board.window()[1])).codes


def test_samples_further_apart_than_the_rules_allow_are_a_gap(boards: dict[str, Board]) -> None:
    assert "sample-gap" in boards["healthy"].energy(rules=replace(SHORT, longest_gap_ns=20_000_000)).codes


def test_a_clock_that_steps_inside_the_window_is_not_steady(boards: dict[str, Board]) -> None:
    assert boards["clock"].energy().codes == ("not-steady",)


def test_a_board_that_senses_a_quarter_of_the_time_is_caught_where_the_load_is_in_step_with_it(boards: dict[str, Board]) -> None:
    in_step, out_of_step = (boards[name].energy(idle=()) for name in ("in step", "out of step"))
    assert in_step.codes == ("counter-vs-integral",) and in_step.gross_mj is None
    assert out_of_step.codes == () and out_of_step.gross_mj == pytest.approx((LOAD_MW - 20_000) * out_of_step.window_ns / S, rel=0.03)


def test_average_power_lags_behind_instant_power_at_a_step(boards: dict[str, Board]) -> None:
    board = boards["healthy"]
    start, end = board.window(50, 900)
    pairs = [(row.power_avg_mw, row.power_instant_mw) for row in board.sensed.rows if row.power_instant_mw is not None and start < row.t_ns < end]
    assert pairs and all(average is not None and average < LOAD_MW - 1 <= instant for average, instant in pairs)
    settled = [
        row.power_avg_mw for row in board.sensed.rows if row.power_avg_mw is not None and board.window()[1] - 2 * S < row.t_ns < board.window()[1]
    ]
    assert settled and min(settled) >= LOAD_MW - 1


def test_a_device_that_is_lost_ends_with_a_fault_and_no_energy(boards: dict[str, Board]) -> None:
    board = boards["device-missing"]
    (fault,) = broken(board)
    assert fault.code == "device-lost" and fault.t_ns is not None and fault.t_ns >= board.mark_ns + 2_500_000_000
    assert board.energy().gross_mj is None and board.sensed.refusals["energy_mj"] == "unreadable:gpu-is-lost"
    assert readings(board.sensed.rows, "energy_mj", 0)[-1][0] < fault.t_ns


def test_one_device_of_two_lost_leaves_no_sum_and_the_other_is_still_read(boards: dict[str, Board]) -> None:
    board = boards["one of two lost"]
    assert [(fault.code, fault.said) for fault in broken(board)] == [("device-lost", "device 1 is lost")]
    assert board.energy().gross_mj is None and "device-missing" in board.energy().codes
    assert readings(board.sensed.rows, "energy_mj", 0)[-1][0] > board.window(5_500, 5_501)[0]


def test_a_driver_that_counts_fewer_devices_has_lost_one(boards: dict[str, Board]) -> None:
    assert [fault.code for fault in broken(boards["fewer counted"])] == ["device-lost"]


def test_a_call_that_breaks_in_the_run_leaves_its_value_absent_with_the_reason(boards: dict[str, Board]) -> None:
    board = boards["thermometer"]
    assert [(fault.code, fault.said) for fault in broken(board)] == [("sensor-error", "device 0: temperature_mc unreadable:unknown-error")]
    read = readings(board.sensed.rows, "temperature_mc", 0)
    assert read and read[-1][0] < broken(board)[0].t_ns and board.energy().codes == ()  # type: ignore[operator]


def test_a_healthy_board_has_no_fault(boards: dict[str, Board]) -> None:
    assert broken(boards["healthy"]) == []


def test_foreign_processes_are_counted_without_the_measured_one(boards: dict[str, Board]) -> None:
    board = boards["foreign-process"]
    read = readings(board.sensed.rows, "foreign_processes", 0)
    assert {count for t_ns, count in read if t_ns < board.mark_ns} == {0} and read[-1][1] == 1


def test_processes_are_unreadable_where_the_measured_one_is_not_listed(boards: dict[str, Board]) -> None:
    sensed = boards["hidden"].sensed
    assert readings(sensed.rows, "foreign_processes", 0) == [] and sensed.refusals["foreign_processes"] == "unreadable:hidden-in-container"


@pytest.mark.parametrize("counter", sorted(CLASS_OF))
def test_an_event_of_a_millisecond_is_its_class_and_a_shorter_one_is_none(boards: dict[str, Board], counter: str) -> None:
    board = boards[f"event {counter}"]
    assert (board.throttled(1_000, 2_000).name, board.throttled(1_000, 2_000).sampled) == (CLASS_OF[counter], False)
    assert board.throttled(3_000, 4_000).name == "clean"


def test_every_event_is_classed_and_nothing_beside_them(boards: dict[str, Board]) -> None:
    board = boards["many events"]
    found = {at: board.throttled(at - 350, at + 370).name for at in (700, 1_500, 2_300, 3_100)}
    assert found == {700: "power_capped", 1_500: "thermal", 2_300: "power_capped", 3_100: "thermal"}
    assert board.throttled(3_600, 4_900).name == "clean"


@pytest.mark.parametrize("scenario", ["idle clocks", "idle clocks by mask"])
def test_idle_clocks_make_no_class(boards: dict[str, Board], scenario: str) -> None:
    found = boards[scenario].throttled(-500, 6_000)
    assert (found.name, found.codes, found.sampled) == ("clean", (), scenario.endswith("mask"))


def test_a_board_that_tells_nothing_is_unknown(boards: dict[str, Board]) -> None:
    assert boards["nothing known"].throttled().name == "unknown"


def test_fields_of_another_numbering_are_left_to_the_mask(boards: dict[str, Board]) -> None:
    board = boards["other numbering"]
    assert board.sensed.refusals["slowdown_hw_thermal_ns"] == "unreadable:field-id-mismatch"
    assert (board.throttled().name, board.throttled().sampled) == ("hw_slowdown", True)
    assert board.throttled(3_300, 4_500).name == "clean"


def test_a_counter_in_another_unit_is_implausible_and_one_of_all_the_time_is_not(boards: dict[str, Board]) -> None:
    assert boards["implausible"].throttled().codes == ("counter-implausible",)
    found = boards["all of the time"].throttled()
    assert (found.name, found.codes) == ("power_capped", ()) and found.shares_ppm["violation_power_ns"] > 980_000


def test_the_ribbon_shows_the_event_where_it_was(boards: dict[str, Board]) -> None:
    board = boards["not-steady"]
    parts = ribbon(board.sensed.rows, *board.window(1_000, 4_900))
    assert [part.klass for part in parts] == ["clean", "power_capped", "clean"]
    assert parts[1].start_ns <= board.window(3_000, 0)[0] and parts[1].end_ns >= board.window(4_300, 0)[0]
