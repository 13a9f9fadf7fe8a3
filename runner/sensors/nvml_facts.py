"""What the answers of the driver say of an executor: fields by leaf path. Pure: answers in, fields out.

Several devices are one executor only where they agree: a configuration value in which they differ is `unreadable:devices-differ`.
A feature that a bare-metal driver does not support is one the product lacks (`not_applicable`); behind vGPU it is only hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from runner.contract.fields import AnyField, Counts, Flag, Text, Whole
from runner.sensors.answers import Answer
from runner.sensors.nvml_words import (
    ARCHITECTURES,
    COMPUTE_MODES,
    NOT_SUPPORTED,
    POWER_SOURCES,
    VIRTUALIZATION,
    cuda_text,
    form_factor,
    memory_architecture,
)  # fmt: skip

Answers = Mapping[str, Answer]
Made = type[Text] | type[Whole] | type[Flag]


def _word(words: Mapping[int, str]) -> Callable[[object], object]:
    return lambda number: words.get(cast(int, number), f"other_{number}")


def _same(value: object) -> object:
    return value


# leaf path: (answer, kind of field, how the answer reads as a value)
ALIKE: Mapping[str, tuple[str, Made, Callable[[object], object]]] = {
    "hw.product_name": ("name", Text, _same),
    "hw.architecture": ("architecture", Text, _word(ARCHITECTURES)),
    "hw.compute_capability": ("compute_capability", Text, _same),
    "hw.memory_total_bytes": ("memory_total_bytes", Whole, _same),
    "hw.sm_clock_max_khz": ("sm_clock_max_khz", Whole, _same),
    "hw.mem_clock_max_khz": ("mem_clock_max_khz", Whole, _same),
    "hw.vbios": ("vbios", Text, _same),
    "hw.ecc_enabled": ("ecc_enabled", Flag, bool),
    "hw.mig_mode": ("mig_mode", Flag, bool),
    "hw.virtualization_mode": ("virtualization_mode", Text, _word(VIRTUALIZATION)),
    "hw.compute_mode": ("compute_mode", Text, _word(COMPUTE_MODES)),
    "hw.pcie_gen_max": ("pcie_gen_max", Whole, _same),
    "hw.pcie_width_max": ("pcie_width_max", Whole, _same),
    "env.power_limit_mw.enforced": ("power_enforced_mw", Whole, _same),
    "env.power_limit_mw.default": ("power_default_mw", Whole, _same),
    "env.power_limit_mw.min": ("power_min_mw", Whole, _same),
    "env.power_limit_mw.max": ("power_max_mw", Whole, _same),
    "env.persistence_mode": ("persistence_mode", Flag, bool),
    "env.power_source": ("power_source", Text, _word(POWER_SOURCES)),
}
# State of all devices in one number: the worst link, the sum of what broke.
TOGETHER: Mapping[str, tuple[str, Callable[[Sequence[int]], int]]] = {
    "hw.pcie_gen_cur": ("pcie_gen_cur", min),
    "hw.pcie_width_cur": ("pcie_width_cur", min),
    "hw.ecc_uncorrected": ("ecc_uncorrected", sum),
    "hw.remapped_rows": ("remapped_rows", sum),
}
# A product may lack these. Behind vGPU the same refusal says nothing of the product.
FEATURES = frozenset({"ecc_enabled", "ecc_uncorrected", "mig_mode", "remapped_rows", "app_clock_sm_khz", "app_clock_mem_khz", "power_source",
                      "pcie_gen_max", "pcie_width_max", "pcie_gen_cur", "pcie_width_cur", "coherent_link"})  # fmt: skip
SYSTEM: Mapping[str, tuple[str, Callable[[object], object]]] = {
    "sw.driver.version": ("driver_version", _same),
    "sw.cuda.driver_max": ("cuda_driver", lambda version: cuda_text(cast(int, version))),
    "sw.nvml_version": ("nvml_version", _same),
}


def fields_of(devices: Sequence[Answers], system: Answers) -> dict[str, AnyField]:
    """The fields of these devices (at least one), in the same kernel driver."""
    rows = [_features_settled(device) for device in devices]
    found: dict[str, AnyField] = {
        "hw.vendor": Text(value="nvidia", status="observed", source="nvmlInit"),
        "hw.count": Whole(value=len(rows), status="observed", source="nvmlDeviceGetCount, CUDA_VISIBLE_DEVICES"),
    }
    found |= {path: _alike([row[name] for row in rows], made, read) for path, (name, made, read) in ALIKE.items()}
    found |= {path: _together([row[name] for row in rows], join) for path, (name, join) in TOGETHER.items()}
    found |= {path: _alike([system[name]], Text, read) for path, (name, read) in SYSTEM.items()}
    return found | {"env.app_clocks_khz": _app_clocks(rows)} | _product(rows)


def _features_settled(device: Answers) -> Answers:
    bare = device["virtualization_mode"].value in (0, 1)
    return {name: Answer(said.call, None, "not_applicable") if bare and name in FEATURES and said.status == NOT_SUPPORTED else said
            for name, said in device.items()}  # fmt: skip


def _alike(said: Sequence[Answer], made: Made, read: Callable[[object], object]) -> AnyField:
    if any(one != said[0] for one in said):
        return made(status="unreadable:devices-differ", source=said[0].call)
    value = None if said[0].value is None else read(said[0].value)
    return made.model_validate({"value": value, "status": said[0].status, "source": said[0].call})


def _together(said: Sequence[Answer], join: Callable[[Sequence[int]], int]) -> Whole:
    for one in said:
        if one.value is None:
            return Whole(status=one.status, source=one.call)
    return Whole(value=join([cast(int, one.value) for one in said]), status="observed", source=said[0].call)


def _app_clocks(rows: Sequence[Answers]) -> Counts:
    pairs = [(row["app_clock_sm_khz"], row["app_clock_mem_khz"]) for row in rows]
    if any(pair != pairs[0] for pair in pairs):
        return Counts(status="unreadable:devices-differ", source=pairs[0][0].call)
    for one in pairs[0]:
        if one.value is None:
            return Counts(status=one.status, source=one.call)
    sm, memory = (cast(int, one.value) for one in pairs[0])
    return Counts(value={"sm": sm, "memory": memory}, status="observed", source=pairs[0][0].call)


def _product(rows: Sequence[Answers]) -> dict[str, AnyField]:
    name, link = rows[0]["name"], rows[0]["coherent_link"]
    if any(row["name"] != name for row in rows) or not isinstance(name.value, str):
        status = "unreadable:devices-differ" if name.value else name.status
        return {"hw.form_factor": Text(status=status, source=name.call), "hw.memory_architecture": Text(status=status, source=name.call)}
    form = form_factor(name.value)
    shown = Text(value=form, status="observed", source="product name") if form else Text(status="unreadable:unknown-product", source="product name")
    memory = memory_architecture(name.value, bool(link.value))
    return {"hw.form_factor": shown, "hw.memory_architecture": Text(value=memory, status="observed", source=f"product name, {link.call}")}
