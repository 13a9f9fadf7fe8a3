"""NVML's numbers as the words that documents use, and the rules that read a product's form from its name. Pure; numbers are those of nvml.h."""

from __future__ import annotations

from collections.abc import Mapping

ARCHITECTURES = {
    2: "kepler", 3: "maxwell", 4: "pascal", 5: "volta", 6: "turing", 7: "ampere", 8: "ada", 9: "hopper", 10: "blackwell", 13: "rubin",
}  # fmt: skip
VIRTUALIZATION = {0: "none", 1: "passthrough", 2: "vgpu", 3: "host_vgpu", 4: "host_vsga"}
COMPUTE_MODES = {0: "default", 1: "exclusive_thread", 2: "prohibited", 3: "exclusive_process"}
POWER_SOURCES = {0: "ac", 1: "battery", 2: "undersized"}

# nvmlReturn_t by number: the reason behind `unreadable:`.
REASONS: Mapping[int, str] = {
    1: "uninitialized", 2: "invalid-argument", 3: "not-supported", 4: "permission-denied", 6: "not-found", 7: "insufficient-size",
    8: "insufficient-power", 9: "driver-not-loaded", 10: "timeout", 11: "interrupt-issue", 12: "library-not-found", 13: "function-not-found",
    14: "corrupted-inforom", 15: "gpu-is-lost", 16: "reset-required", 17: "operating-system", 18: "driver-library-mismatch", 19: "in-use",
    20: "insufficient-memory", 21: "no-answer", 22: "vgpu-ecc-not-supported", 25: "argument-version-mismatch", 26: "deprecated",
    27: "not-ready", 28: "gpu-not-found", 999: "unknown-error",
}  # fmt: skip
NOT_SUPPORTED = "unreadable:not-supported"

# The slowdown counters exist as field ids only, and the ids moved: those of one numbering mean something else in the other. Since which version:
SLOWDOWN_NUMBERING: Mapping[tuple[int, ...], str] = {(575, 51): "251-253", (580, 82): "269-271"}

# First match wins; the product's name in lower case. Boards named only by memory (H100 80GB HBM3, H200, B200) are the modules.
FORMS: tuple[tuple[str, str], ...] = (
    ("laptop", "laptop"), ("max-q", "laptop"), ("orin", "soc"), ("thor", "soc"), ("xavier", "soc"), ("tegra", "soc"), ("gb10", "soc"),
    ("pcie", "dc_pcie"), (" nvl", "dc_pcie"), ("sxm", "dc_sxm"), ("hbm3", "dc_sxm"), ("gh200", "dc_sxm"), ("gb200", "dc_sxm"), ("gb300", "dc_sxm"),
    ("b200", "dc_sxm"), ("b300", "dc_sxm"), ("h200", "dc_sxm"), ("h20", "dc_sxm"), ("geforce", "desktop"), ("titan", "desktop"),
    ("rtx pro", "workstation"), ("rtx a", "workstation"), ("quadro", "workstation"), ("ada generation", "workstation"),
    ("tesla t4", "dc_pcie"), ("nvidia l4", "dc_pcie"), ("nvidia a10", "dc_pcie"), ("nvidia a2", "dc_pcie"), ("nvidia a30", "dc_pcie"),
    ("nvidia a40", "dc_pcie"), ("nvidia a16", "dc_pcie"), ("tesla p", "dc_pcie"),
)  # fmt: skip
SHARED_MEMORY = ("orin", "thor", "xavier", "tegra", "gb10")


def form_factor(product: str) -> str | None:
    """dc_sxm, dc_pcie, workstation, desktop, laptop or soc by the product's name; None for a name that no rule knows."""
    name = product.lower()
    return next((form for part, form in FORMS if part in name), None)


def memory_architecture(product: str, coherent_link: bool) -> str:
    """`unified` for a system on a chip, `coherent_c2c` where the driver reports the chip-to-chip link, else `discrete`."""
    if any(part in product.lower() for part in SHARED_MEMORY):
        return "unified"
    return "coherent_c2c" if coherent_link else "discrete"


def averages_power(architecture: str, capability: str) -> bool:
    """Whether the plain power call is a one-second average: on Ampere except GA100 (8.0) and all later; before that it is the instant (NVML)."""
    later = architecture not in ("kepler", "maxwell", "pascal", "volta", "turing")
    return later and not (architecture == "ampere" and capability == "8.0")


def cuda_text(version: int) -> str:
    """12090 as "12.9": thousands are the major number, tens the minor one."""
    return f"{version // 1000}.{version % 1000 // 10}"
