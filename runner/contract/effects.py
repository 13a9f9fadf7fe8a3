"""What the numbers of an allowed comparison say: ratio with interval, change with its sign normalised, and an outcome in words."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Literal

from runner.contract.metrics import DEFINITIONS, MetricDefinition
from runner.contract.policies import MATERIAL_PPM, TRIALS_FOR_OUTCOME
from runner.contract.reasons import Side
from runner.contract.run import MetricValue
from runner.contract.statistics import ratio_interval, text

OutcomeCode = Literal["better", "worse", "no_material_difference", "inconclusive", "needs_trials"]


@dataclass(frozen=True)
class MetricComparison:
    """One metric on both sides. `ratio` is the stated value of B over that of A, `change` the same in percent, negative always worse.

    The interval is that of the trials (Welch's t on logarithms). Where the trials do not carry an outcome there is an interval and no point
    estimate: a reader would take it for one.
    """

    definition: str
    a: MetricValue
    b: MetricValue
    ratio: str | None
    ratio_low: str
    ratio_high: str
    change_percent: str | None
    change_low_percent: str
    change_high_percent: str
    outcome: OutcomeCode
    sentence: str

    def as_dict(self) -> dict[str, object]:
        """The comparison of one metric as API and CLI carry it."""
        return {**asdict(self), "a": self.a.model_dump(mode="json"), "b": self.b.model_dump(mode="json")}


def metric_comparisons(a: Side, b: Side, left_out: Collection[str]) -> tuple[MetricComparison, ...]:
    """Every metric that both sides state, primary first; only for pairs whose verdict allows numbers."""
    names = [name for name in a.methodology.metrics.definitions if name not in left_out]
    names.sort(key=lambda name: name != a.methodology.primary_metric)
    pairs = ((name, a.run.metric(name), b.run.metric(name)) for name in names)
    found = (_compared(DEFINITIONS[name], one, other) for name, one, other in pairs if one is not None and other is not None)
    return tuple(comparison for comparison in found if comparison is not None)


def _compared(definition: MetricDefinition, one: MetricValue, other: MetricValue) -> MetricComparison | None:
    interval = ratio_interval([Decimal(value) for value in one.trial_values], [Decimal(value) for value in other.trial_values])
    if interval is None:
        return None
    _, low, high = interval
    ratio = Decimal(other.value) / Decimal(one.value)
    sign = 1 if definition.direction == "higher_is_better" else -1
    changes = sorted((sign * (low - 1) * 100, sign * (high - 1) * 100))
    outcome, sentence = _outcome(changes[0], changes[1], min(one.n_trials, other.n_trials))
    if not low <= ratio <= high and outcome != "needs_trials":
        outcome, sentence = (
            "inconclusive",
            f"inconclusive: the medians lie outside the trials' interval of {text(changes[0], 1)} % to {text(changes[1], 1)} %",
        )
    carried = outcome not in ("inconclusive", "needs_trials")
    return MetricComparison(
        definition=definition.id,
        a=one,
        b=other,
        ratio=text(ratio, 4) if carried else None,
        ratio_low=text(low, 4),
        ratio_high=text(high, 4),
        change_percent=text(sign * (ratio - 1) * 100, 1) if carried else None,
        change_low_percent=text(changes[0], 1),
        change_high_percent=text(changes[1], 1),
        outcome=outcome,
        sentence=sentence,
    )


def _outcome(low: Decimal, high: Decimal, trials: int) -> tuple[OutcomeCode, str]:
    material = Decimal(MATERIAL_PPM) / 10_000
    if trials < TRIALS_FOR_OUTCOME:
        missing = TRIALS_FOR_OUTCOME - trials
        return "needs_trials", f"inconclusive: {missing} more trial{'s' if missing > 1 else ''}"
    if -material <= low and high <= material:
        return "no_material_difference", f"no material difference (within ±{text(material, 1)} %)"
    if low <= 0 <= high:
        return "inconclusive", f"inconclusive: between {text(low, 1)} % and {text(high, 1)} %"
    word = ("better", "worse")[high < 0]
    near, far = sorted((abs(low), abs(high)))
    return ("worse" if high < 0 else "better"), f"B is {word} by {text(near, 1)}–{text(far, 1)} %"
