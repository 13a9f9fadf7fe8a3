"""The gates: each judges one thing of a run and yields findings; the node and the site run the same ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from runner.contract.evidence import Evidence
from runner.contract.findings import Finding
from runner.contract.gates.audit import alternate_seed, answers_in_performance, audits_present, repeat_one_sample
from runner.contract.gates.disclosure import (
    declaration,
    executor_unchanged,
    runner_build,
    runtime_permitted,
    tuning_permitted,
    undisclosed,
    unreadable,
)  # fmt: skip
from runner.contract.gates.load import generator, schedule, stationary
from runner.contract.gates.machine import clock, clocks, device_gap, faults, health, isolation, link, sensing, steady, throttle
from runner.contract.gates.outcome import energy, errors, floors, physics, quality, search, variation

__all__ = ["GATES", "judge", "undisclosed"]

GATES: tuple[Callable[[Evidence], Iterator[Finding]], ...] = (
    unreadable,
    runtime_permitted,
    tuning_permitted,
    executor_unchanged,
    floors,
    isolation,
    faults,
    sensing,
    link,
    throttle,
    steady,
    physics,
    generator,
    schedule,
    stationary,
    errors,
    quality,
    variation,
    search,
    energy,
    device_gap,
    audits_present,
    repeat_one_sample,
    alternate_seed,
    answers_in_performance,
    clock,
    clocks,
    health,
    runner_build,
    declaration,
)


def judge(evidence: Evidence) -> tuple[Finding, ...]:
    """Every finding of every gate, each once."""
    found = (finding for gate in GATES for finding in gate(evidence))
    return tuple(dict.fromkeys(found))
