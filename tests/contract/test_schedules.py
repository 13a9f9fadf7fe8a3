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
from scipy import stats

from runner.contract import arrival_processes, schedules
from runner.contract.loads import Load, RequestClass
from runner.contract.problems import Problems
from runner.contract.streams import STREAMS, Bounded, all_below, seed

VECTORS = json.loads((Path(__file__).parent / "vectors" / "schedules.json").read_text())
SECOND = 10**9


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
    assert seed("42", "arrivals", 3, 11) == int(hashlib.sha256(b"42\x00arrivals\x003\x0011").hexdigest(), 16)


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
    due = arrival_processes.constant(requests, rate)
    assert due[0] == 0
    assert all(abs(int(at) - i * 10**9 / rate) <= Fraction(1, 2) for i, at in enumerate(due))


@pytest.mark.parametrize("root", ["1", "2", "3", "4", "5", "6", "7", "8"])
def test_poisson_arrivals_are_spread_as_chance_would(root: str) -> None:
    due = schedules.offsets("poisson", "1000", 20_000, root, 0, 0)[:-1] / 20e9
    ranks = np.arange(len(due))
    distance = max(float(np.max((ranks + 1) / len(due) - due)), float(np.max(due - ranks / len(due))))
    assert distance * math.sqrt(len(due)) < 1.63


def test_trials_points_streams_and_roots_differ() -> None:
    due = [schedules.digest(schedules.offsets("poisson", "10", 50, *rest)) for rest in (("1", 0, 0), ("1", 0, 1), ("1", 1, 0), ("2", 0, 0))]
    assert len(set(due)) == 4
    assert len({seed("1", stream, 0, 0) for stream in STREAMS}) == len(STREAMS)


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
        ("gamma", "10", 5, "7", "gamma_shape"),
        ("trace", "10", 5, "7", "process"),
    ],
)
def test_an_impossible_schedule_is_refused_with_its_place(process: str, rate: str, requests: int, root: str, place: str) -> None:
    with pytest.raises(Problems) as caught:
        schedules.offsets(process, rate, requests, root, 0, 0)
    assert place in caught.value.problems[0].path


class Given:
    """Words that someone wrote down, in place of a generator's."""

    def __init__(self, *given: int) -> None:
        self.given = given

    def random_raw(self, count: int) -> np.ndarray:
        return np.array(self.given[:count], np.uint64)


def test_a_word_past_the_largest_multiple_of_the_bound_is_thrown_away() -> None:
    words = Bounded(Given(2**64 - 1, 7, 2**64 - 2))  # type: ignore[arg-type]
    assert words.below(3) == 7 % 3
    assert words.below(3) == (2**64 - 2) % 3
    assert all_below(3, 2, Given(2**64 - 1, 7, 2**64 - 2)).tolist() == [7 % 3, (2**64 - 2) % 3]  # type: ignore[arg-type]


@pytest.mark.parametrize("bound", [1, 2, 3, 10, 2**31, 3_000_000])
def test_integers_drawn_together_are_those_drawn_one_by_one(bound: int) -> None:
    single = Bounded(np.random.PCG64(5))
    assert all_below(bound, 300, np.random.PCG64(5)).tolist() == [single.below(bound) for _ in range(300)]


def load(process: str, **fields: object) -> Load:
    return Load.model_validate({"loop": "open", "process": process, "seed": "7", **fields})


def of_vector(vector: dict) -> np.ndarray:
    names = ("process", "rate_per_s", "gamma_shape", "rate_to_per_s", "trace_sha256", "trace_scale")
    given = Load.model_validate({"loop": "open", "seed": vector["root"], **{name: vector[name] for name in names if name in vector}})
    trace = np.array(vector["trace_ns"], np.int64) if "trace_ns" in vector else None
    return schedules.due_times(given, vector["window_ns"], vector["point"], vector["trial"], trace=trace)


@pytest.mark.parametrize("vector", VECTORS["windows"], ids=lambda vector: f"{vector['process']}-{vector.get('gamma_shape') or vector['trial']}")
def test_a_window_has_the_due_times_of_its_golden_vector(vector: dict) -> None:
    due = of_vector(vector)
    assert len(due) == vector["requests"]
    assert due[:6].tolist() == vector["first_ns"]
    assert (int(due[-1]), schedules.digest(due)) == (vector["last_ns"], vector["sha256"])


@pytest.mark.parametrize("vector", VECTORS["classes"], ids=lambda vector: "-".join(map(str, vector["weights"])))
def test_a_class_sequence_has_its_golden_vector(vector: dict) -> None:
    classes = tuple(RequestClass(name=f"c{place}", weight=weight, batch=1) for place, weight in enumerate(vector["weights"]))
    mixed = load("poisson", rate_per_s="10").model_copy(update={"classes": classes, "seed": vector["root"]})
    assert schedules.class_sequence(mixed, 40, vector["point"], vector["trial"]).tolist() == vector["classes"]


@pytest.mark.parametrize("vector", VECTORS["windows"], ids=lambda vector: f"{vector['process']}-{vector.get('gamma_shape') or vector['trial']}")
def test_the_number_of_requests_is_known_without_deriving_them(vector: dict) -> None:
    names = ("process", "rate_per_s", "gamma_shape", "rate_to_per_s", "trace_sha256", "trace_scale")
    given_ = Load.model_validate({"loop": "open", "seed": "7", **{name: vector[name] for name in names if name in vector}})
    trace = np.array(vector["trace_ns"], np.int64) if "trace_ns" in vector else None
    assert schedules.requests_due(given_, vector["window_ns"], trace) == vector["requests"]


def test_a_closed_loop_and_a_sweep_without_a_chosen_rate_have_no_due_times() -> None:
    closed = Load(loop="closed", process="single_stream", concurrency=1, seed="7")
    for given_ in (closed, load("poisson", rates_per_s=("10", "20"))):
        with pytest.raises(ValueError, match="rate_per_s"):
            schedules.due_times(given_, SECOND, 0, 0)


def test_each_point_of_a_sweep_and_each_trial_draws_its_own_gaps_and_a_seed_of_the_trial_replaces_the_loads() -> None:
    fixed = load("gamma", rate_per_s="100", gamma_shape="2")
    found = [schedules.digest(schedules.due_times(fixed, SECOND, point, trial)) for point, trial in ((0, 0), (1, 0), (0, 1))]
    other = schedules.digest(schedules.due_times(fixed, SECOND, 0, 0, seed="8"))
    assert len({*found, other}) == 4
    assert other == schedules.digest(schedules.due_times(fixed.model_copy(update={"seed": "8"}), SECOND, 0, 0))


@settings(max_examples=60, deadline=None)
@given(
    some.sampled_from(["constant", "poisson", "gamma"]), some.sampled_from(["0.5", "40", "333.3", "2500"]), some.integers(1, 2000),
    some.integers(0, 2**64 - 1), some.sampled_from(["0.001", "0.3", "1", "7.5", "1000"]),
)  # fmt: skip
def test_offsets_are_in_order_and_meet_their_rate_exactly(process: str, rate: str, requests: int, root: int, shape: str) -> None:
    due = schedules.offsets(process, rate, requests, str(root), 0, 0, gamma_shape=shape)
    span = Fraction(requests * SECOND) / Fraction(rate)
    assert (np.diff(due) >= 0).all() and int(due[0]) >= 0
    assert int(due[-1]) == round(span) if process != "constant" else abs(int(due[-1]) + Fraction(SECOND) / Fraction(rate) - span) <= Fraction(1, 2)


@settings(max_examples=40, deadline=None)
@given(some.integers(1, 17), some.integers(1, 500), some.integers(0, 2**64 - 1))
def test_the_digest_does_not_depend_on_how_many_processes_walk_the_schedule(processes: int, requests: int, root: int) -> None:
    due = schedules.offsets("poisson", "1000", requests, str(root), 0, 0)
    walked = np.empty_like(due)
    for place in range(processes):
        walked[place::processes] = due[place::processes]
    assert schedules.departure(walked, due, schedules.digest(due), "here") is None
    assert schedules.digest(np.sort(np.concatenate([due[place::processes] for place in range(processes)]))) == schedules.digest(due)


def mix(*weights: int) -> Load:
    classes = tuple(RequestClass(name=f"c{place}", weight=weight, batch=1) for place, weight in enumerate(weights))
    return load("poisson", rate_per_s="10").model_copy(update={"classes": classes})


def test_classes_agree_with_a_second_implementation() -> None:
    total, chosen = 11, []
    for word in words(b"7\x00classes\x002\x001", 400):
        if word < 2**64 - 2**64 % total:
            chosen.append(0 if word % total < 8 else 1 if word % total < 10 else 2)
    assert schedules.class_sequence(mix(8, 2, 1), 300, 2, 1).tolist() == chosen[:300]


def test_classes_come_as_often_as_their_weights_say() -> None:
    counts = np.bincount(schedules.class_sequence(mix(7, 2, 1), 100_000, 0, 0))
    assert stats.chisquare(counts, [70_000, 20_000, 10_000]).pvalue > 0.01


def test_a_longer_sequence_of_classes_begins_with_the_shorter_one_and_a_load_without_classes_has_none() -> None:
    assert schedules.class_sequence(mix(3, 5), 900, 0, 0)[:70].tolist() == schedules.class_sequence(mix(3, 5), 70, 0, 0).tolist()
    with pytest.raises(ValueError, match="classes"):
        schedules.class_sequence(load("poisson", rate_per_s="10"), 5, 0, 0)
