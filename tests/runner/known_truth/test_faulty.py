"""A fault of the load generator shows in the schedule, in the lag or in the gaps; an honest one shows nothing."""

from __future__ import annotations

import numpy as np
import pytest

from runner.contract.generator import achieved_ppm, lag_facts, repeated_gaps
from runner.contract.schedules import departure, digest, offsets
from runner.load.driver import Columns, Integers
from tests.runner.known_truth.faulty import after_the_semaphore, honest, late, re_anchored, seeded_alike, skipped

DUE = offsets("poisson", "1000", 2_000, "7", 0, 0)
SERVICES = [200_000 if place % 500 else 40_000_000 for place in range(2_000)]


def problem(columns: Columns, due: Integers = DUE) -> str | None:
    found = departure(columns.t_scheduled_ns, due, digest(columns.t_scheduled_ns), "here")
    return None if found is None else found.code


def test_an_honest_generator_keeps_the_schedule_and_has_no_lag() -> None:
    columns = honest(DUE, SERVICES)
    lag, queue, _ = columns.parts()
    assert problem(columns) is None
    assert int(lag.max()) == 0
    assert int(queue.max()) > 30_000_000
    assert not repeated_gaps(columns.t_scheduled_ns)
    assert achieved_ppm(columns.samples(0, 0, 1)) == 1_000_000


@pytest.mark.parametrize("faulty", [re_anchored, skipped, after_the_semaphore])
def test_moved_skipped_and_swallowed_due_times_are_not_the_schedule_of_the_seed(faulty) -> None:
    assert problem(faulty(DUE, SERVICES)) == "schedule-mismatch"


@pytest.mark.parametrize("faulty", [re_anchored, skipped, after_the_semaphore])
def test_those_faults_hide_the_wait_that_the_schedule_shows(faulty) -> None:
    slow = [int((columns.t_last_ns - columns.t_scheduled_ns > 11_000_000).sum()) for columns in (faulty(DUE, SERVICES), honest(DUE, SERVICES))]
    assert slow[0] < slow[1] // 2


def test_a_late_generator_is_lag_and_neither_queue_nor_service() -> None:
    columns, truth = late(DUE, [200_000] * 2_000, 150_000), honest(DUE, [350_000] * 2_000)
    facts = lag_facts(columns.samples(0, 0, 1))
    assert facts is not None
    assert (facts.p50_ns, facts.p99_ns, facts.service_p50_ns) == (150_000, 150_000, 200_000)
    assert (columns.parts()[1] == truth.parts()[1]).all()


def test_workers_that_seed_alike_repeat_their_gaps_and_send_in_bursts() -> None:
    due = seeded_alike(1_000, 2_000, 10)
    assert repeated_gaps(due)
    assert len(np.unique(due)) == 200
    assert problem(honest(due, [1_000] * 2_000)) == "schedule-mismatch"
