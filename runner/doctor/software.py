"""The interpreter, the distributions the runner needs, and the runtimes: by their metadata, without importing any of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from runner.doctor.check import Check, fine, irrelevant, wanting
from runner.probe.distributions import installed
from runner.probe.machine import Machine

OLDEST_PYTHON = (3, 11)
NEEDED = ("pydantic", "numpy", "pyarrow", "cryptography", "typer", "rich", "httpx")
RUNTIMES = ("torch", "onnxruntime", "onnxruntime-gpu", "openvino")
PINNED_TORCH = "2.13.0"
_CUDA = re.compile(r"""^cuda(?:\s*:[^=]*)?\s*=\s*['"](?P<version>[0-9.]+)['"]""", re.MULTILINE)


def checks(machine: Machine) -> Iterator[Check]:
    """Python, distributions, runtimes and the build of torch."""
    versions = installed(machine)
    yield python(machine.interpreter.version)
    yield needed(versions)
    yield runtimes(versions)
    yield torch(versions, torch_cuda(machine))


def python(version: str) -> Check:
    """Whether the interpreter is new enough."""
    oldest = ".".join(map(str, OLDEST_PYTHON))
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_PYTHON:
        return wanting("python", "fail", version, f"install Python {oldest} or newer and make the environment anew")
    return fine("python", version)


def needed(versions: Mapping[str, str]) -> Check:
    """Whether what the runner itself needs is installed."""
    missing = [name for name in NEEDED if name not in versions]
    if missing:
        return wanting("packages", "fail", f"missing: {', '.join(missing)}", "install this project with its extra `node` into this environment")
    return fine("packages", ", ".join(f"{name} {versions[name]}" for name in NEEDED))


def runtimes(versions: Mapping[str, str]) -> Check:
    """Whether there is anything to measure with."""
    there = [f"{name} {versions[name]}" for name in RUNTIMES if name in versions]
    if not there:
        return wanting("runtimes", "fail", "none installed", "install the extra `onnxruntime` or `torch`")
    if "onnxruntime" in versions and "onnxruntime-gpu" in versions:
        remedy = "both write the same folder and the last one wins: remove both, then install the one you want"
        return wanting("runtimes", "warn", ", ".join(there), remedy)
    return fine("runtimes", ", ".join(there))


def torch(versions: Mapping[str, str], cuda: str | None) -> Check:
    """Which torch is installed and for what it was built."""
    if "torch" not in versions:
        return irrelevant("torch build", "torch is not installed")
    seen = f"{versions['torch']}, built for {f'CUDA {cuda}' if cuda else 'the CPU'}"
    if versions["torch"].partition("+")[0] != PINNED_TORCH:
        return wanting("torch build", "warn", seen, f"tested with torch {PINNED_TORCH}; another version runs and is recorded as it is")
    return fine("torch build", seen)


def torch_cuda(machine: Machine) -> str | None:
    """The CUDA version in torch's own version file, "13.0" say; None without torch or for a build without CUDA."""
    for folder in machine.site_folders:
        text = _text(folder / "torch/version.py")
        if text:
            match = _CUDA.search(text)
            return match["version"] if match else None
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
