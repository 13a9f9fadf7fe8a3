"""What the sensors say of one window: read at its two edges and at no time inside it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from runner.contract.fields import Text, Whole
from runner.contract.telemetry import TelemetryRow
from runner.load.clock import Clock
from runner.sensors import open_sensor
from runner.sensors.edges import PPM, Difference, difference, telemetry_row
from runner.sensors.host import HostSensor
from runner.sensors.interface import ENERGY, Edge, Reading, Sensor
from runner.sensors.none import NoSensor

HARDWARE_SLOWDOWNS = ("slowdown_hw_thermal_ns", "slowdown_hw_power_brake_ns")
# What slowed a device down, gravest first: counters in ns -> the word of the run document.
SLOWDOWNS: Sequence[tuple[tuple[str, ...], str]] = (
    (HARDWARE_SLOWDOWNS, "hw_slowdown"),
    (("slowdown_sw_thermal_ns", "violation_thermal_ns"), "sw_thermal"),
    (("violation_power_ns",), "power_cap"),
)
Facts = Mapping[str, Text | Whole]


class Senses:
    """The accelerator's sensor, none for a CPU, and the host's; open inside a `with` block."""

    def __init__(self, device: str, accelerator: Sensor | None = None, host: HostSensor | None = None) -> None:
        self.accelerator = accelerator or (open_sensor("nvml") if device == "cuda" else NoSensor())
        self.host = host or HostSensor()

    def __enter__(self) -> Self:
        self.host.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.accelerator.close()
        self.host.close()


@dataclass(frozen=True)
class Watched:
    """Facts of the trial document by name, the rows of telemetry, what the sensors could read at all, and the host's two edges."""

    facts: Facts
    telemetry: tuple[TelemetryRow, ...]
    capabilities: tuple[str, ...]
    host: tuple[Edge, Edge]


class Watch:
    """One window: made right before it, `ended` right after it."""

    def __init__(self, senses: Senses, clock: Clock) -> None:
        self._senses, self._origin = senses, clock.origin_ns
        self._readings: list[Reading] = [*senses.accelerator.sample(), *senses.host.sample()]
        self._host, self._devices = senses.host.edge(), senses.accelerator.edge()

    def ended(self, energy_scope: str) -> Watched:
        """What the window did to host and devices."""
        host, devices = self._senses.host.edge(), self._senses.accelerator.edge()
        last = [*self._senses.host.sample(), *self._senses.accelerator.sample()]
        rows = [telemetry_row(reading, self._origin) for reading in (*self._readings, *last)]
        accelerator = self._senses.accelerator
        grown = [difference(before, after) for before, after in _pairs(self._devices, devices)]
        passed = difference(self._host[0], host[0])
        facts: Facts = {
            "cpu_steal_ppm": _steal(passed),
            "psi_cpu_some_avg10_ppm": pressure(passed, last),
            "foreign_gpu_processes": foreign_processes(accelerator, os.getpid()),
            "throttle": throttle(grown, _absent(accelerator)),
            "energy_mj": energy(grown, energy_scope, _absent(accelerator)),
        }
        capabilities = {f"{sensor.name}.{name}" for sensor in (accelerator, self._senses.host) for name in sensor.capabilities}
        return Watched(facts, tuple(sorted(rows, key=lambda row: (row.t_ns, row.device))), tuple(sorted(capabilities)), (self._host[0], host[0]))


def _pairs(before: Sequence[Edge], after: Sequence[Edge]) -> Iterator[tuple[Edge, Edge]]:
    ends = {edge.device: edge for edge in after}
    return ((edge, ends[edge.device]) for edge in before if edge.device in ends)


def _absent(sensor: Sensor) -> str:
    """The status of what a sensor without devices does not measure."""
    return "unreadable:not-supported" if sensor.device_count else sensor.refusals.get("device", "unreadable:no-sensor")


def _steal(host: Difference) -> Whole:
    """Share of all CPU time that the hypervisor took during the window, in ppm."""
    share = host.share_ppm("cpu_steal_ticks", "cpu_total_ticks")
    if share is None:
        return Whole(status=host.refusals.get("cpu_steal_ticks", "unreadable:no-ticks"), source="/proc/stat")
    return Whole(value=share, status="observed", source="/proc/stat")


def pressure(host: Difference, readings: Sequence[Reading]) -> Whole:
    """Share of the window in which some task waited for a processor, in ppm; `source` says where it is only the kernel's ten-second average.

    The average at the end of a window shorter than that still holds the warm-up, so it stands in only where the total was not read twice.
    """
    name, source = "psi_cpu_some_avg10_ppm", "/proc/pressure/cpu"
    share = host.share_ppm("psi_cpu_some_ns")
    if share is not None:
        return Whole(value=min(PPM, share), status="observed", source=f"{source} total over the window")
    for reading in readings:
        if name in reading.values:
            return Whole(value=reading.values[name], status="observed", source=f"{source} avg10 at the end of the window")
    reasons = [reading.refusals[name] for reading in readings if name in reading.refusals]
    return Whole(status=reasons[0] if reasons else "unreadable:no-reading", source=source)


def foreign_processes(sensor: Sensor, own: int) -> Whole:
    """How many processes beside this one are on the devices; unreadable where the driver numbers processes in another name space."""
    if not sensor.device_count:
        return Whole(status=_absent(sensor), source=sensor.name)
    found = sensor.process_ids()
    if found is None:
        return Whole(status="unreadable:not-supported", source=sensor.name)
    if own not in found:
        return Whole(status="unreadable:hidden-in-container", source=sensor.name)
    return Whole(value=len(found) - 1, status="observed", source=sensor.name)


def throttle(grown: Sequence[Difference], absent: str) -> Text:
    """The gravest reason for which a device slowed down during the window, or `none`."""
    if not any(name in device.grown for device in grown for names, _ in SLOWDOWNS for name in names):
        return Text(status=absent, source="counters")
    for names, word in SLOWDOWNS:
        if any(device.grown.get(name) for device in grown for name in names):
            return Text(value=word, status="observed", source="counters")
    return Text(value="none", status="observed", source="counters")


def energy(grown: Sequence[Difference], scope: str, absent: str) -> Whole:
    """Energy of all devices over the window in mJ; not applicable where the methodology asks for none, and never 0 for want of a sensor."""
    if scope == "none":
        return Whole(status="not_applicable", source="methodology")
    if not grown or any(ENERGY not in device.grown for device in grown):
        return Whole(status=absent if absent.startswith("unreadable:") else "unreadable:no-sensor", source="counters")
    return Whole(value=sum(device.grown[ENERGY] for device in grown), status="observed", source="counters")
