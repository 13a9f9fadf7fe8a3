"""What an operating point states beside its metrics: lag, certificate, device time, energy, power, throttling and what else the rows give.

Everything here is computed by `runner.contract.recompute` and its neighbours from the raw rows, and computed again by whoever receives them.
"""

from __future__ import annotations

from typing import Literal

from runner.contract.fields import Decimal, Document, Name
from runner.contract.loads import Natural, Positive

Answer = Literal["certified", "refuted", "undetermined"]
ThrottleWord = Literal["clean", "power_capped", "thermal", "hw_slowdown", "unknown"]


class Lag(Document):
    """What the generator did to the latencies: order statistics of the lag over all trials, in ns, and achieved over offered rate (open loop)."""

    p50_ns: Natural
    p99_ns: Natural
    max_ns: Natural
    achieved_ppm: Natural | None = None


class Certificate(Document):
    """Whether `permille` of the requests meet the limit, at a confidence, with dependence between requests counted.

    `over` holds failures and timeouts too. `effective_by_trial` are the effective requests of each trial; their sum decides.
    `assumes_independence` is the answer of the rule that takes every request for an independent one; it is shown beside ours and decides nothing.
    """

    metric: str
    permille: Positive
    limit_ns: Positive
    confidence_permille: Positive
    n: Natural
    over: Natural
    effective_by_trial: tuple[Natural, ...]
    answer: Answer
    needed: Natural | None = None
    assumes_independence: Answer


class Goodput(Document):
    """Requests that met the latency budget: their share with a 95 % Wilson interval, and their rate over the windows."""

    met: Natural
    n: Positive
    share: Decimal
    ci_low: Decimal
    ci_high: Decimal
    per_s: Decimal


class DeviceTime(Document):
    """Median time between device events, the median gap to the host's latency from issue, and the variation of the device time."""

    p50_ns: Natural
    gap_p50_ns: int
    variation_ppm: Natural | None = None


class PowerUse(Document):
    """Power over the windows in mW, of all devices together; `column` says which reading it is."""

    column: Literal["power_instant_mw", "power_avg_mw"]
    mean_mw: Natural
    p95_mw: Natural
    p99_mw: Natural
    peak_mw: Natural


class EnergyUse(Document):
    """Energy of one trial's window between two ticks of its counter; per inference in mJ with a t interval over slices.

    `codes` are the reasons why a number is missing; scope and method never leave the number's side.
    """

    trial: Natural
    method: Literal["nvml_counter", "nvml_power_integral", "rapl", "none"]
    scope: Literal["none", "gpu_board", "gpu_module", "cpu_package"]
    valid: bool
    codes: tuple[Name, ...] = ()
    window_ns: Natural = 0
    inferences: Natural = 0
    gross_mj: Natural | None = None
    net_mj: int | None = None
    integral_mj: Natural | None = None
    gross_per_inference: Decimal | None = None
    gross_low: Decimal | None = None
    gross_high: Decimal | None = None
    net_per_inference: Decimal | None = None
    net_low: Decimal | None = None
    net_high: Decimal | None = None


class Sustained(Document):
    """Sustained and peak throughput apart, of one trial: the best 60 s, the median after settling, and their ratio."""

    trial: Natural
    peak_per_s: Decimal
    sustained_per_s: Decimal | None = None
    ratio_ppm: Natural | None = None
    settle_ns: Natural | None = None


class BatchCount(Document):
    """How many requests were served in batches of one size."""

    size: Positive
    requests: Positive


class ClassCount(Document):
    """One class of a mix: what completed inside the windows and its median latency from schedule."""

    name: Name
    completed: Natural
    p50_ns: Natural | None = None
