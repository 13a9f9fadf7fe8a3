"""From a methodology's load to the arrays that a driver walks: due times and the order of the samples."""

from __future__ import annotations

from runner.contract.loads import Load
from runner.contract.schedules import due_times, sample_order
from runner.load.driver import Integers

__all__ = ["EPOCHS", "due_times", "order"]
EPOCHS = 16


def order(load: Load, population: int, point: int, trial: int) -> Integers:
    """Sixteen shuffles of the samples, one after the other; a driver that needs more begins again with the first."""
    return sample_order(population, population * EPOCHS, load.seed, point, trial)
