"""NVIDIA's management library: the only file that imports pynvml. It reads and never sets; every call is tried once in `open`.

Units on the way in: clocks MHz, temperatures °C, power mW, energy mJ since the driver was loaded, violation times ns (NVML documentation).
The energy counter refreshes about every 100 ms; the plain power call is an average or the instant by generation, so the two fields are asked by name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, cast

import pynvml

from runner.sensors.answers import Answer, Questions, Refused, answer, numbering, refusing, selected
from runner.sensors.interface import ENERGY, SLOWDOWNS, VIOLATIONS, Clock, Edge, Reading, SensorAbsent
from runner.sensors.nvml_words import ARCHITECTURES, REASONS, SLOWDOWN_NUMBERING, averages_power

if TYPE_CHECKING:
    from runner.contract.fields import AnyField

FACTS_MODULE = "runner.sensors.nvml_facts"  # by name: a process that only samples needs no documents
Handle = Any
POWER = ("power_instant_mw", "power_avg_mw")
POLICIES = dict(zip(VIOLATIONS, ("POWER", "THERMAL", "SYNC_BOOST", "BOARD_LIMIT", "LOW_UTILIZATION", "RELIABILITY"), strict=True))
SLOWDOWN_FIELDS = dict(zip(SLOWDOWNS, ("SW_THERM_SLOWDOWN", "HW_THERM_SLOWDOWN", "HW_POWER_BRAKE_SLOWDOWN"), strict=True))
MEMBERS = ("dVal", "uiVal", "ulVal", "ullVal", "sllVal", "siVal", "usVal")  # of nvmlValue_t, by nvmlValueType_t
FIELD_OF_LATER_NUMBERING = 269


def _reason(error: Exception) -> str:
    number = getattr(error, "value", -1)
    return REASONS.get(number, f"nvml-error-{number}")


def _call(name: str, *arguments: object) -> Any:
    with refusing(pynvml.NVMLError, _reason):
        return getattr(pynvml, name)(*arguments)


def _field(handle: Handle, name: str, scope: int = 0) -> int:
    number = getattr(pynvml, f"NVML_FI_DEV_{name}", None)
    if number is None:
        raise Refused("unreadable:field-unknown-to-binding")
    got = _call("nvmlDeviceGetFieldValues", handle, [(number, scope)])[0]
    if got.nvmlReturn != pynvml.NVML_SUCCESS:
        raise Refused(f"unreadable:{REASONS.get(got.nvmlReturn, f'nvml-error-{got.nvmlReturn}')}")
    return int(getattr(got.value, MEMBERS[got.valueType]))


def _text(said: object) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


# What is asked of a device at rest: answer name -> (vendor's function, how its result reads). Arguments after the handle follow in ARGUMENTS.
FACTS: Mapping[str, tuple[str, Callable[[Any], object]]] = {
    "name": ("nvmlDeviceGetName", _text),
    "architecture": ("nvmlDeviceGetArchitecture", int),
    "compute_capability": ("nvmlDeviceGetCudaComputeCapability", lambda pair: f"{pair[0]}.{pair[1]}"),
    "memory_total_bytes": ("nvmlDeviceGetMemoryInfo", lambda memory: int(memory.total)),
    "sm_clock_max_khz": ("nvmlDeviceGetMaxClockInfo", lambda mhz: mhz * 1000),
    "mem_clock_max_khz": ("nvmlDeviceGetMaxClockInfo", lambda mhz: mhz * 1000),
    "vbios": ("nvmlDeviceGetVbiosVersion", _text),
    "ecc_enabled": ("nvmlDeviceGetEccMode", lambda pair: int(pair[0])),
    "mig_mode": ("nvmlDeviceGetMigMode", lambda pair: int(pair[0])),
    "virtualization_mode": ("nvmlDeviceGetVirtualizationMode", int),
    "compute_mode": ("nvmlDeviceGetComputeMode", int),
    "pcie_gen_max": ("nvmlDeviceGetMaxPcieLinkGeneration", int),
    "pcie_width_max": ("nvmlDeviceGetMaxPcieLinkWidth", int),
    "pcie_gen_cur": ("nvmlDeviceGetCurrPcieLinkGeneration", int),
    "pcie_width_cur": ("nvmlDeviceGetCurrPcieLinkWidth", int),
    "coherent_link": ("nvmlDeviceGetC2cModeInfoV", lambda link: int(link.isC2cEnabled)),
    "ecc_uncorrected": ("nvmlDeviceGetTotalEccErrors", int),
    "remapped_rows": ("nvmlDeviceGetRemappedRows", lambda rows: int(rows[0]) + int(rows[1])),
    "power_enforced_mw": ("nvmlDeviceGetEnforcedPowerLimit", int),
    "power_default_mw": ("nvmlDeviceGetPowerManagementDefaultLimit", int),
    "power_min_mw": ("nvmlDeviceGetPowerManagementLimitConstraints", lambda pair: int(pair[0])),
    "power_max_mw": ("nvmlDeviceGetPowerManagementLimitConstraints", lambda pair: int(pair[1])),
    "app_clock_sm_khz": ("nvmlDeviceGetApplicationsClock", lambda mhz: mhz * 1000),
    "app_clock_mem_khz": ("nvmlDeviceGetApplicationsClock", lambda mhz: mhz * 1000),
    "persistence_mode": ("nvmlDeviceGetPersistenceMode", int),
    "power_source": ("nvmlDeviceGetPowerSource", int),
}
SM, MEMORY = (pynvml.NVML_CLOCK_SM,), (pynvml.NVML_CLOCK_MEM,)
UNCORRECTED = (pynvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED, pynvml.NVML_AGGREGATE_ECC)
CORRECTED = (pynvml.NVML_MEMORY_ERROR_TYPE_CORRECTED, pynvml.NVML_AGGREGATE_ECC)
ARGUMENTS: Mapping[str, tuple[int, ...]] = {
    "sm_clock_max_khz": SM, "mem_clock_max_khz": MEMORY, "app_clock_sm_khz": SM, "app_clock_mem_khz": MEMORY, "ecc_uncorrected": UNCORRECTED,
}  # fmt: skip
SYSTEM: Mapping[str, tuple[str, Callable[[Any], object]]] = {
    "driver_version": ("nvmlSystemGetDriverVersion", _text),
    "cuda_driver": ("nvmlSystemGetCudaDriverVersion_v2", int),
    "nvml_version": ("nvmlSystemGetNVMLVersion", _text),
}


def _facts(handle: Handle) -> dict[str, Answer]:
    return {name: answer(call, lambda n=name, c=call, r=read: r(_call(c, handle, *ARGUMENTS.get(n, ()))))  # type: ignore[misc]
            for name, (call, read) in FACTS.items()}  # fmt: skip


def _system() -> dict[str, Answer]:
    return {name: answer(call, lambda c=call, r=read: r(_call(c))) for name, (call, read) in SYSTEM.items()}  # type: ignore[misc]


def _counters(handle: Handle) -> Questions:
    def violation(policy: str) -> Callable[[], int]:
        return lambda: int(_call("nvmlDeviceGetViolationStatus", handle, getattr(pynvml, f"NVML_PERF_POLICY_{policy}")).violationTime)

    def slowdown(field: str) -> Callable[[], int]:
        return lambda: _field(handle, f"CLOCKS_EVENT_REASON_{field}")

    def errors(kind: tuple[int, ...]) -> Callable[[], int]:
        return lambda: int(_call("nvmlDeviceGetTotalEccErrors", handle, *kind))

    calls: dict[str, tuple[Callable[[], int], ...]] = {ENERGY: (lambda: int(_call("nvmlDeviceGetTotalEnergyConsumption", handle)),)}
    calls |= {name: (violation(policy),) for name, policy in POLICIES.items()}
    calls |= {name: (slowdown(field),) for name, field in SLOWDOWN_FIELDS.items()}
    return Questions(calls | {"ecc_uncorrected": (errors(UNCORRECTED),), "ecc_corrected": (errors(CORRECTED),)})


def _values(handle: Handle, facts: Mapping[str, Answer]) -> Questions:
    scope = pynvml.NVML_POWER_SCOPE_MODULE if facts["coherent_link"].value else pynvml.NVML_POWER_SCOPE_GPU
    architecture = ARCHITECTURES.get(cast(int, facts["architecture"].value), "unknown")
    plain = POWER[averages_power(architecture, str(facts["compute_capability"].value))]
    calls: dict[str, tuple[Callable[[], int], ...]] = {
        "power_instant_mw": (lambda: _field(handle, "POWER_INSTANT", scope),),
        "power_avg_mw": (lambda: _field(handle, "POWER_AVERAGE", scope),),
        ENERGY: (lambda: int(_call("nvmlDeviceGetTotalEnergyConsumption", handle)),),
        "temperature_mc": (lambda: _call("nvmlDeviceGetTemperature", handle, 0) * 1000, lambda: _call("nvmlDeviceGetTemperatureV", handle, 0) * 1000),
        "sm_clock_khz": (lambda: _call("nvmlDeviceGetClockInfo", handle, *SM) * 1000,),
        "mem_clock_khz": (lambda: _call("nvmlDeviceGetClockInfo", handle, *MEMORY) * 1000,),
        "throttle_mask": (lambda: int(_call("nvmlDeviceGetCurrentClocksEventReasons", handle)),
                          lambda: int(_call("nvmlDeviceGetCurrentClocksThrottleReasons", handle))),
        "gpu_util_pct": (lambda: int(_call("nvmlDeviceGetUtilizationRates", handle).gpu),),
        "memory_used_bytes": (lambda: int(_call("nvmlDeviceGetMemoryInfo", handle).used),),
    }  # fmt: skip
    if architecture != "unknown":
        calls[plain] = (*calls[plain], lambda: int(_call("nvmlDeviceGetPowerUsage", handle)))
    return Questions(calls)


def _processes(handle: Handle) -> frozenset[int]:
    found = {int(process.pid) for process in _call("nvmlDeviceGetComputeRunningProcesses", handle)}
    served = answer("", lambda: _call("nvmlDeviceGetMPSComputeRunningProcesses", handle))
    return frozenset(found | {int(process.pid) for process in cast(list[Any], served.value or [])})


class _Device:
    """One visible device: its handle and what it answers."""

    def __init__(self, index: int, handle: Handle, same_numbering: bool) -> None:
        self.index, self.handle = index, handle
        facts = _facts(handle)
        self.counters, self.values = _counters(handle), _values(handle, facts)
        for questions in (self.counters, self.values):
            questions.settle()
        if not same_numbering:
            self.counters.refuse(SLOWDOWNS, "unreadable:field-id-mismatch")
        hidden = "mig" if facts["mig_mode"].value else "vgpu" if facts["virtualization_mode"].value in (2, 3) else ""
        if hidden:  # the board's meter is not the instance's
            self.counters.refuse((ENERGY,), f"unreadable:{hidden}")
            self.values.refuse((ENERGY, *POWER), f"unreadable:{hidden}")


class Nvml:
    """The devices that CUDA_VISIBLE_DEVICES leaves visible, numbered from 0 in the driver's order."""

    name = "nvml"

    def __init__(self, clock: Clock = perf_counter_ns, environ: Mapping[str, str] = os.environ) -> None:
        self._clock, self._visible = clock, environ.get("CUDA_VISIBLE_DEVICES")
        self._devices: list[_Device] = []
        self._uuids: tuple[str, ...] = ()
        self._open = False

    @property
    def capabilities(self) -> frozenset[str]:
        """Counters and values that every device answers."""
        named = [frozenset(device.counters.calls) | frozenset(device.values.calls) for device in self._devices]
        return frozenset.intersection(*named) if named else frozenset()

    @property
    def refusals(self) -> Mapping[str, str]:
        """Counters and values that some device refused, with the reason."""
        return {name: status for device in self._devices for name, status in (device.counters.refusals | device.values.refusals).items()}

    @property
    def device_count(self) -> int:
        """Visible devices."""
        return len(self._devices)

    def open(self) -> None:
        """Load the library, find the devices, try each call once; `SensorAbsent` without library, driver or visible device."""
        try:
            _call("nvmlInit")
            self._open = True
            handles = [_call("nvmlDeviceGetHandleByIndex", index) for index in range(_call("nvmlDeviceGetCount"))]
            uuids = tuple(_text(_call("nvmlDeviceGetUUID", handle)) for handle in handles)
        except Refused as refusal:
            self.close()
            raise SensorAbsent(str(refusal)) from refusal
        chosen = selected(self._visible, uuids)
        if not chosen:
            self.close()
            raise SensorAbsent("unreadable:no-visible-device" if handles else "not_applicable")
        self._uuids = tuple(uuids[place] for place in chosen)
        self._devices = [_Device(index, handles[place], self._same_numbering()) for index, place in enumerate(chosen)]

    def _same_numbering(self) -> bool:
        number = getattr(pynvml, "NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN", 0)
        binding = "269-271" if number == FIELD_OF_LATER_NUMBERING else "251-253"
        driver = _system()["driver_version"].value
        return number != 0 and isinstance(driver, str) and numbering(driver, SLOWDOWN_NUMBERING) == binding

    def edge(self) -> tuple[Edge, ...]:
        """The cumulative counters of each device."""
        return tuple(Edge(*self._read(device, device.counters)) for device in self._devices)

    def sample(self) -> tuple[Reading, ...]:
        """The momentary values of each device."""
        return tuple(Reading(*self._read(device, device.values)) for device in self._devices)

    def _read(self, device: _Device, questions: Questions) -> tuple[int, int, int, dict[str, int], dict[str, str]]:
        start = self._clock()
        answers = questions.ask()
        took = self._clock() - start
        return start + took // 2, took, device.index, answers, dict(questions.refusals)

    def describe(self) -> Mapping[str, AnyField]:
        """The devices and their driver by executor leaf path, as they are now."""
        if not self._devices:
            return {}
        fields = import_module(FACTS_MODULE).fields_of([_facts(device.handle) for device in self._devices], _system())
        return cast("Mapping[str, AnyField]", fields)

    def identities(self) -> tuple[str, ...]:
        """The devices' UUIDs."""
        return self._uuids

    def meters(self) -> Mapping[int, Callable[[], int]]:
        """The energy counter of each device that answers for one, in mJ."""
        return {device.index: device.counters.calls[ENERGY][0] for device in self._devices if ENERGY in device.counters.calls}

    def process_ids(self) -> frozenset[int] | None:
        """Processes that compute on the devices, directly or through the multi-process service; None where the driver refuses."""
        found = self.processes()
        return None if found is None else frozenset[int]().union(*found)

    def processes(self) -> tuple[frozenset[int], ...] | None:
        """Processes on each device; None where the driver refuses for one of them."""
        try:
            return tuple(_processes(device.handle) for device in self._devices)
        except Refused:
            return None

    def present(self) -> int | None:
        """Devices that the driver counts now."""
        try:
            return int(_call("nvmlDeviceGetCount"))
        except Refused:
            return None

    def close(self) -> None:
        """Shut the library down once."""
        if self._open:
            self._open = False
            answer("nvmlShutdown", lambda: _call("nvmlShutdown"))
        self._devices = []
