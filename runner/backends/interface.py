"""What a backend is given and what it promises; the driver, the session and the quality edge know backends through this file alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from runner.contract.fields import AnyField, Document, Name

Capability = Literal["async", "device-time", "op-placement", "tokens"]
Device = Literal["cpu", "cuda"]
BatchPolicy = Literal["single", "fixed", "dynamic", "as_requested"]
Batch = npt.NDArray[np.float32]
# A backend's own handle on a request whose buffers and bindings are ready, and on one that has been answered.
Prepared = Any
Done = Any


class BackendError(RuntimeError):
    """A backend cannot do what was asked; the text names the place and the remedy, and the backend stays usable."""


class Layer(Document):
    """One layer of a sequential network: its kind, its name (the prefix of its weights) and its sizes in the order of that kind."""

    kind: Literal["conv2d", "relu", "max_pool2d", "flatten", "linear"]
    name: Name
    sizes: tuple[int, ...] = ()


class Export(Document):
    """What wrote the exchange format: exporter, its version, the operator set and the format's own version."""

    name: Name
    version: str
    opset: int
    ir_version: int


@dataclass(frozen=True)
class Artifact:
    """A model file whose bytes were verified, with what a runtime must know to load it; `layers` is the network of an `npz`."""

    path: Path
    sha256: str
    size_bytes: int
    format: Literal["onnx", "npz"]
    precision: str
    input_shape: tuple[int, ...]
    classes: int
    layers: tuple[Layer, ...]
    export: Export | None

    def content(self) -> bytes:
        """The bytes of the file as they were verified; BackendError if they changed since."""
        content = self.path.read_bytes()
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise BackendError(f"{self.path}: the file changed since it was verified; take it from the distribution again")
        return content


@dataclass(frozen=True)
class ExecutorConfig:
    """The options of an executor that the runner sets; everything else is found and described.

    `batch` is the largest batch. Policies: `single` and `fixed` requests carry one or `batch` samples each, `as_requested` as many as their class
    says; `dynamic` joins waiting requests of one sample, at most `batch` of them and none for longer than `batch_timeout_ns`. `replicas` workers
    serve at the same time.
    """

    precision: str = "fp32"
    device: Device = "cpu"
    threads_intra: int = 1
    threads_inter: int = 1
    batch: int = 1
    batch_policy: BatchPolicy = "single"
    batch_timeout_ns: int | None = None
    replicas: int = 1


class Backend(Protocol):
    """One runtime. `load` once, `prepare` each request, `warmup` each shape, then `run` in the hot loop."""

    name: str
    runtime_format: Literal["onnx", "npz"]
    precisions: tuple[str, ...]
    capabilities: frozenset[Capability]

    def load(self, artifact: Artifact, config: ExecutorConfig) -> None:
        """Make the model ready under `config`; BackendError names an option that cannot be had."""

    def prepare(self, samples: Batch) -> Prepared:
        """Do all that is not part of serving one request of 1 to `config.batch` samples: copy in, pin, bind, allocate outputs."""

    def refill(self, prepared: Prepared, samples: Batch) -> None:
        """Put as many other samples into the buffers of a prepared request: the part of serving that joins single requests into a batch."""

    def warmup(self, prepared: Prepared) -> None:
        """Do the lazy work of this shape: compile, tune, capture."""

    def run(self, prepared: Prepared) -> Done:
        """Serve the request; returns only when every output is complete and readable in host memory. Allocates no host buffer of ours."""

    def outputs(self, done: Done) -> Mapping[str, npt.NDArray[np.float32]]:
        """Host views of the outputs; the next run of the same prepared request overwrites them."""

    def device_ns(self, done: Done) -> int | None:
        """Time between a pair of device events around the work, or None; never a host time in disguise."""

    def describe(self) -> Mapping[str, AnyField]:
        """What is in effect, keyed by leaf paths of the executor; callable once loaded, the same before and after runs."""

    def op_placement(self) -> Mapping[str, AnyField]:
        """How many executed operators each provider got, by leaf path of the executor, with those that fell back."""

    def close(self) -> None:
        """Let go of model and device; the backend may be loaded again."""
