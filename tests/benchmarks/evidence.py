"""`python -m tests.benchmarks.evidence`: bytes per request of `samples.parquet` at a million host-timed requests, and what handling them takes.

The rows are real timings of our two drivers: a closed loop over a system that is busy for about 20 µs, repeated in trials until there are a
million rows, and an open loop over a Poisson schedule of a million requests on the null backend.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from runner.backends import open_backend
from runner.contract.canonical import sha256
from runner.contract.loads import Load
from runner.contract.samples import COLUMNS, Samples, decode, encode, joined
from runner.load.arrivals import due_times
from runner.load.clock import Clock
from runner.load.closed import closed_loop
from runner.load.open import open_loop
from tests.benchmarks.report import finish, progress

MOST_BYTES = 12
OPEN = Load(loop="open", process="poisson", rate_per_s="40000", seed="7")
SECOND = 1_000_000_000
T = TypeVar("T")


def busy(prepared: np.ndarray) -> np.ndarray:
    """A few matrix products: work whose time really varies."""
    for _ in range(4):
        prepared = np.tanh(prepared @ prepared)
    return prepared


def closed(requests: int, clock: Clock) -> Samples:
    """Rows of five trials of a closed loop."""
    prepared, order = [np.random.default_rng(place).random((48, 48)) / 48 for place in range(16)], np.arange(16)
    parts = []
    for trial in range(5):
        parts.append(closed_loop(busy, prepared, order, None, clock, requests=requests // 5).samples(trial, 0, 1))
        progress(f"evidence: closed loop, trial {trial + 1}/5")
    return joined(parts)


def opened(requests: int, clock: Clock) -> Samples:
    """Rows of one open loop at 40,000 requests a second on the null backend."""
    window_ns = requests * SECOND // 40_000
    progress(f"evidence: open loop, {window_ns // SECOND} s")
    due = due_times(OPEN, window_ns, 0, 0)
    return open_loop(open_backend("null").run, range(1), np.zeros(1, np.int64), due, window_ns, clock).samples(0, 0, 1)


def shaped(samples: Samples) -> Samples:
    """The due times of an open loop at 1,000 a second, the lags of the real rows, and services spread around 100 µs as a small model's are."""
    n, lag = len(samples), samples.t_sent_ns - samples.t_scheduled_ns
    due = due_times(OPEN.model_copy(update={"rate_per_s": "1000"}), n * SECOND // 1000, 0, 0)
    service = 100_000 + np.random.default_rng(1).gamma(2.0, 6_000.0, n).astype(np.int64)
    return replace(samples, t_scheduled_ns=due, t_sent_ns=due + lag, t_last_ns=due + lag + service)


def timed(act: Callable[[], T]) -> tuple[T, float]:
    """The result and the median seconds of three goes."""
    took = []
    for _ in range(3):
        begun = time.perf_counter()
        result = act()
        took.append(time.perf_counter() - begun)
    return result, round(sorted(took)[1], 4)


def handled(samples: Samples) -> dict[str, float]:
    """Bytes per request and seconds for each step; stops the benchmark if the rows do not come back as they went."""
    content, write_s = timed(lambda: encode(samples))
    back, read_s = timed(lambda: decode(content))
    if any(not np.array_equal(getattr(samples, column.name), getattr(back, column.name)) for column in COLUMNS if not column.optional):
        raise SystemExit("evidence: the rows did not come back as they went")
    key = Ed25519PrivateKey.generate()
    _, digest_s = timed(lambda: sha256(content))
    _, sign_s = timed(lambda: key.sign(content))
    signature = key.sign(content)
    _, verify_s = timed(lambda: key.public_key().verify(signature, content))
    return {"rows": len(samples), "bytes_per_request": round(len(content) / len(samples), 3), "write_s": write_s, "read_and_check_s": read_s,
            "digest_s": digest_s, "sign_s": sign_s, "verify_s": verify_s}  # fmt: skip


def main() -> None:
    """Measure, encode, decode and print the answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000, help="rows of each table (default 1,000,000)")
    asked = parser.parse_args()
    clock = Clock(time.perf_counter_ns())
    null = opened(asked.requests, clock)
    tables = {"closed_loop": closed(asked.requests, clock), "open_loop_null_40000_per_s": null, "open_loop_100us_1000_per_s": shaped(null)}
    figures: dict[str, object] = {}
    goals: dict[str, dict[str, object]] = {}
    for name, samples in tables.items():
        figures[name] = shown = handled(samples)
        goals[name] = {"bytes_per_request_at_most": MOST_BYTES, "met": shown["bytes_per_request"] <= MOST_BYTES}
    finish("evidence", figures, goals)


if __name__ == "__main__":
    main()
