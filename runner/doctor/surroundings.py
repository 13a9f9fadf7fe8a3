"""The host as a place to measure in: its clock, its governor, its neighbours, its limits and its disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from time import perf_counter_ns

from runner.contract.fields import AnyField
from runner.doctor.check import Check, fine, irrelevant, wanting
from runner.load.clock import clock_cost

STEADY_CLOCKS = ("tsc", "kvm-clock", "arch_sys_counter")
DEAREST_CLOCK_NS, COARSEST_CLOCK_NS = 1_000, 1_000
# The levels at which the gate on noise speaks by default (methodology: protocol.max_cpu_steal_ppm, max_psi_cpu_some_ppm).
MOST_STEAL_PPM, MOST_PRESSURE_PPM = 10_000, 100_000
WHOLE_CPU_PPM = 1_000_000
SCARCE_BYTES, TIGHT_BYTES = 256 * 1024**2, 2 * 1024**3


def checks(leaves: Mapping[str, AnyField]) -> Iterator[Check]:
    """Clock, governor, steal, pressure and CPU quota."""
    yield clock(leaves["sw.clocksource"])
    yield governor(leaves["host.cpu_governor"])
    yield below("CPU steal", leaves["env.cotenancy.cpu_steal_ppm"], MOST_STEAL_PPM,
                "the hypervisor gives this machine's time to others: measure on a dedicated host, or at a quieter hour")  # fmt: skip
    pressure = leaves["env.cotenancy.psi_cpu_some_avg10_ppm"]
    yield below("CPU pressure", pressure, MOST_PRESSURE_PPM, "processes wait for the CPU: stop what else runs here")
    yield quota(leaves["host.container.cpu_quota_ppm"])


def clock(source: AnyField, read: Callable[[], int] = perf_counter_ns) -> Check:
    """Whether time can be read finely and cheaply."""
    cost = clock_cost(read, 5_000)
    seen = f"{source.value or source.status}: {cost.cost_ns} ns a reading, steps of {cost.resolution_ns} ns"
    if cost.cost_ns > DEAREST_CLOCK_NS or cost.resolution_ns > COARSEST_CLOCK_NS or (source.known and source.value not in STEADY_CLOCKS):
        return wanting("clock", "warn", seen, f"choose a clock source of {', '.join(STEADY_CLOCKS)} on the kernel's command line")
    return fine("clock", seen)


def governor(leaf: AnyField) -> Check:
    """Whether the CPU's frequency is left to wander."""
    if not leaf.known:
        return irrelevant("CPU governor", f"not visible here ({leaf.status.removeprefix('unreadable:')}); the host decides")
    if leaf.value == "performance":
        return fine("CPU governor", "performance")
    return wanting("CPU governor", "warn", str(leaf.value), "ask the node's owner for the governor `performance`; the run records what is in effect")


def below(name: str, leaf: AnyField, most_ppm: int, remedy: str) -> Check:
    """Whether a share in ppm stays under what the gate on noise accepts by default."""
    if not isinstance(leaf.value, int):
        return irrelevant(name, leaf.status)
    seen = f"{leaf.value / 10_000:.2f} %"
    return fine(name, seen) if leaf.value <= most_ppm else wanting(name, "warn", f"{seen}, above {most_ppm / 10_000:g} %", remedy)


def quota(leaf: AnyField) -> Check:
    """Whether a control group stops the process when its share of CPU time is used up."""
    if not isinstance(leaf.value, int):
        return fine("CPU quota", "none") if leaf.status == "not_applicable" else irrelevant("CPU quota", leaf.status)
    seen = f"{leaf.value / WHOLE_CPU_PPM:g} CPUs"
    return wanting("CPU quota", "warn", seen, "a quota stops the process in bursts and lengthens the tail: pin CPUs in its place")


def disk(outbox: Path, free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free) -> Check:
    """Whether sealed bundles have room to wait for the network."""
    folder = next(place for place in (outbox, *outbox.parents) if place.exists())
    room = free(folder)
    seen = f"{room / 1024**3:.1f} GiB free for the outbox"
    if not os.access(folder, os.W_OK):
        return wanting("disk", "fail", "the outbox may not be written to", "give this user the node's home, or set LYNXWEB_NODE_HOME")
    if room < TIGHT_BYTES:
        return wanting("disk", "fail" if room < SCARCE_BYTES else "warn", seen, "make room, or set LYNXWEB_NODE_HOME to a larger disk")
    return fine("disk", seen)
