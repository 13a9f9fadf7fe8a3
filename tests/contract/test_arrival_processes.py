"""Arrival processes: gamma gaps, ramps and traces agree with second implementations, to the last bit where integers are made of them."""

from __future__ import annotations

import hashlib
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats

from runner.contract import arrival_processes, schedules
from runner.contract.elementary import negative_exponential, negative_logarithm, uniform
from runner.contract.loads import Load
from runner.contract.problems import Problems

SECOND = 10**9
RECORDED = np.array([0, 3, 10, 10, 25, 1_000_001, 70_000_003, 900_000_000], np.int64)
RATES = (
    some.integers(1, 10**10)
    .map(lambda n: f"{n // 10**4}.{n % 10**4:04d}".rstrip("0").rstrip("."))
    .filter(lambda text: Fraction(text) >= Fraction(1, 1000))
)


def words(label: bytes, count: int) -> list[int]:
    """Raw words of one stream, from the label alone."""
    return [int(word) for word in np.random.PCG64(int.from_bytes(hashlib.sha256(label).digest(), "big")).random_raw(count)]


def load(process: str, **fields: object) -> Load:
    return Load.model_validate({"loop": "open", "process": process, "seed": "7", **fields})


def test_the_logarithm_is_within_a_few_units_of_the_last_place() -> None:
    u = uniform(np.random.PCG64(3).random_raw(100_000))
    truth = np.array([-math.log(value) for value in u])
    assert float(np.max(np.abs(negative_logarithm(u) - truth) / truth)) < 1e-15


def test_the_ends_of_the_unit_interval_have_their_logarithms() -> None:
    assert uniform(np.array([0, 2**64 - 1], np.uint64)).tolist() == [2.0**-53, 1.0]
    found = negative_logarithm(np.array([1.0, 2.0**-53]))
    assert found[0] == 0.0
    assert found[1] == pytest.approx(53 * math.log(2), rel=1e-15)


def test_half_of_all_logarithms_off_by_one_in_the_last_place_change_no_gap() -> None:
    weights = arrival_processes.poisson_weights(200_000, np.random.PCG64(1))
    nudged = np.where(np.arange(len(weights)) % 2, np.nextafter(weights, np.inf), weights)
    gaps, others = (arrival_processes.scaled_gaps(each, 200 * SECOND) for each in (weights, nudged))
    assert int((gaps != others).sum()) <= 1


def marsaglia_tsang(shape: float, requests: int, stream: list[int]) -> list[float]:
    """Gamma variates one at a time with the C library's functions, from the same words."""
    boosted = shape < 1
    d = (shape + 1 if boosted else shape) - 1 / 3
    found: list[float] = []
    while len(found) < requests:
        u = [((stream.pop(0) >> 11) + 1) * 2.0**-53 for _ in range(3 + boosted)]
        a, b = 2 * u[0] - 1, 2 * u[1] - 1
        s = a * a + b * b
        if not 0 < s < 1:
            continue
        z = a * math.sqrt(-2 * math.log(s) / s)
        v = (1 + z / math.sqrt(9 * d)) ** 3
        if v > 0 and math.log(u[2]) < z * z / 2 + d - d * v + d * math.log(v):
            found.append(d * v * (u[3] ** (1 / shape) if boosted else 1))
    return found


@pytest.mark.parametrize("shape", ["0.25", "0.7", "1", "3.5", "900"])
def test_gamma_offsets_agree_with_a_second_implementation_that_uses_the_c_library(shape: str) -> None:
    weights = marsaglia_tsang(float(shape), 800, words(b"7\x00arrivals\x000\x001", 6000))
    total, scale = 8 * SECOND // 10, math.fsum(weights)
    gaps = [round(weight * total / scale) for weight in weights]
    gaps[gaps.index(max(gaps))] += total - sum(gaps)
    assert np.cumsum(gaps).tolist() == schedules.offsets("gamma", "1000", 800, "7", 0, 1, gamma_shape=shape).tolist()


@pytest.mark.parametrize("shape", ["0.001", "0.5", "2"])
def test_gamma_gaps_do_not_depend_on_how_many_words_are_drawn_at_a_time(shape: str) -> None:
    class Single:
        """Hands out the same words, but never sees more of the future than it must."""

        def __init__(self) -> None:
            self.source = np.random.PCG64(3)

        def random_raw(self, count: int) -> np.ndarray:
            return self.source.random_raw(min(count, 3 * 4))

    one, other = (arrival_processes.gamma_weights(500, Fraction(shape), source) for source in (Single(), np.random.PCG64(3)))  # type: ignore[arg-type]
    assert (one == other).all()


@pytest.mark.parametrize("shape", ["0.25", "1", "4", "100"])
def test_the_variation_of_gamma_gaps_is_one_over_the_root_of_the_shape(shape: str) -> None:
    gaps = np.diff(schedules.offsets("gamma", "1000", 100_000, "7", 0, 0, gamma_shape=shape))
    assert gaps.std() / gaps.mean() == pytest.approx(1 / math.sqrt(float(shape)), rel=0.03)


def test_a_shape_so_small_that_powers_vanish_still_has_one_gap_that_is_longest_and_not_equal_ones() -> None:
    due = schedules.offsets("gamma", "1000", 50, "7", 0, 0, gamma_shape="0.001")
    assert np.diff(due).max() > 10 * SECOND // 1000 and int(due[-1]) == 50_000_000


def test_the_exponential_is_within_a_few_units_of_the_last_place_and_vanishes_far_out() -> None:
    y = np.linspace(0.0, 700.0, 100_001)
    truth = np.array([math.exp(-value) for value in y])
    assert float(np.max(np.abs(negative_exponential(y) - truth) / truth)) < 1e-15
    assert negative_exponential(np.array([0.0, 700.1, 1e5])).tolist() == [1.0, 0.0, 0.0]


def exact_ramp(start: Fraction, end: Fraction, window_ns: int, due: Fraction) -> Fraction:
    """When a ramp has made `due` requests, in ns, to about thirty digits."""
    a, b, s = start, end, due * SECOND
    if a == b:
        return s / a
    inside = a * a + 2 * (b - a) * s / window_ns
    root = Fraction(math.isqrt(inside.numerator * 10**80 // inside.denominator), 10**40)
    return window_ns * (root - a) / (b - a)


@settings(max_examples=60, deadline=None)
@given(RATES, RATES, some.integers(1, 10**10))
def test_a_ramp_is_due_where_its_integral_says_rounded_down_and_inside_the_window(start: str, end: str, window_ns: int) -> None:
    one, other = Fraction(start), Fraction(end)
    if (one + other) * window_ns > 4_000 * SECOND:
        window_ns = int(4_000 * SECOND / (one + other)) or 1
    due = schedules.due_times(load("ramp", rate_per_s=start, rate_to_per_s=end), window_ns, 0, 0)
    assert len(due) == max(1, math.ceil((one + other) * window_ns / (2 * SECOND)))
    assert due[0] == 0 and int(due[-1]) < window_ns and (np.diff(due) >= 0).all()
    for i in {0, len(due) // 3, len(due) - 1}:
        assert -1 <= int(due[i]) - exact_ramp(one, other, window_ns, Fraction(i)) <= Fraction(1, 100) or int(due[i]) == window_ns - 1


@settings(max_examples=40, deadline=None)
@given(RATES, RATES, some.integers(0, 2**63))
def test_a_random_ramp_has_as_many_requests_as_its_integral_in_order_and_inside_the_window(start: str, end: str, root: int) -> None:
    window_ns = max(1, int(3_000 * SECOND / (Fraction(start) + Fraction(end))))
    due = schedules.due_times(load("ramp_poisson", rate_per_s=start, rate_to_per_s=end), window_ns, 0, 0, seed=str(root))
    assert len(due) == math.ceil((Fraction(start) + Fraction(end)) * window_ns / (2 * SECOND))
    assert int(due[0]) >= 0 and int(due[-1]) < window_ns and (np.diff(due) >= 0).all()


def test_a_random_ramp_is_spread_as_its_integral_would() -> None:
    due = schedules.due_times(load("ramp_poisson", rate_per_s="100", rate_to_per_s="3900"), 10 * SECOND, 0, 0) / (10 * SECOND)
    assert stats.kstest((100 * due + 3800 * due**2 / 2) / 2000, "uniform").pvalue > 0.01


@settings(max_examples=60, deadline=None)
@given(some.lists(some.integers(0, 2**50), min_size=1, max_size=50), some.integers(1, 10**6), some.integers(1, 2**45))
def test_a_trace_is_scaled_half_even_and_cut_at_the_window(offsets: list[int], thousandths: int, window_ns: int) -> None:
    recorded, scale = np.array(sorted(offsets), np.int64), Fraction(thousandths, 1000)
    expected = [at for at in (round(int(offset) * scale) for offset in recorded) if at < window_ns]
    assert arrival_processes.replayed(recorded, scale, window_ns).tolist() == expected


def replay(trace: np.ndarray | None, **changes: object) -> np.ndarray:
    fields: dict[str, object] = {"trace_sha256": schedules.digest(RECORDED), "trace_scale": "1"}
    return schedules.due_times(load("trace", **{**fields, **changes}), SECOND, 0, 0, trace=trace)


def test_a_trace_needs_the_offsets_that_the_methodology_names() -> None:
    assert replay(RECORDED).tolist() == RECORDED.tolist()
    for other in (None, RECORDED[:-1], RECORDED + 1):
        with pytest.raises(Problems) as caught:
            replay(other)
        assert caught.value.codes == ("schedule-mismatch",)


@pytest.mark.parametrize("bad", [[-1, 5], [5, 3], [2 * SECOND], []], ids=["before the window", "out of order", "past the window", "empty"])
def test_a_trace_that_cannot_be_walked_is_refused(bad: list[int]) -> None:
    trace = np.array(bad, np.int64)
    with pytest.raises(Problems, match="trace_sha256"):
        replay(trace, trace_sha256=schedules.digest(trace))
