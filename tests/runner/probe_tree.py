"""A machine made of a few files: a two-socket server with everything readable, and what a test changes about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from runner.contract.fields import AnyField
from runner.probe import Interpreter, Machine, probe
from runner.sensors import NoSensor

CPUINFO = """processor\t: {cpu}
model name\t: AMD EPYC 9554   64-Core Processor
microcode\t: 0xa101148
flags\t\t: fpu sse4_2 avx avx2 fma f16c bmi2 avx512f avx512_bf16 rdtscp

"""
FILES = {
    "proc/cpuinfo": "".join(CPUINFO.format(cpu=cpu) for cpu in range(4)),
    "proc/meminfo": "MemTotal:       791000000 kB\nMemFree:        1 kB\nHugePages_Total:       8\n",
    "proc/self/status": "Name:\tpython\nCpus_allowed:\tf\nCpus_allowed_list:\t0-3\n",
    "proc/self/maps": "",
    "proc/self/cgroup": "0::/job.slice/run.scope\n",
    "proc/1/cgroup": "0::/init.scope\n",
    "proc/1/comm": "systemd\n",
    "proc/pressure/cpu": "some avg10=1.25 avg60=0.64 avg300=0.33 total=20746755\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
    "proc/stat": "cpu  100 0 50 800 10 0 0 40 0 0\ncpu0 50 0 25 400 5 0 0 20 0 0\n",
    "proc/sys/kernel/numa_balancing": "1\n",
    "proc/sys/kernel/osrelease": "6.8.0-51-generic\n",
    "proc/sys/kernel/random/boot_id": "6c1c5b8e-0000-4000-8000-0123456789ab\n",
    "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    "etc/os-release": 'ID=ubuntu\nVERSION_ID="24.04"\n# comment\n',
    "sys/class/dmi/id/sys_vendor": "Supermicro\n",
    "sys/class/dmi/id/product_name": "AS -4125GS-TNRT\n",
    "sys/class/dmi/id/board_name": "H13DSG-O-CPU\n",
    "sys/class/dmi/id/bios_version": "1.8\n",
    "sys/class/dmi/id/chassis_type": "23\n",
    "sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
    "sys/devices/system/cpu/online": "0-3\n",
    "sys/devices/system/cpu/smt/active": "0\n",
    "sys/devices/system/cpu/cpufreq/boost": "1\n",
    "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq": "3762988\n",
    "sys/devices/system/cpu/vulnerabilities/meltdown": "Not affected\n",
    "sys/devices/system/node/node0/cpulist": "0-1\n",
    "sys/devices/system/node/node1/cpulist": "2-3\n",
    "sys/fs/cgroup/job.slice/run.scope/cpu.max": "max 100000\n",
    "sys/fs/cgroup/job.slice/run.scope/memory.max": "max\n",
    "sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
    **{f"sys/devices/system/cpu/cpu{cpu}/topology/physical_package_id": f"{cpu // 2}\n" for cpu in range(4)},
    **{f"sys/devices/system/cpu/cpu{cpu}/topology/core_id": f"{cpu % 2}\n" for cpu in range(4)},
    **{f"sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor": "performance\n" for cpu in range(4)},
    **{f"sys/devices/system/cpu/cpu{cpu}/cpufreq/energy_performance_preference": "performance\n" for cpu in range(4)},
}
INTERPRETER = Interpreter("3.11.9", "CPython", "main Jan  1 2026, GCC 13.2.0", "glibc 2.39", "x86_64")


def machine(
    root: Path, changed: Mapping[str, str] | None = None, without: Iterable[str] = (), environ: Mapping[str, str] | None = None,
    sensor: object = None, installed: Iterable[str] = ("numpy-2.4.6", "torch-2.13.0+cpu"),
) -> Machine:  # fmt: skip
    """The server of `FILES` below `root` with some files changed or left out."""
    files = {path: text for path, text in {**FILES, **(changed or {})}.items() if not path.startswith(tuple(without) or ("\0",))}
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    site = root / "opt/site-packages"
    for name in installed:
        (site / f"{name}.dist-info").mkdir(parents=True)
    return Machine(sensor or NoSensor(), dict(environ or {}), root, INTERPRETER, (site,), frozenset({4242}))  # type: ignore[arg-type]


def probed(root: Path, declared: Mapping[str, str] | None = None, **changes: object) -> dict[str, AnyField]:
    """The probe of `machine(root, **changes)`."""
    return probe(machine(root, **changes), b"salt", declared or {})  # type: ignore[arg-type]
