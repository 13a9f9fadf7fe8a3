"""Rows of several windows or trials as one table, without losing what only some of them had to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runner.contract.samples import Samples, joined, lag_queue_service


def together(parts: Sequence[Samples]) -> Samples:
    """All rows of `parts`, one after the other. A wait that one part states is stated in all: in the others it follows from the row before."""
    if any(part.queue_ns is not None for part in parts):
        parts = [part if part.queue_ns is not None else replace(part, queue_ns=lag_queue_service(part)[1]) for part in parts]
    return joined(parts)
