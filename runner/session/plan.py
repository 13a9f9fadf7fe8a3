"""A plan: what is put under one methodology's load, named as `backend:precision[:device][,option=value…]`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runner.backends.interface import BatchPolicy
from runner.contract.problems import Problem, Problems

DEVICES = ("cpu", "cuda")
MOST_PARTS = 3
MICROSECOND_NS = 1_000
POLICIES: tuple[BatchPolicy, ...] = ("single", "fixed", "dynamic")
LARGEST = {"batch": 4_096, "timeout_us": 10_000_000, "workers": 256}
LEAST = {"batch": 1, "timeout_us": 0, "workers": 1}


@dataclass(frozen=True)
class Plan:
    """One side of a session: backend, precision and device, the thread counts it is given, and how it serves.

    `batch_timeout_ns` is how long the oldest request waits for a batch to fill; None under any other policy than `dynamic`.
    """

    backend: str
    precision: str
    device: str = "cpu"
    threads_intra: int = 1
    threads_inter: int = 1
    batch: int = 1
    batch_policy: BatchPolicy = "single"
    batch_timeout_ns: int | None = None
    workers: int = 1

    @property
    def label(self) -> str:
        """The plan as it was asked for."""
        said = [f"{self.backend}:{self.precision}:{self.device}"]
        if self.batch_policy != "single":
            said += [f"batch={self.batch}", f"policy={self.batch_policy}"]
        if self.batch_timeout_ns is not None:
            said.append(f"timeout_us={self.batch_timeout_ns // MICROSECOND_NS}")
        if self.workers > 1:
            said.append(f"workers={self.workers}")
        return ",".join(said)


def parse(text: str, threads: int = 1) -> Plan:
    """The plan in `backend:precision[:device][,batch=N][,policy=…][,timeout_us=N][,workers=N]`; `Problems` name the part which is wrong."""
    head, *options = text.split(",")
    parts = head.split(":")
    if not 2 <= len(parts) <= MOST_PARTS or not all(parts):
        remedy = "write for example onnxruntime:int8, torch-eager:fp32:cuda or onnxruntime:fp32,batch=8,policy=dynamic,timeout_us=2000"
        raise _wrong(text, "backend:precision or backend:precision:device, then options after commas", remedy)
    backend, precision, device = (*parts, "cpu")[:MOST_PARTS]
    if device not in DEVICES:
        raise _wrong(device, f"one of {', '.join(DEVICES)}", "name a device that the backends know")
    return Plan(backend, precision, device, threads, **_serving(options))


def _serving(options: Sequence[str]) -> dict[str, Any]:
    """How a plan serves, from its options: a batch is fixed unless a policy or a timeout says otherwise."""
    stated = dict(_option(option) for option in options)
    numbers = {name: _number(name, stated[name]) for name in LARGEST if name in stated}
    batch, waits = numbers.get("batch", 1), "timeout_us" in numbers
    policy = stated.get("policy", "dynamic" if waits else "fixed" if batch > 1 else "single")
    if policy not in POLICIES:
        raise _wrong(policy, f"one of {', '.join(POLICIES)}", "name a batch policy")
    if waits != (policy == "dynamic") and (waits or batch < 2) or (policy == "single") != (batch == 1):
        found = ", ".join(options)
        expected = "a batch above 1 with policy fixed, or dynamic with timeout_us"
        raise _wrong(found, expected, "write batch=8 or batch=8,policy=dynamic,timeout_us=2000")
    timeout = numbers.get("timeout_us", 0) * MICROSECOND_NS if policy == "dynamic" else None
    return {"batch": batch, "batch_policy": policy, "batch_timeout_ns": timeout, "workers": numbers.get("workers", 1)}


def _option(option: str) -> tuple[str, str]:
    name, separator, value = option.partition("=")
    if not separator or name not in (*LARGEST, "policy"):
        raise _wrong(option, f"one of {', '.join((*LARGEST, 'policy'))}, each with =", "write for example batch=8")
    return name, value


def _number(name: str, value: str) -> int:
    if not value.isdecimal() or not LEAST[name] <= int(value[:12]) <= LARGEST[name]:
        raise _wrong(f"{name}={value}", f"{name} from {LEAST[name]} to {LARGEST[name]}", "choose a number between")
    return int(value)


def _wrong(found: str, expected: str, remedy: str) -> Problems:
    return Problems([Problem("--with", found[:80], expected, remedy, "usage")])


def distinct(plans: Sequence[Plan]) -> tuple[Plan, ...]:
    """The plans as given; raises `Problems` for none, or for one that is named twice."""
    labels = [plan.label for plan in plans]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice or not plans:
        raise Problems([Problem("--with", ", ".join(twice) or "nothing", "each side once", "name what to measure, each side once", "usage")])
    return tuple(plans)
