"""Proofs come from the stored hashes, in one query each, and hold under published checkpoints."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lynxweb.audit import checkpoints as published
from lynxweb.audit import proofs, signing
from lynxweb.audit.full_audit import full_audit
from lynxweb.audit.models import Event
from lynxweb.audit.opening import log_settings
from runner.contract import merkle, notes, tlog_proof
from runner.contract import proofs as rules
from runner.contract.problems import Problems
from tests.audit.conftest import Append


@pytest.fixture
def size(append: Append) -> int:
    """A log whose right edge is ragged: 23 events."""
    while (seq := append().seq) < 22:
        pass
    return seq + 1


def test_every_event_is_proved_under_every_size_that_holds_it(size: int) -> None:
    leaves = {event.seq: merkle.leaf_hash(bytes(event.leaf)) for event in Event.objects.all()}
    for tree in range(1, size + 1):
        root = proofs.root_of(tree)
        for seq in range(tree):
            rules.verify_inclusion(leaves[seq], seq, tree, proofs.inclusion(seq, tree), root)
    assert root.hex() == full_audit().root


def test_every_smaller_tree_is_proved_to_be_the_beginning(size: int) -> None:
    for later in range(1, size + 1):
        for earlier in range(1, later + 1):
            rules.verify_consistency(earlier, later, proofs.consistency(earlier, later), proofs.root_of(earlier), proofs.root_of(later))


def test_a_proof_is_one_query(size: int) -> None:
    for make in (lambda: proofs.inclusion(5, size), lambda: proofs.consistency(6, size), lambda: proofs.root_of(size)):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            make()
        assert len(asked) == 1


@pytest.mark.parametrize("ask", [(23, 23), (0, 24), (0, 2**40), (-1, 5)])
def test_a_proof_that_no_tree_of_this_log_has_is_refused(size: int, ask: tuple[int, int]) -> None:
    with pytest.raises(Problems):
        proofs.inclusion(*ask)
    with pytest.raises(Problems):
        proofs.consistency(5, 24)


def test_a_tlog_proof_verifies_offline_with_the_key_of_log_open(append: Append, signer: Path) -> None:
    seq = append().seq
    signing.sign()
    checkpoint = published.at_or_after(seq)
    assert checkpoint is not None
    opened = log_settings()
    leaf = merkle.leaf_hash(bytes(Event.objects.get(seq=seq).leaf))
    index, proved = tlog_proof.verify(proofs.tlog_proof(seq, checkpoint), leaf, [notes.VerifierKey(opened.origin, bytes.fromhex(opened.log_key))])
    assert (index, proved.size, proved.root) == (seq, checkpoint.size, checkpoint.root)
