"""Evidence: the opened contents of one bundle, typed; gates read it and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from runner.contract.executor import Executor
from runner.contract.methodology import Methodology
from runner.contract.quality import Items, QualityEvaluation
from runner.contract.run import Run, Trial, Window
from runner.contract.samples import Integers, Samples
from runner.contract.telemetry import TelemetryRow
from runner.contract.window_rows import WindowRows, rows_of


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

    @property
    def batched(self) -> bool:
        """Whether each row is one sample of a batch that it shares with others."""
        return self.before.serving.batch_policy.value == "dynamic"

    @cached_property
    def _windows(self) -> dict[tuple[int, int], WindowRows]:
        return {}

    def rows(self, trial: Trial, window: Window) -> WindowRows:
        """The rows of one window of one trial of the run; sorted once, however many gates ask."""
        key = trial.index, window.point
        if key not in self._windows:
            self._windows[key] = rows_of(self.samples, trial, window, batched=self.batched)
        return self._windows[key]
