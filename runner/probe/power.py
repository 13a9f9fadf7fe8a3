"""Power, heat and company: what the device's sensor, the host and the node's owner say of the conditions of a run."""

from __future__ import annotations

from collections.abc import Mapping

from runner.contract.fields import AnyField, Counts, Flag, Text, Whole
from runner.probe.machine import Machine, Unread, found, from_file
from runner.sensors import Edge
from runner.sensors.edges import difference
from runner.sensors.host import average_ppm
from runner.sensors.interface import ENERGY

COOLING = ("air_passive", "air_active", "liquid_cold_plate", "immersion", "laptop_fan")
SUPPLY = "sys/class/power_supply"
POWER = frozenset({ENERGY, "power_instant_mw", "power_avg_mw"})
BOARD_ONLY: Mapping[str, type[Whole] | type[Flag] | type[Counts]] = {
    "env.power_limit_mw.enforced": Whole, "env.power_limit_mw.default": Whole, "env.power_limit_mw.min": Whole, "env.power_limit_mw.max": Whole,
    "env.app_clocks_khz": Counts, "env.persistence_mode": Flag,
}  # fmt: skip


def fields(machine: Machine, described: Mapping[str, AnyField], host: tuple[Edge, Edge] | None) -> dict[str, AnyField]:
    """`env.*`: `described` is what the sensor says of its devices; `host` are two edges of the host's sensor around what was measured."""
    made: dict[str, AnyField] = {path: kind(status="not_applicable", source="no board") for path, kind in BOARD_ONLY.items()}
    made |= {path: leaf for path, leaf in described.items() if path.startswith("env.")}
    if "env.power_source" not in made or not made["env.power_source"].known:
        made["env.power_source"] = found(Text, f"/{SUPPLY}", lambda: _supply(machine))
    return made | {
        "env.platform_profile": _profile(machine),
        "env.cooling": Text(status="unreadable:not-declared", source="the node's owner"),
        "env.ambient_mc": Whole(status="unreadable:not-declared", source="the node's owner"),
        "env.idle_power_mw": _idle(machine),
        "env.cotenancy.foreign_gpu_processes": found(Whole, "nvmlDeviceGetComputeRunningProcesses", lambda: foreign(machine)),
        "env.cotenancy.cpu_steal_ppm": found(Whole, "/proc/stat, between two reads", lambda: _steal(host)),
        "env.cotenancy.psi_cpu_some_avg10_ppm": from_file(Whole, machine, "proc/pressure/cpu", average_ppm),
    }


def _supply(machine: Machine) -> str:
    supplies = machine.names(SUPPLY) if machine.has(SUPPLY) else ()
    kinds = {name: machine.text(f"{SUPPLY}/{name}/type") for name in supplies if not _of_a_peripheral(machine, name)}
    mains = [name for name, kind in kinds.items() if kind in ("Mains", "USB")]
    if any(machine.text(f"{SUPPLY}/{name}/online") == "1" for name in mains):
        return "ac"
    if "Battery" in kinds.values():
        return "battery"
    raise Unread("not_applicable")


def _of_a_peripheral(machine: Machine, name: str) -> bool:
    path = f"{SUPPLY}/{name}/scope"
    return machine.has(path) and machine.text(path) == "Device"  # the battery of a mouse says nothing of the machine


def _profile(machine: Machine) -> Text:
    path = "sys/firmware/acpi/platform_profile"
    return from_file(Text, machine, path) if machine.has(path) else Text(status="not_applicable", source=f"/{path}")


def foreign(machine: Machine) -> int:
    """Processes on the devices that are not the run's own; raises `Unread`.

    In a container with process numbers of its own the driver may hide others or show us under a number that we do not know: only a list
    that has us in it is a count.
    """
    if machine.sensor.device_count == 0:
        raise Unread("not_applicable")
    there = machine.sensor.process_ids()
    if there is None:
        raise Unread("unreadable:refused-by-driver")
    if not there & machine.process_ids and _renumbered(machine):
        raise Unread("unreadable:hidden-in-container")
    return len(there - machine.process_ids)


def _renumbered(machine: Machine) -> bool:
    try:
        return machine.text("proc/1/comm") not in ("systemd", "init") or machine.has(".dockerenv") or machine.has("run/.containerenv")
    except Unread:
        return True


def _idle(machine: Machine) -> Whole:
    """Nothing waits for a device to come to rest, so what it draws then is not known."""
    there = bool(POWER & machine.sensor.capabilities)
    return Whole(status="unreadable:not-measured" if there else "not_applicable", source=machine.sensor.name)


def _steal(host: tuple[Edge, Edge] | None) -> int:
    if host is None:
        raise Unread("unreadable:no-interval")
    before, after = host
    share = difference(before, after).share_ppm("cpu_steal_ticks", "cpu_total_ticks")
    if share is None:
        status = after.status("cpu_steal_ticks")
        raise Unread("unreadable:interval-too-short" if status == "observed" else status)
    return share
