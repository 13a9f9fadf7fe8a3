"""A plan: what is put under one methodology's load, named as `backend:precision[:device]`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runner.contract.problems import Problem, Problems

DEVICES = ("cpu", "cuda")
MOST_PARTS = 3


@dataclass(frozen=True)
class Plan:
    """One side of a session: backend, precision and device, with the thread counts that it is given."""

    backend: str
    precision: str
    device: str = "cpu"
    threads_intra: int = 1
    threads_inter: int = 1

    @property
    def label(self) -> str:
        """The plan as it was asked for."""
        return f"{self.backend}:{self.precision}:{self.device}"


def parse(text: str, threads: int = 1) -> Plan:
    """The plan in `backend:precision[:device]`; raises `Problems` that name the part which is wrong."""
    parts = text.split(":")
    if not 2 <= len(parts) <= MOST_PARTS or not all(parts):
        remedy = "write for example onnxruntime:int8 or torch-eager:fp32:cuda"
        raise Problems([Problem("--with", text[:80], "backend:precision or backend:precision:device", remedy, "usage")])
    backend, precision, device = (*parts, "cpu")[:MOST_PARTS]
    if device not in DEVICES:
        raise Problems([Problem("--with", device[:40], f"one of {', '.join(DEVICES)}", "name a device that the backends know", "usage")])
    return Plan(backend, precision, device, threads)


def distinct(plans: Sequence[Plan]) -> tuple[Plan, ...]:
    """The plans as given; raises `Problems` for none, or for one that is named twice."""
    labels = [plan.label for plan in plans]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice or not plans:
        raise Problems([Problem("--with", ", ".join(twice) or "nothing", "each side once", "name what to measure, each side once", "usage")])
    return tuple(plans)
