"""CUDA's axes that can be read without a framework: driver, driver's maximum, toolkit on the system, runtime loaded, forward compatibility."""

from __future__ import annotations

import json
from collections.abc import Mapping

from runner.contract.fields import AnyField, Flag, Text
from runner.probe.libraries import Library, loaded
from runner.probe.machine import Machine, Unread, found, reasons

DRIVER = "proc/driver/nvidia/version"
TOOLKITS = ("usr/local/cuda/version.json", "opt/cuda/version.json")
COMPATIBILITY = "compat"


def fields(machine: Machine, described: Mapping[str, AnyField]) -> dict[str, AnyField]:
    """`sw.driver`, `sw.nvml_version` and `sw.cuda` without `framework_build`, which only the framework knows; for a CPU executor none applies."""
    toolkit = found(Text, "version.json of the toolkit that nvcc on PATH, or the system's folder, belongs to", lambda: toolkit_version(machine))
    if machine.sensor.device_count == 0:
        none = {path: Text(status="not_applicable", source="no accelerator in use") for path in
                ("sw.driver.version", "sw.driver.module_flavor", "sw.nvml_version", "sw.cuda.driver_max", "sw.cuda.runtime_loaded")}  # fmt: skip
        return {**none, "sw.cuda.forward_compat": Flag(status="not_applicable", source="no accelerator in use"), "sw.cuda.system_toolkit": toolkit}
    made = {path: leaf for path, leaf in described.items() if path.startswith("sw.")}
    return made | {
        "sw.driver.module_flavor": found(Text, f"/{DRIVER}", lambda: module_flavor(machine)),
        "sw.cuda.system_toolkit": toolkit,
        "sw.cuda.runtime_loaded": found(Text, "/proc/self/maps: libcudart", lambda: _one(machine, "libcudart.so").version),
        "sw.cuda.forward_compat": found(Flag, "/proc/self/maps: libcuda", lambda: forward_compatible(machine)),
    }


def module_flavor(machine: Machine) -> str:
    """Whether the kernel module is NVIDIA's open or proprietary one; raises `Unread`."""
    return "open" if "Open Kernel Module" in machine.text(DRIVER) else "proprietary"


def toolkit_version(machine: Machine) -> str:
    """The version of the CUDA toolkit on this system, `not_applicable` where there is none; raises `Unread`. Nothing is started to find it."""
    for path in (*_beside_compilers(machine), *TOOLKITS):
        if machine.has(path):
            with reasons():
                return str(json.loads(machine.text(path))["cuda"]["version"])
    raise Unread("not_applicable")


def _beside_compilers(machine: Machine) -> list[str]:
    found_compilers = []
    for folder in machine.environ.get("PATH", "").split(":"):
        compiler = f"{folder.strip('/')}/nvcc"
        if folder.startswith("/") and machine.has(compiler):
            found_compilers.append(f"{machine.resolved(compiler).rpartition('/bin/')[0]}/version.json")
    return found_compilers


def forward_compatible(machine: Machine) -> bool:
    """Whether the loaded libcuda is the toolkit's compatibility copy rather than the driver's own; raises `Unread`."""
    return COMPATIBILITY in _one(machine, "libcuda.so").path.split("/")


def _one(machine: Machine, name: str) -> Library:
    fitting = [library for library in loaded(machine) if library.soname.startswith(name)]
    if not fitting:
        raise Unread("unreadable:not-loaded")
    if len({library.version for library in fitting}) > 1:
        raise Unread("unreadable:several-loaded")
    return fitting[0]
