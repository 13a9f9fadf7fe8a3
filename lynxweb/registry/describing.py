"""Short words for rows and cards, taken from the documents of a run."""

from __future__ import annotations

from runner.contract.executor import Executor
from runner.contract.fields import AnyField
from runner.contract.run import OperatingPoint

LONGEST = 200


def runtime_of(executor: Executor) -> str:
    """The runtime's name, or why it is not known."""
    return _word(executor.sw.runtime.name)


def precision_of(executor: Executor) -> str:
    """The precision in a word: `fp32`, or weights and activations where they differ."""
    weights, activations = _word(executor.precision.weights), _word(executor.precision.activations)
    return weights if weights == activations else f"{weights} weights, {activations} activations"[:LONGEST]


def product_of(executor: Executor) -> str:
    """What computes: the accelerator, or the processor where there is none."""
    hw = executor.hw
    on_cpu = not hw.product_name.known or hw.vendor.value == "cpu_only"
    return _word(executor.host.cpu.model if on_cpu and executor.host.cpu.model.known else hw.product_name)


def point_text(point: OperatingPoint) -> str:
    """The load setting in words, as every throughput needs it beside it."""
    if point.loop == "closed":
        load = f"closed loop, concurrency {point.concurrency}"
    else:
        load = f"open loop, {point.process} arrivals at {point.rate_per_s}/s"
    return f"{load}, batch {point.batch}"[:LONGEST]


def label_of(executor: Executor) -> str:
    """The name a list gives a run: runtime, precision and what computed."""
    return f"{runtime_of(executor)} {precision_of(executor)} on {product_of(executor)}"[: 2 * LONGEST]


def _word(leaf: AnyField) -> str:
    return str(leaf.value if leaf.known else leaf.status)[:LONGEST]
