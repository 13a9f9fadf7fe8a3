"""Recorded arrivals: offsets in order from 0 on, the same bytes for the same ones, and any other file is refused."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.contract import bundle
from runner.contract.arrivals_table import COLUMNS, LIMITS, decode, encode
from runner.contract.canonical import LARGEST_INTEGER
from runner.contract.check import check
from runner.contract.columns import write
from runner.contract.problems import Problems
from runner.contract.schedules import digest, due_times
from tests.builders import sealed
from tests.contract.grown import MS, SECOND, Told, beginning, executor, joined, members, methodology, refusals, rows, served, trial

RECORDED = np.cumsum(np.random.default_rng(3).integers(1 * MS, 40 * MS, 400)).astype(np.int64)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, LARGEST_INTEGER), min_size=1, max_size=40))
def test_offsets_in_order_survive_the_way_to_bytes_and_back(offsets: list[int]) -> None:
    given_ = np.array(sorted(offsets), np.int64)
    assert (decode(encode(given_)) == given_).all() and encode(given_) == encode(given_.copy())


@pytest.mark.parametrize(
    "offsets",
    [
        [], [-1], [-1, 5], [5, 4], [0, 7, 7, 6], [LARGEST_INTEGER + 1], [0, 2**63 - 1], [5, 2**63 - 1, -(2**63)], [-(2**63)],
        [2**62, -(2**62) - 1],
    ],
)  # fmt: skip
def test_offsets_out_of_order_or_range_are_refused(offsets: list[int]) -> None:
    with pytest.raises(Problems, match="arrivals.parquet"):
        decode(encode(np.array(offsets, np.int64)))


def test_another_table_is_refused() -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"offset_ms": pa.array([1, 2], pa.int64())}), sink, compression="zstd")
    for content in (sink.getvalue(), b"", b"PAR1PAR1", encode(RECORDED)[:-9]):
        with pytest.raises(Problems, match="arrivals.parquet"):
            decode(content)


def test_more_arrivals_than_the_limit_are_refused_before_they_are_read() -> None:
    with pytest.raises(Problems) as caught:
        decode(write(COLUMNS, {"offset_ns": np.arange(LIMITS.rows + 1, dtype=np.int64)}))
    assert caught.value.codes == ("too-large",)


def replayed(scale: str = "0.5") -> Told:
    """Three trials that replay a recording, at twice its speed."""
    load = {"load__loop": "open", "load__process": "trace", "load__concurrency": None, "load__trace_sha256": digest(RECORDED),
            "load__trace_scale": scale}  # fmt: skip
    how, what, parts, trials = methodology(**load), executor(), [], []
    for index in range(3):
        start, due = beginning(index), due_times(how.load, 5 * SECOND, 0, index, trace=RECORDED)
        parts.append(rows(index, 0, served(start + due, MS)))
        trials.append(trial(index, what, start, start + 5 * SECOND, schedule_sha256=digest(due)))
    return Told(how, what, joined(parts), tuple(trials), trace=RECORDED)


def test_a_run_that_replays_a_recording_carries_it() -> None:
    found = replayed().evidence
    assert not refusals(found)
    checked = check(bundle.read(io.BytesIO(sealed(members(found)))))
    assert checked.validity == "valid_with_warnings" and (checked.evidence.trace == RECORDED).all()


def test_another_recording_or_none_is_refused() -> None:
    found = replayed().evidence
    assert refusals(replace(found, trace=None)) == {"schedule-mismatch"}
    assert refusals(replace(found, trace=RECORDED + 1)) == {"schedule-mismatch"}
    assert refusals(replace(found, trace=RECORDED[:-1])) == {"schedule-mismatch"}


def test_a_recording_replayed_at_another_speed_is_refused() -> None:
    slow, quick = replayed("1"), replayed("0.5")
    assert "schedule-mismatch" in refusals(replace(quick.evidence, samples=slow.samples, run=slow.run))
