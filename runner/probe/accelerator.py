"""The accelerator in use: what the sensor says of its devices, or, where none is in use, the processor that does the work itself."""

from __future__ import annotations

from collections.abc import Mapping

from runner.contract.fields import AnyField, Flag, Text, Whole
from runner.probe import cpu
from runner.probe.host import pseudonym
from runner.probe.machine import Machine, Unread, found

PORTABLE_CHASSIS = ("9", "10", "14", "31", "32")  # SMBIOS: portable, notebook, sub-notebook, convertible, detachable
CHASSIS = "sys/class/dmi/id/chassis_type"
# What only a board has.
BOARD_ONLY: Mapping[str, type[Text] | type[Whole] | type[Flag]] = {
    "compute_capability": Text, "memory_total_bytes": Whole, "sm_count": Whole, "sm_clock_max_khz": Whole, "mem_clock_max_khz": Whole, "vbios": Text,
    "ecc_enabled": Flag, "mig_mode": Flag, "virtualization_mode": Text, "compute_mode": Text, "pcie_gen_max": Whole, "pcie_width_max": Whole,
    "pcie_gen_cur": Whole, "pcie_width_cur": Whole, "memory_architecture": Text, "form_factor": Text, "ecc_uncorrected": Whole,
    "remapped_rows": Whole, "uuid": Text,
}  # fmt: skip


def fields(machine: Machine, described: Mapping[str, AnyField], salt: bytes) -> dict[str, AnyField]:
    """`hw.*`; the units' identities become one pseudonym under `salt`."""
    if machine.sensor.device_count == 0:
        return _processor(machine)
    made = {path: leaf for path, leaf in described.items() if path.startswith("hw.")}
    if _portable(machine) and made.get("hw.form_factor", Text()).value != "soc":
        made["hw.form_factor"] = Text(value="laptop", status="observed", source=f"/{CHASSIS}")
    return made | {"hw.uuid": found(Text, "nvmlDeviceGetUUID, salted", lambda: _units(machine, salt))}


def _processor(machine: Machine) -> dict[str, AnyField]:
    none: dict[str, AnyField] = {f"hw.{name}": kind(status="not_applicable", source="no accelerator in use") for name, kind in BOARD_ONLY.items()}
    host = cpu.fields(machine)
    return none | {
        "hw.vendor": Text(value="cpu_only", status="observed", source="no accelerator in use"),
        "hw.product_name": host["host.cpu.model"],
        "hw.architecture": found(Text, "uname", lambda: machine.interpreter.architecture),
        "hw.count": host["host.cpu.sockets"],
    }


def _portable(machine: Machine) -> bool:
    try:
        return machine.text(CHASSIS) in PORTABLE_CHASSIS
    except Unread:
        return False


def _units(machine: Machine, salt: bytes) -> str:
    units = machine.sensor.identities()
    if not units:
        raise Unread("unreadable:no-identity")
    return pseudonym(salt, "hw.uuid", ",".join(sorted(units)))
