"""The machine around the accelerator: maker, virtualisation, memory, kernel settings, container, and its two salted identities."""

from __future__ import annotations

import hmac

from runner.contract.fields import AnyField, Table, Text, Whole
from runner.probe import container, cpu
from runner.probe.machine import Machine, Unread, found, from_file, number

DMI = "sys/class/dmi/id"
DMI_LEAVES = {"host.sys_vendor": "sys_vendor", "host.product": "product_name", "host.board": "board_name", "host.bios_version": "bios_version"}
THP = "sys/kernel/mm/transparent_hugepage/enabled"
FLAWS = "sys/devices/system/cpu/vulnerabilities"
# A guest's maker string, in lower case, says which hypervisor made it.
MAKERS = (
    ("vmware", "vmware"), ("microsoft", "hyperv"), ("xen", "xen"), ("innotek", "virtualbox"), ("qemu", "kvm"), ("red hat", "kvm"),
    ("amazon", "kvm"), ("google", "kvm"), ("digitalocean", "kvm"), ("openstack", "kvm"), ("alibaba", "kvm"), ("hetzner", "kvm"),
)  # fmt: skip


def fields(machine: Machine, salt: bytes) -> dict[str, AnyField]:
    """`host.*` without `host.cpu.*`'s state; `salt` turns machine and boot ids into pseudonyms."""
    made: dict[str, AnyField] = {leaf: from_file(Text, machine, f"{DMI}/{name}", _named) for leaf, name in DMI_LEAVES.items()}
    return made | cpu.fields(machine) | container.fields(machine) | {
        "host.virtualization": found(Text, "/proc/cpuinfo, /sys/class/dmi/id, /sys/hypervisor", lambda: virtualization(machine)),
        "host.numa_nodes": found(Whole, "/sys/devices/system/node", lambda: _nodes(machine)),
        "host.numa_balancing": from_file(Text, machine, "proc/sys/kernel/numa_balancing"),
        "host.thp": from_file(Text, machine, THP, lambda text: text.split("[")[1].split("]")[0]),
        "host.hugepages": found(Whole, "/proc/meminfo: HugePages_Total", lambda: _memory(machine, "HugePages_Total")),
        "host.ram_total_bytes": found(Whole, "/proc/meminfo: MemTotal", lambda: _memory(machine, "MemTotal") * 1024),
        "host.mitigations": found(Table, f"/{FLAWS}", lambda: {name: machine.text(f"{FLAWS}/{name}") for name in machine.names(FLAWS)}),
        "host.machine": found(Text, "/etc/machine-id, salted", lambda: pseudonym(salt, "host.machine", _machine_id(machine))),
        "host.boot": found(Text, "/proc/sys/kernel/random/boot_id, salted",
                           lambda: pseudonym(salt, "host.boot", machine.text("proc/sys/kernel/random/boot_id"))),
    }  # fmt: skip


def pseudonym(salt: bytes, kind: str, raw: str) -> str:
    """Lower-case hex HMAC-SHA256 of an identity under `salt`: equal for equal units within the salt's scope, and nothing can be read from it."""
    return hmac.new(salt, "\0".join(("lynxweb/instance/v1", kind, raw)).encode(), "sha256").hexdigest()


def virtualization(machine: Machine) -> str:
    """none, kvm, vmware, xen, hyperv, virtualbox, or `other` for a guest whose hypervisor does not say its name; raises `Unread`."""
    if machine.has("sys/hypervisor/type"):
        return machine.text("sys/hypervisor/type")
    maker = " ".join(_said(machine, f"{DMI}/{name}") for name in ("sys_vendor", "product_name", "bios_vendor")).lower()
    named = next((name for part, name in MAKERS if part in maker), "")
    words = cpu.flags(machine)
    if "hypervisor" in words:
        return named or ("kvm" if "kvm-clock" in _said(machine, CLOCKS) else "other")
    if named or machine.has("proc/device-tree/hypervisor"):
        return named or "other"
    if "asimd" in words and not maker.strip():
        raise Unread("unreadable:no-hypervisor-flag")  # Arm has no such flag, and nothing else told
    return "none"


CLOCKS = "sys/devices/system/clocksource/clocksource0/available_clocksource"


def _said(machine: Machine, path: str) -> str:
    try:
        return machine.text(path)
    except Unread:
        return ""


def _named(text: str) -> str:
    if text.lower() in ("to be filled by o.e.m.", "default string", "system product name", "not specified", "none"):
        raise Unread("unreadable:left-blank-by-maker")
    return " ".join(text.split())[:200]


def _nodes(machine: Machine) -> int:
    return len([name for name in machine.names("sys/devices/system/node") if name.removeprefix("node").isdecimal()])


def _memory(machine: Machine, name: str) -> int:
    lines = (line.partition(":") for line in machine.text("proc/meminfo").splitlines())
    return number(next(value for key, _, value in lines if key == name).removesuffix("kB"))


def _machine_id(machine: Machine) -> str:
    found_id = machine.text("etc/machine-id")
    if found_id == "uninitialized":
        raise Unread("unreadable:uninitialized")
    return found_id
