"""Valid objects that tests change one thing of: a methodology, two executors, samples, a run and a side of a comparison."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from runner.contract.bundle import seal
from runner.contract.canonical import encode, sha256
from runner.contract.evidence import Evidence
from runner.contract.executor import Executor, build
from runner.contract.fields import AnyField, Field, facts
from runner.contract.keys import SigningKey
from runner.contract.methodology import Methodology
from runner.contract.quality import Items, QualityEvaluation, encode_items, evaluate, labels_digest, outputs_digest
from runner.contract.reasons import Side
from runner.contract.recompute import Around, operating_points
from runner.contract.run import Run, Trial
from runner.contract.samples import Samples
from runner.contract.samples import encode as encode_samples
from runner.contract.sensor_facts import sensor_facts, thermal_regime
from runner.contract.surroundings import device_count, hidden
from runner.contract.telemetry import TelemetryRow

SECOND = 10**9
RUN_LENGTH = 6 * SECOND


def seen(value: Any) -> AnyField:
    """An observed field."""
    return Field[type(value)](value=value, status="observed", source="test")  # type: ignore[misc, no-any-return]


def absent(status: str) -> AnyField:
    """A field without a value."""
    return Field[str](status=status, source="test")


def items(flips: int = 0) -> Items:
    """Forty items of four classes whose reference is right; the first `flips` outputs answer wrongly."""
    labels = np.arange(40, dtype=np.int64) % 4
    reference = np.eye(4, dtype=np.float32)[labels] * 5
    logits = reference.copy()
    logits[:flips] = np.roll(logits[:flips], 1, axis=1)
    return Items(labels, logits, reference)


def methodology_tree(**changes: Any) -> dict[str, Any]:
    """The plain tree of a valid quick methodology; keys in `changes` may be dotted paths with `__`."""
    chosen = items()
    tree: dict[str, Any] = {
        "schema_id": "methodology/v1", "name": "test-quick", "version": 1, "title": "Test", "purpose": "stack_validation",
        "kind": "quick", "shape": "point", "primary_metric": "latency_p50@1",
        "workload": {
            "task": "digits", "model_name": "m", "model_family": "cnn", "model_sha256": "1" * 64, "dataset_name": "d", "dataset_sha256": "2" * 64,
            "labels_sha256": labels_digest(chosen.labels), "preprocessing_sha256": "3" * 64, "input_shape": [1, 8, 8], "input_format": "fp32",
            "n_samples": 40, "sampling_seed": "7",
            "reference": {"precision": "fp32", "outputs_sha256": outputs_digest(chosen.reference)},
        },
        "load": {"loop": "closed", "process": "single_stream", "concurrency": 1, "rate_per_s": None, "seed": "7", "per": "total",
                 "client_location": "in_process"},
        "protocol": {
            "timed_region": "call", "exclusions": [], "clock": "monotonic", "synchronisation": "host", "warmup_min_requests": 1,
            "warmup_min_ns": 1, "settle_rule": "none", "required_thermal_regime": "any", "min_duration_ns": 5 * SECOND, "min_trials": 3,
            "min_requests": 64, "restart_policy": "fresh_process", "window_rule": "completions", "isolation_rule": "none", "client_processes": 1,
            "measurement_semantics": 1, "latency": {"scope": "client_request", "origin": "scheduled"},
            "energy": {"scope": "none", "method": "none", "idle_subtraction": False},
        },
        "metrics": {"definitions": ["latency_p50@1", "latency_p99@1", "throughput@1"], "percentile_method": "order_statistic",
                    "token_counting": "not_applicable"},
        "quality": {"suite": "digits", "suite_version": 1, "metrics": ["accuracy", "agreement"], "slices": "per_class",
                    "min_accuracy_ratio_ppm": 990_000, "min_agreement_ppm": 950_000},
        "reporting": {"statistic": "median_of_trials", "interval_method": "t_on_logarithms_of_trials", "interval_level_permille": 950},
        "slo": {"metric": "none", "permille": None, "limit_ns": None}, "gates": {},
        "runner_versions": ">=0.1,<1", "permitted_runtimes": ["torch-eager", "onnxruntime"],
        "permitted_tuning": "default", "undeclared_allowed": True,
        "forbidden": [], "representativeness": "none", "limitations": [], "authors": ["test"],
    }  # fmt: skip
    for path, value in changes.items():
        *parents, name = path.split("__")
        place = tree
        for parent in parents:
            place = place[parent]
        place[name] = value
    return tree


def methodology(**changes: Any) -> Methodology:
    """A valid quick methodology with some leaves changed."""
    return Methodology.read(encode(methodology_tree(**changes)))


def executor(**changes: AnyField) -> Executor:
    """An executor with every leaf observed; keys in `changes` are dotted paths with `__`."""
    leaves: dict[str, AnyField] = {}
    for path, _, leaf in facts(Executor()):
        kind = type(leaf).model_fields["value"].annotation.__args__[0]  # type: ignore[union-attr]
        value = {"str": "x", "int": 1, "bool": False}.get(getattr(kind, "__name__", ""))
        if value is None:
            value = ("x",) if "tuple" in str(kind) else {"x": "1"} if "str, str" in str(kind) else {"x": 1}
        leaves[path] = type(leaf)(value=value, status="observed", source="test")
    fixed = {"precision.weights": "fp32", "precision.activations": "fp32", "precision.accumulate": "fp32", "sw.runtime.name": "onnxruntime"}
    leaves.update({path: seen(value) for path, value in fixed.items()})
    leaves["sw.runtime.fallback_ops"] = seen(0)
    leaves["host.boot"] = seen("5" * 64)
    leaves["env.power_source"] = absent("not_applicable")
    leaves.update({path.replace("__", "."): leaf for path, leaf in changes.items()})
    return build(leaves)


def samples(trials: int = 5, scale_ppm: int = 1_000_000, requests: int = 900, seed: int = 1) -> Samples:
    """A closed single stream: each request starts when the last ended; services spread around 6 ms times `scale_ppm`."""
    random = np.random.default_rng(seed)
    columns: dict[str, list[np.ndarray[Any, Any]]] = {"trial": [], "scheduled": [], "sent": [], "last": []}
    for trial in range(trials):
        service = (random.integers(5_600_000, 6_400_000, requests) * scale_ppm) // 1_000_000 + trial * 10_000
        lag = random.integers(100, 300, requests)
        last = trial * 10 * SECOND + np.cumsum(service + lag)
        scheduled = np.concatenate([[trial * 10 * SECOND], last[:-1]])
        for name, column in (("trial", np.full(requests, trial)), ("scheduled", scheduled), ("sent", scheduled + lag), ("last", last)):
            columns[name].append(column.astype(np.int64))
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    n = len(joined["trial"])
    return Samples(
        trial=joined["trial"], point=np.zeros(n, np.int64), request=np.tile(np.arange(requests), trials).astype(np.int64),
        t_scheduled_ns=joined["scheduled"], t_sent_ns=joined["sent"], t_last_ns=joined["last"],
        batch_size=np.ones(n, np.int32), status=np.zeros(n, np.int8),
    )  # fmt: skip


def run(table: Samples, how: Methodology, what: Executor, **changes: Any) -> Run:
    """A run whose numbers are those that the samples give."""
    fingerprint = what.fingerprint
    trials = tuple(
        Trial(
            index=index, fingerprint_warm=fingerprint, fingerprint_end=fingerprint, window_start_ns=index * 10 * SECOND,
            window_end_ns=index * 10 * SECOND + 5 * SECOND, load_time_ns=1, first_inference_ns=1, warmup_requests=1, warmup_ns=1,
            floor_p50_ns=200, floor_p99_ns=400, cpu_steal_ppm=seen(0), psi_cpu_some_avg10_ppm=seen(0),
            foreign_gpu_processes=absent("not_applicable"), throttle=absent("not_applicable"), energy_mj=absent("not_applicable"),
        )
        for index in range(int(table.trial.max()) + 1)
    )  # fmt: skip
    tree: dict[str, Any] = {
        "methodology_sha256": how.sha256, "fingerprint": fingerprint, "instance": "4" * 64, "instance_scope": "local", "boot": "5" * 64,
        "nonce": None, "runner": {"version": "0.1.0", "commit": "abcdef0", "dirty": False, "measurement_semantics": 1},
        "measuring_party": "buyer", "started_at": "2026-01-05T10:00:00.000000Z", "ended_at": "2026-01-05T10:01:00.000000Z",
        "clock_offset_ns": seen(0).model_dump(), "clock_cost_ns": 50, "thermal_regime": absent("unreadable:no-sensor").model_dump(),
        "power_source": absent("not_applicable").model_dump(), "telemetry_capabilities": [], "exit_reason": "completed",
        "trials": [trial.model_dump(mode="json") for trial in trials],
        "operating_points": [point.model_dump(mode="json") for point in operating_points(table, trials, how, 1)],
    }  # fmt: skip
    return Run.read(encode(Run.model_validate_json(encode(tree | changes)).model_dump(mode="json")))


def run_of(table: Samples, how: Methodology, what: Executor, trials: Sequence[Trial], telemetry: Sequence[TelemetryRow] = (), **changes: Any) -> Run:
    """A run of these trials under the methodology's semantics, whose numbers, sensor facts and thermal regime are those that the rows give."""
    devices, batched = device_count(what), what.serving.batch_policy.value == "dynamic"
    sensed = tuple(trial.model_copy(update=sensor_facts(trial, telemetry, devices, {})) for trial in trials)
    points = operating_points(table, sensed, how, what.serving.max_batch.value or 1, Around(telemetry, devices, batched, hidden(what)))
    tree = {
        "runner": {"version": "0.1.0", "commit": "abcdef0", "dirty": False, "measurement_semantics": how.protocol.measurement_semantics},
        "ended_at": "2026-01-05T12:00:00.000000Z", "trials": [trial.model_dump(mode="json") for trial in sensed],
        "operating_points": [point.model_dump(mode="json") for point in points],
        "thermal_regime": thermal_regime(sensed, table, telemetry, devices).model_dump(mode="json"),
    }  # fmt: skip
    return run(samples(trials=1, requests=100), methodology(), what, methodology_sha256=how.sha256, **(tree | changes))


def quality(how: Methodology, what: Executor, flips: int = 0) -> QualityEvaluation:
    """The evaluation of forty items, the first `flips` of them wrong."""
    return QualityEvaluation(
        suite=how.quality.suite, suite_version=how.quality.suite_version, dataset_sha256=how.workload.dataset_sha256,
        labels_sha256=how.workload.labels_sha256, reference_outputs_sha256=how.workload.reference.outputs_sha256, reference_precision="fp32",
        rubric="argmax_exact_match", fingerprint=what.fingerprint, results=evaluate(items(flips), how.workload.task),
    )  # fmt: skip


def side(
    name: str = "a", how: Methodology | None = None, what: Executor | None = None, table: Samples | None = None, flips: int | None = 0, **changes: Any
) -> Side:
    """One side of a comparison, comparable with any other that differs only where asked."""
    how, what, table = how or methodology(), what or executor(), table if table is not None else samples(seed=ord(name[0]))
    evaluated = quality(how, what, flips) if flips is not None else None
    return Side(sha256(name.encode()), run(table, how, what, **changes), how, what, evaluated, sha256(name.encode() + b"samples"))


def evidence(how: Methodology | None = None, what: Executor | None = None, table: Samples | None = None, **changes: Any) -> Evidence:
    """The opened contents of a valid bundle."""
    how, what, table = how or methodology(), what or executor(), table if table is not None else samples()
    return Evidence(run(table, how, what, **changes), how, what, what, table, quality(how, what))


KEY = SigningKey(bytes(range(32)))


def members(
    table: Samples | None = None, how: Methodology | None = None, what: Executor | None = None, flips: int = 0, **changes: Any
) -> dict[str, bytes]:
    """The members of a valid bundle; keyword changes go into `run.json`."""
    how, what, table = how or methodology(), what or executor(), table if table is not None else samples()
    return {
        "run.json": run(table, how, what, **changes).canonical(), "methodology.json": how.canonical(),
        "executor.before.json": what.canonical(), "executor.after.json": what.canonical(), "samples.parquet": encode_samples(table),
        "quality.json": quality(how, what, flips).canonical(), "quality_items.parquet": encode_items(items(flips)),
    }  # fmt: skip


def sealed(parts: dict[str, bytes] | None = None, *, key: SigningKey = KEY, nonce: str | None = None) -> bytes:
    """A bundle of `parts`, signed by `key`; its predicate says what the parts say, as far as they can be read."""
    parts = parts or members()
    try:
        stated = json.loads(parts["run.json"])
    except ValueError:
        stated = {}
    fingerprint, digest_ = stated.get("fingerprint", "0" * 64), stated.get("methodology_sha256", "0" * 64)
    return seal(parts, fingerprint=fingerprint, methodology_sha256=digest_, nonce=nonce or stated.get("nonce"), key=key)
