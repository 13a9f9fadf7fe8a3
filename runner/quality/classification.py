"""Per-sample outputs of a classifier, as the contract evaluates them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from runner.backends.interface import Backend
from runner.contract.quality import Items
from runner.workloads import Workload

OUTPUT = "logits"


def evaluate_outputs(backend: Backend, inputs: npt.NDArray[np.float32], batch: int = 1) -> npt.NDArray[np.float32]:
    """Logits float32 (n, classes) of `inputs` (n, *shape) through a loaded backend, in their order, `batch` at a time.

    Outputs are filled with not-a-number and served a second time, so an element that a run does not write reads as not finite.
    The last batch is filled up with its last sample, whose further outputs are dropped.
    """
    return np.concatenate(list(_served(backend, inputs, batch)))[: len(inputs)]


def _served(backend: Backend, inputs: npt.NDArray[np.float32], batch: int) -> Iterator[npt.NDArray[np.float32]]:
    for start in range(0, len(inputs), batch):
        chunk = inputs[start : start + batch]
        missing = batch - len(chunk)
        prepared = backend.prepare(np.concatenate([chunk, np.repeat(chunk[-1:], missing, axis=0)]) if missing else chunk)
        buffer = backend.outputs(backend.run(prepared))[OUTPUT]
        if buffer.flags.writeable:
            buffer.fill(np.nan)
        yield np.array(backend.outputs(backend.run(prepared))[OUTPUT], dtype=np.float32, copy=True)


def items(backend: Backend, workload: Workload, batch: int = 1) -> Items:
    """Labels, logits and reference of every held-out sample of `workload`, in its sealed order."""
    return Items(np.array(workload.labels), evaluate_outputs(backend, workload.inputs, batch), np.array(workload.reference))
