"""When requests are due and which sample each one takes: everything follows from one root seed, bit for bit, on any machine.

Only raw 64-bit words of PCG64 and operations that IEEE 754 rounds exactly (+ − × ÷) are used: no distribution method of NumPy and no logarithm
of a C library, whose last digits may change from one release or processor to the next.
"""

from __future__ import annotations

import hashlib
import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from runner.contract.loads import Load
from runner.contract.problems import Problem, Problems

STREAMS = ("arrivals", "samples", "blocks", "quality")
PROCESSES = ("constant", "poisson")
MOST_REQUESTS = 20_000_000
FASTEST_PER_S = 1_000_000
SECOND_NS = 1_000_000_000
_PREFIX = b"lynxweb/schedule/1\n"
_LN2 = 0.6931471805599453
_TERMS = 12  # atanh(s) for |s| <= 0.1716: the next term is below 2^-60 of the first

Integers = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Reals = npt.NDArray[np.float64]


def seed(root: str, stream: str, point: int, trial: int) -> int:
    """The 256-bit seed of one stream: SHA-256 of `root 00 stream 00 point 00 trial` in ASCII, read big-endian."""
    if stream not in STREAMS:
        raise Problems([Problem("schedule.stream", stream, f"one of {', '.join(STREAMS)}", "name a known stream")])
    if not root.isascii() or not root.isdigit():
        raise Problems([Problem("methodology.load.seed", root[:80], "decimal digits", "write the seed as a decimal string")])
    label = b"\0".join((root.encode("ascii"), stream.encode("ascii"), str(point).encode("ascii"), str(trial).encode("ascii")))
    return int.from_bytes(hashlib.sha256(label).digest(), "big")


def generator(root: str, stream: str, point: int, trial: int) -> np.random.PCG64:
    """PCG64 at the start of one stream; only its `random_raw` may be used."""
    return np.random.PCG64(seed(root, stream, point, trial))


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


def offsets(process: str, rate_per_s: str, requests: int, root: str, point: int, trial: int) -> Integers:
    """Due times of `requests` requests in ns from the start of the window, in order (int64); the rate is met exactly over the schedule."""
    if not 0 < requests <= MOST_REQUESTS:
        raise Problems([Problem("schedule.requests", str(requests), f"1 to {MOST_REQUESTS}", "change the rate or the duration")])
    if process == "constant":
        return _constant(requests, rate_of(rate_per_s))
    if process == "poisson":
        words = generator(root, "arrivals", point, trial).random_raw(requests)
        return np.cumsum(scaled_gaps(negative_logarithm(uniform(words)), span_ns(requests, rate_per_s)), dtype=np.int64)
    raise Problems([Problem("methodology.load.process", process, f"one of {', '.join(PROCESSES)}", "choose a known arrival process")])


def uniform(words: Words) -> Reals:
    """u = ((w >> 11) + 1) · 2⁻⁵³ in (0, 1] for each raw word."""
    return ((words >> np.uint64(11)) + np.uint64(1)).astype(np.float64) * 2.0**-53


def negative_logarithm(u: Reals) -> Reals:
    """−ln u within a few units of the last place, with the same bits everywhere: u = m·2^e, ln m = 2·atanh((m − 1)/(m + 1)) as a series."""
    m, e = np.frexp(u)
    low = m < 0.7071067811865476
    m, e = np.where(low, m * 2.0, m), e - low
    s = (m - 1.0) / (m + 1.0)
    square = s * s
    tail = np.zeros_like(s)
    for k in range(2 * _TERMS - 1, 0, -2):
        tail = tail * square + 1.0 / k
    return -(e.astype(np.float64) * _LN2 + 2.0 * (s * tail)) + 0.0


def scaled_gaps(weights: Reals, total_ns: int) -> Integers:
    """Gaps in ns proportional to `weights`, each rounded half-even, whose sum is exactly `total_ns`: the longest gap takes what rounding left."""
    scale = math.fsum(weights.tolist())
    if scale <= 0.0:
        return _even_gaps(len(weights), total_ns)
    gaps = np.rint(weights * float(total_ns) / scale).astype(np.int64)
    longest = int(np.argmax(gaps))
    gaps[longest] += total_ns - int(gaps.sum())
    if gaps[longest] < 0:
        raise Problems([Problem("schedule", f"{len(weights)} requests in {total_ns} ns", "gaps that nanoseconds can carry", "lower the rate")])
    return gaps


def _even_gaps(requests: int, total_ns: int) -> Integers:
    """All weights zero (one word in 2⁵³ does that to a single request): equal gaps, the last one closes the total."""
    gaps = np.full(requests, total_ns // requests, np.int64)
    gaps[-1] += total_ns - int(gaps.sum())
    return gaps


def _constant(requests: int, rate: Fraction) -> Integers:
    step, twice = 2 * SECOND_NS * rate.denominator, 2 * rate.numerator
    return np.array([(i * step + rate.numerator) // twice for i in range(requests)], dtype=np.int64)


def digest(due_ns: Integers) -> str:
    """SHA-256 of a schedule: a prefix, then the offsets from the start of the window as little-endian int64."""
    return hashlib.sha256(_PREFIX + np.ascontiguousarray(due_ns, dtype="<i8").tobytes()).hexdigest()


def sample_order(population: int, length: int, root: str, point: int, trial: int) -> Integers:
    """Which sample request i takes (int64, values below `population`): one full shuffle after the other, cut to `length`."""
    words = _Words(generator(root, "samples", point, trial))
    order = np.empty(-(-length // population) * population, np.int64)
    for start in range(0, len(order), population):
        order[start : start + population] = _shuffled(population, words)
    return order[:length]


def _shuffled(population: int, words: _Words) -> list[int]:
    """Fisher–Yates from the last place down."""
    places = list(range(population))
    for i in range(population - 1, 0, -1):
        j = words.below(i + 1)
        places[i], places[j] = places[j], places[i]
    return places


class _Words:
    """Raw words, drawn in blocks because one call per word is slow; the block size does not change the words."""

    def __init__(self, source: np.random.PCG64) -> None:
        self._source = source
        self._block: list[int] = []

    def below(self, bound: int) -> int:
        """A uniform integer in [0, bound): words at or past the largest multiple of `bound` are thrown away."""
        limit = 2**64 - 2**64 % bound
        while True:
            if not self._block:
                self._block = self._source.random_raw(4096).tolist()[::-1]
            word = self._block.pop()
            if word < limit:
                return word % bound


def mismatch(scheduled_ns: Integers, window_start_ns: int, load: Load, trial: int, stated_sha256: str | None) -> Problem | None:
    """Why the due times of one trial (at point 0) are not those that seed and rate give, or None (gate G-17, code `schedule-mismatch`)."""
    path = f"run.trials[{trial}].schedule_sha256"
    found = digest(scheduled_ns - window_start_ns)
    if stated_sha256 != found:
        return Problem(path, str(stated_sha256), f"{found}, from t_scheduled_ns", "state the digest of the rows", "schedule-mismatch")
    if load.rate_per_s is None or not len(scheduled_ns):
        return Problem(path, found, "no schedule: a closed loop has none, and no rows have none", "leave it out", "schedule-mismatch")
    true = digest(offsets(load.process, load.rate_per_s, len(scheduled_ns), load.seed, 0, trial))
    if found != true:
        return Problem(path, found, f"{true}, from seed and rate", "send every request when the schedule says", "schedule-mismatch")
    return None
