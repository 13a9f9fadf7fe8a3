"""Whether the sizes of batches in the rows are those of the serving shape that the executor states."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from runner.contract.evidence import Evidence
from runner.contract.problems import Problem

PATH = "samples.parquet:batch_size"


def serving_problems(evidence: Evidence) -> Iterator[Problem]:
    """`single` has batches of 1, `fixed` of the stated size, `as_requested` of each row's class, `dynamic` up to the stated size."""
    sizes, serving = evidence.samples.batch_size, evidence.before.serving
    policy, most = serving.batch_policy.value, serving.max_batch.value
    if most is not None and most < 1:
        yield Problem("executor.before.json:serving.max_batch", str(most), "at least 1", "state the batch that ran")
        return
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
        yield Problem("executor.before.json:serving.batch_policy", found, "as_requested exactly where the load has classes", "state how it served")
