"""Systems under test that behave in one known way; time passes in them by `spend`, on a virtual clock or on the real one.

A system is what a driver calls: `run(prepared)` for a single request, `run(places)` for a batch, of which only the number counts.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence, Sized
from itertools import count

import numpy as np

Spend = Callable[[int], None]
Run = Callable[[object], object]
SECOND_NS = 1_000_000_000


def asleep(ns: int) -> None:
    """Real time passes without the interpreter's lock."""
    time.sleep(ns / SECOND_NS)


def holding_the_lock(ns: int) -> None:
    """Real time passes in Python code, so that no other thread runs but when it is made to."""
    end = time.perf_counter_ns() + ns
    while time.perf_counter_ns() < end:
        pass


def fixed(spend: Spend, service_ns: int) -> Run:
    """Every request takes `service_ns`; with `holding_the_lock` it is the system that no thread speeds up."""
    return lambda prepared: spend(service_ns)


def drawn(spend: Spend, services_ns: Iterable[int]) -> Run:
    """Request i takes the i-th of the times."""
    takes = iter(services_ns)
    return lambda prepared: spend(next(takes))


def exponential_ns(mean_ns: int, requests: int, seed: int) -> list[int]:
    """Service times of M/M/1."""
    return np.rint(np.random.default_rng(seed).exponential(mean_ns, requests)).astype(np.int64).tolist()


def batching(spend: Spend, base_ns: int, each_ns: int) -> Callable[[Sized], object]:
    """A batch takes `base_ns` and `each_ns` more for each of its requests."""
    return lambda places: spend(base_ns + each_ns * len(places))


def step_throttle(spend: Spend, read: Callable[[], int], service_ns: int, at_ns: int) -> Run:
    """The service time doubles once the clock reads `at_ns`."""
    return lambda prepared: spend(service_ns * (2 if read() >= at_ns else 1))


def cliff(spend: Spend, read: Callable[[], int], service_ns: int, most_per_s: int, factor: int, over: int = 32) -> Run:
    """`factor` times slower as long as the last `over` requests came faster than `most_per_s`."""
    begun: deque[int] = deque(maxlen=over)

    def run(prepared: object) -> None:
        begun.append(read())
        rushed = len(begun) == over and (over - 1) * SECOND_NS > most_per_s * (begun[-1] - begun[0])
        spend(service_ns * (factor if rushed else 1))

    return run


def slow_start(spend: Spend, service_ns: int, slow: int, factor: int) -> Run:
    """The first `slow` requests take `factor` times as long."""
    served = count()
    return lambda prepared: spend(service_ns * (factor if next(served) < slow else 1))


def leak(spend: Spend, service_ns: int, grows_by_ns: int) -> Run:
    """Every request takes `grows_by_ns` longer than the one before."""
    served = count()
    return lambda prepared: spend(service_ns + grows_by_ns * next(served))


def content_cache(spend: Spend, service_ns: int, cached_ns: int) -> Run:
    """A request seen before takes `cached_ns`."""
    seen: set[object] = set()

    def run(prepared: object) -> None:
        spend(cached_ns if prepared in seen else service_ns)
        seen.add(prepared)

    return run


def sometimes_wrong(spend: Spend, service_ns: int, answer: Callable[[object], int], every: int = 10_000) -> Run:
    """The answer of every `every`-th request is one too high."""
    served = count(1)

    def run(prepared: object) -> int:
        spend(service_ns)
        return answer(prepared) + (next(served) % every == 0)

    return run


def exploding(spend: Spend, service_ns: int, at: Collection[int] | None = None) -> Run:
    """The requests with these numbers raise after their service time; None: all of them."""
    served = count()

    def run(prepared: object) -> object:
        spend(service_ns)
        if at is None or next(served) in at:
            raise RuntimeError("the device is gone")
        return prepared

    return run


def batch_sizes(run: Callable[[Sequence[int]], object], seen: list[int]) -> Callable[[Sequence[int]], object]:
    """The same batching system, writing down how large its batches were."""

    def noted(places: Sequence[int]) -> object:
        seen.append(len(places))
        return run(places)

    return noted
