"""The rows that `evidence` handles: five trials each of a closed loop, of an open loop and of dynamic batches, with their windows."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from runner.backends import open_backend
from runner.contract.loads import Load
from runner.contract.run import Trial
from runner.contract.samples import Samples, joined
from runner.load.arrivals import due_times
from runner.load.batcher import BatchRule
from runner.load.clock import SECOND_NS, Clock
from runner.load.closed import closed_loop
from runner.load.driver import Columns
from runner.load.open import open_loop
from tests.benchmarks.report import progress

TRIALS = 5
FAST = Load(loop="open", process="poisson", rate_per_s="40000", seed="7")
SLOW = FAST.at_rate("1000")
RULE = BatchRule(most=8, timeout_ns=5_000_000)
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Table:
    """Rows and the trials whose windows hold them; `batched` says that a row is one sample of a batch."""

    samples: Samples
    trials: tuple[Trial, ...]
    batched: bool = False


def busy(prepared: np.ndarray) -> np.ndarray:
    """A few matrix products: work whose time really varies."""
    for _ in range(4):
        prepared = np.tanh(prepared @ prepared)
    return prepared


def closed(requests: int) -> Table:
    """Real rows of a closed loop over work of about 20 µs."""
    prepared, order, clock = [np.random.default_rng(place).random((48, 48)) / 48 for place in range(16)], np.arange(16), Clock(time.perf_counter_ns())
    parts = []
    for trial in range(TRIALS):
        parts.append(closed_loop(busy, prepared, order, None, clock, requests=requests // TRIALS))
        progress(f"evidence: closed loop, trial {trial + 1} of {TRIALS}")
    return _table(parts)


def opened(requests: int) -> Table:
    """Real rows of an open loop at 40,000 requests a second on the null backend."""
    window_ns, clock, parts = requests // TRIALS * SECOND_NS // 40_000, Clock(time.perf_counter_ns()), []
    for trial in range(TRIALS):
        due = due_times(FAST, window_ns, 0, trial)
        parts.append(open_loop(open_backend("null").run, range(1), np.zeros(1, np.int64), due, window_ns, clock))
        progress(f"evidence: open loop, trial {trial + 1} of {TRIALS}, {window_ns / SECOND_NS:g} s each")
    return _table(parts)


def single(real: Table) -> Table:
    """Requests at 1,000 a second: their due times, the lags of the real rows, and services spread around 100 µs as a small model's are."""
    parts, due, lag = [], _due(real), _lags(real)
    for trial, own in enumerate(due):
        sent = own + lag[trial]
        parts.append((own, sent, sent + _services(trial, len(own))))
    return _shaped(real, parts)


def batches(real: Table) -> Table:
    """The same requests in batches of up to 8 that close after 5 ms by the rule of the driver, each row with its wait."""
    parts, waits, sizes = [], [], []
    for trial, own in enumerate(_due(real)):
        first, closing, size = _batches(own)
        place = np.repeat(np.arange(len(first)), size)
        sent = closing + _lags(real)[trial][: len(first)]
        parts.append((own, sent[place], (sent + _services(trial, len(first)))[place]))
        waits.append(np.maximum(closing[place] - own, 0))
        sizes.append(size[place])
    table = _shaped(real, parts)
    rows = replace(table.samples, queue_ns=np.concatenate(waits), batch_size=np.concatenate(sizes).astype(np.int32))
    return Table(rows, table.trials, batched=True)


def _batches(due: Integers) -> tuple[Integers, Integers, Integers]:
    """(first request, moment of closing, size) of each batch of one idle worker."""
    times, found, first = due.tolist(), [], 0
    while first < len(times):
        closing = RULE.closes(times, first, 0)
        stop = RULE.stop(times, first, closing)
        found.append((first, closing, stop - first))
        first = stop
    columns = np.array(found, np.int64)
    return columns[:, 0], columns[:, 1], columns[:, 2]


def _due(real: Table) -> list[Integers]:
    """Due times of each trial at 1,000 a second on the clock of the run: as many as the real one has."""
    sizes = np.bincount(real.samples.trial)
    length = int(sizes.max()) * SECOND_NS // 1_000
    return [trial * (length + 10 * SECOND_NS) + due_times(SLOW, length, 0, trial)[:size] for trial, size in enumerate(sizes.tolist())]


def _lags(real: Table) -> list[Integers]:
    rows = real.samples
    return [(rows.t_sent_ns - rows.t_scheduled_ns)[rows.trial == trial] for trial in range(TRIALS)]


def _services(trial: int, n: int) -> Integers:
    return np.asarray(100_000 + np.random.default_rng(trial).gamma(2.0, 6_000.0, n), np.int64)


def _shaped(real: Table, parts: list[tuple[Integers, Integers, Integers]]) -> Table:
    scheduled, sent, last = (np.concatenate([part[place] for part in parts]) for place in range(3))
    trials = tuple(_trial(place, int(part[0][0]), int(part[2].max()) + 1) for place, part in enumerate(parts))
    return Table(replace(real.samples, t_scheduled_ns=scheduled, t_sent_ns=sent, t_last_ns=last), trials)


def _table(parts: list[Columns]) -> Table:
    trials = tuple(_trial(place, part.window_start_ns, part.window_end_ns) for place, part in enumerate(parts))
    return Table(joined([part.samples(place, 0, 1) for place, part in enumerate(parts)]), trials)


def _trial(index: int, start_ns: int, end_ns: int) -> Trial:
    same = "0" * 64
    return Trial(
        index=index, fingerprint_warm=same, fingerprint_end=same, window_start_ns=start_ns, window_end_ns=end_ns, load_time_ns=1,
        first_inference_ns=1, warmup_requests=1, warmup_ns=1, floor_p50_ns=200, floor_p99_ns=400,
    )  # fmt: skip
