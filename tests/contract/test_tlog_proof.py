"""A proof file is c2sp.org/tlog-proof@v1 in one spelling and shows, offline, that a signed tree holds a leaf."""

from __future__ import annotations

import pytest

from runner.contract import checkpoints, notes, proofs, tlog_proof
from runner.contract.checkpoints import Checkpoint
from runner.contract.merkle import leaf_hash
from runner.contract.problems import Problems
from tests.contract.leaves import leaf
from tests.contract.note_vectors import KEY, ORIGIN, TREE, VKEY

CHECKPOINT = Checkpoint(ORIGIN, 13, TREE.root(13))
NOTE = checkpoints.sign(CHECKPOINT, KEY)
HASHES = tuple(proofs.inclusion(5, 13, TREE.hash_at))
PROOF = tlog_proof.write(5, HASHES, NOTE)


def _codes(content: bytes) -> tuple[str, ...]:
    with pytest.raises(Problems) as caught:
        tlog_proof.verify(content, leaf_hash(leaf(5)), [VKEY])
    return caught.value.codes


def test_a_proof_is_read_as_it_was_written() -> None:
    assert tlog_proof.read(PROOF) == tlog_proof.TlogProof(5, HASHES, NOTE)
    assert tlog_proof.read(tlog_proof.write(5, HASHES, NOTE, b"more")) == tlog_proof.TlogProof(5, HASHES, NOTE, b"more")


def test_the_lines_stand_in_the_specified_order() -> None:
    head, _, rest = tlog_proof.write(5, HASHES, NOTE, b"more").decode().partition("\n\n")
    lines = head.split("\n")
    assert lines[:3] == ["c2sp.org/tlog-proof@v1", "extra bW9yZQ==", "index 5"] and len(lines) == 3 + len(HASHES)
    assert rest.encode() == NOTE


def test_every_leaf_is_shown_to_be_in_the_signed_tree() -> None:
    for index in range(13):
        content = tlog_proof.write(index, proofs.inclusion(index, 13, TREE.hash_at), NOTE)
        assert tlog_proof.verify(content, leaf_hash(leaf(index)), [VKEY]) == (index, CHECKPOINT)


def test_the_only_leaf_of_a_tree_needs_no_hashes() -> None:
    note = checkpoints.sign(Checkpoint(ORIGIN, 1, TREE.root(1)), KEY)
    assert tlog_proof.write(0, [], note).startswith(b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + ORIGIN.encode())
    assert tlog_proof.verify(tlog_proof.write(0, [], note), leaf_hash(leaf(0)), [VKEY])[0] == 0


def test_a_checkpoint_by_nobody_shows_nothing() -> None:
    forged = notes.sign(CHECKPOINT.text, ORIGIN, KEY).replace(b"13", b"12", 1)
    assert _codes(tlog_proof.write(5, HASHES, forged)) == ("bad-signature",)


def test_hashes_of_another_number_or_length_are_refused_on_reading() -> None:
    with pytest.raises(Problems, match="at most 53"):
        tlog_proof.read(tlog_proof.write(5, [bytes(32)] * 54, NOTE))
    with pytest.raises(Problems, match="32 bytes each"):
        tlog_proof.read(tlog_proof.write(5, [bytes(31)], NOTE))


def test_no_changed_byte_of_a_proof_passes() -> None:
    for place in range(len(PROOF)):
        for change in (1, 16, 128):
            _codes(PROOF[:place] + bytes([PROOF[place] ^ change]) + PROOF[place + 1 :])


def test_no_cut_of_a_proof_passes() -> None:
    for place in range(len(PROOF)):
        _codes(PROOF[:place])
        if place:
            _codes(PROOF[place:])
