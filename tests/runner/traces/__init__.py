"""Recorded traces of sensors. The label inside a trace says what it was recorded from; none here is from a GPU yet.

`python -m tests.runner.traces` records the synthetic one again, from the stand-in for the driver in `tests/runner/fake_nvml`.
"""

from __future__ import annotations

from pathlib import Path

from runner.sensors.replay import Trace

FOLDER = Path(__file__).parent
SYNTHETIC = FOLDER / "synthetic_power_step.json"


def opened(path: Path) -> Trace:
    """The trace in a file."""
    return Trace.decode(path.read_bytes())
