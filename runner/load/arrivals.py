"""From a methodology's load to the arrays that a driver walks: due times and the order of the samples."""

from __future__ import annotations

from runner.contract.loads import Load
from runner.contract.schedules import offsets, requests_in, sample_order
from runner.load.driver import Integers

EPOCHS = 16


def due_times(load: Load, window_ns: int, point: int, trial: int) -> Integers:
    """Offsets in ns at which the requests of one open-loop window are due; they cover the window at exactly the methodology's rate."""
    if load.rate_per_s is None:
        raise ValueError("methodology.load.rate_per_s: a closed loop has no schedule; choose an open loop")
    return offsets(load.process, load.rate_per_s, requests_in(load.rate_per_s, window_ns), load.seed, point, trial)


def order(load: Load, population: int, point: int, trial: int) -> Integers:
    """Sixteen shuffles of the samples, one after the other; a driver that needs more begins again with the first."""
    return sample_order(population, population * EPOCHS, load.seed, point, trial)
