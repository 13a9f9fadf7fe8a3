"""The words of a measurement: answers of certificates, throttle classes, phases, scopes and methods of energy, and why a reading does not stand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lynxweb.words.wording import Chip, chip

ANSWERS: Final = {
    "certified": Chip("certified", "good", "✓", "The requests carry the claim at the stated confidence."),
    "refuted": Chip("refuted", "bad", "✕", "The requests carry the opposite of the claim at the stated confidence."),
    "undetermined": Chip("undetermined", "warn", "?", "The requests carry neither the claim nor its opposite."),
    "generator-limited": Chip("generator-limited", "warn", "!", "The load generator, not the system, set the pace."),
}
GATE_OUTCOMES: Final = {
    "passed": Chip("passed", "good", "✓"),
    "warned": Chip("warned", "warn", "!"),
    "invalid": Chip("invalid", "bad", "✕"),
    "capped": Chip("capped", "plain", "⊤", "The grade stays at measured."),
    "not_applicable": Chip("not applicable", "quiet", "∅"),
    "not_read": Chip("not read", "quiet", "?", "What this gate looks at could not be read, so it could not be judged."),
}
THROTTLING: Final = {
    "clean": Chip("not throttled", "good", "✓", "No counter or reason of slowing down moved."),
    "power_capped": Chip("power-governed", "warn", "◧", "A power limit held the clock down."),
    "thermal": Chip("heat-governed", "warn", "▲", "The temperature held the clock down."),
    "hw_slowdown": Chip("hardware slowdown", "bad", "✕", "The board slowed itself down: investigate."),
    "unknown": Chip("not read", "quiet", "?", "Nothing on this machine said whether it slowed down; that is not the same as clean."),
}
PURPOSES: Final = {
    "measure": "measurement", "search": "saturation search", "repeat-one-sample": "one sample repeated", "alternate-seed": "another seed",
}  # fmt: skip
PHASES: Final = {
    "load": "load", "first_inference": "first inference", "floor": "generator floor", "warm_up": "warm-up", "idle_before": "idle before",
    "ramp": "ramp", "window": "window", "idle_after": "idle after", "quality": "quality",
}  # fmt: skip
SCOPES: Final = {"none": "no scope", "gpu_board": "GPU board", "gpu_module": "GPU module", "cpu_package": "processor packages",
                 "node_dc": "node, DC side", "wall_ac": "wall, AC side"}  # fmt: skip
METHODS: Final = {"none": "no method", "nvml_counter": "NVML energy counter", "nvml_power_integral": "NVML power, integrated",
                  "rapl": "RAPL energy counter"}  # fmt: skip
POWER_COLUMNS: Final = {"power_instant_mw": "instant power", "power_avg_mw": "power averaged by the driver over its own period",
                        "package_energy_mj": "mean power between two readings of the package counter"}  # fmt: skip
ENERGY_CODES: Final = {
    "edge-not-bracketed": "no reading on one side of an edge of the window",
    "sample-gap": "the readings have a gap",
    "counter-vs-integral": "counter and integrated power disagree",
    "counter-reset": "the counter fell inside the window",
    "counter-stuck": "the counter stood still under load",
    "device-missing": "fewer devices were read than the executor has",
    "foreign-process": "another process used the device",
    "mig": "the device is partitioned, and no partition has a power reading of its own",
    "vgpu": "a virtual GPU has no energy counter",
    "window-too-short": "the window or its slices are too short for the sensor",
    "idle-drift": "idle power before and after differ too much",
    "not-steady": "the device changed its state inside the window",
}


def answer_chip(answer: str, more: int | None = None) -> Chip:
    """The chip of a certificate's answer; `more` requests would settle an undetermined one, None where no number would."""
    found = chip(ANSWERS, answer)
    if answer != "undetermined":
        return found
    rest = f"{more:,} more requests".replace(",", "\u202f") if more is not None else "more requests alone would not settle it"
    return Chip(f"{found.text}: {rest}", found.tone, found.icon, found.title)


def energy_codes(codes: Iterable[str]) -> str:
    """Why an energy reading does not stand, in words; a code that the table lacks is shown as it is."""
    return "; ".join(ENERGY_CODES.get(code, code.replace("-", " ")) for code in codes)


def energy_source(definition_id: str) -> str:
    """Scope and method of an energy metric in words; empty for any other."""
    name, _, source = definition_id.partition("@")
    method, _, scope = source.partition(".")
    return source_words(scope, method) if name.startswith("energy_per_inference") else ""


def source_words(scope: str, method: str) -> str:
    """What was measured and with what: “GPU board, NVML energy counter”."""
    return f"{SCOPES.get(scope, scope)}, {METHODS.get(method, method)}"
