"""What the node's owner knows and no collector can read: it fills gaps, marked `declared`, and replaces nothing that was observed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from runner.contract.fields import AnyField, Text, Whole
from runner.contract.problems import Problem, Problems
from runner.probe.power import COOLING

FORMS = ("dc_sxm", "dc_pcie", "workstation", "desktop", "laptop", "soc", "edge")
VIRTUALIZATION = ("none", "kvm", "vmware", "xen", "hyperv", "virtualbox", "other")
SUPPLIES = ("ac", "battery", "undersized", "unknown")
# Leaves that an owner may fill: the words to choose from, or nothing for free text.
CHOICES: Mapping[str, tuple[str, ...]] = {
    "env.cooling": COOLING, "env.power_source": SUPPLIES, "hw.form_factor": FORMS, "host.virtualization": VIRTUALIZATION,
    "host.sys_vendor": (), "host.product": (), "host.board": (),
}  # fmt: skip
AMBIENT = "env.ambient_mc"
SOURCE = "declared by the node's owner"


def completed(found: Mapping[str, AnyField], declared: Mapping[str, str]) -> dict[str, AnyField]:
    """`found` with each gap that `declared` fills; raises `Problems` with every declaration that is not understood."""
    problems = problems_of(declared)
    if problems:
        raise Problems(problems)
    filled = {path: _field(path, text) for path, text in declared.items() if path not in found or not found[path].known}
    return {**found, **filled}


def problems_of(declared: Mapping[str, str]) -> list[Problem]:
    """Every declaration that is not understood, with the code `usage`."""
    return [replace(problem, code="usage") for problem in _problems(declared)]


def _field(path: str, text: str) -> AnyField:
    if path == AMBIENT:
        return Whole(value=int(text), status="declared", source=SOURCE)
    return Text(value=text, status="declared", source=SOURCE)


def _problems(declared: Mapping[str, str]) -> Iterator[Problem]:
    for path, text in declared.items():
        place = f"declared.json: {path}"
        if path == AMBIENT:
            if not text.removeprefix("-").isdecimal() or len(text) > 7:
                yield Problem(place, text[:40], "thousandths of a degree Celsius as a whole number", 'write "22000" for 22 °C')
        elif path not in CHOICES:
            yield Problem(place, "a leaf that is read, not declared", f"one of {', '.join(sorted([*CHOICES, AMBIENT]))}", "remove the line")
        elif CHOICES[path] and text not in CHOICES[path]:
            yield Problem(place, text[:40], f"one of {', '.join(CHOICES[path])}", "choose the word that fits")
        elif not text or len(text) > 200:
            yield Problem(place, f"{len(text)} characters", "1 to 200 characters", "shorten the text")
