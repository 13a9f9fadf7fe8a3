"""The backend that does nothing: what it takes is the floor of the driver, published beside every result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runner.backends.described import executed, no_framework, refuse_shape, refuse_unless, serving
from runner.backends.interface import Artifact, BackendError, Batch, Capability, ExecutorConfig
from runner.backends.leaves import inapplicable, observed
from runner.contract.fields import AnyField

WHY = "the null backend runs no model"
NOTHING = (
    "sw.cuda.framework_build", "sw.kernel_libs", "sw.runtime.version", "sw.runtime.git", "sw.runtime.build_info", "sw.runtime.providers",
    "sw.runtime.provider_options", "sw.runtime.options", "sw.runtime.fallback_ops", "compile.toolchain.version", "compile.flags",
    "precision.loader.loader_version", "precision.loader.kernel_backend",
)  # fmt: skip


@dataclass(frozen=True)
class Request:
    """Outputs that nobody writes to."""

    logits: npt.NDArray[np.float32]


class Null:
    """Answers every request at once and writes no output; it may be run without having loaded anything."""

    name = "null"
    runtime_format = "onnx"
    precisions = ("fp32", "int8")
    capabilities: frozenset[Capability] = frozenset()

    def __init__(self) -> None:
        self._loaded: tuple[Artifact, ExecutorConfig] | None = None

    def load(self, artifact: Artifact, config: ExecutorConfig) -> None:
        """Remember what was asked for."""
        refuse_unless(self.precisions, artifact, config, self.name, self.runtime_format)
        self._loaded = artifact, config

    def prepare(self, samples: Batch) -> Request:
        """A request with outputs of not-a-number."""
        artifact, config = self._ready()
        refuse_shape(samples.shape, artifact, config, self.name)
        return Request(np.full((len(samples), artifact.classes), np.nan, np.float32))

    def refill(self, prepared: Request, samples: Batch) -> None:
        """Nothing reads the samples."""

    def warmup(self, prepared: object) -> None:
        """Nothing is lazy here."""

    def run(self, prepared: object) -> object:
        """The request itself, at once."""
        return prepared

    def outputs(self, done: Request) -> Mapping[str, npt.NDArray[np.float32]]:
        """Outputs as they were prepared."""
        return {"logits": done.logits}

    def device_ns(self, done: object) -> int | None:
        """None: there is no device."""
        return None

    def describe(self) -> Mapping[str, AnyField]:
        """Nothing is in effect, said leaf by leaf."""
        artifact, config = self._ready()
        return {
            **no_framework(WHY),
            **{path: inapplicable(WHY) for path in NOTHING},
            **{path: observed("null", "runner") for path in ("sw.runtime.name", "compile.toolchain.name", "precision.loader.loader_tool")},
            **executed(artifact, {}, WHY),
            **serving(self.name, config, (inapplicable(WHY), inapplicable(WHY))),
        }

    def op_placement(self) -> Mapping[str, AnyField]:
        """No operator runs."""
        return {"sw.runtime.fallback_ops": inapplicable(WHY)}

    def close(self) -> None:
        """Forget what was asked for."""
        self._loaded = None

    def _ready(self) -> tuple[Artifact, ExecutorConfig]:
        if self._loaded is None:
            raise BackendError("null: nothing is loaded; call load first")
        return self._loaded
