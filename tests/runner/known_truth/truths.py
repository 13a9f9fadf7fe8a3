"""What the true answer is: closed formulas, and simulations that share no code with the drivers."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
SECOND_NS = 1_000_000_000


def mm1_sojourn_ns(permille: int, arrivals_per_s: float, served_per_s: float) -> float:
    """Quantile of the time that a request spends in M/M/1 FIFO: ln(1 / (1 − p)) / (μ − λ)."""
    return math.log(1000 / (1000 - permille)) / (served_per_s - arrivals_per_s) * SECOND_NS


def md1_mean_wait_ns(load: float, service_ns: int) -> float:
    """Mean wait before service in M/D/1: ρ S / (2 (1 − ρ))."""
    return load * service_ns / (2 * (1 - load))


def starts(due_ns: Sequence[int], services_ns: Sequence[int], servers: int = 1) -> list[int]:
    """When each request begins to be served, first come first served by any free server (a heap of the moments at which they become free)."""
    free = [0] * servers
    begun = []
    for due, service in zip(due_ns, services_ns, strict=True):
        begin = max(due, heapq.heappop(free))
        heapq.heappush(free, begin + service)
        begun.append(begin)
    return begun


def batch_starts(due_ns: Sequence[int], base_ns: int, each_ns: int, most: int, timeout_ns: int, servers: int = 1) -> list[tuple[int, int]]:
    """(begin, size) of each request's batch, simulated event by event: arrivals, timeouts and servers that become free.

    At each event a free server takes the waiting requests if there are `most` of them or the oldest has waited long enough.
    """
    waiting: list[int] = []
    answer: list[tuple[int, int]] = [(0, 0)] * len(due_ns)
    idle, arrived = servers, 0
    events = [(due, 0) for due in due_ns] + [(due + timeout_ns, 1) for due in due_ns]
    heapq.heapify(events)
    while events:
        now, kind = heapq.heappop(events)
        arrived += kind == 0
        idle += kind == 2
        if kind == 0:
            waiting.append(arrived - 1)
        if events and events[0][0] == now:
            continue
        while idle and waiting and (len(waiting) >= most or now - due_ns[waiting[0]] >= timeout_ns):
            batch, waiting = waiting[:most], waiting[most:]
            idle -= 1
            heapq.heappush(events, (now + base_ns + each_ns * len(batch), 2))
            for request in batch:
                answer[request] = (now, len(batch))
    return answer


def quantile(values: Integers, permille: int) -> int:
    """Order statistic number ⌈n p⌉."""
    return int(np.sort(values)[math.ceil(len(values) * permille / 1000) - 1])
