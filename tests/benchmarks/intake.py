"""`python -m tests.benchmarks.intake`: bundles accepted per second beside a bare multipart upload of the same bytes to the same server.

Both go to one gunicorn worker over loopback, in ABBA blocks. Accepting means: stream to disk, digests, signature, schema, recomputed numbers,
gates, files flushed, rows and log event durable. Then the peak memory of a fresh worker that accepts one bundle of 1,000,000 requests.
"""

from __future__ import annotations

import argparse
import http.client
import json
import secrets
import tempfile
import time
from pathlib import Path

import numpy as np

from runner.contract.samples import Samples
from tests import builders
from tests.benchmarks.report import finish, progress, ratio
from tests.journeys.site import JourneySite, running

SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.benchmarks._intake_settings"}
MOST_MEMORY_BYTES = 300 * 1000 * 1000
TRIALS, SPACING_NS = 5, 10 * builders.SECOND


def bundle(requests: int, seed: int) -> bytes:
    """A valid bundle of a closed loop whose five trials each fill their window of 5 s."""
    return builders.sealed(builders.members(table=closed_loop(requests // TRIALS, seed)))


def closed_loop(requests: int, seed: int) -> Samples:
    """Five trials of `requests` back-to-back requests, services spread around 5 s / requests."""
    random, trials = np.random.default_rng(seed), []
    for trial in range(TRIALS):
        service = random.gamma(50.0, 5 * builders.SECOND / requests / 50, requests).astype(np.int64) + 200
        last = trial * SPACING_NS + np.cumsum(service)
        trials.append((np.concatenate([[trial * SPACING_NS], last[:-1]]), last))
    scheduled, last = (np.concatenate([pair[place] for pair in trials]) for place in (0, 1))
    n = len(last)
    return Samples(
        trial=np.repeat(np.arange(TRIALS, dtype=np.int64), requests), point=np.zeros(n, np.int64),
        request=np.tile(np.arange(requests, dtype=np.int64), TRIALS), t_scheduled_ns=scheduled, t_sent_ns=scheduled + 100, t_last_ns=last,
        batch_size=np.ones(n, np.int32), status=np.zeros(n, np.int8),
    )  # fmt: skip


def bare_upload(site: JourneySite, content: bytes) -> None:
    """The same bytes as a form with one file."""
    mark = secrets.token_hex(16)
    head = f'--{mark}\r\nContent-Disposition: form-data; name="bundle"; filename="a.bundle"\r\nContent-Type: application/octet-stream\r\n\r\n'
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    body = head.encode() + content + f"\r\n--{mark}--\r\n".encode()
    connection.request("POST", "/bare", body, {"Content-Type": f"multipart/form-data; boundary={mark}"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != http.client.CREATED:
        raise SystemExit(f"intake: the bare upload answered {answer.status}")


def accepted(site: JourneySite, content: bytes) -> None:
    """The real thing."""
    status, told = site.upload(content)
    if status != http.client.CREATED:
        raise SystemExit(f"intake: the upload answered {status}: {json.dumps(told)[:400]}")


def rates(site: JourneySite, repeats: int, requests: int, first_seed: int) -> tuple[list[int], list[int], int]:
    """Nanoseconds of each bare upload and of each accepted bundle, interleaved A B B A; and the size of a bundle in bytes."""
    bare: list[int] = []
    ours: list[int] = []
    size = 0
    for number in range(repeats):
        content = bundle(requests, first_seed + number)
        size = len(content)
        for act, took in [(bare_upload, bare), (accepted, ours)][:: 1 if number % 2 else -1]:
            begun = time.perf_counter_ns()
            act(site, content)
            took.append(time.perf_counter_ns() - begun)
    return bare, ours, size


def peak_memory_bytes(site: JourneySite) -> int:
    """The largest resident size that the worker ever had (VmHWM of Linux)."""
    worker = site.workers()[0]
    line = next(line for line in Path(f"/proc/{worker}/status").read_text("ascii").splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def main() -> None:
    """Measure and print the answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=30, help="pairs of uploads (default 30)")
    parser.add_argument("--requests", type=int, default=4_500, help="requests of a small bundle (default 4,500)")
    parser.add_argument("--million", type=int, default=1_000_000, help="requests of the large bundle (default 1,000,000)")
    asked = parser.parse_args()
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), 3, SETTINGS) as site:
        rates(site, 2, asked.requests, 0)  # both ways warm
        bare, ours, size = rates(site, asked.repeats, asked.requests, 1000)
        progress(f"intake: {asked.repeats} pairs of {size:,} bytes")
        figures["small_bundle"] = {
            "requests": asked.requests, "bytes": size, "accepted_per_s": round(1e9 / np.median(ours), 1),
            "bare_multipart_per_s": round(1e9 / np.median(bare), 1), "accepting_over_bare_time": ratio(bare, ours),
        }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), 3, SETTINGS) as site:
        before, content = peak_memory_bytes(site), bundle(asked.million, 1)
        progress(f"intake: one bundle of {asked.million:,} requests, {len(content):,} bytes")
        begun = time.perf_counter_ns()
        accepted(site, content)
        seconds, peak = (time.perf_counter_ns() - begun) / 1e9, peak_memory_bytes(site)
        figures["large_bundle"] = {
            "requests": asked.million, "bytes": len(content), "accepted_in_s": round(seconds, 2), "worker_peak_bytes": peak,
            "worker_before_bytes": before,
        }  # fmt: skip
    finish("intake", figures, {"peak_memory": {"at_most_bytes": MOST_MEMORY_BYTES, "met": peak <= MOST_MEMORY_BYTES}})


if __name__ == "__main__":
    main()
