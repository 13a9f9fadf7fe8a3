"""Metric definitions: immutable, named by an id that a value never travels without; two definitions with one name are two metrics."""

from __future__ import annotations

from typing import Literal

from runner.contract.fields import Document, Name


class MetricDefinition(Document):
    """What a number means: unit, direction, how it is aggregated and rounded. `context` metrics describe and never decide."""

    id: str
    name: Name
    unit: Literal["ns", "1/s", "ppm", "mJ"]
    direction: Literal["lower_is_better", "higher_is_better", "none"]
    aggregation: Literal["order_statistic", "rate", "mean"]
    permille: int | None = None
    origin: Literal["scheduled", "sent", "none"] = "none"
    rounding: Literal["integer half-even", "three decimals half-even", "six decimals half-even"] = "integer half-even"
    context: bool = False
    text: str


def _percentile(permille: int, origin: Literal["scheduled", "sent"]) -> MetricDefinition:
    word = f"p{permille // 10}" if permille % 10 == 0 else f"p{permille // 10}_{permille % 10}"
    name = f"latency_{word}" if origin == "scheduled" else f"latency_from_issue_{word}"
    since = "the scheduled time" if origin == "scheduled" else "the moment it was sent"
    return MetricDefinition(
        id=f"{name}@1",
        name=name,
        unit="ns",
        direction="lower_is_better",
        aggregation="order_statistic",
        permille=permille,
        origin=origin,
        text=f"Order statistic k = ceil(n * {permille} / 1000) of completed requests' latencies, each counted from {since}, over requests "
        "scheduled inside the window; the stated value is the median over trials.",
    )


def _energy(kind: Literal["gross", "net"], method: str, scope: str) -> MetricDefinition:
    less = ", less the idle power around the window," if kind == "net" else ""
    return MetricDefinition(
        id=f"energy_per_inference_{kind}@{method}.{scope}",
        name=f"energy_per_inference_{kind}",
        unit="mJ",
        direction="lower_is_better",
        aggregation="mean",
        rounding="six decimals half-even",
        text=f"Energy between two ticks of the counter inside the window{less} divided by the inferences completed between them; method {method}, "
        f"scope {scope}; the stated value is the median over trials.",
    )


# Scope and method of energy, together: what this contract knows how to compute from telemetry.
ENERGIES: tuple[tuple[str, str], ...] = (
    ("gpu_board", "nvml_counter"), ("gpu_module", "nvml_counter"), ("gpu_board", "nvml_power_integral"), ("gpu_module", "nvml_power_integral"),
    ("cpu_package", "rapl"),
)  # fmt: skip
PERCENTILES_PERMILLE = (500, 900, 950, 990, 999)
DEFINITIONS: dict[str, MetricDefinition] = {
    definition.id: definition
    for definition in (
        *(_percentile(permille, "scheduled") for permille in PERCENTILES_PERMILLE),
        *(_percentile(permille, "sent") for permille in PERCENTILES_PERMILLE),
        MetricDefinition(
            id="throughput@1",
            name="throughput",
            unit="1/s",
            direction="higher_is_better",
            aggregation="rate",
            rounding="three decimals half-even",
            text="Requests completed inside the window divided by the length of the window; the stated value is the median over trials.",
        ),
        MetricDefinition(
            id="inference_rate@1",
            name="inference_rate",
            unit="1/s",
            direction="higher_is_better",
            aggregation="rate",
            rounding="three decimals half-even",
            text="Samples of the data set answered inside the window divided by the length of the window: a request of a fixed batch answers as many "
            "as its batch, a request that was batched with others answers one; padded slots count for nothing. The stated value is the median over "
            "trials.",
        ),
        *(_energy("gross", method, scope) for scope, method in ENERGIES),
        *(_energy("net", method, scope) for scope, method in ENERGIES),
        MetricDefinition(
            id="gpu_util@1",
            name="gpu_util",
            unit="ppm",
            direction="none",
            aggregation="mean",
            context=True,
            text="Share of sample periods with at least one kernel running. Context only: it is silent on throughput and on useful work.",
        ),
        MetricDefinition(
            id="cpu_util@1",
            name="cpu_util",
            unit="ppm",
            direction="none",
            aggregation="mean",
            context=True,
            text="Share of processor time not idle. Context only.",
        ),
    )
}
