"""When requests are due, which sample each one takes and of which class it is: all of it follows from one root seed, bit for bit, on any machine."""

from __future__ import annotations

import hashlib
import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from runner.contract.arrival_processes import (
    constant,
    even_shares,
    gamma_weights,
    poisson_shares,
    poisson_weights,
    ramp,
    ramp_requests,
    replayed,
    replayed_requests,
    scaled_gaps,
)  # fmt: skip
from runner.contract.loads import CLOSED, FASTEST_PER_S, RAMPS, Load
from runner.contract.problems import Problem, Problems
from runner.contract.streams import STREAMS, Bounded, all_below, generator, seed

__all__ = [
    "FASTEST_PER_S", "MOST_REQUESTS", "PROCESSES", "SECOND_NS", "STREAMS", "class_sequence", "departure", "digest", "due_times", "generator",
    "offsets", "rate_of", "requests_due", "requests_in", "sample_order", "seed", "span_ns",
]  # fmt: skip

PROCESSES = ("constant", "poisson", "gamma")
MOST_REQUESTS = 20_000_000
SECOND_NS = 1_000_000_000
_PREFIX = b"lynxweb/schedule/1\n"
Integers = npt.NDArray[np.int64]


def rate_of(rate_per_s: str) -> Fraction:
    """The exact rate in requests per second behind a decimal string; between 0 and 1,000,000, both ends of reason included."""
    rate = Fraction(rate_per_s)
    if not 0 < rate <= FASTEST_PER_S:
        raise Problems([Problem("methodology.load.rate_per_s", rate_per_s, f"above 0 and at most {FASTEST_PER_S}", "choose another rate")])
    return rate


def requests_in(rate_per_s: str, window_ns: int) -> int:
    """How many requests a window of `window_ns` holds at the rate, rounded up so that the schedule covers the window; at least 1."""
    return max(1, math.ceil(rate_of(rate_per_s) * window_ns / SECOND_NS))


def span_ns(requests: int, rate_per_s: str) -> int:
    """T = n / r in ns, half-even: the length of a schedule of n requests."""
    return round(Fraction(requests * SECOND_NS) / rate_of(rate_per_s))


def due_times(load: Load, window_ns: int, point: int, trial: int, *, seed: str | None = None, trace: Integers | None = None) -> Integers:
    """When the requests of one open-loop window are due: offsets in ns from its start, in order (int64).

    `seed` is the root seed where it is not the load's, `trace` the recorded offsets that a load with the process `trace` replays. At a single rate
    there are ⌈r·T⌉ of them and the rate is met exactly; a ramp and a trace end inside the window. ValueError for a closed loop.
    """
    if load.process in CLOSED:
        raise ValueError("methodology.load.rate_per_s: a closed loop has no schedule; choose an open loop")
    if load.process == "trace":
        return _of_trace(load, window_ns, trace)
    if load.rate_per_s is None:
        raise ValueError("methodology.load.rate_per_s: none at this point; take the load of one point of the sweep or search")
    if load.process in RAMPS:
        return _of_ramp(load, window_ns, seed or load.seed, point, trial)
    requests = requests_in(load.rate_per_s, window_ns)
    return offsets(load.process, load.rate_per_s, requests, seed or load.seed, point, trial, gamma_shape=load.gamma_shape)


def requests_due(load: Load, window_ns: int, trace: Integers | None = None) -> int:
    """How many requests `due_times` has, without deriving one of them; 0 for a closed loop and for a trace that is not at hand."""
    if load.process == "trace":
        return replayed_requests(trace, Fraction(load.trace_scale or "1"), window_ns) if trace is not None else 0
    if load.rate_per_s is None:
        return 0
    if load.rate_to_per_s is not None:
        return ramp_requests(rate_of(load.rate_per_s), rate_of(load.rate_to_per_s), window_ns)
    return requests_in(load.rate_per_s, window_ns)


def offsets(process: str, rate_per_s: str, requests: int, root: str, point: int, trial: int, *, gamma_shape: str | None = None) -> Integers:
    """Due times of `requests` requests in ns from the start of the window, in order (int64); the rate is met exactly over the schedule."""
    _countable(requests)
    if process == "constant":
        return constant(requests, rate_of(rate_per_s))
    if process == "poisson":
        weights = poisson_weights(requests, generator(root, "arrivals", point, trial))
    elif process == "gamma":
        weights = gamma_weights(requests, _shape(gamma_shape), generator(root, "arrivals", point, trial))
    else:
        raise Problems([Problem("methodology.load.process", process, f"one of {', '.join(PROCESSES)}", "choose an arrival process with one rate")])
    return np.cumsum(scaled_gaps(weights, span_ns(requests, rate_per_s)), dtype=np.int64)


def _countable(requests: int) -> None:
    if not 0 < requests <= MOST_REQUESTS:
        raise Problems([Problem("schedule.requests", str(requests), f"1 to {MOST_REQUESTS}", "change the rate or the duration")])


def _shape(gamma_shape: str | None) -> Fraction:
    shape = Fraction(gamma_shape or "0")
    if not Fraction(1, 1000) <= shape <= 1000:
        raise Problems([Problem("methodology.load.gamma_shape", str(gamma_shape), "0.001 to 1000", "state the shape of the gaps")])
    return shape


def _of_ramp(load: Load, window_ns: int, root: str, point: int, trial: int) -> Integers:
    assert load.rate_per_s is not None and load.rate_to_per_s is not None
    start, end = rate_of(load.rate_per_s), rate_of(load.rate_to_per_s)
    requests = ramp_requests(start, end, window_ns)
    _countable(requests)
    if load.process == "ramp":
        return ramp(even_shares(start, end, window_ns), start, end, window_ns)
    return ramp(poisson_shares(requests, generator(root, "arrivals", point, trial)), start, end, window_ns)


def _of_trace(load: Load, window_ns: int, trace: Integers | None) -> Integers:
    place = "methodology.load.trace_sha256"
    if trace is None:
        raise Problems([Problem(place, "no recorded offsets", str(load.trace_sha256), "send the trace with the run", "schedule-mismatch")])
    if (found := digest(trace)) != load.trace_sha256:
        raise Problems([Problem(place, found, str(load.trace_sha256), "send the trace that the methodology names", "schedule-mismatch")])
    if not 0 < len(trace) <= MOST_REQUESTS or int(trace[0]) < 0 or bool((trace[1:] < trace[:-1]).any()):
        raise Problems([Problem(place, f"{len(trace)} offsets", f"1 to {MOST_REQUESTS} offsets, from 0 and in order", "record it again")])
    due = replayed(trace, Fraction(load.trace_scale or "1"), window_ns)
    if not len(due):
        raise Problems([Problem(place, "no offset inside the window", "one at least", "lengthen the window or shrink trace_scale")])
    return due


def digest(due_ns: Integers) -> str:
    """SHA-256 of a schedule: a prefix, then the offsets from the start of the window as little-endian int64."""
    return hashlib.sha256(_PREFIX + np.ascontiguousarray(due_ns, dtype="<i8").tobytes()).hexdigest()


def departure(found_ns: Integers, due_ns: Integers, stated_sha256: str | None, path: str) -> Problem | None:
    """Why offsets found in rows are not the ones that were due, or whose digest is stated; None if they are (gate G-17)."""
    found, due = digest(found_ns), digest(due_ns)
    if stated_sha256 != found:
        return Problem(path, str(stated_sha256), f"{found}, from t_scheduled_ns", "state the digest of the rows", "schedule-mismatch")
    if len(found_ns) != len(due_ns):
        return Problem(path, f"{len(found_ns)} requests", f"{len(due_ns)} requests", "send every request of the schedule", "schedule-mismatch")
    if found != due:
        first = int(np.argmax(found_ns != due_ns))
        at = f"{found}, request {first} at {int(found_ns[first])} ns"
        return Problem(path, at, f"{due}, at {int(due_ns[first])} ns, from seed and rate", "send each request when due", "schedule-mismatch")
    return None


def sample_order(population: int, length: int, root: str, point: int, trial: int) -> Integers:
    """Which sample request i takes (int64, values below `population`): one full shuffle after the other, cut to `length`."""
    words = Bounded(generator(root, "samples", point, trial))
    order = np.empty(-(-length // population) * population, np.int64)
    for start in range(0, len(order), population):
        order[start : start + population] = _shuffled(population, words)
    return order[:length]


def _shuffled(population: int, words: Bounded) -> list[int]:
    """Fisher–Yates from the last place down."""
    places = list(range(population))
    for i in range(population - 1, 0, -1):
        j = words.below(i + 1)
        places[i], places[j] = places[j], places[i]
    return places


def class_sequence(load: Load, requests: int, point: int, trial: int, *, seed: str | None = None) -> npt.NDArray[np.int32]:
    """Of which class request i is (int32, places in `load.classes`): class c with probability weight_c over the sum of all weights, exactly."""
    if not load.classes:
        raise ValueError("methodology.load.classes: none; a load without classes has no sequence of them")
    ends = np.cumsum([one.weight for one in load.classes], dtype=np.int64)
    drawn = all_below(int(ends[-1]), requests, generator(seed or load.seed, "classes", point, trial))
    return np.searchsorted(ends, drawn, side="right").astype(np.int32)
