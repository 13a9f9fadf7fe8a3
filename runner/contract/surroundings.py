"""What an opened bundle knows beside its rows, in the form in which the numbers are recomputed."""

from __future__ import annotations

from runner.contract.evidence import Evidence
from runner.contract.executor import Executor
from runner.contract.recompute import Around
from runner.contract.run import Trial

MOST_DEVICES = 256


def around(evidence: Evidence) -> Around:
    """Telemetry, the number of devices, and whether each row is one sample of a batch."""
    return Around(evidence.telemetry, device_count(evidence.before), evidence.batched, hidden(evidence.before))


def hidden(executor: Executor) -> dict[str, str]:
    """What nobody can read of this executor: the energy of an instance of a board, which has no meter of its own."""
    if executor.hw.mig_mode.value:
        return {"energy_mj": "unreadable:mig"}
    return {"energy_mj": "unreadable:vgpu"} if executor.hw.virtualization_mode.value in ("vgpu", "host_vgpu") else {}


def device_count(executor: Executor) -> int:
    """How many devices the executor has that a sensor of accelerators reads; 0 for a processor that does the work itself."""
    return 0 if executor.hw.vendor.value == "cpu_only" else executor.hw.count.value or 0


def span_of(trial: Trial) -> tuple[int, int]:
    """(start, end) in ns of all windows of a trial together."""
    return trial.window_start_ns, trial.window_end_ns
