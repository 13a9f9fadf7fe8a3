"""Evidence: the opened contents of one bundle, typed; gates read it and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from runner.contract.executor import Executor
from runner.contract.methodology import Methodology
from runner.contract.quality import QualityEvaluation
from runner.contract.run import Run
from runner.contract.samples import Samples


@dataclass(frozen=True)
class Evidence:
    """One run with its methodology, the executor before and after, its samples and its quality evaluation."""

    run: Run
    methodology: Methodology
    before: Executor
    after: Executor
    samples: Samples
    quality: QualityEvaluation | None
