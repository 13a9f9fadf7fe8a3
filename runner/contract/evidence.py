"""Evidence: the opened contents of one bundle, typed; gates read it and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from runner.contract.executor import Executor
from runner.contract.methodology import Methodology
from runner.contract.quality import Items, QualityEvaluation
from runner.contract.run import Run
from runner.contract.samples import Integers, Samples
from runner.contract.telemetry import TelemetryRow


@dataclass(frozen=True)
class Evidence:
    """One run with its methodology, the executor before and after, its samples, its quality evaluation and what the sensors read.

    `items` are the outputs behind the quality evaluation; `trace` the recorded arrival offsets in ns, where the load replays some.
    """

    run: Run
    methodology: Methodology
    before: Executor
    after: Executor
    samples: Samples
    quality: QualityEvaluation | None
    telemetry: tuple[TelemetryRow, ...] = ()
    items: Items | None = None
    trace: Integers | None = None
