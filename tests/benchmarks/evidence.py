"""`python -m tests.benchmarks.evidence`: bytes per request of `samples.parquet` at a million requests, and how long it takes to believe them.

Three tables in five trials each: a closed loop, whose rows are all real; an open loop at 1,000 requests a second, whose lags are real (of the open
driver at 40,000 a second) while due times follow from the schedule and services are drawn; and the same in dynamic batches of up to 8.

Each table goes the whole way: the runner states its numbers and seals the bundle (digests and Ed25519 signature: `sign`); then whoever receives it
opens it and checks manifest and signature (`verify`), decodes and checks the rows (`decode`), and computes every number of a built-in methodology
with a latency budget again: percentiles with effective requests, throughput, lag, certificate, goodput (`recompute`). Bit for bit means that the
canonical bytes of both sides' operating points are the same. Encoding (`write`) and stating are the runner's and are printed beside it.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from runner.contract.builtin import builtin
from runner.contract.bundle import Bundle, read, seal
from runner.contract.canonical import encode as canonical
from runner.contract.keys import SigningKey
from runner.contract.methodology import Methodology
from runner.contract.recompute import Around, operating_points
from runner.contract.run import OperatingPoint
from runner.contract.samples import Samples, decode, encode
from tests import builders
from tests.benchmarks._evidence_rows import RULE, Table, batches, closed, opened, single
from tests.benchmarks.report import finish

MOST_BYTES, MOST_S = 10, 2
BUDGET = {"metric": "latency_p99@1", "permille": 990, "limit_ns": 2_000_000}
KEY = SigningKey(bytes(range(32)))
WAY = ("sign", "verify", "decode", "recompute")
T = TypeVar("T")


def methodology(name: str, **load: str) -> Methodology:
    """A built-in methodology with a latency budget, at another load where asked."""
    tree = json.loads(builtin()[name])
    return Methodology.read(canonical({**tree, "slo": BUDGET, "load": {**tree["load"], **load}}))


def points(samples: Samples, table: Table, how: Methodology, stated: tuple[OperatingPoint, ...] = ()) -> tuple[OperatingPoint, ...]:
    """Every number that the rows give."""
    return operating_points(samples, table.trials, how, RULE.most if table.batched else 1, Around(batched=table.batched), stated)


def sealed(content: bytes, table: Table, how: Methodology, stated: tuple[OperatingPoint, ...]) -> bytes:
    """The signed bundle."""
    what = builders.executor()
    run = builders.run(
        builders.samples(), how, what, ended_at="2026-01-05T12:00:00.000000Z", trials=[trial.model_dump(mode="json") for trial in table.trials],
        operating_points=[point.model_dump(mode="json") for point in stated],
    )  # fmt: skip
    documents = {"run.json": run, "methodology.json": how, "executor.before.json": what, "executor.after.json": what}
    members = {"samples.parquet": content, **{name: document.canonical() for name, document in documents.items()}}
    return seal(members, fingerprint=what.fingerprint, methodology_sha256=how.sha256, nonce=None, key=KEY)


def verified(content: bytes) -> Bundle:
    """The bundle, if manifest and signature hold."""
    bundle = read(io.BytesIO(content))
    if not bundle.envelope.signed_by(KEY.public):
        raise SystemExit("evidence: the signature does not verify")
    return bundle


def same(one: tuple[OperatingPoint, ...], other: tuple[OperatingPoint, ...]) -> bool:
    """Whether two sides' numbers are the same bytes."""
    return [point.canonical() for point in one] == [point.canonical() for point in other]


def handled(name: str, table: Table, how: Methodology, goes: int) -> tuple[dict[str, object], bool]:
    """Bytes per request and the median seconds of each step, and whether every go gave the stated numbers bit for bit."""
    took: dict[str, list[float]] = {}

    def timed(step: str, act: Callable[[], T]) -> T:
        begun = time.perf_counter()
        result = act()
        took.setdefault(step, []).append(time.perf_counter() - begun)
        return result

    equal, content = True, b""
    for _ in range(goes):
        stated = timed("state", lambda: points(table.samples, table, how))
        content = timed("write", lambda: encode(table.samples))
        bundle = timed("sign", lambda: sealed(content, table, how, stated))  # noqa: B023
        opened_bundle = timed("verify", lambda: verified(bundle))  # noqa: B023
        rows = timed("decode", lambda: decode(opened_bundle.members["samples.parquet"]))  # noqa: B023
        again = timed("recompute", lambda: points(rows, table, how, stated))  # noqa: B023
        equal = equal and same(stated, again) and all(np.array_equal(column, table.samples.present()[key]) for key, column in rows.present().items())
    shown: dict[str, object] = {"rows": len(table.samples), "bytes_per_request": round(len(content) / len(table.samples), 3)}
    shown |= {f"{step}_s": round(sorted(seconds)[len(seconds) // 2], 4) for step, seconds in took.items()}
    totals = sorted(sum(took[step][go] for step in WAY) for go in range(goes))
    certificate = stated[0].certificate
    assert certificate is not None
    shown |= {"in_all_s": round(totals[goes // 2], 4), "metrics": len(stated[0].metrics), "withheld": len(stated[0].withheld),
              "effective_by_trial": list(certificate.effective_by_trial), "certificate": certificate.answer}  # fmt: skip
    return shown, equal


def main() -> None:
    """Measure, encode, decode and print the answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000, help="rows of each table (default 1,000,000)")
    parser.add_argument("--goes", type=int, default=3, help="how often each step is timed; the median counts (default 3)")
    asked = parser.parse_args()
    stream, poisson = methodology("digits-quick"), methodology("digits-quick-poisson", rate_per_s="1000")
    null = opened(asked.requests)
    tables = {"closed_loop": (closed(asked.requests), stream), "open_loop_1000_per_s": (single(null), poisson),
              "batches_of_8_1000_per_s": (batches(null), poisson)}  # fmt: skip
    figures: dict[str, object] = {}
    goals: dict[str, dict[str, object]] = {}
    for name, (table, how) in tables.items():
        shown, equal = handled(name, table, how, asked.goes)
        figures[name] = shown
        size, seconds = float(str(shown["bytes_per_request"])), float(str(shown["in_all_s"]))
        goals[f"{name}_bytes"] = {"bytes_per_request_at_most": MOST_BYTES, "met": size <= MOST_BYTES}
        goals[f"{name}_believed"] = {"signed_verified_recomputed_within_s": MOST_S, "bit_for_bit": equal, "met": equal and seconds < MOST_S}
    figures["load_average"] = round(os.getloadavg()[0], 2)
    finish("evidence", figures, goals)


if __name__ == "__main__":
    main()
