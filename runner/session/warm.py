"""Warm-up: serve as the window will until latencies stand still; tested, and not only counted."""

from __future__ import annotations

from dataclasses import dataclass

from runner.contract.loads import Load
from runner.contract.methodology import Protocol
from runner.contract.stationarity import settled
from runner.load.driver import Columns
from runner.session.bench import Bench, Stretch, steady_arrivals
from runner.session.phases import Phases

SECOND_NS = 10**9


@dataclass(frozen=True)
class Warmed:
    """What the warm-up did: its requests and length, whether its last stretch stood still, and how often it was extended for that."""

    requests: int
    duration_ns: int
    settled: bool
    extensions: int

    def expected(self, window_ns: int) -> int:
        """How many requests a window of this length is likely to hold."""
        return self.requests * window_ns // max(1, self.duration_ns)


def warmed(bench: Bench, load: Load, point: int, protocol: Protocol, seed: str, phases: Phases) -> Warmed:
    """Serve in stretches, none of which is kept: the first as long and as many as the methodology asks, then more while latencies still drift."""
    requests = duration = extensions = 0
    while True:
        with phases.during("warm_up") as count:
            begun = bench.clock.read()
            columns, count.requests = _stretch(bench, load, point, protocol, seed)
            duration += bench.clock.read() - begun
        requests += count.requests
        still = settled(columns.t_last_ns - columns.t_scheduled_ns)
        if still or extensions >= protocol.settle_extensions:
            return Warmed(requests, duration, still, extensions)
        extensions += 1


def _stretch(bench: Bench, load: Load, point: int, protocol: Protocol, seed: str) -> tuple[Columns, int]:
    """The rows that are tested for drift, and how many requests were served in all."""
    length = max(protocol.warmup_min_ns, 1)
    if load.loop == "open":
        due, length = steady_arrivals(load, length, protocol.warmup_min_requests)
        columns = bench.serve(Stretch(load, point, length, seed, due))
        return columns, len(columns)
    columns = bench.serve(Stretch(load, point, length, seed))
    served = len(columns)
    if served < protocol.warmup_min_requests:
        longer = length * protocol.warmup_min_requests // max(1, served) * 5 // 4
        columns = bench.serve(Stretch(load, point, min(longer, 600 * SECOND_NS), seed))
        served += len(columns)
    return columns, served
