"""A clock that only moves when someone reads it, sleeps on it or serves on it, so that systems with a known answer run in milliseconds."""

from __future__ import annotations

from runner.load.clock import Clock


class VirtualTime:
    """Time in ns; each reading costs `cost_ns` and each sleep wakes `oversleep_ns` late."""

    def __init__(self, cost_ns: int = 10, oversleep_ns: int = 0) -> None:
        self.now, self.cost_ns, self.oversleep_ns = 5_000_000_000, cost_ns, oversleep_ns
        self.slept: list[float] = []

    def read(self) -> int:
        self.now += self.cost_ns
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += round(seconds * 1e9) + self.oversleep_ns

    def spend(self, ns: int) -> None:
        """Time passes in the system under test."""
        self.now += ns

    def clock(self) -> Clock:
        return Clock(self.now, self.read, self.sleep)
