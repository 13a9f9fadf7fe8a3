"""Writes the built-in methodologies from the digests of the workload: `python -m runner.methodology_recipe`, or `--check` to compare only.

The committed files are the methodologies; this module says where their values come from, and a test holds the two together.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from runner.contract.canonical import encode
from runner.contract.methodology import Gates, Methodology
from runner.workloads import Workload, open_workload

FOLDER = Path(__file__).parent / "contract" / "methodologies"
SECOND_NS = 10**9
SEED = "20261123"
POISSON_RATE_PER_S = "500"
LATENCIES = ("p50", "p90", "p95", "p99", "p99_9")
LATENCIES_FROM_ISSUE = ("p50", "p99")
DEFINITIONS = (
    *(f"latency_{word}@1" for word in LATENCIES),
    *(f"latency_from_issue_{word}@1" for word in LATENCIES_FROM_ISSUE),
    "throughput@1",
)
CLOSED = {"loop": "closed", "process": "single_stream", "concurrency": 1, "rate_per_s": None}
POISSON = {"loop": "open", "process": "poisson", "concurrency": None, "rate_per_s": POISSON_RATE_PER_S}
PROTOCOL: dict[str, object] = {
    "timed_region": "one call of the backend: inputs prepared, outputs readable in host memory when it returns",
    "exclusions": ["loading", "first inference", "warm-up", "preparing inputs", "evaluating quality"],
    "clock": "perf_counter_ns (CLOCK_MONOTONIC), one for all processes of a run",
    "synchronisation": "the backend returns when the device has finished and the outputs are copied",
    "warmup_min_requests": 50,
    "warmup_min_ns": 2 * SECOND_NS,
    "settle_rule": "a warm-up whose latencies still drift is extended, three times at most; the run says whether it settled",
    "required_thermal_regime": "any",
    "min_duration_ns": 5 * SECOND_NS,
    "min_trials": 3,
    "min_requests": 64,
    "restart_policy": "fresh_process",
    "window_rule": "latencies of requests scheduled inside the window, throughput from completions inside it",
    "isolation_rule": "steal, processor pressure and other processes on the accelerator are read ten times a second and judged by the gates",
    "client_processes": 1,
    "measurement_semantics": 2,
    "latency": {"scope": "client_request", "origin": "scheduled"},
    "energy": {"scope": "none", "method": "none", "idle_subtraction": False},
}


QUICK_LIMITATIONS = (
    "A quick look: windows of five seconds and no thermal settling; it can never be cited by a decision.",
    "The call overhead of a runtime weighs more here than its arithmetic.",
)
INFERENCE_LIMITATIONS = ("The call overhead of a runtime weighs more here than its arithmetic.",)
AUDITS = ("repeat-one-sample", "alternate-seed", "quality-in-performance")
BUDGET = {"metric": "latency_p99@1", "permille": 990, "limit_ns": 2_000_000}
NO_BUDGET = {"metric": "none", "permille": None, "limit_ns": None}
SEARCH = {
    "capacity_ns": 2 * SECOND_NS, "growth_permille": 50, "chunk_ns": 4 * SECOND_NS, "drop_ns": SECOND_NS // 2, "least_step_ns": 8 * SECOND_NS,
    "longest_step_ns": 24 * SECOND_NS, "step_confidence_permille": 970, "confirm_confidence_permille": 990, "margin_permille": 50,
    "resolution_permille": 100, "patient_steps": 4, "most_steps": 8,
}  # fmt: skip
LONG = {
    "min_duration_ns": 600 * SECOND_NS, "warmup_min_ns": 10 * SECOND_NS, "idle_ns": 60 * SECOND_NS, "audits": list(AUDITS),
}  # fmt: skip


METRICS = {"definitions": list(DEFINITIONS), "percentile_method": "order_statistic", "token_counting": "not_applicable"}


def documents(workload: Workload) -> dict[str, Methodology]:
    """{name: methodology} of the built-in methodologies over `workload`."""
    rates = {**POISSON, "rate_per_s": None, "rates_per_s": ["125", "250", "500", "1000", "2000"]}
    search = {**POISSON, "rate_per_s": None, "search": SEARCH}
    made = (
        _quick(workload, "digits-quick", 2, "Handwritten digits, a quick look: one stream", CLOSED),
        _quick(workload, "digits-quick-poisson", 2, f"Handwritten digits, a quick look: {POISSON_RATE_PER_S} requests a second", POISSON, slo=BUDGET),
        _quick(workload, "digits-quick-curve", 1, "Handwritten digits, a quick look: a load curve", rates, shape="sweep", slo=BUDGET),
        _quick(workload, "digits-quick-saturation", 1, "Handwritten digits, a quick look: where it saturates", search, shape="sweep", slo=BUDGET),
        _inference(workload, "digits-inference-cpu", "Handwritten digits on a processor, with its energy", "cpu_package", "rapl"),
        _inference(workload, "digits-inference-gpu", "Handwritten digits on an accelerator, with its energy", "gpu_board", "nvml_counter"),
        _sustained(workload),
    )
    return {document.name: document for document in made}


def _quick(workload: Workload, name: str, version: int, title: str, load: Mapping[str, object], **changes: object) -> Methodology:
    protocol = {**PROTOCOL, "audits": ["quality-in-performance"]}
    return _document(workload, name, version, title, load, protocol, {"kind": "quick", "limitations": list(QUICK_LIMITATIONS), **changes})


def _inference(workload: Workload, name: str, title: str, scope: str, method: str) -> Methodology:
    energy = {"scope": scope, "method": method, "idle_subtraction": True}
    definitions = [*DEFINITIONS, "inference_rate@1", *(f"energy_per_inference_{kind}@{method}.{scope}" for kind in ("gross", "net"))]
    changes = {
        "kind": "inference", "purpose": "decision", "slo": BUDGET, "primary_metric": "latency_p99@1", "limitations": list(INFERENCE_LIMITATIONS),
        "undeclared_allowed": False, "metrics": {**METRICS, "definitions": definitions},
    }  # fmt: skip
    return _document(workload, name, 1, title, POISSON, {**PROTOCOL, **LONG, "energy": energy}, changes)


def _sustained(workload: Workload) -> Methodology:
    protocol = {**PROTOCOL, "min_duration_ns": 1_800 * SECOND_NS, "warmup_min_ns": 10 * SECOND_NS, "ramp_ns": 60 * SECOND_NS,
                "settle_rule": "a ramp of a minute, then half an hour at saturation; sustained and peak throughput are stated apart",
                "audits": ["quality-in-performance"]}  # fmt: skip
    changes = {
        "kind": "inference", "shape": "sustained", "primary_metric": "throughput@1", "limitations": list(INFERENCE_LIMITATIONS),
        "undeclared_allowed": False,
    }  # fmt: skip
    return _document(workload, "digits-sustained", 1, "Handwritten digits, ramp, saturate and hold for half an hour", CLOSED, protocol, changes)


def _document(
    workload: Workload, name: str, version: int, title: str, load: Mapping[str, object], protocol: Mapping[str, object], changes: Mapping[str, object]
) -> Methodology:
    tree = {
        "schema_id": "methodology/v1",
        "name": name,
        "version": version,
        "title": title,
        "purpose": "stack_validation",
        "shape": "point",
        "primary_metric": "latency_p50@1",
        "workload": _workload(workload),
        "load": {**load, "seed": SEED, "per": "total", "client_location": "in_process"},
        "protocol": protocol,
        "metrics": METRICS,
        "quality": {
            "suite": "digits-classification", "suite_version": 1, "metrics": ["accuracy", "agreement"], "slices": "per_class",
            "min_accuracy_ratio_ppm": 990_000, "min_agreement_ppm": 980_000,
        },
        "reporting": {"statistic": "median_of_trials", "interval_method": "t_on_logarithms_of_trials", "interval_level_permille": 950},
        "slo": NO_BUDGET,
        "gates": Gates().model_dump(mode="json"),
        "runner_versions": ">=0.1,<1",
        "permitted_runtimes": ["onnxruntime", "torch-eager"],
        "permitted_tuning": "default",
        "undeclared_allowed": True,
        "forbidden": ["caching outputs by input", "skipping repeated inputs", "choosing samples by their content"],
        "representativeness": "A model far smaller than real ones: it proves that the way from a machine to a page works, and ranks no hardware.",
        "authors": ["Lynxweb"],
        **changes,
    }  # fmt: skip
    return Methodology.read(encode(tree))


def _workload(workload: Workload) -> dict[str, object]:
    return {
        "task": workload.manifest.task,
        "model_name": workload.name,
        "model_family": workload.family,
        "model_sha256": workload.model_sha256,
        "dataset_name": workload.manifest.dataset.name,
        "dataset_sha256": workload.dataset_sha256,
        "labels_sha256": workload.labels_sha256,
        "preprocessing_sha256": workload.preprocessing_sha256,
        "input_shape": list(workload.inputs.shape[1:]),
        "input_format": workload.manifest.input_format,
        "n_samples": len(workload.inputs),
        "sampling_seed": SEED,
        "reference": {"precision": workload.manifest.reference.precision, "outputs_sha256": workload.reference_sha256},
    }


def main(arguments: Sequence[str]) -> int:
    """Write the files, or with `--check` say whether they are what the workload gives (1 if not)."""
    wanted = {FOLDER / f"{name}.json": document.canonical() for name, document in documents(open_workload("digits-cnn")).items()}
    different = [path for path, content in wanted.items() if not path.is_file() or path.read_bytes() != content]
    for path in different:
        print(f"differs: {path.name}", file=sys.stderr)
        if "--check" not in arguments:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(wanted[path])
    return int("--check" in arguments and bool(different))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
