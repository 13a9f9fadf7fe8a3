"""What the rows of an operating point say beside its metrics: effective requests, lag, certificate, goodput, device time, batches, classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from runner.contract.certificates import answer, certify
from runner.contract.effective import effective_requests
from runner.contract.generator import achieved_ppm
from runner.contract.loads import Load
from runner.contract.methodology import Methodology, Slo
from runner.contract.points import BatchCount, Certificate, ClassCount, DeviceTime, Goodput, Lag, PowerUse, Sustained
from runner.contract.power import power_of
from runner.contract.run import OperatingPoint
from runner.contract.samples import lag_queue_service
from runner.contract.statistics import rank, text, wilson
from runner.contract.telemetry import TelemetryRow
from runner.contract.thermal import peak_and_sustained
from runner.contract.throttling import worst_class
from runner.contract.window_rows import WindowRows

Integers = npt.NDArray[np.int64]
MILLION = 1_000_000


def facts_of(
    rows: Sequence[WindowRows],
    methodology: Methodology,
    load: Load,
    telemetry: Sequence[TelemetryRow],
    devices: int,
    stated: OperatingPoint | None,
) -> Mapping[str, object]:
    """Fields of an operating point by name; a field that does not apply is not among them."""
    slo, windows = methodology.slo, [(one.window.start_ns, one.window.end_ns) for one in rows]
    found: dict[str, object] = {"lag": lag_of(rows, load), "batches": _batches(rows), "classes": _classes(rows, load)}
    if slo.limit_ns is not None:
        theirs = stated.certificate.effective_by_trial if stated and stated.certificate else ()
        found |= {"certificate": certificate_of(rows, slo, theirs), "goodput": _goodput(rows, slo)}
    found |= {"device": _device(rows), "sustained": _sustained(rows)}
    if devices:
        power = power_of(telemetry, windows, devices)
        found |= {"power": power and PowerUse.model_validate(power), "throttle": worst_class(telemetry, windows, devices)}
    return {name: value for name, value in found.items() if value is not None}


def effective_of(rows: Sequence[WindowRows], limits_ns: Sequence[int], theirs: Sequence[int], *, from_issue: bool = False) -> tuple[int, ...]:
    """Effective requests of each trial at its limit; another's stated value is taken where it differs from ours by at most one."""
    found = []
    for place, (one, limit) in enumerate(zip(rows, limits_ns, strict=True)):
        latencies = one.due_from_issue_ns if from_issue else one.due_latencies_ns
        known = one.ess_from_issue if from_issue else one.ess_from_schedule
        ours = effective_requests(latencies, ~one.due_ok | (latencies > limit), known)
        said = theirs[place] if len(theirs) == len(rows) else ours
        found.append(said if abs(said - ours) <= 1 and said <= len(latencies) else ours)
    return tuple(found)


def certificate_of(rows: Sequence[WindowRows], slo: Slo, theirs: Sequence[int] = (), confidence_permille: int | None = None) -> Certificate:
    """The certificate of the latency budget over the pooled rows of all trials, with each trial's dependence counted."""
    assert slo.limit_ns is not None and slo.permille is not None
    confidence = confidence_permille or slo.confidence_permille
    n, over = sum(len(one.due) for one in rows), sum(int(one.over(slo.limit_ns).sum()) for one in rows)
    effective = effective_of(rows, [slo.limit_ns] * len(rows), theirs)
    verdict = certify(n, over, sum(effective), slo.permille, confidence_permille=confidence, least_effective=slo.least_effective)
    return Certificate(
        metric=slo.metric,
        permille=slo.permille,
        limit_ns=slo.limit_ns,
        confidence_permille=confidence,
        n=n,
        over=over,
        effective_by_trial=effective,
        answer=verdict.answer,
        needed=verdict.needed,
        assumes_independence=answer(n, over, n, slo.permille, confidence_permille=confidence, least_effective=0),
    )


def lag_of(rows: Sequence[WindowRows], load: Load) -> Lag | None:
    """Order statistics of the generator's lag over all trials, and the lowest ratio of achieved to offered rate in open loop."""
    parts = [lag_queue_service(one.due) for one in rows]
    lags = np.sort(np.concatenate([lag for lag, _, _ in parts]))
    if not len(lags):
        return None
    ratios = [achieved_ppm(one.due) for one in rows] if load.loop == "open" else []
    known = [ratio for ratio in ratios if ratio is not None]
    return Lag(
        p50_ns=int(lags[rank(len(lags), 500) - 1]),
        p99_ns=int(lags[rank(len(lags), 990) - 1]),
        max_ns=int(lags[-1]),
        achieved_ppm=min(known) if known else None,
    )


def _goodput(rows: Sequence[WindowRows], slo: Slo) -> Goodput | None:
    assert slo.limit_ns is not None
    n = sum(len(one.due) for one in rows)
    if not n:
        return None
    met = n - sum(int(one.over(slo.limit_ns).sum()) for one in rows)
    low, high = wilson(met, n)
    per_s = Decimal(met) * 10**9 / sum(one.window_ns for one in rows)
    return Goodput(met=met, n=n, share=text(Decimal(met) / n, 6), ci_low=text(low, 6), ci_high=text(high, 6), per_s=text(per_s, 3))


def _device(rows: Sequence[WindowRows]) -> DeviceTime | None:
    if any(one.due.device_ns is None for one in rows):
        return None
    device = np.concatenate([one.due.device_ns[one.due_ok] for one in rows if one.due.device_ns is not None])
    host = np.concatenate([(one.due.t_last_ns - one.due.t_sent_ns)[one.due_ok] for one in rows])
    if not len(device):
        return None
    middle = rank(len(device), 500) - 1
    return DeviceTime(p50_ns=int(np.sort(device)[middle]), gap_p50_ns=int(np.sort(host - device)[middle]), variation_ppm=_variation_ppm(device))


def _variation_ppm(values: Integers) -> int | None:
    """Coefficient of variation in ppm from exact integer sums."""
    exact = values.astype(object)
    n, total = len(exact), int(exact.sum())
    if n < 2 or not total:
        return None
    squares = int(np.dot(exact, exact))
    variance = Decimal(n * squares - total * total) / (n * (n - 1))
    return int(variance.sqrt() * n / total * MILLION)


def _sustained(rows: Sequence[WindowRows]) -> tuple[Sustained, ...]:
    """Sustained and peak throughput of each trial; none where a window is too short to tell them apart."""
    found = [(one.trial, peak_and_sustained(one.done_ns, (one.window.start_ns, one.window.end_ns))) for one in rows]
    return tuple(Sustained.model_validate({"trial": trial, **vars(seen)}) for trial, seen in found if seen is not None)


def _batches(rows: Sequence[WindowRows]) -> tuple[BatchCount, ...]:
    sizes, counts = np.unique(np.concatenate([one.due.batch_size for one in rows]), return_counts=True)
    pairs = [BatchCount(size=int(size), requests=int(count)) for size, count in zip(sizes, counts, strict=True)]
    return tuple(pairs) if len(pairs) > 1 or (pairs and pairs[0].size > 1) else ()


def _classes(rows: Sequence[WindowRows], load: Load) -> tuple[ClassCount, ...]:
    return tuple(_class(rows, place, one.name) for place, one in enumerate(load.classes))


def _class(rows: Sequence[WindowRows], place: int, name: str) -> ClassCount:
    chosen = [one.due_ok & (one.due.klass == place) for one in rows]
    latencies = np.sort(np.concatenate([(one.due.t_last_ns - one.due.t_scheduled_ns)[mask] for one, mask in zip(rows, chosen, strict=True)]))
    p50 = int(latencies[rank(len(latencies), 500) - 1]) if len(latencies) else None
    return ClassCount(name=name, completed=len(latencies), p50_ns=p50)
