"""What a session asks of one trial process, and what that process hands back; both cross the process boundary as JSON."""

from __future__ import annotations

from dataclasses import dataclass

from runner.contract.executor import Executor
from runner.contract.fields import Document
from runner.contract.quality import Items
from runner.contract.run import Trial
from runner.contract.samples import Samples
from runner.contract.telemetry import TelemetryRow


class Task(Document):
    """One trial: what to serve, under which methodology, and the start of the run on the shared monotonic clock."""

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


class Outcome(Document):
    """What one trial measured, beside its raw files; `errors` are the first failed requests in words."""

    trial: Trial
    clock_cost_ns: int
    telemetry_capabilities: tuple[str, ...]
    errors: tuple[str, ...]


@dataclass(frozen=True)
class TrialResult:
    """All files of one finished trial, opened."""

    outcome: Outcome
    warm: Executor
    end: Executor
    samples: Samples
    telemetry: tuple[TelemetryRow, ...]
    items: Items | None
