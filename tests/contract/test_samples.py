"""Samples: same rows, same bytes, few of them; any other file is refused before it is read; latency = lag + queue + service."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from runner.contract.columns import Limits
from runner.contract.problems import Problems
from runner.contract.samples import Samples, decode, encode, joined, lag_queue_service, problems_of
from runner.contract.schedules import offsets

MILLION = 1_000_000


def table(scheduled: list[int], sent: list[int], last: list[int]) -> Samples:
    n = len(sent)
    ids, times = (np.zeros(n, np.int64), np.zeros(n, np.int64), np.arange(n, dtype=np.int64)), (scheduled, sent, last)
    return Samples(*ids, *(np.array(column, np.int64) for column in times), np.ones(n, np.int32), np.zeros(n, np.int8))


def serial(due: np.ndarray | None, requests: int, seed: int = 1) -> Samples:
    """One thread that serves in about 100 µs; due None is a closed loop."""
    random = np.random.default_rng(seed)
    service, lag = 100_000 + random.gamma(2.0, 6_000.0, requests).astype(np.int64), random.integers(60, 300, requests)
    if due is None:
        last = np.cumsum(service + lag)
        scheduled = np.concatenate([[0], last[:-1]])
        return table(scheduled, scheduled + lag, last)
    sent, last, free = [], [], 0
    for at, late, takes in zip(due.tolist(), lag.tolist(), service.tolist(), strict=True):
        sent.append(max(at, free) + late)
        free = sent[-1] + takes
        last.append(free)
    return table(due, sent, last)


def equal(one: Samples, other: Samples) -> bool:
    if one.present().keys() != other.present().keys():
        return False
    pairs = [(found, getattr(other, name)) for name, found in one.present().items()]
    return all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in pairs)


def parquet(change: Callable[[pa.Table], pa.Table], **options: object) -> bytes:
    """The bytes of a valid small table after one change, written without our care."""
    plain = pq.read_table(io.BytesIO(encode(serial(None, 10))), use_threads=False)
    sink = io.BytesIO()
    pq.write_table(change(plain), sink, **({"compression": "zstd", "store_schema": False} | options))
    return sink.getvalue()


def test_rows_come_back_as_they_went() -> None:
    samples = joined([serial(None, 300), replace(serial(None, 200), trial=np.ones(200, np.int64))])
    assert equal(decode(encode(samples)), samples)


def test_a_file_reads_as_its_bytes_do(tmp_path: Path) -> None:
    (tmp_path / "samples.parquet").write_bytes(encode(serial(None, 50)))
    assert equal(decode(tmp_path / "samples.parquet"), serial(None, 50))


def test_no_rows_are_a_table_too() -> None:
    assert len(decode(encode(table([], [], [])))) == 0


@settings(max_examples=30, deadline=None)
@given(some.lists(some.tuples(some.integers(0, 10**12), some.integers(0, 10**9), some.integers(0, 10**9)), max_size=40))
def test_any_times_survive(rows: list[tuple[int, int, int]]) -> None:
    samples = table([a for a, _, _ in rows], [a + b for a, b, _ in rows], [a + b + c for a, b, c in rows])
    assert equal(decode(encode(samples)), samples)


def test_the_same_rows_give_the_same_bytes() -> None:
    assert encode(serial(None, 5_000)) == encode(serial(None, 5_000))


@pytest.mark.parametrize("due", [None, offsets("poisson", "1000", 2**18, "7", 0, 0)], ids=["closed loop", "open loop"])
def test_a_request_takes_less_than_ten_bytes(due: np.ndarray | None) -> None:
    samples = serial(due, 2**18)
    assert len(encode(samples)) / len(samples) < 10


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (parquet(lambda t: t.drop_columns(["status"])), "status"),
        (parquet(lambda t: t.append_column("note", pa.array(["x"] * 10))), "note"),
        (parquet(lambda t: t.rename_columns(["trial", "point", "row", *t.column_names[3:]])), "row"),
        (parquet(lambda t: t.set_column(5, pa.field("t_last_ns", pa.float64(), nullable=False), t["t_last_ns"].cast(pa.float64()))), "DOUBLE"),
        (parquet(lambda t: t.set_column(5, "t_last_ns", t["t_last_ns"])), "t_last_ns"),
        (
            parquet(lambda t: t.set_column(5, pa.field("t_last_ns", pa.timestamp("ns"), nullable=False), t["t_last_ns"].cast(pa.timestamp("ns")))),
            "TIME",
        ),
        (parquet(lambda t: t, store_schema=True), "ARROW:schema"),
        (parquet(lambda t: t, compression="snappy"), "SNAPPY"),
        (parquet(lambda t: t, compression="none"), "UNCOMPRESSED"),
    ],
    ids=["missing", "extra", "renamed", "float", "nullable", "timestamp", "writer's schema", "snappy", "plain"],
)
def test_another_shape_is_refused_and_named(content: bytes, says: str) -> None:
    with pytest.raises(Problems) as caught:
        decode(content)
    assert says in str(caught.value)
    assert all(problem.remedy for problem in caught.value.problems)


@pytest.mark.parametrize(
    "limits",
    [Limits(rows=999), Limits(row_groups=0), Limits(file_bytes=500), Limits(inflated_bytes=1_000)],
    ids=["rows", "row groups", "file", "inflated"],
)
def test_too_much_is_refused(limits: Limits) -> None:
    with pytest.raises(Problems) as caught:
        decode(encode(serial(None, 1_000)), limits)
    assert caught.value.codes == ("too-large",)


def test_a_page_that_claims_more_than_its_footer_is_refused_before_it_is_inflated() -> None:
    content = bytearray(encode(serial(None, 131_072)))
    group = pq.read_metadata(io.BytesIO(bytes(content))).row_group(0)
    chunk, limits = group.column(4), Limits(inflated_bytes=group.total_byte_size)
    assert len(decode(bytes(content), limits)) == 131_072
    at = chunk.data_page_offset
    assert content[at] == content[at + 2] == 0x15  # page type, then the inflated size: two i32 fields of the header
    end = next(place for place in range(at + 3, at + 9) if content[place] < 128)
    content[at + 3 : end + 1] = b"\xfe" + b"\xff" * (end - at - 4) + b"\x7f"  # the largest even varint of that length: positive in zigzag
    with pytest.raises(Problems) as caught:
        decode(bytes(content), limits)
    assert caught.value.codes == ("too-large",)


def test_every_cut_is_refused() -> None:
    content = encode(serial(None, 100))
    for length in [*range(40), *range(40, len(content), 37), len(content) - 1]:
        with pytest.raises(Problems):
            decode(content[:length])


def test_flipped_bytes_are_refused_or_give_rows_that_keep_the_rules() -> None:
    content, random = encode(serial(None, 400)), np.random.default_rng(5)
    for place, value in zip(random.integers(0, len(content), 400), random.integers(1, 256, 400), strict=True):
        broken = bytearray(content)
        broken[place] ^= int(value)
        try:
            assert not list(problems_of(decode(bytes(broken))))
        except Problems as refused:
            assert refused.problems


def changed(name: str, row: int, value: int) -> Samples:
    samples = serial(None, 20)
    column = getattr(samples, name).copy()
    column[row] = value
    return replace(samples, **{name: column})


@pytest.mark.parametrize(
    ("name", "row", "value"),
    [
        ("trial", 3, 1), ("trial", 0, -1), ("point", 4, 2), ("request", 5, 9), ("t_scheduled_ns", 6, 2**50), ("t_sent_ns", 7, 2**50),
        ("t_last_ns", 19, 2**53), ("t_scheduled_ns", 0, -1), ("batch_size", 8, 0), ("status", 9, 4), ("status", 9, -1),
    ],
)  # fmt: skip
def test_a_row_that_breaks_a_rule_is_named(name: str, row: int, value: int) -> None:
    problems = list(problems_of(changed(name, row, value)))
    assert problems
    assert any(problem.path.startswith("samples.parquet[") and name in problem.found for problem in problems)
    with pytest.raises(Problems):
        encode(changed(name, row, value))


def test_a_column_of_another_width_is_refused() -> None:
    samples = serial(None, 5)
    with pytest.raises(Problems):
        encode(replace(samples, status=samples.status.astype(np.int64)))


def test_groups_are_the_rows_of_each_trial_and_point() -> None:
    samples = joined([serial(None, 3), replace(serial(None, 2), point=np.ones(2, np.int64)), replace(serial(None, 4), trial=np.full(4, 2))])
    assert [(trial, point, len(rows)) for trial, point, rows in samples.groups()] == [(0, 0, 3), (0, 1, 2), (2, 0, 4)]
    assert len(samples.only(2)) == 4
    assert len(samples.only(1)) == 0


@settings(max_examples=50, deadline=None)
@given(some.lists(some.tuples(some.integers(0, 1000), some.integers(0, 50), some.integers(0, 2000)), min_size=1, max_size=60))
def test_latency_is_lag_and_queue_and_service(rows: list[tuple[int, int, int]]) -> None:
    scheduled, sent, last, free = [], [], [], 0
    for gap, late, takes in rows:
        scheduled.append((scheduled[-1] if scheduled else 0) + gap)
        sent.append(max(scheduled[-1], free) + late)
        free = sent[-1] + takes
        last.append(free)
    samples = table(scheduled, sent, last)
    lag, queue, service = lag_queue_service(samples)
    assert (lag + queue + service == samples.t_last_ns - samples.t_scheduled_ns).all()
    assert lag.tolist() == [late for _, late, _ in rows]
    assert service.tolist() == [takes for _, _, takes in rows]


def test_a_new_trial_does_not_wait_for_the_last_one() -> None:
    samples = joined([table([0], [10], [900]), replace(table([100], [120], [200]), trial=np.ones(1, np.int64))])
    assert lag_queue_service(samples)[1].tolist() == [0, 0]


def test_requests_in_parallel_slots_have_no_queue_term() -> None:
    lag, queue, _ = lag_queue_service(table([0, 0], [10, 20], [900, 910]), serial=False)
    assert (lag.tolist(), queue.tolist()) == ([10, 20], [0, 0])


# VmHWM and not ru_maxrss: the latter keeps the high-water mark of the process that started this one.
CHILD = """
import sys
from pathlib import Path
from runner.contract.samples import decode
rows = len(decode(Path(sys.argv[1])))
print(rows, next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def test_a_million_rows_are_read_by_a_process_that_ends_well_and_stays_under_300_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "samples.parquet"
    path.write_bytes(encode(serial(None, MILLION)))
    child = subprocess.run([sys.executable, "-c", CHILD, str(path)], capture_output=True, text=True, check=False)
    assert child.returncode == 0, child.stderr
    rows, peak_kib = map(int, child.stdout.split())
    assert rows == MILLION
    assert peak_kib < 300 * 1024
