"""Durable appends by many writers at once: `record()` with its event in a transaction of its own, beside a bare durable INSERT of one row.

Every writer is a process with a connection of its own; both sides use the same connections of Django to the same database, in ABBA blocks. A third
side says what part of the difference nobody can avoid who gives each row the next position inside its own transaction: the bare INSERT once more,
under a lock that is held until its COMMIT is on the disk (PostgreSQL only; SQLite always writes one at a time).
"""

from __future__ import annotations

import array
import itertools
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.db import connections, transaction

from lynxweb.audit.actions import Action
from lynxweb.audit.actors import SYSTEM, Subject
from lynxweb.audit.record import record
from tests.benchmarks._audit_places import ALIASES, forked
from tests.benchmarks.report import progress, ratio

LEAST_RATIO, GOAL_PER_S, GOAL_P99_NS = 0.5, 500, 100_000_000
START_S = 0.7  # until all writers are there
ROW = bytes(range(256)) * 3  # as many bytes as a leaf with its hashes
LOCK = 7111
Append = Callable[[str, str], None]
_TURNS = itertools.count()


def with_event(alias: str, name: str) -> None:
    """One event, as an act without rows of its own."""
    with transaction.atomic(using=alias):
        record(Action.RUN_ABANDON, Subject("declaration", name), actor=SYSTEM, request_id=f"append:{name}", using=alias)


def bare(alias: str, _name: str) -> None:
    """One row in a table without any rule."""
    with connections[alias].cursor() as cursor:
        cursor.execute("INSERT INTO bare (content) VALUES (%s)", [ROW])


def bare_in_turn(alias: str, _name: str) -> None:
    """One row in the same table, one writer at a time."""
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute("INSERT INTO bare (content) VALUES (%s)", [ROW])


SIDES: dict[str, Append] = {"events": with_event, "bare": bare, "bare_in_turn": bare_in_turn}


def prepare(alias: str) -> None:
    """The table of the bare rows."""
    key = "bigserial" if connections[alias].vendor == "postgresql" else "integer"
    with connections[alias].cursor() as cursor:
        cursor.execute(f"CREATE TABLE bare (id {key} PRIMARY KEY, content {'bytea' if key == 'bigserial' else 'blob'} NOT NULL)")


def writer(alias: str, append: Append, name: str, start: float, seconds: float) -> bytes:
    """Append from `start` on for `seconds`; how long each took in ns, as 64-bit integers."""
    connections[alias].ensure_connection()
    took, number = array.array("q"), 0
    time.sleep(max(0.0, start - time.monotonic()))
    while time.monotonic() < start + seconds:
        begun = time.perf_counter_ns()
        append(alias, f"{name}-{number}")
        took.append(time.perf_counter_ns() - begun)
        number += 1
    return took.tobytes()


def block(alias: str, side: str, writers: int, seconds: float) -> list[int]:
    """How long each append of all writers took, in ns."""
    start, turn = time.monotonic() + START_S, next(_TURNS)
    works = [partial(writer, alias, SIDES[side], f"{os.getpid()}-{turn}-{number}", start, seconds) for number in range(writers)]
    took = array.array("q")
    for answer in forked(works):
        took.frombytes(answer)
    return sorted(took)


def interleaved(alias: str, sides: Sequence[str], writers: int, blocks: int, seconds: float) -> dict[str, list[list[int]]]:
    """Blocks of each side, there and back."""
    found: dict[str, list[list[int]]] = {side: [] for side in sides}
    for number in range(blocks):
        for side in sides if number % 2 == 0 else sides[::-1]:
            found[side].append(block(alias, side, writers, seconds))
    return found


def shown(blocks: list[list[int]], seconds: float) -> dict[str, Any]:
    """Appends a second by block, the median block, and percentiles over all blocks."""
    rates, every = [round(len(one) / seconds) for one in blocks], sorted(itertools.chain.from_iterable(blocks))
    return {
        "per_s": sorted(rates)[len(rates) // 2], "per_s_by_block": rates, "n": len(every), "median_ns": every[len(every) // 2],
        "p99_ns": every[len(every) * 99 // 100],
    }  # fmt: skip


def measured(plan: Sequence[tuple[str, int, int]], seconds: float) -> tuple[dict[str, Any], dict[str, dict[str, object]]]:
    """Figures of (database, writers, blocks), and the goal on the widest PostgreSQL has."""
    figures: dict[str, Any] = {}
    goals: dict[str, dict[str, object]] = {}
    for name in ALIASES:
        prepare(ALIASES[name])
    for name, writers, blocks in plan:
        sides = ["events", "bare", "bare_in_turn"] if name == "postgresql" and writers == 16 else ["events", "bare"]
        found = interleaved(ALIASES[name], sides, writers, blocks, seconds)
        told = {side: shown(took, seconds) for side, took in found.items()}
        counts = {side: [max(1, len(one)) for one in took] for side, took in found.items()}
        told |= {f"events_over_{side}": ratio(counts[side], counts["events"]) for side in sides[1:]}
        figures[f"{name}_{writers}_writers"] = told
        progress(f"audit_log: {name}, {writers} writers: { ({side: told[side]['per_s'] for side in sides}) } a second")
        if (name, writers) == ("postgresql", 16):
            over = told["events_over_bare"]
            goals["appends_by_16_over_bare_insert"] = {
                "at_least": LEAST_RATIO, "interval": [over["low"], over["high"]], "met": over["low"] >= LEAST_RATIO,
                "says": "met" if over["low"] >= LEAST_RATIO else "missed" if over["high"] < LEAST_RATIO else "undetermined on this host",
            }  # fmt: skip
            told["goal_500_per_s"], told["goal_p99_100_ms"] = told["events"]["per_s"] >= GOAL_PER_S, told["events"]["p99_ns"] < GOAL_P99_NS
    return figures, goals
