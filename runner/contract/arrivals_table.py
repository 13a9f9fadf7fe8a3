"""Recorded arrivals, for a load that replays them: `arrivals.parquet`, one column of offsets in ns from the start of the recording."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runner.contract.canonical import LARGEST_INTEGER
from runner.contract.columns import Column, Limits, Reader, refused, write

FILE = "arrivals.parquet"
COLUMNS = (Column("offset_ns", 64, runs=True),)
LIMITS = Limits(file_bytes=16 * 1024 * 1024, rows=2_000_000, row_groups=16, inflated_bytes=32 * 1024 * 1024)
Integers = npt.NDArray[np.int64]


def encode(offsets_ns: Integers) -> bytes:
    """The bytes of recorded offsets; the same offsets give the same bytes."""
    return write(COLUMNS, {"offset_ns": np.ascontiguousarray(offsets_ns, np.int64)})


def decode(content: bytes) -> Integers:
    """The offsets in ns, in order; `Problems` for any other file."""
    reader = Reader(content, COLUMNS, LIMITS, FILE)
    try:
        offsets: Integers = reader.integers()["offset_ns"]
    finally:
        reader.close()
    if not len(offsets) or (offsets < 0).any() or (offsets > LARGEST_INTEGER).any() or (offsets[1:] < offsets[:-1]).any():
        raise refused(FILE, "offsets that fall, or lie below 0 or above 2^53 - 1, or none", "offsets in order, from 0 to 2^53 - 1")
    return offsets
