"""PyTorch in eager mode on CPU and CUDA, in fp32 with every shortcut to a lower precision turned off."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from runner.backends import torch_layers
from runner.backends.described import executed, refuse_shape, refuse_unless, serving
from runner.backends.interface import Artifact, BackendError, Batch, Capability, ExecutorConfig
from runner.backends.leaves import inapplicable, observed
from runner.backends.torch_facts import kernel_backend, torch_leaves
from runner.contract.fields import AnyField

WHY = "eager mode has no execution providers"
EVENTS_NS = 1_000_000  # an event pair tells milliseconds


class Request:
    """One request with its own host buffers, and on a device its staging buffer and event pair."""

    __slots__ = ("began", "ended", "images", "logits", "staged")

    def __init__(self, images: torch.Tensor, logits: torch.Tensor, device: torch.device | None) -> None:
        self.images, self.logits = images, logits
        if device is not None:
            self.staged = torch.empty_like(images, device=device)
            self.began, self.ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]


class TorchEager:
    """Eager PyTorch under inference mode; one sequential network built from the artifact's layers."""

    name = "torch-eager"
    runtime_format = "npz"
    precisions = ("fp32",)

    def __init__(self) -> None:
        self._model: torch.nn.Module | None = None
        self.capabilities: frozenset[Capability] = frozenset({"op-placement"})

    def load(self, artifact: Artifact, config: ExecutorConfig) -> None:
        """Build the network on the device and count the operators that one pass dispatches."""
        refuse_unless(self.precisions, artifact, config, self.name, self.runtime_format)
        if config.device == "cuda" and not torch.cuda.is_available():
            raise BackendError(f"torch-eager: device cuda is not available to torch {torch.__version__}; install a CUDA build and its driver")
        _threads(config)
        torch.backends.fp32_precision = "ieee"  # type: ignore[attr-defined]
        torch.backends.cudnn.benchmark = False
        model = torch_layers.network(artifact.layers)
        with np.load(io.BytesIO(artifact.content()), allow_pickle=False) as named:
            torch_layers.set_weights(model, named)
        self._device = torch.device("cuda") if config.device == "cuda" else None
        self._model = model.eval().to(self._device or "cpu")
        self._artifact, self._config = artifact, config
        self._serve: Callable[[Request], Request] = self._on_cpu if self._device is None else self._on_cuda
        self.capabilities = frozenset({"op-placement"} if self._device is None else {"op-placement", "device-time"})
        self._counts = _dispatched(self._model, torch.zeros(config.batch, *artifact.input_shape, device=self._device))

    def prepare(self, samples: Batch) -> Request:
        """Copy the samples into a host buffer of their own, pinned where a device will read it, with its outputs beside it."""
        self._ready()
        refuse_shape(samples.shape, self._artifact, self._config, self.name)
        images = torch.from_numpy(np.array(samples, dtype=np.float32, order="C", copy=True))
        logits = torch.full((len(images), self._artifact.classes), float("nan"), dtype=torch.float32)
        if self._device is not None:
            images, logits = images.pin_memory(), logits.pin_memory()
        return Request(images, logits, self._device)

    def refill(self, prepared: Request, samples: Batch) -> None:
        """Copy the samples into the request's host buffer."""
        prepared.images.numpy()[...] = samples

    def warmup(self, prepared: Request) -> None:
        """Run the shape twice: the first call picks kernels and fills the allocator's cache."""
        self.run(prepared)
        self.run(prepared)

    def run(self, prepared: Request) -> Request:
        """Serve the request; its outputs are in host memory when this returns."""
        return self._serve(prepared)

    @torch.inference_mode()
    def _on_cpu(self, request: Request) -> Request:
        request.logits.copy_(self._model(request.images))  # type: ignore[misc]
        return request

    @torch.inference_mode()
    def _on_cuda(self, request: Request) -> Request:
        request.began.record()
        request.staged.copy_(request.images, non_blocking=True)
        request.logits.copy_(self._model(request.staged), non_blocking=True)  # type: ignore[misc]
        request.ended.record()
        request.ended.synchronize()
        return request

    def outputs(self, done: Request) -> Mapping[str, npt.NDArray[np.float32]]:
        """The output buffer of the request."""
        return {"logits": done.logits.numpy()}

    def device_ns(self, done: Request) -> int | None:
        """Time between the events around copy in, network and copy out on the device; None on a CPU."""
        return None if self._device is None else round(done.began.elapsed_time(done.ended) * EVENTS_NS)

    def describe(self) -> Mapping[str, AnyField]:
        """What is in effect, read back from torch."""
        self._ready()
        source = "torch"
        return {
            **torch_leaves(),
            **{f"sw.runtime.{name}": inapplicable(WHY) for name in ("providers", "provider_options")},
            **self.op_placement(),
            "sw.runtime.options": observed({
                "inference_mode": "true", "compile": "none", "device_events": str(self._device is not None).lower(),
            }, "runner"),
            "compile.toolchain.name": observed("none", "eager mode compiles nothing"),
            "compile.toolchain.version": inapplicable("eager mode compiles nothing"),
            "compile.flags": inapplicable("eager mode compiles nothing"),
            **executed(self._artifact, self._counts, "operators dispatched in one pass"),
            "precision.loader.loader_tool": observed("numpy", "runner"),
            "precision.loader.loader_version": observed(np.__version__, "numpy.__version__"),
            "precision.loader.kernel_backend": kernel_backend(self._device is not None),
            **serving(self.name, self._config, (
                observed(torch.get_num_threads(), f"{source}.get_num_threads"),
                observed(torch.get_num_interop_threads(), f"{source}.get_num_interop_threads"),
            )),
        }  # fmt: skip

    def op_placement(self) -> Mapping[str, AnyField]:
        """Every operator runs on the model's one device: eager mode raises where it cannot."""
        self._ready()
        return {"sw.runtime.fallback_ops": inapplicable(WHY)}

    def close(self) -> None:
        """Let go of the model."""
        self._model = None

    def _ready(self) -> None:
        if self._model is None:
            raise BackendError("torch-eager: nothing is loaded; call load first")


class _Counting(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts operators by name as they are dispatched."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.counts: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.counts[func._schema.name] += 1
        return func(*args, **(kwargs or {}))


def _dispatched(model: torch.nn.Module, images: torch.Tensor) -> Counter[str]:
    counting = _Counting()
    with torch.inference_mode(), counting:
        model(images)
    return counting.counts


def _threads(config: ExecutorConfig) -> None:
    """Set the thread counts; torch takes the count between operators once a process."""
    torch.set_num_threads(config.threads_intra)
    if torch.get_num_interop_threads() == config.threads_inter:
        return
    try:
        torch.set_num_interop_threads(config.threads_inter)
    except RuntimeError as error:
        found, asked = torch.get_num_interop_threads(), config.threads_inter
        raise BackendError(f"torch-eager: threads_inter is {found} for the life of this process; start a fresh one for {asked}") from error
