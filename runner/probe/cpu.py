"""The host processor: what /proc/cpuinfo and /sys/devices/system/cpu say that does not change from one second to the next."""

from __future__ import annotations

from collections.abc import Iterator

from runner.contract.fields import AnyField, Flag, Text, Whole, Words
from runner.probe.machine import Machine, Unread, found, from_file, number, reasons, switch

CPU = "sys/devices/system/cpu"
# The instruction sets that decide which kernels a runtime picks; x86 names as in /proc/cpuinfo, then Arm's.
FLAGS = frozenset({
    "sse4_1", "sse4_2", "avx", "avx2", "fma", "f16c", "bmi2", "avx_vnni", "avx_vnni_int8", "avx_ifma", "avx_ne_convert", "avx10", "amx_tile",
    "amx_int8", "amx_bf16", "amx_fp16", "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx512vbmi", "avx512_vbmi2",
    "avx512_vnni", "avx512_bitalg", "avx512_vpopcntdq", "avx512_bf16", "avx512_fp16", "avx512ifma", "hypervisor",
    "asimd", "asimdhp", "asimddp", "asimdfhm", "bf16", "i8mm", "sve", "sve2", "sveaes", "svei8mm", "svebf16", "sme", "sme2",
})  # fmt: skip


def fields(machine: Machine) -> dict[str, AnyField]:
    """`host.cpu.*` and the settings that govern its clocks."""
    source = "/proc/cpuinfo"
    return {
        "host.cpu.model": found(Text, source, lambda: model(machine)),
        "host.cpu.sockets": found(Whole, f"/{CPU}/cpu*/topology", lambda: len({package for package, _ in _places(machine)})),
        "host.cpu.cores": found(Whole, f"/{CPU}/cpu*/topology", lambda: len(set(_places(machine)))),
        "host.cpu.threads": found(Whole, f"/{CPU}/online", lambda: len(_online(machine))),
        "host.cpu.flags": found(Words, source, lambda: tuple(sorted(FLAGS & flags(machine)))),
        "host.cpu.microcode": found(Text, source, lambda: _first(machine, "microcode")),
        "host.cpu.clock_max_khz": from_file(Whole, machine, f"{CPU}/cpu0/cpufreq/cpuinfo_max_freq", number),
        "host.cpu_affinity": found(Text, "/proc/self/status: Cpus_allowed_list", lambda: _allowed(machine)),
        "host.smt_active": from_file(Flag, machine, f"{CPU}/smt/active", switch),
        "host.cpu_governor": found(Text, f"/{CPU}/cpu*/cpufreq/scaling_governor", lambda: _each(machine, "scaling_governor")),
        "host.epp": found(Text, f"/{CPU}/cpu*/cpufreq/energy_performance_preference", lambda: _preference(machine)),
        "host.boost": _boost(machine),
    }


def model(machine: Machine) -> str:
    """The processor's name; on Arm, which has none in /proc/cpuinfo, implementer and part number. Raises `Unread`."""
    entries = _entries(machine)
    named = entries.get("model name") or entries.get("Model") or entries.get("cpu model")
    if named:
        return " ".join(named.split())
    if "CPU part" in entries:
        return f"implementer {entries.get('CPU implementer', 'unknown')} part {entries['CPU part']}"
    raise Unread("unreadable:hidden")


def flags(machine: Machine) -> frozenset[str]:
    """All instruction-set words of the first processor; raises `Unread`."""
    entries = _entries(machine)
    return frozenset((entries.get("flags") or entries["Features"]).split())


def _entries(machine: Machine) -> dict[str, str]:
    first = machine.text("proc/cpuinfo").partition("\n\n")[0]
    with reasons():
        return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in first.splitlines())}


def _first(machine: Machine, name: str) -> str:
    value = _entries(machine).get(name)
    if not value:
        raise Unread("not_applicable" if "CPU part" in _entries(machine) else "unreadable:hidden")
    return value


def _online(machine: Machine) -> tuple[int, ...]:
    return tuple(spread(machine.text(f"{CPU}/online")))


def spread(ranges: str) -> Iterator[int]:
    """The numbers in a kernel list such as "0-3,8"; ValueError for anything else."""
    for part in ranges.split(","):
        low, _, high = part.strip().partition("-")
        yield from range(int(low), int(high or low) + 1)


def _places(machine: Machine) -> list[tuple[str, str]]:
    folder = f"{CPU}/cpu{{}}/topology/{{}}"
    return [
        (machine.text(folder.format(cpu, "physical_package_id")), machine.text(folder.format(cpu, "core_id")))
        for cpu in _online(machine)
    ]  # fmt: skip


def _allowed(machine: Machine) -> str:
    lines = machine.text("proc/self/status").splitlines()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith("Cpus_allowed_list"))


def _each(machine: Machine, name: str) -> str:
    said = {machine.text(f"{CPU}/cpu{cpu}/cpufreq/{name}") for cpu in _online(machine)}
    return ",".join(sorted(said))


def _preference(machine: Machine) -> str:
    if machine.has(f"{CPU}/cpu0/cpufreq") and not machine.has(f"{CPU}/cpu0/cpufreq/energy_performance_preference"):
        raise Unread("not_applicable")  # this frequency driver takes no preference
    return _each(machine, "energy_performance_preference")


def _boost(machine: Machine) -> Flag:
    if machine.has(f"{CPU}/intel_pstate/no_turbo"):
        return from_file(Flag, machine, f"{CPU}/intel_pstate/no_turbo", lambda text: not switch(text))
    return from_file(Flag, machine, f"{CPU}/cpufreq/boost", switch)
