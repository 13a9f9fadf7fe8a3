"""A checkpoint says three things in one spelling, and only the log that it names can say them."""

from __future__ import annotations

import hashlib

import pytest

from runner.contract import checkpoints, merkle, notes
from runner.contract.checkpoints import Checkpoint
from runner.contract.notes import VerifierKey
from runner.contract.problems import Problems
from tests.contract.note_vectors import KEY, ORIGIN, OTHER, TREE, VKEY

CHECKPOINT = Checkpoint(ORIGIN, 13, TREE.root(13))
# The text of the example in the format's specification (c2sp.org/tlog-checkpoint).
SPECIFIED = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


def _signed(text: str) -> bytes:
    return notes.sign(text, ORIGIN, KEY)


def _codes(note: bytes, *keys: VerifierKey) -> tuple[str, ...]:
    with pytest.raises(Problems) as caught:
        checkpoints.open(note, keys or (VKEY,))
    return caught.value.codes


def test_a_checkpoint_opens_as_it_was_signed() -> None:
    assert checkpoints.open(checkpoints.sign(CHECKPOINT, KEY), [VKEY]) == CHECKPOINT


def test_the_specified_example_is_read_and_written_to_the_same_text() -> None:
    read = Checkpoint.read(SPECIFIED)
    assert (read.origin, read.size, read.text) == ("example.com/behind-the-sofa", 20852163, SPECIFIED)


def test_a_checkpoint_is_named_by_its_text_whoever_signs_it() -> None:
    assert CHECKPOINT.text_digest == hashlib.sha256(CHECKPOINT.text.encode()).hexdigest()
    assert checkpoints.sign(CHECKPOINT, KEY).decode().startswith(CHECKPOINT.text + "\n")


def test_the_same_checkpoint_is_signed_to_the_same_bytes() -> None:
    assert checkpoints.sign(CHECKPOINT, KEY) == checkpoints.sign(Checkpoint(ORIGIN, 13, TREE.root(13)), KEY)


def test_an_empty_tree_has_the_root_of_nothing() -> None:
    empty = Checkpoint(ORIGIN, 0, merkle.EMPTY_ROOT)
    assert checkpoints.open(checkpoints.sign(empty, KEY), [VKEY]) == empty
    with pytest.raises(Problems, match="the tree is empty"):
        Checkpoint(ORIGIN, 0, TREE.root(13))


def test_another_log_that_the_reader_trusts_cannot_speak_for_this_one() -> None:
    second = VerifierKey("log.example/2", OTHER.public)
    assert _codes(notes.sign(CHECKPOINT.text, second.name, OTHER), VKEY, second) == ("bad-checkpoint",)


def test_both_keys_of_a_rotation_may_sign() -> None:
    note = checkpoints.sign(CHECKPOINT, KEY) + notes.signature_line(CHECKPOINT.text, ORIGIN, OTHER).encode()
    assert checkpoints.open(note, [VKEY, VerifierKey(ORIGIN, OTHER.public)]) == CHECKPOINT


def test_an_extension_line_is_refused() -> None:
    assert _codes(_signed(f"{CHECKPOINT.text}extension\n")) == ("bad-checkpoint",)


@pytest.mark.parametrize("size", ["013", "+13", " 13", "13 ", "1_3", "1,3", "-1", "", "9007199254740992", str(2**63), "9" * 5000, "\u0661"])
def test_a_size_has_one_spelling_below_two_to_the_53(size: str) -> None:
    assert _codes(_signed(CHECKPOINT.text.replace("\n13\n", f"\n{size}\n"))) == ("bad-checkpoint",)


@pytest.mark.parametrize(("origin", "size", "root"), [("a b", 1, bytes(32)), ("a", -1, bytes(32)), ("a", 2**53, bytes(32)), ("a", 1, bytes(31))])
def test_a_checkpoint_that_no_log_can_publish_is_not_made(origin: str, size: int, root: bytes) -> None:
    with pytest.raises(Problems):
        Checkpoint(origin, size, root)


def test_no_changed_byte_of_a_checkpoint_passes() -> None:
    content = checkpoints.sign(CHECKPOINT, KEY)
    for place in range(len(content)):
        for change in (1, 2, 4, 8, 16, 32, 64, 128):
            _codes(content[:place] + bytes([content[place] ^ change]) + content[place + 1 :])
