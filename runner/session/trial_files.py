"""The files in which a trial process hands its result to the session."""

from __future__ import annotations

import os
from pathlib import Path

from runner.contract.executor import Executor
from runner.contract.quality import decode_items, encode_items
from runner.contract.samples import decode as decode_samples
from runner.contract.samples import encode as encode_samples
from runner.contract.telemetry import decode as decode_telemetry
from runner.contract.telemetry import encode as encode_telemetry
from runner.session.task import Outcome, TrialResult

OUTCOME, WARM, END = "outcome.json", "executor.warm.json", "executor.end.json"
SAMPLES, TELEMETRY, ITEMS = "samples.parquet", "telemetry.parquet", "quality_items.parquet"


def written(result: TrialResult, folder: Path) -> None:
    """Leave the trial's files in `folder`; `outcome.json` comes last, so that its presence says that all are there."""
    (folder / WARM).write_bytes(result.warm.canonical())
    (folder / END).write_bytes(result.end.canonical())
    (folder / SAMPLES).write_bytes(encode_samples(result.samples))
    (folder / TELEMETRY).write_bytes(encode_telemetry(result.telemetry))
    if result.items is not None:
        (folder / ITEMS).write_bytes(encode_items(result.items))
    (folder / f"{OUTCOME}.part").write_bytes(result.outcome.canonical())
    os.replace(folder / f"{OUTCOME}.part", folder / OUTCOME)


def opened(folder: Path) -> TrialResult:
    """The result that a trial process left in its folder."""
    items = folder / ITEMS
    return TrialResult(
        Outcome.read((folder / OUTCOME).read_bytes()),
        Executor.read((folder / WARM).read_bytes()),
        Executor.read((folder / END).read_bytes()),
        decode_samples(folder / SAMPLES),
        decode_telemetry(folder / TELEMETRY),
        decode_items(items.read_bytes()) if items.exists() else None,
    )
