"""Whether the sizes of batches in the rows are those of the serving shape that the executor states."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from runner.contract.evidence import Evidence
from runner.contract.executor import Serving
from runner.contract.methodology import GROWN_SEMANTICS
from runner.contract.problems import Problem

PATH = "samples.parquet:batch_size"
PLACE = "executor.before.json:serving"
POLICIES = ("single", "fixed", "dynamic", "as_requested")
MOST_WORKERS = 1_024
MOST_ANSWERED = 20_000_000  # samples that the requests of a run may carry together


def serving_problems(evidence: Evidence) -> Iterator[Problem]:
    """`single` has batches of 1, `fixed` of the stated size, `as_requested` of each row's class, `dynamic` up to the stated size."""
    sizes, serving = evidence.samples.batch_size, evidence.before.serving
    policy, most = serving.batch_policy.value, serving.max_batch.value
    if most is not None and most < 1:
        yield Problem(f"{PLACE}.max_batch", str(most), "at least 1", "state the batch that ran")
        return
    if evidence.methodology.protocol.measurement_semantics >= GROWN_SEMANTICS:
        yield from _policy(serving)
    if policy != "dynamic" and (answered := int(sizes.sum(dtype=np.int64))) > MOST_ANSWERED:
        yield Problem(PATH, f"{answered} samples in all", f"at most {MOST_ANSWERED}", "measure for a shorter time", "too-large")
    most = 1 if most is None else most
    classes, klass = evidence.methodology.load.classes, evidence.samples.klass
    expected = None
    if policy in ("single", "fixed"):
        expected = np.full(len(sizes), most if policy == "fixed" else 1)
    elif policy == "as_requested" and klass is not None and classes and len(klass) and int(klass.max()) < len(classes):
        expected = np.array([one.batch for one in classes])[klass]
    wrong = sizes > most if expected is None else sizes != expected
    if wrong.any():
        row = int(np.argmax(wrong))
        told = f"at most {most}" if expected is None else str(int(expected[row]))
        yield Problem(f"{PATH} (row {row})", str(int(sizes[row])), f"{told} under {policy}", "state the batches that ran", "numbers-differ")
    if (policy == "as_requested") != bool(classes):
        found = f"{policy} with {len(classes)} classes"
        yield Problem(f"{PLACE}.batch_policy", found, "as_requested exactly where the load has classes", "state how it served")


def _policy(serving: Serving) -> Iterator[Problem]:
    """A serving shape that nobody knows would have no rule to keep to."""
    policy, most = serving.batch_policy.value, serving.max_batch.value
    if policy not in POLICIES:
        yield Problem(f"{PLACE}.batch_policy", str(policy)[:80], f"one of {', '.join(POLICIES)}", "state how it served")
    for name in ("replicas", "streams"):
        if (getattr(serving, name).value or 1) > MOST_WORKERS:
            yield Problem(f"{PLACE}.{name}", str(getattr(serving, name).value), f"{MOST_WORKERS} at most", "state what served", "too-large")
    if policy == "single" and most not in (None, 1):
        yield Problem(f"{PLACE}.max_batch", str(most), "1 under single", "state the batch that ran")
