"""The signer signs what it computed itself on top of what it signed before; everything else makes the site read-only."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client

from lynxweb.audit import checkpoints as published
from lynxweb.audit import checks, guards, signing
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Subject
from lynxweb.audit.due import due
from lynxweb.audit.full_audit import full_audit
from lynxweb.audit.halting import halted
from lynxweb.audit.keyring import Exposed
from lynxweb.audit.memory import Memory, recall
from lynxweb.audit.models import Checkpoint, Event, Halt
from lynxweb.audit.opening import log_settings
from lynxweb.audit.record import NotRecordable, ReadOnly, utc_now
from runner.contract import checkpoints, merkle, notes
from tests.audit.conftest import BECAUSE, Append


def _leaf(seq: int) -> dict[str, Any]:
    leaf: dict[str, Any] = json.loads(bytes(Event.objects.get(seq=seq).leaf))
    return leaf


def _run(sql: str, values: list[object]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


@pytest.fixture
def unguarded(signer: Path) -> Iterator[None]:
    """The triggers lifted, as whoever owns the database can."""
    guards.lift(connection)
    yield
    guards.install_missing(connection)


def test_a_checkpoint_names_the_size_and_the_root_of_the_leaves_and_is_signed_by_the_key_of_log_open(append: Append, signer: Path) -> None:
    size = [append().seq for _ in range(13)][-1] + 1
    signed = signing.sign()
    opened = log_settings()
    checkpoint = checkpoints.open(signed.note, [notes.VerifierKey(opened.origin, bytes.fromhex(opened.log_key))])
    assert (checkpoint.origin, checkpoint.size, checkpoint.root.hex()) == (opened.origin, size, full_audit().root)
    assert recall(signer) == Memory(opened.origin, size, checkpoint.root)
    newest = published.newest()
    assert newest is not None and (newest.note, newest.sha256, newest.text) == (signed.note, checkpoint.text_digest, checkpoint.text)


def test_the_same_tree_is_signed_again_with_the_same_bytes_and_published_once(append: Append, signer: Path) -> None:
    append()
    assert signing.sign() == signing.sign()
    assert Checkpoint.objects.count() == 1


def test_an_event_names_the_newest_checkpoint_before_it(append: Append, signer: Path) -> None:
    assert _leaf(append().seq)["anchor"] is None
    first = signing.sign()
    anchored = append().seq
    second = signing.sign()
    digests = {one.size: one.sha256 for one in Checkpoint.objects.all()}
    assert _leaf(anchored)["anchor"] == digests[first.size]
    assert _leaf(append().seq)["anchor"] == digests[second.size]


def test_checkpoints_are_found_by_position_and_by_size(append: Append, signer: Path) -> None:
    sizes = []
    for _ in range(3):
        append()
        sizes.append(signing.sign().size)
    found = [published.at_or_after(position) for position in (0, sizes[0] - 1, sizes[0], sizes[2] - 1)]
    assert [one and one.size for one in found] == [sizes[0], sizes[0], sizes[1], sizes[2]]
    assert published.at_or_after(sizes[2]) is None
    assert [one.size for one in published.earlier(sizes[2], 5)] == [sizes[1], sizes[0]]
    assert [one.size for one in published.earlier(sizes[2], 1)] == [sizes[1]]


@pytest.mark.parametrize("back_by", [1, 2, 3, 5, 8, 13, 20])
@pytest.mark.parametrize("others", ["none", "fewer", "more"])
def test_a_restored_backup_is_refused_however_many_other_events_follow_it(append: Append, signer: Path, back_by: int, others: str) -> None:
    """X5: the backup is a savepoint; the signer's memory lies outside it."""
    for _ in range(3):
        append()
    backup = transaction.savepoint()
    for _ in range(back_by):
        append()
    signing.sign()
    transaction.savepoint_rollback(backup)
    for _ in range({"none": 0, "fewer": back_by - 1, "more": back_by + 3}[others]):
        append()
    with pytest.raises(signing.Refuses, match="signed"):
        signing.sign()
    with pytest.raises(ReadOnly, match="the signer refused"):
        append()
    assert [error.id for error in checks.read_only(databases=["default"])] == ["audit.E010"]


def test_a_restored_backup_with_as_many_other_events_is_refused(append: Append, signer: Path) -> None:
    backup = transaction.savepoint()
    append(), append()
    signing.sign()
    transaction.savepoint_rollback(backup)
    append(), append()
    with pytest.raises(signing.Refuses, match="not those that were signed"):
        signing.sign()


def _flip(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_a_flipped_bit_in_a_new_leaf_or_its_hashes_is_refused_before_it_is_signed(append: Append, signer: Path, unguarded: None) -> None:
    """X6 through the database, every 37th bit; every bit of many leaves is folded in `test_no_flipped_bit_survives_the_fold`."""
    signing.sign()
    seq = [append().seq for _ in range(3)][-1]
    row = Event.objects.get(seq=seq)
    for column, content in (("leaf", bytes(row.leaf)), ("hashes", bytes(row.hashes))):
        for bit in range(0, len(content) * 8, 37):
            before = transaction.savepoint()
            _run(f"UPDATE audit_event SET {column} = %s WHERE seq = %s", [_flip(content, bit), seq])
            with pytest.raises(signing.Refuses, match=f"event {seq}"):
                signing.sign()
            transaction.savepoint_rollback(before)
    assert signing.sign().size == seq + 1


def test_no_flipped_bit_survives_the_fold(append: Append, signer: Path) -> None:
    """X6: each bit of new leaves and of their subtree hashes, on trees of several shapes."""
    from tests.benchmarks._crashes import surviving_flips

    for _ in range(7):
        append()
    rows = [(event.seq, bytes(event.leaf), bytes(event.hashes)) for event in Event.objects.all()]
    assert surviving_flips(rows, bits_apart=5) == []


def test_a_damaged_hash_of_the_signed_tree_is_refused(append: Append, signer: Path, unguarded: None) -> None:
    while append().seq < 3:
        pass
    signing.sign()
    append()
    _run("UPDATE audit_event SET hashes = %s WHERE seq = 3", [bytes(96)])
    with pytest.raises(signing.Refuses, match="not those that were signed"):
        signing.sign()


@pytest.mark.parametrize("rewritten", [True, False])
def test_a_memory_older_than_what_is_published_does_not_let_a_rewritten_history_grow(
    append: Append, signer: Path, unguarded: None, rewritten: bool
) -> None:
    append()
    signing.sign()
    older = (signer / "state.json").read_bytes()
    changed = append(reason=BECAUSE).seq
    published_size = signing.sign().size
    (signer / "state.json").write_bytes(older)  # as a backup of the signer's folder brings it back
    append()
    if rewritten:
        _run("UPDATE audit_event SET leaf = %s WHERE seq = %s", [bytes(Event.objects.get(seq=changed).leaf).replace(b"wants", b"wishes"), changed])
        _hash_again(changed)
        with pytest.raises(signing.Refuses, match=f"{published_size} events"):
            signing.sign()
        return
    assert signing.sign().size == published_size + 1


def test_a_log_shorter_than_what_is_published_is_refused_whatever_the_memory_says(append: Append, signer: Path, unguarded: None) -> None:
    append()
    signing.sign()
    older = (signer / "state.json").read_bytes()
    append()
    size = signing.sign().size
    (signer / "state.json").write_bytes(older)
    _run("DELETE FROM audit_event WHERE seq = %s", [size - 1])
    with pytest.raises(signing.Refuses, match="published"):
        signing.sign()


def _hash_again(first: int) -> None:
    """Give every row from `first` on the hashes of its leaf, as somebody who rewrites history would."""
    tree = merkle.Rebuilt()
    for seq, leaf in Event.objects.order_by("seq").values_list("seq", "leaf"):
        hashes = tree.append(bytes(leaf))
        if seq >= first:
            _run("UPDATE audit_event SET hashes = %s WHERE seq = %s", [hashes, seq])


def test_a_missing_new_event_is_refused(append: Append, signer: Path, unguarded: None) -> None:
    signing.sign()
    first = append().seq
    append()
    _run("DELETE FROM audit_event WHERE seq = %s", [first])
    with pytest.raises(signing.Refuses, match=f"event {first} is missing"):
        signing.sign()


def _forgotten(signer: Path) -> None:
    (signer / "state.json").unlink()


def _garbled(signer: Path) -> None:
    (signer / "state.json").write_text("{}")


def _of_another_log(signer: Path) -> None:
    state = json.loads((signer / "state.json").read_text())
    (signer / "state.json").write_text(json.dumps(state | {"origin": "elsewhere/log/0"}))


def _another_key(signer: Path) -> None:
    from lynxweb.audit.keyring import kept_key

    (signer / "log.pem").unlink()
    kept_key(signer, "log.pem")


@pytest.mark.parametrize("harm", [_forgotten, _garbled, _of_another_log, _another_key])
def test_a_memory_or_key_that_does_not_belong_to_this_log_is_refused(append: Append, signer: Path, harm: Callable[[Path], None]) -> None:
    append()
    signing.sign()
    harm(signer)
    with pytest.raises(signing.Refuses):
        signing.sign()
    assert halted() is not None and Checkpoint.objects.count() == 1


def test_a_key_that_is_missing_or_open_to_others_stops_the_signer_and_halts_nothing(append: Append, signer: Path) -> None:
    (signer / "log.pem").chmod(0o644)
    with pytest.raises(Exposed):
        signing.sign()
    assert [error.id for error in checks.private_keys()] == ["audit.E004"]
    (signer / "log.pem").unlink()
    with pytest.raises(FileNotFoundError):
        signing.sign()
    assert halted() is None


def test_a_halt_stands_until_the_signers_own_checks_pass_again(append: Append, signer: Path) -> None:
    backup = transaction.savepoint()
    lost = [append() for _ in range(2)]
    signing.sign()
    kept = [(event.seq, bytes(event.leaf)) for event in Event.objects.filter(seq__gte=lost[0].seq)]
    transaction.savepoint_rollback(backup)
    with pytest.raises(signing.Refuses):
        signing.sign()
    with pytest.raises(signing.Refuses, match="signed"):
        signing.resume("nothing was repaired, but let us try")
    assert halted() is not None
    _replay(kept)
    signed = signing.resume("the two events came back from the mirror")
    assert halted() is None and signed.size == lost[-1].seq + 1
    assert [one.kind for one in Halt.objects.order_by("id")] == ["halt", "resume"]
    append()


def _replay(kept: list[tuple[int, bytes]]) -> None:
    """Put lost events back, byte for byte, as a repair from a mirror does."""
    from lynxweb.audit import tail

    for seq, leaf in kept:
        said = json.loads(leaf)
        copies = [said["time"], said["actor"]["id"], said["action"], *(said["object"][name] for name in ("type", "id", "rev")), said["request_id"]]
        with transaction.atomic():
            tail.append(connection, seq, leaf, copies)


def test_a_halted_log_still_answers_a_repeated_request_and_refuses_a_new_one(append: Append, signer: Path) -> None:
    from lynxweb.audit.record import AlreadyRecorded

    recorded = append(request_id="once", subject=Subject("run", "run_once"))
    Halt(kind="halt", reason="a test wants it so", at=utc_now()).save()
    with pytest.raises(AlreadyRecorded) as known:
        append(request_id="once", subject=Subject("run", "run_once"))
    assert known.value.recorded == recorded
    with pytest.raises(ReadOnly) as refused:
        append()
    assert isinstance(refused.value, NotRecordable) and refused.value.code == "read-only"
    with pytest.raises(signing.Refuses, match="halted since"):
        signing.sign()


def test_a_read_only_site_says_so_on_every_page(client: Client, append: Append) -> None:
    assert "Read-only" not in client.get("/sign-in").content.decode()
    Halt(kind="halt", reason="an old backup was restored", at=utc_now()).save()
    shown = client.get("/sign-in").content.decode()
    assert "Read-only" in shown and "an old backup was restored" in shown


def test_a_checkpoint_is_due_after_100_events_at_an_export_or_when_new_events_are_old(append: Append, signer: Path) -> None:
    append()
    assert due(300)
    signed = signing.sign()
    assert not due(300)
    append()
    later = Checkpoint.objects.get(size=signed.size).published_at + timedelta(seconds=300)
    assert not due(300) and due(300, clock=lambda: later)
    append(action=Action.PACK_EXPORT, subject=Subject("pack", "pack_1"))
    assert due(300)
    signing.sign()
    for _ in range(100):
        assert not due(300)
        append()
    assert due(300)


def test_the_command_signs_refuses_with_status_3_and_resumes(append: Append, signer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    size = append().seq + 1
    call_command("sign_checkpoint")
    assert f"\n{size}\n" in capsys.readouterr().out
    shutil.copy(signer / "state.json", signer / "kept")
    _garbled(signer)
    with pytest.raises(SystemExit) as ended:
        call_command("sign_checkpoint")
    assert ended.value.code == 3 and "refused: " in capsys.readouterr().err
    shutil.copy(signer / "kept", signer / "state.json")
    with pytest.raises(CommandError, match="10 characters"):
        call_command("sign_checkpoint", resume="because")
    call_command("sign_checkpoint", resume="the memory came back from its own backup")
    assert halted() is None


CHECKPOINT_EDITS = {
    "root": "0" * 64,
    "sha256": "0" * 64,
    "note": b"not a note\n",
    "size": 1,
}


@pytest.mark.parametrize("column", sorted(CHECKPOINT_EDITS))
def test_a_full_audit_finds_an_edited_checkpoint(append: Append, signer: Path, unguarded: None, column: str) -> None:
    append()
    signing.sign()
    assert full_audit().clean
    _run(f"UPDATE audit_checkpoint SET {column} = %s", [CHECKPOINT_EDITS[column]])
    assert [fault.column for fault in full_audit().faults][:1] == ["checkpoint"]


def test_a_full_audit_finds_a_checkpoint_that_somebody_else_signed_or_that_signs_another_tree(append: Append, signer: Path) -> None:
    from lynxweb.audit.keyring import kept_key, read_key

    size, opened = append().seq + 1, log_settings()
    false = checkpoints.Checkpoint(opened.origin, size, bytes(32))
    stranger, own = kept_key(signer, "stranger.pem"), read_key(signer / "log.pem")
    for key, what in ((stranger, "not a note that the log key signed"), (own, "another root")):
        before = transaction.savepoint()
        Checkpoint(size=size, root=false.root.hex(), note=checkpoints.sign(false, key), sha256=false.text_digest, published_at=utc_now()).save()
        assert what in full_audit().faults[0].what
        transaction.savepoint_rollback(before)


def test_a_signer_continues_a_tree_of_any_size_from_its_peaks() -> None:
    whole, leaves = merkle.Rebuilt(), [str(number).encode() for number in range(70)]
    peaks: dict[int, list[bytes]] = {}
    hashes: list[bytes] = []
    for leaf in leaves:
        peaks[whole.size] = [merkle.hash_at(hashes[place.row], place.level) for place in merkle.peaks(whole.size)]
        hashes.append(whole.append(leaf))
    for size, held in peaks.items():
        rows = list(zip(range(size, 70), leaves[size:], hashes[size:], strict=True))
        assert signing.folded(merkle.Rebuilt(size, held), rows, 70).root == whole.root
    with pytest.raises(ValueError, match="peaks"):
        merkle.Rebuilt(3, [bytes(32)])
