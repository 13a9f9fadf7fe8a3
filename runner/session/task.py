"""What a session asks of one trial process, and what that process hands back; both cross the process boundary as JSON."""

from __future__ import annotations

from dataclasses import dataclass

from runner.backends.interface import BatchPolicy, Device, ExecutorConfig
from runner.contract.executor import Executor
from runner.contract.fields import Document
from runner.contract.quality import Items
from runner.contract.run import Purpose, SearchOutcome, Trial
from runner.contract.samples import Samples
from runner.contract.telemetry import TelemetryRow


class Task(Document):
    """One trial: what to serve and how, under which methodology, and the start of the run on the shared monotonic clock.

    `seed` is the root seed where it is not the methodology's, `rate_per_s` the rate that a search confirmed, `trace_ns` recorded arrivals.
    """

    backend: str
    precision: str
    device: str
    threads_intra: int
    threads_inter: int
    trial: int
    origin_ns: int
    methodology: str
    salt: str
    declared: dict[str, str]
    evaluate_quality: bool
    batch: int = 1
    batch_policy: BatchPolicy = "single"
    batch_timeout_ns: int | None = None
    workers: int = 1
    purpose: Purpose = "measure"
    seed: str | None = None
    rate_per_s: str | None = None
    trace_ns: tuple[int, ...] = ()

    @property
    def config(self) -> ExecutorConfig:
        """The options of the executor that this task asks for."""
        device: Device = "cuda" if self.device == "cuda" else "cpu"
        return ExecutorConfig(
            self.precision, device, self.threads_intra, self.threads_inter, self.batch, self.batch_policy, self.batch_timeout_ns, self.workers
        )


class Outcome(Document):
    """What one trial measured, beside its raw files; `errors` are the first failed requests in words."""

    trial: Trial
    clock_cost_ns: int
    telemetry_capabilities: tuple[str, ...]
    errors: tuple[str, ...]
    devices: int = 0
    search: SearchOutcome | None = None


@dataclass(frozen=True)
class TrialResult:
    """All files of one finished trial, opened."""

    outcome: Outcome
    warm: Executor
    end: Executor
    samples: Samples
    telemetry: tuple[TelemetryRow, ...]
    items: Items | None
