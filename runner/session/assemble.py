"""From the results of a run's trials to a sealed bundle: states only what `runner.contract` computes from the raw rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from runner.contract.arrivals_table import encode as encode_arrivals
from runner.contract.bundle import seal
from runner.contract.executor import Executor
from runner.contract.fields import Text, Whole
from runner.contract.methodology import Methodology
from runner.contract.quality import Items, QualityEvaluation, encode_items, evaluate
from runner.contract.recompute import Around, operating_points
from runner.contract.run import Run, RunnerBuild, Trial, Tuning
from runner.contract.samples import encode as encode_samples
from runner.contract.sensor_facts import sensor_facts, thermal_regime
from runner.contract.surroundings import device_count, hidden
from runner.contract.telemetry import TELEMETRY_LIMITS
from runner.contract.telemetry import encode as encode_telemetry
from runner.contract.telemetry_row import TelemetryRow
from runner.node import NodeIdentity
from runner.session.rows import together
from runner.session.scrub import scrubbed
from runner.session.task import TrialResult

MOST_LIMITATIONS = 8


@dataclass(frozen=True)
class Circumstances:
    """What is known about a run beside its trials."""

    started_at: str
    ended_at: str
    clock_offset_ns: Whole
    build: RunnerBuild
    nonce: str | None
    measuring_party: str
    exit_reason: str
    limitations: tuple[str, ...] = ()


def assembled(
    results: Sequence[TrialResult], methodology: Methodology, node: NodeIdentity, around: Circumstances, trace_ns: Sequence[int] = ()
) -> bytes:
    """The sealed bundle of a run with at least one finished trial; the number of a trial is its place among the finished ones."""
    before, after = results[0].warm, results[-1].end
    members = {
        "executor.before.json": before.canonical(),
        "executor.after.json": after.canonical(),
        "methodology.json": methodology.canonical(),
        "run.json": _run(results, methodology, node, around).canonical(),
        "samples.parquet": encode_samples(together([result.samples for result in results])),
        **({"arrivals.parquet": encode_arrivals(np.array(trace_ns, np.int64))} if trace_ns else {}),
        **_telemetry(results),
        **_quality(results, methodology, before.fingerprint),
    }
    return seal(members, fingerprint=before.fingerprint, methodology_sha256=methodology.sha256, nonce=around.nonce, key=node.key)


def _run(results: Sequence[TrialResult], methodology: Methodology, node: NodeIdentity, around: Circumstances) -> Run:
    before = results[0].warm
    samples = together([result.samples for result in results])
    batch, rows = before.serving.max_batch.value or 1, _rows(results)
    trials = tuple(_sensed(result.outcome.trial, rows, device_count(before)) for result in results)
    known = Around(rows, device_count(before), before.serving.batch_policy.value == "dynamic", hidden(before))
    said = (f"trial {result.outcome.trial.index + 1}: {scrubbed(error)}" for result in results for error in result.outcome.errors)
    return Run.model_validate(
        {
            "methodology_sha256": methodology.sha256,
            "fingerprint": before.fingerprint,
            "instance": instance(before, node),
            "instance_scope": node.scope,
            "boot": before.host.boot.value,
            "nonce": around.nonce,
            "runner": around.build,
            "measuring_party": around.measuring_party,
            "started_at": around.started_at,
            "ended_at": around.ended_at,
            "clock_offset_ns": around.clock_offset_ns,
            "clock_cost_ns": max(result.outcome.clock_cost_ns for result in results),
            "thermal_regime": thermal_regime(trials, samples, rows, device_count(before), batched=known.batched),
            "power_source": _power_source(before),
            "telemetry_capabilities": results[0].outcome.telemetry_capabilities,
            "tuning": Tuning(),
            "trials": trials,
            "operating_points": operating_points(samples, trials, methodology, batch, known),
            "search": next((result.outcome.search for result in results if result.outcome.search is not None), None),
            "exit_reason": around.exit_reason,
            "limitations": (*(scrubbed(text) for text in around.limitations), *said)[:MOST_LIMITATIONS],
        }
    )


def _sensed(trial: Trial, rows: Sequence[TelemetryRow], devices: int) -> Trial:
    """The trial with its sensor facts as all rows of the run give them: where its own sampler died, the next one may have read the counters on.

    Where no row tells, the trial's own word stays.
    """
    found = sensor_facts(trial, rows, devices, {})
    return trial.model_copy(update={name: leaf for name, leaf in found.items() if leaf.value not in (None, getattr(trial, name).value)})


def instance(executor: Executor, node: NodeIdentity) -> str:
    """The pseudonym of the physical unit: of machine and accelerator where they can be read, of this node's key where they cannot."""
    machine, board = executor.host.machine.value, executor.hw.uuid.value
    return node.pseudonym(machine or f"key:{node.key.key_id}", board or "")


def _power_source(executor: Executor) -> Text:
    leaf = executor.env.power_source
    return leaf if leaf.answered else Text(status="not_applicable", source="no supply class")


def _rows(results: Sequence[TrialResult]) -> list[TelemetryRow]:
    """The readings of all trials in order of time; of more than a file may hold, as many ticks as do not fit are left out, evenly."""
    rows = sorted((row for result in results for row in result.telemetry), key=lambda row: (row.t_ns, row.device))
    spare = len(rows) - TELEMETRY_LIMITS.rows
    ticks = [place for place, row in enumerate(rows) if _is_tick(row)] if spare > 0 else []
    if not ticks:
        return rows
    left_out = {ticks[place * len(ticks) // min(spare, len(ticks))] for place in range(min(spare, len(ticks)))}
    return [row for place, row in enumerate(rows) if place not in left_out]


def _is_tick(row: TelemetryRow) -> bool:
    """Whether the row holds a reading of the energy counter and nothing else: it only says when the counter ticked."""
    return row == TelemetryRow(row.t_ns, row.device, energy_mj=row.energy_mj) and row.energy_mj is not None


def _telemetry(results: Sequence[TrialResult]) -> Mapping[str, bytes]:
    rows = _rows(results)
    return {"telemetry.parquet": encode_telemetry(rows)} if rows else {}


def _quality(results: Sequence[TrialResult], methodology: Methodology, fingerprint: str) -> Mapping[str, bytes]:
    items = next((result.items for result in results if result.items is not None), None)
    if items is None:
        return {}
    return {"quality.json": evaluation(items, methodology, fingerprint).canonical(), "quality_items.parquet": encode_items(items)}


def evaluation(items: Items, methodology: Methodology, fingerprint: str) -> QualityEvaluation:
    """The quality document of per-item outputs under what the methodology names."""
    suite, workload = methodology.quality, methodology.workload
    return QualityEvaluation(
        suite=suite.suite,
        suite_version=suite.suite_version,
        dataset_sha256=workload.dataset_sha256,
        labels_sha256=workload.labels_sha256,
        reference_outputs_sha256=workload.reference.outputs_sha256,
        reference_precision=workload.reference.precision,
        rubric="argmax_exact_match",
        fingerprint=fingerprint,
        results=evaluate(items, workload.task),
    )
