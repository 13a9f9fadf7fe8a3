"""Inclusion proofs at a million events on both databases beside pymerkle's SQLite tree at 2·10⁴ leaves, in interleaved blocks of one process.

The peer is asked twice: without its cache, so that each proof comes from what is stored, as ours does; and with the cache of subtrees in memory that
it has by default, warm. Ours keeps nothing in memory between two proofs.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymerkle import SqliteTree

from lynxweb.audit import proofs
from lynxweb.audit.models import Event
from runner.contract import merkle
from runner.contract import proofs as rules
from tests.benchmarks._audit_places import ALIASES
from tests.benchmarks.report import at_most, progress, ratio

PEER_LEAVES, MOST_RATIO, GOAL_NS = 20_000, 0.1, 1_000_000
OURS_A_BLOCK, CACHED_A_BLOCK, UNCACHED_A_BLOCK = 100, 100, 4


@dataclass
class Side:
    """One way to a proof, how often a block asks for it, and how long each took in ns, by block."""

    prove: Callable[[random.Random], object]
    a_block: int
    blocks: list[list[int]] = field(default_factory=list)

    def block(self, chance: random.Random) -> None:
        """Time one block."""
        took = []
        for _ in range(self.a_block):
            begun = time.perf_counter_ns()
            self.prove(chance)
            took.append(time.perf_counter_ns() - begun)
        self.blocks.append(took)

    @property
    def medians(self) -> list[int]:
        """The median of each block."""
        return [int(statistics.median(block)) for block in self.blocks]

    def shown(self) -> dict[str, int]:
        """Median and 99th percentile over all blocks, in ns."""
        every = sorted(took for block in self.blocks for took in block)
        return {"n": len(every), "median_ns": every[len(every) // 2], "p99_ns": every[len(every) * 99 // 100]}


def ours(alias: str, size: int) -> dict[str, Side]:
    """Proofs of random positions under random sizes of the last hundredth, whose right edge is ragged; consistency and root beside them."""

    def tree(chance: random.Random) -> int:
        return chance.randint(size - size // 100, size)

    def consistency(chance: random.Random) -> object:
        later = tree(chance)
        return proofs.consistency(chance.randint(1, later), later, alias)

    return {
        "inclusion": Side(lambda chance: proofs.inclusion(chance.randrange(size - size // 100), tree(chance), alias), OURS_A_BLOCK),
        "consistency": Side(consistency, OURS_A_BLOCK // 4),
        "root": Side(lambda chance: proofs.root_of(tree(chance), alias), OURS_A_BLOCK // 4),
    }


def peers(folder: Path) -> dict[str, Side]:
    """pymerkle on the first leaves of the same log; the tree must have the root that ours has."""
    file, leaves = str(folder / "pymerkle.sqlite3"), Event.objects.using("default").filter(seq__lt=PEER_LEAVES).order_by("seq")
    cached = SqliteTree(file)
    cached.append_entries(bytes(leaf) for leaf in leaves.values_list("leaf", flat=True).iterator())
    if cached.get_state() != proofs.root_of(PEER_LEAVES, "default"):
        raise SystemExit("audit_log: pymerkle has another root over the same leaves")
    uncached = SqliteTree(file, disable_cache=True)
    return {
        "pymerkle_from_storage": Side(lambda chance: uncached.prove_inclusion(chance.randint(1, PEER_LEAVES)), UNCACHED_A_BLOCK),
        "pymerkle_cache_warm": Side(lambda chance: cached.prove_inclusion(chance.randint(1, PEER_LEAVES)), CACHED_A_BLOCK),
    }


def hold(alias: str, size: int, chance: random.Random) -> None:
    """Proofs of this log are true ones: some are verified under the root."""
    root = proofs.root_of(size, alias)
    for seq in [0, size - 1, *(chance.randrange(size) for _ in range(20))]:
        leaf = merkle.leaf_hash(bytes(Event.objects.using(alias).get(seq=seq).leaf))
        rules.verify_inclusion(leaf, seq, size, proofs.inclusion(seq, size, alias), root)


def measured(size: int, folder: Path, blocks: int) -> tuple[dict[str, Any], dict[str, dict[str, object]]]:
    """Figures and goals."""
    chance, sides = random.Random(1), peers(folder)
    for name, alias in ALIASES.items():
        hold(alias, size, chance)
        sides |= {f"{name}_{what}": side for what, side in ours(alias, size).items()}
    for side in sides.values():  # everything warm: connections, pages, the peer's cache
        side.block(chance)
        side.blocks.clear()
    for number in range(blocks):
        for side in list(sides.values())[:: 1 if number % 2 else -1]:
            side.block(chance)
    progress(f"audit_log: {blocks} interleaved blocks of proofs")
    figures: dict[str, Any] = {"size": size, "pymerkle_leaves": PEER_LEAVES, **{name: side.shown() for name, side in sides.items()}}
    goals = {}
    for name in ALIASES:
        one = sides[f"{name}_inclusion"].medians
        shown = {peer: ratio(sides[peer].medians, one) for peer in ("pymerkle_from_storage", "pymerkle_cache_warm")}
        figures[f"{name}_over_pymerkle_from_storage"], figures[f"{name}_over_pymerkle_cache_warm"] = shown.values()
        goals[f"{name}_inclusion_over_pymerkle"] = at_most(shown["pymerkle_from_storage"], MOST_RATIO)
        figures[f"{name}_inclusion_under_1_ms"] = figures[f"{name}_inclusion"]["median_ns"] < GOAL_NS
    return figures, goals
