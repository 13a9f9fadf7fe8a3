"""The software below the runtime: operating system, kernel, interpreter, C library, clock source, variables and the digest of what is installed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from runner.contract.fields import AnyField, Table, Text
from runner.probe.distributions import installed, lock_digest
from runner.probe.machine import Machine, Unread, found, from_file

VARIABLES = frozenset({
    "CUDA_LAUNCH_BLOCKING", "CUDA_MODULE_LOADING", "CUDA_DEVICE_ORDER", "CUDA_DEVICE_MAX_CONNECTIONS", "NVIDIA_TF32_OVERRIDE",
    "OMP_NUM_THREADS", "OMP_PROC_BIND", "OMP_PLACES", "OMP_WAIT_POLICY", "OMP_DYNAMIC", "GOMP_CPU_AFFINITY", "OPENBLAS_NUM_THREADS",
    "TOKENIZERS_PARALLELISM", "LD_PRELOAD", "MALLOC_ARENA_MAX", "CUBLAS_WORKSPACE_CONFIG", "CUDNN_CONV_WSCAP_DBG", "XLA_FLAGS",
})  # fmt: skip
PREFIXES = ("NCCL_", "KMP_", "MKL_", "PYTORCH_", "VLLM_", "ORT_", "DNNL_", "ONEDNN_")
PRIVATE = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH|HOST|ADDR|URL|USER|_IP$|_IP_|IFNAME|DIR$|ROOT$|FILE$|CACHE$")
LONGEST = 200
LISTED_DEVICES = re.compile(r"^-?[0-9]+(,[0-9]+)*$")


def fields(machine: Machine) -> dict[str, AnyField]:
    """`sw.os`, kernel, Python, libc, clock source, variables, packages and visible devices."""
    python = machine.interpreter
    return {
        "sw.os.id": found(Text, "/etc/os-release: ID", lambda: release(machine)["ID"]),
        "sw.os.version": found(Text, "/etc/os-release: VERSION_ID", lambda: _word(release(machine), "VERSION_ID")),
        "sw.os.build": found(Text, "/etc/os-release: BUILD_ID", lambda: _word(release(machine), "BUILD_ID")),
        "sw.kernel_release": from_file(Text, machine, "proc/sys/kernel/osrelease"),
        "sw.python.version": found(Text, "platform.python_version", lambda: python.version),
        "sw.python.implementation": found(Text, "platform.python_implementation", lambda: python.implementation),
        "sw.python.build": found(Text, "platform.python_build, python_compiler", lambda: python.build),
        "sw.libc": found(Text, "confstr CS_GNU_LIBC_VERSION", lambda: _given(python.libc)),
        "sw.clocksource": from_file(Text, machine, "sys/devices/system/clocksource/clocksource0/current_clocksource"),
        "sw.env_vars": Table(value=variables(machine.environ), status="observed", source="environment, by allow-list"),
        "sw.packages_sha256": found(Text, "names and versions of the installed distributions", lambda: lock_digest(_some(installed(machine)))),
        "sw.visible_devices": found(Text, "CUDA_VISIBLE_DEVICES", lambda: _visible(machine.environ)),
    }


def release(machine: Machine) -> dict[str, str]:
    """os-release(5) as a table; raises `Unread`."""
    path = "etc/os-release" if machine.has("etc/os-release") else "usr/lib/os-release"
    pairs = (line.partition("=") for line in machine.text(path).splitlines() if "=" in line and not line.startswith("#"))
    return {key: value.strip().strip("\"'") for key, _, value in pairs}


def variables(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that change how a runtime computes; a path is not repeated, and a name that may hold a secret or an address is not read."""
    named = (name for name in sorted(environ) if (name in VARIABLES or name.startswith(PREFIXES)) and not PRIVATE.search(name))
    return {name: _shown(environ[name]) for name in named}


def _shown(value: str) -> str:
    return "(a path)" if "/" in value or "\\" in value else value[:LONGEST]


def _word(words: Mapping[str, str], name: str) -> str:
    if not words.get(name):
        raise Unread("not_applicable")  # this distribution has none
    return words[name]


def _given(text: str) -> str:
    if not text:
        raise Unread("unreadable:not-glibc")
    return text


def _some(versions: dict[str, str]) -> dict[str, str]:
    if not versions:
        raise Unread("unreadable:no-site-folder")
    return versions


def _visible(environ: Mapping[str, str]) -> str:
    if "CUDA_VISIBLE_DEVICES" not in environ:
        raise Unread("not_applicable")
    said = environ["CUDA_VISIBLE_DEVICES"].replace(" ", "")
    return said if LISTED_DEVICES.match(said) else f"{len(said.split(','))} by identity" if said else "none"
