"""Schedules: due times and sample order follow from the seed alone, and a row that was moved or dropped is noticed."""

from __future__ import annotations

import hashlib
import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from runner.contract import schedules
from runner.contract.loads import Load
from runner.contract.problems import Problems

VECTORS = json.loads((Path(__file__).parent / "vectors" / "schedules.json").read_text())
POISSON = Load(loop="open", process="poisson", rate_per_s="1000", seed="7")


def words(label: bytes, count: int) -> list[int]:
    """Raw words of one stream, from the label alone."""
    return [int(word) for word in np.random.PCG64(int.from_bytes(hashlib.sha256(label).digest(), "big")).random_raw(count)]


def name(vector: dict[str, object]) -> str:
    return f"{vector['process']}-{vector['rate_per_s']}-{vector['requests']}"


@pytest.mark.parametrize("vector", VECTORS["schedules"], ids=name)
def test_a_schedule_has_the_digest_of_its_golden_vector(vector: dict) -> None:
    due = schedules.offsets(vector["process"], vector["rate_per_s"], vector["requests"], vector["root"], vector["point"], vector["trial"])
    assert due[: len(vector["first_ns"])].tolist() == vector["first_ns"]
    assert int(due[-1]) == vector["last_ns"]
    assert schedules.digest(due) == vector["sha256"]


@pytest.mark.parametrize("vector", VECTORS["orders"], ids=lambda vector: f"{vector['population']}-of-{vector['root']}")
def test_a_sample_order_has_its_golden_vector(vector: dict) -> None:
    order = schedules.sample_order(vector["population"], vector["length"], vector["root"], vector["point"], vector["trial"])
    assert order.tolist() == vector["order"]


def test_a_seed_is_the_hash_of_root_stream_point_and_trial() -> None:
    assert schedules.seed("42", "arrivals", 3, 11) == int(hashlib.sha256(b"42\x00arrivals\x003\x0011").hexdigest(), 16)


def test_poisson_offsets_agree_with_a_second_implementation_that_uses_the_c_library() -> None:
    weights = [-math.log(((word >> 11) + 1) * 2.0**-53) for word in words(b"7\x00arrivals\x000\x001", 1000)]
    total, scale = 10**12 // 1000, math.fsum(weights)
    gaps = [round(weight * total / scale) for weight in weights]
    gaps[gaps.index(max(gaps))] += total - sum(gaps)
    assert np.cumsum(gaps).tolist() == schedules.offsets("poisson", "1000", 1000, "7", 0, 1).tolist()


def test_a_shuffle_agrees_with_a_second_implementation() -> None:
    stream, places = iter(words(b"7\x00samples\x000\x000", 200)), list(range(40))
    for i in range(39, 0, -1):
        word = next(word for word in stream if word < 2**64 - 2**64 % (i + 1))
        j = word % (i + 1)
        places[i], places[j] = places[j], places[i]
    assert schedules.sample_order(40, 40, "7", 0, 0).tolist() == places


@settings(max_examples=60, deadline=None)
@given(some.integers(1, 3000), some.integers(1, 10**9).map(lambda n: f"{Fraction(n, 10**4).limit_denominator(1)}"), some.integers(0, 2**64))
def test_poisson_gaps_sum_to_n_over_r_exactly_and_never_go_back(requests: int, rate: str, root: int) -> None:
    if Fraction(rate) == 0:
        return
    due = schedules.offsets("poisson", rate, requests, str(root), 0, 0)
    assert int(due[-1]) == round(Fraction(requests * 10**9) / Fraction(rate))
    assert due[0] >= 0
    assert (np.diff(due) >= 0).all()


@settings(max_examples=60, deadline=None)
@given(some.integers(1, 500), some.integers(1, 10**6), some.sampled_from([1, 3, 7, 1000]))
def test_constant_offsets_lie_within_half_a_nanosecond_of_the_exact_time_and_begin_at_zero(requests: int, top: int, low: int) -> None:
    rate = Fraction(top, low) if low in (1, 1000) else Fraction(top)
    due = schedules._constant(requests, rate)
    assert due[0] == 0
    assert all(abs(int(at) - i * 10**9 / rate) <= Fraction(1, 2) for i, at in enumerate(due))


def test_the_logarithm_is_within_a_few_units_of_the_last_place() -> None:
    u = schedules.uniform(np.random.PCG64(3).random_raw(100_000))
    truth = np.array([-math.log(value) for value in u])
    assert float(np.max(np.abs(schedules.negative_logarithm(u) - truth) / truth)) < 1e-15


def test_the_ends_of_the_unit_interval_have_their_logarithms() -> None:
    assert schedules.uniform(np.array([0, 2**64 - 1], np.uint64)).tolist() == [2.0**-53, 1.0]
    found = schedules.negative_logarithm(np.array([1.0, 2.0**-53]))
    assert found[0] == 0.0
    assert found[1] == pytest.approx(53 * math.log(2), rel=1e-15)


@pytest.mark.parametrize("root", ["1", "2", "3", "4", "5", "6", "7", "8"])
def test_poisson_arrivals_are_spread_as_chance_would(root: str) -> None:
    due = schedules.offsets("poisson", "1000", 20_000, root, 0, 0)[:-1] / 20e9
    ranks = np.arange(len(due))
    distance = max(float(np.max((ranks + 1) / len(due) - due)), float(np.max(due - ranks / len(due))))
    assert distance * math.sqrt(len(due)) < 1.63


def test_trials_points_streams_and_roots_differ() -> None:
    due = [schedules.digest(schedules.offsets("poisson", "10", 50, *rest)) for rest in (("1", 0, 0), ("1", 0, 1), ("1", 1, 0), ("2", 0, 0))]
    assert len(set(due)) == 4
    assert len({schedules.seed("1", stream, 0, 0) for stream in schedules.STREAMS}) == 4


def test_a_longer_order_begins_with_the_shorter_one_and_each_pass_holds_every_sample_once() -> None:
    long = schedules.sample_order(30, 95, "7", 0, 0)
    assert long[:40].tolist() == schedules.sample_order(30, 40, "7", 0, 0).tolist()
    assert [sorted(long[start : start + 30].tolist()) for start in (0, 30, 60)] == [list(range(30))] * 3


def test_requests_cover_the_window() -> None:
    assert schedules.requests_in("333.3", 5 * 10**9) == 1667
    assert schedules.requests_in("0.1", 10**9) == 1


@pytest.mark.parametrize(
    ("process", "rate", "requests", "root", "place"),
    [
        ("poisson", "0", 5, "7", "rate_per_s"),
        ("poisson", "-3", 5, "7", "rate_per_s"),
        ("poisson", "1000001", 5, "7", "rate_per_s"),
        ("poisson", "10", 0, "7", "requests"),
        ("poisson", "10", 5, "seven", "seed"),
        ("gamma", "10", 5, "7", "process"),
    ],
)
def test_an_impossible_schedule_is_refused_with_its_place(process: str, rate: str, requests: int, root: str, place: str) -> None:
    with pytest.raises(Problems) as caught:
        schedules.offsets(process, rate, requests, root, 0, 0)
    assert place in caught.value.problems[0].path


def rows(start: int = 1_000) -> np.ndarray:
    return schedules.offsets("poisson", "1000", 400, "7", 0, 2) + start


def test_rows_that_follow_the_schedule_match() -> None:
    assert schedules.mismatch(rows(), 1_000, POISSON, 2, schedules.digest(rows() - 1_000)) is None


def reanchored(due: np.ndarray) -> np.ndarray:
    return np.concatenate([due[:200], due[200:] + 5_000])


@pytest.mark.parametrize(
    "change",
    [reanchored, lambda due: due[:-1], lambda due: np.delete(due, 7), lambda due: due + 1],
    ids=["re-anchored", "cut short", "skipped", "shifted"],
)
def test_rows_that_leave_the_schedule_are_a_mismatch_even_if_the_digest_is_restated(change) -> None:
    moved = change(rows())
    found = schedules.mismatch(moved, 1_000, POISSON, 2, schedules.digest(moved - 1_000))
    assert found is not None
    assert found.code == "schedule-mismatch"


def test_a_stated_digest_that_the_rows_do_not_have_is_a_mismatch() -> None:
    found = schedules.mismatch(rows(), 1_000, POISSON, 2, "0" * 64)
    assert found is not None
    assert found.path == "run.trials[2].schedule_sha256"


def test_another_seed_is_a_mismatch() -> None:
    other = POISSON.model_copy(update={"seed": "8"})
    assert schedules.mismatch(rows(), 1_000, other, 2, schedules.digest(rows() - 1_000)) is not None


class Given:
    """Words that someone wrote down, in place of a generator's."""

    def __init__(self, *given: int) -> None:
        self.given = given

    def random_raw(self, count: int) -> np.ndarray:
        return np.array(self.given, np.uint64)


def test_a_word_past_the_largest_multiple_of_the_bound_is_thrown_away() -> None:
    words = schedules._Words(Given(2**64 - 1, 7, 2**64 - 2))  # type: ignore[arg-type]
    assert words.below(3) == 7 % 3
    assert words.below(3) == (2**64 - 2) % 3
