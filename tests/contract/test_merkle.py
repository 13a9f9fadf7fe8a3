"""The tree is RFC 6962's, kept in rows that no later row changes."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from runner.contract import merkle


def _leaf(position: int) -> bytes:
    return b"event %d" % position


def _rows(size: int) -> list[bytes]:
    rows: list[bytes] = []
    for position in range(size):
        left = [merkle.hash_at(rows[place.row], place.level) for place in merkle.frontier(position)]
        rows.append(merkle.completed(position, _leaf(position), left))
    return rows


def test_roots_equal_those_of_another_implementation_for_every_size_to_130() -> None:
    rows, oracle = _rows(130), InmemoryTree(algorithm="sha256")
    for size in range(1, 131):
        oracle.append_entry(_leaf(size - 1))
        ours = merkle.root(merkle.hash_at(rows[place.row], place.level) for place in merkle.peaks(size))
        assert ours == oracle.get_root(size)


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert merkle.root([]) == hashlib.sha256(b"").digest() == merkle.Rebuilt().root


def test_the_published_roots_of_certificate_transparency_are_met() -> None:
    # The eight leaves and roots of the Certificate Transparency reference tests (RFC 6962 trees of size 1 and 8).
    leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    tree = merkle.Rebuilt()
    tree.append(bytes.fromhex(leaves[0]))
    assert tree.root.hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    for leaf in leaves[1:]:
        tree.append(bytes.fromhex(leaf))
    assert tree.root.hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def test_a_row_holds_its_leaf_and_each_subtree_it_completes() -> None:
    rows = _rows(64)
    assert [len(row) // 32 for row in rows[:8]] == [1, 2, 1, 3, 1, 2, 1, 4]
    assert all(merkle.hash_at(row, 0) == merkle.leaf_hash(_leaf(position)) for position, row in enumerate(rows))


def test_a_tree_rebuilt_from_leaves_gives_the_stored_rows() -> None:
    tree = merkle.Rebuilt()
    assert [tree.append(_leaf(position)) for position in range(130)] == _rows(130)


@given(st.integers(min_value=1, max_value=2**40))
def test_peaks_cover_every_leaf_once(size: int) -> None:
    start = 0
    for row, level in merkle.peaks(size):
        assert row == start + (1 << level) - 1
        start += 1 << level
    assert start == size


def test_a_missing_left_sibling_is_refused() -> None:
    with pytest.raises(ValueError, match="completes 2 subtrees, got 1"):
        merkle.completed(3, b"leaf", [bytes(32)])


def test_a_level_that_a_row_does_not_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="no hash of level 1"):
        merkle.hash_at(bytes(32), 1)
