"""Energy of one window: gross and net, per inference with an interval, by counter, by integral of power or by the packages' own counters.

    E_gross = C(t2) - C(t1), t1 the first tick in the window and t2 the last
    E_net   = E_gross - (P_idle,before + P_idle,after) / 2 * (t2 - t1)
    mJ per inference = E / completed in (t1, t2]; interval x ± t(0.975, s - 1) * sd / sqrt(s) over the values of s slices

Exact until it is rounded half-even at the end, so that whoever computes it again finds the same digits. Without a source there is no energy: none is
ever estimated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from typing import Literal

import numpy as np
import numpy.typing as npt

from runner.contract.energy_validity import COUNTERS, DROPPING, POWER, TICKS_NS, Case, EnergyRules, codes_of
from runner.contract.metering import NS_PER_S, Drawn, counted_together, integrated_together
from runner.contract.statistics import t_quantile, text
from runner.contract.telemetry_row import HOST, TelemetryRow, Window, readings, stamped, stretch

EnergyMethod = Literal["nvml_counter", "nvml_power_integral", "rapl", "none"]
Integers = npt.NDArray[np.int64]
PLACES = 6
_CONTEXT = Context(prec=50)
NO_REFUSALS: Mapping[str, str] = {}
DEFAULT_RULES = EnergyRules()


@dataclass(frozen=True)
class Energy:
    """Energy in mJ between `start_ns` and `end_ns`, `window_ns` apart, in which `inferences` were completed.

    Values per inference are decimal strings in mJ with up to six places; `low` and `high` are ends of 95 % intervals, None where a slice has no
    value of its own. `valid` is False with any code, and some codes leave no number (`energy_validity.DROPPING`); `counter_mj` and `integral_mj`
    then still say what each source gave. `net` needs an idle phase before and one after.
    """

    method: EnergyMethod
    scope: str
    valid: bool = False
    codes: tuple[str, ...] = ()
    start_ns: int | None = None
    end_ns: int | None = None
    window_ns: int = 0
    inferences: int = 0
    gross_mj: int | None = None
    net_mj: int | None = None
    counter_mj: int | None = None
    integral_mj: int | None = None
    idle_before_mw: int | None = None
    idle_after_mw: int | None = None
    gross_per_inference: str | None = None
    gross_low: str | None = None
    gross_high: str | None = None
    net_per_inference: str | None = None
    net_low: str | None = None
    net_high: str | None = None


def best_method(rows: Sequence[TelemetryRow], window: Window, device_count: int, *, scope: str) -> EnergyMethod:
    """The method that the rows around the window carry for a scope: packages by RAPL, boards by counter, else by instant power, else none."""
    near = stretch(rows, window)
    if scope == "cpu_package":
        return "rapl" if readings(near, COUNTERS["rapl"], HOST) else "none"
    if scope == "none" or not device_count:
        return "none"
    if any(readings(near, COUNTERS["nvml_counter"], device) for device in range(device_count)):
        return "nvml_counter"
    return "nvml_power_integral" if any(readings(near, POWER, device) for device in range(device_count)) else "none"


def energy_of(
    rows: Sequence[TelemetryRow], window: Window, device_count: int, completed_at_ns: Integers, idle: Sequence[Window] = (), *,
    scope: str, method: EnergyMethod, tick_ns: int | None = None,
    refusals: Mapping[str, str] = NO_REFUSALS, rules: EnergyRules = DEFAULT_RULES,
) -> Energy:  # fmt: skip
    """The energy of `window`, from rows in order of time.

    `completed_at_ns` has one sorted time for each inference that was completed, `idle` the idle phases before and after, `refusals` the statuses of
    what the sensors did not read. `tick_ns` is the counter's, 100 ms by default (1 ms for packages).
    """
    if method == "none":
        codes = tuple(word for word in ("mig", "vgpu") if f"unreadable:{word}" in refusals.values())
        return Energy("none", scope, codes=codes)
    meter = _Meter(rows, device_count, method)
    parts = _parts(window, rules.slices)
    drawn = meter.drawn(window)
    integral = meter.integral((drawn.start_ns, drawn.end_ns)) if drawn is not None else None
    resting = [meter.drawn(phase) for phase in idle]
    case = Case(stretch(rows, window), window, device_count, method, tick_ns or TICKS_NS[method], parts, drawn, integral, resting, refusals, rules)
    codes = codes_of(case)
    before, after = (resting[0], resting[-1]) if len(resting) > 1 else (None, None)
    found = Energy(
        method, scope, drawn is not None and not codes, codes,
        counter_mj=_whole(drawn.mj) if drawn is not None and method in COUNTERS else None,
        integral_mj=_whole(integral.mj) if integral is not None else None,
        idle_before_mw=_whole(before.mw) if before is not None else None, idle_after_mw=_whole(after.mw) if after is not None else None,
    )  # fmt: skip
    if drawn is None or DROPPING & set(codes):
        return found
    resting_mw = (before.mw + after.mw) / 2 if before is not None and after is not None else None
    return _stated(found, drawn, [meter.drawn(part) for part in parts], completed_at_ns, resting_mw)


class _Meter:
    """The rows as one method reads them."""

    def __init__(self, rows: Sequence[TelemetryRow], device_count: int, method: EnergyMethod) -> None:
        self._rows, self._method = rows, method
        self._devices = (HOST,) if method == "rapl" else tuple(range(device_count))

    def drawn(self, window: Window) -> Drawn | None:
        """Energy in the window by the method; None where it cannot be told."""
        if self._method not in COUNTERS:
            return self.integral(window)
        near = stretch(self._rows, window)
        exact = [stamped(near, device) for device in self._devices]
        return counted_together([readings(near, COUNTERS[self._method], device) for device in self._devices], window, exact)

    def integral(self, window: Window) -> Drawn | None:
        """The integral of instant power; packages have none."""
        if self._method == "rapl":
            return None
        near = stretch(self._rows, window)
        return integrated_together([readings(near, POWER, device) for device in self._devices], window)


def _parts(window: Window, slices: int) -> list[Window]:
    start, length = window[0], window[1] - window[0]
    return [(start + length * part // slices, start + length * (part + 1) // slices) for part in range(slices)]


def _stated(found: Energy, drawn: Drawn, parts: Sequence[Drawn | None], completed: Integers, resting_mw: Fraction | None) -> Energy:
    net = None if resting_mw is None else _less(drawn, resting_mw)
    n = _completed(completed, drawn)
    values: dict[str, int | str | None] = {
        "start_ns": drawn.start_ns, "end_ns": drawn.end_ns, "window_ns": drawn.length_ns, "inferences": n,
        "gross_mj": _whole(drawn.mj), "net_mj": None if net is None else _whole(net.mj),
    }  # fmt: skip
    values |= _per_inference("gross", drawn, parts, completed)
    if resting_mw is not None and net is not None:
        values |= _per_inference("net", net, [None if part is None else _less(part, resting_mw) for part in parts], completed)
    return Energy(**{**found.__dict__, **values})


def _less(drawn: Drawn, resting_mw: Fraction) -> Drawn:
    return Drawn(drawn.start_ns, drawn.end_ns, drawn.mj - resting_mw * drawn.length_ns / NS_PER_S)


def _completed(completed: Integers, drawn: Drawn) -> int:
    first, last = np.searchsorted(completed, [drawn.start_ns, drawn.end_ns], side="right")
    return int(last - first)


def _per_inference(kind: str, drawn: Drawn, parts: Sequence[Drawn | None], completed: Integers) -> dict[str, str | None]:
    n = _completed(completed, drawn)
    if not n:
        return {}
    counted = [(part, _completed(completed, part)) for part in parts if part is not None]
    each = [part.mj / count for part, count in counted if count]
    low, high = interval(each) if len(each) == len(parts) else (None, None)
    return {f"{kind}_per_inference": _text(drawn.mj / n), f"{kind}_low": low, f"{kind}_high": high}


def interval(values: Sequence[Fraction]) -> tuple[str | None, str | None]:
    """95 % interval of the mean by Student's t, as decimal strings; None below two values."""
    s = len(values)
    if s < 2:
        return None, None
    mean = sum(values, Fraction(0)) / s
    error = _decimal(sum(((value - mean) ** 2 for value in values), Fraction(0)) / (s - 1) / s).sqrt(_CONTEXT)
    half = _CONTEXT.multiply(Decimal(f"{t_quantile(0.975, s - 1):.9f}"), error)
    return text(_CONTEXT.subtract(_decimal(mean), half), PLACES), text(_CONTEXT.add(_decimal(mean), half), PLACES)


def _whole(value: Fraction) -> int:
    return round(value)


def _decimal(value: Fraction) -> Decimal:
    return _CONTEXT.divide(Decimal(value.numerator), Decimal(value.denominator))


def _text(value: Fraction) -> str:
    return text(_decimal(value), PLACES)
