"""What happened over a run, reduced for drawing: latency, power, heat and throttling along one time axis, computed once for each set of bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from lynxweb.registry import storage
from lynxweb.registry.series import Series, series_of
from runner.contract.run import Run
from runner.contract.samples import Samples, decode
from runner.contract.statistics import rank
from runner.contract.telemetry import TelemetryRow
from runner.contract.telemetry import decode as decode_telemetry
from runner.contract.throttling import RibbonPart, ribbon
from runner.contract.window_rows import WindowRows, rows_of

MOST_BINS: Final = 300  # of one window
MOST_BINS_OF_RUN: Final = 900  # of all windows together: bounds the page and what a process remembers
LEAST_BINS: Final = 4  # even where a run has very many windows
MOST_WINDOWS: Final = MOST_BINS_OF_RUN // LEAST_BINS  # the first ones
REQUESTS_A_BIN: Final = 30  # fewer would draw single requests
MOST_REMEMBERED: Final = 64  # runs; at most about 100 kB each
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Stretches:
    """One window cut into stretches of equal length, those without a completed request left out: middle, requests, p50 and p99, times in ns.

    The p99 of a stretch under 100 requests is its slowest one. `completed` and `p50_whole_ns` are of the whole window.
    """

    trial: int
    point: int
    start_ns: int
    end_ns: int
    completed: int
    p50_whole_ns: int | None
    middle_ns: Integers = field(repr=False)
    requests: Integers = field(repr=False)
    p50_ns: Integers = field(repr=False)
    p99_ns: Integers = field(repr=False)


@dataclass(frozen=True, eq=False)
class Timeline:
    """One run from `start_ns` to `end_ns`, both from its start: its windows, what the sensors read, and the throttle ribbon.

    Of a run with very many windows the first ones are here, and `left_out` says how many are not.
    """

    start_ns: int
    end_ns: int
    windows: tuple[Stretches, ...]
    series: tuple[Series, ...]
    ribbon: tuple[RibbonPart, ...]
    left_out: int = 0

    def throttled(self, start_ns: int, end_ns: int) -> dict[str, int]:
        """How long each throttle class held between two times, in ns; classes that did not occur are left out."""
        held: dict[str, int] = {}
        for part in self.ribbon:
            if (shared := min(part.end_ns, end_ns) - max(part.start_ns, start_ns)) > 0:
                held[part.klass] = held.get(part.klass, 0) + shared
        return held


# The key is the digests of samples and telemetry and the exact run document: all are write-once, so nothing can go stale.
@lru_cache(maxsize=MOST_REMEMBERED)
def timeline_of(samples_sha256: str | None, telemetry_sha256: str | None, run_document: bytes) -> Timeline:
    """The timeline of a stored run; whoever asks has checked that the actor may see it."""
    telemetry = decode_telemetry(storage.fetch(telemetry_sha256)) if telemetry_sha256 is not None else ()
    run = Run.model_validate_json(run_document)
    if samples_sha256 is None:  # redacted: what the sensors read is still there
        start, end = _span(run)
        return Timeline(start, end, (), tuple(series_of(telemetry, start, end)), ribbon(telemetry, start, end))
    return timeline(run, decode(storage.fetch(samples_sha256)), telemetry)


def timeline(run: Run, samples: Samples, telemetry: Sequence[TelemetryRow]) -> Timeline:
    """The timeline of a run with its raw rows: every window of every trial, audit trials among them."""
    start, end = _span(run)
    places = [(trial, window) for trial in run.trials for window in trial.points]
    shown = places[:MOST_WINDOWS]
    most = min(MOST_BINS, MOST_BINS_OF_RUN // len(shown))
    windows = tuple(stretches(rows_of(samples, trial, window), most) for trial, window in shown)
    return Timeline(start, end, windows, tuple(series_of(telemetry, start, end)), ribbon(telemetry, start, end), len(places) - len(shown))


def stretches(rows: WindowRows, most: int = MOST_BINS) -> Stretches:
    """A window's completed requests, by when they were scheduled, in at most `most` stretches."""
    due = rows.due.rows(rows.due_ok)
    start, length = rows.window.start_ns, rows.window_ns
    count = max(1, min(most, len(due) // REQUESTS_A_BIN))
    latency = due.t_last_ns - due.t_scheduled_ns
    place = np.minimum((due.t_scheduled_ns - start) * count // length, count - 1)
    order = np.lexsort((latency, place))
    latency, found = latency[order], np.bincount(place, minlength=count)
    first = np.concatenate([[0], np.cumsum(found)[:-1]])
    kept = found > 0
    picked = [latency[(first + (found * permille + 999) // 1000 - 1)[kept]] for permille in (500, 990)]
    middle = start + (2 * np.flatnonzero(kept) + 1) * length // (2 * count)
    whole = rows.latencies_ns
    p50 = int(whole[rank(len(whole), 500) - 1]) if len(whole) else None
    return Stretches(rows.trial, rows.window.point, start, rows.window.end_ns, rows.completed_inside, p50, middle, found[kept], picked[0], picked[1])


def _span(run: Run) -> tuple[int, int]:
    starts, ends = ([getattr(part, name) for trial in run.trials for part in (*trial.phases, *trial.points)] for name in ("start_ns", "end_ns"))
    return min(starts), max(ends)
