"""The saturation search against systems whose true answer is known, and against machines that cannot do what is asked."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from runner.contract.samples import STATUS
from runner.contract.search import SearchRules, deviation
from runner.contract.search_step import Chunk, Level, chunk_of
from runner.load.driver import Columns
from runner.load.search import Capacity, Found, capacity, search
from tests.benchmarks._queues import (
    SECOND_NS,
    Queue,
    batching,
    cliff,
    fifo,
    long_run_truth,
    md1,
    md1_truth,
    mm1,
    mm1_truth,
    stalling,
)

LEVEL, RULES = Level(990, 20_000_000), SearchRules()
CONFIRM_NS = 300 * SECOND_NS


def found_in(queue: Queue, most_concurrency: int = 1, level: Level = LEVEL) -> Found:
    return search(queue.serve, capacity(queue.serve_closed, RULES, most_concurrency), level, RULES, CONFIRM_NS)


def point(found: Found) -> float:
    assert found.x_slo_per_s is not None
    return float(found.x_slo_per_s)


SYSTEMS = {
    "mm1": (mm1(1000, 21), 1, mm1_truth(1000, 990, 20_000_000), False),
    "md1": (md1(1000, 22), 1, md1_truth(1000, 990, 20_000_000), False),
    "collapse": (cliff(1000, 600, 3, 23), 1, 600.0, True),
    "stall": (stalling(1000, 600, 50_000_000, 24), 1, 600.0, True),
    "batching": (batching(8, 2_000_000, 250_000, 25), 64, 1853.0, False),
}


@pytest.fixture(scope="module", params=SYSTEMS, ids=SYSTEMS.keys())
def known(request: pytest.FixtureRequest) -> tuple[Found, float, bool]:
    """(what was found, the true rate, whether the system has a cliff); fixed seeds."""
    queue, most, truth, steep = SYSTEMS[request.param]
    return found_in(queue, most), truth, steep


def test_the_point_lies_under_the_truth_and_not_far(known: tuple[Found, float, bool]) -> None:
    found, truth, _ = known
    assert 0.9 * truth <= point(found) <= truth


def test_the_bracket_is_narrow_and_its_lower_end_is_the_point(known: tuple[Found, float, bool]) -> None:
    found, _, _ = known
    lo, hi = Fraction(found.bracket.lo or 0), Fraction(found.bracket.hi or 0)
    assert found.bracket.lo == found.x_slo_per_s
    assert hi - lo <= hi * RULES.resolution_permille * 2 / 1000


def test_a_cliff_is_labelled_and_a_queue_that_bends_is_not(known: tuple[Found, float, bool]) -> None:
    found, _, steep = known
    assert ("cliff" in found.words) == steep
    assert "not-monotone" not in found.words


def test_the_steps_replay_from_the_record(known: tuple[Found, float, bool]) -> None:
    found, _, _ = known
    assert deviation(found.steps, found.capacity.per_s, RULES, bounded=found.capacity.bounded) is None


def test_the_same_seed_finds_the_same() -> None:
    assert found_in(cliff(1000, 600, 3, 31)) == found_in(cliff(1000, 600, 3, 31))


def test_chunks_have_schedules_of_their_own_and_a_confirmation_a_fresh_one() -> None:
    queue, asked = cliff(1000, 600, 3, 32), []

    def serve(rate_per_s: str, length_ns: int, step: int, chunk: int) -> Columns:
        asked.append((rate_per_s, length_ns, step, chunk))
        return queue.serve(rate_per_s, length_ns, step, chunk)

    search(serve, capacity(queue.serve_closed, RULES), LEVEL, RULES, CONFIRM_NS)
    places = [(step, chunk) for _, _, step, chunk in asked]
    assert len(set(places)) == len(places)
    assert [length for _, length, _, _ in asked].count(CONFIRM_NS) == 1
    assert asked[-1][1] == CONFIRM_NS


def chunk(columns: Columns) -> Chunk:
    window = (columns.window_start_ns, columns.window_end_ns)
    return chunk_of(columns.t_scheduled_ns, columns.t_last_ns, columns.status == STATUS["ok"], window, 2 * SECOND_NS)


def test_the_beginning_of_a_chunk_does_not_count() -> None:
    columns = mm1(1000, 5).serve("500", 15 * SECOND_NS, 0, 0)
    kept = chunk(columns)
    assert len(kept.latencies_ns) == int((columns.t_scheduled_ns >= 2 * SECOND_NS).sum()) < len(columns)


@pytest.mark.parametrize(("rate", "growing"), [("500", False), ("1400", True)])
def test_a_growing_backlog_is_seen(rate: str, growing: bool) -> None:
    assert chunk(mm1(1000, 6).serve(rate, 15 * SECOND_NS, 0, 0)).over_saturated == growing


# -- Capacity ------------------------------------------------------------------------------------------------------------------------------


def test_capacity_is_measured_until_throughput_stops_growing() -> None:
    assert capacity(batching(8, 2_000_000, 250_000, 1).serve_closed, RULES, 64) == Capacity("2000", 8, True)


def test_throughput_that_still_grew_at_the_highest_concurrency_is_no_bound() -> None:
    seen = capacity(batching(8, 2_000_000, 250_000, 1).serve_closed, RULES, 4)
    assert (seen.concurrency, seen.bounded) == (4, False)
    found = found_in(batching(8, 2_000_000, 250_000, 1), 4)
    assert point(found) > float(seen.per_s)


def broken(columns: Columns, status: str = "error") -> Columns:
    return replace(columns, status=np.full(len(columns), STATUS[status], np.int8))


def test_a_system_that_completes_nothing_is_not_searched() -> None:
    queue = mm1(1000, 1)
    seen = capacity(lambda concurrency, length_ns: broken(queue.serve_closed(concurrency, length_ns)), RULES, 8)
    found = search(queue.serve, seen, LEVEL, RULES, CONFIRM_NS)
    assert (seen.per_s, found.steps, found.bracket.hi, found.x_slo_per_s) == ("0", (), None, None)
    assert "nothing-completed" in found.words


# -- Systems and machines that cannot do it ------------------------------------------------------------------------------------------------


def test_a_limit_below_the_service_time_leaves_nothing_certified() -> None:
    found = found_in(md1(1000, 7), level=Level(990, 900_000))
    assert found.x_slo_per_s is None
    assert found.bracket.lo is None
    assert {step.answer for step in found.steps} == {"refuted"}
    assert "nothing-certified" in found.words


def test_a_system_that_fails_every_request_is_refuted_at_every_rate() -> None:
    queue = mm1(1000, 8)
    found = search(lambda *asked: broken(queue.serve(*asked), "timeout"), Capacity("1000", 1, True), LEVEL, RULES, CONFIRM_NS)
    assert {step.answer for step in found.steps} == {"refuted"}
    assert {step.quantile_ppm for step in found.steps} == {None}
    assert found.x_slo_per_s is None


def over_600(columns: Columns) -> bool:
    """A generator that offers 600 a second and no more."""
    return len(columns) * SECOND_NS > 600 * (columns.window_end_ns - columns.window_start_ns)


def test_a_rate_that_the_generator_cannot_offer_ends_the_search_upwards_and_says_so() -> None:
    found = search(mm1(1000, 9).serve, Capacity("1000", 1, True), LEVEL, RULES, CONFIRM_NS, limited=over_600)
    assert found.bracket.above == "generator-limited"
    assert "generator-limited" in found.words
    assert 500 <= float(found.bracket.lo or 0) <= 600
    assert {step.answer for step in found.steps if step.rate > 601} <= {"generator-limited"}


def test_a_generator_that_limits_every_window_leaves_no_point() -> None:
    found = search(mm1(1000, 10).serve, Capacity("1000", 1, True), LEVEL, RULES, CONFIRM_NS, limited=lambda columns: True)
    assert found.x_slo_per_s is None
    assert "nothing-certified" in found.words


def test_a_system_that_worsens_before_the_confirmation_is_confirmed_lower() -> None:
    good, worse, asked = mm1(1000, 11), mm1(880, 11), []

    def serve(rate_per_s: str, length_ns: int, step: int, chunk: int) -> Columns:
        asked.append(length_ns)
        return (worse if CONFIRM_NS in asked else good).serve(rate_per_s, length_ns, step, chunk)

    found = search(serve, Capacity("1000", 1, True), LEVEL, RULES, CONFIRM_NS)
    assert [step.answer for step in found.steps if step.purpose == "confirm"][0] != "certified"
    assert point(found) <= mm1_truth(880, 990, 20_000_000)


def test_a_system_that_worsens_for_good_leaves_no_point() -> None:
    good = mm1(1000, 12)

    def serve(rate_per_s: str, length_ns: int, step: int, chunk: int) -> Columns:
        columns = good.serve(rate_per_s, length_ns, step, chunk)
        return broken(columns) if length_ns == CONFIRM_NS else columns

    found = search(serve, Capacity("1000", 1, True), LEVEL, RULES, CONFIRM_NS)
    assert found.x_slo_per_s is None
    assert all(step.answer == "refuted" for step in found.steps if step.purpose == "confirm")


# -- The known truths themselves -----------------------------------------------------------------------------------------------------------


def test_the_vectorised_queue_serves_like_one_that_is_walked() -> None:
    random = np.random.default_rng(3)
    due, services = np.sort(random.integers(0, 10**9, 500)), random.exponential(2e6, 500)
    free, expected = 0, []
    for begun, service in zip(due.tolist(), np.maximum(np.rint(services), 1).astype(int).tolist(), strict=True):
        free = max(free, begun) + service
        expected.append(free)
    assert fifo(due, services)[1].tolist() == expected


def test_erlangs_series_agrees_with_a_long_run() -> None:
    simulated = long_run_truth(md1(1000, 4), 990, 20_000_000, 700, 1000, 300 * SECOND_NS)
    assert md1_truth(1000, 990, 20_000_000) == pytest.approx(simulated, rel=0.02)


def test_the_quantile_of_mm1_is_the_closed_form() -> None:
    columns = mm1(1000, 4).serve("769.7", 600 * SECOND_NS, 0, 0)
    assert float((columns.t_last_ns - columns.t_scheduled_ns > 20_000_000).mean()) == pytest.approx(0.01, rel=0.2)
