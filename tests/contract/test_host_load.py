"""The host's load over a window: differences of counters around it, and nothing where they were not read."""

from __future__ import annotations

from dataclasses import replace

from runner.contract.host_load import HostLoad, host_load
from tests.contract.telemetry_rows import S, changed, host, ordered, steady, without

WINDOW = (20 * S, 80 * S)
QUIET = {"cpu_total_ticks": 200, "cpu_steal_ticks": 3, "psi_cpu_some_ns": 50_000_000}


def test_steal_and_pressure_are_shares_of_the_window() -> None:
    assert host_load(host(0, 100, **QUIET), WINDOW) == HostLoad(15_000, 50_000, None)


def test_what_happens_outside_the_window_is_not_in_it() -> None:
    rows = [replace(row, cpu_steal_ticks=4_000 if row.t_ns > 80 * S else 0) for row in host(0, 100, **QUIET)]
    assert host_load(rows, WINDOW).steal_ppm == 0


def test_a_counter_that_was_not_read_has_no_share() -> None:
    rows = changed(host(0, 100, **QUIET), without("cpu_steal_ticks"))
    assert host_load(rows, WINDOW) == HostLoad(None, 50_000, None)


def test_a_counter_that_fell_has_no_share() -> None:
    rows = changed(host(0, 100, **QUIET), lambda row: replace(row, psi_cpu_some_ns=0), 50)
    assert host_load(rows, WINDOW).psi_some_ppm is None


def test_rows_that_end_in_the_window_tell_nothing_of_its_end() -> None:
    assert host_load([row for row in host(0, 100, **QUIET) if row.t_ns < 79 * S], WINDOW) == HostLoad(None, None, None)


def test_pressure_never_exceeds_the_whole() -> None:
    assert host_load(host(0, 100, psi_cpu_some_ns=10**9 + 10), WINDOW).psi_some_ppm == 1_000_000


def test_the_most_foreign_processes_of_any_device_and_sample_count() -> None:
    second = changed(steady(0, 100, device=1), lambda row: replace(row, foreign_processes=2) if row.power_instant_mw else row, 50, 50.1)
    rows = ordered(steady(0, 100), second)
    assert host_load(rows, WINDOW, 2).foreign_processes == 2
    assert host_load(rows, (60 * S, 80 * S), 2).foreign_processes == 0


def test_processes_that_were_not_listed_are_not_none_at_all() -> None:
    hidden = changed(steady(0, 100), without("foreign_processes"))
    assert host_load(hidden, WINDOW, 1).foreign_processes is None
