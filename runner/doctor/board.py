"""The chain from board to driver to CUDA, which can fail silently into a slow path: each link by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runner.contract.fields import AnyField
from runner.doctor.check import Check, fine, irrelevant, wanting
from runner.doctor.software import torch_cuda
from runner.probe.machine import Machine, Unread
from runner.sensors.interface import ENERGY

PCI = "sys/bus/pci/devices"
NVIDIA, DISPLAY = "0x10de", ("0x0300", "0x0302")
COMPATIBILITY = "usr/local/cuda/compat"
NO_BOARD = "no NVIDIA board here"


def checks(machine: Machine, leaves: Mapping[str, AnyField]) -> Iterator[Check]:
    """NVML, nouveau, CUDA's axes, persistence, PCIe link, partitioning and the energy counter."""
    boards = boards_on_bus(machine)
    read = machine.sensor.device_count > 0
    yield nvml(machine, boards)
    yield nouveau(machine, boards > 0 or read)
    yield axes(machine, leaves)
    yield persistence(leaves["env.persistence_mode"]) if read else irrelevant("persistence mode", NO_BOARD)
    yield link(leaves) if read else irrelevant("PCIe link", NO_BOARD)
    yield partition(leaves["hw.mig_mode"]) if read else irrelevant("MIG", NO_BOARD)
    yield energy(machine)


def boards_on_bus(machine: Machine) -> int:
    """NVIDIA display or compute devices on the PCI bus, whether or not a driver serves them."""
    return sum(_is_board(machine, name) for name in _names(machine, PCI))


def nvml(machine: Machine, boards: int) -> Check:
    """Whether the driver's library answers."""
    sensor, name = machine.sensor, "NVML"
    if sensor.device_count:
        return fine(name, f"{sensor.device_count} device{'s' if sensor.device_count > 1 else ''}")
    reason = sensor.refusals.get("device", "not_applicable").removeprefix("unreadable:")
    if not boards:
        return irrelevant(name, f"{NO_BOARD} ({reason})")
    remedy = {
        "binding-missing": "install nvidia-ml-py (the extra `node` brings it)",
        "library-not-found": "install NVIDIA's driver; in a container, start it with the driver's utility libraries",
        "driver-not-loaded": "load the kernel module: modprobe nvidia, and read dmesg for why it was not",
        "driver-library-mismatch": "the driver was updated while loaded: restart the machine",
        "no-visible-device": "unset CUDA_VISIBLE_DEVICES, or name a device that exists",
        "permission-denied": "give this user access to /dev/nvidia*",
    }.get(reason, "run nvidia-smi and follow what it says")
    return wanting(name, "fail", f"{boards} NVIDIA board{'s' if boards > 1 else ''} on the bus and no answer: {reason}", remedy)


def nouveau(machine: Machine, has_board: bool) -> Check:
    """Whether the free driver without CUDA holds the board."""
    modules = [line.split(" ")[0] for line in _text(machine, "proc/modules").splitlines()]
    if "nouveau" in modules:
        return wanting("nouveau", "fail", "loaded", "blacklist nouveau, rebuild the initial ramdisk, restart, then install NVIDIA's driver")
    return fine("nouveau", "not loaded") if has_board else irrelevant("nouveau", NO_BOARD)


def axes(machine: Machine, leaves: Mapping[str, AnyField]) -> Check:
    """CUDA's four independent axes, which of them is in effect, and whether driver and framework build go together.

    A driver runs builds of its own major version or an older one (NVIDIA, CUDA Compatibility: backward and minor-version
    compatibility); a build of a newer major version needs the forward-compatibility libraries. The system's toolkit is not involved.
    """
    name, build = "CUDA axes", torch_cuda(machine)
    seen = _table(leaves, build)
    most = leaves["sw.cuda.driver_max"].value
    if not isinstance(most, str):
        if build and boards_on_bus(machine):
            return wanting(name, "warn", seen, "CUDA does not answer: runs here use the CPU")
        return irrelevant(name, seen)
    if build is None:
        return wanting(name, "warn", seen, "no torch built for CUDA is installed: take one from the index for this driver, or use onnxruntime-gpu")
    if int(build.split(".")[0]) <= int(most.split(".")[0]):
        return fine(name, seen)
    if any(entry.startswith("libcuda.so") for entry in _names(machine, COMPATIBILITY)):
        return wanting(name, "warn", seen, "forward-compatibility libraries are in use: data-centre boards only, and a layer more to record")
    return wanting(name, "fail", seen, f"the driver goes up to CUDA {most}: update it, or install a build for CUDA {most.split('.')[0]}")


def _table(leaves: Mapping[str, AnyField], build: str | None) -> str:
    rows = {
        "driver": _shown(leaves["sw.driver.version"]), "driver's maximum": _shown(leaves["sw.cuda.driver_max"]),
        "toolkit on the system": _shown(leaves["sw.cuda.system_toolkit"]), "framework build": build or "none",
        "compute capability": _shown(leaves["hw.compute_capability"]),
    }  # fmt: skip
    effect = "in effect: the framework's own build" if build else "in effect: none"
    return "; ".join([*(f"{axis} {value}" for axis, value in rows.items()), effect])


def persistence(mode: AnyField) -> Check:
    """Whether the driver stays initialised between processes."""
    if mode.value is True:
        return fine("persistence mode", "on")
    remedy = "ask the node's owner for nvidia-persistenced, or nvidia-smi -pm 1: the first call after idling is slow without it"
    return wanting("persistence mode", "warn", "off" if mode.known else mode.status, remedy)


def link(leaves: Mapping[str, AnyField]) -> Check:
    """Width must be full at all times; the generation falls at idle to save power and counts only under load."""
    width, widest = leaves["hw.pcie_width_cur"].value, leaves["hw.pcie_width_max"].value
    generation, newest = leaves["hw.pcie_gen_cur"].value, leaves["hw.pcie_gen_max"].value
    if not (isinstance(width, int) and isinstance(widest, int)):
        return irrelevant("PCIe link", leaves["hw.pcie_width_cur"].status)
    seen = f"x{width} of x{widest}, generation {generation} of {newest} (at idle)"
    if width < widest:
        return wanting("PCIe link", "warn", seen, "reseat the board, look at the slot and at bifurcation in the firmware's settings")
    return fine("PCIe link", seen)


def partition(mode: AnyField) -> Check:
    """Whether the board is cut into instances."""
    if mode.value is True:
        return wanting("MIG", "warn", "on", "an instance has no power meter of its own: energy will not be measured; turn MIG off if it matters")
    return fine("MIG", "off" if mode.known else mode.status.replace("_", " "))


def energy(machine: Machine) -> Check:
    """Whether energy can be measured; it is never estimated."""
    if machine.sensor.device_count == 0:
        return irrelevant("energy", "no accelerator to read: energy is not measured")
    if ENERGY in machine.sensor.capabilities:
        return fine("energy", "the board's counter answers")
    reason = machine.sensor.refusals.get(ENERGY, "not_collected")
    return wanting("energy", "warn", f"the board's counter does not answer: {reason}", "runs go on without energy; only Volta and later have it")


def _shown(leaf: AnyField) -> str:
    return str(leaf.value) if leaf.known else "none" if leaf.status == "not_applicable" else leaf.status


def _is_board(machine: Machine, name: str) -> bool:
    return _text(machine, f"{PCI}/{name}/vendor") == NVIDIA and _text(machine, f"{PCI}/{name}/class").startswith(DISPLAY)


def _names(machine: Machine, path: str) -> tuple[str, ...]:
    try:
        return machine.names(path)
    except Unread:
        return ()


def _text(machine: Machine, path: str) -> str:
    try:
        return machine.text(path)
    except Unread:
        return ""
