"""What PyTorch says of itself: its build, the flags that change its numerics, and its kernel libraries."""

from __future__ import annotations

import re

import torch

from runner.backends.described import pins, wheel_source
from runner.backends.leaves import inapplicable, observed, unreadable
from runner.contract.fields import AnyField

# Where each library's version stands in the text of torch.__config__.show().
LIBRARIES = {
    "mkl": r"Math Kernel Library Version (\S+?)-Product",
    "onednn": r"MKL-DNN (v[\d.]+)",
    "openmp": r"OpenMP (\d+)",
}
BUILD_WORDS = ("BUILD_TYPE", "BLAS_INFO", "LAPACK_INFO", "USE_CUDA", "USE_CUDNN", "USE_MKL", "USE_MKLDNN", "USE_NNPACK", "USE_OPENMP", "USE_ROCM")
SWITCHES = {
    "fp32_precision": "fp32_precision",
    "cuda.matmul.fp32_precision": "cuda.matmul.fp32_precision",
    "cudnn.conv.fp32_precision": "cudnn.conv.fp32_precision",
    "mkldnn.conv.fp32_precision": "mkldnn.conv.fp32_precision",
    "mkldnn.matmul.fp32_precision": "mkldnn.matmul.fp32_precision",
    "cuda.matmul.allow_fp16_reduced_precision_reduction": "cuda.matmul.allow_fp16_reduced_precision_reduction",
    "cuda.matmul.allow_bf16_reduced_precision_reduction": "cuda.matmul.allow_bf16_reduced_precision_reduction",
    "cudnn.enabled": "cudnn.enabled",
    "cudnn.benchmark": "cudnn.benchmark",
    "cudnn.deterministic": "cudnn.deterministic",
    "mkldnn.enabled": "mkldnn.enabled",
}


def torch_leaves() -> dict[str, AnyField]:
    """The leaves `sw.framework.*`, `sw.cuda.framework_build`, `sw.kernel_libs` and those of `sw.runtime.*` that are torch's own."""
    version, git, shown = str(torch.__version__), torch.version.git_version, torch.__config__.show()
    cuda, source = torch.version.cuda, "torch.__config__.show"
    commit = observed(git, "torch.version.git_version") if git else unreadable("not-in-build", "torch.version.git_version")
    architectures = torch.cuda.get_arch_list()
    return {
        "sw.framework.name": observed("torch", "runner"),
        "sw.framework.version": observed(version, "torch.__version__"),
        "sw.framework.git": commit,
        "sw.framework.wheel_source": wheel_source("torch"),
        "sw.framework.arch_list": observed(tuple(architectures), "torch.cuda.get_arch_list") if architectures else inapplicable("built without CUDA"),
        "sw.framework.flags": observed(flags(), "torch.backends"),
        "sw.cuda.framework_build": observed(cuda, "torch.version.cuda") if cuda else inapplicable("built without CUDA"),
        "sw.kernel_libs": observed(_libraries(shown), f"{source} and installed metadata"),
        "sw.runtime.name": observed("torch-eager", "runner"),
        "sw.runtime.version": observed(version, "torch.__version__"),
        "sw.runtime.git": commit,
        "sw.runtime.build_info": observed(_build(shown), source),
    }


def flags() -> dict[str, str]:
    """Every switch that changes numerics or the choice of kernels, as it is set now."""
    return {
        **{name: str(_at(path)).lower() for name, path in SWITCHES.items()},
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
        "deterministic_algorithms": str(torch.are_deterministic_algorithms_enabled()).lower(),
        "default_dtype": str(torch.get_default_dtype()).removeprefix("torch."),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
    }


def kernel_backend(on_cuda: bool) -> AnyField:
    """Which library the kernels of convolutions come from."""
    if on_cuda:
        library = torch.backends.cudnn.is_available() and torch.backends.cudnn.enabled  # type: ignore[no-untyped-call]
        return observed("cudnn" if library else "aten", "torch.backends.cudnn")
    library = torch.backends.mkldnn.is_available() and torch.backends.mkldnn.enabled  # type: ignore[no-untyped-call]
    return observed("onednn" if library else "aten", "torch.backends.mkldnn")


def _at(path: str) -> object:
    found: object = torch.backends
    for name in path.split("."):
        found = getattr(found, name, "absent")
    return found


def _libraries(shown: str) -> dict[str, str]:
    found = {name: match.group(1) for name, pattern in LIBRARIES.items() if (match := re.search(pattern, shown))}
    cudnn = torch.backends.cudnn.version() if torch.cuda.is_available() else None  # type: ignore[no-untyped-call]
    return found | ({"cudnn": str(cudnn)} if cudnn else {}) | (pins("nvidia-") if torch.version.cuda else {})


def _build(shown: str) -> str:
    settings = dict(re.findall(r"\b([A-Z_]+)=([^,\s]*)", shown))
    return ", ".join(f"{word}={settings[word]}" for word in BUILD_WORDS if word in settings)
