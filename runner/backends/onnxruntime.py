"""ONNX Runtime on CPU and CUDA, with inputs and outputs bound to buffers that are made before the hot loop."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

# Linux builds from 1.29 on report usage to their maker unless this is set before the import: nothing leaves a node on its own.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime
from onnxruntime.capi import build_and_package_info

from runner.backends.described import executed, no_framework, pins, refuse_shape, refuse_unless, serving
from runner.backends.interface import Artifact, BackendError, Batch, Capability, Device, ExecutorConfig
from runner.backends.leaves import inapplicable, observed, unreadable
from runner.contract.fields import AnyField

PROVIDERS: Mapping[Device, str] = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
# TF32 would make fp32 another precision; on CUDA it is on unless told otherwise.
PROVIDER_OPTIONS: Mapping[Device, Mapping[str, str]] = {"cpu": {}, "cuda": {"use_tf32": "0"}}
KERNELS: Mapping[Device, str] = {"cpu": "mlas", "cuda": "cuda"}
SPINNING = "session.intra_op.allow_spinning"
ADDRESS_OPTIONS = ("user_compute_stream", "gpu_external_alloc", "gpu_external_free", "gpu_external_empty_cache")


class Request:
    """One request bound to its own input and output buffers in host memory."""

    __slots__ = ("binding", "images", "logits")

    def __init__(self, binding: onnxruntime.IOBinding, images: Batch, logits: Batch) -> None:
        self.binding, self.images, self.logits = binding, images, logits


class OnnxRuntime:
    """ONNX Runtime at its default optimisation level, one session, sequential execution."""

    name = "onnxruntime"
    runtime_format = "onnx"
    precisions = ("fp32", "int8")
    capabilities: frozenset[Capability] = frozenset({"op-placement"})

    def __init__(self) -> None:
        self._session: onnxruntime.InferenceSession | None = None

    def load(self, artifact: Artifact, config: ExecutorConfig) -> None:
        """Build the session, and a second one that counts which provider runs which operator; both see the same bytes and options."""
        refuse_unless(self.precisions, artifact, config, self.name, self.runtime_format)
        provider = PROVIDERS[config.device]
        if provider not in onnxruntime.get_available_providers():
            there = ", ".join(onnxruntime.get_available_providers())
            raise BackendError(f"onnxruntime: device {config.device} needs {provider} (here: {there}); install a build that has it")
        content = artifact.content()
        self._placed = _placement(content, artifact, config)
        self._session = _session(content, config, _options(config))
        self._artifact, self._config, self._on_device = artifact, config, config.device != "cpu"

    def prepare(self, samples: Batch) -> Request:
        """Copy the samples and bind them and the outputs; a provider on another device copies from and to these buffers in each run."""
        session = self._ready()
        refuse_shape(samples.shape, self._artifact, self._config, self.name)
        images = np.array(samples, dtype=np.float32, order="C", copy=True)
        logits = np.full((len(images), self._artifact.classes), np.nan, np.float32)
        binding = session.io_binding()
        (given,), (wanted,) = session.get_inputs(), session.get_outputs()
        binding.bind_input(given.name, "cpu", 0, np.float32, images.shape, images.ctypes.data)
        binding.bind_output(wanted.name, "cpu", 0, np.float32, logits.shape, logits.ctypes.data)
        return Request(binding, images, logits)

    def refill(self, prepared: Request, samples: Batch) -> None:
        """Copy the samples into the buffer that is bound."""
        prepared.images[...] = samples

    def warmup(self, prepared: Request) -> None:
        """Run the shape twice: the first run allocates the arena, the second plans memory by the pattern of the first."""
        self.run(prepared)
        self.run(prepared)

    def run(self, prepared: Request) -> Request:
        """Serve the request; its outputs are in host memory when this returns."""
        self._session.run_with_iobinding(prepared.binding)  # type: ignore[union-attr]
        if self._on_device:
            prepared.binding.synchronize_outputs()
        return prepared

    def outputs(self, done: Request) -> Mapping[str, npt.NDArray[np.float32]]:
        """The output buffer of the request."""
        return {"logits": done.logits}

    def device_ns(self, done: Request) -> int | None:
        """None: the Python interface gives no device events."""
        return None

    def describe(self) -> Mapping[str, AnyField]:
        """What is in effect, read back from the session."""
        session, config, version = self._ready(), self._config, onnxruntime.__version__
        options = session.get_session_options()
        threads = tuple(observed(getattr(options, f"{kind}_op_num_threads"), "session options") for kind in ("intra", "inter"))
        return {
            **no_framework("ONNX Runtime runs without a framework"),
            **_runtime(session, options),
            **self.op_placement(),
            "sw.cuda.framework_build": _cuda_build(),
            "sw.kernel_libs": observed({"mlas": f"in onnxruntime {version}", **(pins("nvidia-") if self._on_device else {})}, "installed metadata"),
            "compile.toolchain.name": observed("ort_optimizer", "onnxruntime"),
            "compile.toolchain.version": observed(version, "onnxruntime.__version__"),
            "compile.flags": observed({"graph_optimization_level": options.graph_optimization_level.name}, "session options"),
            **executed(self._artifact, self._placed[1], "profile of one run"),
            "precision.loader.loader_tool": observed("onnxruntime", "runner"),
            "precision.loader.loader_version": observed(version, "onnxruntime.__version__"),
            "precision.loader.kernel_backend": observed(KERNELS[config.device], "provider in effect"),
            **serving(self.name, config, (threads[0], threads[1])),
        }

    def op_placement(self) -> Mapping[str, AnyField]:
        """How many executed operators ran on another provider than the one that was asked for."""
        self._ready()
        elsewhere = sum(count for provider, count in self._placed[0].items() if provider != PROVIDERS[self._config.device])
        return {"sw.runtime.fallback_ops": observed(elsewhere, "profile of one run")}

    def close(self) -> None:
        """Let go of the session."""
        self._session = None

    def _ready(self) -> onnxruntime.InferenceSession:
        if self._session is None:
            raise BackendError("onnxruntime: nothing is loaded; call load first")
        return self._session


def _options(config: ExecutorConfig) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = config.threads_intra, config.threads_inter
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_session_config_entry(SPINNING, "1")
    options.log_severity_level = 3
    return options


def _session(content: bytes, config: ExecutorConfig, options: onnxruntime.SessionOptions) -> onnxruntime.InferenceSession:
    provider = PROVIDERS[config.device]
    try:
        session = onnxruntime.InferenceSession(content, options, providers=[(provider, dict(PROVIDER_OPTIONS[config.device]))])
    except Exception as error:  # its exceptions share no base of their own
        raise BackendError(f"onnxruntime: the model cannot be loaded on {provider}: {str(error)[:300]}") from error
    found = session.get_providers()[0]
    if found != provider:
        raise BackendError(f"onnxruntime: {provider} was asked for and {found} is in effect; look at the driver and CUDA libraries")
    return session


def _placement(content: bytes, artifact: Artifact, config: ExecutorConfig) -> tuple[Counter[str], Counter[str]]:
    """(operators by provider, operators by type) that one run executes after optimisation, from the runtime's own profile."""
    with tempfile.TemporaryDirectory() as folder:
        options = _options(config)
        options.enable_profiling, options.profile_file_prefix = True, str(Path(folder) / "placement")
        session = _session(content, config, options)
        session.run(None, {session.get_inputs()[0].name: np.zeros((config.batch, *artifact.input_shape), np.float32)})
        events = json.loads(Path(session.end_profiling()).read_text())
    run = [event["args"] for event in events if event.get("cat") == "Node" and "provider" in event.get("args", {})]
    return Counter(node["provider"] for node in run), Counter(node["op_name"] for node in run)


def _runtime(session: onnxruntime.InferenceSession, options: onnxruntime.SessionOptions) -> dict[str, AnyField]:
    build, commit = onnxruntime.get_build_info(), re.search(r"git-commit-id=(\w+)", onnxruntime.get_build_info())
    return {
        "sw.runtime.name": observed("onnxruntime", "runner"),
        "sw.runtime.version": observed(onnxruntime.__version__, "onnxruntime.__version__"),
        "sw.runtime.git": observed(commit.group(1), "get_build_info") if commit else unreadable("not-in-build-info", "get_build_info"),
        "sw.runtime.build_info": observed(build, "get_build_info"),
        "sw.runtime.providers": observed(tuple(session.get_providers()), "get_providers of the session"),
        "sw.runtime.provider_options": observed(_flat(session.get_provider_options()), "get_provider_options of the session"),
        "sw.runtime.options": observed({
            "execution_mode": options.execution_mode.name,
            "cpu_mem_arena": str(options.enable_cpu_mem_arena).lower(),
            "mem_pattern": str(options.enable_mem_pattern).lower(),
            "deterministic_compute": str(options.use_deterministic_compute).lower(),
            "intra_op_spinning": options.get_session_config_entry(SPINNING),
        }, "session options"),
    }  # fmt: skip


def _flat(options: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    return {f"{provider}.{name}": str(value) for provider, own in options.items() for name, value in own.items() if name not in ADDRESS_OPTIONS}


def _cuda_build() -> AnyField:
    """The CUDA that this build of ONNX Runtime was made with; a CPU build has none."""
    built = getattr(build_and_package_info, "cuda_version", None)
    return observed(str(built), "build_and_package_info") if built else inapplicable("this build of ONNX Runtime has no CUDA")
